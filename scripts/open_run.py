"""Decide from a GitHub event whether a window opens; open it, and spread its looks over jobs.

    INPUTS='{}' python scripts/open_run.py --service . --plan plans/zeues.yml --out out

The first job of .github/workflows/post-deploy.yml. Reads the event (GITHUB_EVENT_PATH) and the workflow's
inputs (INPUTS, as JSON), ends an older window on the same environment, asks Railway whether the
deployment is the plan's service, waits until it is live, and writes window.json and run.json. What the
next jobs need goes to GITHUB_OUTPUT: open, reason, matrix. DEPLOY_VERDICT_SPEED rehearses it faster.

Exit codes: 0 decided, also when no window opens; 2 wrong usage or plan; 3 could not run.
"""

import sys
from functools import partial
from pathlib import Path

from deploy_verdict.actions.gate import gate_from, gated
from deploy_verdict.cli.options import add_without, parser, run


def main(arguments: list[str]) -> int:
    options_parser = parser(__doc__)
    add_without(options_parser)
    options_parser.add_argument(
        "--service", type=Path, default=Path(), metavar="DIR", help="the repository that holds the plan (.)"
    )
    options = options_parser.parse_args(arguments)
    print(gated(gate_from(options, partial(print, file=sys.stderr))))
    return 0


if __name__ == "__main__":
    run(main)
