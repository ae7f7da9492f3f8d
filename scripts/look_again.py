"""Start the later looks that are due: what follow_up.py promised where no wait timer could hold a job.

    GITHUB_REPOSITORY=owner/name GITHUB_TOKEN=... python scripts/look_again.py

Reads the commit status deploy-verdict/next-look of what was verified lately; .github/workflows/look-again.yml
runs it by the clock, where the repository's variable DEPLOY_VERDICT_LOOK_AGAIN is true.

Exit codes: 0 what is due is started; 2 wrong usage; 3 GitHub refused something.
"""

import argparse
import os
import sys
from datetime import UTC, datetime

from deploy_verdict.actions.gate import DEFAULT_WORKFLOW
from deploy_verdict.cli.options import run
from deploy_verdict.follow_up.start_promised import started
from deploy_verdict.github import connection_from
from deploy_verdict.github.runs import WorkflowRuns


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter, allow_abbrev=False
    )
    told = f"the workflow that verifies ({DEFAULT_WORKFLOW})"
    parser.add_argument("--workflow", default=DEFAULT_WORKFLOW, metavar="FILE", help=told)
    options = parser.parse_args(arguments)
    runs = WorkflowRuns(connection_from(os.environ), tell=lambda line: print(line, file=sys.stderr))
    for line in started(runs, options.workflow, datetime.now(UTC)):
        print(line)
    return 0


if __name__ == "__main__":
    run(main)
