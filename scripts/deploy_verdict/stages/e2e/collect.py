"""Runs the plan's tests, each with its cleanup, and the plugged-in suite.

Whatever happens in a test (a failed step, a request to stop, an interrupt), its cleanup runs if it may have
written anything.
"""

from collections.abc import Callable, Iterable, Iterator

from deploy_verdict.base.units import shown_offset
from deploy_verdict.evidence.answers.steps import step_label
from deploy_verdict.model import (
    CaseObservation,
    Observation,
    StepRecord,
    SuiteObservation,
    TestObservation,
)
from deploy_verdict.plan import E2E, Step, Test
from deploy_verdict.plan.checks.references import PRE_CHECK, SUITE
from deploy_verdict.plan.writes.write_guard import known_refusals
from deploy_verdict.stages.context import Context
from deploy_verdict.stages.e2e.external import run_command
from deploy_verdict.stages.e2e.race import is_worth_another_try, raced
from deploy_verdict.stages.e2e.requests import TestRun, of_own_cookies, requests_of
from deploy_verdict.stages.e2e.steps import Part, clean_up, close_entry, entity_lock, take_step
from deploy_verdict.stages.write_ledger import OpenEntry

RACE_TRIES = 3
Checkpoint = Callable[[tuple[Observation, ...]], None]


def run_suite(
    context: Context, offset_s: float, checkpoint: Checkpoint | None = None
) -> tuple[Observation, ...]:
    """Run the suite once. After a request to stop, no further test begins and none is observed.

    `checkpoint` gets all observations so far after each test, even if an interrupt ends the run.
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
    """Yield each test with the steps before it; the pre-check is a test without any."""
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
    context, clock = of_own_cookies(context), context.pace.clock
    test_run = TestRun(context, entry=OpenEntry(context.ledger, test.name, clock.now), cleanup=test.cleanup)
    at, began_s = clock.now(), clock.monotonic_s()
    try:
        with entity_lock(context, test, before_each) as held:
            test_run.stopped = held
            if held is None:
                _run_and_clean_up(test_run, test, before_each)
    finally:
        observation = TestObservation(
            check=test.name,
            offset_s=offset_s,
            at=at,
            elapsed_ms=round((clock.monotonic_s() - began_s) * 1000, 3),
            steps=tuple(test_run.records),
            stopped=test_run.stopped,
            unrestored=tuple(test_run.unrestored),
            interrupted=test_run.interrupted,
        )
        keep(observation)
        _tell(context, observation)


def _run_and_clean_up(test_run: TestRun, test: Test, before_each: tuple[Step, ...]) -> None:
    try:
        _take_steps(test_run, test, before_each)
    finally:
        if test_run.writes:
            clean_up(test_run, test.cleanup)
        close_entry(test_run)


def _take_steps(test_run: TestRun, test: Test, before_each: tuple[Step, ...]) -> None:
    """Take the steps in order until one says why the test must stop, or the run is stopped."""
    parts: tuple[tuple[Part, tuple[Step, ...]], ...] = (
        ("before_each", before_each),
        ("start", test.start),
        ("steps", test.steps),
    )
    if _never_sent(test_run, (*parts, ("cleanup", test.cleanup))):
        return
    for part, steps in parts:
        for index, step in enumerate(steps):
            label = step_label(part, index, step.name)
            test_run.interrupted = True
            if test_run.context.stop.requested:
                test_run.stopped = f"{label}: not sent, because the run was stopped"
                return
            # This remains only if an interrupt leaves the function in the middle of the step.
            test_run.stopped = f"{label}: interrupted"
            reason = take_step(test_run, part, index, step)
            if part == "steps" and index == 0 and not test.start:
                reason = _raced_again(test_run, step, test, reason)
            test_run.interrupted = False
            test_run.stopped = f"{label}: {reason}" if reason else None
            if reason:
                return


def _never_sent(test_run: TestRun, parts: Iterable[tuple[Part, tuple[Step, ...]]]) -> bool:
    """Return whether the guard will refuse a step whatever is captured.

    No test may begin without its cleanup, so cleanup steps are checked too.
    """
    plan = test_run.context.plan
    for part, steps in parts:
        for index, step in enumerate(steps):
            found = (
                one
                for request in requests_of((step,))
                for one in known_refusals(request, plan.test_data, plan.headers_of(request))
            )
            refusal = next(found, None)
            if refusal is not None:
                text = test_run.context.redact(refusal.text)
                test_run.records.append(StepRecord(part=part, index=index, name=step.name, refused=text))
                test_run.stopped = f"{step_label(part, index, step.name)}: refused: {text}"
                return True
    return False


def _raced_again(test_run: TestRun, step: Step, test: Test, reason: str | None) -> str | None:
    """Repeat a race that did not overlap, if the cleanup restores the state in which it began.

    That is certain only for a race that opens its test, as the cleanup also undoes what earlier steps did.
    """
    for tries in range(2, RACE_TRIES + 1):
        race = test_run.records[-1].race
        if step.together is None or race is None or not is_worth_another_try(step.together, race):
            return reason
        if not test.cleanup or test_run.context.stop.requested:
            return reason
        place = len(test_run.records) - 1
        clean_up(test_run, test.cleanup)
        if test_run.unrestored:
            return reason
        reason = take_step(test_run, "steps", 0, step)
        del test_run.records[place]
        last = test_run.records[-1]
        if last.race is not None:
            again = last.race.model_copy(update={"tries": tries})
            test_run.records[-1] = last.model_copy(update={"race": again})
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
        result = suite.fault.detail if suite.fault else f"{len(cases)} cases, exit code {suite.exit_code}"
        context.tell(f"e2e {shown_offset(suite.offset_s)}: {suite.command[0]}: {result}")
