"""Exposure and response times in the report. Pure."""

from dataclasses import dataclass
from datetime import datetime

from deploy_verdict.evidence.answers.exchanges import latency, to_check
from deploy_verdict.evidence.bundle import Bundle
from deploy_verdict.expect import worst
from deploy_verdict.markup.labels import MARK, counted, length_words
from deploy_verdict.markup.lines import Line, lines
from deploy_verdict.markup.tables import Table
from deploy_verdict.model import Outcome, Verdict

LEFT_OUT = "not judged: its stage was left out"


@dataclass(frozen=True, kw_only=True)
class ShownExposure:
    """The section on exposure: one row for each operation in the plan."""

    table: Table


def shown_exposure(bundle: Bundle, verdict: Verdict, generated_at: datetime) -> ShownExposure | None:
    """Return the section on exposure; None if the plan has none."""
    if not bundle.plan.exposures:
        return None
    found = {item.check: item for item in verdict.findings if item.stage == "exposure"}
    rows = []
    for exposure in bundle.plan.exposures:
        finding = found.get(exposure.name)
        observed = (finding.actual, MARK[finding.outcome]) if finding else (LEFT_OUT, "❔")
        rows.append((exposure.name, exposure.operation, f"{exposure.wanted:,}", *observed))
    return ShownExposure(
        table=Table(
            headers=("Name", "Operation", "Clean Runs Required", "Observed", "Status"), rows=tuple(rows)
        )
    )


WORD = {Outcome.PASS: "YES", Outcome.FAIL: "NO", Outcome.INCONCLUSIVE: "NOT KNOWN"}


@dataclass(frozen=True, kw_only=True)
class Performance:
    """The section on response times; `limit` is empty if the plan sets none."""

    limit: str
    kept: str
    times: tuple[tuple[str, str, str], ...]
    lines: tuple[Line, ...]


def performance(bundle: Bundle, verdict: Verdict, generated_at: datetime) -> Performance:
    """Return the section. Times come from every request to the endpoint, whatever stage sent it."""
    section = bundle.plan.response_times
    findings = [finding for finding in verdict.findings if finding.stage == "response_times"]
    outcome = worst(finding.outcome for finding in findings)
    missing = len(section.of) - len({finding.check for finding in findings}) if section else 0
    note = f" ({counted(missing, 'endpoint')} not judged)" if missing else ""
    if missing and outcome is Outcome.PASS:
        outcome = Outcome.INCONCLUSIVE
    return Performance(
        limit=length_words(section.limit) if section else "",
        kept=f"{WORD[outcome]}{note}",
        times=tuple((label, *_times(bundle, name)) for label, name in section.of.items()) if section else (),
        lines=lines(finding for finding in findings if finding.outcome is not Outcome.PASS),
    )


def _times(bundle: Bundle, check: str) -> tuple[str, str]:
    """Return the times in words, and the pointer to the slowest response."""
    sent = to_check(bundle.plan, check, bundle.sent)
    times = latency(sent)
    if times is None:
        return "not measured: no request was answered" if sent else "not measured: nothing was sent", ""
    text = (
        f"{times.mean_ms:.0f} ms average, {times.p95_ms:.0f} ms p95, {times.worst_ms:.0f} ms worst "
        f"({counted(times.count, 'request')})"
    )
    slowest = next(item.pointer for item in sent if item.exchange.elapsed_ms == times.worst_ms)
    silent = len(sent) - times.count
    return f"{text}, {silent:,} without an answer" if silent else text, slowest
