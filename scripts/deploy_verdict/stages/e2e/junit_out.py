"""Writes the suite's run as JUnit XML for other tools: judged findings in, text out. Pure."""

import re
from collections import defaultdict
from collections.abc import Iterable

from junitparser import Error, Failure, JUnitXml, TestCase, TestSuite

from deploy_verdict.model import Finding, Outcome, TestObservation

# Characters that XML 1.0 cannot hold, even escaped.
_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def junit_xml(
    findings: Iterable[Finding], observations: Iterable[TestObservation], suite_name: str = "deploy-verdict"
) -> str:
    """Write a case for each finding. A fail becomes a failure, an inconclusive one an error; none is skipped.

    The time of a test is that of all its runs, in seconds.
    """
    elapsed_s: dict[str, float] = defaultdict(float)
    for observation in observations:
        elapsed_s[observation.check] += observation.elapsed_ms / 1000
    suite = TestSuite(_clean(suite_name))
    suite.add_testcases([_case(finding, elapsed_s) for finding in findings])
    document = JUnitXml(_clean(suite_name))
    document.add_testsuite(suite)
    # junitparser has no types for these two.
    document.update_statistics()  # type: ignore[no-untyped-call]
    xml: bytes = document.tostring()  # type: ignore[no-untyped-call]
    return xml.decode("utf-8")


def _case(finding: Finding, elapsed_s: dict[str, float]) -> TestCase:
    """Return a finding as a case. A test's own result has its name; its other rules are added to it."""
    is_test = finding.rule == "passes"
    name = finding.check if is_test else f"{finding.check}: {finding.rule}"
    case = TestCase(_clean(name), finding.stage, round(elapsed_s.get(finding.check, 0.0) * is_test, 3))
    message = _clean(finding.actual + (f" ({finding.because})" if finding.because else ""))
    if finding.outcome is Outcome.PASS:
        return case
    if finding.outcome is Outcome.FAIL:
        result: Failure | Error = Failure(message, finding.severity or "P1")
    else:
        result = Error(message, "inconclusive")
    result.text = _clean(f"expected: {finding.expected}\nactual: {finding.actual}\n{finding.evidence or ''}")
    case.result = result
    return case


def _clean(text: str) -> str:
    return _NOT_XML.sub("\ufffd", text)
