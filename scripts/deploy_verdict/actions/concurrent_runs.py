"""Other runs that watch the same environment: which one is in the way, and which one gives way. Pure.

A run's name is "verify <label> · <what>", written by the workflow's run-name; the label tells the
environment, what the commit or the deployment.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from deploy_verdict.model import Record

SEPARATOR = " · "
BY_HAND = "verify by hand"
UNFINISHED = ("in_progress", "queued", "waiting", "pending", "requested")


class Run(Record):
    """One run of a workflow; `display_title` is its run-name."""

    id: int
    display_title: str = ""
    status: str | None = None
    conclusion: str | None = None
    head_sha: str = ""
    event: str = ""
    run_attempt: int = 1
    html_url: str = ""
    path: str = ""

    @property
    def unfinished(self) -> bool:
        return self.status in UNFINISHED


@dataclass(frozen=True, kw_only=True)
class Rivals:
    """`same` verifies what we are to verify, so we give way; `older` give way to us; `newer` came later."""

    same: Run | None = None
    older: tuple[Run, ...] = ()
    newer: tuple[Run, ...] = ()


def split_title(title: str) -> tuple[str, str]:
    """The label and what of a run's name; a name of another shape, and one by hand, have neither."""
    label, separator, what = title.rpartition(SEPARATOR)
    return (label, what) if separator and label != BY_HAND else ("", "")


def rivals(own: Run, runs: Iterable[Run]) -> Rivals:
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


def superseded_words(newer: Iterable[Run]) -> str | None:
    """By what a window was superseded, in words."""
    first = min(newer, key=lambda run: run.id, default=None)
    if first is None:
        return None
    return f"superseded by the window on {split_title(first.display_title)[1][:40]} (run {first.id})"
