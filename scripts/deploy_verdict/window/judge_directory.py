"""Reading a directory that was collected before, possibly on other runners. The shell's last step."""

from argparse import Namespace
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from deploy_verdict import __version__
from deploy_verdict.base.errors import UsageError
from deploy_verdict.cli.options import load_plan
from deploy_verdict.evidence.bundle import Bundle
from deploy_verdict.evidence.columns import captured
from deploy_verdict.model import CapturedRun, VerdictOutcome
from deploy_verdict.plan import laid_out
from deploy_verdict.verdict.judge import judge
from deploy_verdict.verdict.what_if import WhatIf, what_if
from deploy_verdict.window.captured_runs import read_capture, with_captures
from deploy_verdict.window.open import checked_stages
from deploy_verdict.window.plan_copy import PLAN_FILE, refilled
from deploy_verdict.window.session import history_file, read_window, target_of
from deploy_verdict.window.verdicts import read_bundle


def judged_directory(options: Namespace, changes: Sequence[str] = ()) -> tuple[Bundle, datetime]:
    """The bundle of --out, and the time at which it is looked at.

    Without --plan, the plan is the directory's own. `changes` to it are PATH=VALUE.
    """
    file = read_window(options.out)
    if file is None:
        raise UsageError(f"{options.out}: no window was opened here — run scripts/open_window.py first")
    target = options.target or target_of(file)
    path, variables = options.plan, None
    if path is None:
        path = options.out / PLAN_FILE
        if not path.is_file():
            raise UsageError(f"{path}: this directory holds no plan — name it: --plan FILE")
        variables = refilled(path, file.variables)
    read = load_plan(path, file.window.t0, target, variables=variables, changes=changes)
    plan = laid_out(read, file.layout)
    left_out = checked_stages(plan, [*file.left_out, *options.without])
    bundle = read_bundle(plan, options.out, file, left_out, corrected_plan=options.corrected_plan)
    return with_captures(bundle, path.parent), datetime.now(UTC)


def history_of(options: Namespace) -> Path:
    """Where verdicts are remembered."""
    named: Path | None = options.history
    return named or history_file(options.out)


def would_be(options: Namespace) -> tuple[WhatIf, VerdictOutcome]:
    """What --what-if would change, and the verdict then; nothing is written."""
    bundle, now = judged_directory(options)
    was = judge(bundle, judged_at=now, tool_version=__version__)
    # The changes make another version of the plan; the evidence that counted still counts.
    kept = {item.name for item in bundle.loaded}
    other, _ = judged_directory(Namespace(**{**vars(options), "corrected_plan": True}), options.what_if)
    foreign = [item.name for item in other.loaded if item.name not in kept]
    if foreign:
        raise UsageError(f"{foreign[0]} is evidence of another version of the plan — add --corrected-plan")
    verdict = judge(other, judged_at=now, tool_version=__version__)
    return what_if(was, verdict, tuple(options.what_if)), verdict.outcome


def column_of(path: Path) -> CapturedRun:
    """A run's directory, judged by its own plan, or a captured run as it was kept."""
    if path.is_file():
        return read_capture(path)
    options = Namespace(plan=None, out=path, target=None, without=[], corrected_plan=False)
    bundle, now = judged_directory(options)
    verdict = judge(bundle, judged_at=now, tool_version=__version__)
    return captured(bundle, verdict, path.resolve().name)
