"""What the log says that it did not say before the deployment: new, gone and changed kinds of lines. Pure.

Times of the window are the plan's: a window at high speed stands for its two hours.

A kind of error is known if the time before had it, or had at least three lines that differ from it in the
same one or two words, each of them rare: these are names. It is much more frequent if it came five times as
often, and significantly more often than before; or in ten times as many lines and significantly more than
three times as many bursts, where a burst is twice its worst minute. How often it came is counted in minutes:
several in a row may be one problem, and one full minute many.
"""

import math
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta

from deploy_verdict.base.linear_regex import LinearRegexes
from deploy_verdict.base.units import shown_duration
from deploy_verdict.expect import fault_text
from deploy_verdict.model import LogObservation, TemplateCount
from deploy_verdict.plan import LogRules, Novelty
from deploy_verdict.stats.bounds import Ratio, rate_ratio

LARGE, FLOOD = 3.0, 10.0
MUCH = 5.0
# If more than this share of the minutes has it, those in a row are no longer one problem.
_CROWDED = 0.4
LEAST_SHARE = 0.5
# If nobody says when the deployment began, what began in this last share of the time may be its own.
OWN_SHARE = 0.25
NOT_KEPT = "the evidence does not hold the kinds of lines"
FEWEST_NAMES, MOST_NAMED = 3, 2
_TOKEN = re.compile(r"'[^']*'|\"[^\"]*\"|\S+")
_EXCEPTION = re.compile(r"\W*(?:\w+\.)*[A-Z]\w*(?:Error|Exception|Warning)\W*")


@dataclass(frozen=True, kw_only=True)
class Change:
    """A template before and now, and how much more often it comes now."""

    template: TemplateCount
    before: int
    now: int
    ratio: Ratio


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """The result of a comparison.

    `doubts` say why the time before is not known well enough; then only `errors` and `unproven` are filled.

    `errors` are all kinds of errors in the window that count, `new_errors` the new ones among them.
    `unproven` may be errors and may be new. `early` are errors that may have begun with this deployment
    before T0, as nobody says when it began. `more_errors` and `more_warnings` are known, but much more
    frequent. `compared_s`: how many seconds of the time before were compared with.
    """

    doubts: tuple[str, ...]
    errors: tuple[TemplateCount, ...]
    new_errors: tuple[TemplateCount, ...] = ()
    early: tuple[TemplateCount, ...] = ()
    unproven: tuple[TemplateCount, ...] = ()
    new_warnings: tuple[TemplateCount, ...] = ()
    more_errors: tuple[Change, ...] = ()
    more_warnings: tuple[Change, ...] = ()
    new: tuple[TemplateCount, ...] = ()
    gone: tuple[Change, ...] = ()
    changed: tuple[Change, ...] = ()
    compared_s: float = 0.0


def compared(
    logs: LogRules,
    reading: LogObservation,
    before: LogObservation | None,
    startup: LogObservation | None = None,
    *,
    speed: float = 1.0,
) -> Comparison:
    """Compare a reading of the window, and of this deployment's start, with one of the time before."""
    novelty = logs.novelty or Novelty()
    seen = [*(reading.templates or ())]
    in_window = {(item.kind, item.template) for item in seen}
    early = [item for item in (startup.templates if startup else None) or () if item.kind == "error"]
    seen += [item for item in early if (item.kind, item.template) not in in_window]
    errors = _counting(novelty, (item for item in seen if item.kind == "error"))
    doubts = tuple(_doubts(logs, reading, before))
    if doubts or before is None:
        unproven = _counting(novelty, (item for item in seen if item.kind == "unproven"))
        return Comparison(doubts=doubts, errors=errors, unproven=unproven)
    known = _KnownKinds(before.templates or ())
    fresh = [item for item in seen if not known.has(item)]
    changes = tuple(_changes(reading, before, speed))
    may_be_own = {item.template for item in _may_be_own(reading, before, startup, errors)}
    new_errors = _counting(novelty, (item for item in fresh if item.kind == "error"))
    more = [item for item in changes if is_more_frequent(item, before, _window_s(reading, speed), known)]
    return Comparison(
        doubts=(),
        errors=errors,
        new_errors=tuple(item for item in new_errors if item.template not in may_be_own),
        early=tuple(item for item in errors if item.template in may_be_own),
        unproven=_counting(novelty, (item for item in fresh if item.kind == "unproven")),
        new_warnings=_counting(novelty, (item for item in fresh if item.kind == "warning")),
        more_errors=tuple(item for item in more if item.template.kind == "error" and item.template in errors),
        more_warnings=tuple(item for item in more if item.template.kind == "warning"),
        new=_ordered(
            item for item in fresh if item.kind in ("unlevelled", "other") and not before.templates_left_out
        ),
        gone=tuple(item for item in changes if item.now == 0),
        changed=tuple(item for item in changes if item.now),
        compared_s=_covered_s(before),
    )


class _KnownKinds:
    """The templates of the time before, and where names stand in them."""

    def __init__(self, templates: Sequence[TemplateCount]) -> None:
        self.exact = {(item.kind, item.template): item for item in templates}
        self._alike: dict[tuple[str, int], list[tuple[list[str], int]]] = defaultdict(list)
        for item in templates:
            tokens = _TOKEN.findall(item.template)
            self._alike[item.kind, len(tokens)].append((tokens, item.count))

    def has(self, item: TemplateCount) -> bool:
        """Return whether a template was there before, apart from names."""
        return (item.kind, item.template) in self.exact or (
            item.kind != "other" and self._differs_by_name(item)
        )

    def _differs_by_name(self, item: TemplateCount) -> bool:
        tokens = _TOKEN.findall(item.template)
        groups: dict[tuple[int, ...], list[tuple[tuple[str, ...], int]]] = defaultdict(list)
        for others, count in self._alike[item.kind, len(tokens)]:
            places = tuple(
                place for place, (one, two) in enumerate(zip(tokens, others, strict=True)) if one != two
            )
            if len(places) <= MOST_NAMED and len(places) * 3 <= len(tokens):
                groups[places].append((tuple(others[place] for place in places), count))
        return any(_are_names(places, tokens, found, item.count) for places, found in groups.items())


def _are_names(
    places: tuple[int, ...], tokens: list[str], found: list[tuple[tuple[str, ...], int]], count: int
) -> bool:
    """Return whether there are three or more different words, all rare.

    The name of an exception is not one.
    """
    words = {others for others, _ in found}
    counts = [count for _, count in found]
    said = [tokens[place] for place in places] + [word for others in words for word in others]
    return (
        len(words) >= FEWEST_NAMES
        and sum(counts) <= MOST_NAMED * len(counts)
        and count <= LARGE * max(counts)
        and not any(_EXCEPTION.fullmatch(word) for word in said)
    )


def _may_be_own(
    reading: LogObservation,
    before: LogObservation,
    startup: LogObservation | None,
    errors: Sequence[TemplateCount],
) -> Iterator[TemplateCount]:
    """Yield errors of which nobody knows whether the time before had them, or only this deployment.

    A file does not say when its deployment began unless the plan or the platform does; a start-up line of a
    server may belong to a restart.
    """
    known = {item.template: item for item in before.templates or () if item.kind == "error"}
    own = {item.template for item in (startup.templates if startup else None) or () if item.kind == "error"}
    latest = before.end - timedelta(seconds=OWN_SHARE * (before.end - before.start).total_seconds())
    for item in errors:
        if reading.deployed_by == "start line":
            if item.template in own and item.template not in known:
                yield item
        elif reading.deployed_by is None and reading.file is not None and item.template in known:
            first_at = known[item.template].first_at
            if first_at is not None and first_at > latest:
                yield item


def _counting(novelty: Novelty, templates: Iterable[TemplateCount]) -> tuple[TemplateCount, ...]:
    """Return the templates that are frequent enough and not ignored, in the order of their first line."""
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


def _doubts(logs: LogRules, reading: LogObservation, before: LogObservation | None) -> Iterator[str]:
    novelty, is_quiet = logs.novelty or Novelty(), logs.quiet
    if reading.templates is None:
        yield NOT_KEPT
    if before is None:
        yield "the log before the deployment was not read"
        return
    if before.fault is not None:
        yield f"the log before the deployment could not be read: {fault_text(before.fault)}"
        return
    yield from (f"the log before the deployment is not complete: {reason}" for reason in before.incomplete)
    covered_s = _covered_s(before)
    is_short = before.first_at is None or covered_s < LEAST_SHARE * novelty.before
    if is_short and not is_quiet:
        had = f"{shown_duration(covered_s)} of {shown_duration(novelty.before)}" if covered_s else "no line"
        yield f"the log before the deployment has {had} to compare with"
    if before.templates_left_out.get("error"):
        count = before.templates_left_out["error"]
        yield f"before the deployment there were too many kinds of errors to keep ({count} lines beyond them)"


def _covered_s(before: LogObservation) -> float:
    """Return the seconds from the first line to the end, in real time."""
    return (before.end - before.first_at).total_seconds() if before.first_at else 0.0


def _window_s(reading: LogObservation, speed: float) -> float:
    return (reading.end - reading.start).total_seconds() * speed


def _changes(reading: LogObservation, before: LogObservation, speed: float) -> Iterator[Change]:
    """Yield the kinds of lines whose rate changed much and significantly, or that are gone; errors first."""
    now = {(item.kind, item.template): item for item in reading.templates or ()}
    window_s = _window_s(reading, speed)
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


def is_more_frequent(change: Change, before: LogObservation, window_s: float, known: _KnownKinds) -> bool:
    """Return whether a known kind is significantly more frequent, by how often it came or by its bursts."""
    now, then = change.template, known.exact.get((change.template.kind, change.template.template))
    if then is None or not change.now:
        return False
    before_s = _covered_s(before)
    length = max(_in_a_row(now, window_s), _in_a_row(then, before_s))
    came = round(_minutes(now, window_s) / length)
    often = rate_ratio(came, window_s, max(1, round(_minutes(then, before_s) / length)), before_s)
    if often is not None and often.value >= MUCH and often.low > 1:
        return True
    burst = 2 * max(1, then.most_in_minute)
    bursts = rate_ratio(round(now.count / burst), window_s, max(1, round(then.count / burst)), before_s)
    return change.ratio.value >= FLOOD and bursts is not None and bursts.low > LARGE


def _minutes(item: TemplateCount, length_s: float) -> float:
    """Return in how many minutes it came, corrected for minutes that had it more than once.

    It is the expected number of occurrences at random times that would fill as many minutes.
    """
    every = max(length_s / 60, 1.0)
    return -every * math.log(1 - min(item.minutes, every - 0.5) / every)


def _in_a_row(item: TemplateCount, length_s: float) -> float:
    """Return how many minutes one problem lasted."""
    if item.minutes * 60 > _CROWDED * length_s:
        return 1.0
    return max(1.0, item.minutes / max(item.spells, 1))


def first_line(template: TemplateCount, limit: int = 160) -> str:
    """Return the example's first line, and for a traceback what it raised."""
    lines: Sequence[str] = template.example.strip().split("\n")
    text = lines[0] if len(lines) == 1 else f"{lines[0]} … {lines[-1].strip()}"
    return text if len(text) <= limit else text[: limit - 1] + "…"
