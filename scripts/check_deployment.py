"""Ask Railway what is deployed and how it is, and write the evidence.

    python scripts/check_deployment.py --plan plans/zeues.yml --out out/today --commit f0ec7b5
    python scripts/check_deployment.py --plan plans/zeues.yml --out out/today --offset 30m    # a later look

The first run in a directory waits while the deployment is in flight (railway.wait in the plan), and
opens the window when it is not. The deployment is named by --deployment or --commit, else it is the
newest of the service. Exits 0 once the evidence is written, whatever was seen.
"""

import sys

from deploy_verdict.base.errors import UsageError
from deploy_verdict.cli.options import add_if_due, offset_s, parser, run
from deploy_verdict.window.collect import collect
from deploy_verdict.window.open import open_session
from deploy_verdict.window.sample import is_due_here


def main(arguments: list[str]) -> int:
    options_parser = parser(__doc__)
    options_parser.add_argument(
        "--offset", type=offset_s, default=0.0, metavar="TIME", help="a planned offset, such as 30m (0m)"
    )
    add_if_due(options_parser)
    options = options_parser.parse_args(arguments)
    session = open_session(options, lambda line: print(line, file=sys.stderr))
    if options.if_due and not is_due_here(session, "deployment", options.offset):
        return 0
    if session.plan.railway is None:
        raise UsageError(f"{options.plan} has no railway section")
    if options.offset not in session.plan.window.offsets_s:
        known = ", ".join(f"{offset / 60:g}m" for offset in session.plan.window.offsets_s[:20])
        raise UsageError(f"--offset: the plan has no such look — it has: {known}")
    session.pace.wait_until(options.offset)
    if not session.stop.requested:
        print(collect(session, "deployment", options.offset))
    return 0


if __name__ == "__main__":
    run(main)
