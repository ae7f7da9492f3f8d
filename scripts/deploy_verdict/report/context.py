"""All that the templates show, as raw text by section. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from deploy_verdict.evidence.bundle import Bundle
from deploy_verdict.markup.labels import (
    MARK,
    STATUS,
    STATUS_MARK,
    length_title,
    length_words,
    moment,
    not_checked,
    planned_moment,
    real_length,
)
from deploy_verdict.markup.tables import Table
from deploy_verdict.model import Outcome, Verdict, VerdictOutcome
from deploy_verdict.report.baseline import shown_baseline
from deploy_verdict.report.conclusion import conclusion, short, why
from deploy_verdict.report.issues import issues
from deploy_verdict.report.recommendations import recommendations
from deploy_verdict.report.trace import trace
from deploy_verdict.stages.registry import PARTS, Section, function, is_at_end, report_sections


@dataclass(frozen=True, kw_only=True)
class Head:
    """The first lines and the last."""

    title: str
    date: str
    period: str
    period_title: str
    status: str
    mark: str
    short: str
    notes: tuple[str, ...]
    generated: str
    next_review: str
    state: str


def report_context(
    bundle: Bundle, verdict: Verdict, *, generated_at: datetime, tool_version: str
) -> dict[str, Any]:
    """One entry for each partial of the report."""
    found = issues(bundle, verdict)
    shown = tuple(_shown(bundle, verdict, generated_at))
    views = {item.section.key: item.view for item in shown}
    options = views.get("rollback_options")
    return {
        "head": _head(bundle, verdict, generated_at, short(verdict, found)),
        "why": why(verdict, found),
        "stage_sections": shown,
        "chapters": {part: tuple(item for item in shown if item.section.part == part) for part in PARTS},
        "health_reason": not_checked(bundle, "health"),
        "found": found,
        "baseline": shown_baseline(bundle, verdict),
        "criteria": criteria_table(verdict),
        "all_met": _all_met(verdict),
        "actions": recommendations(bundle, verdict, found.issues, options.advice if options else None),
        "conclusion": conclusion(bundle, verdict, found),
        "trace": trace(bundle, verdict, tool_version),
    }


@dataclass(frozen=True, kw_only=True)
class ShownSection:
    """A stage's section with what its template shows as `view`."""

    section: Section
    view: Any
    title: str

    @property
    def file(self) -> str:
        """Its template."""
        return f"report/{self.section.template}.md.j2"


def _shown(bundle: Bundle, verdict: Verdict, generated_at: datetime) -> Iterator[ShownSection]:
    """What the stages show, in the order of the registry; several views of one section follow each other."""
    for section in report_sections():
        view = function(section.view)(bundle, verdict, generated_at)
        if section.is_each:
            for one in view:
                yield ShownSection(section=section, view=one, title=f"{one.title} {section.title}")
        elif view is not None or not section.is_optional:
            yield ShownSection(section=section, view=view, title=section.title)


def _head(bundle: Bundle, verdict: Verdict, generated_at: datetime, reason: str) -> Head:
    window = bundle.window
    return Head(
        title=bundle.plan.report.title or bundle.plan.name,
        date=moment(window.t0)[:10],
        period=_period(bundle, verdict),
        period_title=length_title(window.length_s),
        status=STATUS[verdict.outcome],
        mark=STATUS_MARK[verdict.outcome],
        short=reason,
        notes=notes(bundle, verdict),
        generated=moment(generated_at),
        next_review=planned_moment(window, bundle.plan.report.next_review),
        state=_state(verdict),
    )


def _state(verdict: Verdict) -> str:
    if verdict.interrupted:
        return "ONGOING (interrupted)"
    return "COMPLETE (ended early)" if verdict.ended else "COMPLETE"


def _period(bundle: Bundle, verdict: Verdict) -> str:
    """The whole window, or how far of it was seen before it was stopped."""
    whole = f"T+{bundle.window.length_s / 60:g}min"
    if not verdict.interrupted and not verdict.ended:
        return f"{length_words(bundle.window.length_s)} (T+0 to {whole})"
    seen = [
        slot.offset_s
        for slot in verdict.coverage.slots
        if slot.state == "taken" and not is_at_end(slot.stage)
    ]
    how = "it was interrupted" if verdict.interrupted else "it was ended early"
    return f"T+0 to T+{max(seen, default=0.0) / 60:g}min of {whole}: {how}"


def notes(bundle: Bundle, verdict: Verdict) -> tuple[str, ...]:
    """What a reader must know before believing the status."""
    told = []
    if verdict.left_out:
        stages = ", ".join(verdict.left_out)
        told.append(f"Left out by the operator's choice: {stages}. The verdict speaks of the rest.")
    if bundle.window.speed != 1:
        told.append(
            f"The window was run at speed {bundle.window.speed:g}: {length_words(bundle.window.length_s)} of "
            f"plan time took {real_length(bundle.window)} of real time. All times below are plan time."
        )
    if verdict.ended:
        told.append(f"The window was ended early: {verdict.ended}.")
    if verdict.interrupted:
        coverage = verdict.coverage
        told.append(
            f"The window was interrupted: {coverage.taken} of {coverage.planned} scheduled samples taken."
        )
    return (*told, *bundle.remarks)


def criteria_table(verdict: Verdict) -> Table | None:
    """The success table; None where the plan has no criteria."""
    rows = tuple((item.name, item.target, item.actual, MARK[item.outcome]) for item in verdict.criteria)
    return Table(headers=("Criterion", "Target", "Actual", "Status"), rows=rows) if rows else None


def _all_met(verdict: Verdict) -> str:
    """YES only when each is met; no criteria at all is not YES."""
    outcomes = [criterion.outcome for criterion in verdict.criteria]
    failed, unknown = outcomes.count(Outcome.FAIL), outcomes.count(Outcome.INCONCLUSIVE)
    if not outcomes:
        return "NO (the plan has no criteria)"
    if failed or unknown:
        return f"NO (of {len(outcomes)}: {failed} not met, {unknown} not known)"
    if verdict.outcome is not VerdictOutcome.STABLE:
        return f"YES, but the verdict is {STATUS[verdict.outcome]}: see the issues and what is not known"
    return "YES"
