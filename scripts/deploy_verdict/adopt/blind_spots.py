"""Finds what a window of this plan could not see, with the line to add for each. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass

from deploy_verdict.plan import Check, Plan, Pool

Path = tuple[str | int, ...]


@dataclass(frozen=True, kw_only=True)
class BlindSpot:
    """One thing that the window would miss. `path` is the place in the plan where `write` belongs."""

    path: Path
    what: str
    write: str


def blind_spots(plan: Plan) -> tuple[BlindSpot, ...]:
    """Return the blind spots that the plan's own text shows; the plan may have others."""
    return (*_checks(plan), *_gauges(plan), *_log(plan), *_between(plan), *_code(plan), *_proof(plan))


def reading_check(plan: Plan) -> Check | None:
    """Return the first health check that writes nothing, or None."""
    return next((check for check in plan.health if not check.writes), None)


def _checks(plan: Plan) -> Iterator[BlindSpot]:
    if not plan.health:
        yield BlindSpot(
            path=(),
            what="no health check: nobody asks whether the service works",
            write="health: [{name: api, get: /health, expect: {status: 200}}]",
        )
    for index, check in enumerate(plan.health):
        lines = [*(check.expect.lines if check.expect else ()), *(x for a in check.accept for x in a.lines)]
        once = plan.check_offsets_s(check) == plan.window.claim_offsets_s
        repeated = any(check.name in pool.beside for pool in plan.pools)
        if once and not repeated and len(plan.window.offsets_s) > 1:
            yield BlindSpot(
                path=("health", index),
                what=f"health {check.name}: sent at T+0 only, so what breaks later does not show",
                write="at: every sample",
            )
        if check.looks_at_status_only:
            yield BlindSpot(
                path=("health", index),
                what=f"health {check.name}: only the status is read, so an error page in a 200 passes",
                write="expect: {status: 200, $.status: ok}   # a field that only a working service answers",
            )
        timeout_ms = 1000 * (check.timeout or plan.service.timeout)
        for line in lines:
            limit = line.matcher.below if line.matcher.below is not None else line.matcher.at_most
            if line.selector == "elapsed" and limit is not None and limit >= timeout_ms:
                yield BlindSpot(
                    path=("health", index, "expect", "elapsed"),
                    what=f"health {check.name}: {line.text} cannot fail, as the timeout comes first",
                    write='elapsed: "< 1s"',
                )


def _gauges(plan: Plan) -> Iterator[BlindSpot]:
    if not plan.pools:
        yield BlindSpot(
            path=(),
            what="no pool is watched: a leak of connections shows only once requests fail",
            write="pools: [{name: db, get: /stats, used: $.pool.in_use, limit: $.pool.size}]",
        )
    for index, pool in enumerate(plan.pools):
        if pool.exercise is None and getattr(pool, "server", None) is None and _is_own_gauge(pool):
            ask = reading_check(plan)
            yield BlindSpot(
                path=("pools", index),
                what=f"pool {pool.name}: nothing proves its gauge, so an idle or a dead one is inconclusive",
                write=f"exercise: {{ask: [{ask.name if ask else '/health'}], at_once: 6}}",
            )


def _is_own_gauge(pool: Pool) -> bool:
    """Whether the service itself gives the numbers, rather than a database server."""
    return pool.get is not None or pool.head is not None


def _log(plan: Plan) -> Iterator[BlindSpot]:
    asked = plan.beat.path.partition("?")[0] if plan.beat is not None else "/health"
    if plan.logs is None:
        yield BlindSpot(
            path=(),
            what="nobody reads the service's log: errors that no check of ours meets stay unseen",
            write=f"logs: {{novelty: {{before: 1h}}, canary: {{regex: 'GET {asked}', at_least: 90%}}}}",
        )
    elif plan.logs.canary is None:
        ask = reading_check(plan)
        yield BlindSpot(
            path=("logs",),
            what="no canary: a log that has gaps, or is another service's, looks the same as a quiet one",
            write=f"canary: {{regex: 'GET {ask.path if ask else '/health'}', at_least: 90%}}",
        )


def _between(plan: Plan) -> Iterator[BlindSpot]:
    """Yield what is missed between two samples, where only readings of the complete window see anything."""
    if plan.logs is None and plan.traffic is None and plan.beat is None:
        yield BlindSpot(
            path=(),
            what="nothing is watched between two samples: an outage that ends before the next stays unseen",
            write="heartbeat: {get: /health}",
        )
    elif plan.logs is None and plan.traffic is None:
        yield BlindSpot(
            path=(),
            what="between two samples only the heartbeat sees anything, and only where one job waits for all",
            write="traffic: {}   # with a railway section; or a logs section",
        )
    if plan.railway is None:
        yield BlindSpot(
            path=(),
            what="the platform is not asked: restarts, crashes and a replaced deployment are not seen",
            write='railway: {project: "${RAILWAY_PROJECT_ID:-}", service: "${RAILWAY_SERVICE_ID:-}"}',
        )


def _code(plan: Plan) -> Iterator[BlindSpot]:
    if not plan.claims:
        yield BlindSpot(
            path=(),
            what="nothing shows which code answers: the version before would pass as this one",
            write='claims: [{commit: "${COMMIT:-HEAD}", title: what it brings, shown_by: health/NAME}]',
        )


def _proof(plan: Plan) -> Iterator[BlindSpot]:
    if plan.fixtures is None:
        yield BlindSpot(
            path=(),
            what="no incident is recorded, so no line is proven to fail on one",
            write="fixtures: {healthy: {…}, incident: {…}}   # then: deploy-verdict check --prove",
        )
