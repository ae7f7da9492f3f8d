"""Reading a directory that was collected before, possibly on other runners. The shell's last step."""

from argparse import Namespace
from datetime import UTC, datetime
from pathlib import Path

from deploy_verdict.bundle import Bundle
from deploy_verdict.cli import load_plan
from deploy_verdict.errors import UsageError
from deploy_verdict.opening import checked_stages
from deploy_verdict.plan import laid_out
from deploy_verdict.session import history_file, read_window, target_of
from deploy_verdict.verdicts import read_bundle


def judged_directory(options: Namespace) -> tuple[Bundle, datetime]:
    """The bundle of --out, and the time at which it is looked at."""
    file = read_window(options.out)
    if file is None:
        raise UsageError(f"{options.out}: no window was opened here — run scripts/open_window.py first")
    target = options.target or target_of(file)
    plan = laid_out(load_plan(options.plan, file.window.t0, target), file.layout)
    left_out = checked_stages(plan, [*file.left_out, *options.without])
    bundle = read_bundle(plan, options.out, file, left_out, corrected_plan=options.corrected_plan)
    return bundle, datetime.now(UTC)


def history_of(options: Namespace) -> Path:
    """Where verdicts are remembered."""
    named: Path | None = options.history
    return named or history_file(options.out)
