"""The options that several verbs share."""

import argparse
import sys
from pathlib import Path

from deploy_verdict.stages.registry import names


def add_plan(parser: argparse.ArgumentParser, *, kept: bool = False) -> None:
    """Add --plan; with `kept` it may be left out, and the directory's copy of the plan is used."""
    words = "the plan, such as plans/zeues.yml" + (" (default: DIR/plan.yml)" if kept else "")
    parser.add_argument("--plan", required=not kept, type=Path, metavar="FILE", help=words)


def add_window(parser: argparse.ArgumentParser, *, kept: bool = False) -> None:
    """Add the options of every verb that works on one window: its plan, its directory, its subject."""
    add_plan(parser, kept=kept)
    add = parser.add_argument
    add("--target", metavar="URL", help="the service's address, instead of the plan's base_url")
    add("--out", required=True, type=Path, metavar="DIR", help="where evidence/ and the report are written")
    add(
        "--speed",
        type=speed,
        default=1.0,
        metavar="N",
        help="divide the waits between samples by N, to rehearse (600 makes two hours twelve seconds)",
    )
    add("--commit", metavar="SHA", help="the commit whose deployment is meant")
    add("--deployment", metavar="ID", help="the Railway deployment that is meant")
    add("--environment", metavar="NAME", help="the deployed environment, for the report")
    add(
        "--history",
        type=Path,
        metavar="FILE",
        help="earlier verdicts, for the rollback options (default: history.jsonl beside --out)",
    )


def add_without(parser: argparse.ArgumentParser) -> None:
    """Add --without, for the verbs that judge or that lead up to it."""
    parser.add_argument(
        "--without",
        action="append",
        default=[],
        metavar="STAGE",
        help=f"leave a stage out (repeatable): {', '.join(names())}; "
        "railway: deployment, traffic and metrics",
    )


def add_logs(parser: argparse.ArgumentParser, words: str = "the log's file, instead of Railway's") -> None:
    """Add --logs, which names the service's log."""
    parser.add_argument("--logs", type=Path, metavar="FILE", help=words)


def add_comment(parser: argparse.ArgumentParser) -> None:
    """Add the options of the verbs that write the comment."""
    parser.add_argument("--number", type=int, metavar="N", help="the issue or pull request to comment on")
    add_author(parser)


def add_author(parser: argparse.ArgumentParser) -> None:
    """Add --author, which says whose comments are ours."""
    words = "whose comments are ours (default: github-actions[bot])"
    parser.add_argument("--author", metavar="LOGIN", help=words)


def speed(text: str) -> float:
    """Parse a window's speed, for argparse."""
    from deploy_verdict.base.units import speed_of  # noqa: PLC0415  # --help needs no units, and units load pydantic

    try:
        return speed_of(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from error


def offset_s(text: str) -> float:
    """Parse an offset such as 30m into plan seconds, for argparse."""
    from deploy_verdict.base.units import duration_s  # noqa: PLC0415

    try:
        return duration_s(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from error


def length_s(text: str) -> float:
    """Parse a length such as 30m into plan seconds, for argparse."""
    length = offset_s(text)
    if not length:
        raise argparse.ArgumentTypeError("a window needs some length, such as 30m")
    return length


def say(line: str) -> None:
    """Print progress to stderr at once; stdout is for results."""
    print(line, file=sys.stderr, flush=True)
