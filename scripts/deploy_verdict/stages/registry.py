"""The stages: which collector takes which look, and its evidence file. The registry is one dict."""

from collections.abc import Callable

from deploy_verdict.model import Observation
from deploy_verdict.stages.context import Context
from deploy_verdict.window.session import Session

Keep = Callable[[tuple[Observation, ...]], None]
Collector = Callable[[Session, Context, float, Keep], tuple[Observation, ...]]


def _health(session: Session, context: Context, offset_s: float, keep: Keep) -> tuple[Observation, ...]:
    from deploy_verdict.stages.claims.collect import take_fingerprints  # noqa: PLC0415  # each script loads its own
    from deploy_verdict.stages.health.collect import (  # noqa: PLC0415
        await_checks,
        check_health,
    )

    # First of all: what older code answers says nothing of the new one. At a tail nothing excuses it.
    is_first = offset_s == 0
    until_s = context.pace.offset_s() + (context.plan.fresh_within_s if is_first else 0.0)
    documents = take_fingerprints(context, offset_s, until_s)
    keep(documents)
    awaited = await_checks(context, offset_s, until_s) if is_first else ()
    taken: tuple[Observation, ...] = (*documents, *awaited)
    return (*taken, *check_health(context, session.plan.health, offset_s, lambda seen: keep((*taken, *seen))))


def _pools(session: Session, context: Context, offset_s: float, keep: Keep) -> tuple[Observation, ...]:
    from deploy_verdict.stages.pools.collect import take_sample  # noqa: PLC0415

    return take_sample(context, offset_s, keep)


def _exercise(session: Session, context: Context, offset_s: float, keep: Keep) -> tuple[Observation, ...]:
    from deploy_verdict.stages.pools.exercise import exercise  # noqa: PLC0415

    return exercise(context, offset_s, keep)


def _floor(session: Session, context: Context, offset_s: float, keep: Keep) -> tuple[Observation, ...]:
    from deploy_verdict.stages.pools.return_to_floor import return_to_floor  # noqa: PLC0415

    return return_to_floor(context, offset_s, keep)


def _top_up(session: Session, context: Context, offset_s: float, keep: Keep) -> tuple[Observation, ...]:
    from deploy_verdict.stages.exposure.collect import top_up  # noqa: PLC0415
    from deploy_verdict.window.needs import needing  # noqa: PLC0415

    return top_up(context, offset_s, keep, lambda asked: needing(session, asked))


def _e2e(session: Session, context: Context, offset_s: float, keep: Keep) -> tuple[Observation, ...]:
    from deploy_verdict.stages.e2e.collect import run_suite  # noqa: PLC0415

    return run_suite(context, offset_s, keep)


def _deployment(session: Session, context: Context, offset_s: float, keep: Keep) -> tuple[Observation, ...]:
    from deploy_verdict.stages.deployment.collect import look  # noqa: PLC0415

    return look(context, offset_s)


def _traffic(session: Session, context: Context, offset_s: float, keep: Keep) -> tuple[Observation, ...]:
    from deploy_verdict.stages.traffic.collect import read_traffic  # noqa: PLC0415

    return read_traffic(context)


def _metrics(session: Session, context: Context, offset_s: float, keep: Keep) -> tuple[Observation, ...]:
    from deploy_verdict.stages.metrics.collect import read_metrics  # noqa: PLC0415

    return read_metrics(context)


COLLECTORS: dict[str, Collector] = {
    "deployment": _deployment,
    "health": _health,
    "pools": _pools,
    "exercise": _exercise,
    "floor": _floor,
    "top_up": _top_up,
    "e2e": _e2e,
    "traffic": _traffic,
    "metrics": _metrics,
}
ASK_THE_PLATFORM = ("deployment", "traffic", "metrics")
