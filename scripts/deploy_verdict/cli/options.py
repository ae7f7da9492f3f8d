"""What every script shares: options, exit codes, the plan and its environment, signals.

Exit codes: 0 stable, 10 attention, 11 critical, 12 inconclusive, 2 wrong usage or plan, 3 could not
run. 1 is only ever a crash, so it is never returned here.
"""

import argparse
import contextlib
import os
import signal
import sys
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from io import StringIO
from pathlib import Path
from types import FrameType

from deploy_verdict.base.atomic_files import output_lost
from deploy_verdict.base.clock import Stop
from deploy_verdict.base.errors import DeployVerdictError, PlanError, UsageError
from deploy_verdict.base.units import duration_s
from deploy_verdict.model import STAGES, VerdictOutcome
from deploy_verdict.plan import Plan, checked_address, incident_file, with_incident, with_target
from deploy_verdict.plan.positioned_yaml import Document
from deploy_verdict.plan.reader import read_placed_plan
from deploy_verdict.redaction.output_guard import guard

EXIT_CODES = {
    VerdictOutcome.STABLE: 0,
    VerdictOutcome.ATTENTION: 10,
    VerdictOutcome.CRITICAL: 11,
    VerdictOutcome.INCONCLUSIVE: 12,
}
# All stages that ask the platform, by one word.
GROUPS = {"railway": ("deployment", "traffic", "metrics"), "pools": ("pools", "exercise", "floor")}
EXIT_USAGE = 2
EXIT_COULD_NOT_RUN = 3


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
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 1 <= value <= 100_000:
        raise argparse.ArgumentTypeError(f"{text!r} is not a speed — write a number from 1 to 100000")
    return value


def add_without(made: argparse.ArgumentParser) -> None:
    """The option that leaves a stage out by choice, for the scripts that judge or lead up to it."""
    made.add_argument(
        "--without",
        action="append",
        default=[],
        metavar="STAGE",
        help=f"leave a stage out (repeatable): {', '.join(STAGES)}; railway: deployment, traffic and metrics",
    )


def add_if_due(made: argparse.ArgumentParser) -> None:
    """The option by which a job may call a script whatever the plan has."""
    made.add_argument(
        "--if-due", action="store_true", help="do nothing where this look is not planned, taken, or too late"
    )


def offset_s(text: str) -> float:
    """An option's offset, such as 30m, in plan seconds; for argparse."""
    try:
        return duration_s(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from error


def environment_for(plan_path: Path) -> Mapping[str, str]:
    """The environment's variables; a .env here or beside the plan fills what is not set.

    DEPLOY_VERDICT_DOTENV may hold the lines of a .env itself: so one secret of GitHub carries them all.
    """
    texts = [os.environ.get("DEPLOY_VERDICT_DOTENV", "")]
    texts += [path.read_text() for path in (plan_path.parent / ".env", Path(".env")) if path.is_file()]
    filled: dict[str, str] = {}
    for text in filter(None, texts):
        from dotenv import dotenv_values  # noqa: PLC0415  # only where there is something to read

        values = dotenv_values(stream=StringIO(text))
        filled |= {name: value for name, value in values.items() if value is not None}
    # A variable of the workflow that is not set arrives as an empty text.
    whole = {**filled, **{name: value for name, value in os.environ.items() if value or name not in filled}}
    guard(whole)
    return whole


def load_plan(
    path: Path,
    today: datetime,
    target: str | None = None,
    *,
    variables: Mapping[str, str] | None = None,
    changes: Sequence[str] = (),
) -> Plan:
    """Read a plan from its file; `target` replaces its base_url.

    `variables` go before those of the environment. `changes` are PATH=VALUE, as --what-if gives them.
    """
    return load_placed_plan(path, today, target, variables=variables, changes=changes)[0]


def load_placed_plan(
    path: Path,
    today: datetime,
    target: str | None = None,
    *,
    variables: Mapping[str, str] | None = None,
    changes: Sequence[str] = (),
) -> tuple[Plan, Document]:
    """The same, with the place of everything in the file."""
    try:
        data = path.read_bytes()
    except FileNotFoundError as error:
        raise UsageError(f"{path}: there is no such file — give a plan, such as plans/zeues.yml") from error
    except IsADirectoryError as error:
        raise UsageError(f"{path}: this is a directory — give the plan's file in it") from error
    except OSError as error:
        raise UsageError(f"{path}: cannot be read ({error.strerror})") from error
    environment = {**environment_for(path), **(variables or {})}
    if target is None:
        plan, document = read_placed_plan(data, str(path), environment, f"{today:%Y-%m-%d}", changes)
        return _guarded(_whole(plan, path), document)
    try:
        address = checked_address(target)
    except ValueError as error:
        raise UsageError(f"--target {error}") from error
    # A plan whose address is ${TARGET_URL} without a default is good with --target alone.
    environment["TARGET_URL"] = address
    plan, document = read_placed_plan(data, str(path), environment, f"{today:%Y-%m-%d}", changes)
    return _guarded(with_target(_whole(plan, path), address), document)


def _guarded(plan: Plan, document: Document) -> tuple[Plan, Document]:
    guard({}, plan.headers)
    return plan, document


def _whole(plan: Plan, path: Path) -> Plan:
    """With the incident's lines, where these stand in a file of their own."""
    name = incident_file(plan)
    if name is None:
        return plan
    beside = path.parent / name
    try:
        return with_incident(plan, beside.read_text(encoding="utf-8", errors="replace"))
    except OSError as error:
        raise UsageError(f"{beside}: cannot be read ({error.strerror}); logs.incident names it") from error
    except ValueError as error:
        raise UsageError(f"{beside}: {error}") from error


def stop_on_signals() -> Stop:
    """The first Ctrl-C or SIGTERM asks to stop after the request under way; the second ends at once."""
    stop = Stop()

    def on_signal(number: int, frame: FrameType | None) -> None:
        if stop.requested:
            raise KeyboardInterrupt
        print("stopping after the request under way; once more to stop at once", file=sys.stderr)
        stop.request()

    signal.signal(signal.SIGINT, on_signal)
    signal.signal(signal.SIGTERM, on_signal)
    return stop
