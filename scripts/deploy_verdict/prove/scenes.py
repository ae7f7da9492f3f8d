"""A scene: recorded answers as the evidence of a whole window, for the judge itself to judge. Pure."""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from itertools import count

from deploy_verdict.evidence.bundle import Bundle, bundled
from deploy_verdict.evidence.platform_views import own_answered
from deploy_verdict.model import (
    BurstObservation,
    Evidence,
    Exchange,
    Fault,
    HttpObservation,
    Loaded,
    LogObservation,
    Observation,
    Reading,
    Subject,
    Whose,
    WindowFrame,
    WindowRef,
)
from deploy_verdict.model.window import evidence_name, wall_end
from deploy_verdict.plan import Answer, Plan, Pool, Request
from deploy_verdict.plan.sections.pools import Burst
from deploy_verdict.prove.e2e_replay import played
from deploy_verdict.prove.synthetic import COMMIT, NOTHING, Made

T0 = datetime(2026, 1, 1, tzinfo=UTC)
LOOKS = 5
FEWEST_READINGS, MOST_READINGS = 2, 30
MADE_ATTEMPT = 1000
_DETAILS = {"timeout": "no answer within the timeout", "refused": "the connection was refused"}


@dataclass(frozen=True, kw_only=True, eq=False)
class Scene:
    """Answers by name, and a log. `samples` holds a pool's answers look by look where they differ.

    `made` is what cannot be recorded.
    """

    name: str
    answers: Mapping[str, tuple[Answer, ...]]
    samples: Mapping[str, tuple[tuple[Answer, ...], ...]] = field(default_factory=dict)
    log: LogObservation | None = None
    made: Made = NOTHING

    def but(self, name: str, answers: tuple[Answer, ...], told: str) -> "Scene":
        """The same with other answers of one name."""
        return replace(self, name=told, answers={**self.answers, name: answers})


def exchange_of(answer: Answer, request: Request, base_url: str) -> Exchange:
    """A recorded answer as if it had just come."""
    fault = None
    if answer.fault is not None:
        fault = Fault(kind=answer.fault, whose=Whose.TARGET, detail=_DETAILS[answer.fault])
    return Exchange(
        at=T0,
        method=request.method,
        url=base_url + request.path,
        request_id="",
        status=answer.status,
        headers=answer.headers,
        body=answer.body,
        elapsed_ms=answer.elapsed * 1000,
        fault=fault,
    )


def shortened(plan: Plan, healthy: Mapping[str, tuple[Answer, ...]]) -> Plan:
    """The plan with fewer looks and readings: what they are judged by stays as it is."""
    window = plan.window.model_copy(update={"sample_every": plan.window.length / (LOOKS - 1)})
    pools = []
    for pool in plan.pools:
        readings = min(max(FEWEST_READINGS, len(healthy.get(pool.name, ()))), MOST_READINGS)
        burst = Burst.model_validate({"for": f"{readings}s", "every": "1s"})
        # Nobody can record what a gauge would have shown under load, or after it.
        pools.append(pool.model_copy(update={"burst": burst, "exercise": None, "return_to_floor": None}))
    # What is topped up is wanted all the same.
    exposure = tuple(
        asked.model_copy(update={"at_least": asked.wanted, "top_up": None}) for asked in plan.exposures
    )
    claims = tuple(claim.model_copy(update={"exposure": None}) for claim in plan.claims)
    update: dict[str, object] = {
        "window": window,
        "pools": tuple(pools),
        "exposure": exposure,
        "claims": claims,
    }
    if plan.e2e is not None:
        update["e2e"] = plan.e2e.model_copy(update={"at": (0.0,), "command": (), "limit": None})
    if plan.logs is not None:
        # Our requests here are not those of which the recorded log tells.
        update["logs"] = plan.logs.model_copy(update={"canary": None})
    return plan.model_copy(update=update)


def bundle_of(plan: Plan, scene: Scene) -> Bundle:
    """The scene as the evidence of a window under a shortened plan."""
    left_out = []
    if plan.logs is not None and scene.log is None:
        left_out.append("logs")
    if plan.e2e is not None and not plan.e2e.tests:
        left_out.append("e2e")
    subject = Subject(target=plan.service.base_url, commit=COMMIT if plan.railway else None)
    window = _window(plan, scene)
    files = [_file(plan, subject, window, look) for look in (*_looks(plan, scene), *_made(plan, scene.made))]
    bundle = bundled(plan, window, subject, files, left_out=left_out)
    if plan.traffic is None or scene.made.traffic is None:
        return bundle
    # The edge has seen what the service has answered, through the whole window.
    own = math.floor(scene.made.own_share * own_answered(bundle))
    own = own if scene.made.traffic.entries_read else 0
    told = {"start": window.t0, "end": wall_end(window), "own_requests": own}
    seen = scene.made.traffic.model_copy(update=told)
    files.append(_file(plan, subject, window, ("traffic", plan.window.length, 1, (seen,))))
    return bundled(plan, window, subject, files, left_out=left_out)


def _window(plan: Plan, scene: Scene) -> WindowFrame:
    """As long on the wall clock as the log tells of."""
    t0, speed = T0, 1.0
    if scene.log is not None:
        t0 = scene.log.start
        speed = plan.window.length / max(1.0, (scene.log.end - t0).total_seconds())
    return WindowFrame(
        id="proof", t0=t0, length_s=plan.window.length, offsets_s=plan.window.offsets_s, speed=speed
    )


_Look = tuple[str, float, int, tuple[Observation, ...]]


def _looks(plan: Plan, scene: Scene) -> Iterator[_Look]:
    """Stage, offset, attempt and observations; of a check's several answers each is an attempt."""
    most = max((len(scene.answers.get(check.name, ())) for check in plan.health), default=0)
    for number in range(max(1, most) if plan.health else 0):
        yield "health", 0.0, number + 1, tuple(_checks(plan, scene, [c.name for c in plan.health], 0, number))
    if plan.e2e is not None and plan.e2e.tests:
        yield "e2e", 0.0, 1, tuple(item.observation for item in played(plan, scene.answers, exchange_of))
    for index, offset_s in enumerate(plan.window.pool_offsets_s if plan.pools else ()):
        seen: list[Observation] = []
        for pool in plan.pools:
            seen += _burst(plan, scene, pool, index, offset_s)
            seen += _checks(plan, scene, pool.beside, offset_s, index)
        yield "pools", offset_s, 1, tuple(seen)
    if plan.logs is not None and scene.log is not None:
        yield "logs", plan.window.length, 1, (scene.log,)


def _made(plan: Plan, made: Made) -> Iterator[_Look]:
    """All but the traffic, which is counted when all else is there."""
    if made.deployment is not None:
        for offset_s in plan.window.offsets_s:
            yield "deployment", offset_s, 1, (made.deployment.model_copy(update={"offset_s": offset_s}),)
    if made.documents:
        # A file of its own: the checks' files stand for their attempts.
        yield "health", 0.0, MADE_ATTEMPT, made.documents
    if made.metrics is not None:
        yield "metrics", plan.window.length, 1, (made.metrics,)
    if made.runs:
        yield "top_up", plan.window.length, 1, made.runs


def _checks(plan: Plan, scene: Scene, names: object, offset_s: float, number: int) -> Iterator[Observation]:
    for name in names if isinstance(names, list | tuple) else ():
        answers = scene.answers.get(name, ())
        if answers:
            answer = answers[number % len(answers)]
            exchange = exchange_of(answer, plan.check(name), plan.service.base_url)
            yield HttpObservation(check=name, offset_s=offset_s, **dict(exchange))


def _burst(plan: Plan, scene: Scene, pool: Pool, index: int, offset_s: float) -> Iterator[Observation]:
    samples = scene.samples.get(pool.name)
    answers = samples[index % len(samples)] if samples else scene.answers.get(pool.name, ())
    if not answers:
        return
    exchanges = [exchange_of(answer, pool, plan.service.base_url) for answer in answers]
    readings = [
        Reading(offset_s=offset_s, elapsed_ms=e.elapsed_ms, status=e.status, body=e.body, fault=e.fault)
        for e, _ in zip(_cycled(exchanges), range(pool.burst.readings), strict=False)
    ]
    yield BurstObservation(
        check=pool.name,
        offset_s=offset_s,
        actual_offset_s=offset_s,
        at=T0,
        url=exchanges[0].url,
        readings=tuple(readings),
    )


def _cycled(exchanges: list[Exchange]) -> Iterator[Exchange]:
    for number in count():
        yield exchanges[number % len(exchanges)]


def _file(plan: Plan, subject: Subject, window: WindowFrame, look: _Look) -> Loaded:
    stage, offset_s, attempt, observations = look
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
