"""Shows each E2E test's steps with request, answer and timing, as far as the evidence has them. Pure."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from deploy_verdict.base.units import shown_duration, shown_offset
from deploy_verdict.evidence.bundle import Bundle
from deploy_verdict.evidence.measures import suite_results
from deploy_verdict.expect import fault_text
from deploy_verdict.markup.labels import TEST_WORD
from deploy_verdict.markup.markdown import shown_body
from deploy_verdict.model import CaseObservation, Exchange, Outcome, StepRecord, TestObservation, Verdict
from deploy_verdict.plan import E2E, Step

MOST_BODY, MOST_TESTS = 2000, 300
# What did not pass comes first; unknown words of an external suite come before all of these.
_ORDER = ("STOPPED", "FAIL", "failed", "error", "INCONCLUSIVE", "flaky", "skipped", "DONE", "PASS", "passed")


@dataclass(frozen=True, kw_only=True)
class ShownExchange:
    """One request and its answer; `start` and `length` are percentages of the test's time."""

    request: str
    answer: str
    is_bad: bool
    took: str
    start: float
    length: float
    request_id: str
    headers: str
    body: str


@dataclass(frozen=True, kw_only=True)
class ShownStep:
    """A step of a test: what it sends according to the plan, and its exchanges; a race has several."""

    name: str
    part: str
    sends: str
    exchanges: tuple[ShownExchange, ...]
    notes: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class ShownTest:
    """One run of one test; for a case of an external suite only the result is known."""

    name: str
    when: str
    took: str
    result: str
    stopped: str
    steps: tuple[ShownStep, ...]


def suite_runs(bundle: Bundle, verdict: Verdict) -> tuple[ShownTest, ...]:
    """Return the runs of all tests, those that did not pass first."""
    words = {finding.check: finding.outcome for finding in suite_results(bundle, verdict.findings)}
    shown = list(_tests(bundle, words))
    shown.sort(key=lambda test: _ORDER.index(test.result) if test.result in _ORDER else 0)
    return tuple(shown[:MOST_TESTS])


def _tests(bundle: Bundle, words: Mapping[str, Outcome]) -> Iterator[ShownTest]:
    for item in bundle.of_stage("e2e"):
        for observation in item.evidence.observations:
            if isinstance(observation, TestObservation):
                yield _test(observation, words, bundle.plan.e2e)
            elif isinstance(observation, CaseObservation):
                took = observation.elapsed_ms
                yield ShownTest(
                    name=observation.check,
                    when=shown_offset(observation.offset_s),
                    took="" if took is None else _took(took),
                    result=observation.result,
                    stopped=observation.message,
                    steps=(),
                )


def _test(observation: TestObservation, words: Mapping[str, Outcome], suite: E2E | None) -> ShownTest:
    test = next((test for test in suite.tests if test.name == observation.check), None) if suite else None
    planned = {
        "before_each": suite.before_each if suite else (),
        "start": test.start if test else (),
        "steps": test.steps if test else (),
        "cleanup": test.cleanup if test else (),
    }
    return ShownTest(
        name=observation.check,
        when=shown_offset(observation.offset_s),
        took=_took(observation.elapsed_ms),
        result=TEST_WORD[words[observation.check]] if observation.check in words else _unjudged(observation),
        stopped=observation.stopped or "",
        steps=tuple(_step(step, observation, planned[step.part]) for step in observation.steps),
    )


def _unjudged(observation: TestObservation) -> str:
    """Return the result of steps outside the tests, such as a pre-check, which are not judged."""
    return "STOPPED" if observation.stopped else "DONE"


def _took(elapsed_ms: float) -> str:
    return f"{elapsed_ms:.0f} ms" if elapsed_ms < 1000 else shown_duration(elapsed_ms / 1000)


def _step(step: StepRecord, observation: TestObservation, planned: Sequence[Step]) -> ShownStep:
    race = step.race.exchanges if step.race else ()
    exchanges = [*step.earlier, *([step.exchange] if step.exchange else []), *race]
    notes = [f"not sent: {step.refused}"] if step.refused else []
    captured = [f"{name} = {json.dumps(value, ensure_ascii=False)}" for name, value in step.captured.items()]
    notes += [f"captured: {'; '.join(captured)}"] if captured else []
    notes += [f"{name} was not captured: {why}" for name, why in step.not_captured.items()]
    if step.race:
        overlap = "overlapped" if step.race.overlapped else "did not overlap"
        notes.append(f"{len(race)} requests, started within {step.race.spread_ms:.1f} ms, {overlap}")
    return ShownStep(
        name=step.name,
        part={"before_each": "before", "start": "start", "cleanup": "cleanup"}.get(step.part, ""),
        sends=_sends(step, planned),
        exchanges=tuple(_exchange(item, observation.at, observation.elapsed_ms) for item in exchanges),
        notes=tuple(notes),
    )


def _sends(step: StepRecord, planned: Sequence[Step]) -> str:
    """Return the body as the plan has it, with its placeholders; the evidence keeps no sent bodies."""
    body = planned[step.index].json_ if step.index < len(planned) else None
    return "" if body is None else json.dumps(body, ensure_ascii=False)[:MOST_BODY]


def _exchange(exchange: Exchange, began: datetime, test_ms: float) -> ShownExchange:
    took_ms = exchange.elapsed_ms or 0.0
    since_ms = (exchange.at - began).total_seconds() * 1000
    scale = 100 / max(test_ms, since_ms + took_ms, 1.0)
    status = "no answer" if exchange.status is None else str(exchange.status)
    body = shown_body(exchange.body)[0] if exchange.body else ""
    return ShownExchange(
        request=f"{exchange.method} {exchange.url}",
        answer=fault_text(exchange.fault) if exchange.fault else status,
        is_bad=exchange.fault is not None or (exchange.status or 0) >= 500,
        took="" if exchange.elapsed_ms is None else _took(took_ms),
        start=round(max(0.0, min(99.0, since_ms * scale)), 2),
        length=round(max(0.6, took_ms * scale), 2),
        request_id=exchange.request_id,
        headers="\n".join(f"{name}: {value}" for name, value in exchange.headers.items())[:MOST_BODY],
        body=body[:MOST_BODY] + ("\n… (cut)" if len(body) > MOST_BODY or exchange.body_truncated else ""),
    )
