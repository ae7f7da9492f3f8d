"""Gathers what the templates show, as raw text by section. Pure.

The comparison with the incident has hand-written columns, replaced by captured runs if there are any.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from deploy_verdict.base.units import shown_duration
from deploy_verdict.evidence.bundle import Bundle
from deploy_verdict.evidence.measures import measure, measured
from deploy_verdict.markup.labels import (
    MARK,
    STATUS_MARK,
    counted,
    length_title,
    length_words,
    moment,
    not_checked,
    planned_moment,
    real_length,
)
from deploy_verdict.markup.tables import Table
from deploy_verdict.model import (
    CapturedRun,
    MeasuredValue,
    NextAction,
    Outcome,
    RootCause,
    Verdict,
    VerdictOutcome,
)
from deploy_verdict.plan.sections.report import Baseline, BaselineRow
from deploy_verdict.report.actions_taken import actions_taken
from deploy_verdict.report.after.deployments import last_deployments
from deploy_verdict.report.after.later_samples import later_samples
from deploy_verdict.report.conclusion import conclusion, no_answer, short
from deploy_verdict.report.coverage import trace
from deploy_verdict.report.issues import Issues, issues
from deploy_verdict.report.recommendations import recommendations
from deploy_verdict.stages.registry import function, is_at_end, report_sections
from deploy_verdict.stages.stage import PARTS, Section
from deploy_verdict.verdict.actions.do_now import do_now, in_directory, next_review_s, where_words
from deploy_verdict.verdict.causes.cause_words import clause, root_causes

# The comment's first twelve lines must hold the causes and the actions.
MOST_CAUSES = 3
HEADLINE_CHARACTERS = 120


@dataclass(frozen=True, kw_only=True)
class Head:
    """The report's first lines and its last."""

    title: str
    headline: str
    date: str
    period: str
    period_title: str
    status: str
    mark: str
    short: str
    causes: tuple[RootCause, ...]
    causes_hidden: int
    no_answer: str
    actions: tuple[NextAction, ...]
    where: str
    taken: tuple[str, ...]
    notes: tuple[str, ...]
    generated: str
    next_review: str
    state: str


def report_context(
    bundle: Bundle,
    verdict: Verdict,
    *,
    generated_at: datetime,
    tool_version: str,
    directory: str | None = None,
) -> dict[str, Any]:
    """Return one entry for each template part; `directory` is the run's, as the user gave it."""
    found = issues(bundle, verdict)
    told = root_causes(bundle, found.causes)
    actions = do_now(bundle, verdict.outcome, found.causes, verdict.coverage, generated_at)
    if directory is not None:
        actions = in_directory(actions, directory)
    first = tuple(cause for cause in told if cause.severity is not None) or told
    review = _review(bundle, verdict, found)
    shown = tuple(_shown(bundle, verdict, generated_at))
    return {
        "head": Head(
            title=bundle.plan.report.title or bundle.plan.name,
            headline=_headline(bundle, first),
            date=moment(bundle.window.t0)[:10],
            period=_period(bundle, verdict),
            period_title=length_title(bundle.plan.window.end_s),
            status=verdict.outcome.shown,
            mark=STATUS_MARK[verdict.outcome],
            short=short(bundle, verdict, found, told),
            causes=first[:MOST_CAUSES],
            causes_hidden=max(0, len(first) - MOST_CAUSES),
            no_answer=no_answer(bundle, found) if found.issues and found.unknown_findings else "",
            actions=actions,
            where=where_words(actions),
            taken=actions_taken(bundle),
            notes=notes(bundle, verdict),
            generated=moment(generated_at),
            next_review=review,
            state=_state(verdict),
        ),
        "stage_sections": shown,
        "chapters": {part: tuple(item for item in shown if item.section.part == part) for part in PARTS},
        "health_reason": not_checked(bundle, "health"),
        "later": later_samples(bundle, verdict),
        "deployments": last_deployments(bundle, verdict),
        "found": found,
        "baseline": shown_baseline(bundle, verdict),
        "criteria": criteria_table(verdict),
        "all_met": _all_met(verdict),
        "actions": recommendations(bundle, verdict, found, actions),
        "conclusion": conclusion(bundle, verdict, found, told, review),
        "is_bad": verdict.outcome is not VerdictOutcome.STABLE,
        "trace": trace(bundle, verdict, tool_version),
    }


def _headline(bundle: Bundle, told: Sequence[RootCause]) -> str:
    """Put the worst cause in words before the plan's title."""
    title = bundle.plan.report.title or bundle.plan.name
    return f"{clause(told[0].title, HEADLINE_CHARACTERS)} · {title}" if told else title


@dataclass(frozen=True, kw_only=True)
class ShownSection:
    """A stage's section, and what its template shows as `view`."""

    section: Section
    view: Any
    title: str

    @property
    def file(self) -> str:
        """The section's template."""
        return f"report/{self.section.template}.md.j2"


def _shown(bundle: Bundle, verdict: Verdict, generated_at: datetime) -> Iterator[ShownSection]:
    """Yield the stages' sections in the order of the registry, each view of a repeated section by itself."""
    for section in report_sections():
        view = function(section.view)(bundle, verdict, generated_at)
        if section.is_each:
            for one in view:
                yield ShownSection(section=section, view=one, title=f"{one.title} {section.title}")
        elif view is not None or not section.is_optional:
            yield ShownSection(section=section, view=view, title=section.title)


def _review(bundle: Bundle, verdict: Verdict, found: Issues) -> str:
    at_s, why = next_review_s(bundle, verdict.outcome, found.causes, verdict.coverage)
    return planned_moment(bundle.window, at_s) + (f" ({why})" if why else "")


def _state(verdict: Verdict) -> str:
    if verdict.interrupted:
        return "ONGOING (interrupted)"
    return "COMPLETE (ended early)" if verdict.ended else "COMPLETE"


def _period(bundle: Bundle, verdict: Verdict) -> str:
    """Say how long the complete window and its later samples took, or how far it got before it stopped."""
    end_s = bundle.plan.window.end_s
    end = f"T+{end_s / 60:g}min"
    if not verdict.interrupted and not verdict.ended:
        later = [f"T+{shown_duration(offset_s)}" for offset_s in bundle.window.offsets_s if offset_s > end_s]
        return f"{length_words(end_s)} (T+0 to {end})" + (f", later {', '.join(later)}" if later else "")
    taken_s = [
        slot.offset_s
        for slot in verdict.coverage.slots
        if slot.state == "taken" and not is_at_end(slot.stage)
    ]
    how = "interrupted" if verdict.interrupted else "ended early"
    return f"T+0 to T+{max(taken_s, default=0.0) / 60:g}min of {end}: {how}"


def notes(bundle: Bundle, verdict: Verdict) -> tuple[str, ...]:
    """Return what a reader must know before trusting the status."""
    sentences = []
    if verdict.left_out:
        stages = ", ".join(verdict.left_out)
        sentences.append(f"The operator left out: {stages}. The verdict covers the rest.")
    if bundle.window.speed > 1:
        sentences.append(
            f"Rehearsal: {length_words(bundle.window.length_s)} played in {real_length(bundle.window)}, so "
            "its times are those of the plan."
        )
    if verdict.ended:
        sentences.append(f"The window ended early: {verdict.ended}.")
    if verdict.interrupted:
        taken = f"{verdict.coverage.taken} of {counted(verdict.coverage.planned, 'scheduled sample')} taken"
        sentences.append(f"The window was interrupted: {taken}.")
    return (*sentences, *bundle.remarks)


def criteria_table(verdict: Verdict) -> Table | None:
    """Return the success table; None if the plan has no criteria."""
    rows = tuple((item.name, item.target, item.actual, MARK[item.outcome]) for item in verdict.criteria)
    return Table(headers=("Criterion", "Target", "Actual", "Status"), rows=rows) if rows else None


def _all_met(verdict: Verdict) -> str:
    """Say YES only when every criterion is met; a plan without criteria is not YES."""
    outcomes = [criterion.outcome for criterion in verdict.criteria]
    failed, unknown = outcomes.count(Outcome.FAIL), outcomes.count(Outcome.INCONCLUSIVE)
    if not outcomes:
        return "NO (the plan has no criteria)"
    if failed or unknown:
        return f"NO ({failed} of {len(outcomes)} not met, {unknown} inconclusive)"
    if verdict.outcome is not VerdictOutcome.STABLE:
        return f"YES, but the verdict is {verdict.outcome.shown}: see issues and inconclusive findings"
    return "YES"


PROVEN = "✅ proven"


@dataclass(frozen=True, kw_only=True)
class ShownBaseline:
    """The table, and where its measured columns come from."""

    table: Table
    notes: tuple[str, ...]


def shown_baseline(bundle: Bundle, verdict: Verdict) -> ShownBaseline | None:
    """Return the comparison; None if the plan has no baseline.

    A measured value replaces a written one and is marked as measured. Recovery is proven by a row that failed
    in a captured run and passes now.
    """
    baseline = bundle.plan.baseline
    if baseline is None:
        return None
    runs = {column: run for column, run in bundle.captures.items() if isinstance(run, CapturedRun)}
    headers = ("Metric", *baseline.columns, "Post-Deployment", *(("Recovery",) if runs else ()))
    rows = tuple(_row(bundle, verdict, baseline, row, runs) for row in baseline.rows)
    return ShownBaseline(table=Table(headers=headers, rows=rows), notes=tuple(_notes(bundle)))


def _row(
    bundle: Bundle, verdict: Verdict, baseline: Baseline, row: BaselineRow, runs: dict[str, CapturedRun]
) -> tuple[str, ...]:
    cells = [
        _cell(written, runs[column].measures.get(row.now) if column in runs else None)
        for column, written in zip(baseline.columns, row.values, strict=True)
    ]
    now = measure(bundle, verdict.findings, row.now)
    if not runs:
        return row.metric, *cells, now
    was_bad = any(run.measures.get(row.now, MeasuredValue()).outcome is Outcome.FAIL for run in runs.values())
    is_good = measured(bundle, verdict.findings, row.now).outcome is Outcome.PASS
    return row.metric, *cells, now, PROVEN if was_bad and is_good else ""


def _cell(written: str, found: MeasuredValue | None) -> str:
    return written if found is None or found.value is None else f"{found.value} (measured)"


def _notes(bundle: Bundle) -> Iterator[str]:
    for column, run in bundle.captures.items():
        if isinstance(run, CapturedRun):
            commit = f", commit {run.subject.commit}" if run.subject.commit else ""
            yield f"{column}: measured in run {run.name}, {moment(run.t0)}, {run.outcome.shown}{commit}"
        else:
            yield f"{column}: as written in the plan ({run})"
