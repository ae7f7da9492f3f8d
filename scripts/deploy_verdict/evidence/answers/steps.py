"""Tests what a step of the suite expects on the response it got. Pure.

The collector tests only to decide whether to go on; the judge tests again, with the plan that it is given.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from pydantic import JsonValue

from deploy_verdict.evidence.finding import Ruling, failed, passed, unknown
from deploy_verdict.expect import (
    Expectation,
    Lacking,
    Tested,
    described,
    fault_outcome,
    fault_text,
    select_json,
    shown,
    tested,
    tested_all,
    worst,
)
from deploy_verdict.expect.matchers import members
from deploy_verdict.expect.selectors import type_name
from deploy_verdict.model import Exchange, Outcome, Race, Severity, Whose
from deploy_verdict.model.enums import NOT_CONNECTED
from deploy_verdict.plan import Alternative, Capture, Expecting, Step, Together


def captures(step: Step, exchange: Exchange) -> tuple[dict[str, JsonValue], dict[str, str]]:
    """Return the values that a step captures from its response, and why others are missing, by name."""
    captured: dict[str, JsonValue] = {}
    not_captured: dict[str, str] = {}
    for name, capture in step.capture.items():
        value = _captured(capture, exchange)
        if isinstance(value, Lacking):
            not_captured[name] = value.reason
        else:
            captured[name] = value
    return captured, not_captured


def _captured(capture: Capture, exchange: Exchange) -> JsonValue | Lacking:
    found = select_json(capture.from_, exchange.body, truncated=exchange.body_truncated)
    if isinstance(found, Lacking):
        return found
    if capture.nth >= len(found.several):
        return Lacking(f"{capture.from_} gives {len(found.several)}, so there is no number {capture.nth + 1}")
    value: JsonValue = found.several[capture.nth]
    if capture.count:
        lacking = Lacking(f"{capture.from_} is {type_name(value)}, so it has no members")
        return members(value) if members(value) >= 0 else lacking
    if not isinstance(value, str | int | float):
        return Lacking(f"{capture.from_} is {type_name(value)}; text, a number or a boolean can be captured")
    text = str(value)
    if text.encode("utf-8", errors="replace").decode("utf-8") != text:
        return Lacking(f"{capture.from_} is not text that can be sent (half a character)")
    # Responses are redacted before anything is read from them, so this is not the real value.
    if "[redacted" in text:
        why = "looks like a secret, and was redacted"
        return Lacking(f"{capture.from_} {why} — a token that the service issues is for service.auth.login")
    return value


def accept_text(alternatives: Sequence[Alternative]) -> str:
    """Return all acceptable outcomes as the text of one expectation."""
    return "accepts " + " or ".join(f"({alternative.text})" for alternative in alternatives)


def accepted(alternatives: Sequence[Alternative], exchange: Exchange) -> Ruling:
    """Judge whether a response is one of the acceptable outcomes.

    An alternative applies if its status is that of the response. If an applying alternative fails on a
    readable value, that decides: the response is of this kind, and wrong. Else an unreadable value leaves it
    open.
    """
    results = [tested_all(alternative.lines, exchange) for alternative in alternatives]
    outcomes = [worst(line.outcome for line in lines) for lines in results]
    if Outcome.PASS in outcomes:
        number = outcomes.index(Outcome.PASS)
        because = alternatives[number].because
        return passed(", ".join(map(_described_line, results[number])) + (f" ({because})" if because else ""))
    if exchange.fault is not None:
        return Ruling(worst(outcomes), _first(results[0], worst(outcomes)))
    for lines in results:
        if _is_met(lines) and Outcome.INCONCLUSIVE not in {line.outcome for line in lines}:
            return failed(_first(lines, Outcome.FAIL))
    if Outcome.INCONCLUSIVE in outcomes:
        return unknown(_first(results[outcomes.index(Outcome.INCONCLUSIVE)], Outcome.INCONCLUSIVE))
    return failed("none of them: " + "; ".join(_first(lines, Outcome.FAIL) for lines in results))


def _is_met(lines: Sequence[Tested]) -> bool:
    status = [line.outcome for line in lines if line.expectation.selector == "status"]
    return bool(status) and all(outcome is Outcome.PASS for outcome in status)


def _first(lines: Sequence[Tested], outcome: Outcome) -> str:
    return next((_described_line(line) for line in lines if line.outcome is outcome), "")


def _described_line(line: Tested) -> str:
    selector, actual = line.expectation.selector, line.actual
    if line.outcome is Outcome.PASS:
        return f"{selector} {actual}"
    if line.outcome is Outcome.INCONCLUSIVE:
        return f"{selector}: {actual}"
    if line.no_answer:
        return actual
    return f"{selector} is {actual}, wanted {described(line.expectation.matcher, selector)}"


def step_label(part: str, index: int, name: str) -> str:
    """Name a step as messages do: "step 2 'PAUSAR ARM'", "cleanup step 1 'release'"."""
    words = {"steps": "step", "before_each": "before_each step"}
    return f"{words.get(part, f'{part} step')} {index + 1} '{name}'"


def worst_ruling(rulings: Sequence[Ruling]) -> Ruling:
    """Return the first of the worst rulings, with the severity of the worst fail.

    Inconclusive if there is none.
    """
    outcome = worst(ruling.outcome for ruling in rulings)
    first = next((ruling for ruling in rulings if ruling.outcome is outcome), None)
    if first is None:
        return unknown("nothing was tested")
    if outcome is not Outcome.FAIL:
        return first
    severities = [ruling.severity or Severity.P1 for ruling in rulings if ruling.outcome is Outcome.FAIL]
    return replace(first, severity=min(severities))


def tested_line(line: Expectation, exchange: Exchange) -> Ruling:
    """Judge one line of `expect` on a response."""
    result = tested(line, exchange)
    # Without a value, what a wrong value would mean does not apply.
    because = None if exchange.fault is not None else line.matcher.else_ or line.matcher.because
    return Ruling(result.outcome, result.actual, line.matcher.severity, because)


def tested_step(step: Expecting, exchange: Exchange) -> Ruling:
    """Judge `expect` and `accept` on a response."""
    rulings = [
        _with_expectation(line.text, tested_line(line, exchange))
        for line in (step.expect.lines if step.expect else ())
    ]
    if step.accept:
        rulings.append(_with_expectation(accept_text(step.accept), accepted(step.accept, exchange)))
    return worst_ruling(rulings)


def _with_expectation(text: str, ruling: Ruling) -> Ruling:
    return replace(ruling, actual=f"{text} — {ruling.actual}")


def is_targets_trouble(exchange: Exchange) -> bool:
    """Return whether the target is broken here: a 5xx, or no response by its own or its edge's fault."""
    if exchange.fault is not None and exchange.fault.whose in (Whose.TARGET, Whose.EDGE):
        return True
    return exchange.status is not None and exchange.status >= 500


def may_have_written(exchange: Exchange) -> bool:
    """Return whether there may be something to restore: a request other than a read reached the target."""
    if exchange.method in ("GET", "HEAD"):
        return False
    return exchange.fault is None or exchange.fault.kind not in NOT_CONNECTED


def refusal_body(exchange: Exchange) -> str:
    """Return the start of a 4xx or 5xx response's body, to follow its status; "" for other responses."""
    is_refusal = exchange.fault is None and exchange.status is not None and exchange.status >= 400
    return f": {shown(exchange.body)}" if is_refusal and exchange.body else ""


def tested_race(together: Together, race: Race) -> Ruling:
    """Judge a race: right responses count only if all requests were in flight at one moment."""
    answers = tested_answers(together, race)
    if answers.outcome is not Outcome.PASS or overlapped(race):
        return answers
    tries = f", {race.tries} tries" if race.tries > 1 else ""
    first_end_ms = min(race.ends_ms, default=0.0)
    return unknown(
        f"the requests did not overlap in time (starts {race.spread_ms:.1f} ms apart, the first ended "
        f"after {first_end_ms:.1f} ms{tries}): a race was not tested"
    )


def overlapped(race: Race) -> bool:
    """Return whether the last request began before the first one ended."""
    timed = len(race.starts_ms) == len(race.ends_ms) == len(race.exchanges) > 0
    return race.overlapped and timed and max(race.starts_ms) < min(race.ends_ms)


def tested_answers(together: Together, race: Race) -> Ruling:
    """Judge the number of responses of each status, and what each request of the race expects itself."""
    results = [_counted(together, race)]
    if len(race.exchanges) == together.size:
        own = [request for request in together.requests for _ in range(together.times)]
        results += [
            tested_step(step, answer)
            for step, answer in zip(own, race.exchanges, strict=True)
            if step.expect is not None or step.accept
        ]
    return worst_ruling(results)


def _counted(together: Together, race: Race) -> Ruling:
    wanted = together.wanted()
    faults = [exchange.fault for exchange in race.exchanges if exchange.fault is not None]
    observed = Counter(
        exchange.status
        for exchange in race.exchanges
        if exchange.fault is None and exchange.status is not None
    )
    counts = _shown_counts(wanted, observed, race)
    if any(count > wanted.get(status, 0) for status, count in observed.items()):
        return failed(counts)
    if faults:
        outcomes = [fault_outcome(fault) for fault in faults]
        first = faults[outcomes.index(worst(outcomes))]
        return Ruling(worst(outcomes), f"{len(faults)} gave no answer ({fault_text(first)}); {counts}")
    if len(race.exchanges) != together.size or observed != Counter(wanted):
        return unknown(f"{len(race.exchanges)} of {together.size} recorded; {counts}")
    return passed(counts)


def _shown_counts(wanted: dict[int, int], observed: Counter[int], race: Race) -> str:
    statuses = [*wanted, *sorted(observed.keys() - wanted.keys())]
    counts = [f"{observed[status]} answered {status}" for status in statuses]
    listed = " and ".join([", ".join(counts[:-1]), counts[-1]] if len(counts) > 1 else counts)
    right = ", ".join(f"{count} × {status}" for status, count in wanted.items())
    return f"{listed}; wanted {right}; starts {race.spread_ms:.1f} ms apart"
