"""What the tests left behind: every cleanup step of every run, with the request that restores it. Pure."""

from collections.abc import Iterator
from dataclasses import replace

from deploy_verdict.base.units import shown_offset
from deploy_verdict.evidence.answers.steps import may_have_written, step_label
from deploy_verdict.evidence.finding import Ruling, failed, passed, unknown
from deploy_verdict.model import Finding, Outcome, Severity, TestObservation
from deploy_verdict.plan import E2E, Test
from deploy_verdict.stages.e2e.judge_runs import NOT_RUN, Files, runs_in, tested_record, why_not_run


def judge_cleanup(e2e: E2E, test: Test, files: Files) -> Finding:
    """Judge the cleanup over all runs and attempts. What one attempt left behind, no other undoes."""
    left = list(_left_behind(e2e, test, files))
    if left:
        first = next((ruling for ruling in left if ruling.outcome is Outcome.FAIL), left[0])
        more = f" (and {len(left) - 1} more)" if len(left) > 1 else ""
        ruling = replace(
            first,
            actual=f"{first.actual}{more}",
            severity=Severity.P2,
            because="test data was left changed",
        )
    else:
        ruling = passed(f"restored after each of {len(e2e.at)}")
    expectation = "everything that the test changed is restored"
    return ruling.as_finding("e2e", test.name, "cleanup", expectation, expected="nothing is left behind")


def _left_behind(e2e: E2E, test: Test, files: Files) -> Iterator[Ruling]:
    """Yield what is not clean, or not known to be clean."""
    runs = list(runs_in(test.name, files))
    for pointer, observation in runs:
        for ruling in _left_by_run(test, observation):
            offset_s = observation.offset_s
            actual = f"{shown_offset(offset_s)}: {ruling.actual}"
            yield replace(ruling, actual=actual).at(pointer, offset_s)
    at = {observation.offset_s for _, observation in runs}
    for offset_s in e2e.at:
        if offset_s not in at:
            reason = why_not_run(files, offset_s)
            at_offset = shown_offset(offset_s)
            text = f"{reason} at {at_offset}" if reason == NOT_RUN else f"{at_offset}: {reason}"
            yield unknown(text).at(None, offset_s)


def _left_by_run(test: Test, observation: TestObservation) -> Iterator[Ruling]:
    for item in observation.unrestored:
        yield failed(f"not restored ({item.reason}); send: {item.request}")
    if observation.unrestored or not _wrote(observation):
        return
    # Of each step the last record counts: a race that is repeated cleans up in between.
    records = {record.index: record for record in observation.steps if record.part == "cleanup"}
    for index, step in enumerate(test.cleanup):
        label = step_label("cleanup", index, step.name)
        record = records.get(index)
        if record is None or record.name != step.name:
            yield unknown(f"{label} is not in the evidence")
            continue
        result = tested_record(record, step)
        if result.outcome is not Outcome.PASS:
            yield replace(result, actual=f"{label}: {result.actual}")


def _wrote(observation: TestObservation) -> bool:
    """Return whether there was something to restore.

    An interrupted run may have sent what it could not record.
    """
    if observation.interrupted:
        return True
    for record in observation.steps:
        races = record.race.exchanges if record.race else ()
        single = (record.exchange,) if record.exchange else ()
        if any(may_have_written(exchange) for exchange in (*record.earlier, *single, *races)):
            return True
    return False
