"""Judges the suite: every declared test over all its runs, what it left behind, and the run's length. Pure.

Every cleanup step of every run counts, with the request that restores it.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from deploy_verdict.base.units import shown_duration, shown_offset
from deploy_verdict.evidence.answers.steps import may_have_written, step_label, worst_ruling
from deploy_verdict.evidence.bundle import Bundle
from deploy_verdict.evidence.finding import Ruling, failed, passed, unknown
from deploy_verdict.model import Evidence, Finding, Outcome, Severity, TestObservation
from deploy_verdict.plan import E2E, Plan, Test
from deploy_verdict.plan.checks.references import SUITE
from deploy_verdict.stages.e2e.judge_external import judge_command, suites_of
from deploy_verdict.stages.e2e.judge_runs import (
    NOT_RUN,
    Files,
    JudgedRun,
    pre_check,
    runs_in,
    runs_of,
    tested_record,
    why_not_run,
)
from deploy_verdict.stats.bounds import excluded_percent, possible_percent


def judge_e2e(plan: Plan, loaded: Sequence[tuple[str, Evidence]]) -> list[Finding]:
    """Return all findings of the stage. `loaded` has evidence by file name, with which pointers begin."""
    e2e = plan.e2e
    if e2e is None:
        return []
    files = tuple(item for item in loaded if item[1].stage == "e2e")
    return list(_findings(e2e, files))


def _findings(e2e: E2E, files: Files) -> Iterator[Finding]:
    for test in _tests(e2e):
        yield _passes(test, runs_of(e2e, test, files))
    for test in e2e.tests:
        if test.cleanup:
            yield _judge_cleanup(e2e, test, files)
    if e2e.limit is not None:
        yield _limit(e2e, e2e.limit, files)
    if e2e.command:
        yield from judge_command(e2e, files)


def _tests(e2e: E2E) -> tuple[Test, ...]:
    first = pre_check(e2e)
    return (first, *e2e.tests) if first else e2e.tests


def _passes(test: Test, runs: Sequence[JudgedRun]) -> Finding:
    worst = worst_ruling([run.result for run in runs])
    good = [run for run in runs if run.result.outcome is Outcome.PASS]
    tally = f"passed in {len(good)} of {len(runs)} run{'s' if len(runs) > 1 else ''}"
    tally += _flaky(len(good), sum(run.result.outcome is Outcome.FAIL for run in runs))
    if worst.outcome is Outcome.PASS:
        ruling = passed(tally).at(runs[-1].pointer)
    else:
        shown = next(run for run in runs if run.result.outcome is worst.outcome)
        actual, because = f"{shown.actual}; {tally}", worst.because or test.because
        ruling = replace(worst, actual=actual, because=because).at(shown.pointer, shown.offset_s)
    expectation = (
        f"every step gives what it expects, at {', '.join(shown_offset(run.offset_s) for run in runs)}"
    )
    wanted = f"passes {len(runs)} of {len(runs)}"
    return ruling.as_finding("e2e", test.name, "passes", expectation, expected=wanted)


def _flaky(passed: int, failed: int) -> str:
    """Describe what this many runs say about the flake rate (upper bound at 95 %)."""
    if failed and passed:
        runs = passed + failed
        share = f"{100 * failed / runs:.0f} % of them, at most {possible_percent(failed, runs):.0f} %"
        return f" (flaky: it failed in {share} at 95 %)"
    return f" (excludes a flake rate above {excluded_percent(passed):.0f} %)" if passed and not failed else ""


def _limit(e2e: E2E, limit_s: float, files: Files) -> Finding:
    """Judge the longest run. A run that was cut short does not show how long a complete one takes."""
    suites = suites_of(e2e, files)
    timed = [suite for suite in suites if suite.observation is not None]
    longest = max(timed, key=lambda suite: suite.elapsed_ms, default=None)
    blind = next((suite for suite in suites if suite.incomplete), None)
    took = f"{longest.elapsed_ms / 1000:.1f} s" if longest else ""
    if longest is not None and longest.elapsed_ms > limit_s * 1000:
        ruling = failed(
            f"{took} at {shown_offset(longest.offset_s)}",
            Severity.P2,
            "the suite takes longer than the plan allows",
        ).at(longest.pointer, longest.offset_s)
    elif blind is not None:
        reason = f"{shown_offset(blind.offset_s)}: {blind.incomplete}"
        ruling = unknown(reason).at(blind.pointer, blind.offset_s)
    elif longest is None:
        ruling = unknown("not run")
    else:
        ruling = passed(f"{took}, the longest of {len(suites)}").at(longest.pointer)
    limit = shown_duration(limit_s)
    expectation = f"a run of the suite takes at most {limit}"
    return ruling.as_finding("e2e", SUITE, "limit", expectation, expected=f"<= {limit}")


@dataclass(frozen=True, kw_only=True)
class TestRow:
    """One declared test as a row; `notes` is the text of its finding."""

    __test__ = False  # pytest: not a test class
    name: str
    outcome: Outcome
    notes: str
    passed: int
    runs: int


def runs_passed(plan: Plan, loaded: Sequence[tuple[str, Evidence]]) -> tuple[TestRow, ...]:
    """Return how many runs each declared test passed, in the plan's order, without the pre-check."""
    e2e = plan.e2e
    if e2e is None:
        return ()
    rows = []
    for test in e2e.tests:
        runs = runs_of(e2e, test, tuple(item for item in loaded if item[1].stage == "e2e"))
        finding = _passes(test, runs)
        rows.append(
            TestRow(
                name=test.name,
                outcome=finding.outcome,
                notes=finding.actual,
                passed=sum(run.result.outcome is Outcome.PASS for run in runs),
                runs=len(runs),
            )
        )
    return tuple(rows)


def judge_suites(bundle: Bundle, findings: Sequence[Finding] = ()) -> list[Finding]:
    """Return the suite's findings over every run of the window."""
    return judge_e2e(bundle.plan, [(item.name, item.evidence) for item in bundle.of_stage("e2e")])


def _judge_cleanup(e2e: E2E, test: Test, files: Files) -> Finding:
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
