"""The suite's judging: hand-made records against a small plan, in the real grammar."""

import pytest

from deploy_verdict.model import (
    CaseObservation,
    Exchange,
    Fault,
    Outcome,
    Race,
    Severity,
    StepRecord,
    SuiteObservation,
    TestObservation,
    Unrestored,
    Whose,
)
from deploy_verdict.plan.checks.references import finding_names
from deploy_verdict.stages.e2e.judge import judge_e2e, runs_passed
from tests.bundles import OUR_DNS, REFUSED, T0, loaded
from tests.plans import plan_of

EDGE = Fault(kind="edge", whose=Whose.EDGE, detail="the edge answered")
HEAD = """
test_data: {may_write: {spool: [T1]}}
e2e:
  at: [0m, 60m, 120m]
"""
ONE = """
  tests:
    - name: flow
      because: it matters
      steps:
        - {name: take, post: /take, json: {spool: T1}, expect: {status: 200}}
        - {name: leave, post: /leave, json: {spool: T1}, expect: {status: 200}}
"""
RACE = """
  tests:
    - name: race
      steps:
        - name: two at once
          together:
            requests: [{post: /take, json: {spool: T1}}]
            times: 2
            answers: {200: 1, 409: rest}
"""
PREPARED = """
  before_each:
    - {name: workers, get: /workers, expect: {status: 200}, capture: {who: $.id}}
  tests:
    - name: flow
      start: [{name: take, post: /take, json: {spool: T1}, expect: {status: 200}}]
      steps: [{name: look, get: /look, expect: {$.ok: true}}]
"""
CLEANED = """
  tests:
    - name: flow
      steps: [{name: take, post: /take, json: {spool: T1}, expect: {status: 200}}]
      cleanup:
        - {name: leave, post: /leave, json: {spool: T1}, expect: {status: 200}}
        - {name: look, get: /look, expect: {status: 200}}
"""


def exchange(status=200, body=None, fault=None, method="POST"):
    return Exchange(
        at=T0,
        method=method,
        url="http://service.test/x",
        request_id="r",
        status=status,
        body=body,
        elapsed_ms=3.0,
        fault=fault,
    )


def step(name, index=0, status=200, part="steps", body=None, fault=None, **more):
    if "race" not in more and "refused" not in more:
        method = "GET" if name in ("workers", "look") else "POST"
        more = {"exchange": exchange(status, body, fault, method), **more}
    return StepRecord(part=part, index=index, name=name, **more)


def run(*steps, offset_s=0.0, check="flow", **more):
    return TestObservation(check=check, offset_s=offset_s, at=T0, elapsed_ms=9.0, steps=steps, **more)


def good(offset_s=0.0):
    return run(step("take"), step("leave", 1), offset_s=offset_s)


def suite(offset_s=0.0, elapsed_ms=1000.0, **more):
    return SuiteObservation(check="suite", offset_s=offset_s, at=T0, elapsed_ms=elapsed_ms, **more)


def judged(text, files, head=HEAD):
    """Findings by (check, rule); `files` are observations of one run each, or (attempt, observations)."""
    plan = plan_of(head + text)
    named = []
    for file in files:
        attempt, observations = file if isinstance(file[0], int) else (1, file)
        item = loaded(plan, "e2e", observations, observations[0].offset_s, attempt)
        named.append((item.name, item.evidence))
    findings = judge_e2e(plan, named)
    assert len({(f.check, f.rule) for f in findings}) == len(findings)
    return {(finding.check, finding.rule): finding for finding in findings}


def passes(text, *runs, check="flow"):
    """The finding of one test of a plan that has one run; the other runs of the plan are good or absent."""
    return judged(text, [[item] for item in runs], HEAD.replace("[0m, 60m, 120m]", "[0m]"))[check, "passes"]


def test_a_test_that_passes_in_every_run_passes():
    finding = judged(ONE, [[good(0)], [good(3600)], [good(7200)]])["flow", "passes"]
    assert (finding.outcome, finding.actual) == (
        Outcome.PASS,
        "passed in 3 of 3 runs (excludes a flake rate above 63 %)",
    )
    assert (finding.severity, finding.offset_s, finding.because) == (None, None, None)
    assert finding.evidence == "e2e.T+120.a1.json#/observations/0"
    assert finding.expectation == "every step gives what it expects, at T+0min, T+60min, T+120min"


def test_the_first_failing_run_is_told():
    broken = [
        run(step("take"), step("leave", 1, 500, body='{"detail": "x"}'), offset_s=at) for at in (3600, 7200)
    ]
    finding = judged(ONE, [[good(0)], [broken[0]], [broken[1]]])["flow", "passes"]
    assert finding.outcome is Outcome.FAIL
    assert finding.severity is Severity.P1
    assert finding.actual == (
        """T+60min: step 2 'leave': status = 200 — 500: "{"detail": "x"}"; passed in 1 of 3 runs"""
        " (flaky: it failed in 67 % of them, at most 98 % at 95 %)"
    )
    assert finding.because == "it matters"
    assert (finding.offset_s, finding.evidence) == (3600, "e2e.T+060.a1.json#/observations/0")


def test_a_fail_is_told_before_an_earlier_inconclusive_run():
    finding = judged(ONE, [[good(0)], [run(step("take", status=409), offset_s=7200)]])["flow", "passes"]
    assert finding.outcome is Outcome.FAIL
    assert finding.actual.startswith("T+120min: step 1 'take': status = 200 — 409")


def test_a_run_that_is_missing_is_inconclusive():
    finding = judged(ONE, [[good(0)], [good(7200)]])["flow", "passes"]
    assert finding.outcome is Outcome.INCONCLUSIVE
    assert finding.actual == "not run at T+60min; passed in 2 of 3 runs (excludes a flake rate above 78 %)"
    assert (finding.severity, finding.evidence, finding.offset_s) == (None, None, 3600)


def test_no_evidence_at_all_is_inconclusive():
    assert judged(ONE, [])["flow", "passes"].outcome is Outcome.INCONCLUSIVE


def test_a_fail_of_any_attempt_stays():
    """A second try does not undo what the first one saw, whichever file comes first by name."""
    failed = run(step("take", status=500))
    assert (
        judged(ONE, [(10, [good()]), (2, [failed])], HEAD.replace(", 60m, 120m", ""))[
            "flow", "passes"
        ].outcome
        is Outcome.FAIL
    )
    assert (
        judged(ONE, [(2, [good()]), (10, [failed])], HEAD.replace(", 60m, 120m", ""))[
            "flow", "passes"
        ].outcome
        is Outcome.FAIL
    )


@pytest.mark.parametrize(
    ("record", "outcome", "told"),
    [
        (run(step("take")), "inconclusive", "1 of its 2 steps are not in the evidence"),
        (run(), "inconclusive", "2 of its 2 steps are not in the evidence"),
        (run(step("take"), stopped="step 2: x"), "inconclusive", "stopped: step 2: x"),
        (
            run(step("take"), stopped="step 2: x", interrupted=True),
            "inconclusive",
            "interrupted: step 2: x",
        ),
        (
            run(step("take"), step("leave", 1), interrupted=True, stopped="y"),
            "inconclusive",
            "interrupted: y",
        ),
        (
            run(step("take", status=409), interrupted=True, stopped="y"),
            "fail",
            "step 1 'take': status = 200 — 409",
        ),
        (
            run(step("take", refused="POST /take would write")),
            "inconclusive",
            "step 1 'take': refused: POST /take would write",
        ),
        (
            run(step("other"), step("leave", 1)),
            "inconclusive",
            "step 1 'other': the plan has another step there",
        ),
        (run(step("take", status=None, fault=REFUSED)), "fail", "no answer: the connection was refused"),
        (run(step("take", status=502, fault=EDGE)), "fail", "status = 200 — 502"),
        (run(step("take", status=None, fault=OUR_DNS)), "inconclusive", "the runner's own network failed"),
        (
            run(step("take"), step("leave", 1), step("leave", 2)),
            "inconclusive",
            "the plan has another step there",
        ),
    ],
)
def test_a_record_of_the_steps(record, outcome, told):
    finding = passes(ONE, record)
    assert finding.outcome == outcome
    assert told in finding.actual
    assert finding.actual.endswith("passed in 0 of 1 run")


def test_a_corrected_plan_may_pass_the_step_that_stopped_its_test():
    """Evidence holds no outcome: what stopped the collector under its own plan is judged by this one."""
    record = run(step("take"), step("leave", 1), stopped="step 2 'leave': status = 204 — 200")
    assert passes(ONE, record).outcome is Outcome.PASS


def prepared(workers=200, take=200, look='{"ok": true}', look_status=200, **more):
    captured = more.pop("captured", {"who": 1})
    return run(
        step("workers", 0, workers, "before_each", captured=captured, **more),
        step("take", 0, take, "start"),
        step("look", 0, look_status, body=look),
    )


@pytest.mark.parametrize(
    ("record", "outcome", "told"),
    [
        (prepared(), "pass", "passed in 1 of 1 run"),
        (prepared(take=409), "inconclusive", "its start state was not reached: start step 1 'take'"),
        (prepared(take=500), "fail", "start step 1 'take': status = 200 — 500"),
        (
            prepared(workers=404),
            "inconclusive",
            "its start state was not reached: before_each step 1 'workers'",
        ),
        (prepared(workers=None, fault=REFUSED), "fail", "no answer"),
        (prepared(workers=None, fault=OUR_DNS), "inconclusive", "the runner's own network failed"),
        (prepared(captured={}), "inconclusive", "not captured: who (no reason recorded)"),
        (
            prepared(captured={}, not_captured={"who": "the answer has no id"}),
            "inconclusive",
            "was not reached: before_each step 1 'workers': not captured: who (the answer has no id)",
        ),
        (prepared(look="<html>"), "inconclusive", "not JSON"),
        (prepared(look="<html>", look_status=500), "fail", "status in 200..299 — 500"),
        (prepared(look='{"ok": false}'), "fail", "step 1 'look': $.ok = true — false"),
    ],
)
def test_a_start_state_that_was_not_reached(record, outcome, told):
    finding = passes(PREPARED, record)
    assert finding.outcome == outcome
    assert told in finding.actual


def test_the_severity_is_that_of_the_line_that_fails():
    text = ONE.replace(
        "expect: {status: 200}}", "expect: {status: {equals: 200, severity: P0, else: broken}}}", 1
    )
    finding = passes(text, run(step("take", status=500)))
    assert (finding.severity, finding.because) == (Severity.P0, "broken")


def test_accept_passes_when_one_alternative_holds_whole():
    text = ONE.replace(
        "json: {spool: T1}, expect: {status: 200}}",
        'json: {spool: T1}, accept: [{status: 200, $.ok: true}, {status: 409, because: "held"}]}',
        1,
    )
    assert passes(text, run(step("take", status=409), step("leave", 1))).outcome is Outcome.PASS
    assert passes(text, run(step("take", body="{}"), step("leave", 1))).outcome is Outcome.INCONCLUSIVE
    finding = passes(text, run(step("take", body='{"ok": false}'), step("leave", 1)))
    assert finding.outcome is Outcome.FAIL
    assert (
        "accepts (status = 200, $.ok = true) or (status = 409) — $.ok is false, wanted = true"
        in finding.actual
    )


def race_of(answers, starts=(0.0, 0.3), ends=(8.0, 9.0), overlapped=True, tries=1):
    exchanges = tuple(
        exchange(None, fault=item) if isinstance(item, Fault) else exchange(item) for item in answers
    )
    race = Race(
        exchanges=exchanges,
        starts_ms=starts,
        ends_ms=ends,
        spread_ms=max(starts, default=0.0),
        overlapped=overlapped,
        tries=tries,
    )
    return run(step("two at once", race=race), check="race")


@pytest.mark.parametrize(
    ("record", "outcome", "told"),
    [
        (race_of((200, 409)), "pass", ""),
        (race_of((409, 200)), "pass", ""),
        (
            race_of((200, 200)),
            "fail",
            "2 answered 200 and 0 answered 409; wanted 1 × 200, 1 × 409; starts 0.3 ms apart",
        ),
        (race_of((409, 409)), "fail", "0 answered 200 and 2 answered 409"),
        (race_of((200, 500)), "fail", "1 answered 200, 0 answered 409 and 1 answered 500"),
        (race_of((200, REFUSED)), "fail", "1 gave no answer (no answer: the connection was refused)"),
        (race_of((200, OUR_DNS)), "inconclusive", "1 gave no answer (the runner's own network"),
        (race_of((500, OUR_DNS)), "fail", "1 answered 500"),
        (race_of((200,), (0.0,), (8.0,)), "inconclusive", "1 of 2 recorded"),
        (race_of((), (), ()), "inconclusive", "0 of 2 recorded"),
        (
            race_of((200, 409), (0.0, 8.1), (8.0, 12.0), overlapped=False, tries=3),
            "inconclusive",
            "the requests did not overlap in time (starts 8.1 ms apart, the first ended after 8.0 ms, "
            "3 tries): a race was not tested",
        ),
        (race_of((200, 409), (0.0, 8.0), (8.0, 12.0)), "inconclusive", "did not overlap"),
        (race_of((200, 409), overlapped=False), "inconclusive", "did not overlap"),
        (race_of((200, 200), (0.0, 8.1), (8.0, 12.0), overlapped=False), "fail", "2 answered 200"),
        (run(step("two at once"), check="race"), "inconclusive", "not sent"),
    ],
)
def test_a_race(record, outcome, told):
    finding = passes(RACE, record, check="race")
    assert finding.outcome == outcome
    assert told in finding.actual


def test_each_request_of_a_race_may_expect_something_of_its_own():
    text = RACE.replace("json: {spool: T1}}", "json: {spool: T1}, expect: {text: ok}}")
    assert passes(text, race_of((200, 409)), check="race").outcome is Outcome.INCONCLUSIVE


def cleaned(leave=200, look=200, offset_s=0.0, take=200, **more):
    return run(
        step("take", status=take),
        step("leave", 0, leave, "cleanup"),
        step("look", 1, look, "cleanup"),
        offset_s=offset_s,
        **more,
    )


LEFT = Unrestored(request="curl -X POST http://service.test/leave", reason="status = 200 — 500")


@pytest.mark.parametrize(
    ("record", "outcome", "told"),
    [
        (cleaned(), "pass", "restored after each of 1"),
        (cleaned(take=409), "pass", "restored"),
        (cleaned(leave=500), "fail", "T+0min: cleanup step 1 'leave': status = 200 — 500"),
        (
            cleaned(unrestored=(LEFT,)),
            "fail",
            "T+0min: not restored (status = 200 — 500); send: curl -X POST http://service.test/leave",
        ),
        (cleaned(unrestored=(LEFT, LEFT)), "fail", "(and 1 more)"),
        (run(step("take")), "inconclusive", "cleanup step 1 'leave' is not in the evidence (and 1 more)"),
        (run(step("take", status=None, fault=REFUSED)), "pass", "restored"),
        (run(step("take", refused="no")), "pass", "restored"),
        (run(interrupted=True), "inconclusive", "is not in the evidence"),
        (run(step("take"), step("leave", 0, 200, "cleanup")), "inconclusive", "cleanup step 2 'look'"),
    ],
)
def test_what_cleanup_left(record, outcome, told):
    finding = judged(CLEANED, [[record]], HEAD.replace(", 60m, 120m", ""))["flow", "cleanup"]
    assert finding.outcome == outcome
    assert finding.severity == ("P2" if outcome == "fail" else None)
    assert told in finding.actual


def test_cleanup_of_a_run_that_was_not_run_is_inconclusive():
    finding = judged(CLEANED, [[cleaned()], [cleaned(offset_s=7200)]])["flow", "cleanup"]
    assert (finding.outcome, finding.actual) == (Outcome.INCONCLUSIVE, "not run at T+60min")


def test_what_an_older_attempt_left_behind_is_told_all_the_same():
    files = [(1, [cleaned(unrestored=(LEFT,))]), (2, [cleaned()])]
    findings = judged(CLEANED, files, HEAD.replace(", 60m, 120m", ""))
    assert findings["flow", "cleanup"].outcome is Outcome.FAIL
    assert findings["flow", "passes"].outcome is Outcome.PASS


def test_the_pre_check_is_a_finding_of_its_own():
    text = "  pre_check: [{name: redis, get: /health, expect: {status: 200}}]" + ONE
    files = [[run(step("redis"), check="pre-check", offset_s=at), good(at)] for at in (0, 3600, 7200)]
    findings = judged(text, files)
    assert findings["pre-check", "passes"].outcome is Outcome.PASS
    files[1][0] = run(step("redis", status=503), check="pre-check", offset_s=3600)
    finding = judged(text, files)["pre-check", "passes"]
    assert (finding.outcome, finding.severity) == (Outcome.FAIL, Severity.P1)


LIMITED = "  limit: 60s" + ONE


def limit(*suites, complete=True):
    files = [[item, *([good(item.offset_s)] if complete else [])] for item in suites]
    return judged(LIMITED, files)["suite", "limit"]


def test_the_longest_run_stays_under_the_limit():
    finding = limit(suite(0), suite(3600, 60_000), suite(7200))
    assert (finding.outcome, finding.actual) == (Outcome.PASS, "60.0 s, the longest of 3")


def test_a_run_over_the_limit_fails():
    finding = limit(suite(0), suite(3600, 60_001), suite(7200), complete=False)
    assert (finding.outcome, finding.severity, finding.offset_s) == (Outcome.FAIL, Severity.P2, 3600)
    assert finding.actual == "60.0 s at T+60min"


def test_a_run_that_is_missing_says_nothing_about_its_length():
    finding = limit(suite(0), suite(7200))
    assert (finding.outcome, finding.actual) == (Outcome.INCONCLUSIVE, "T+60min: the suite was not run")


def test_a_run_that_was_cut_short_says_nothing_about_its_length():
    finding = limit(suite(0), suite(3600), suite(7200), complete=False)
    assert (finding.outcome, finding.actual) == (Outcome.INCONCLUSIVE, "T+0min: flow was not run")
    files = [[suite(at), run(offset_s=at, interrupted=True)] for at in (0, 3600, 7200)]
    assert judged(LIMITED, files)["suite", "limit"].actual == "T+0min: the run was interrupted"


def test_of_two_attempts_the_newest_is_timed():
    files = [(10, [suite(0, 1000), good()]), (2, [suite(0, 99_000), good()])]
    finding = judged(LIMITED, files, HEAD.replace(", 60m, 120m", ""))["suite", "limit"]
    assert (finding.outcome, finding.evidence) == (Outcome.PASS, "e2e.T+000.a10.json#/observations/0")


COMMAND = "\n  command: [suite]\n  junit: j.xml\n  expected_cases: 2\n"


def case(name, result="passed", offset_s=0.0, message=""):
    return CaseObservation(check=name, offset_s=offset_s, result=result, message=message)


def commanded(*cases, offset_s=0.0, **more):
    fields = {"command": ("suite",), "exit_code": 0, "cases": len(cases), **more}
    return [suite(offset_s, **fields), *cases]


def judged_command(*observations, text=COMMAND):
    return judged(text, [list(observations)] if observations else [], HEAD.replace(", 60m, 120m", ""))


@pytest.mark.parametrize("results", [("failed", "passed"), ("passed", "failed")])
def test_a_case_that_failed_in_any_attempt_stays_failed(results):
    """A suite that was stopped after its command is run again, and may be lucky then."""
    files = [
        (number, commanded(case("a"), case("b", result), exit_code=int(result == "failed")))
        for number, result in enumerate(results, 1)
    ]
    findings = judged(COMMAND, files, HEAD.replace(", 60m, 120m", ""))
    assert findings["suite", "command"].outcome == "fail"
    failed = results.index("failed") + 1
    assert findings["b", "passes"].outcome == "fail"
    assert findings["b", "passes"].evidence == f"e2e.T+000.a{failed}.json#/observations/2"


@pytest.mark.parametrize(
    ("observations", "outcome", "told"),
    [
        (commanded(case("a"), case("b")), "pass", "passed in 1 of 1 run"),
        (commanded(case("a"), case("b"), case("c", "skipped")), "pass", "passed"),
        (commanded(case("a")), "inconclusive", "1 cases were reported, of 2 expected"),
        (commanded(), "inconclusive", "0 cases were read"),
        (
            commanded(case("a"), case("b"), cases=3),
            "inconclusive",
            "3 cases were read, 2 are in the evidence",
        ),
        (
            commanded(case("a", "skipped"), case("b", "skipped")),
            "inconclusive",
            "all of 2 cases were skipped",
        ),
        (commanded(case("a"), case("b"), exit_code=1), "inconclusive", "but the exit code was 1"),
        (commanded(case("a"), case("b"), exit_code=None), "inconclusive", "the exit code was None"),
        (commanded(case("a"), case("b", "failed")), "fail", "T+0min: 1 of 2 cases failed: b"),
        (commanded(case("a"), case("b", "error"), exit_code=2), "fail", "1 of 2 cases failed: b"),
        (
            commanded(*(case(name, "failed") for name in "abcdefg")),
            "fail",
            "7 of 7 cases failed: a, b, c, d, e, …",
        ),
        (
            commanded(fault=Fault(kind="junit", whose="us", detail="it wrote none")),
            "inconclusive",
            "it wrote none",
        ),
        (commanded(case("a"), case("b"), command=()), "inconclusive", "the command was not run"),
        ([], "inconclusive", "not run"),
    ],
)
def test_a_plugged_in_suite(observations, outcome, told):
    finding = judged_command(*observations)["suite", "command"]
    assert finding.outcome == outcome
    assert finding.severity == ("P1" if outcome == "fail" else None)
    assert told in finding.actual


def test_each_case_is_a_finding():
    findings = judged_command(
        *commanded(case("a"), case("b", "failed", message="not 200"), case("c", "skipped"), case("suite"))
    )
    assert findings["a", "passes"].outcome is Outcome.PASS
    failed = findings["b", "passes"]
    assert (failed.outcome, failed.severity) == (Outcome.FAIL, Severity.P1)
    assert failed.actual == "T+0min: failed: not 200; passed in 0 of 1 run"
    assert failed.evidence == "e2e.T+000.a1.json#/observations/2"
    assert findings["c", "passes"].outcome is Outcome.INCONCLUSIVE
    assert ("suite (command)", "passes") in findings


def test_a_case_that_one_run_did_not_report_is_inconclusive():
    files = [commanded(case("a", offset_s=at), case("b", offset_s=at), offset_s=at) for at in (0.0, 3600.0)]
    files.append(commanded(case("a", offset_s=7200), case("x", offset_s=7200), offset_s=7200.0))
    findings = judged(COMMAND, files)
    assert findings["a", "passes"].outcome is Outcome.PASS
    assert findings["b", "passes"].actual == "T+120min: not reported; passed in 2 of 3 runs"


def test_of_two_cases_with_one_name_the_worse_counts():
    findings = judged_command(*commanded(case("a"), case("a", "failed"), case("a")))
    assert findings["a", "passes"].outcome is Outcome.FAIL
    assert findings["a", "passes"].evidence.endswith("/2")


def test_the_names_are_those_that_criteria_refer_to():
    plan = plan_of(
        HEAD
        + "  limit: 60s\n  pre_check: [{name: redis, get: /health, expect: {status: 200}}]"
        + CLEANED
        + COMMAND
    )
    names = {name for name in finding_names(plan) if name[0] == "e2e"}
    found = {(item.stage, item.check, item.rule) for item in judge_e2e(plan, [])}
    # A plugged-in suite's cases are known when it has run: the plan's name for them is a pattern.
    assert found == names - {("e2e", "*", "passes"), ("e2e", "e2e", "coverage")}


def test_evidence_of_another_stage_is_not_looked_at():
    plan = plan_of(HEAD.replace(", 60m, 120m", "") + ONE)
    item = loaded(plan, "health", [good()])
    (finding,) = judge_e2e(plan, [(item.name, item.evidence)])
    assert finding.outcome is Outcome.INCONCLUSIVE


def test_a_table_of_the_runs():
    plan = plan_of(HEAD + ONE)
    items = [loaded(plan, "e2e", [good(at)], at) for at in (0, 7200)]
    (row,) = runs_passed(plan, [(item.name, item.evidence) for item in items])
    assert (row.name, row.outcome, row.passed, row.runs) == ("flow", Outcome.INCONCLUSIVE, 2, 3)
    assert row.notes == "not run at T+60min; passed in 2 of 3 runs (excludes a flake rate above 78 %)"


RIVALS = """
  held_by: [worker]
  tests:
    - name: flow
      steps:
        - {name: take, post: /take, json: {spool: T1, worker: MR(93)}, expect: {status: 200}}
        - {name: leave, post: /leave, json: {spool: T1, worker: MR(93)}, expect: {status: 200}}
        - {name: again, post: /take, json: {spool: T1, worker: MR(93)}, expect: {status: 200}}
"""
RIVAL_RACE = RACE.replace("  tests:", "  held_by: [worker]\n  tests:").replace(
    "{spool: T1}", "{spool: T1, worker: MR(93)}"
)


def refused_by(holder):
    return exchange(409, body=f'{{"detail": "Spool T1 is held by {holder}"}}')


def flow_of(text, *steps):
    return passes(text, run(*steps))


def step_of(index, name, answer):
    return StepRecord(part="steps", index=index, name=name, exchange=answer)


def test_a_409_that_names_our_own_worker_is_another_window_of_ours():
    finding = flow_of(RIVALS, step_of(0, "take", refused_by("MR(93)")))
    assert finding.outcome is Outcome.INCONCLUSIVE
    assert "another run of this tool was writing: MR(93) held the test entity" in finding.actual


@pytest.mark.parametrize("holder", ["JP(12)", "MR(9)", "AMR(93)", "somebody"])
def test_a_409_that_names_somebody_else_stays_what_it_was(holder):
    assert flow_of(RIVALS, step_of(0, "take", refused_by(holder))).outcome is Outcome.FAIL


def test_without_held_by_nothing_is_recognised():
    text = RIVALS.replace("  held_by: [worker]\n", "")
    assert flow_of(text, step_of(0, "take", refused_by("MR(93)"))).outcome is Outcome.FAIL


def test_a_service_that_does_not_let_go_again_is_no_window_of_ours():
    steps = (
        step_of(0, "take", exchange(200)),
        step_of(1, "leave", exchange(200)),
        step_of(2, "again", refused_by("MR(93)")),
    )
    assert flow_of(RIVALS, *steps).outcome is Outcome.FAIL


@pytest.mark.parametrize(
    ("answers", "outcome"),
    [
        ((refused_by("MR(93)"), refused_by("MR(93)")), Outcome.INCONCLUSIVE),
        ((refused_by("MR(93)"), refused_by("JP(12)")), Outcome.FAIL),
        ((exchange(200), exchange(200)), Outcome.FAIL),
    ],
)
def test_a_race_that_nobody_won_is_ours_only_if_all_name_us(answers, outcome):
    race = Race(exchanges=answers, starts_ms=(0, 1), ends_ms=(5, 6), spread_ms=1, overlapped=True)
    record = StepRecord(part="steps", index=0, name="two at once", race=race)
    text = RIVAL_RACE.replace("name: race", "name: flow")
    assert flow_of(text, record).outcome is outcome


@pytest.mark.parametrize(
    ("result", "allows", "outcome", "told"),
    [
        ("skipped", "", "inconclusive", "skipped: only on Windows — where that is as it should be, add"),
        ("skipped", "skipped", "pass", "skipped, which the plan allows: only on Windows"),
        ("flaky", "", "fail", "failed first, and passed when it was repeated: only on Windows"),
        ("flaky", "flaky", "pass", "flaky, which the plan allows: only on Windows"),
    ],
)
def test_a_case_that_was_skipped_or_repeated_is_told_and_may_be_allowed(result, allows, outcome, told):
    text = COMMAND + (f"  {allows}: allowed\n" if allows else "")
    cases = [case("a"), case("b"), case("c", result, message="only on Windows")]
    findings = judged_command(*commanded(*cases), text=text)
    finding = findings["c", "passes"]
    assert finding.outcome == outcome
    assert told in finding.actual
    assert finding.severity == ("P2" if outcome == "fail" else None)
    assert f"1 of 3 cases {result}" in findings["suite", "command"].actual
