"""Samples the pools: a burst of readings of each pool at T0 + offset, and the health checks beside it.

Samples are due at absolute times, so a slow one does not delay the next. The pools are read in turn within
the same seconds, so that a service's own gauge can be compared with its server's. Every reading is kept raw.
A checkpoint after each second of readings limits what a killed sampler loses to that second.
"""

import random
from collections.abc import Callable
from contextlib import ExitStack
from datetime import datetime

from deploy_verdict.base.units import shown_offset
from deploy_verdict.model import BurstObservation, Observation, Reading
from deploy_verdict.plan import Pool
from deploy_verdict.stages.context import Context
from deploy_verdict.stages.health.collect import check_health
from deploy_verdict.stages.pools.gauge import open_gauge, shown_address

CHECKPOINT_S = 1.0
# The share of readings that open a new connection: a load balancer ties a connection to one instance.
RENEWED_SHARE = 0.25
# Services close a connection that is idle for this long (gunicorn 2 s, uvicorn and Node 5 s). A request at
# that moment is reset, which is not a failure of the service.
KEPT_S = 2.0
Checkpoint = Callable[[tuple[Observation, ...]], None]


def take_sample(context: Context, offset_s: float, checkpoint: Checkpoint) -> tuple[Observation, ...]:
    """Take one sample of every pool in the plan; if stopped, return what there is so far."""
    bursts = [_Burst(context, pool, offset_s) for pool in context.plan.pools]
    _read(context, bursts, checkpoint)
    observations: tuple[Observation, ...] = ()
    for burst in bursts:
        done = burst.observation(interrupted=not burst.is_complete)
        observations = (*observations, done)
        is_regular = offset_s in context.plan.window.offsets_s
        checks = [context.plan.check(name) for name in burst.pool.beside if is_regular]
        if checks and not context.stop.requested:
            observations = (*observations, *check_health(context, checks, offset_s))
        burst.report(done)
    return observations


class _Burst:
    """The readings of one pool at one sample."""

    def __init__(self, context: Context, pool: Pool, offset_s: float) -> None:
        self.pool, self.plan = pool, context.plan.burst_at(pool, offset_s)
        self.readings: list[Reading] = []
        self._context, self._offset_s = context, offset_s
        self._began_offset_s: float = context.pace.offset_s()
        self._at: datetime = context.pace.clock.now()

    @property
    def is_asked(self) -> bool:
        """False if the plan leaves the pool out because its server's address is empty."""
        return self.pool.asks is None or bool(self.pool.address)

    @property
    def is_complete(self) -> bool:
        return not self.is_asked or len(self.readings) == self.plan.readings

    def due(self) -> list[tuple[float, int]]:
        """Return when each reading is due, in seconds after the burst began, with its number."""
        count = self.plan.readings if self.is_asked else 0
        return [(number * self.plan.every, number) for number in range(count)]

    def observation(self, *, interrupted: bool) -> BurstObservation:
        """Return the readings so far as one observation."""
        return BurstObservation(
            check=self.pool.name,
            offset_s=self._offset_s,
            actual_offset_s=round(self._began_offset_s, 3),
            at=self._at,
            url=shown_address(self._context, self.pool),
            readings=tuple(self.readings),
            not_asked=not self.is_asked,
            interrupted=interrupted,
        )

    def report(self, done: BurstObservation) -> None:
        answered = sum(not reading.faults for reading in done.readings)
        rest = " (stopped)" if done.interrupted else ""
        text = f"{answered} of {self.plan.readings} readings{rest}"
        if done.not_asked:
            text = "not asked, as its server's address is empty"
        self._context.tell(f"{self.pool.name} {shown_offset(done.offset_s)}: {text}")


def _read(context: Context, bursts: list[_Burst], checkpoint: Checkpoint) -> None:
    """Take the readings of all pools in the order in which they are due."""
    pace, clock = context.pace, context.pace.clock
    began_offset_s, kept_s = pace.offset_s(), clock.monotonic_s()
    due = sorted((after_s, place) for place, burst in enumerate(bursts) for after_s, _ in burst.due())
    with ExitStack() as stack:
        gauges = [
            stack.enter_context(open_gauge(context, burst.pool)) if burst.is_asked else None
            for burst in bursts
        ]
        for after_s, place in due:
            pace.wait_until(began_offset_s + after_s)
            gauge = gauges[place]
            if context.stop.requested or gauge is None:
                return
            rests = bursts[place].plan.every >= KEPT_S
            if rests or random.random() < RENEWED_SHARE:  # noqa: S311  # not a secret
                gauge.renew()
            bursts[place].readings.append(gauge.read())
            if clock.monotonic_s() - kept_s >= CHECKPOINT_S:
                checkpoint(tuple(burst.observation(interrupted=True) for burst in bursts))
                kept_s = clock.monotonic_s()
