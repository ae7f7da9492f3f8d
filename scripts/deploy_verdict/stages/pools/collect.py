"""The pools stage: a burst of readings at T0 + offset, and the checks that the plan wants beside it.

Samples hang on absolute times, so a slow one moves no other. Every reading is kept raw; a checkpoint
after each second of readings makes sure that a killed sampler loses at most that second.
"""

import random
from collections.abc import Callable

from deploy_verdict.base.units import shown_offset
from deploy_verdict.evidence.cached import why_cached
from deploy_verdict.evidence.instances import instance_of
from deploy_verdict.model import BurstObservation, Exchange, Observation, Reading
from deploy_verdict.plan import Pool
from deploy_verdict.stages.context import Context
from deploy_verdict.stages.health.collect import check_health

CHECKPOINT_S = 1.0
# Of the readings, how many begin a new connection: a balancer gives a connection to one instance.
RENEWED_SHARE = 0.25
Checkpoint = Callable[[tuple[Observation, ...]], None]


def take_sample(context: Context, offset_s: float, checkpoint: Checkpoint) -> tuple[Observation, ...]:
    """One sample of every pool of the plan; returns what it has, also when it was stopped."""
    observations: tuple[Observation, ...] = ()
    for pool in context.plan.pools:
        before = observations

        def keep(partial: BurstObservation, before: tuple[Observation, ...] = before) -> None:
            checkpoint((*before, partial))

        burst = _burst(context, pool, offset_s, keep)
        checks = [context.plan.check(name) for name in pool.beside]
        observations = (*observations, burst, *check_health(context, checks, offset_s))
        _report(context, pool, burst)
    return observations


def _burst(
    context: Context, pool: Pool, offset_s: float, keep: Callable[[BurstObservation], None]
) -> BurstObservation:
    pace, clock = context.pace, context.pace.clock
    began_offset_s, at = pace.offset_s(), clock.now()
    readings: list[Reading] = []
    probe = context.probe.to(pool.host)
    url = context.redact(probe.base_url + pool.path)

    def so_far(*, interrupted: bool) -> BurstObservation:
        return BurstObservation(
            check=pool.name,
            offset_s=offset_s,
            actual_offset_s=round(began_offset_s, 3),
            at=at,
            url=url,
            readings=tuple(readings),
            interrupted=interrupted,
        )

    kept_s = clock.monotonic_s()
    headers, is_anonymous = context.plan.headers_of(pool), pool.auth == "none"
    with probe.kept_alive() as connection:
        for number in range(pool.burst.readings):
            pace.wait_until(began_offset_s + number * pool.burst.every)
            if context.stop.requested:
                return so_far(interrupted=True)
            read_offset_s = pace.offset_s()
            if random.random() < RENEWED_SHARE:  # noqa: S311  # not a secret
                connection.renew()
            exchange = connection.ask(pool.method, pool.path, headers=headers, anonymous=is_anonymous)
            readings.append(_reading(context, exchange, read_offset_s))
            if clock.monotonic_s() - kept_s >= CHECKPOINT_S:
                keep(so_far(interrupted=True))
                kept_s = clock.monotonic_s()
    return so_far(interrupted=False)


def _reading(context: Context, exchange: Exchange, offset_s: float) -> Reading:
    return Reading(
        offset_s=round(offset_s, 3),
        elapsed_ms=exchange.elapsed_ms,
        status=exchange.status,
        body=exchange.body,
        instance=instance_of(context.plan, exchange),
        copy_by=why_cached(exchange),
        fault=exchange.fault,
    )


def _report(context: Context, pool: Pool, burst: BurstObservation) -> None:
    answered = sum(reading.fault is None for reading in burst.readings)
    rest = " (stopped)" if burst.interrupted else ""
    text = f"{answered} of {pool.burst.readings} readings{rest}"
    context.tell(f"{pool.name} {shown_offset(burst.offset_s)}: {text}")
