"""The e2e stage: the plan's tests, each with its cleanup, and the suite that the plan plugs in.

Whatever happens in a test (a failed step, a request to stop, an interrupt), its cleanup runs once it
may have written anything.
"""

from collections.abc import Callable, Iterator

from deploy_verdict.base.units import shown_offset
from deploy_verdict.evidence.steps import step_label
from deploy_verdict.model import (
    CaseObservation,
    Observation,
    SuiteObservation,
    TestObservation,
)
from deploy_verdict.plan import E2E, Step, Test
from deploy_verdict.plan.references import PRE_CHECK, SUITE
from deploy_verdict.stages.context import Context
from deploy_verdict.stages.e2e.external import run_command
from deploy_verdict.stages.e2e.race import is_worth_another_try, raced
from deploy_verdict.stages.e2e.requests import Trial
from deploy_verdict.stages.e2e.steps import Part, clean_up, settle, take, turn_for
from deploy_verdict.stages.write_ledger import PendingEntry

RACE_TRIES = 3
Checkpoint = Callable[[tuple[Observation, ...]], None]


def run_suite(
    context: Context, offset_s: float, checkpoint: Checkpoint | None = None
) -> tuple[Observation, ...]:
    """One run of the suite. After a request to stop, what was not begun is not observed.

    `checkpoint` is handed all observations so far after each test, also when an interrupt ends the run.
    """
    e2e = context.plan.e2e
    if e2e is None:
        return ()
    clock = context.pace.clock
    at, began_s = clock.now(), clock.monotonic_s()
    done: list[Observation] = []
    for test, before_each in _tests(e2e):
        if context.stop.requested:
            break
        _run_test(context, offset_s, test, before_each, lambda run: _keep(done, run, checkpoint))
    ran, cases = run_command(context, e2e, offset_s) if e2e.command else ({}, ())
    suite = SuiteObservation(
        check=SUITE,
        offset_s=offset_s,
        at=at,
        elapsed_ms=round((clock.monotonic_s() - began_s) * 1000, 3),
        **ran,
    )
    _tell_command(context, suite, cases)
    return (*done, suite, *cases)


def _tests(e2e: E2E) -> Iterator[tuple[Test, tuple[Step, ...]]]:
    """The tests with the steps before each; the pre-check is one that needs none."""
    if e2e.pre_check:
        yield Test(name=PRE_CHECK, steps=e2e.pre_check), ()
    yield from ((test, e2e.before_each) for test in e2e.tests)


def _keep(done: list[Observation], run: TestObservation, checkpoint: Checkpoint | None) -> None:
    done.append(run)
    if checkpoint is not None:
        checkpoint(tuple(done))


def _run_test(
    context: Context,
    offset_s: float,
    test: Test,
    before_each: tuple[Step, ...],
    keep: Callable[[TestObservation], None],
) -> None:
    clock = context.pace.clock
    trial = Trial(context, pending=PendingEntry(context.ledger, test.name, clock.now), cleanup=test.cleanup)
    at, began_s = clock.now(), clock.monotonic_s()
    try:
        with turn_for(context, test, before_each) as held:
            trial.stopped = held
            if held is None:
                _settled_whatever_comes(trial, test, before_each)
    finally:
        observation = TestObservation(
            check=test.name,
            offset_s=offset_s,
            at=at,
            elapsed_ms=round((clock.monotonic_s() - began_s) * 1000, 3),
            steps=tuple(trial.records),
            stopped=trial.stopped,
            unrestored=tuple(trial.unrestored),
            interrupted=trial.interrupted,
        )
        keep(observation)
        _tell(context, observation)


def _settled_whatever_comes(trial: Trial, test: Test, before_each: tuple[Step, ...]) -> None:
    try:
        _go(trial, test, before_each)
    finally:
        if trial.writes:
            clean_up(trial, test.cleanup)
        settle(trial)


def _go(trial: Trial, test: Test, before_each: tuple[Step, ...]) -> None:
    """Take the steps in order, until one says why the test must stop, or we are asked to."""
    parts: tuple[tuple[Part, tuple[Step, ...]], ...] = (
        ("before_each", before_each),
        ("start", test.start),
        ("steps", test.steps),
    )
    for part, steps in parts:
        for index, step in enumerate(steps):
            label = step_label(part, index, step.name)
            trial.interrupted = True
            if trial.context.stop.requested:
                trial.stopped = f"{label}: not taken, as we were asked to stop"
                return
            # Stands only if an interrupt leaves this function in the middle of the step.
            trial.stopped = f"{label}: interrupted"
            reason = take(trial, part, index, step)
            if part == "steps" and index == 0 and not test.start:
                reason = _raced_again(trial, step, test, reason)
            trial.interrupted = False
            trial.stopped = f"{label}: {reason}" if reason else None
            if reason:
                return


def _raced_again(trial: Trial, step: Step, test: Test, reason: str | None) -> str | None:
    """Run a race that did not overlap again, where cleanup brings back the state it began in.

    That is known of a race that opens its test only: cleanup undoes what earlier steps did, too.
    """
    for tries in range(2, RACE_TRIES + 1):
        race = trial.records[-1].race
        if step.together is None or race is None or not is_worth_another_try(step.together, race):
            return reason
        if not test.cleanup or trial.context.stop.requested:
            return reason
        place = len(trial.records) - 1
        clean_up(trial, test.cleanup)
        if trial.unrestored:
            return reason
        reason = take(trial, "steps", 0, step)
        del trial.records[place]
        last = trial.records[-1]
        if last.race is not None:
            again = last.race.model_copy(update={"tries": tries})
            trial.records[-1] = last.model_copy(update={"race": again})
            reason = raced(step.together, again)
    return reason


def _tell(context: Context, run: TestObservation) -> None:
    name = f"e2e {shown_offset(run.offset_s)}: {run.check}"
    took = f"{run.elapsed_ms:.0f} ms"
    context.tell(f"{name} stopped after {took}: {run.stopped}" if run.stopped else f"{name} done in {took}")
    for left in run.unrestored:
        context.tell(f"{name} left this to restore ({left.reason}): {left.request}")


def _tell_command(context: Context, suite: SuiteObservation, cases: tuple[CaseObservation, ...]) -> None:
    if suite.command:
        told = suite.fault.detail if suite.fault else f"{len(cases)} cases, exit code {suite.exit_code}"
        context.tell(f"e2e {shown_offset(suite.offset_s)}: {suite.command[0]}: {told}")
