"""Synthetic evidence for what cannot be recorded, and the rows that rest on it, with their mutants. Pure.

Deployment, claims, traffic, metrics and exposure: each observation is what the collector would write if
nothing were wrong; each mutant differs in one thing, as a real service or platform would show it.
"""

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import Any

from deploy_verdict.expect import Lacking
from deploy_verdict.expect.openapi import schema_fields
from deploy_verdict.model import (
    Deployment,
    DeploymentObservation,
    FailedRun,
    Fault,
    FingerprintAttempt,
    FingerprintObservation,
    MetricsObservation,
    Observation,
    Outcome,
    PathTraffic,
    Point,
    PreviousTrafficObservation,
    Series,
    Tally,
    TopUpObservation,
    TrafficObservation,
    Whose,
)
from deploy_verdict.model.platform import Instance
from deploy_verdict.plan import Answer, Claim, Exposure, OpenApi, Plan, Step, Traffic
from deploy_verdict.prove.mutations import HTML
from deploy_verdict.prove.replay import T0, step_record
from deploy_verdict.prove.rows import Path, PlanRow
from deploy_verdict.prove.scenario import COMMIT, Evaluator, EvidenceKey, Scenario

OTHER_COMMIT = "b" * 40
REQUESTS = 1_000_000
POINTS = 120
LIMIT_GB = 8.0
LEVELS = tuple(0.2 + 0.002 * math.sin(2.4 * number) for number in range(POINTS + 1))
# Observations by the words for their mutation; None means that the evidence is missing.
Mutations = Mapping[str, Observation | None]
_DEPLOYMENT, _TRAFFIC, _METRICS = ("deployment",) * 2, ("traffic",) * 2, ("metrics",) * 2
_PREVIOUS = ("traffic", "previous")
_REFUSED = Fault(kind="unauthorized", whose=Whose.PROVIDER, detail="the platform refused us")


def synthetic_evidence(plan: Plan) -> dict[EvidenceKey, Observation]:
    """Return evidence for all that a plan reads from platform, documents and drives, by stage and check."""
    evidence: dict[EvidenceKey, Observation] = {}
    if plan.railway is not None:
        evidence[_DEPLOYMENT] = _deployment()
    for claim in plan.claims:
        if claim.openapi is not None:
            evidence["health", claim.commit] = _document(claim.commit, claim.openapi)
    if plan.traffic is not None:
        evidence[_TRAFFIC] = _traffic(plan.traffic)
        if plan.traffic.previous:
            evidence[_PREVIOUS] = _previous()
    if plan.metrics is not None:
        evidence[_METRICS] = _metrics(plan)
    return evidence | {("top_up", item.name): _runs(plan, item, item.wanted) for item in plan.exposures}


class SyntheticRows:
    """The rows that rest on synthetic evidence, in the order of the plan's sections."""

    def __init__(self, plan: Plan, evaluator: Evaluator) -> None:
        self._plan, self._evaluator, self._baseline = plan, evaluator, evaluator.baseline

    def rows(self) -> Iterator[PlanRow]:
        """Yield the rows of the plan as written; in the evaluator's plan, the claims' exposures are moved."""
        yield from self._deployment_rows()
        yield from self._claim_rows()
        yield from self._traffic_rows()
        yield from self._metrics_rows()
        yield from self._exposure_rows()

    def _row(
        self,
        key: EvidenceKey,
        path: Path,
        text: str,
        finding: tuple[str, str, str],
        lacking: Mutations,
        crossing: Mutations,
        *,
        base: Scenario | None = None,
    ) -> PlanRow:
        """Build a row; `base` replaces the baseline for the mutants that lack the evidence."""

        def mutants(scenario: Scenario, mutations: Mutations) -> tuple[Scenario, ...]:
            return tuple(scenario.synthetic_mutant(name, key, item) for name, item in mutations.items())

        return PlanRow(
            path=path,
            text=text,
            outcome=lambda scenario: self._evaluator.outcome(scenario, *finding),
            lacking=mutants(base or self._baseline, lacking),
            crossing=mutants(self._baseline, crossing),
            is_synthetic=True,
        )

    def _deployment_rows(self) -> Iterator[PlanRow]:
        if self._plan.railway is None:
            return
        row = partial(self._row, _DEPLOYMENT, ("railway",))
        unreadable = {
            "nobody looked": None,
            "the platform refused us": DeploymentObservation(offset_s=0.0, at=T0, fault=_REFUSED),
            "no such deployment": DeploymentObservation(offset_s=0.0, at=T0),
            "a status nobody knows": _deployment(status="ODD"),
        }
        statuses = ("FAILED", "CRASHED", "SKIPPED", "REMOVED")
        gone = {f"status {name}": _deployment(status=name) for name in statuses}
        gone["all instances stopped"] = _deployment(stopped=True)
        yield row("the deployment is live", (*_DEPLOYMENT, "live"), unreadable, gone)
        unknown = {**unreadable, "no commit known": _deployment(commit=None)}
        other = {"another commit": _deployment(commit=OTHER_COMMIT)}
        text = "the requested commit is deployed"
        yield row(text, (*_DEPLOYMENT, "commit"), unknown, other)

    def _claim_rows(self) -> Iterator[PlanRow]:
        """Yield the claims' rows; a claim that a check shows fails with that check's own rows."""
        for index, claim in enumerate(self._plan.claims):
            text = f"claim {claim.commit} ({claim.title})"
            if claim.openapi is not None:
                yield self._document_row(("claims", index, "openapi"), text, claim, claim.openapi)
            elif claim.shown_by is None:
                path = ("claims", index)
                yield PlanRow(path=path, text=text, outcome=lambda _: Outcome.PASS, is_synthetic=True)

    def _document_row(self, path: Path, text: str, claim: Claim, openapi: OpenApi) -> PlanRow:
        """Return a document's row: older code's document, and answers that hold no such schema."""
        schema, document = openapi.schema_name, partial(_document, claim.commit, openapi)
        older = _open_api(openapi, {f"not_{openapi.field}": {}})
        unreadable: Mutations = {
            "it was not asked": None,
            "an HTML page": document(HTML),
            "null": document("null"),
            "an empty document": document("{}"),
            "an empty body": document(""),
            "properties null": document(_open_api(openapi, None)),
            "properties as a list": document(_open_api(openapi, [openapi.field])),
        }
        before = {
            f"an older {schema} without {openapi.field}": document(older),
            f"an older document without {schema}": document(older.replace(f'"{schema}"', '"Older"')),
        }
        # Where a check shows the claim too, the document need not.
        unreadable = {} if claim.shown_by else unreadable
        text, finding = f"{text}: {openapi.has} is in {openapi.get}", ("claims", claim.commit, "shown")
        return self._row(("health", claim.commit), path, text, finding, unreadable, before)

    def _traffic_rows(self) -> Iterator[PlanRow]:
        """Yield the traffic's rows: one 5xx above the limit, and a path that is a millisecond too slow."""
        section = self._plan.traffic
        if section is None:
            return
        logged = _traffic(section)
        no_log: Mutations = {
            "the edge's log missing": None,
            "the edge's log refused": TrafficObservation(source="made up", start=T0, end=T0, fault=_REFUSED),
            "the edge's log empty": TrafficObservation(source="made up", start=T0, end=T0),
            "the edge's log cut": logged.model_copy(update={"incomplete": ("it was cut",)}),
        }
        canaries = {
            "the canary missing": 0.0,
            "a part of the canary missing": max(0.0, section.canary / 100 - 0.05),
        }
        no_canary = [replace(self._baseline, name=name, own_share=share) for name, share in canaries.items()]

        def row(key: str, text: str, rule: str, lacking: Mutations, crossing: Mutations) -> PlanRow:
            finding = ("traffic", "all", rule)
            row = self._row(_TRAFFIC, ("traffic", key), text, finding, {**no_log, **lacking}, crossing)
            return replace(row, lacking=(*row.lacking, *no_canary))

        more, bad = REQUESTS + 1, math.floor(REQUESTS * section.max_5xx / 100) + 1
        of_no_path = logged.model_copy(update={"requests": more, "entries_read": more})
        too_many = _traffic(section, statuses={"200": REQUESTS - bad, "500": bad})
        yield row(
            "max_5xx",
            f"at most {section.max_5xx:g} % of others' requests answered 5xx",
            "5xx",
            {"a request of no path": of_no_path},
            {f"{bad:,} of {REQUESTS:,} requests of others answered 5xx": too_many} if bad <= REQUESTS else {},
        )
        if section.p95 is not None:
            limit_ms = section.p95 * 1000
            no_percentile = {"no percentile": _traffic(section, p95_ms=None)}
            slow = {f"a p95 of {limit_ms + 1:g} ms": _traffic(section, p95_ms=limit_ms + 1)}
            yield row("p95", f"p95 of each path at most {limit_ms:g} ms", "p95", no_percentile, slow)
        if section.previous:
            yield self._previous_row()

    def _previous_row(self) -> PlanRow:
        """Return the previous deployment's row: one request that it answered, and logs that do not say."""
        unread: Mutations = {
            "its log missing": None,
            "its log refused": _previous(fault=_REFUSED),
            "the window's end not read": _previous(end=T0 + timedelta(seconds=2)),
        }
        still = {"one answer of the deployment before": _previous(answered=1)}
        text = "the deployment before answers nobody any more"
        return self._row(
            _PREVIOUS, ("traffic", "previous"), text, ("claims", "previous", "silent"), unread, still
        )

    def _metrics_rows(self) -> Iterator[PlanRow]:
        """Yield the metrics' rows: one point at each limit, and memory that rises through the window."""
        section, plan = self._plan.metrics, self._plan
        if section is None:
            return
        healthy = _metrics(plan)
        memory, limit = healthy.series
        half = memory.model_copy(update={"points": memory.points[: POINTS // 2]})
        unreadable: Mutations = {
            "the metrics missing": None,
            "the metrics refused": healthy.model_copy(update={"series": (), "fault": _REFUSED}),
            "the memory missing": healthy.model_copy(update={"series": (limit,)}),
            "the second half missing": healthy.model_copy(update={"series": (half, limit)}),
            "memory that never moves": _metrics(plan, [0.2] * (POINTS + 1)),
        }
        no_limit = {**unreadable, "the limit missing": _metrics(plan, limit_gb=0.0)}
        row, finding = partial(self._row, _METRICS), ("metrics", "memory", "limit")
        for key in ("attention", "critical"):
            percent = getattr(section, f"memory_{key}")
            levels = [*LEVELS]
            levels[POINTS // 2] = percent / 100 + 1e-6
            reached = {f"memory at {percent:g} % of its limit": _metrics(plan, levels)}
            text = f"memory: {key} from {percent:g} %"
            yield row(("metrics", f"memory_{key}"), text, finding, no_limit, reached)
        levels = [0.2 + 0.5 * number / POINTS for number in range(POINTS + 1)]
        rising = {"memory rising from 20 to 70 %": _metrics(plan, levels)}
        text, finding = "no growth of memory over the window", ("metrics", "memory", "growth")
        yield row(("metrics",), text, finding, unreadable, rising)

    def _exposure_rows(self) -> Iterator[PlanRow]:
        """Yield the exposures' rows: one failed run, too few runs, or only refusals."""
        plan = self._plan
        of_claims = [("claims", i, "exposure") for i, claim in enumerate(plan.claims) if claim.exposure]
        paths: list[Path] = [*(("exposure", index) for index in range(len(plan.exposure))), *of_claims]
        # The recorded answers could also hold runs of the operation.
        alone = replace(self._baseline, answers={}, samples={})
        for path, exposure in zip(paths, plan.exposures, strict=True):
            runs, wanted = partial(_runs, plan, exposure), exposure.wanted
            too_few = {
                "no run at all": runs(wanted).model_copy(update={"done": 0, "tallies": ()}),
                "one run too few": runs(wanted - 1),
            }
            if not exposure.test_name:
                too_few["all of them refused"] = runs(wanted, status="409")
            failed = {
                "one run answered 500": runs(wanted, failed=Answer(status=500)),
                "one run not answered": runs(wanted, failed=Answer(fault="timeout")),
            }
            key, finding = ("top_up", exposure.name), ("exposure", exposure.name, "runs")
            text = f"{exposure.name}: {wanted} clean runs of {exposure.operation}"
            yield self._row(key, path, text, finding, too_few, failed, base=alone)


def _deployment(**changes: Any) -> DeploymentObservation:
    """Return a sample of a live deployment, which is the newest one."""
    deployment = Deployment(
        id="made-up",
        status="SUCCESS",
        created_at=T0,
        commit=COMMIT,
        stopped=False,
        instances=(Instance(id="1", status="RUNNING"),),
    ).model_copy(update=changes)
    return DeploymentObservation(
        offset_s=0.0,
        at=T0,
        found_by="newest",
        candidates=1,
        deployment=deployment,
        active=(deployment,),
        recent=(deployment,),
        recent_whole=True,
    )


def _open_api(openapi: OpenApi, properties: Any) -> str:
    """Return a document whose schema has these properties."""
    schemas = {"Other": {"properties": {"id": {}}}, openapi.schema_name: {"properties": properties}}
    return json.dumps({"openapi": "3.1.0", "components": {"schemas": schemas}})


def _document(commit: str, openapi: OpenApi, body: str | None = None) -> FingerprintObservation:
    """Return what the collector would have read in an OpenAPI document; the healthy one has the field."""
    text = _open_api(openapi, {openapi.field: {}}) if body is None else body
    fields = schema_fields(text, openapi.schema_name)
    attempt = FingerprintAttempt(
        offset_s=0.0,
        elapsed_ms=50.0,
        status=200,
        fields=None if isinstance(fields, Lacking) else fields,
        lacking=fields.reason if isinstance(fields, Lacking) else None,
        absent=isinstance(fields, Lacking) and fields.absent,
    )
    return FingerprintObservation(
        check=commit, offset_s=0.0, at=T0, url="", sought=openapi.has, waited_s=0.0, attempts=(attempt,)
    )


def _traffic(section: Traffic, **changes: Any) -> TrafficObservation:
    """Return many requests of others to one path, half as slow as the limit; `changes` apply to that path."""
    path = PathTraffic(
        method="GET",
        path="/",
        requests=REQUESTS,
        statuses={"200": REQUESTS},
        p95_ms=500 * (section.p95 or 1.0),
    ).model_copy(update=changes)
    return TrafficObservation(
        source="made up", start=T0, end=T0, entries_read=REQUESTS, requests=REQUESTS, paths=(path,)
    )


def _previous(**changes: Any) -> PreviousTrafficObservation:
    """Return a previous deployment that is silent since the switch; `changes` replace its fields."""
    made = {"deployment": "before", "commit": OTHER_COMMIT, "start": T0 + timedelta(seconds=1), "last_at": T0}
    return PreviousTrafficObservation(**{**made, "end": T0, **changes})


def _metrics(plan: Plan, levels: Sequence[float] = LEVELS, limit_gb: float = LIMIT_GB) -> MetricsObservation:
    """Return memory by its shares of the limit; the healthy one moves a little about a low level."""
    every_s = plan.window.length / POINTS
    used = [Point(offset_s=number * every_s, value=LIMIT_GB * level) for number, level in enumerate(levels)]
    limit = (Point(offset_s=0.0, value=limit_gb),) if limit_gb else ()
    return MetricsObservation(
        start=T0,
        end=T0 + timedelta(seconds=plan.window.length),
        every_s=every_s,
        series=(Series(name="memory_gb", points=tuple(used)), Series(name="memory_limit_gb", points=limit)),
    )


def _runs(
    plan: Plan, exposure: Exposure, count: int, *, status: str = "200", failed: Answer | None = None
) -> TopUpObservation:
    """Return `count` runs of an operation, as a top-up would have counted them, and one more that failed."""
    test, index, step = _operation(plan, exposure)
    is_named = not test or exposure.step_of(test) != ""
    base_url = plan.service.base_url
    tally = Tally(
        name=step.name if is_named else "",
        method="GET" if test else step.method,
        url=base_url + ("" if test else step.path),
        answers={status: count},
    )
    failures: tuple[FailedRun, ...] = ()
    if failed is not None:
        times = step.together.size if step.together else 1
        record = step_record(step, "steps", index, (failed,) * times, base_url)
        failures = (FailedRun(step=record),)
    return TopUpObservation(
        check=exposure.name,
        of=f"e2e/{test}" if test else "",
        offset_s=plan.window.length,
        at=T0,
        wanted=exposure.wanted,
        clean_before=0,
        done=count if status == "200" else 0,
        failed=len(failures),
        failures=failures,
        tallies=(tally,),
    )


def _operation(plan: Plan, exposure: Exposure) -> tuple[str, int, Step]:
    """Return the E2E test that is meant ("" for a path), the index of its step, and the step itself."""
    for test in plan.e2e.tests if plan.e2e and exposure.test_name else ():
        name = exposure.step_of(test.name)
        if name is not None:
            index = next((i for i, step in enumerate(test.steps) if step.name == name), 0)
            return test.name, index, test.steps[index]
    method, _, path = exposure.operation.partition(" ")
    # An id in each of the operation's placeholders.
    filled = "/".join("7" if part.startswith("{") else part for part in path.split("/"))
    step = {"name": exposure.name, method.lower(): filled, "expect": {"status": 200}}
    return "", 0, Step.model_validate(step)
