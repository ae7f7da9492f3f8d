"""Look at a run that has ended, and post what it left untold: the watchdog's one step.

    GITHUB_REPOSITORY=owner/name GITHUB_TOKEN=... \\
    python scripts/rescue_report.py --run-id 123456 --out verdict-out

DIR holds the run's artifacts as far as there are any. A comment that is still "in progress" becomes
VERIFIER LOST, with what was seen until then; a run that failed before it opened a window is told on the
commit and in a tracking issue; where the report stands, nothing is done.

Exit codes: 0 nothing was missing, or it is posted; 2 wrong usage; 3 GitHub refused it.
"""

import argparse
import sys
from functools import partial
from pathlib import Path

from deploy_verdict.actions.watchdog import rescue
from deploy_verdict.cli.options import run
from deploy_verdict.window.plan_copy import PLAN_FILE
from deploy_verdict.window.plan_file import environment_for


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter, allow_abbrev=False
    )
    add = parser.add_argument
    add("--run-id", type=int, required=True, metavar="N", help="the run that has ended")
    add("--out", type=Path, required=True, metavar="DIR", help="where its artifacts lie")
    add("--author", metavar="LOGIN", help="whose comments are ours (default: github-actions[bot])")
    options = parser.parse_args(arguments)
    options.plan, options.target, options.without = options.out / PLAN_FILE, None, []
    options.corrected_plan = True
    print(rescue(options, environment_for(options.plan), partial(print, file=sys.stderr)))
    return 0


if __name__ == "__main__":
    run(main)
