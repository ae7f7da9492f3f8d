"""Drive the plan's cycles on the test entity and read each pool's floor before and after.

    python scripts/return_to_floor.py --plan plans/service.yml --target https://service.example.com --out out

A pool's `return_to_floor` caps number, rate and time; only what test_data.may_write allows is written, and
the test's cleanup runs whatever happens. Tells its progress; stop it at any moment. Exits 0 once the evidence
is written, whatever was seen: only the judge has an opinion.
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
    if "floor" not in session.plan.stages:
        raise UsageError(f"{options.plan} has no pool with return_to_floor")
    print(collect(session, "floor", session.plan.window.end_s))
    return 0


if __name__ == "__main__":
    run(main)
