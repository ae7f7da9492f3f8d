"""Kinds of log lines that are new, gone or more frequent since the deployment, as tables. Pure."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from deploy_verdict.base.units import shown_duration
from deploy_verdict.evidence.bundle import Bundle
from deploy_verdict.evidence.measures import log_before, log_observation
from deploy_verdict.markup.labels import counted, seen_moment
from deploy_verdict.markup.tables import Code, Table
from deploy_verdict.model import LogObservation, PatternCount, TemplateCount
from deploy_verdict.plan import Incident
from deploy_verdict.stages.logs.novelty import Change, Comparison, compared, first_line
from deploy_verdict.stages.logs.templates import fingerprint
from deploy_verdict.stats.bounds import CONFIDENCE

MAX_ROWS = 15
_KINDS = {"error": "error", "unproven": "perhaps an error", "other": ""}


@dataclass(frozen=True, kw_only=True)
class Part:
    """One table, and how many rows are not shown."""

    title: str
    table: Table
    hidden: int


@dataclass(frozen=True, kw_only=True)
class ShownNovelty:
    """`told` says in a sentence what was compared, or why nothing could be."""

    told: str
    parts: tuple[Part, ...]
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


def _appeared(bundle: Bundle, title: str, templates: Sequence[TemplateCount]) -> Part:
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
    return Part(title=title, table=Table(headers=headers, rows=rows), hidden=len(templates) - len(rows))


def _changes(title: str, changes: Sequence[Change]) -> Part:
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
    return Part(title=title, table=Table(headers=headers, rows=rows), hidden=len(changes) - len(rows))


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
