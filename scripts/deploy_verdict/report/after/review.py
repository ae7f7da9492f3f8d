"""Drafts the post-incident review from what a window's evidence shows of the incident. Pure."""

from collections.abc import Iterator, Sequence
from datetime import datetime

import jinja2

from deploy_verdict.base.units import shown_duration, shown_offset
from deploy_verdict.evidence.bundle import Bundle
from deploy_verdict.evidence.platform.platform_views import deployed, deployment_samples
from deploy_verdict.markup.labels import (
    MARK,
    STATUS_MARK,
    counted,
    listed,
    moment,
    name_of,
    severity_of,
)
from deploy_verdict.markup.markdown import one_line
from deploy_verdict.markup.tables import Code, Table
from deploy_verdict.model import Finding, Outcome, RootCause, Verdict, VerdictOutcome
from deploy_verdict.model.window import plan_time
from deploy_verdict.report.actions_taken import actions_taken
from deploy_verdict.report.conclusion import short
from deploy_verdict.report.issues import issues
from deploy_verdict.stages.deployment.state import short as short_id
from deploy_verdict.verdict.causes.cause_words import root_causes

MOST_QUESTIONS = 12
MOST_DETECTED = 5


def review_title(bundle: Bundle, verdict: Verdict) -> str:
    """Return the title of the review's issue."""
    subject = bundle.subject
    place = f" in {subject.environment}" if subject.environment else ""
    service = subject.service or bundle.plan.name
    return one_line(f"Post-incident review: {service}{place}, {moment(verdict.window.t0)[:10]}", 200)


def render_review(bundle: Bundle, verdict: Verdict, environment: jinja2.Environment) -> str:
    """Render the draft; the same window always gives the same text."""
    found = issues(bundle, verdict)
    told = root_causes(bundle, found.causes)
    failed = [finding for finding in verdict.findings if finding.outcome is Outcome.FAIL]
    live = deployed(deployment_samples(bundle))
    context = {
        "commit": (live.commit if live else None) or bundle.subject.commit,
        "mark": STATUS_MARK[verdict.outcome],
        "status": verdict.outcome.shown,
        "short": short(bundle, verdict, found, told),
        "subject": bundle.subject,
        "window": bundle.window,
        "t0": moment(bundle.window.t0),
        "is_rehearsal": verdict.is_rehearsal,
        "timeline": _timeline(bundle, verdict, told),
        "causes": told,
        "detected": _detected(bundle, failed),
        "criteria": tuple((MARK[item.outcome], item.name, item.actual) for item in verdict.criteria),
        "taken": (*actions_taken(bundle), *bundle.remarks),
        "questions": tuple(_questions(verdict, told, failed))[:MOST_QUESTIONS],
        "limits": verdict.limits,
        "follow_up": bundle.plan.report.follow_up,
    }
    return environment.get_template("review.md.j2").render(context).rstrip("\n") + "\n"


def _timeline(bundle: Bundle, verdict: Verdict, told: Sequence[RootCause]) -> Table:
    """Return everything that has a known time, in plan time."""
    window, rows = bundle.window, list[tuple[datetime, str, str]]()

    def planned(at: datetime) -> datetime:
        return window.t0 + (at - window.t0) * window.speed if at > window.t0 else at

    found = deployed(deployment_samples(bundle))
    if found is not None and found.created_at is not None:
        what = f"deployment {short_id(found.id)} of commit {short_id(found.commit)} created"
        rows.append((found.created_at, "", what))
    rows.append((window.t0, "T+0", "the window opened"))
    for cause in told:
        if cause.since_s is not None:
            severity = f"{cause.severity}: " if cause.severity else "not known: "
            rows.append((*_at(bundle, cause.since_s), f"first seen — {severity}{cause.title}"))
    end_s = bundle.plan.window.end_s
    if not verdict.ended:
        rows.append((*_at(bundle, end_s), "the window's last sample was due"))
    later = (offset_s for offset_s in window.offsets_s if offset_s > end_s)
    rows += [(*_at(bundle, offset_s), "a later sample was due") for offset_s in later]
    if bundle.notified is not None:
        at = bundle.notified.sent_at or bundle.notified.judged_at
        rows.append((planned(at), "", f"people were notified of {bundle.notified.outcome.shown}"))
    if bundle.rolled_back is not None:
        target = f"deployment {short_id(bundle.rolled_back.target)}"
        rows.append((planned(bundle.rolled_back.asked_at), "", f"a rollback to {target} was requested"))
    rows.append((planned(verdict.judged_at), "", f"judged {verdict.outcome.shown}"))
    rows.sort(key=lambda row: row[0])
    return Table(
        headers=("UTC", "Offset", "What"),
        rows=tuple((moment(at).removesuffix(" UTC"), offset, what) for at, offset, what in rows),
    )


def _at(bundle: Bundle, offset_s: float) -> tuple[datetime, str]:
    return plan_time(bundle.window, offset_s), shown_offset(offset_s)


def _detected(bundle: Bundle, failed: Sequence[Finding]) -> tuple[Table | None, int]:
    """Return the first failed checks, each once, with what they saw and when; and how many more failed."""
    dated: dict[str, Finding] = {}
    for item in sorted(failed, key=lambda item: (item.offset_s or 0.0, severity_of(item))):
        if item.offset_s is not None:
            dated.setdefault(name_of(item), item)
    rows = tuple(
        (
            f"{shown_offset(item.offset_s or 0.0)}",
            severity_of(item).value,
            Code(name_of(item)),
            one_line(f"expected {item.expectation}; found {item.actual}", 200),
            Code(item.evidence or "none"),
        )
        for item in list(dated.values())[:MOST_DETECTED]
    )
    headers = ("When", "Severity", "Check of the plan", "What it saw", "Evidence")
    return (Table(headers=headers, rows=rows) if rows else None), len(
        {name_of(item) for item in failed}
    ) - len(rows)


def _questions(verdict: Verdict, told: Sequence[RootCause], failed: Sequence[Finding]) -> Iterator[str]:
    """Yield what the evidence leaves open, then what no evidence can answer."""
    for cause in told:
        if cause.severity is None:
            yield f"Not known: {cause.title}"
        yield from (f"Doubtful: {doubt}" for doubt in cause.doubts)
    if not any(cause.severity is None for cause in told):
        unknown = [item for item in verdict.findings if item.outcome is Outcome.INCONCLUSIVE]
        if unknown:
            names = listed(name_of(item) for item in unknown)
            yield f"{counted(len(unknown), 'check')} without an answer: {names}"
    lost = verdict.coverage.planned - verdict.coverage.taken
    if lost:
        yield f"Why were {lost} of {counted(verdict.coverage.planned, 'scheduled sample')} not taken?"
    first_s = min((item.offset_s for item in failed if item.offset_s is not None), default=None)
    if first_s:
        yield (
            f"The first check failed {shown_duration(first_s)} after T0. Was it broken before, and which "
            "line of the plan could have seen that sooner?"
        )
    if verdict.outcome is not VerdictOutcome.STABLE:
        yield "Who noticed first: this window, a user, or another alarm?"
    yield "What is missing in the plan, so that the next window would see this earlier?"
