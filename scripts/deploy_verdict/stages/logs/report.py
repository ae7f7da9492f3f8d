"""The backend's log: errors, patterns, and plainly when it could not be read: never "0 errors" then. Pure."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from deploy_verdict.base.log_templates import fingerprint
from deploy_verdict.base.units import shown_duration
from deploy_verdict.evidence.bundle import Bundle
from deploy_verdict.evidence.measures import log_before, log_observation
from deploy_verdict.expect import told_fault
from deploy_verdict.markup.labels import counted, files_of, listed, not_checked, seen_moment
from deploy_verdict.markup.lines import Line, lines
from deploy_verdict.markup.tables import Code, Table
from deploy_verdict.model import LogLine, LogObservation, Outcome, PatternCount, TemplateCount, Verdict
from deploy_verdict.plan import Incident, LogPattern
from deploy_verdict.stages.logs.novelty import Change, Comparison, compared, first_line
from deploy_verdict.stats.bounds import CONFIDENCE

MAX_ROWS = 15
_KINDS = {"error": "error", "unproven": "perhaps an error", "other": ""}


@dataclass(frozen=True, kw_only=True)
class ShownChange:
    """One table, and how many rows are not shown."""

    title: str
    table: Table
    hidden: int


@dataclass(frozen=True, kw_only=True)
class ShownNovelty:
    """`told` says in a sentence what was compared, or why nothing could be."""

    told: str
    parts: tuple[ShownChange, ...]
    incident: str


def shown_novelty(bundle: Bundle) -> ShownNovelty | None:
    """None where there is no reading of the log with its kinds of lines."""
    logs, seen, before = bundle.plan.logs, log_observation(bundle), log_before(bundle)
    if logs is None or seen is None or seen.templates is None or not seen.lines_in_window:
        return None
    found = compared(logs, seen, before)
    parts = (
        _appeared(bundle, "New errors", found.new_errors),
        _appeared(bundle, "New, and perhaps errors", found.unproven if not found.doubts else ()),
        _appeared(bundle, "New lines", found.new),
        _changes("Gone", found.gone),
        _changes("More or less frequent", found.changed),
    )
    return ShownNovelty(
        told=_told(found, before),
        parts=tuple(part for part in parts if part.table.rows),
        incident=_incident(logs.incident, seen),
    )


def _told(found: Comparison, before: LogObservation | None) -> str:
    if found.doubts or before is None:
        return f"not known: {'; '.join(found.doubts)}"
    new, gone, changed = len(found.new_errors), len(found.gone), len(found.changed)
    others = len(found.new) + len(found.unproven)
    return (
        f"{counted(new, 'new kind')} of errors, {counted(others, 'new kind')} of other lines, {gone} gone, "
        f"{changed} changed in rate; against {counted(before.lines_in_window, 'line')} of "
        f"{shown_duration(found.compared_s)} before the deployment ({before.source})"
    )


def _appeared(bundle: Bundle, title: str, templates: Sequence[TemplateCount]) -> ShownChange:
    rows = tuple(
        (
            f"{item.count:,}",
            seen_moment(bundle.window, item.first_at) if item.first_at else "no time",
            item.level or _KINDS[item.kind],
            Code(first_line(item, 200)),
        )
        for item in templates[:MAX_ROWS]
    )
    headers = ("Lines", "First seen", "Level", "Example")
    return ShownChange(
        title=title, table=Table(headers=headers, rows=rows), hidden=len(templates) - len(rows)
    )


def _changes(title: str, changes: Sequence[Change]) -> ShownChange:
    rows = tuple(
        (
            f"{item.before:,}",
            f"{item.now:,}",
            _ratio(item),
            item.template.level or _KINDS[item.template.kind],
            Code(first_line(item.template, 200)),
        )
        for item in changes[:MAX_ROWS]
    )
    interval = f"Rate now / before ({100 * CONFIDENCE:.0f} % interval)"
    headers = ("Lines before", "Lines now", interval, "Level", "Example")
    return ShownChange(title=title, table=Table(headers=headers, rows=rows), hidden=len(changes) - len(rows))


def _ratio(change: Change) -> str:
    ratio = change.ratio
    return f"{_number(ratio.value)} × ({_number(ratio.low)} to {_number(ratio.high)})"


def _number(value: float) -> str:
    if math.isinf(value):
        return "∞"
    return f"{value:,.0f}" if value >= 10 else f"{value:.2g}"


def _incident(incident: Incident | None, seen: LogObservation) -> str:
    """How many lines of the incident's kinds came again; empty where the plan names none."""
    if incident is None:
        return ""
    wanted = {fingerprint(template) for template in incident.templates}
    counts: list[PatternCount] = [item for item in seen.incident if item.sought in wanted]
    if not wanted or len(counts) < len(wanted):
        return "not known: the evidence does not count all of them"
    total = sum(item.count for item in counts)
    return f"{counted(total, 'line')} of {counted(len(wanted), 'kind')}"


MAX_ERRORS = 20
MAX_EXAMPLES = 3


@dataclass(frozen=True, kw_only=True)
class ShownPattern:
    """One pattern of the plan: how often, and examples as (moment, text)."""

    name: str
    label: str
    told: str
    examples: tuple[tuple[str, str], ...]


@dataclass(frozen=True, kw_only=True)
class ShownLogs:
    """The whole section; `reason` says why nothing is known."""

    reason: str
    errors: str
    error_lines: tuple[tuple[str, str], ...]
    more_errors: str
    patterns: tuple[ShownPattern, ...]
    basis: str
    novelty: ShownNovelty | None
    notes: tuple[str, ...]
    lines: tuple[Line, ...]
    files: str


def logs(bundle: Bundle, verdict: Verdict, generated_at: datetime) -> ShownLogs:
    """A log that could not be read, or has no line of the window, has no counts."""
    seen = log_observation(bundle)
    reason = _reason(bundle, seen)
    shown = seen if not reason else None
    doubt = _doubt(verdict)
    errors = shown.errors[:MAX_ERRORS] if shown else ()
    found = _error_count(shown)
    hidden = max(found, len(shown.errors) if shown else 0) - len(errors)
    return ShownLogs(
        reason=reason,
        errors=_counted_with_doubt(found, "error", doubt) if shown else f"not known: {reason}",
        error_lines=tuple(_line(bundle, line) for line in errors),
        more_errors=f"and {counted(hidden, 'more error')}: see the log itself"
        if shown and hidden > 0
        else "",
        patterns=_patterns(bundle, seen, reason, doubt),
        basis=_basis(bundle, shown) if shown else "",
        novelty=shown_novelty(bundle) if shown else None,
        notes=seen.notes if seen else (),
        lines=lines(
            finding
            for finding in verdict.findings
            if (finding.stage, finding.check) == ("logs", "log") and finding.outcome is not Outcome.PASS
        ),
        files=files_of(bundle, "logs"),
    )


def _reason(bundle: Bundle, seen: LogObservation | None) -> str:
    absent = not_checked(bundle, "logs")
    if absent is not None:
        return absent
    if seen is None:
        return "the evidence holds no reading of the log"
    if seen.fault is not None:
        return f"the log could not be read ({told_fault(seen.fault)})"
    return "" if seen.lines_in_window else "the log has no line of the window"


def _doubt(verdict: Verdict) -> str:
    """Why the judge does not take the reading for the whole log; empty when it does."""
    readable = [item for item in verdict.findings if (item.stage, item.rule) == ("logs", "readable")]
    bad = [item.actual for item in readable if item.outcome is not Outcome.PASS]
    return bad[0] if bad else "" if readable else "nobody judged whether the log was whole"


def _counted_with_doubt(count: int, noun: str, doubt: str) -> str:
    """A zero from a log with holes is no zero."""
    told = counted(count, noun)
    if not doubt:
        return told
    return f"{told}, perhaps more: {doubt}" if count else f"not known: none was seen, but {doubt}"


def _error_count(seen: LogObservation | None) -> int:
    return sum(count for level, count in seen.levels.items() if level in ("ERROR", "CRITICAL")) if seen else 0


def _patterns(
    bundle: Bundle, seen: LogObservation | None, reason: str, doubt: str
) -> tuple[ShownPattern, ...]:
    asked = bundle.plan.logs
    if asked is None:
        return ()
    counts = {item.pattern: item for item in seen.patterns} if seen and seen.fault is None else {}
    both = [(pattern, False) for pattern in asked.must_not_appear] + [(p, True) for p in asked.must_appear]
    return tuple(
        _pattern(bundle, item, wanted, counts.get(item.name), (reason, doubt)) for item, wanted in both
    )


def _pattern(
    bundle: Bundle, pattern: LogPattern, wanted: bool, count: PatternCount | None, doubts: tuple[str, str]
) -> ShownPattern:
    reason, doubt = doubts
    label = f'"{pattern.name}"{"" if wanted else " errors"}:'
    # Without a line of the window, a pattern sought in the whole log may still have been counted.
    if count is None or (reason and not (pattern.within == "log" and count.count)):
        why = reason or "the evidence does not count it"
        return ShownPattern(name=pattern.name, label=label, told=f"not known: {why}", examples=())
    told = _counted_with_doubt(count.count, "occurrence", doubt)
    if wanted and count.count:
        told = f"seen {counted(count.count, 'time')}"
    elif wanted and not doubt:
        told = "never seen"
    if count.first_at is not None:
        told += f", first at {seen_moment(bundle.window, count.first_at)}"
    examples = () if wanted else count.examples[:MAX_EXAMPLES]
    return ShownPattern(
        name=pattern.name,
        label=label,
        told=told,
        examples=tuple(_line(bundle, line) for line in examples),
    )


def _line(bundle: Bundle, line: LogLine) -> tuple[str, str]:
    moment = seen_moment(bundle.window, line.at) if line.at else "no time"
    level = f"{line.level} " if line.level and not line.text.startswith(line.level) else ""
    return moment, f"{level}{line.text}"


def _basis(bundle: Bundle, seen: LogObservation) -> str:
    told = f"{counted(seen.lines_in_window, 'line')} of the window (of {seen.lines_read:,} read)"
    if seen.undated_lines:
        told += f", {seen.undated_lines:,} without a time"
    if seen.tracebacks:
        told += f", {counted(seen.tracebacks, 'traceback')}"
    levels = [f"{level} {count:,}" for level, count in sorted(seen.levels.items())]
    told += f"; by level: {listed(levels, 8)}" if levels else ""
    silence = seen.longest_silence
    if silence is not None:
        start = seen_moment(bundle.window, silence.start)
        told += f"; longest silence {shown_duration(silence.length_s)} from {start}"
    return told
