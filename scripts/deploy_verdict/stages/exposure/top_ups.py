"""A top-up's runs that failed: what each of them proves by the plan that judges it. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass

from deploy_verdict.evidence.bundle import Bundle
from deploy_verdict.evidence.finding import made
from deploy_verdict.evidence.platform_views import readings_of
from deploy_verdict.evidence.steps import Result, tested_step
from deploy_verdict.model import FailedRun, Finding, Outcome, TopUpObservation
from deploy_verdict.plan import Exposure
from deploy_verdict.stages.e2e.judge_runs import failed_result

STAGE, TOP_UP = "exposure", "top_up"


@dataclass(frozen=True)
class Failed:
    """One run that a step ended, and what that step's answer is worth."""

    pointer: str
    seen: TopUpObservation
    step: str
    result: Result


def failed_runs(bundle: Bundle) -> Iterator[Failed]:
    """Of every top-up, whatever it was for."""
    for pointer, seen in readings_of(bundle, TOP_UP, TopUpObservation):
        for index, failure in enumerate(seen.failures):
            result = _result(bundle, seen, failure, is_first=index == 0 and not seen.done)
            yield Failed(f"{pointer}/failures/{index}", seen, failure.step.name, result)


def _result(bundle: Bundle, seen: TopUpObservation, failure: FailedRun, *, is_first: bool) -> Result:
    stage, _, name = seen.of.partition("/")
    e2e, exchange = bundle.plan.e2e, failure.step.exchange
    if stage == "e2e" and e2e is not None:
        for test in e2e.tests:
            if test.name == name:
                return failed_result(e2e, test, failure, is_first=is_first)
    if stage == "health" and exchange is not None:
        for check in bundle.plan.health:
            if check.name == name:
                return tested_step(check, exchange)
    return Result(Outcome.INCONCLUSIVE, f"the plan has no {seen.of}")


def judge_failed(bundle: Bundle, asked: Exposure) -> Iterator[Finding]:
    """A run that went wrong, in the operation or beside it: nothing else looks at it."""
    mine = [run for run in failed_runs(bundle) if run.seen.check == asked.name]
    wrong = [run for run in mine if run.result.outcome is Outcome.FAIL]
    for first in wrong[:1]:
        yield made(
            STAGE,
            (asked.name, "top_up"),
            f"every run of {first.seen.of} gives what the plan expects",
            (Outcome.FAIL, asked.severity, f"{len(wrong)} went wrong, the first: {first.result.told}"),
            because="a run that was to top up an exposure went wrong",
            evidence=first.pointer,
        )
