"""Sample the plan's pools at T0 + offset and write the evidence of each sample.

    python scripts/sample_pools.py --plan plans/zeues.yml --out out/today                 # all still due
    python scripts/sample_pools.py --plan plans/zeues.yml --out out/today --offset 30m    # one sitting

Waits for the offset's absolute time, however early it is started. Stop it at any moment; started
again with the same --out it goes on and repeats nothing. Exits 0 once the evidence is written.
"""

import argparse
import sys

from deploy_verdict.cli import parser, run
from deploy_verdict.errors import UsageError
from deploy_verdict.opening import open_session
from deploy_verdict.session import Session, is_taken
from deploy_verdict.stages import collect
from deploy_verdict.units import duration_s, shown_duration, shown_offset
from deploy_verdict.window import tolerance_s


def main(arguments: list[str]) -> int:
    options_parser = parser(__doc__)
    options_parser.add_argument(
        "--offset",
        action="append",
        type=_offset,
        metavar="TIME",
        help="a planned offset, such as 30m (default: all)",
    )
    options = options_parser.parse_args(arguments)
    session = open_session(options, lambda line: print(line, file=sys.stderr))
    if not session.plan.pools:
        raise UsageError(f"{options.plan} has no pools to sample")
    for offset_s in _wanted(session, options.offset):
        _take(session, offset_s)
        if session.stop.requested:
            break
    return 0


def _offset(text: str) -> float:
    try:
        return duration_s(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from error


def _wanted(session: Session, asked: list[float] | None) -> tuple[float, ...]:
    planned = session.plan.window.offsets_s
    for offset_s in asked or ():
        if offset_s not in planned:
            known = ", ".join(f"{offset / 60:g}m" for offset in planned)
            raise UsageError(
                f"--offset {shown_duration(offset_s)}: the plan has no such sample — it has: {known}"
            )
    return tuple(asked or planned)


def _take(session: Session, offset_s: float) -> None:
    if is_taken(session, "pools", offset_s):
        session.tell(f"{shown_offset(offset_s)} is already taken")
        return
    session.pace.wait_until(offset_s)
    late_s = session.pace.offset_s() - offset_s
    if session.stop.requested:
        return
    if late_s > tolerance_s(session.file.window):
        session.tell(f"{shown_offset(offset_s)} was due {shown_duration(late_s)} ago, so it is a hole")
        return
    print(collect(session, "pools", offset_s), flush=True)


if __name__ == "__main__":
    run(main)
