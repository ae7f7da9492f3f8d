"""The E2E suite in the report: when it ran, each test, and the comparison with the baseline. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from deploy_verdict.base.units import shown_duration, shown_offset
from deploy_verdict.evidence.bundle import Bundle
from deploy_verdict.evidence.measures import NOT_MEASURED, NOT_RUN, suite_ran, suite_results
from deploy_verdict.evidence.platform.platform_views import readings_of
from deploy_verdict.markup.labels import TEST_WORD, counted, files_of, listed, not_checked, planned_moment
from deploy_verdict.markup.lines import Line, lines
from deploy_verdict.markup.tables import Table
from deploy_verdict.model import CaseObservation, Finding, Outcome, SuiteObservation, TestObservation, Verdict


@dataclass(frozen=True, kw_only=True)
class Suite:
    """The complete section; `reason` says why there is no result."""

    reason: str
    execution: tuple[str, ...]
    rate: str
    tests: Table
    baseline: tuple[tuple[str, str], ...]
    others: tuple[Line, ...]
    files: str
    pointers: tuple[tuple[str, str], ...]


def suite(bundle: Bundle, verdict: Verdict, generated_at: datetime) -> Suite:
    """Return the section. A test without a finding is shown as not run, never left out."""
    results = suite_results(bundle, verdict.findings)
    rate = _rate(bundle, results)
    reason = not_checked(bundle, "e2e") or ""
    baseline = bundle.plan.baseline
    before = tuple(zip(baseline.columns, baseline.e2e, strict=False)) if baseline else ()
    return Suite(
        reason=reason,
        execution=_execution(bundle),
        rate=f"{rate}: {reason}" if reason else rate,
        tests=_tests(bundle, results),
        baseline=(*before, ("Post-deployment", rate)),
        others=lines(
            finding
            for finding in verdict.findings
            if finding.stage == "e2e" and finding not in results and finding.outcome is not Outcome.PASS
        ),
        files=files_of(bundle, "e2e"),
        pointers=_pointers(results),
    )


def _rate(bundle: Bundle, results: Sequence[Finding]) -> str:
    """Write "7/8 (88%)". Unknown tests do not count as passed, and are named."""
    if not results or not bundle.of_stage("e2e"):
        return NOT_MEASURED
    if not suite_ran(bundle):
        return f"{NOT_RUN}: {len(results)} not known"
    total = len(results) + len(_without_result(bundle, results))
    passed = sum(result.outcome is Outcome.PASS for result in results)
    unknown = total - passed - sum(result.outcome is Outcome.FAIL for result in results)
    note = f", {unknown} not known" if unknown else ""
    return _share(passed, total, note)


def _share(passed: int, total: int, note: str) -> str:
    share = round(100 * passed / total)
    # 199 of 200 must not read 100%.
    share = 99 if share == 100 and passed < total else share
    return f"{passed}/{total} ({share}%{note})"


def _without_result(bundle: Bundle, results: Sequence[Finding]) -> list[str]:
    known = {result.check for result in results}
    tests = bundle.plan.e2e.tests if bundle.plan.e2e else ()
    return [test.name for test in tests if test.name not in known]


def _tests(bundle: Bundle, results: Sequence[Finding]) -> Table:
    rows = [(result.check, TEST_WORD[result.outcome], _note(result)) for result in results]
    reason = not_checked(bundle, "e2e") or "no finding"
    rows += [(name, TEST_WORD[Outcome.INCONCLUSIVE], reason) for name in _without_result(bundle, results)]
    order = [test.name for test in bundle.plan.e2e.tests] if bundle.plan.e2e else []
    rows.sort(key=lambda row: order.index(row[0]) if row[0] in order else len(order))
    numbered = tuple((f"{number}. {row[0]}", *row[1:]) for number, row in enumerate(rows, 1))
    return Table(headers=("Test", "Status", "Notes"), rows=numbered)


def _note(result: Finding) -> str:
    why = f" ({result.because})" if result.because and result.outcome is Outcome.FAIL else ""
    return f"{result.actual}{why}"


def _pointers(results: Sequence[Finding]) -> tuple[tuple[str, str], ...]:
    """Return where each test is described in full; the table itself keeps three columns."""
    return tuple((result.check, result.evidence) for result in results if result.evidence)


def _execution(bundle: Bundle) -> tuple[str, ...]:
    """Return one line for each run."""
    runs = []
    for item in bundle.of_stage("e2e"):
        suites = [o for o in item.evidence.observations if isinstance(o, SuiteObservation)]
        took = f", took {shown_duration(suites[0].elapsed_ms / 1000)}" if suites else ""
        cut = ", interrupted" if item.evidence.interrupted else ""
        offset_s = item.evidence.offset_s
        runs.append(f"{planned_moment(bundle.window, offset_s)} ({shown_offset(offset_s)}{took}{cut})")
    return tuple(runs)


def in_short(bundle: Bundle, verdict: Verdict, offset_s: float) -> tuple[Outcome, str]:
    """Return how many tests of one run went through, counting the cases of a plugged-in suite."""
    runs = [item for _, item in readings_of(bundle, "e2e", TestObservation) if item.offset_s == offset_s]
    cases = [item for _, item in readings_of(bundle, "e2e", CaseObservation) if item.offset_s == offset_s]
    bad = [run.check for run in runs if run.stopped]
    bad += [case.check for case in cases if case.result != "passed"]
    total = len(runs) + len(cases)
    if not total:
        return Outcome.INCONCLUSIVE, "no test ran"
    if not bad:
        return Outcome.PASS, f"{total} of {counted(total, 'test')} went through"
    failed = {item.check for item in verdict.findings if item.stage == "e2e" and item.outcome is Outcome.FAIL}
    outcome = Outcome.FAIL if failed & set(bad) else Outcome.INCONCLUSIVE
    return outcome, f"{total - len(bad)} of {counted(total, 'test')} went through, not {listed(bad)}"
