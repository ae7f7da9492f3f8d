"""Review the service's log for the window and write the evidence.

    python scripts/review_logs.py --plan plans/zeues.yml --out out/today                       # from Railway
    python scripts/review_logs.py --plan plans/zeues.yml --out out/today --logs backend.log

A file may be plain text or JSON lines, of any size; it is read as a stream. Exits 0 once the evidence is
written.
"""

import sys
from pathlib import Path

from deploy_verdict.base.errors import UsageError
from deploy_verdict.cli.options import parser, run
from deploy_verdict.window.collect import collect
from deploy_verdict.window.open import open_session


def main(arguments: list[str]) -> int:
    options_parser = parser(__doc__)
    options_parser.add_argument(
        "--logs", type=Path, metavar="FILE", help="the log's file, instead of Railway's"
    )
    options = options_parser.parse_args(arguments)
    session = open_session(options, lambda line: print(line, file=sys.stderr), log=options.logs)
    if session.plan.logs is None:
        raise UsageError(f"{options.plan} has no logs section")
    if options.logs is None and session.plan.railway is None:
        raise UsageError(f"{options.plan} has no railway section, so name the log's file: --logs FILE")
    print(collect(session, "logs", session.plan.window.length, options.logs))
    return 0


if __name__ == "__main__":
    run(main)
