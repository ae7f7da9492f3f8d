"""The logs in the report: errors and patterns; if the log could not be read it says so, never "0 errors".

Pure.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from deploy_verdict.base.log_templates import fingerprint
from deploy_verdict.base.units import shown_duration
from deploy_verdict.evidence.bundle import Bundle
from deploy_verdict.evidence.measures import log_at_start, log_before, log_observation
from deploy_verdict.evidence.platform.platform_views import readings_of
from deploy_verdict.expect import fault_text
from deploy_verdict.markup.labels import counted, files_of, listed, not_checked, observed_moment
from deploy_verdict.markup.lines import Line, lines
from deploy_verdict.markup.tables import Code, Table
from deploy_verdict.model import LogLine, LogObservation, Outcome, PatternCount, TemplateCount, Verdict
from deploy_verdict.model.observations import INTERIM
from deploy_verdict.plan import Incident, LogPattern, LogRules
from deploy_verdict.plan.checks.references import check_of
from deploy_verdict.stages.logs.counting.novelty import Change, Comparison, compared, first_line
from deploy_verdict.stats.bounds import CONFIDENCE

MAX_ROWS = 15
_KINDS = {
    "error": "error",
    "warning": "warning",
    "unproven": "perhaps an error",
    "unlevelled": "",
    "other": "",
}


@dataclass(frozen=True, kw_only=True)
class ShownChange:
    """One table, and how many rows are not shown."""

    title: str
    table: Table
    hidden: int


@dataclass(frozen=True, kw_only=True)
class ShownNovelty:
    """The section on novelty. `summary` says in a sentence what was compared, or why nothing could be."""

    summary: str
    parts: tuple[ShownChange, ...]
    incident: str


def shown_novelty(bundle: Bundle, name: str, rules: LogRules) -> ShownNovelty | None:
    """Return the section on novelty; None if no reading has the log's kinds of lines."""
    reading, before = log_observation(bundle, name), log_before(bundle, name)
    if reading is None or reading.templates is None or not reading.lines_in_window:
        return None
    found = compared(rules, reading, before, log_at_start(bundle, name), speed=bundle.window.speed)
    parts = (
        _appeared(bundle, "New errors", found.new_errors),
        _changes("Errors that are much more frequent", found.more_errors),
        _appeared(bundle, "Errors that may have begun with this deployment before T0", found.early),
        _appeared(bundle, "New, and perhaps errors", found.unproven if not found.doubts else ()),
        _appeared(bundle, "New warnings", found.new_warnings),
        _changes("Warnings that are much more frequent", found.more_warnings),
        _appeared(bundle, "New lines", found.new),
        _changes("Gone", found.gone),
        _changes("More or less frequent", found.changed),
    )
    return ShownNovelty(
        summary=_summary(found, before),
        parts=tuple(part for part in parts if part.table.rows),
        incident=_incident(rules.incident, reading),
    )


def _summary(found: Comparison, before: LogObservation | None) -> str:
    if found.doubts or before is None:
        return f"not known: {'; '.join(found.doubts)}"
    new, gone, changed = len(found.new_errors), len(found.gone), len(found.changed)
    others = len(found.new) + len(found.unproven)
    warnings, more = len(found.new_warnings), len(found.more_errors) + len(found.more_warnings)
    return (
        f"{counted(new, 'new kind')} of errors, {counted(warnings, 'new kind')} of warnings, "
        f"{counted(others, 'new kind')} of other lines, "
        f"{f'{more} known much more frequent, ' if more else ''}{gone} gone, "
        f"{changed} changed in rate; against {counted(before.lines_in_window, 'line')} of "
        f"{shown_duration(found.compared_s)} before the deployment ({before.source})"
    )


def _appeared(bundle: Bundle, title: str, templates: Sequence[TemplateCount]) -> ShownChange:
    rows = tuple(
        (
            f"{item.count:,}",
            observed_moment(bundle.window, item.first_at) if item.first_at else "no time",
            item.level or _KINDS[item.kind],
            Code(first_line(item, 200)),
        )
        for item in templates[:MAX_ROWS]
    )
    headers = ("Lines", "First at", "Level", "Example")
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


def _incident(incident: Incident | None, reading: LogObservation) -> str:
    """Return how many lines of the incident's kinds recurred; "" if the plan names no incident."""
    if incident is None:
        return ""
    is_wanted = {fingerprint(template) for template in incident.templates}
    counts: list[PatternCount] = [item for item in reading.incident if item.sought in is_wanted]
    if not is_wanted or len(counts) < len(is_wanted):
        return "not known: the evidence does not count all of them"
    total = sum(item.count for item in counts)
    return f"{counted(total, 'line')} of {counted(len(is_wanted), 'kind')}"


MAX_ERRORS, MAX_KINDS = 20, 10
MAX_EXAMPLES = 3


@dataclass(frozen=True, kw_only=True)
class ShownPattern:
    """One pattern of the plan: how often it matched, and examples as (moment, text)."""

    name: str
    label: str
    summary: str
    examples: tuple[tuple[str, str], ...]


@dataclass(frozen=True, kw_only=True)
class ShownErrors:
    """Equal errors: how many and when, with a complete example; `is_long`: the example has several lines."""

    summary: str
    example: str
    is_long: bool


@dataclass(frozen=True, kw_only=True)
class ShownLogs:
    """One log; `reason` says why nothing is known of it. `others` are the plan's further logs by name."""

    reason: str
    errors: str
    error_groups: tuple[ShownErrors, ...]
    more_errors: str
    warnings: str
    patterns: tuple[ShownPattern, ...]
    basis: str
    novelty: ShownNovelty | None
    notes: tuple[str, ...]
    lines: tuple[Line, ...]
    files: str
    others: tuple[tuple[str, "ShownLogs"], ...] = ()


def logs(bundle: Bundle, verdict: Verdict, generated_at: datetime) -> ShownLogs:
    """Return the service's own log, and the plan's further ones."""
    section = bundle.plan.logs
    asked = dict(section.asked(bundle.left_out)) if section is not None else {}
    others = tuple((name, _shown(bundle, verdict, name, rules)) for name, rules in asked.items() if name)
    return replace(_shown(bundle, verdict, "", asked.get("")), others=others)


def _shown(bundle: Bundle, verdict: Verdict, name: str, rules: LogRules | None) -> ShownLogs:
    """Return one log; if it could not be read, or has no line of the window, without counts."""
    reading = log_observation(bundle, name)
    reason = _reason(bundle, reading, rules)
    shown = reading if not reason else None
    check = check_of(name, "log")
    doubt = _doubt(verdict, check)
    found = _error_count(shown)
    groups = _grouped(bundle, shown)
    hidden = max(found - sum(count for count, _ in groups), 0)
    return ShownLogs(
        reason=reason,
        errors=_counted_with_doubt(found, "error", doubt) if shown else f"not known: {reason}",
        error_groups=tuple(group for _, group in groups),
        more_errors=f"and {counted(hidden, 'more error')}: see the log itself" if hidden else "",
        warnings=_counted_with_doubt(shown.levels.get("WARNING", 0), "warning", doubt) if shown else "",
        patterns=_patterns(bundle, rules, reading, reason, doubt),
        basis=_basis(bundle, shown) if shown else "",
        novelty=shown_novelty(bundle, name, rules) if shown and rules else None,
        notes=reading.notes if reading else (),
        lines=lines(
            finding
            for finding in verdict.findings
            if (finding.stage, finding.check) == ("logs", check) and finding.outcome is not Outcome.PASS
        ),
        files=files_of(bundle, "logs"),
    )


def _grouped(bundle: Bundle, reading: LogObservation | None) -> list[tuple[int, ShownErrors]]:
    """Return the errors by kind, the most frequent first; without kinds, the first errors in their order."""
    if reading is None:
        return []
    kinds = [item for item in reading.templates or () if item.kind == "error"]
    if not kinds:
        singles = [_line(bundle, line) for line in reading.errors[:MAX_ERRORS]]
        return [(1, _one_of(f"1 error, {moment}", text)) for moment, text in singles]
    kinds.sort(key=lambda item: -item.count)
    return [(item.count, _one_of(_when(bundle, item), item.example)) for item in kinds[:MAX_KINDS]]


def _when(bundle: Bundle, item: TemplateCount) -> str:
    count = counted(item.count, "error")
    if item.first_at is None or item.last_at is None:
        return count
    first, last = (observed_moment(bundle.window, at) for at in (item.first_at, item.last_at))
    return f"{count}, {first}" if first == last else f"{count}, first {first}, last {last}"


def _one_of(summary: str, example: str) -> ShownErrors:
    text = example.strip()
    return ShownErrors(summary=summary, example=text, is_long="\n" in text)


def _reason(bundle: Bundle, reading: LogObservation | None, rules: LogRules | None) -> str:
    absent = not_checked(bundle, "logs")
    if absent is not None:
        return absent
    if rules is None:
        return "not checked: the plan asks nothing of it"
    if reading is None:
        return "the evidence holds no reading of the log"
    if reading.fault is not None:
        return f"the log could not be read ({fault_text(reading.fault)})"
    return "" if reading.lines_in_window or rules.quiet else "the log has no line in the window"


def _doubt(verdict: Verdict, check: str) -> str:
    """Return why the judge does not take the reading for the complete log; "" if it does."""
    wanted = ("logs", check, "readable")
    readable = [item for item in verdict.findings if (item.stage, item.check, item.rule) == wanted]
    bad = [item.actual for item in readable if item.outcome is not Outcome.PASS]
    return bad[0] if bad else "" if readable else "whether the log is complete was not judged"


def _counted_with_doubt(count: int, noun: str, doubt: str) -> str:
    """Write a count with its doubt, as a zero from a log with gaps is not a zero."""
    summary = counted(count, noun)
    if not doubt:
        return summary
    return f"{summary}, perhaps more: {doubt}" if count else f"not known: none was found, but {doubt}"


def _error_count(reading: LogObservation | None) -> int:
    return (
        sum(count for level, count in reading.levels.items() if level in ("ERROR", "CRITICAL"))
        if reading
        else 0
    )


def _patterns(
    bundle: Bundle, section: LogRules | None, reading: LogObservation | None, reason: str, doubt: str
) -> tuple[ShownPattern, ...]:
    if section is None:
        return ()
    counts = {item.pattern: item for item in reading.patterns} if reading and reading.fault is None else {}
    both = [(pattern, False) for pattern in section.must_not_appear] + [
        (p, True) for p in section.must_appear
    ]
    return tuple(
        _pattern(bundle, item, is_wanted, counts.get(item.name), (reason, doubt)) for item, is_wanted in both
    )


def _pattern(
    bundle: Bundle, pattern: LogPattern, is_wanted: bool, count: PatternCount | None, doubts: tuple[str, str]
) -> ShownPattern:
    reason, doubt = doubts
    label = f'"{pattern.name}"{"" if is_wanted else " errors"}:'
    # Even if the window has no line, a pattern sought anywhere in the log may have been counted.
    if count is None or (reason and not (pattern.within == "log" and count.count)):
        why = reason or "the evidence does not count it"
        return ShownPattern(name=pattern.name, label=label, summary=f"not known: {why}", examples=())
    summary = _counted_with_doubt(count.count, "occurrence", doubt)
    if is_wanted and count.count:
        summary = f"found {counted(count.count, 'time')}"
    elif is_wanted and not doubt:
        summary = "not found"
    if count.first_at is not None:
        summary += f", first at {observed_moment(bundle.window, count.first_at)}"
    examples = () if is_wanted else count.examples[:MAX_EXAMPLES]
    return ShownPattern(
        name=pattern.name,
        label=label,
        summary=summary,
        examples=tuple(_line(bundle, line) for line in examples),
    )


def _line(bundle: Bundle, line: LogLine) -> tuple[str, str]:
    moment = observed_moment(bundle.window, line.at) if line.at else "no time"
    level = f"{line.level} " if line.level and not line.text.startswith(line.level) else ""
    return moment, f"{level}{line.text}"


def _basis(bundle: Bundle, reading: LogObservation) -> str:
    summary = f"{counted(reading.lines_in_window, 'line')} in the window (of {reading.lines_read:,} read)"
    summary += f" of {reading.source}"
    entries = max(1, reading.entries_in_window)
    formats = sorted(reading.formats.items(), key=lambda item: -item[1])
    if formats:
        shares = [f"{name} {100 * count / entries:.0f} %" for name, count in formats]
        summary += f"; read as {listed(shares, 4)}"
    if reading.undated_lines:
        summary += f", {reading.undated_lines:,} without a time"
    if reading.tracebacks:
        summary += f", {counted(reading.tracebacks, 'traceback')}"
    levels = [f"{level} {count:,}" for level, count in sorted(reading.levels.items())]
    summary += f"; by level: {listed(levels, 8)}" if levels else ""
    silence = reading.longest_silence
    if silence is not None:
        start = observed_moment(bundle.window, silence.start)
        summary += f"; longest silence {shown_duration(silence.length_s)} from {start}"
    return summary


def in_short(bundle: Bundle, verdict: Verdict, offset_s: float) -> tuple[Outcome, str]:
    """Return what one reading read. What it found is a finding, which is reported separately."""
    read = [item for _, item in readings_of(bundle, "logs", LogObservation, INTERIM, offset_s=offset_s)]
    bad = [item for item in read if item.fault is not None or item.incomplete]
    texts = (f"{counted(item.lines_in_window, 'new line')} in {item.log or 'the log'}" for item in read)
    return Outcome.INCONCLUSIVE if bad or not read else Outcome.PASS, listed(texts) or "not read"
