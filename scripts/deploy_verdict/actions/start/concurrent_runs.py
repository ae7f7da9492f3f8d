"""Finds other runs that watch the same environment, and decides which of two runs stops for the other.

The workflow's run-name is "verify <label> · <what>": the label is the environment, `what` the commit or the
deployment. It does not name the service: a project's services share a label, so each workflow file also gets
the events of the others, and a run of the same name may be about to say "not ours". So only a run that has
opened a window counts, and one that is still deciding is waited for.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import chain, repeat

from deploy_verdict.base.clock import Clock
from deploy_verdict.github.runs import WorkflowRun, WorkflowRuns, split_title

# A gate decides within a minute or two, unless it waits for its deployment to be live.
PAUSES_S = (10.0, 20.0, 30.0)
LATER_PAUSES_S = 60.0
DECIDED_WITHIN_S = 600.0
# The number of runs after a cancelled one that are examined.
MOST_EXAMINED = 20
Tell = Callable[[str], None]


@dataclass(frozen=True, kw_only=True)
class ConcurrentRuns:
    """Unfinished runs that began earlier: `same` are about the same deployment, `older` about another."""

    same: tuple[WorkflowRun, ...] = ()
    older: tuple[WorkflowRun, ...] = ()


def concurrent_runs(own: WorkflowRun, runs: Iterable[WorkflowRun]) -> ConcurrentRuns:
    """Return the unfinished runs of the same label that began before ours; none without a label."""
    label, what = split_title(own.display_title)
    if not label:
        return ConcurrentRuns()
    others = [run for run in runs if run.id < own.id and run.unfinished]
    titles = [(run, *split_title(run.display_title)) for run in others]
    return ConcurrentRuns(
        same=tuple(run for run, of, about in titles if (of, about) == (label, what)),
        older=tuple(run for run, of, about in titles if of == label and about != what),
    )


def first_with_window(
    runs: WorkflowRuns, candidates: Iterable[WorkflowRun], *, clock: Clock, tell: Tell
) -> WorkflowRun | None:
    """Return the first of these runs that has opened a window, waiting while one is undecided.

    A run that does not decide in time counts as none, because two windows are better than no window. Raise
    ProviderError.
    """
    deciding = sorted(candidates, key=lambda run: run.id)
    until_s = clock.monotonic_s() + DECIDED_WITHIN_S
    for pause_s in chain(PAUSES_S, repeat(LATER_PAUSES_S)):
        still = []
        for run in deciding:
            # Read the state before the artifacts, so that a window opened in between is seen.
            now = runs.run(run.id)
            if runs.opened_window(run.id):
                if now.unfinished:
                    return now
            elif now.unfinished:
                still.append(now)
        deciding = still
        if not deciding:
            return None
        numbers = ", ".join(str(run.id) for run in deciding)
        if clock.monotonic_s() + pause_s > until_s:
            tell(f"run {numbers} has not decided within {DECIDED_WITHIN_S / 60:.0f} min; not waiting longer")
            return None
        tell(f"run {numbers} of the same environment is still deciding; asking again in {pause_s:.0f} s")
        clock.sleep(pause_s)
    return None


def superseding(runs: WorkflowRuns, ended: WorkflowRun, workflow: str) -> str | None:
    """Return which later run superseded a window, as a phrase; None if none did. Raise ProviderError."""
    label = split_title(ended.display_title)[0]
    later = runs.newer(workflow, ended.id) if label else ()
    same = [run for run in later if split_title(run.display_title)[0] == label]
    waiting = None
    for run in sorted((run for run in same if run.conclusion != "skipped"), key=lambda run: run.id)[
        :MOST_EXAMINED
    ]:
        if runs.opened_window(run.id):
            return superseded_words(run)
        # A gate cancels the older window before it opens its own.
        waiting = waiting or (run if run.unfinished else None)
    return superseded_words(waiting) if waiting else None


def superseded_words(newer: WorkflowRun) -> str:
    """Return which run superseded a window, as a phrase."""
    return f"superseded by the window on {split_title(newer.display_title)[1][:40]} (run {newer.id})"
