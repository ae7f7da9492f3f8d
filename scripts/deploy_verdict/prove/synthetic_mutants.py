"""Made-up observations that are healthy but for one thing. Pure."""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from deploy_verdict.model import (
    DeploymentObservation,
    Fault,
    MetricsObservation,
    TrafficObservation,
    Whose,
)
from deploy_verdict.plan import Claim, OpenApi, Plan, Traffic
from deploy_verdict.prove.mutations import HTML
from deploy_verdict.prove.synthetic import (
    AT,
    OTHER_COMMIT,
    POINTS,
    REQUESTS,
    Made,
    deployment,
    document,
    metrics,
    open_api,
    traffic,
)

Change = Callable[[Made], Iterator[tuple[str, Made]]]
_REFUSED = Fault(kind="unauthorized", whose=Whose.PROVIDER, detail="the platform refused us")


@dataclass(frozen=True, kw_only=True)
class Spoiling:
    """`lacking`: nobody can see it, so it may not be green; `crossing`: it is wrong.

    `alone`: what is recorded of the service would show it too, and is taken away with it.
    """

    lacking: Change
    crossing: Change
    alone: bool = False


def live_of() -> Spoiling:
    """Each way in which a deployment is not, or no longer, live."""

    def crossing(made: Made) -> Iterator[tuple[str, Made]]:
        for status in ("FAILED", "CRASHED", "SKIPPED", "REMOVED"):
            yield f"status {status}", made.but(deployment=deployment(status=status))
        yield "all instances stopped", made.but(deployment=deployment(stopped=True))

    return Spoiling(lacking=_unseen, crossing=crossing)


def commit_of() -> Spoiling:
    """Another commit than the subject's."""

    def crossing(made: Made) -> Iterator[tuple[str, Made]]:
        yield "another commit", made.but(deployment=deployment(commit=OTHER_COMMIT))

    def lacking(made: Made) -> Iterator[tuple[str, Made]]:
        yield from _unseen(made)
        yield "no commit known", made.but(deployment=deployment(commit=None))

    return Spoiling(lacking=lacking, crossing=crossing)


def _unseen(made: Made) -> Iterator[tuple[str, Made]]:
    """A look that tells nothing of the deployment."""
    yield "nobody looked", made.but(deployment=None)
    yield "the platform refused us", made.but(deployment=_look(fault=_REFUSED))
    yield "no such deployment", made.but(deployment=_look())
    yield "a status nobody knows", made.but(deployment=deployment(status="ODD"))


def _look(fault: Fault | None = None) -> DeploymentObservation:
    return DeploymentObservation(offset_s=0.0, at=AT, fault=fault)


def document_of(claim: Claim, sought: OpenApi) -> Spoiling:
    """Older code's document; and answers that are no document, or not one of this schema."""

    def but(made: Made, body: str) -> Made:
        others = tuple(item for item in made.documents if item.check != claim.commit)
        return made.but(documents=(*others, document(claim, sought, body)))

    def crossing(made: Made) -> Iterator[tuple[str, Made]]:
        older = open_api(sought, {f"not_{sought.field}": {}})
        yield f"an older {sought.schema_name} without {sought.field}", but(made, older)
        older = older.replace(f'"{sought.schema_name}"', '"Older"')
        yield f"an older document without {sought.schema_name}", but(made, older)

    def lacking(made: Made) -> Iterator[tuple[str, Made]]:
        if claim.shown_by:
            # What holds shows it where the document cannot.
            return
        others = tuple(item for item in made.documents if item.check != claim.commit)
        yield "it was not asked", made.but(documents=others)
        for told, body in (("an HTML page", HTML), ("null", "null"), ("an empty document", "{}"), ("", "")):
            yield told or "an empty body", but(made, body)
        yield "properties null", but(made, open_api(sought, None))
        yield "properties as a list", but(made, open_api(sought, [sought.field]))

    return Spoiling(lacking=lacking, crossing=crossing)


def requests_of(plan: Plan, asked: Traffic) -> Spoiling:
    """One 5xx more than the limit allows."""

    def crossing(made: Made) -> Iterator[tuple[str, Made]]:
        bad = math.floor(REQUESTS * asked.max_5xx / 100) + 1
        if bad <= REQUESTS:
            told = f"{bad:,} of {REQUESTS:,} requests of others answered 5xx"
            yield told, made.but(traffic=traffic(plan, bad=bad))

    def lacking(made: Made) -> Iterator[tuple[str, Made]]:
        yield from _no_log(plan, asked, made)
        more = traffic(plan, requests=REQUESTS + 1, entries_read=REQUESTS + 1)
        yield "a request of no path", made.but(traffic=more)

    return Spoiling(lacking=lacking, crossing=crossing)


def slowness_of(plan: Plan, asked: Traffic) -> Spoiling:
    """One path that is a millisecond too slow."""
    limit_ms = 1000 * (asked.p95 or 0.0)

    def crossing(made: Made) -> Iterator[tuple[str, Made]]:
        yield f"a p95 of {limit_ms + 1:g} ms", made.but(traffic=traffic(plan, p95_ms=limit_ms + 1))

    def lacking(made: Made) -> Iterator[tuple[str, Made]]:
        yield from _no_log(plan, asked, made)
        seen = traffic(plan)
        paths = tuple(path.model_copy(update={"p95_ms": None}) for path in seen.paths)
        yield "no percentile", made.but(traffic=seen.model_copy(update={"paths": paths}))

    return Spoiling(lacking=lacking, crossing=crossing)


def _no_log(plan: Plan, asked: Traffic, made: Made) -> Iterator[tuple[str, Made]]:
    """A log that cannot be believed: none, a part of one, or one in which our own requests are missing."""
    yield "the edge's log missing", made.but(traffic=None)
    refused = TrafficObservation(source="made up", start=AT, end=AT, fault=_REFUSED)
    yield "the edge's log refused", made.but(traffic=refused)
    yield "the edge's log empty", made.but(traffic=TrafficObservation(source="made up", start=AT, end=AT))
    yield "the edge's log cut", made.but(traffic=traffic(plan, incomplete=("it was cut",)))
    yield "the canary missing", made.but(own_share=0.0)
    yield "a part of the canary missing", made.but(own_share=max(0.0, asked.canary / 100 - 0.05))


def memory_of(plan: Plan, percent: float) -> Spoiling:
    """One point at the limit in question."""

    def crossing(made: Made) -> Iterator[tuple[str, Made]]:
        levels = [0.2 + 0.002 * math.sin(2.4 * number) for number in range(POINTS + 1)]
        levels[POINTS // 2] = percent / 100 + 1e-6
        yield f"memory at {percent:g} % of its limit", made.but(metrics=metrics(plan, iter(levels)))

    def lacking(made: Made) -> Iterator[tuple[str, Made]]:
        yield from _no_series(plan, made)
        yield "the limit missing", made.but(metrics=metrics(plan, limit_gb=0.0))

    return Spoiling(lacking=lacking, crossing=crossing)


def growth_of(plan: Plan) -> Spoiling:
    """Memory that rises through the whole window."""

    def crossing(made: Made) -> Iterator[tuple[str, Made]]:
        rising = (0.2 + 0.5 * number / POINTS for number in range(POINTS + 1))
        yield "memory rising from 20 to 70 %", made.but(metrics=metrics(plan, rising))

    return Spoiling(lacking=lambda made: _no_series(plan, made), crossing=crossing)


def _no_series(plan: Plan, made: Made) -> Iterator[tuple[str, Made]]:
    """Metrics in which the memory of the window cannot be seen."""
    seen = metrics(plan)
    yield "the metrics missing", made.but(metrics=None)
    yield "the metrics refused", made.but(metrics=seen.model_copy(update={"series": (), "fault": _REFUSED}))
    yield "the memory missing", made.but(metrics=_with_series(seen, drop=True))
    yield "the second half missing", made.but(metrics=_with_series(seen))
    yield "memory that never moves", made.but(metrics=metrics(plan, iter([0.2] * (POINTS + 1))))


def _with_series(seen: MetricsObservation, *, drop: bool = False) -> MetricsObservation:
    memory, limit = seen.series
    half = memory.model_copy(update={"points": memory.points[: POINTS // 2]})
    return seen.model_copy(update={"series": (limit,) if drop else (half, limit)})
