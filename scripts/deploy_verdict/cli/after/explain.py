"""Print each cause of a judged window as a brief for whoever fixes it: a colleague or a coding assistant.

    deploy-verdict explain out/today
    deploy-verdict explain out/today --cause 1 | pbcopy

DIR is the directory of a window, or the report's artifact unpacked; it is judged by the plan that it holds.
A brief has at most 60 lines: what is wrong, since when and how sure that is, the exact request and its
answer, log lines, the commit under suspicion, what was ruled out. Secrets were redacted when the evidence
was written. Exits 0, even where there is nothing to explain.
"""

import argparse
from argparse import Namespace
from pathlib import Path

from deploy_verdict import __version__
from deploy_verdict.base.errors import UsageError
from deploy_verdict.report.brief import briefs
from deploy_verdict.verdict.judge import judge
from deploy_verdict.window.judge_directory import judged_directory


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the verb's options to its parser."""
    parser.add_argument("out", type=Path, metavar="DIR", help="the window's directory")
    parser.add_argument("--cause", type=int, metavar="N", help="only the brief of this cause, counted from 1")


def main(options: argparse.Namespace) -> int:
    """Run the verb; return its exit code."""
    directory = Namespace(plan=None, out=options.out, target=None, without=[], corrected_plan=False)
    bundle, now = judged_directory(directory)
    told = briefs(bundle, judge(bundle, judged_at=now, tool_version=__version__))
    if options.cause is not None:
        if not 1 <= options.cause <= len(told):
            raise UsageError(f"--cause {options.cause}: this window has {len(told)} — count from 1")
        told = told[options.cause - 1 : options.cause]
    print("\n".join(told).rstrip("\n") if told else "Nothing failed, and everything is known.")
    return 0
