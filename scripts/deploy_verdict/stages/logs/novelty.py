"""What the log says that it did not say before the deployment: new, gone and changed kinds of lines. Pure.

Rates are compared in real time: a window that runs at speed has little of it, and so has its log.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from deploy_verdict.base.linear_regex import LinearRegexes
from deploy_verdict.base.units import shown_duration
from deploy_verdict.expect import fault_text
from deploy_verdict.model import LogObservation, TemplateCount
from deploy_verdict.plan import Logs, Novelty
from deploy_verdict.stats.bounds import Ratio, rate_ratio

LARGE = 3.0
LEAST_SHARE = 0.5


@dataclass(frozen=True, kw_only=True)
class Change:
    """A template before and now, and how often it is now for each time before."""

    template: TemplateCount
    before: int
    now: int
    ratio: Ratio


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """`doubts` say why the time before is not known well enough, so that nothing is new, gone or changed.

    `errors` are all kinds of errors of the window that count; `new_errors` those that are new, and
    `unproven` those that may be errors and that may be new.
    """

    doubts: tuple[str, ...]
    errors: tuple[TemplateCount, ...]
    new_errors: tuple[TemplateCount, ...] = ()
    unproven: tuple[TemplateCount, ...] = ()
    new: tuple[TemplateCount, ...] = ()
    gone: tuple[Change, ...] = ()
    changed: tuple[Change, ...] = ()
    compared_s: float = 0.0


def compared(logs: Logs, reading: LogObservation, before: LogObservation | None) -> Comparison:
    """Compare a reading of the window with one of the time before."""
    novelty = logs.novelty or Novelty()
    errors = _counting(novelty, (item for item in reading.templates or () if item.kind == "error"))
    doubts = tuple(_doubts(novelty, reading, before))
    if doubts or before is None:
        unproven = _counting(novelty, (item for item in reading.templates or () if item.kind == "unproven"))
        return Comparison(doubts=doubts, errors=errors, unproven=unproven)
    known = {(item.kind, item.template): item for item in before.templates or ()}
    fresh = [item for item in reading.templates or () if (item.kind, item.template) not in known]
    changes = tuple(_changes(reading, before))
    return Comparison(
        doubts=(),
        errors=errors,
        new_errors=_counting(novelty, (item for item in fresh if item.kind == "error")),
        unproven=_counting(novelty, (item for item in fresh if item.kind == "unproven")),
        new=_ordered(
            item for item in fresh if item.kind in ("unlevelled", "other") and not before.templates_left_out
        ),
        gone=tuple(item for item in changes if item.now == 0),
        changed=tuple(item for item in changes if item.now),
        compared_s=_covered_s(before),
    )


def _counting(novelty: Novelty, templates: Iterator[TemplateCount]) -> tuple[TemplateCount, ...]:
    """Those that are frequent enough and not to be ignored; the first to come first."""
    ignored = LinearRegexes(novelty.ignore)
    return _ordered(
        item
        for item in templates
        if item.count >= novelty.min_count
        and not (ignored.found_in(item.template) or ignored.found_in(item.example))
    )


def _ordered(templates: Iterator[TemplateCount]) -> tuple[TemplateCount, ...]:
    return tuple(
        sorted(templates, key=lambda item: (item.first_at.timestamp() if item.first_at else 0.0, -item.count))
    )


def _doubts(novelty: Novelty, reading: LogObservation, before: LogObservation | None) -> Iterator[str]:
    if reading.templates is None:
        yield "the evidence does not hold the kinds of lines"
    if before is None:
        yield "the log before the deployment was not read"
        return
    if before.fault is not None:
        yield f"the log before the deployment could not be read: {fault_text(before.fault)}"
        return
    yield from (f"the log before the deployment is not complete: {reason}" for reason in before.incomplete)
    covered_s = _covered_s(before)
    if before.first_at is None or covered_s < LEAST_SHARE * novelty.before:
        had = f"{shown_duration(covered_s)} of {shown_duration(novelty.before)}" if covered_s else "no line"
        yield f"the log before the deployment has {had} to compare with"
    if before.templates_left_out.get("error"):
        count = before.templates_left_out["error"]
        yield f"before the deployment there were too many kinds of errors to keep ({count} lines beyond them)"


def _covered_s(before: LogObservation) -> float:
    """From the first line to the end, in real time."""
    return (before.end - before.first_at).total_seconds() if before.first_at else 0.0


def _changes(reading: LogObservation, before: LogObservation) -> Iterator[Change]:
    """Kinds of lines whose rate has changed for certain and by much, or that are gone; errors first."""
    now = {(item.kind, item.template): item for item in reading.templates or ()}
    window_s = (reading.end - reading.start).total_seconds()
    for item in sorted(before.templates or (), key=lambda item: (item.kind != "error", -item.count)):
        same = now.get((item.kind, item.template))
        count = same.count if same else 0
        if not count and reading.templates_left_out.get(item.kind):
            continue
        ratio = rate_ratio(count, window_s, item.count, _covered_s(before))
        if ratio is None or ratio.low <= 1 <= ratio.high:
            continue
        if ratio.value >= LARGE or ratio.value <= 1 / LARGE:
            yield Change(template=same or item, before=item.count, now=count, ratio=ratio)


def first_line(template: TemplateCount, limit: int = 160) -> str:
    """The example's first line, and what its traceback raised."""
    lines: Sequence[str] = template.example.strip().split("\n")
    text = lines[0] if len(lines) == 1 else f"{lines[0]} … {lines[-1].strip()}"
    return text if len(text) <= limit else text[: limit - 1] + "…"
