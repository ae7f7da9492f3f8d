"""Runs the clean runs that an exposure still lacks at the window's end (its top-up).

The guard checks every request. The plan caps number, rate and time over all attempts, and after a few failed
runs no more begin. What is lacking is counted from the evidence.
"""

from collections.abc import Callable
from dataclasses import dataclass

from deploy_verdict.base.units import path_of, shown_offset
from deploy_verdict.evidence.answers.never_rules import forbidden
from deploy_verdict.evidence.answers.steps import tested_step
from deploy_verdict.evidence.bundle import bundled
from deploy_verdict.evidence.platform.platform_views import readings_of
from deploy_verdict.model import (
    Exchange,
    FailedRun,
    Observation,
    Outcome,
    StepRecord,
    TopUpObservation,
    Unrestored,
)
from deploy_verdict.plan import Exposure, TopUp
from deploy_verdict.plan.sections.pools import FASTEST_PER_S, MOST_FAILED
from deploy_verdict.stages.context import Context
from deploy_verdict.stages.e2e.repeat import Counted, Cycles
from deploy_verdict.stages.exposure.runs import our_runs
from deploy_verdict.stages.guarded_request import ask_request

PROGRESS_TIMES = 10
Keep = Callable[[tuple[Observation, ...]], None]


@dataclass(frozen=True, kw_only=True)
class Need:
    """Clean runs in the evidence, and runs of earlier attempts. `never` says why none begins."""

    clean: int
    earlier: int = 0
    never: str = ""


Needing = Callable[[Exposure], Need]


def top_up(
    context: Context, offset_s: float, keep: Keep, needing: Needing | None = None
) -> tuple[Observation, ...]:
    """Top up each exposure for which the plan wants it, one after the other: a run may count for several."""
    need_of = needing or (lambda exposure: need_in(context, exposure))
    done: tuple[Observation, ...] = ()
    for exposure in context.plan.exposures:
        if exposure.top_up is not None and not context.stop.requested:
            before = done

            def keep_it(observation: TopUpObservation, before: tuple[Observation, ...] = before) -> None:
                keep((*before, observation))

            running = _RunningTopUp(context, exposure, exposure.top_up, offset_s, need_of(exposure))
            done = (*before, running.run(keep_it))
            keep(done)
    return done


class _RepeatedCheck(Counted):
    """Repeats a health check's request, as `Cycles` repeats a test's steps."""

    def __init__(self, context: Context, name: str) -> None:
        super().__init__()
        self._context, self._check = context, context.plan.check(name)
        self.beside: tuple[Exchange, ...] = ()
        self.unrestored: tuple[Unrestored, ...] = ()

    def through(self, runs: Callable[[], str | None]) -> str | None:
        """Call `runs`.

        A check that may be topped up writes nothing, so it needs no lock, set-up or cleanup.
        """
        return runs()

    def run(self, before: Callable[[int], None]) -> None:
        before(self.done + self.failed)
        exchange = ask_request(self._context, self._check)
        is_good = tested_step(self._check, exchange).outcome is Outcome.PASS
        if is_good and forbidden(self._context.plan, exchange) is None:
            self.count(self._check.name, [exchange])
            self.done += 1
            return
        record = StepRecord(part="steps", index=0, name=self._check.name, exchange=exchange)
        self.failures.append(FailedRun(step=record))


class _RunningTopUp:
    """The running top-up of one exposure."""

    def __init__(self, context: Context, exposure: Exposure, how: TopUp, offset_s: float, need: Need) -> None:
        self._context, self._exposure, self._how, self._offset_s = context, exposure, how, offset_s
        self._need = need
        stage, name = how.part
        self._runs: Cycles | _RepeatedCheck = (
            Cycles(context, *context.plan.test_of(name)) if stage == "e2e" else _RepeatedCheck(context, name)
        )
        self._at = context.pace.clock.now()
        self._took_s = self._sent_s = 0.0
        self._ended = ""

    def run(self, keep: Callable[[TopUpObservation], None]) -> TopUpObservation:
        self._ended = self._why_none() or ""
        if self._ended:
            return self._reported()
        keep(self._observation())
        try:
            self._ended = self._runs.through(lambda: self._run_until_enough(keep)) or ""
        finally:
            keep(self._observation())
        return self._reported()

    def _why_none(self) -> str | None:
        """Return why no run begins at all, or None."""
        if self._need.never:
            return self._need.never
        if self._lacking() <= 0:
            return f"{self._need.clean} clean runs were there already"
        if self._need.earlier >= self._how.at_most:
            return f"{self._how.at_most} runs were done by earlier attempts"
        return None

    def _run_until_enough(self, keep: Callable[[TopUpObservation], None]) -> str:
        """Run until nothing is lacking; return why it ended."""
        clock, how = self._context.pace.clock, self._how
        gap_s = max(how.every / self._context.pace.speed, 1 / FASTEST_PER_S)
        began_s = clock.monotonic_s()
        tell_at = max(1, self._lacking() // PROGRESS_TIMES)
        for number in range(how.at_most - self._need.earlier):
            clock.sleep(began_s + number * gap_s - clock.monotonic_s())
            self._took_s = round(clock.monotonic_s() - began_s, 3)
            if number and number % tell_at == 0:
                self._tell(f"{number:,} runs of {how.of}, {max(0, self._lacking())} more are needed")
            if self._context.stop.requested:
                return "asked to stop"
            if self._took_s > how.limit:
                return f"the time for them ({how.limit:g} s) was over"
            if self._runs.failed >= MOST_FAILED:
                return f"{self._runs.failed} runs had failed"
            self._runs.run(self._paced)
            keep(self._observation())
            if self._lacking() <= 0:
                return "nothing is lacking any more"
        return f"{how.at_most} runs are the most that the plan allows"

    def _paced(self, sent: int) -> None:
        """Wait so that the steps of a run follow each other no faster than any drive may."""
        clock = self._context.pace.clock
        if sent:
            clock.sleep(self._sent_s + 1 / FASTEST_PER_S - clock.monotonic_s())
        self._sent_s = clock.monotonic_s()

    def _lacking(self) -> int:
        return self._exposure.wanted - self._need.clean - self._clean()

    def _clean(self) -> int:
        """Return the clean runs of the operation so far, as the judge will count them."""
        if self._exposure.test_name:
            step = self._exposure.step_of(self._how.part[1])
            named = (sum(tally.answers.values()) for tally in self._runs.tallies if tally.name == step)
            return sum(named) if step else self._runs.done
        return sum(
            count
            for tally in self._runs.tallies
            if self._exposure.is_met_by(tally.method, path_of(tally.url))
            for status, count in tally.answers.items()
            if status.isdigit() and int(status) < 400
        )

    def _tell(self, text: str) -> None:
        self._context.tell(f"top-up of {self._exposure.name} {shown_offset(self._offset_s)}: {text}")

    def _reported(self) -> TopUpObservation:
        runs = self._runs
        self._tell(f"{runs.done:,} runs of {self._how.of}, {runs.failed} failed ({self._ended})")
        return self._observation()

    def _observation(self) -> TopUpObservation:
        runs = self._runs
        return TopUpObservation(
            check=self._exposure.name,
            of=self._how.of,
            offset_s=self._offset_s,
            at=self._at,
            wanted=self._exposure.wanted,
            clean_before=self._need.clean,
            done=runs.done,
            failed=runs.failed,
            took_s=self._took_s,
            tallies=runs.tallies,
            failures=tuple(runs.failures),
            beside=runs.beside,
            unrestored=runs.unrestored,
            ended=self._ended,
            interrupted=self._context.stop.requested,
        )


def need_in(context: Context, exposure: Exposure) -> Need:
    """Count our own runs so far; those of others are not known yet.

    If one went wrong, more runs would prove nothing.
    """
    file = context.file
    if file is None:
        return Need(clean=0)
    files = tuple(context.evidence())
    bundle = bundled(context.plan, file.window, file.subject, files, left_out=file.left_out)
    earlier = [item for _, item in readings_of(bundle, "top_up", TopUpObservation, exposure.name)]
    runs = our_runs(bundle, exposure)
    return Need(
        clean=runs.clean,
        earlier=sum(item.done + item.failed for item in earlier),
        never=f"{runs.bad} of {runs.clean + runs.bad} runs went wrong before it" if runs.bad else "",
    )
