"""Decides what follows a verdict: a longer window, a single sample hours later, or nothing. Pure.

A longer window and a later sample are the same window with more samples, so that the same evidence counts.
"""

from dataclasses import dataclass
from typing import Literal

from deploy_verdict.base.units import shown_duration
from deploy_verdict.model import Layout, Verdict, VerdictOutcome
from deploy_verdict.plan import Plan, laid_out

UNSURE = (VerdictOutcome.ATTENTION, VerdictOutcome.INCONCLUSIVE)


@dataclass(frozen=True, kw_only=True)
class NextStep:
    """The continuation, why, and the plan time since T0 that it leads to."""

    kind: Literal["extension", "tail"]
    because: str
    until_s: float


def extended_length_s(plan: Plan, layout: Layout) -> float | None:
    """Return the length of the extended window; None if it must not be extended, or was already."""
    wanted = plan.escalation.extend_to
    length_s = 2 * layout.length_s if wanted is None else wanted
    return None if layout.extended or layout.tails_s or length_s <= layout.length_s else length_s


def next_tail_s(plan: Plan, layout: Layout) -> float | None:
    """Return the plan's next sample after the window's end, or None."""
    last_s = laid_out(plan, layout).window.offsets_s[-1]
    return min((tail_s for tail_s in plan.escalation.tail_checks if tail_s > last_s), default=None)


def next_step(plan: Plan, layout: Layout, verdict: Verdict) -> NextStep | None:
    """Return what to start after this verdict, or None.

    A critical verdict is for people, and is only sampled again later; a window that ended early has nothing
    left to watch.
    """
    if layout.over or verdict.ended or verdict.interrupted:
        return None
    length_s = extended_length_s(plan, layout)
    if verdict.outcome in UNSURE and length_s is not None:
        reason = f"{verdict.outcome.shown} after {shown_duration(layout.length_s)}"
        return NextStep(kind="extension", because=reason, until_s=length_s)
    tail_s = next_tail_s(plan, layout)
    if tail_s is None:
        return None
    return NextStep(kind="tail", because=f"sample again at T+{shown_duration(tail_s)}", until_s=tail_s)


def grown_layout(plan: Plan, layout: Layout, kind: str) -> Layout | None:
    """Return the layout after the step; None if there is no such step."""
    if kind == "extension":
        length_s = extended_length_s(plan, layout)
        return layout.model_copy(update={"length_s": length_s, "extended": True}) if length_s else None
    tail_s = next_tail_s(plan, layout)
    return layout.model_copy(update={"tails_s": (*layout.tails_s, tail_s)}) if tail_s else None
