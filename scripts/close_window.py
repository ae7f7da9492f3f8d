"""Read what can only be read when the window has ended: the log, the edge's HTTP log, the metrics.

    python scripts/close_window.py --plan plans/zeues.yml --out out
    RESULTS='{"sample": {"result": "cancelled"}}' python scripts/close_window.py --plan p.yml --out out

The first step of the workflow's report job: asks the stages that the plan has and that can be asked, and
notes in window.json why a run was cut short (RESULTS: the workflow's `needs` as JSON). Exits 0 once the
evidence is written, whatever was seen.
"""

import sys
from pathlib import Path

from deploy_verdict.actions.close_window import close
from deploy_verdict.cli.options import parser, run
from deploy_verdict.window.open import open_session


def main(arguments: list[str]) -> int:
    options_parser = parser(__doc__)
    options_parser.add_argument(
        "--logs", type=Path, metavar="FILE", help="the log's file, instead of Railway's"
    )
    options = options_parser.parse_args(arguments)
    session = open_session(options, lambda line: print(line, file=sys.stderr, flush=True), log=options.logs)
    for line in close(session, options.logs):
        print(line, flush=True)
    return 0


if __name__ == "__main__":
    run(main)
