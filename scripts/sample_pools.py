"""Sample the plan's pools at T0 + offset and write the evidence of each sample.

    python scripts/sample_pools.py --plan plans/zeues.yml --out out/today                 # all still due
    python scripts/sample_pools.py --plan plans/zeues.yml --out out/today --offset 30m    # one sitting

Waits for the offset's absolute time, however early it is started. Stop it at any moment; started
again with the same --out it goes on and repeats nothing. Exits 0 once the evidence is written.
"""

import sys

from deploy_verdict.base.errors import UsageError
from deploy_verdict.cli.options import add_if_due, offset_s, parser, run
from deploy_verdict.window.open import open_session
from deploy_verdict.window.sample import is_due_here, take, wanted


def main(arguments: list[str]) -> int:
    options_parser = parser(__doc__)
    options_parser.add_argument(
        "--offset",
        action="append",
        type=offset_s,
        metavar="TIME",
        help="a planned offset, such as 30m (default: all)",
    )
    add_if_due(options_parser)
    options = options_parser.parse_args(arguments)
    session = open_session(options, lambda line: print(line, file=sys.stderr))
    if not session.plan.pools and not options.if_due:
        raise UsageError(f"{options.plan} has no pools to sample")
    for planned_s in wanted(session, options.offset):
        if options.if_due and not is_due_here(session, "pools", planned_s):
            continue
        path = take(session, planned_s)
        if path is not None:
            print(path, flush=True)
        if session.stop.requested:
            break
    return 0


if __name__ == "__main__":
    run(main)
