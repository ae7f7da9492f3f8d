"""The floor stage: many cycles of an E2E test's steps, and each pool's gauge at rest before and after.

Nothing is sent that the guard refuses; the plan caps number, rate and time; and after a few failed cycles no
more are begun. Whatever happens, the test's cleanup runs.
"""

from collections import Counter
from collections.abc import Callable

from deploy_verdict.collectors import Context
from deploy_verdict.collectors.e2e_requests import Trial
from deploy_verdict.collectors.e2e_steps import Part, clean_up, settle, take
from deploy_verdict.collectors.ledger import Debt
from deploy_verdict.model import Exchange, FloorObservation, Observation, Reading, StepRecord, Tally
from deploy_verdict.plan import Pool, ReturnToFloor, Step, Test
from deploy_verdict.units import shown_offset

MOST_FAILED = 10
TOLD_TIMES = 10
Keep = Callable[[tuple[Observation, ...]], None]


def return_to_floor(context: Context, offset_s: float, keep: Keep) -> tuple[Observation, ...]:
    """Drive every pool that asks for it, one after the other."""
    done: tuple[Observation, ...] = ()
    for pool in context.plan.pools:
        if pool.return_to_floor is not None and not context.stop.requested:
            before = done

            def keep_it(seen: FloorObservation, before: tuple[Observation, ...] = before) -> None:
                keep((*before, seen))

            done = (*before, _Drive(context, pool, pool.return_to_floor, offset_s).run(keep_it))
    return done


class _Drive:
    """One pool's cycles under way."""

    def __init__(self, context: Context, pool: Pool, asked: ReturnToFloor, offset_s: float) -> None:
        self._context, self._pool, self._asked, self._offset_s = context, pool, asked, offset_s
        self._test, self._before_each = context.plan.test_of(asked.test)
        debt = Debt(context.ledger, asked.test, context.pace.clock.now)
        self._trial = Trial(context, debt=debt, cleanup=self._test.cleanup)
        self._at = context.pace.clock.now()
        self._before: tuple[Reading, ...] = ()
        self._after: tuple[Reading, ...] = ()
        self._cycles = self._failed = self._requests = 0
        self._took_s = 0.0
        self._answers: dict[tuple[str, str, str], Counter[str]] = {}
        self._failures: list[Exchange] = []
        self._ended: str | None = None

    def run(self, keep: Callable[[FloorObservation], None]) -> FloorObservation:
        self._before = self._floor()
        with self._context.ledger.turn() as held:
            self._ended = held
            if held is None:
                self._driven(keep)
        self._context.pace.wait_until(self._context.pace.offset_s() + self._asked.settle)
        self._after = self._floor()
        told = f"{self._cycles:,} cycles in {self._took_s:.0f} s, {self._failed} failed"
        rest = f" (ended: {self._ended})" if self._ended else ""
        self._context.tell(f"return to floor of {self._pool.name}: {told}{rest}")
        return self._seen()

    def _driven(self, keep: Callable[[FloorObservation], None]) -> None:
        try:
            self._ended = self._led_up(self._test, self._before_each) or self._cycled(keep)
        finally:
            try:
                if self._trial.writes:
                    clean_up(self._trial, self._test.cleanup)
                settle(self._trial)
            finally:
                keep(self._seen())

    def _led_up(self, test: Test, before_each: tuple[Step, ...]) -> str | None:
        parts: tuple[Part, Part] = ("before_each", "start")
        for part, steps in zip(parts, (before_each, test.start), strict=True):
            for index, step in enumerate(steps):
                if self._context.stop.requested:
                    return "asked to stop"
                reason = take(self._trial, part, index, step)
                if reason:
                    return f"the cycles' start was not reached: {reason}"
        return None

    def _cycled(self, keep: Callable[[FloorObservation], None]) -> str | None:
        """Why not all cycles were done, or None."""
        clock, asked = self._context.pace.clock, self._asked
        began_s = clock.monotonic_s()
        for number in range(asked.cycles):
            self._took_s = round(clock.monotonic_s() - began_s, 3)
            if number and number % max(1, asked.cycles // TOLD_TIMES) == 0:
                told = f"{number:,} of {asked.cycles:,} cycles, {self._failed} failed"
                self._context.tell(f"return to floor {shown_offset(self._offset_s)}: {told}")
                keep(self._seen())
            if self._context.stop.requested:
                return "asked to stop"
            if self._took_s > asked.limit:
                return f"the time for them ({asked.limit:g} s) was over"
            if self._failed >= MOST_FAILED:
                return f"{self._failed} cycles had failed"
            self._cycle(began_s)
        self._took_s = round(clock.monotonic_s() - began_s, 3)
        return None

    def _cycle(self, began_s: float) -> None:
        clock = self._context.pace.clock
        for index, step in enumerate(self._test.steps):
            clock.sleep(began_s + self._requests / self._asked.rate - clock.monotonic_s())
            reason = take(self._trial, "steps", index, step)
            record = self._trial.records.pop()
            self._requests += 1 + len(record.earlier)
            if reason is None:
                self._count(record)
                continue
            self._failures += [*record.earlier, *([record.exchange] if record.exchange else [])]
            self._failed += 1
            clean_up(self._trial, self._test.cleanup)
            return
        self._cycles += 1

    def _count(self, record: StepRecord) -> None:
        for exchange in (*record.earlier, *([record.exchange] if record.exchange else [])):
            key = (record.name, exchange.method, exchange.url)
            self._answers.setdefault(key, Counter())[str(exchange.status)] += 1

    def _floor(self) -> tuple[Reading, ...]:
        """The gauge at rest: a burst as the samples have it."""
        context, pool = self._context, self._pool
        headers = {**context.plan.service.headers, **pool.headers}
        readings: list[Reading] = []
        began_s = context.pace.offset_s()
        with context.probe.kept_alive() as gauge:
            for number in range(pool.burst.readings):
                context.pace.wait_until(began_s + number * pool.burst.every)
                if context.stop.requested:
                    break
                read_offset_s = context.pace.offset_s()
                answer = gauge.ask(pool.method, pool.path, headers=headers)
                readings.append(
                    Reading(
                        offset_s=round(read_offset_s, 3),
                        elapsed_ms=answer.elapsed_ms,
                        status=answer.status,
                        body=answer.body,
                        fault=answer.fault,
                    )
                )
        return tuple(readings)

    def _seen(self) -> FloorObservation:
        records = self._trial.records
        beside = [exchange for record in records for exchange in (*record.earlier, record.exchange)]
        return FloorObservation(
            check=self._pool.name,
            offset_s=self._offset_s,
            at=self._at,
            url=self._context.redact(self._context.probe.base_url + self._pool.path),
            before=self._before,
            after=self._after,
            cycles=self._cycles,
            failed=self._failed,
            took_s=self._took_s,
            tallies=tuple(
                Tally(name=name, method=method, url=url, answers=dict(counts))
                for (name, method, url), counts in self._answers.items()
            ),
            failures=tuple(self._failures),
            beside=tuple(exchange for exchange in beside if exchange is not None),
            unrestored=tuple(self._trial.unrestored),
            ended=self._ended,
            interrupted=self._context.stop.requested,
        )
