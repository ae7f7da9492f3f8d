"""The scripts that read one stage from the platform when the window has ended."""

import sys

from deploy_verdict.base.errors import UsageError
from deploy_verdict.cli.options import parser
from deploy_verdict.stages.registry import collect
from deploy_verdict.window.open import open_session


def read_at_the_end(doc: str | None, stage: str, arguments: list[str]) -> int:
    """Collect a stage at the window's end and print the evidence's path; the script's exit code."""
    options = parser(doc).parse_args(arguments)
    session = open_session(options, lambda line: print(line, file=sys.stderr))
    if stage not in session.plan.stages:
        raise UsageError(f"{options.plan} has no {stage} section — add `{stage}: {{}}`")
    print(collect(session, stage, session.plan.window.length))
    return 0
