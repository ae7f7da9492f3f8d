"""Read CPU, memory and HTTP series of the window from Railway and write the evidence.

    python scripts/read_metrics.py --plan plans/zeues.yml --out out/today

Run it when the window has ended. Exits 0 once the evidence is written, whatever was seen.
"""

import sys

from deploy_verdict.cli import parser, run
from deploy_verdict.errors import UsageError
from deploy_verdict.opening import open_session
from deploy_verdict.stages import collect


def main(arguments: list[str]) -> int:
    options = parser(__doc__).parse_args(arguments)
    session = open_session(options, lambda line: print(line, file=sys.stderr))
    if "metrics" not in session.plan.stages:
        raise UsageError(f"{options.plan} has no metrics section — add `metrics: {{}}`")
    print(collect(session, "metrics", session.plan.window.length))
    return 0


if __name__ == "__main__":
    run(main)
