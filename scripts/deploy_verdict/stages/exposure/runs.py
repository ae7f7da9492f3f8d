"""How often an operation was run in this window, by the evidence: clean, bad and refused. Pure."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from deploy_verdict.base.units import path_of
from deploy_verdict.evidence.answers.exchanges import Sent, tallies
from deploy_verdict.evidence.answers.steps import is_targets_trouble, tested_step
from deploy_verdict.evidence.bundle import Bundle
from deploy_verdict.evidence.finding import Ruling, unknown
from deploy_verdict.evidence.platform.platform_views import errors_of, readings_of
from deploy_verdict.model import (
    FailedRun,
    Finding,
    Outcome,
    PathTraffic,
    TopUpObservation,
    TrafficObservation,
)
from deploy_verdict.model.observations import INTERIM
from deploy_verdict.plan import E2E, Exposure, Test
from deploy_verdict.stages.e2e.judge_runs import failed_result, run_outcomes, runs_in
from deploy_verdict.stages.registry import driven
from deploy_verdict.stats.bounds import least_percent

TOP_UP = "top_up"


@dataclass(frozen=True)
class Failed:
    """One run that a step ended, and the ruling on that step."""

    pointer: str
    observation: TopUpObservation
    step: str
    result: Ruling


def failed_runs(bundle: Bundle) -> Iterator[Failed]:
    """Yield the failed runs of every top-up, whatever it was for."""
    for pointer, observation in readings_of(bundle, TOP_UP, TopUpObservation):
        for index, failure in enumerate(observation.failures):
            result = _result(bundle, observation, failure, is_first=index == 0 and not observation.done)
            yield Failed(f"{pointer}/failures/{index}", observation, failure.step.name, result)


def _result(bundle: Bundle, observation: TopUpObservation, failure: FailedRun, *, is_first: bool) -> Ruling:
    stage, _, name = observation.of.partition("/")
    e2e, exchange = bundle.plan.e2e, failure.step.exchange
    if stage == "e2e" and e2e is not None:
        for test in e2e.tests:
            if test.name == name:
                return failed_result(e2e, test, failure, is_first=is_first)
    if stage == "health" and exchange is not None:
        for check in bundle.plan.health:
            if check.name == name:
                return tested_step(check, exchange)
    return unknown(f"the plan has no {observation.of}")


@dataclass(frozen=True, kw_only=True)
class OperationRuns:
    """How often an operation was run, and how often it went wrong.

    `others` of these were not ours, and `topped_up` were sent only to top up. `by_edge` are requests of
    others that the edge answered in the service's place, no more often than traffic.max_5xx allows; neither
    clean nor bad.
    """

    clean: int
    bad: int
    by_edge: int = 0
    others: int = 0
    topped_up: int = 0
    refused: int = 0
    first_bad: str | None = None


def our_runs(bundle: Bundle, exposure: Exposure) -> OperationRuns:
    """Return our own runs in the evidence so far, for the top-up."""
    e2e = bundle.plan.e2e
    return runs_of_test(bundle, e2e, exposure) if exposure.test_name and e2e else _ours(bundle, exposure)


def runs_of_path(bundle: Bundle, exposure: Exposure, findings: Sequence[Finding]) -> OperationRuns:
    """Count the runs of an operation by its method and path: ours, and those of others."""
    ours, others = _ours(bundle, exposure), _of_others(bundle, exposure, findings)
    return OperationRuns(
        clean=ours.clean + others.clean,
        bad=ours.bad + others.bad,
        by_edge=others.by_edge,
        others=others.clean + others.bad,
        topped_up=ours.topped_up,
        refused=ours.refused + others.refused,
        first_bad=ours.first_bad or others.first_bad,
    )


def _ours(bundle: Bundle, exposure: Exposure) -> OperationRuns:
    """Count our own runs. A request that never left, or failed on our side, is not a run.

    A response in a drive that its step did not expect is not clean, whatever its status.
    """
    found = [
        item
        for item in bundle.sent
        if exposure.is_met_by(item.exchange.method, path_of(item.exchange.url))
        and bundle.plan.host_of(item.exchange.url) is None
    ]
    bad = [item for item in found if is_targets_trouble(item.exchange)]
    good = [item for item in found if item.exchange.fault is None and (item.exchange.status or 500) < 500]
    done = [item for item in good if (item.exchange.status or 500) < 400]
    clean = [item for item in done if not _ended_a_run(item)]
    tallied, topped_up = _tallied(bundle, exposure), _tallied(bundle, exposure, TOP_UP)
    return OperationRuns(
        clean=len(clean) + sum(status < 400 for status in tallied),
        bad=len(bad) + sum(status >= 500 for status in tallied),
        topped_up=sum(item.stage == TOP_UP for item in (*bad, *clean))
        + sum(not 400 <= status < 500 for status in topped_up),
        refused=len(good) - len(done) + sum(400 <= status < 500 for status in tallied),
        first_bad=bad[0].pointer if bad else None,
    )


def _ended_a_run(item: Sent) -> bool:
    """Return whether a drive kept the response because its step did not expect it.

    Others are only counted.
    """
    return item.stage in driven() and "/failures/" in item.pointer


def _tallied(bundle: Bundle, exposure: Exposure, *stages: str) -> list[int]:
    """Return the status of each response that was counted and not kept."""
    return [
        int(status)
        for tally in tallies(bundle.loaded, *stages)
        if exposure.is_met_by(tally.method, path_of(tally.url))
        for status, count in tally.answers.items()
        if status.isdigit()
        for _ in range(count)
    ]


def _of_others(bundle: Bundle, exposure: Exposure, findings: Sequence[Finding]) -> OperationRuns:
    """Count the runs of others: clean ones by the newest reading, errors by the worst, as a log may be cut.

    An error in a log with gaps is still an error; clean runs count only if the log is trusted. The edge
    sometimes answers in place of any service: that is bad if it happens significantly more often than
    traffic.max_5xx allows.
    """
    log = [item for item in findings if (item.stage, item.check) == ("traffic", "log")]
    believed = bool(log) and all(item.outcome is Outcome.PASS for item in log)
    clean, refused, bad, by_edge, pointer = 0, 0, 0, 0, None
    for name, observation in readings_of(bundle, "traffic", TrafficObservation):
        found = [path for path in observation.paths if exposure.is_met_by(path.method, path.path)]
        if observation.check != INTERIM:
            clean, refused = (sum(_answered(path, kinds) for path in found) for kinds in ("23", "4"))
        wrong = sum(max(errors_of(path), path.edge_fallbacks) for path in found)
        if wrong > bad:
            bad, pointer = wrong, name
            by_edge = sum(path.edge_fallbacks for path in found)
    if not believed:
        return OperationRuns(clean=0, bad=bad, first_bad=pointer)
    allowed = bundle.plan.traffic.max_5xx if bundle.plan.traffic else 0.0
    if bad > by_edge or least_percent(bad, clean + bad) > allowed:
        by_edge = 0
    first_bad = pointer if bad > by_edge else None
    return OperationRuns(
        clean=clean, refused=refused, bad=bad - by_edge, by_edge=by_edge, first_bad=first_bad
    )


def _answered(path: PathTraffic, kinds: str) -> int:
    return sum(count for status, count in path.statuses.items() if status[:1] in kinds and len(status) == 3)


def runs_of_test(bundle: Bundle, e2e: E2E, exposure: Exposure) -> OperationRuns:
    """Count the runs of a test. Every attempt counts, as each really ran; an inconclusive run does not."""
    files = [(item.name, item.evidence) for item in bundle.of_stage("e2e")]
    clean, topped_up, bad = 0, 0, []
    for test in e2e.tests:
        step = exposure.step_of(test.name)
        if step is None:
            continue
        for pointer, observation in runs_in(test.name, files):
            for outcome in run_outcomes(test, e2e.before_each, observation, step, e2e.held_by):
                clean += outcome is Outcome.PASS
                bad += [pointer] if outcome is Outcome.FAIL else []
        more = _topped_up(bundle, test, step)
        clean, topped_up = clean + more.clean, topped_up + more.clean + more.bad
        bad += [more.first_bad or ""] * more.bad
    return OperationRuns(clean=clean, bad=len(bad), topped_up=topped_up, first_bad=bad[0] if bad else None)


def _topped_up(bundle: Bundle, test: Test, step: str) -> OperationRuns:
    """Count the runs of a test, or of its step of that name, that were sent for any top-up."""
    clean, bad = 0, []
    for _, observation in readings_of(bundle, TOP_UP, TopUpObservation):
        if observation.of != f"e2e/{test.name}":
            continue
        named = [tally for tally in observation.tallies if tally.name == step]
        clean += sum(sum(tally.answers.values()) for tally in named) if step else observation.done
    for run in failed_runs(bundle):
        is_of = run.observation.of == f"e2e/{test.name}" and step in ("", run.step)
        if is_of and run.result.outcome is Outcome.FAIL:
            bad.append(run.pointer)
    return OperationRuns(clean=clean, bad=len(bad), first_bad=bad[0] if bad else None)
