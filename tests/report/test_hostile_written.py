"""Hostile texts in ledgers, top-ups and waits: through the judge into whatever tells of them."""

import functools
import json
import re

from hypothesis import HealthCheck, given, settings
from junitparser import JUnitXml

from deploy_verdict.model import (
    AwaitedAnswer,
    AwaitedObservation,
    FailedRun,
    LedgerEntry,
    LedgerObservation,
    StepRecord,
    Tally,
    TopUpObservation,
    Unrestored,
)
from deploy_verdict.publish.job_summary import annotations
from deploy_verdict.publish.notification import message_for
from deploy_verdict.redaction.output_guard import Guarded
from deploy_verdict.report import render_comment, render_report
from deploy_verdict.stages.e2e.junit_out import junit_xml
from deploy_verdict.verdict.judge import judge
from tests.bundles import T0, bundle_of, http, loaded
from tests.examples import at_least
from tests.plans import plan_of
from tests.report.stories import ENVIRONMENT
from tests.report.test_report import PARSER, skeleton
from tests.report.test_text import CALLS, NASTY
from tests.test_commands import obeyed
from tests.test_secrets import Raw

PLAN = plan_of("""
window: {length: 1h, sample_every: 1h}
test_data: {may_write: {spool: [T1]}}
health:
  - {name: fresh, get: /fresh, expect: {status: 200, $.x: 1}}
  - {name: put, post: /put, json: {spool: T1}, expect: {status: 200, $.x: 1}}
e2e: {at: [0m], tests: [{name: cycle, steps: [
  {name: take, post: /take, json: {spool: T1}, expect: {status: 200, $.x: 1}}]}]}
never: [{status: 500..599}]
claims:
  - {commit: abc1234, title: t, shown_by: health/fresh}
  - {commit: abc1235, title: u, exposure: {operation: POST /take, at_least: 4, top_up: {of: e2e/cycle}}}
""")


def files(text, held):
    """A run in which every text that others may choose is this one; the wait ended well or not."""
    answer = http("fresh", {"x": text})
    answers = [answer, http("fresh", {"x": 1}) if held else answer]
    asked = [AwaitedAnswer(offset_s=10.0 * number, exchange=item) for number, item in enumerate(answers)]
    waited = AwaitedObservation(check="fresh", offset_s=0.0, at=T0, waited_s=10.0, answers=asked)
    entries = [
        LedgerEntry(id="health.T+000.a1.json#0", at=T0, check="put", state="left", told=text, restore=(text,),
                    entities=(f"spool={text}",), captured={"note": text}),
        LedgerEntry(id="ledger.T+001.a1.json#0", at=T0, check="put", state="left", told=text,
                    settles="health.T+000.a1.json#0"),
    ]  # fmt: skip
    ledger = LedgerObservation(offset_s=0.0, entries=entries)
    bad = StepRecord(
        part="steps", index=0, name="take", exchange=http("take", {"x": text}, 500, method="POST")
    )
    topped = TopUpObservation(
        check="abc1235", of="e2e/cycle", offset_s=3600.0, at=T0, wanted=4, clean_before=0, done=1,
        failed=not held, ended=text, unrestored=(Unrestored(request=text, reason=text),),
        tallies=(Tally(name="take", method="POST", url="http://service.test/take", answers={"200": 1}),),
        failures=() if held else (FailedRun(step=bad),),
    )  # fmt: skip
    yield loaded(PLAN, "health", [waited, answer, http("put", {"x": text}, method="POST"), ledger])
    yield loaded(PLAN, "top_up", [topped], 3600.0)


def outputs(text, held=False):
    bundle = bundle_of(PLAN, *files(text, held))
    verdict = judge(bundle, judged_at=T0, tool_version="0.1.0")
    told = {"generated_at": T0, "tool_version": "0.1.0"}
    shown = [make(bundle, verdict, ENVIRONMENT, **told) for make in (render_report, render_comment)]
    return shown, verdict


def printed(verdict):
    raw = Raw()
    guarded = Guarded(raw)
    for line in annotations({"GITHUB_ACTIONS": "true"}, verdict):
        guarded.command(line)
    for finding in verdict.findings:
        guarded.write(f"{finding.actual}\n")
    guarded.finish()
    return raw.text


@functools.cache
def blocks_of(held):
    """The blocks of both texts when what stands in them is plain."""
    return [skeleton(text) for text in outputs("a plain text", held)[0]]


def test_each_of_them_is_told():
    """The control: what is made hostile below does come into the report."""
    (report, _), verdict = outputs("a plain text", held=True)
    findings = {(item.stage, item.rule): item for item in verdict.findings}
    for key in (("test_data", "restored"), ("claims", "fresh"), ("exposure", "runs")):
        assert "a plain text" in findings[key].actual, key
    assert report.count("a plain text") >= 3


@given(NASTY)
@settings(max_examples=at_least(60), deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_no_text_of_a_write_a_wait_or_a_top_up_acts_anywhere(text):
    text = text.encode("utf-8", "replace").decode()
    for held in (False, True):
        shown, verdict = outputs(text, held)
        for markdown in shown:
            tokens = PARSER.parse(markdown)
            inside = [child for token in tokens for child in token.children or ()]
            assert not {"html_inline", "link_open", "image"} & {child.type for child in inside}
            assert not CALLS.search(" ".join(child.content for child in inside if child.type == "text"))
        assert [skeleton(markdown) for markdown in shown] == blocks_of(held)
    lines = obeyed(printed(verdict))
    assert len(lines) == len(list(annotations({"GITHUB_ACTIONS": "true"}, verdict)))
    JUnitXml.fromstring(junit_xml(verdict.findings, []).encode())
    message = message_for(verdict, None, None)
    assert not re.search(r"@\w|://|<[\w!@]|[\x00-\x09\x1b\u202e]", message.title + message.body)
    json.loads(verdict.model_dump_json())
