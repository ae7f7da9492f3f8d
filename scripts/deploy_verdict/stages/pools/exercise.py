"""The exercise: a short load at T+0 that must show in each pool's gauge.

The plan bounds it, and it is safe for the pool: no round begins that could fill it, judging by its own gauge.
Load and rest alternate, so that other traffic affects both alike. More rounds follow until the gauge is
proven, within the plan's bounds.
"""

import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import nullcontext

from deploy_verdict.base.units import shown_offset
from deploy_verdict.evidence.pools.exercise_rounds import response_of, step_of
from deploy_verdict.evidence.pools.pool_samples import PoolLevel, level_of
from deploy_verdict.model import Exchange, ExerciseObservation, ExerciseRound, Observation, Reading
from deploy_verdict.plan import Check, Exercise, Pool
from deploy_verdict.plan.sections.pools import FEWEST_READINGS, MOST_READINGS
from deploy_verdict.stages.context import Context
from deploy_verdict.stages.guarded_request import NOT_SENT, ask_request, entry_of, unlike
from deploy_verdict.stages.pools.gauge import Gauge, open_gauge, shown_address

# The share of the time between two samples that extra rounds may use.
MOST_OF_INTERVAL = 0.2
Keep = Callable[[tuple[Observation, ...]], None]


def exercise(context: Context, offset_s: float, keep: Keep) -> tuple[Observation, ...]:
    """Exercise every pool for which the plan wants it, one after the other."""
    done: tuple[Observation, ...] = ()
    for pool in context.plan.pools:
        if pool.exercise is not None and not context.stop.requested:
            done = (*done, _Exercise(context, pool, pool.exercise, offset_s).run())
            keep(done)
    return done


class _Exercise:
    """The running exercise of one pool."""

    def __init__(self, context: Context, pool: Pool, exercise: Exercise, offset_s: float) -> None:
        self._context, self._pool, self._how, self._offset_s = context, pool, exercise, offset_s
        self._requests = tuple(context.plan.to_ask(name) for name in exercise.ask)
        self._writing = [one for one in self._requests if isinstance(one, Check) and one.writes]
        self._entry = entry_of(context, self._writing)

    def run(self) -> ExerciseObservation:
        with self._context.ledger.lock() if self._writing else nullcontext(None) as held:
            return self._loaded(held)

    def _loaded(self, held_back: str | None) -> ExerciseObservation:
        context, exercise = self._context, self._how
        at, began_s = context.pace.clock.now(), context.pace.offset_s()
        rounds: list[ExerciseRound] = []
        answers: list[Exchange] = []
        with (
            open_gauge(context, self._pool) as gauge,
            ThreadPoolExecutor(max_workers=exercise.at_once, thread_name_prefix="exercise") as threads,
        ):
            for number in range(0 if held_back else exercise.proof_rounds[-1]):
                if number in exercise.proof_rounds and self._is_done(rounds, began_s):
                    break
                context.pace.wait_until(began_s + number * exercise.for_ / exercise.rounds)
                before = gauge.read()
                held_back = self._no_room(before)
                if held_back or context.stop.requested:
                    rounds.append(ExerciseRound(before=(before,)))
                    break
                busy, given = self._load(gauge, threads)
                answers += given
                context.pace.wait_until(began_s + (number + 0.5) * exercise.for_ / exercise.rounds)
                rest = [gauge.read() for _ in busy]
                rounds.append(ExerciseRound(before=(before,), busy=tuple(busy), rest=tuple(rest)))
        settled = self._settle() if not held_back or rounds else []
        return self._reported(
            ExerciseObservation(
                check=self._pool.name,
                offset_s=self._offset_s,
                at=at,
                url=shown_address(context, self._pool),
                at_once=exercise.at_once,
                rounds=tuple(rounds),
                answers=tuple(answers),
                settled=tuple(_plain(answer) for answer in settled),
                held_back=held_back,
                interrupted=context.stop.requested,
            )
        )

    def _is_done(self, rounds: Sequence[ExerciseRound], began_s: float) -> bool:
        """Return whether more rounds would add nothing, or would delay the next sample."""
        taken_s = self._context.pace.offset_s() - began_s
        if taken_s + self._how.for_ > MOST_OF_INTERVAL * self._context.plan.window.sample_every:
            return True
        response = response_of(self._pool, self._how, rounds)
        if response.is_proven or not response.is_enough:
            return True
        return step_of(self._pool, self._how.at_once, rounds) is not None

    def _settle(self) -> list[Exchange]:
        given = [ask_request(self._context, request, self._entry) for request in self._writing]
        self._entry.close(unlike(self._writing[-1], given[-1]) if given else NOT_SENT)
        return given

    def _no_room(self, before: Reading) -> str | None:
        """Return why our load could fill the pool, by its gauge. An unreadable gauge stops nothing."""
        level = level_of(self._pool, before)
        at_once = self._how.at_once
        if isinstance(level, PoolLevel) and level.used + at_once > level.limit * self._pool.critical / 100:
            return f"{level.used:g} of {level.limit:g} in use: {at_once} more could fill it"
        return None

    def _load(self, gauge: Gauge, threads: ThreadPoolExecutor) -> tuple[list[Reading], list[Exchange]]:
        """Release all requests through one barrier, and read the gauge until each of them is answered."""
        barrier = threading.Barrier(self._how.at_once + 1)

        def ask(number: int) -> list[Exchange]:
            barrier.wait()
            return list(self._ask(number))

        futures: list[Future[list[Exchange]]] = []
        try:
            futures += [threads.submit(ask, number) for number in range(self._how.at_once)]
            barrier.wait()
            busy = list(self._read_until(gauge, futures))
            return busy, [answer for future in futures for answer in future.result()]
        finally:
            # If interrupted while threads are still starting, the others would wait at the barrier forever.
            barrier.abort()

    def _ask(self, number: int) -> Iterator[Exchange]:
        for time in range(self._how.times):
            if self._context.stop.requested:
                return
            request = self._requests[(number + time) % len(self._requests)]
            yield _plain(ask_request(self._context, request, self._entry))

    def _read_until(self, gauge: Gauge, futures: Sequence[Future[list[Exchange]]]) -> Iterator[Reading]:
        for count in range(MOST_READINGS):
            if count >= FEWEST_READINGS and all(future.done() for future in futures):
                return
            yield gauge.read()

    def _reported(self, observation: ExerciseObservation) -> ExerciseObservation:
        answered = sum(answer.fault is None for answer in observation.answers)
        text = (
            f"{answered} of {len(observation.answers)} requests answered in {len(observation.rounds)} rounds"
        )
        rest = f" (held back: {observation.held_back})" if observation.held_back else ""
        self._context.tell(
            f"exercise of {observation.check} {shown_offset(observation.offset_s)}: {text}{rest}"
        )
        return observation


def _plain(answer: Exchange) -> Exchange:
    """Drop the headers and attempts: an exercise keeps hundreds of responses."""
    return answer.model_copy(update={"headers": {}, "attempts": ()})
