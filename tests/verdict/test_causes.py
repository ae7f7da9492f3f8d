"""Root causes on recorded evidence of the demo, and on answers by hand; sentences: tests/first_lines."""

import pytest

from deploy_verdict.evidence.answers.answer_text import answer_text, is_reason_phrase
from deploy_verdict.evidence.finding import failed, unknown
from deploy_verdict.model import NextAction, Outcome, Severity
from deploy_verdict.plan.sections.report import Level
from deploy_verdict.verdict.actions.do_now import in_directory, where_words
from deploy_verdict.verdict.actions.plan_rules import met_level
from deploy_verdict.verdict.causes.bad_answers import BadAnswers
from deploy_verdict.verdict.causes.cause import Cause
from deploy_verdict.verdict.causes.cause_words import clause, root_causes
from deploy_verdict.verdict.causes.causes import causes
from deploy_verdict.verdict.causes.unknowns import Unanswered, follows
from tests.faults_on_record import judged_fault


def test_every_finding_that_did_not_pass_is_in_one_cause():
    bundle, verdict = judged_fault("pool-exhausted")
    found = causes(bundle, verdict.findings)
    held = [
        id(item) for cause in (*found.failed, *found.unknown) for item in (*cause.findings, *cause.unknown)
    ]
    open_ = [id(item) for item in verdict.findings if item.outcome is not Outcome.PASS]
    assert sorted(held) == sorted(open_)


def test_a_reading_of_the_plan_that_is_contradicted_is_possible_at_most():
    """The pool is full, and the fix that the plan's else names is shown to be live."""
    _, verdict = judged_fault("pool-exhausted")
    (cause,) = (cause for cause in verdict.causes if cause.severity)
    assert "not running" not in cause.sentence
    (doubt,) = cause.doubts
    assert doubt.startswith("the model fix (f0ec7b5) is not running: possible, but f0ec7b5 is live")


def test_without_the_exhausted_pool_the_answers_own_words_are_the_cause():
    bundle, verdict = judged_fault("pool-exhausted")
    kept = [item for item in verdict.findings if item.rule != "exhaustion"]
    sentences = [cause.sentence for cause in root_causes(bundle, causes(bundle, kept)) if cause.severity]
    assert any("answer 500 or 503 to every request" in text and "No connection" in text for text in sentences)


@pytest.mark.parametrize(
    ("fault", "severity", "said"),
    [
        ("down", "P0", "The service does not answer since T+0min"),
        ("html-502", "P1", "Connection Pool (GET /api/redis-connection-stats) and "),
    ],
)
def test_nobody_is_served_only_where_no_request_at_all_was_answered(fault, severity, said):
    """Other operations answered while the edge did for these: that is no service that is down."""
    _, verdict = judged_fault(fault)
    first = verdict.causes[0]
    assert (first.severity, first.sentence.startswith(said)) == (severity, True)
    assert ("nobody is served" in first.sentence) is (severity == "P0")


@pytest.mark.parametrize(
    ("stage", "rests_on", "is_explained"),
    [
        ("deployment", ("health/pool-stats",), True),
        ("claims", ("health/other",), False),
        ("claims", ("e2e/pool-stats",), False),
        # The cycles of a test are the test.
        ("test_data", ("top_up/pool-stats",), True),
        ("test_data", ("e2e/other",), False),
    ],
)
def test_a_finding_follows_from_the_failure_of_what_it_rests_on(stage, rests_on, is_explained):
    lead = failed("500", Severity.P1).as_finding("health", "pool-stats", "status", "status = 200")
    doubt = unknown("not known", rests_on=rests_on).as_finding(stage, "f0ec7b5", "deployed", "is deployed")
    cause = Cause(("answer", "a"), findings=[lead])
    bundle, _ = judged_fault("down")
    window = Unanswered(BadAnswers(bundle, [lead]), stops=frozenset(), is_ended=False)
    assert follows(window, cause, doubt) is is_explained


def test_the_runs_directory_stands_in_the_commands_as_the_user_gave_it():
    actions = (
        NextAction(text="look", command="deploy-verdict explain DIR"),
        NextAction(text="watch", command="deploy-verdict watch --plan DIR/plan.yml --out DIR-77aa1b2c"),
        NextAction(text="ask", command="curl http://service.test/DIRECTORY --data '{\"DIR\": 1}'"),
        NextAction(text="tell"),
    )
    assert where_words(actions) == "DIR: this run's directory, or its artifact unpacked."
    placed = in_directory(actions, "out/my day")
    assert [action.command for action in placed] == [
        "deploy-verdict explain 'out/my day'",
        "deploy-verdict watch --plan 'out/my day'/plan.yml --out 'out/my day'-77aa1b2c",
        actions[2].command,
        None,
    ]
    assert where_words(placed) == ""


def test_what_is_too_long_is_cut_where_a_clause_ends():
    text = "0 lines for 839 requests: the log has gaps, or the canary is wrong; 'a pattern' " + "x" * 300
    assert clause(text, 90) == "0 lines for 839 requests: the log has gaps, or the canary is wrong"
    assert clause("rose from 2 to 9; statistics: p < 0.001") == "rose from 2 to 9"


@pytest.mark.parametrize(
    ("when", "fault", "is_met"),
    [
        ("utilization 70-80%", "slow-leak", False),
        ("utilization 50-70%", "slow-leak", True),
        ("utilization above 55 %", "slow-leak", True),
        ("when somebody is worried", "slow-leak", True),
        ("exhaustion, 500 errors", "lock-broken", False),
        ("exhaustion, 500 errors", "completar-bug", True),
        ("production down", "completar-bug", False),
        ("production down", "down", True),
        ("the pool is exhausted", "pool-exhausted", True),
    ],
)
def test_a_rule_of_the_plan_applies_where_its_condition_is_met(when, fault, is_met):
    bundle, verdict = judged_fault(fault)
    rule = Level(when=when, actions=("act",))
    escalation = bundle.plan.escalation.model_copy(update={"minor": rule, "major": None, "critical": None})
    bundle.plan.__dict__["escalation"] = escalation
    assert (met_level(bundle, causes(bundle, verdict.findings)) == rule) is is_met


@pytest.mark.parametrize(
    ("body", "text"),
    [
        ('{"detail": "Internal server error: no attribute \'y\'"}', "no attribute 'y'"),
        ('{"error": {"code": 17, "message": "no such relation"}}', "no such relation"),
        ('{"status": "bad", "details": {"redis_error": "No connection left."}}', "No connection left."),
        ('{"errors": [{"message": "first"}, {"message": "the second one"}]}', "the second one"),
        ('{"title": "Conflict", "detail": "spool is held", "status": 409}', "spool is held"),
        ("<html><title>502</title><h1>Application failed</h1></html>", "Application failed"),
        ("Traceback: boom\nline two", "Traceback: boom"),
        ('"just a string"', "just a string"),
        ("[1, 2]", ""),
        ("", ""),
        (None, ""),
        ("{broken", "{broken"),
    ],
)  # fmt: skip
def test_what_an_error_answer_says(body, text):
    assert answer_text(body) == text


@pytest.mark.parametrize(
    "text", ["Internal Server Error", "500", "502 Bad Gateway", "Service unavailable", "error", ""]
)
def test_a_reason_phrase_tells_nothing_apart(text):
    assert is_reason_phrase(text)
    assert not is_reason_phrase(f"{text} in module orders")
