"""For each row the scenes that are healthy but for one thing it looks at. Pure."""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from deploy_verdict.expect import Found, Matcher, select_json
from deploy_verdict.expect.matchers import is_number
from deploy_verdict.model import LogObservation, Outcome
from deploy_verdict.plan import Answer, LogPattern, NeverRule, Pool
from deploy_verdict.prove.mutations import crossing, fitting, has_value, lacking, with_value
from deploy_verdict.prove.rows import Row, Seen
from deploy_verdict.prove.scenes import LOOKS, Scene

ReadLog = Callable[[Sequence[str]], LogObservation]
_NUMBER = Matcher(below=0)
ERRORS = 1000


@dataclass(frozen=True, kw_only=True)
class Spoilt:
    """`lacking`: nobody can see what the row asks for, so none may be green; `crossing`: it is wrong."""

    lacking: tuple[Scene, ...] = ()
    crossing: tuple[Scene, ...] = ()


def of_line(row: Row, healthy: Scene) -> Spoilt:
    """Each value that the row looks at, spoilt in the first healthy answer that passes."""
    return Spoilt(lacking=tuple(_each(row, healthy, lacking)), crossing=tuple(_each(row, healthy, crossing)))


def _each(row: Row, healthy: Scene, spoil: Callable[..., Iterator[tuple[str, Answer]]]) -> Iterator[Scene]:
    for seen in row.seen:
        base = _base(row, healthy, seen)
        if base is not None:
            for told, answer in spoil(base, seen.selector, seen.matcher):
                yield healthy.but(seen.name, (answer,), f"{seen.name}: {_told(seen, told)}")


def _told(seen: Seen, told: str) -> str:
    return told if seen.selector in told else f"{seen.selector} {told}"


def _base(row: Row, healthy: Scene, seen: Seen) -> Answer | None:
    answers = healthy.answers.get(seen.name, ())
    if not row.is_alternative:
        return next(iter(answers), None)
    passing = (a for a in answers if row.ask(healthy.but(seen.name, (a,), "")) is Outcome.PASS)
    return next(passing, None)


def of_race(row: Row, healthy: Scene) -> Spoilt:
    """Every request of a race gets what the first one got."""
    name = row.seen[0].name
    answers = healthy.answers.get(name, ())
    if not answers:
        return Spoilt()
    same = tuple(answers[0] for _ in answers)
    return Spoilt(crossing=(healthy.but(name, same, f"{name}: all answered {answers[0].status}"),))


def of_never(rule: NeverRule, row: Row, healthy: Scene) -> Spoilt:
    """An answer that the rule forbids; and, for a rule of one check, answers without its field."""
    name = next((seen.name for seen in row.seen if healthy.answers.get(seen.name)), None)
    if name is None:
        return Spoilt()
    answer = healthy.answers[name][0]
    for line in rule.lines:
        answer = next((spoilt for _, spoilt in fitting(answer, line.selector, line.matcher)), answer)
    told = f"{name}: {', '.join(line.text for line in rule.lines)}"
    return Spoilt(
        lacking=tuple(_without(rule, name, healthy)) if rule.of else (),
        crossing=(healthy.but(name, (answer,), told),),
    )


def _without(rule: NeverRule, name: str, healthy: Scene) -> Iterator[Scene]:
    """Null and other types speak against a rule on numbers only: an alert that is null is no alert."""
    for line in rule.lines:
        for told, answer in lacking(healthy.answers[name][0], line.selector, line.matcher):
            if line.matcher.speaks_of_numbers or told in ("field removed", "an HTML page"):
                yield healthy.but(name, (answer,), f"{name}: {line.selector} {told}")


def of_pool(pool: Pool, key: str, healthy: Scene) -> Spoilt:
    """Readings without the number, and a gauge that reaches the limit in question."""
    answer = healthy.answers[pool.name][0]
    limit = _number(answer, pool.limit)
    if limit is None or not has_value(answer, pool.used):
        return Spoilt()

    def with_used(values: Sequence[float], told: str) -> Scene:
        samples = tuple(
            (_used(answer, pool, value), _used(answer, pool, max(0.0, value - 0.001))) for value in values
        )
        return replace(healthy, name=f"{pool.name}: {told}", samples={pool.name: samples})

    shares = {"used": 100.0, "limit": 100.0, "attention": pool.attention, "critical": pool.critical}
    if key == "growth":
        rising = [limit * (0.05 + 0.1 * number) for number in range(LOOKS)]
        return Spoilt(crossing=(with_used(rising, f"{pool.used} rises from look to look"),))
    if key == "stays_within":
        points = (pool.stays_within.points if pool.stays_within else 0.0) + 5
        swinging = [0.0, 0.0, 0.0, 0.0, limit * points / 100]
        return Spoilt(crossing=(with_used(swinging, f"{pool.used} swings by {points:g} points"),))
    level = limit * shares[key] / 100 + 0.001
    reached = with_used([level] * LOOKS, f"{pool.used} at {shares[key]:g} % of {pool.limit}")
    selector = pool.limit if key == "limit" else pool.used
    seen = Seen(name=pool.name, selector=selector, matcher=_NUMBER)
    gone = [
        healthy.but(pool.name, (spoilt,), f"{pool.name}: {_told(seen, told)}")
        for told, spoilt in lacking(answer, selector, _NUMBER)
    ]
    return Spoilt(lacking=tuple(gone) if key in ("used", "limit") else (), crossing=(reached,))


def _used(answer: Answer, pool: Pool, value: float) -> Answer:
    return with_value(answer, pool.used, lambda _: value)


def _number(answer: Answer, selector: str) -> float | None:
    found = select_json(selector, answer.body)
    return float(found.value) if isinstance(found, Found) and is_number(found.value) else None


def of_log(
    pattern: LogPattern | None, rule: str, lines: Sequence[str], healthy: Scene, read_log: ReadLog
) -> Spoilt:
    """A forbidden text among the healthy lines, the wanted one cut out of them, or many errors."""
    last = lines[-1].split(" ", 1)[0] if lines else ""
    if pattern is None:
        wrong, told = [*lines, *[f"{last} ERROR spoilt: an error"] * ERRORS], f"{ERRORS} lines of level ERROR"
    elif rule == "must_appear":
        sought = re.compile(pattern.regex or re.escape(pattern.text or ""))
        wrong, told = [line for line in lines if not sought.search(line)], "those lines cut out of the log"
    elif pattern.text is None:
        # Which text a regular expression means, only a real log can tell.
        return Spoilt()
    else:
        wrong, told = [*lines, f"{last} ERROR spoilt: {pattern.text}"], "the text in the log"
    return Spoilt(crossing=(replace(healthy, name=told, log=read_log(wrong)),))
