"""Other runs that watch the same environment: which one is in the way, and which one gives way. Pure.

A run's name is "verify <label> · <what>", written by the workflow's run-name; the label tells the
environment, what the commit or the deployment.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from deploy_verdict.github.runs import WorkflowRun, split_title


@dataclass(frozen=True, kw_only=True)
class Rivals:
    """`same` verifies what we are to verify, so we give way; `older` give way to us; `newer` came later."""

    same: WorkflowRun | None = None
    older: tuple[WorkflowRun, ...] = ()
    newer: tuple[WorkflowRun, ...] = ()


def rivals(own: WorkflowRun, runs: Iterable[WorkflowRun]) -> Rivals:
    """Sort the unfinished runs of our label; a name without a label has no rival."""
    label, what = split_title(own.display_title)
    if not label:
        return Rivals()
    mine = [run for run in runs if run.id != own.id and split_title(run.display_title)[0] == label]
    older = [run for run in mine if run.id < own.id and run.unfinished]
    same = next((run for run in older if split_title(run.display_title)[1] == what), None)
    return Rivals(
        same=same,
        older=tuple(run for run in older if run is not same),
        newer=tuple(run for run in mine if run.id > own.id),
    )


def superseded_words(newer: Iterable[WorkflowRun]) -> str | None:
    """By what a window was superseded, in words."""
    first = min(newer, key=lambda run: run.id, default=None)
    if first is None:
        return None
    return f"superseded by the window on {split_title(first.display_title)[1][:40]} (run {first.id})"
