"""Take every look that is due at the given offsets: deployment, pools, and the E2E suite where it is due.

    python scripts/take_sitting.py --plan plans/zeues.yml --out out --offsets 15m
    python scripts/take_sitting.py --plan plans/zeues.yml --out out --offsets 0m,1m,2m --progress

A job of the workflow's matrix. Waits for each offset's absolute time T0 + offset, however early it is
started; what comes too late is a hole. With --progress the comment on GitHub is brought up to date after
each offset but the last. Exits 0 once the evidence is written, whatever was seen.
"""

import sys

from deploy_verdict.actions.progress_publisher import Beside
from deploy_verdict.cli.options import parser, run
from deploy_verdict.window.open import open_session
from deploy_verdict.window.sample import offsets_asked, sit


def main(arguments: list[str]) -> int:
    options_parser = parser(__doc__)
    add = options_parser.add_argument
    add("--offsets", required=True, metavar="TIMES", help="planned offsets with commas, such as 15m,30m")
    add("--progress", action="store_true", help="publish the progress between two offsets")
    options = options_parser.parse_args(arguments)
    session = open_session(options, lambda line: print(line, file=sys.stderr, flush=True))

    beside = Beside(options, session.tell)
    after_each = beside.publish if options.progress else lambda: None
    for path in sit(session, offsets_asked(session, options.offsets), after_each):
        print(path, flush=True)
    beside.end()
    return 0


if __name__ == "__main__":
    run(main)
