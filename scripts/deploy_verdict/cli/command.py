# PYTHON_ARGCOMPLETE_OK
"""The command `deploy-verdict`: its verbs, its help, its exit codes and its shell completion.

A verb's module is imported only when the verb is called or its help is read. It has a docstring, which is the
verb's help, `add_options(parser)` and `main(options)`.
"""

import atexit
import contextlib
import gc
import importlib
import os
import sys
import threading
from collections.abc import Callable, Sequence
from functools import partial
from itertools import islice
from pathlib import Path
from typing import NamedTuple

from deploy_verdict import __version__
from deploy_verdict.base.atomic_files import output_lost
from deploy_verdict.base.errors import (
    EXIT_COULD_NOT_RUN,
    EXIT_USAGE,
    DeployVerdictError,
    PlanError,
    UsageError,
)
from deploy_verdict.cli.parser import VerbParser, parts_lines
from deploy_verdict.redaction.output_guard import guard

NAME = "deploy-verdict"
# What the imports of a command make stays until its end. With Python's 700, to search all of it for garbage
# again and again takes a seventh of a short command's time.
_OBJECTS_BETWEEN_COLLECTIONS = 200_000


class Verb(NamedTuple):
    """One verb: its name, a line on what it does, and its module in cli/."""

    name: str
    summary: str
    module: str


GROUPS = {
    "At the beginning": (
        Verb("init", "draft a plan from what a live service answers", "beginning.init"),
        Verb(
            "doctor",
            "ask each line of a plan once, live, and say what would make it stronger",
            "beginning.doctor",
        ),
        Verb("adopt", "write the workflow files for a service's repository on GitHub", "beginning.adopt"),
    ),
    "In one process": (
        Verb("check", "check a plan and say what it will do; --prove that it can fail", "beginning.check"),
        Verb(
            "watch",
            "watch a deployment through its complete window, to verdict and report",
            "one_window.watch",
        ),
    ),
    "Step by step, each in a process or job of its own": (
        Verb("open", "open a window: fix T0, the length and the offsets", "one_window.open"),
        Verb("sample", "take the samples of one stage and write their evidence", "one_window.sample"),
        Verb(
            "judge",
            "judge the evidence and write verdict.json; --what-if the plan were another",
            "one_window.judge",
        ),
        Verb("report", "render the report and the comment again", "one_window.report"),
    ),
    "On GitHub": (
        Verb("publish", "post the report: comment, label, commit status", "on_github.publish"),
        Verb(
            "notify",
            "send a bad verdict, or a recovery, to Slack, Teams, e-mail and more",
            "on_github.notify",
        ),
        Verb(
            "setup-github",
            "prepare a repository: environments, wait timers, labels",
            "on_github.setup_github",
        ),
        Verb("relay", "receive Railway's webhook and start the workflow: a small server", "on_github.relay"),
        Verb("ci", "what only the workflows call", "on_github.ci"),
    ),
    "On Railway": (
        Verb("railway", "ask what a token may read, and measure how the API answers", "beginning.railway"),
    ),
    "After the verdict": (
        Verb("explain", "print each cause as a brief for whoever mends it", "after.explain"),
        Verb("compare", "put runs side by side: a table, and a page with their charts", "after.compare"),
        Verb(
            "archive",
            "keep the report and an index of its evidence in the incident's folder",
            "after.archive",
        ),
        Verb("review", "draft the post-incident review, and open it as an issue", "after.review"),
        Verb(
            "export", "write a window's measures as OpenMetrics, for Prometheus and Grafana", "after.export"
        ),
        Verb("rollback", "say what to do, or roll back to a deployment that was good", "after.rollback"),
    ),
    "For developers": (Verb("schemas", "write the JSON schemas of plan, evidence and verdict", "schemas"),),
}
_HEAD = """\
Watch a deployment for two hours, and say with evidence whether it holds.

    deploy-verdict check plans/zeues.yml
    deploy-verdict watch --plan plans/zeues.yml --target https://service.example.com --out out/today"""
_FOOT = """\
Exit codes: 0 stable, 10 attention, 11 critical, 12 inconclusive, 2 wrong usage or plan, 3 could not run.
`deploy-verdict VERB --help` has each verb's options and examples."""


def build_parser() -> VerbParser:
    """Build the parser of the command; each verb's part is filled when it is needed."""
    lines = iter(parts_lines((verb.name, verb.summary) for verbs in GROUPS.values() for verb in verbs))
    listed = ["\n".join([f"{title}:", *islice(lines, len(verbs))]) for title, verbs in GROUPS.items()]
    made = VerbParser(
        prog=NAME,
        description="\n\n".join([_HEAD, *listed, _FOOT]),
    )
    made.add_argument("--version", action="version", version=f"{NAME} {__version__}")
    for verbs in GROUPS.values():
        for verb in verbs:
            made.add_part(verb.name, partial(_fill, verb.module))
    return made


def _fill(module: str, parser: VerbParser) -> None:
    verb = importlib.import_module(f"deploy_verdict.cli.{module}")
    parser.description = verb.__doc__
    verb.add_options(parser)
    if not parser.parts:
        parser.set_defaults(main=verb.main)


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line; return the exit code. Raise our own errors, which `run` turns into messages."""
    parser = build_parser()
    if "_ARGCOMPLETE" in os.environ:
        _complete(parser)
    options = parser.parse_args(argv)
    return int(options.main(options))


def _complete(parser: VerbParser) -> None:
    """Answer the shell that waits for completions, and exit."""
    import argcomplete  # noqa: PLC0415  # imported only when a shell asks for completions

    # argcomplete reads the parsers before it parses, so fill those of the command line first.
    verb = parser
    for word in os.environ.get("COMP_LINE", "").split():
        verb = verb.parts.get(word, verb).filled()
    argcomplete.autocomplete(parser)


def verb_parser(*names: str, prog: str = "") -> VerbParser:
    """Return the parser of one verb, such as ("sample", "pools"), whose usage and examples name `prog`."""
    parser = build_parser()
    for name in names:
        parser = parser.parts[name]
    parser.filled()
    if prog:
        parser.description = (parser.description or "").replace(parser.prog, f"python {prog}")
        parser.prog = prog
    return parser


def entry() -> None:
    """Run the console command, and end the process."""
    _process(main)


def script(file: str, *names: str) -> None:
    """Run a script of scripts/: one verb, under the script's own name."""

    def verb(argv: list[str]) -> int:
        options = verb_parser(*names, prog=f"scripts/{Path(file).name}").parse_args(argv)
        return int(options.main(options))

    _process(verb)


def _process(command: Callable[[list[str]], int]) -> None:
    """Run a command as all that this process does, and end it."""
    gc.set_threshold(_OBJECTS_BETWEEN_COLLECTIONS)
    try:
        run(command)
    except SystemExit as ended:
        if isinstance(ended.code, int | None):
            end_now(ended.code or 0)
        raise


def end_now(code: int) -> None:
    """End the process without freeing its memory, as mypy does; return where the ordinary end is needed.

    To free what the imports made takes a quarter of a short command's time. The ordinary end is needed while
    another thread works, for a tracer that has yet to write, and if the output is lost.
    """
    others = [thread for thread in threading.enumerate() if thread is not threading.main_thread()]
    if not all(thread.daemon for thread in others) or sys.gettrace() or sys.getprofile():
        return
    atexit._run_exitfuncs()
    try:
        sys.stdout.flush()
        sys.stderr.flush()
    except (OSError, ValueError):
        return
    os._exit(code)


def run(command: Callable[[list[str]], int]) -> None:
    """Exit with the command's code; print an error of ours as one message on stderr."""
    guard(os.environ)
    try:
        code = command(sys.argv[1:])
        sys.stdout.flush()
    except (UsageError, PlanError) as error:
        code = _ended(EXIT_USAGE, str(error))
    except DeployVerdictError as error:
        code = _ended(EXIT_COULD_NOT_RUN, str(error))
    except KeyboardInterrupt:
        message = "stopped; everything taken so far is on disk — the same command goes on"
        code = _ended(EXIT_COULD_NOT_RUN, message)
    except OSError as error:
        code = _ended(EXIT_COULD_NOT_RUN, output_lost(error))
    sys.exit(code)


def _ended(code: int, message: str) -> int:
    """Print the reason if stderr can still be written to; return the exit code."""
    if message:
        with contextlib.suppress(OSError):
            print(message, file=sys.stderr)
    return code
