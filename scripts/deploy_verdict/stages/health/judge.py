"""Health checks: every line of `expect`, and the alternatives of `accept`, on every answer. Pure."""

from collections.abc import Iterator, Mapping, Sequence

from deploy_verdict.base.units import shown_offset
from deploy_verdict.evidence.bundle import Bundle
from deploy_verdict.evidence.steps import accept_text, accepted
from deploy_verdict.expect import Tested, tested
from deploy_verdict.model import Finding, HttpObservation, Outcome, Severity
from deploy_verdict.plan import Check

Seen = Mapping[tuple[str, float], list[tuple[str, HttpObservation]]]


def judge_health(bundle: Bundle, findings: Sequence[Finding] = ()) -> Iterator[Finding]:
    """The checks at T+0, and again at each tail."""
    seen = _seen(bundle, "health")
    for offset_s in bundle.plan.window.health_offsets_s:
        for check in bundle.plan.health:
            yield from _judge_check("health", check, offset_s, seen)


def judge_beside(bundle: Bundle) -> Iterator[Finding]:
    """The checks that are repeated beside each pool sample."""
    seen = _seen(bundle, "pools")
    for pool in bundle.plan.pools:
        for name in pool.beside:
            for offset_s in bundle.plan.window.pool_offsets_s:
                yield from _judge_check("pools", bundle.plan.check(name), offset_s, seen)


def _seen(bundle: Bundle, stage: str) -> Seen:
    """Every attempt's observation of each (check, sample) with its pointer, older attempts first."""
    seen: dict[tuple[str, float], list[tuple[str, HttpObservation]]] = {}
    for item in bundle.of_stage(stage):
        for index, observation in enumerate(item.evidence.observations):
            if isinstance(observation, HttpObservation):
                pointer = f"{item.name}#/observations/{index}"
                seen.setdefault((observation.check, observation.offset_s), []).append((pointer, observation))
    return seen


def _judge_check(stage: str, check: Check, offset_s: float, seen: Seen) -> Iterator[Finding]:
    """A fail of any attempt stays: a second try does not undo what the first one saw."""
    taken = seen.get((check.name, offset_s), [])
    attempts: list[tuple[str | None, HttpObservation | None]] = [*taken] or [(None, None)]
    judged = [
        [(pointer, row) for row in _results(check, observation, offset_s)]
        for pointer, observation in attempts
    ]
    for rows in zip(*judged, strict=True):
        failed = [item for item in rows if item[1][2][0] is Outcome.FAIL]
        pointer, row = failed[0] if failed else rows[-1]
        yield _finding(stage, check, offset_s, pointer, row)


def _finding(stage: str, check: Check, offset_s: float, pointer: str | None, row: "_Row") -> Finding:
    rule, expectation, (outcome, actual), because, severity = row
    return Finding(
        stage=stage,
        check=check.name,
        rule=rule,
        expectation=expectation,
        outcome=outcome,
        severity=severity if outcome is Outcome.FAIL else None,
        expected=expectation,
        actual=actual,
        because=because if outcome is Outcome.FAIL else None,
        evidence=pointer,
        offset_s=offset_s,
    )


_Row = tuple[str, str, tuple[Outcome, str], str | None, Severity]


def _results(check: Check, observation: HttpObservation | None, offset_s: float) -> Iterator[_Row]:
    for line in check.expect.lines if check.expect else ():
        result = tested(line, observation) if observation else _missing(offset_s)
        pair = (result.outcome, result.actual) if isinstance(result, Tested) else result
        # What a wrong value means is not known where there was no value.
        no_answer = observation is not None and observation.fault is not None
        because = None if no_answer else line.matcher.else_ or line.matcher.because
        yield line.selector, line.text, pair, because, line.matcher.severity or check.severity
    if check.accept:
        pair = accepted(check.accept, observation) if observation else _missing(offset_s)
        yield "accept", accept_text(check.accept), pair, None, check.severity


def _missing(offset_s: float) -> tuple[Outcome, str]:
    return Outcome.INCONCLUSIVE, f"it was not asked at {shown_offset(offset_s)}"
