"""What cannot be recorded beside a plan, made up: a healthy platform, its documents, enough clean runs. Pure.

Each is what the collector would have written where nothing is wrong, so that spoiling one thing in it shows
whether anything of the plan notices.
"""

import json
import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from deploy_verdict.expect import Lacking
from deploy_verdict.expect.openapi import schema_fields
from deploy_verdict.model import (
    Deployment,
    DeploymentObservation,
    FingerprintAttempt,
    FingerprintObservation,
    MetricsObservation,
    PathTraffic,
    Point,
    Series,
    Tally,
    TopUpObservation,
    TrafficObservation,
)
from deploy_verdict.model.platform import Instance
from deploy_verdict.plan import Claim, Exposure, OpenApi, Plan

AT = datetime(2026, 1, 1, tzinfo=UTC)
COMMIT, OTHER_COMMIT = "a" * 40, "b" * 40
REQUESTS = 1_000_000
POINTS = 120
LIMIT_GB = 8.0
ID = "7"


@dataclass(frozen=True, kw_only=True)
class Made:
    """Observations by what they tell of. `own_share` of our answered requests came back in the edge's log."""

    deployment: DeploymentObservation | None = None
    documents: tuple[FingerprintObservation, ...] = ()
    traffic: TrafficObservation | None = None
    own_share: float = 1.0
    metrics: MetricsObservation | None = None
    runs: tuple[TopUpObservation, ...] = ()

    def but(self, **changes: Any) -> "Made":
        """The same with one of them changed."""
        return replace(self, **changes)


def made_for(plan: Plan) -> Made:
    """All that a plan asks the platform, documents and drives for."""
    return Made(
        deployment=deployment() if plan.railway is not None else None,
        documents=tuple(document(claim, claim.openapi) for claim in plan.claims if claim.openapi),
        traffic=traffic(plan) if plan.traffic is not None else None,
        metrics=metrics(plan) if plan.metrics is not None else None,
        runs=tuple(runs(plan, asked) for asked in plan.exposures),
    )


def deployment(**changes: Any) -> DeploymentObservation:
    """A look at a live deployment, which is the newest one."""
    subject = Deployment(
        id="made-up",
        status="SUCCESS",
        created_at=AT,
        commit=COMMIT,
        stopped=False,
        instances=(Instance(id="1", status="RUNNING"),),
    ).model_copy(update=changes)
    return DeploymentObservation(
        offset_s=0.0,
        at=AT,
        found_by="newest",
        candidates=1,
        deployment=subject,
        active=(subject,),
        recent=(subject,),
        recent_whole=True,
    )


def document(claim: Claim, sought: OpenApi, body: str | None = None) -> FingerprintObservation:
    """What the collector would have read in an OpenAPI document; in the healthy one, the field."""
    text = open_api(sought, {sought.field: {}}) if body is None else body
    found = schema_fields(text, sought.schema_name)
    attempt = FingerprintAttempt(
        offset_s=0.0,
        elapsed_ms=50.0,
        status=200,
        fields=None if isinstance(found, Lacking) else found,
        lacking=found.reason if isinstance(found, Lacking) else None,
        absent=isinstance(found, Lacking) and found.absent,
    )
    return FingerprintObservation(
        check=claim.commit, offset_s=0.0, at=AT, url="", sought=sought.has, waited_s=0.0, attempts=(attempt,)
    )


def open_api(sought: OpenApi, properties: Any) -> str:
    """A document whose schema has these properties."""
    schemas = {"Other": {"properties": {"id": {}}}, sought.schema_name: {"properties": properties}}
    return json.dumps({"openapi": "3.1.0", "components": {"schemas": schemas}})


def traffic(plan: Plan, *, bad: int = 0, p95_ms: float | None = None, **more: Any) -> TrafficObservation:
    """Many requests of others to one path; the middle of the limit is healthy."""
    limit_s = plan.traffic.p95 if plan.traffic and plan.traffic.p95 else 1.0
    path = PathTraffic(
        method="GET",
        path="/",
        requests=REQUESTS,
        statuses={"200": REQUESTS - bad, "500": bad},
        p95_ms=500 * limit_s if p95_ms is None else p95_ms,
    )
    fields = {"source": "made up", "start": AT, "end": AT, "entries_read": REQUESTS, "requests": REQUESTS}
    return TrafficObservation(**{**fields, "paths": (path,), **more})


def metrics(
    plan: Plan, used: Iterator[float] | None = None, limit_gb: float = LIMIT_GB
) -> MetricsObservation:
    """Memory that moves a little about a low level; `used` are shares of the limit."""
    every_s = plan.window.length / POINTS
    levels = used or (0.2 + 0.002 * math.sin(2.4 * number) for number in range(POINTS + 1))
    points = tuple(
        Point(offset_s=number * every_s, value=LIMIT_GB * level) for number, level in enumerate(levels)
    )
    limit = (Point(offset_s=0.0, value=limit_gb),) if limit_gb else ()
    return MetricsObservation(
        start=AT,
        end=AT + timedelta(seconds=plan.window.length),
        every_s=every_s,
        series=(Series(name="memory_gb", points=points), Series(name="memory_limit_gb", points=limit)),
    )


def runs(plan: Plan, asked: Exposure, count: int | None = None, status: str = "200") -> TopUpObservation:
    """So many runs of an operation, as a top-up would have counted them."""
    wanted = asked.wanted if count is None else count
    test, step = test_and_step(plan, asked)
    method, _, path = asked.operation.partition(" ")
    name, told = (step, ("GET", "")) if test else (asked.name, (method.upper(), filled(path)))
    tally = Tally(name=name, method=told[0], url=plan.service.base_url + told[1], answers={status: wanted})
    return TopUpObservation(
        check=asked.name,
        of=f"e2e/{test}" if test else "",
        offset_s=plan.window.length,
        at=AT,
        wanted=asked.wanted,
        clean_before=0,
        done=wanted if status == "200" else 0,
        tallies=(tally,),
    )


def test_and_step(plan: Plan, asked: Exposure) -> tuple[str, str]:
    """The E2E test that is meant and its step, both empty where a path is meant."""
    for test in plan.e2e.tests if plan.e2e and asked.test_name else ():
        step = asked.step_of(test.name)
        if step is not None:
            return test.name, step
    return "", ""


def filled(path: str) -> str:
    """The path of an operation with an id in each of its places."""
    parts = (ID if part.startswith("{") else part for part in path.split("/"))
    return "/".join(parts)


NOTHING = Made()
