"""What people are told of a verdict, and that no text of the service pings anybody."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deploy_verdict.model import Coverage, Finding, Subject, Verdict, VerdictOutcome, WindowFrame
from deploy_verdict.publish.notification import MAX_CHARACTERS, addresses_of, harmless, message_for
from deploy_verdict.redaction.redactor import Redactor
from tests.bundles import T0

LINK = "https://github.test/o/r/actions/runs/1"
OUTCOMES = [None, *VerdictOutcome]
PIECES = (
    *(
        "@",
        "<!here>",
        "<!channel|x>",
        "!here>",
        "&lt;!everyone&gt;",
        "@everyone",
        "<@U12345>",
        "<#C1>",
        "#12",
    ),
    *("<at>x</at>", "@room", "](http://", "https://evil.test", "www.evil.test", "mailto:", "here", "channel"),
    *("\u200b", "\u2060", "\u202e", "\x1b[31m", "\r\n", " ", "`", "|", "<"),
)
PINGS = (r"@\w", r"@[<&]", r"!(?:here|channel|everyone|group|subteam)", r"<[!@#/a-z]", r"&(?:lt|amp|#)", r"://",
         r"\]\(", r"www\.", r"#\d")  # fmt: skip
hostile = st.text(max_size=400) | st.lists(st.sampled_from(PIECES), max_size=60).map("".join)


def finding(outcome="fail", severity="P1", check="api", expectation="status = 200", actual="500"):
    severity = severity if outcome == "fail" else None
    return Finding(stage="health", check=check, rule="status", expectation=expectation, expected="200",
                   actual=actual, outcome=outcome, severity=severity)  # fmt: skip


def verdict_of(outcome, findings=(), **more):
    commit = "f0ec7b5" + "a" * 33
    fields = {
        "subject": Subject(
            target="http://service.test", service="shop", environment="production", commit=commit
        ),
        "window": WindowFrame(id="w1", t0=T0, length_s=7200.0, offsets_s=(0.0,)),
        "plan_name": "small",
        "plan_sha256": "0",
        "tool_version": "0",
        "judged_at": T0,
        "criteria": (),
        "coverage": Coverage(planned=1, taken=1),
    }
    return Verdict(outcome=outcome, findings=tuple(findings), **{**fields, **more})


def test_a_critical_verdict_whole():
    others = [finding(severity="P2", check="slow"), finding("pass"), finding("inconclusive")]
    found = [*others, finding(severity="P0", actual="502"), *(finding(check=f"c{n}") for n in range(3))]
    message = message_for(verdict_of("critical", found), None, LINK)
    assert message.title == "deploy-verdict: CRITICAL ISSUES: shop (production)"
    assert message.body.splitlines() == [
        "CRITICAL ISSUES: shop (production), commit f0ec7b5a",
        "- P0 health/api — expected: status = 200; found: 502",
        "- P1 health/c0 — expected: status = 200; found: 500",
        "- P1 health/c1 — expected: status = 200; found: 500",
        "and 2 more",
        LINK,
    ]
    assert message.kind == "failure"


def test_what_nobody_could_tell_is_told():
    message = message_for(
        verdict_of("inconclusive", [finding("inconclusive", actual="no answer")]), None, None
    )
    assert message.title == "deploy-verdict: INCONCLUSIVE: shop (production)"
    assert message.body.splitlines()[1:] == ["- health/api — expected: status = 200; found: no answer"]


@pytest.mark.parametrize("previous", OUTCOMES)
@pytest.mark.parametrize("outcome", VerdictOutcome)
def test_who_is_told_when(outcome, previous):
    """Bad or unknown: always. STABLE: only after something that was not."""
    message = message_for(verdict_of(outcome), previous, LINK)
    assert (message is None) == (outcome == "stable" and previous in (None, "stable"))


@pytest.mark.parametrize(("speed", "left_out"), [(1.0, ()), (600.0, ()), (1.0, ("logs",))])
def test_stable_is_sent_where_the_plan_wants_it_and_a_rehearsal_says_so(speed, left_out):
    window = WindowFrame(id="w1", t0=T0, length_s=7200.0, offsets_s=(0.0,), speed=speed)
    verdict = verdict_of("stable", [finding("pass")], window=window, left_out=left_out)
    message = message_for(verdict, None, LINK, also_stable=True)
    assert message.title == "deploy-verdict: STABLE: shop (production)"
    lines = message.body.splitlines()
    assert (lines[0], lines[-2:]) == (
        "STABLE: shop (production), commit f0ec7b5a",
        ["1 finding, none failed.", LINK],
    )
    assert ("it proves nothing good" in message.body) == verdict.is_rehearsal


def test_a_recovery_says_from_what():
    message = message_for(verdict_of("stable", [finding("pass")]), VerdictOutcome.CRITICAL, None)
    assert (message.title, message.kind) == (
        "deploy-verdict: recovered, STABLE: shop (production)",
        "success",
    )
    assert message.body.splitlines()[1:] == [
        "Previous verdict: CRITICAL ISSUES.", "1 finding, none failed."]  # fmt: skip


@given(
    hostile,
    hostile,
    hostile,
    st.sampled_from(OUTCOMES),
    st.sampled_from([LINK, None, f"https://x/{'y' * 290}"]),
)
def test_hostile_text_pings_nobody_and_stays_short(one, other, third, previous, link):
    found = [finding(check=one, expectation=other, actual=third) for _ in range(5)]
    subject = Subject(target="x", service=one or "x", environment=other, commit=third)
    verdict = verdict_of("critical", found, subject=subject, ended=one)
    message = message_for(verdict, previous, link)
    assert len(message.title) + len(message.body) <= MAX_CHARACTERS
    assert "\n" not in message.title
    text = f"{message.title}\n{message.body}".replace(link or LINK, "")
    for pattern in PINGS:
        assert not re.search(pattern, text, re.IGNORECASE), pattern


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("$.u < 80 and > 5", "$.u < 80 and > 5"),
        ("12:34:56 != 12:35:00", "12:34:56 != 12:35:00"),
        ("a\nb\tc", "a b c"),
        ("<!channel>", "‹!\u200bchannel>"),
        ("@here", "@\u200bhere"),
        ("x" * 20, "x" * 9 + "…"),
    ],
)
def test_what_is_harmless_stays_as_it_is(text, shown):
    assert harmless(text, 10 if text[0] == "x" else 100) == shown


def test_a_secret_goes_before_the_text_is_cut_or_broken():
    redactor = Redactor({"API_TOKEN": "hush@hush/hush"})
    found = [finding(actual="x" * 122 + "hush@hush/hush")]
    body = message_for(verdict_of("critical", found), None, None, redact=redactor.text).body
    assert "hush" not in body


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("", ()),
        (" \n , \n", ()),
        ("json://a/\r\nslack://b/c,d", ("json://a/", "slack://b/c,d")),
        ("json://a/, mailto://u:p@b?to=x@y,z@y ,json://a/", ("json://a/", "mailto://u:p@b?to=x@y,z@y")),
    ],
)
def test_addresses_one_a_line_or_by_commas(text, found):
    assert addresses_of(text) == found
