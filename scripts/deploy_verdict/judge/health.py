"""Health checks: every line of `expect`, and the alternatives of `accept`, on every answer. Pure."""

from collections.abc import Iterator, Mapping

from deploy_verdict.bundle import Bundle
from deploy_verdict.expect import Tested, described, tested, tested_all, worst
from deploy_verdict.model import Exchange, Finding, HttpObservation, Outcome, Severity
from deploy_verdict.plan import Alternative, Check
from deploy_verdict.units import shown_offset

Seen = Mapping[tuple[str, float], tuple[str, HttpObservation]]


def judge_health(bundle: Bundle) -> Iterator[Finding]:
    """The checks at T+0."""
    seen = _seen(bundle, "health")
    for check in bundle.plan.health:
        yield from _judge_check("health", check, 0.0, seen)


def judge_beside(bundle: Bundle) -> Iterator[Finding]:
    """The checks that are repeated beside each pool sample."""
    seen = _seen(bundle, "pools")
    for pool in bundle.plan.pools:
        for name in pool.beside:
            for offset_s in bundle.plan.window.offsets_s:
                yield from _judge_check("pools", bundle.plan.check(name), offset_s, seen)


def _seen(bundle: Bundle, stage: str) -> Seen:
    """The newest attempt's observation of each (check, sample), with its pointer."""
    seen: dict[tuple[str, float], tuple[str, HttpObservation]] = {}
    for item in bundle.of_stage(stage):
        for index, observation in enumerate(item.evidence.observations):
            if isinstance(observation, HttpObservation):
                pointer = f"{item.name}#/observations/{index}"
                seen[observation.check, observation.offset_s] = pointer, observation
    return seen


def _judge_check(stage: str, check: Check, offset_s: float, seen: Seen) -> Iterator[Finding]:
    pointer, observation = seen.get((check.name, offset_s), (None, None))
    for rule, expectation, result, because, severity in _results(check, observation, offset_s):
        yield Finding(
            stage=stage,
            check=check.name,
            rule=rule,
            expectation=expectation,
            outcome=result[0],
            severity=severity if result[0] is Outcome.FAIL else None,
            expected=expectation,
            actual=result[1],
            because=because if result[0] is Outcome.FAIL else None,
            evidence=pointer,
            offset_s=offset_s,
        )


_Row = tuple[str, str, tuple[Outcome, str], str | None, Severity]


def _results(check: Check, observation: HttpObservation | None, offset_s: float) -> Iterator[_Row]:
    for line in check.expect.lines if check.expect else ():
        result = tested(line, observation) if observation else _missing(offset_s)
        pair = (result.outcome, result.actual) if isinstance(result, Tested) else result
        because = line.matcher.else_ or line.matcher.because
        yield line.selector, line.text, pair, because, line.matcher.severity or check.severity
    if check.accept:
        pair = accepted(check.accept, observation) if observation else _missing(offset_s)
        yield "accept", accept_text(check.accept), pair, None, check.severity


def _missing(offset_s: float) -> tuple[Outcome, str]:
    return Outcome.INCONCLUSIVE, f"it was not asked at {shown_offset(offset_s)}"


def accept_text(alternatives: tuple[Alternative, ...]) -> str:
    """All acceptable outcomes as one expectation."""
    return "accepts " + " or ".join(f"({alternative.text})" for alternative in alternatives)


def accepted(alternatives: tuple[Alternative, ...], exchange: Exchange) -> tuple[Outcome, str]:
    """Pass when one alternative holds whole; inconclusive when one might, could its fields be read."""
    results = [tested_all(alternative.lines, exchange) for alternative in alternatives]
    outcomes = [worst(result.outcome for result in lines) for lines in results]
    for alternative, lines, outcome in zip(alternatives, results, outcomes, strict=True):
        if outcome is Outcome.PASS:
            why = f" ({alternative.because})" if alternative.because else ""
            return outcome, ", ".join(_told(line) for line in lines) + why
    if Outcome.INCONCLUSIVE in outcomes:
        lines = results[outcomes.index(Outcome.INCONCLUSIVE)]
        return Outcome.INCONCLUSIVE, next(_told(line) for line in lines if line.outcome is not Outcome.PASS)
    if exchange.fault is not None:
        return Outcome.FAIL, results[0][0].actual
    return Outcome.FAIL, "none of them: " + "; ".join(
        next(_told(line) for line in lines if line.outcome is Outcome.FAIL) for lines in results
    )


def _told(line: Tested) -> str:
    selector = line.expectation.selector
    if line.outcome is Outcome.PASS:
        return f"{selector} {line.actual}"
    return f"{selector} is {line.actual}, wanted {described(line.expectation.matcher, selector)}"
