"""JUnit XML of our own suite: what other tools read of a finding."""

from junitparser import JUnitXml

from deploy_verdict.model import Finding, Outcome, Severity, TestObservation
from deploy_verdict.stages.e2e.junit_in import parsed_cases
from deploy_verdict.stages.e2e.junit_out import junit_xml
from tests.bundles import T0


def finding(check, outcome, rule="passes", **more):
    fields = {
        "stage": "e2e",
        "expectation": "e",
        "expected": "passes 3 of 3",
        "actual": "it went <badly> & so on",
        "severity": Severity.P0 if outcome is Outcome.FAIL else None,
        **more,
    }
    return Finding(check=check, rule=rule, outcome=outcome, **fields)


def run(check, elapsed_ms):
    return TestObservation(check=check, offset_s=0.0, at=T0, elapsed_ms=elapsed_ms)


def test_each_outcome_has_its_element():
    findings = [
        finding("good", Outcome.PASS),
        finding("bad", Outcome.FAIL, because="the fix is gone", evidence="e2e.T+000.a1.json#/observations/0"),
        finding("unknown", Outcome.INCONCLUSIVE),
        finding("good", Outcome.PASS, rule="cleanup"),
    ]
    text = junit_xml(findings, [run("good", 1500), run("good", 500), run("bad", 1)], "zeues")
    assert text == (
        '<testsuites name="zeues" tests="4" failures="1" errors="1" skipped="0" time="2.001">'
        '<testsuite name="zeues" tests="4" errors="1" failures="1" skipped="0" time="2.001">'
        '<testcase name="good" classname="e2e" time="2.0" />'
        '<testcase name="bad" classname="e2e" time="0.001">'
        '<failure message="it went &lt;badly&gt; &amp; so on (the fix is gone)" type="P0">'
        "expected: passes 3 of 3\nactual: it went &lt;badly&gt; &amp; so on\n"
        "e2e.T+000.a1.json#/observations/0</failure></testcase>"
        '<testcase name="unknown" classname="e2e" time="0.0">'
        '<error message="it went &lt;badly&gt; &amp; so on" type="inconclusive">'
        "expected: passes 3 of 3\nactual: it went &lt;badly&gt; &amp; so on\n</error></testcase>"
        '<testcase name="good: cleanup" classname="e2e" time="0.0" />'
        "</testsuite></testsuites>"
    )


def test_what_xml_cannot_hold_is_replaced():
    odd = "a\x00b\x1bc\ud800d\uffffe\U0001f600\tf"
    text = junit_xml([finding(odd, Outcome.FAIL, actual=odd)], [], odd)
    (suite,) = JUnitXml.fromstring(text.encode())
    (case,) = suite
    assert case.name.startswith("a\ufffdb\ufffdc\ufffdd\ufffde\U0001f600")
    assert case.is_failure


def test_our_reader_reads_what_our_writer_wrote():
    findings = [finding("a", Outcome.PASS), finding("b", Outcome.FAIL), finding("c", Outcome.INCONCLUSIVE)]
    cases = parsed_cases(junit_xml(findings, []).encode())
    assert [(case.name, case.result) for case in cases] == [
        ("e2e.a", "passed"),
        ("e2e.b", "failed"),
        ("e2e.c", "error"),
    ]
