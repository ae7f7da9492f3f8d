"""What every script shares: options, exit codes, the plan and its environment, signals.

Exit codes: 0 stable, 10 attention, 11 critical, 12 inconclusive, 2 wrong usage or plan, 3 could not
run. 1 is only ever a crash, so it is never returned here.
"""

import argparse
import contextlib
import os
import sys
from collections.abc import Callable
from pathlib import Path

from deploy_verdict.base.atomic_files import output_lost
from deploy_verdict.base.errors import (
    EXIT_COULD_NOT_RUN,
    EXIT_USAGE,
    DeployVerdictError,
    PlanError,
    UsageError,
)
from deploy_verdict.redaction.output_guard import guard
from deploy_verdict.stages.registry import names


def run(main: Callable[[list[str]], int]) -> None:
    """Call a script's main and exit with its code; our own trouble is one message on stderr."""
    guard(os.environ)
    try:
        code = main(sys.argv[1:])
        sys.stdout.flush()
    except (UsageError, PlanError) as error:
        code = _ended(EXIT_USAGE, str(error))
    except DeployVerdictError as error:
        code = _ended(EXIT_COULD_NOT_RUN, str(error))
    except KeyboardInterrupt:
        told = "stopped; everything taken so far is on disk — the same command goes on"
        code = _ended(EXIT_COULD_NOT_RUN, told)
    except OSError as error:
        code = _ended(EXIT_COULD_NOT_RUN, output_lost(error))
    sys.exit(code)


def _ended(code: int, told: str) -> int:
    """Say why, as far as stderr can still be written to."""
    if told:
        with contextlib.suppress(OSError):
            print(told, file=sys.stderr)
    return code


def parser(doc: str | None, *, target: bool = True, kept: bool = False) -> argparse.ArgumentParser:
    """A parser whose help is the script's own docstring, with the options that all scripts have.

    `kept`: without --plan, the directory's own plan is meant.
    """
    made = argparse.ArgumentParser(
        description=doc, formatter_class=argparse.RawDescriptionHelpFormatter, allow_abbrev=False
    )
    told = "the plan, such as plans/zeues.yml" + (" (default: DIR/plan.yml)" if kept else "")
    made.add_argument("--plan", required=not kept, type=Path, metavar="FILE", help=told)
    if target:
        made.add_argument(
            "--target", metavar="URL", help="the service's address, instead of the plan's base_url"
        )
        made.add_argument(
            "--out",
            required=True,
            type=Path,
            metavar="DIR",
            help="where evidence/ and the report are written",
        )
        made.add_argument(
            "--speed",
            type=speed,
            default=1.0,
            metavar="N",
            help="divide the waits between looks by N, to rehearse (600 makes two hours twelve seconds)",
        )
        made.add_argument("--commit", metavar="SHA", help="the commit whose deployment is meant")
        made.add_argument("--deployment", metavar="ID", help="the Railway deployment that is meant")
        made.add_argument("--environment", metavar="NAME", help="the deployed environment, for the report")
        made.add_argument(
            "--history",
            type=Path,
            metavar="FILE",
            help="earlier verdicts, for the way back (default: history.jsonl beside --out)",
        )
    return made


def speed(text: str) -> float:
    """A window's speed, for argparse."""
    from deploy_verdict.base.units import speed_of  # noqa: PLC0415  # --help needs none of what is below

    try:
        return speed_of(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from error


def add_without(made: argparse.ArgumentParser) -> None:
    """The option that leaves a stage out by choice, for the scripts that judge or lead up to it."""

    made.add_argument(
        "--without",
        action="append",
        default=[],
        metavar="STAGE",
        help=f"leave a stage out (repeatable): {', '.join(names())}; "
        "railway: deployment, traffic and metrics",
    )


def add_if_due(made: argparse.ArgumentParser) -> None:
    """The option by which a job may call a script whatever the plan has."""
    made.add_argument(
        "--if-due", action="store_true", help="do nothing where this look is not planned, taken, or too late"
    )


def offset_s(text: str) -> float:
    """An option's offset, such as 30m, in plan seconds; for argparse."""
    from deploy_verdict.base.units import duration_s  # noqa: PLC0415

    try:
        return duration_s(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from error


def read_at_the_end(doc: str | None, stage: str, arguments: list[str]) -> int:
    """Collect a stage at the window's end and print the evidence's path; the script's exit code."""
    from deploy_verdict.window.collect import collect  # noqa: PLC0415
    from deploy_verdict.window.open import open_session  # noqa: PLC0415

    options = parser(doc).parse_args(arguments)
    session = open_session(options, lambda line: print(line, file=sys.stderr))
    if stage not in session.plan.stages:
        raise UsageError(f"{options.plan} has no {stage} section — add `{stage}: {{}}`")
    print(collect(session, stage, session.plan.window.length))
    return 0
