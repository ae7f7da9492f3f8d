"""What the JUnit files of a plugged-in suite prove, for the command and for each case. Pure."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from deploy_verdict.base.units import shown_offset
from deploy_verdict.evidence.answers.steps import worst_ruling
from deploy_verdict.evidence.finding import Ruling, failed, passed, unknown
from deploy_verdict.evidence.stopped import stopped_at
from deploy_verdict.expect import fault_text
from deploy_verdict.model import (
    CaseObservation,
    Evidence,
    Finding,
    Outcome,
    Severity,
    SuiteObservation,
    TestObservation,
)
from deploy_verdict.plan import E2E
from deploy_verdict.plan.checks.references import PRE_CHECK, SUITE
from deploy_verdict.stages.e2e.judge_runs import Files, pre_check

BAD = ("failed", "error")


@dataclass(frozen=True, kw_only=True)
class SuiteRun:
    """A scheduled run of the suite.

    `incomplete` says why it is missing or was cut short; "" if it is complete.
    """

    offset_s: float
    pointer: str | None = None
    observation: SuiteObservation | None = None
    cases: tuple[tuple[str, CaseObservation], ...] = ()
    incomplete: str = "the suite was not run"

    @property
    def failed(self) -> bool:
        """Whether one of its cases failed."""
        return any(case.result in BAD for _, case in self.cases)

    @property
    def elapsed_ms(self) -> float:
        """How long it took in milliseconds; 0 if that was not recorded."""
        return self.observation.elapsed_ms if self.observation else 0.0


def suites_of(e2e: E2E, files: Files) -> tuple[SuiteRun, ...]:
    """Return one run for each scheduled offset: the first attempt with a failed case, else the newest."""
    kept: dict[float, SuiteRun] = {}
    for name, evidence in sorted(files, key=lambda item: item[1].attempt):
        for index, observation in enumerate(evidence.observations):
            if not isinstance(observation, SuiteObservation):
                continue
            offset_s = observation.offset_s
            if offset_s in kept and kept[offset_s].failed:
                continue
            kept[offset_s] = SuiteRun(
                offset_s=offset_s,
                pointer=f"{name}#/observations/{index}",
                observation=observation,
                cases=_cases(name, evidence, offset_s),
                incomplete=_incomplete(e2e, evidence, offset_s),
            )
    evidence_only = [evidence for _, evidence in files]

    def absent(offset_s: float) -> SuiteRun:
        stopped = stopped_at(evidence_only, "e2e", offset_s)
        return SuiteRun(offset_s=offset_s, incomplete=stopped) if stopped else SuiteRun(offset_s=offset_s)

    return tuple(kept.get(offset_s) or absent(offset_s) for offset_s in e2e.at)


def _cases(name: str, evidence: Evidence, offset_s: float) -> tuple[tuple[str, CaseObservation], ...]:
    return tuple(
        (f"{name}#/observations/{index}", item)
        for index, item in enumerate(evidence.observations)
        if isinstance(item, CaseObservation) and item.offset_s == offset_s
    )


def _incomplete(e2e: E2E, evidence: Evidence, offset_s: float) -> str:
    runs = [
        item
        for item in evidence.observations
        if isinstance(item, TestObservation) and item.offset_s == offset_s
    ]
    if evidence.interrupted or any(run.interrupted for run in runs):
        return "the run was interrupted"
    first = pre_check(e2e)
    absent = _absent([first.name] if first else [], [test.name for test in e2e.tests], runs)
    return f"{absent[0]} was not run" if absent else ""


def _absent(first: Sequence[str], names: Sequence[str], runs: Sequence[TestObservation]) -> list[str]:
    present = {run.check for run in runs}
    return [name for name in (*first, *names) if name not in present]


NAMED_CASES = 5


def judge_command(e2e: E2E, files: Files) -> Iterator[Finding]:
    """Yield the finding of the command, then one for each case name that any run reported."""
    suites = suites_of(e2e, files)
    wanted = f"at least {e2e.expected_cases} cases" if e2e.expected_cases else "cases"
    expectation = f"{' '.join(e2e.command)} reports {wanted}"
    yield _finding(
        e2e, SUITE, "command", expectation, [_ran(e2e, suite).at(suite.pointer) for suite in suites]
    )
    declared = {test.name for test in e2e.tests} | {PRE_CHECK, SUITE}
    for name in dict.fromkeys(case.check for suite in suites for _, case in suite.cases):
        check = f"{name} (command)" if name in declared else name
        runs = [_case(e2e, name, suite) for suite in suites]
        yield _finding(e2e, check, "passes", f"{name} passes in every run", runs)


def _ran(e2e: E2E, suite: SuiteRun) -> Ruling:
    """Judge one run of the command. The exit code alone proves nothing."""
    observation = suite.observation
    if observation is None:
        return unknown("not run")
    cases = [case for _, case in suite.cases]
    bad = [case for case in cases if case.result in BAD]
    if bad:
        named = ", ".join(case.check for case in bad[:NAMED_CASES])
        more = ", …" if len(bad) > NAMED_CASES else ""
        return failed(f"{len(bad)} of {len(cases)} cases failed: {named}{more}", Severity.P1)
    reason = _unproven(e2e, suite, cases)
    others = {kind: sum(case.result == kind for case in cases) for kind in ("skipped", "flaky")}
    allowed = ", ".join(f"{count} of {len(cases)} cases {kind}" for kind, count in others.items() if count)
    return unknown(reason) if reason else passed(allowed)


def _unproven(e2e: E2E, suite: SuiteRun, cases: Sequence[CaseObservation]) -> str | None:
    """Return why a run without a failed case does not count as a pass, or None."""
    observation = suite.observation
    if observation is None or not observation.command:
        return "the command was not run"
    if observation.fault is not None:
        return fault_text(observation.fault)
    if not cases or observation.cases != len(cases):
        return f"{observation.cases or 0} cases were read, {len(cases)} are in the evidence"
    if e2e.expected_cases is not None and len(cases) < e2e.expected_cases:
        return f"{len(cases)} cases were reported, of {e2e.expected_cases} expected"
    if all(case.result == "skipped" for case in cases):
        return f"all of {len(cases)} cases were skipped"
    if observation.exit_code != 0:
        return f"all cases passed, but the exit code was {observation.exit_code}"
    return None


def _case(e2e: E2E, name: str, suite: SuiteRun) -> Ruling:
    """Judge the worst of one run's cases with that name."""
    cases = [_reported(e2e, case).at(pointer) for pointer, case in suite.cases if case.check == name]
    return worst_ruling(cases) if cases else unknown("not reported").at(suite.pointer)


def _reported(e2e: E2E, case: CaseObservation) -> Ruling:
    message = f": {case.message}" if case.message else ""
    if case.result in BAD:
        return failed(f"{case.result}{message}", Severity.P1)
    if case.result == "flaky" and e2e.flaky is None:
        return failed(f"failed first, and passed when it was repeated{message}", Severity.P2)
    if case.result == "skipped" and e2e.skipped is None:
        return unknown(f"skipped{message} — where that is as it should be, add `skipped: allowed` to e2e")
    return passed(f"{case.result}, which the plan allows{message}" if case.result != "passed" else "")


def _finding(e2e: E2E, check: str, rule: str, expectation: str, runs: Sequence[Ruling]) -> Finding:
    """Return one finding over all runs; there is one run for each offset of the suite."""
    worst = worst_ruling(runs)
    good = sum(ruling.outcome is Outcome.PASS for ruling in runs)
    tally = f"passed in {good} of {len(runs)} run{'s' if len(runs) > 1 else ''}"
    if worst.outcome is Outcome.PASS:
        remark = next((ruling.actual for ruling in runs if ruling.actual), "")
        ruling = passed(f"{tally}: {remark}" if remark else tally).at(runs[-1].evidence)
    else:
        offset_s = e2e.at[[ruling.outcome for ruling in runs].index(worst.outcome)]
        actual = f"{shown_offset(offset_s)}: {worst.actual}; {tally}"
        ruling = replace(worst, actual=actual, offset_s=offset_s)
    wanted = f"passes {len(runs)} of {len(runs)}"
    return ruling.as_finding("e2e", check, rule, expectation, expected=wanted)
