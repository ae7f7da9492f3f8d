"""Run what the plan's exposures lack at the window's end, so that enough clean runs are there to judge.

    python scripts/top_up_exposure.py --plan plans/service.yml --target https://service.example.com --out out

An exposure's `top_up` caps number, rate and time; only what test_data.may_write allows is written, and what
the evidence in DIR tells of is not run again. Stop it at any moment: the same command goes on. Exits 0 once
the evidence is written, whatever was seen: only the judge has an opinion.
"""

import sys

from deploy_verdict.base.errors import UsageError
from deploy_verdict.cli.options import parser, run
from deploy_verdict.window.collect import collect
from deploy_verdict.window.open import open_session


def main(arguments: list[str]) -> int:
    options_parser = parser(__doc__)
    options = options_parser.parse_args(arguments)
    session = open_session(options, lambda line: print(line, file=sys.stderr, flush=True))
    if "top_up" not in session.plan.stages:
        raise UsageError(f"{options.plan} has no exposure with top_up")
    print(collect(session, "top_up", session.plan.window.end_s))
    return 0


if __name__ == "__main__":
    run(main)
