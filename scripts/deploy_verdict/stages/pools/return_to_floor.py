"""The floor stage: many cycles of an E2E test, with each pool's gauge read at rest before and after.

The guard checks every request. The plan caps number, rate and time, and after a few failed cycles no more
begin. The test's cleanup always runs.
"""

from collections.abc import Callable

from deploy_verdict.base.units import shown_offset
from deploy_verdict.model import FloorObservation, Observation, Reading
from deploy_verdict.plan import Pool, ReturnToFloor
from deploy_verdict.plan.sections.pools import MOST_FAILED
from deploy_verdict.stages.context import Context
from deploy_verdict.stages.e2e.repeat import Cycles, sent_in
from deploy_verdict.stages.pools.gauge import open_gauge, shown_address

PROGRESS_TIMES = 10
Keep = Callable[[tuple[Observation, ...]], None]


def return_to_floor(context: Context, offset_s: float, keep: Keep) -> tuple[Observation, ...]:
    """Drive every pool for which the plan wants it, one after the other."""
    done: tuple[Observation, ...] = ()
    for pool in context.plan.pools:
        if pool.return_to_floor is not None and not context.stop.requested:
            before = done

            def keep_it(observation: FloorObservation, before: tuple[Observation, ...] = before) -> None:
                keep((*before, observation))

            done = (*before, _Drive(context, pool, pool.return_to_floor, offset_s).run(keep_it))
    return done


class _Drive:
    """The running cycles of one pool."""

    def __init__(self, context: Context, pool: Pool, drive: ReturnToFloor, offset_s: float) -> None:
        self._context, self._pool, self._how, self._offset_s = context, pool, drive, offset_s
        self._cycles = Cycles(context, *context.plan.test_of(drive.test))
        self._at = context.pace.clock.now()
        self._before: tuple[Reading, ...] = ()
        self._after: tuple[Reading, ...] = ()
        self._took_s = 0.0
        self._ended: str | None = None

    def run(self, keep: Callable[[FloorObservation], None]) -> FloorObservation:
        self._before = self._floor()
        try:
            self._ended = self._cycles.through(lambda: self._cycled(keep))
        finally:
            keep(self._observation())
        self._context.pace.wait_until(self._context.pace.offset_s() + self._how.settle)
        self._after = self._floor()
        text = f"{self._cycles.done:,} cycles in {self._took_s:.0f} s, {self._cycles.failed} failed"
        rest = f" (ended: {self._ended})" if self._ended else ""
        self._context.tell(f"return to floor of {self._pool.name}: {text}{rest}")
        return self._observation()

    def _cycled(self, keep: Callable[[FloorObservation], None]) -> str | None:
        """Run the cycles; return why not all of them ran, or None."""
        clock, drive = self._context.pace.clock, self._how
        began_s = clock.monotonic_s()
        for number in range(drive.cycles):
            self._took_s = round(clock.monotonic_s() - began_s, 3)
            if number and number % max(1, drive.cycles // PROGRESS_TIMES) == 0:
                text = f"{number:,} of {drive.cycles:,} cycles, {self._cycles.failed} failed"
                self._context.tell(f"return to floor {shown_offset(self._offset_s)}: {text}")
                keep(self._observation())
            if self._context.stop.requested:
                return "asked to stop"
            if self._took_s > drive.limit:
                return f"the time for them ({drive.limit:g} s) was over"
            if self._cycles.failed >= MOST_FAILED:
                return f"{self._cycles.failed} cycles had failed"
            self._cycles.run(lambda sent: clock.sleep(began_s + sent / drive.rate - clock.monotonic_s()))
        self._took_s = round(clock.monotonic_s() - began_s, 3)
        return None

    def _floor(self) -> tuple[Reading, ...]:
        """Read the gauge at rest: one burst, as a sample has it."""
        context, pool = self._context, self._pool
        readings: list[Reading] = []
        began_s = context.pace.offset_s()
        with open_gauge(context, pool) as gauge:
            for number in range(pool.burst.readings):
                context.pace.wait_until(began_s + number * pool.burst.every)
                if context.stop.requested:
                    break
                readings.append(gauge.read())
        return tuple(readings)

    def _observation(self) -> FloorObservation:
        cycles = self._cycles
        return FloorObservation(
            check=self._pool.name,
            offset_s=self._offset_s,
            at=self._at,
            url=shown_address(self._context, self._pool),
            before=self._before,
            after=self._after,
            cycles=cycles.done,
            failed=cycles.failed,
            took_s=self._took_s,
            tallies=cycles.tallies,
            failures=tuple(answer for failure in cycles.failures for answer in sent_in(failure.step)),
            beside=cycles.beside,
            unrestored=cycles.unrestored,
            ended=self._ended,
            interrupted=self._context.stop.requested,
        )
