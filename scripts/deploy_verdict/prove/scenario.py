"""Scenarios: recorded answers as the evidence of a window, each judged once by the judge itself. Pure."""

import math
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from itertools import cycle, islice
from weakref import WeakKeyDictionary

from deploy_verdict.evidence.bundle import Bundle, bundled
from deploy_verdict.evidence.platform.platform_views import own_answered
from deploy_verdict.expect import worst
from deploy_verdict.model import (
    BurstObservation,
    Evidence,
    HttpObservation,
    Loaded,
    LogObservation,
    Observation,
    Outcome,
    PreviousTrafficObservation,
    Reading,
    Subject,
    TestObservation,
    TrafficObservation,
    Verdict,
    WindowFrame,
    WindowRef,
)
from deploy_verdict.model.window import evidence_name, wall_end
from deploy_verdict.plan import Answer, Plan, Pool, asked_once
from deploy_verdict.plan.sections.pools import Burst
from deploy_verdict.prove.replay import T0, Answers, ReplayedStep, exchange_of, replay_suite
from deploy_verdict.stages.registry import sampled
from deploy_verdict.verdict.judge import judge

SAMPLES = 9
FEWEST_READINGS, MOST_READINGS = 2, 30
COMMIT = "a" * 40
# The attempt number of synthetic files, far above those of the checks' own files.
SYNTHETIC_ATTEMPT = 1000
EvidenceKey = tuple[str, str]


@dataclass(frozen=True, kw_only=True, eq=False)
class Scenario:
    """The baseline, an incident or a mutant: answers by name, a log, and synthetic evidence.

    `samples` holds a pool's answers sample by sample, if they differ. `own_share` is the share of our
    answered requests that the edge's log holds.
    """

    name: str
    answers: Answers
    samples: Mapping[str, tuple[tuple[Answer, ...], ...]] = field(default_factory=dict)
    log: LogObservation | None = None
    synthetic: Mapping[EvidenceKey, Observation] = field(default_factory=dict)
    own_share: float = 1.0

    def mutant(self, name: str, check: str, answers: tuple[Answer, ...]) -> "Scenario":
        """Return the scenario with other answers of one check."""
        return replace(self, name=name, answers={**self.answers, check: answers})

    def synthetic_mutant(self, name: str, key: EvidenceKey, observation: Observation | None) -> "Scenario":
        """Return the scenario with another synthetic observation, or without it."""
        synthetic = {**self.synthetic, key: observation}
        return replace(self, name=name, synthetic={k: v for k, v in synthetic.items() if v is not None})


class Evaluator:
    """Judges scenarios under a plan with fewer samples; `baseline` is the healthy one."""

    def __init__(self, plan: Plan, baseline: Scenario) -> None:
        self.plan, self.baseline = _shortened(plan, baseline.answers), baseline
        self._verdicts: WeakKeyDictionary[Scenario, Verdict] = WeakKeyDictionary()
        self._suites: WeakKeyDictionary[Scenario, dict[str, list[ReplayedStep]]] = WeakKeyDictionary()

    def verdict(self, scenario: Scenario) -> Verdict:
        """Return the verdict on the scenario."""
        if scenario not in self._verdicts:
            bundle = _bundle(self.plan, scenario, self.suite(scenario))
            self._verdicts[scenario] = judge(bundle, judged_at=T0, tool_version="proof")
        return self._verdicts[scenario]

    def outcome(self, scenario: Scenario, stage: str, check: str, *rules: str) -> Outcome:
        """Return the worst outcome of some findings."""
        return worst(
            finding.outcome
            for finding in self.verdict(scenario).findings
            if (finding.stage, finding.check) == (stage, check) and finding.rule in rules
        )

    def suite(self, scenario: Scenario) -> dict[str, list[ReplayedStep]]:
        """Return the E2E tests with the scenario's answers."""
        if scenario not in self._suites:
            self._suites[scenario] = replay_suite(self.plan, scenario.answers)
        return self._suites[scenario]


def _shortened(plan: Plan, answers: Answers) -> Plan:
    """Return the plan with fewer samples and readings, and its limits unchanged."""
    pools = []
    for pool in plan.pools:
        readings = min(max(FEWEST_READINGS, len(answers.get(pool.name, ()))), MOST_READINGS)
        burst = Burst.model_validate({"for": f"{readings}s", "every": "1s"})
        # What a gauge shows under load, or after it, cannot be recorded.
        pools.append(pool.model_copy(update={"burst": burst, "exercise": None, "return_to_floor": None}))
    # Keys of the plan, not names of stages.
    update: dict[str, object] = dict(
        window=plan.window.model_copy(update={"sample_every": plan.window.length / (SAMPLES - 1)}),
        pools=tuple(pools),
        health=asked_once(plan).health,
        heartbeat=None,
        # Synthetic runs stand for the top-up, and just as many are required.
        exposure=tuple(
            exposure.model_copy(update={"at_least": exposure.wanted, "top_up": None})
            for exposure in plan.exposures
        ),
        claims=tuple(claim.model_copy(update={"exposure": None}) for claim in plan.claims),
    )
    if plan.e2e is not None:
        update["e2e"] = plan.e2e.model_copy(update={"at": (0.0,), "command": (), "limit": None})
    if plan.logs is not None:
        # The recorded log is the service's own, and lacks the requests that are made up here.
        update["logs"] = plan.logs.model_copy(update={"canary": None, "sources": ()})
    return plan.model_copy(update=update)


_StageSample = tuple[str, float, int, tuple[Observation, ...]]


def _bundle(plan: Plan, scenario: Scenario, suite: Mapping[str, list[ReplayedStep]]) -> Bundle:
    left_out = ["logs"] if plan.logs is not None and scenario.log is None else []
    if plan.e2e is not None and not plan.e2e.tests:
        left_out.append("e2e")
    subject = Subject(target=plan.service.base_url, commit=COMMIT if plan.railway else None)
    window = _window(plan, scenario)
    samples = [*_recorded_samples(plan, scenario, suite), *_synthetic_samples(plan, scenario)]
    files = [_file(plan, subject, window, sample) for sample in samples]
    bundle = bundled(plan, window, subject, files, left_out=left_out)
    traffic = scenario.synthetic.get(("traffic", "traffic"))
    if plan.traffic is None or not isinstance(traffic, TrafficObservation):
        return bundle
    # The edge's log must hold what the service has answered, through the complete window.
    own = math.floor(scenario.own_share * own_answered(bundle)) if traffic.entries_read else 0
    logged = {"start": window.t0, "end": wall_end(window), "own_requests": own}
    observations: list[Observation] = [traffic.model_copy(update=logged)]
    previous = scenario.synthetic.get(("traffic", "previous"))
    if isinstance(previous, PreviousTrafficObservation):
        is_read = previous.end <= T0
        update = {"end": wall_end(window)} if is_read else {}
        observations.append(previous.model_copy(update=update))
    sample = ("traffic", plan.window.length, 1, tuple(observations))
    return replace(bundle, loaded=(*bundle.loaded, _file(plan, subject, window, sample)))


def _window(plan: Plan, scenario: Scenario) -> WindowFrame:
    """Return a window that is as long on the wall clock as the log."""
    t0, speed = T0, 1.0
    if scenario.log is not None:
        t0 = scenario.log.start
        speed = plan.window.length / max(1.0, (scenario.log.end - t0).total_seconds())
    return WindowFrame(
        id="proof", t0=t0, length_s=plan.window.length, offsets_s=plan.window.offsets_s, speed=speed
    )


def _recorded_samples(
    plan: Plan, scenario: Scenario, suite: Mapping[str, list[ReplayedStep]]
) -> Iterator[_StageSample]:
    """Yield the recorded samples; each of a check's several answers is an attempt."""
    checks = [check.name for check in plan.health]
    attempts = max(1, *(len(scenario.answers.get(name, ())) for name in checks)) if checks else 0
    for number in range(attempts):
        yield "health", 0.0, number + 1, tuple(_answered(plan, scenario, checks, 0.0, number))
    if plan.e2e is not None and plan.e2e.tests:
        runs = [
            TestObservation(
                check=test, offset_s=0.0, at=T0, elapsed_ms=0.0, steps=tuple(record for _, record in steps)
            )
            for test, steps in suite.items()
        ]
        yield "e2e", 0.0, 1, tuple(runs)
    for offset_s in plan.window.pool_offsets_s if plan.pools else ():
        # A sample in between repeats the regular one before it.
        index = bisect_right(plan.window.offsets_s, offset_s) - 1
        observations: list[Observation] = []
        for pool in plan.pools:
            observations += _burst(plan, scenario, pool, index, offset_s)
            if offset_s in plan.window.offsets_s:
                observations += _answered(plan, scenario, pool.beside, offset_s, index)
        yield "pools", offset_s, 1, tuple(observations)
    if plan.logs is not None and scenario.log is not None:
        yield "logs", plan.window.length, 1, (scenario.log,)


def _synthetic_samples(plan: Plan, scenario: Scenario) -> Iterator[_StageSample]:
    """Yield the synthetic samples but the traffic, which is counted when everything else is there."""
    for stage in sampled():
        if stage.name == "traffic":
            continue
        observations = [item for key, item in scenario.synthetic.items() if key[0] == stage.name]
        for offset_s in stage.offsets_s(plan) if observations else ():
            update = {"offset_s": offset_s} if stage.name == "deployment" else {}
            sample = tuple(item.model_copy(update=update) for item in observations)
            yield stage.name, offset_s, SYNTHETIC_ATTEMPT, sample


def _answered(
    plan: Plan, scenario: Scenario, names: Iterable[str], offset_s: float, number: int
) -> Iterator[Observation]:
    for name in names:
        answers = scenario.answers.get(name, ())
        if answers:
            check = plan.check(name)
            answer = answers[number % len(answers)]
            exchange = exchange_of(answer, check.method, plan.url_of(check))
            yield HttpObservation(check=name, offset_s=offset_s, **dict(exchange))


def _burst(plan: Plan, scenario: Scenario, pool: Pool, index: int, offset_s: float) -> Iterator[Observation]:
    samples = scenario.samples.get(pool.name)
    answers = samples[index % len(samples)] if samples else scenario.answers.get(pool.name, ())
    if pool.asks is not None:
        # No fixture can hold a server's answer, so the pool is left out, as if its address were empty.
        yield BurstObservation(
            check=pool.name,
            offset_s=offset_s,
            actual_offset_s=offset_s,
            at=T0,
            url=pool.asks,
            readings=(),
            not_asked=True,
        )
    elif answers:
        url = plan.url_of(pool)
        readings = [
            Reading(offset_s=offset_s, elapsed_ms=e.elapsed_ms, status=e.status, body=e.body, fault=e.fault)
            for e in islice(cycle(map(exchange_of, answers)), plan.burst_at(pool, offset_s).readings)
        ]
        yield BurstObservation(
            check=pool.name,
            offset_s=offset_s,
            actual_offset_s=offset_s,
            at=T0,
            url=url,
            readings=tuple(readings),
        )


def _file(plan: Plan, subject: Subject, window: WindowFrame, sample: _StageSample) -> Loaded:
    stage, offset_s, attempt, observations = sample
    began = window.t0 + timedelta(seconds=offset_s / window.speed)
    evidence = Evidence(
        stage=stage,
        subject=subject,
        window=WindowRef.model_validate(window.model_dump()),
        plan_name=plan.name,
        plan_sha256=plan.sha256,
        tool_version="proof",
        attempt=attempt,
        offset_s=offset_s,
        planned_at=began,
        started_at=began,
        finished_at=began,
        observations=observations,
    )
    return Loaded(name=evidence_name(stage, offset_s, attempt), evidence=evidence)
