"""Ask each check and selector of a plan once, live and read-only, and say what would make the plan stronger.

    deploy-verdict doctor verification.yml
    deploy-verdict doctor verification.yml --target http://localhost:8000 --json

Shows each line beside the value that the service gives now, then what a window of this plan could not see:
a gauge that nothing proves, a log without a canary, nothing watched between two samples, lines that cannot
fail; each with its place in the plan and the text to write. Nothing that writes is sent; a pool is read three
times.

Exit codes: 0 every line that was asked holds, 11 one fails, 12 one cannot be told, 2 wrong usage or plan,
3 could not run.
"""

import argparse
from datetime import UTC, datetime
from pathlib import Path

from deploy_verdict.base.errors import EXIT_USAGE
from deploy_verdict.cli.beginning.problems import placed_plan
from deploy_verdict.cli.options import say
from deploy_verdict.model import Outcome, VerdictOutcome
from deploy_verdict.model.enums import EXIT_CODES
from deploy_verdict.window.directory.session import dumps


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the verb's options to its parser."""
    parser.add_argument("plan", type=Path, metavar="PLAN", help="the plan's file")
    words = "the service's address, instead of the plan's base_url"
    parser.add_argument("--target", metavar="URL", help=words)
    words = "the commit that checks may ask a tracker about"
    parser.add_argument("--commit", metavar="SHA", help=words)
    parser.add_argument("--json", action="store_true", help="print lines and problems as JSON")


def main(options: argparse.Namespace) -> int:
    """Run the verb; return its exit code."""
    from deploy_verdict.adopt.doctor import (  # noqa: PLC0415  # --help needs no judge
        Doctor,
        examination_json,
        examination_lines,
    )
    from deploy_verdict.base.clock import WallClock  # noqa: PLC0415
    from deploy_verdict.window.directory.plan_file import environment_for  # noqa: PLC0415
    from deploy_verdict.window.sampling.signals import stop_on_signals  # noqa: PLC0415

    read = placed_plan(options.plan, datetime.now(UTC), options.target, as_json=options.json)
    if read is None:
        return EXIT_USAGE
    plan, document = read
    stop = stop_on_signals()
    doctor = Doctor(
        plan,
        clock=WallClock(stop),
        stop=stop,
        environment=environment_for(options.plan),
        tell=say,
        commit=options.commit,
    )
    seen = doctor.examination()
    if options.json:
        print(dumps(examination_json(str(options.plan), seen, document.place)))
    else:
        print("\n".join(examination_lines(str(options.plan), seen, document.place)))
    codes = {
        Outcome.PASS: 0,
        Outcome.FAIL: EXIT_CODES[VerdictOutcome.CRITICAL],
        Outcome.INCONCLUSIVE: EXIT_CODES[VerdictOutcome.INCONCLUSIVE],
    }
    return codes[seen.outcome]
