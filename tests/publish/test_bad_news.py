"""Bad news as a comment of its own: short, mentions people, and is read back by the next job."""

from argparse import Namespace

import pytest

from demo.github.hub import Hub
from demo.github.serving import TOKEN, github
from deploy_verdict import __version__
from deploy_verdict.model import Finding, Outcome, Severity, VerdictOutcome
from deploy_verdict.publish.bad_news import NewsState, handles, news_in, news_text, with_state
from deploy_verdict.verdict.alarm import alarming, why_ended
from deploy_verdict.verdict.judge import judge
from deploy_verdict.window.judge_directory import judged_directory
from tests.bundles import T0
from tests.github.windows import POOLS, opened
from tests.publish.test_delivery import service
from tests.running import script

STATE = NewsState(window="w", kind="alarm", outcome=VerdictOutcome.CRITICAL)


def judged(tmp_path, text=POOLS, **more):
    _, out = opened(tmp_path, text, **more)
    options = Namespace(out=out, plan=tmp_path / "plan.yml", target=None, without=[], corrected_plan=True)
    bundle, _ = judged_directory(options)
    return bundle, judge(bundle, judged_at=T0, tool_version=__version__)


def below(text):
    """The comment as GitHub has it: below its marker."""
    return f"<!-- deploy-verdict:w-alarm -->\n{text}"


def test_a_failed_check_alarms_and_the_text_says_what_and_whom(tmp_path):
    bundle, verdict = judged(tmp_path, offsets=(0.0,), status=500)
    assert [item.stage for item in alarming(verdict.findings)] == ["health"]
    text = news_text(
        bundle, verdict, STATE, people=["@octocat", "org/on-call"], link="https://github.test/c/1"
    )
    assert "## 🚨 CRITICAL SO FAR: zeues-backend" in text
    assert "@octocat @org/on-call" in text
    assert "The window goes on as evidence." in text
    assert "https://github.test/c/1" in text
    assert news_in(below(text)) == STATE


def test_the_plan_may_end_the_window_at_the_first_alarm(tmp_path):
    bundle, verdict = judged(
        tmp_path, f"{POOLS}escalation: {{end_on: critical}}\n", offsets=(0.0,), status=500
    )
    assert "escalation.end_on" in why_ended(bundle, verdict)
    assert "The window ends now: " in news_text(bundle, verdict, STATE)


def test_what_later_samples_may_change_raises_no_alarm(tmp_path):
    """Missing samples and a pool whose level wanders are no news before the window's end."""
    text = POOLS.replace("burst:", "stays_within: {points: 1, severity: P1}, burst:")
    _, verdict = judged(tmp_path, text, offsets=(0.0, 900.0), used=(4, 6, 4, 5))
    assert verdict.outcome is not VerdictOutcome.STABLE
    assert alarming(verdict.findings) == ()


@pytest.mark.parametrize(
    ("stage", "rule", "alarms"),
    [
        ("pools", "growth", False),
        ("pools", "stability", False),
        ("pools", "exhaustion", True),
        ("metrics", "growth", False),
        ("exposure", "runs", False),
        ("health", "status", True),
    ],
)
def test_only_what_no_later_sample_can_undo_raises_one(stage, rule, alarms):
    finding = Finding(
        stage=stage,
        check="x",
        rule=rule,
        expectation="e",
        expected="e",
        actual="a",
        outcome=Outcome.FAIL,
        severity=Severity.P1,
    )
    assert bool(alarming([finding])) == alarms
    assert alarming([finding.model_copy(update={"severity": Severity.P2})]) == ()


def test_what_became_of_the_rollback_replaces_what_was_said_before(tmp_path):
    bundle, verdict = judged(tmp_path, offsets=(0.0,), status=500)
    comment = below(news_text(bundle, verdict, STATE, people=["octocat"]))
    for words in ("offered: a run waits", "rolled back: d-0 is live; @everyone <b>"):
        state = STATE.model_copy(update={"notified": True, "rollback": words})
        comment = below(with_state(comment, state))
        assert news_in(comment) == state
    assert comment.count("- Rollback: ") == comment.count("- People were notified.") == 1
    shown = comment.splitlines()[2:]
    assert not any("@everyone" in line and "`" not in line for line in shown)
    assert "@octocat" in comment


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("@octocat", ("octocat",)),
        ("org/team.one", ("org/team.one",)),
        ("railway-app[bot]", ()),
        ("@here everyone", ()),
        ("a/b/c", ()),
        ("", ()),
    ],
)
def test_only_logins_and_teams_are_mentioned(name, found):
    assert handles([name]) == found


@pytest.mark.parametrize("comment", [None, "", "one line", "<!-- x -->\n<!-- deploy-verdict-news {} -->\n"])
def test_other_comments_are_no_news(comment):
    assert news_in(comment) is None


def test_where_github_refuses_the_comment_people_are_notified_all_the_same(tmp_path):
    """Once for this directory, however often it is tried; without a comment nobody knows who was first."""
    base, _ = opened(tmp_path, offsets=(0.0,), status=500)
    hub = Hub()
    hub.add_issue(1)
    hub.locked.add(1)
    hub.switches.primary_limit = True
    with github(hub) as url, service() as people:
        environment = {
            "GITHUB_API_URL": url,
            "GITHUB_REPOSITORY": hub.repository,
            "GITHUB_TOKEN": TOKEN,
            "DEPLOY_VERDICT_NOTIFY": people.address,
        }
        for _ in range(2):
            done = script("ci progress", *base, "--number", "1", environment=environment)
            assert done.returncode == 3, done.stderr
    assert ["CRITICAL SO FAR" in message["title"] for message in people.messages] == [True]
