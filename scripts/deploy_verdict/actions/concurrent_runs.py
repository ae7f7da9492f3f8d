"""Other runs that watch the same environment, and which of two runs stops for the other. Pure.

The workflow's run-name is "verify <label> · <what>": the label is the environment, `what` the commit or
the deployment.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from deploy_verdict.github.runs import WorkflowRun, split_title


@dataclass(frozen=True, kw_only=True)
class ConcurrentRuns:
    """`same` verifies the same deployment, so ours stops; `older` runs stop for ours; `newer` came later."""

    same: WorkflowRun | None = None
    older: tuple[WorkflowRun, ...] = ()
    newer: tuple[WorkflowRun, ...] = ()


def concurrent_runs(own: WorkflowRun, runs: Iterable[WorkflowRun]) -> ConcurrentRuns:
    """The unfinished runs of the same label; none for a name without a label."""
    label, what = split_title(own.display_title)
    if not label:
        return ConcurrentRuns()
    others = [run for run in runs if run.id != own.id and split_title(run.display_title)[0] == label]
    older = [run for run in others if run.id < own.id and run.unfinished]
    same = next((run for run in older if split_title(run.display_title)[1] == what), None)
    return ConcurrentRuns(
        same=same,
        older=tuple(run for run in older if run is not same),
        newer=tuple(run for run in others if run.id > own.id),
    )


def superseded_words(newer: Iterable[WorkflowRun]) -> str | None:
    """Which run superseded a window, as a phrase; None where none did."""
    first = min(newer, key=lambda run: run.id, default=None)
    if first is None:
        return None
    return f"superseded by the window on {split_title(first.display_title)[1][:40]} (run {first.id})"
