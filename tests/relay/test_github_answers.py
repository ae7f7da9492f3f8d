"""What GitHub's answers mean: only a 204 is a dispatch, and only a clear refusal is none."""

import json
from datetime import UTC, datetime

import pytest

from deploy_verdict.model import Exchange, Fault, Whose
from deploy_verdict.relay.dispatcher import meaning_of, names, pause_requested_s, runs_of


def answer(status=None, *, body="", fault=None, **headers):
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    failed = None if fault is None else Fault(kind=fault, whose=Whose.TARGET, detail="x")
    return Exchange(at=datetime.now(UTC), method="POST", url="x", request_id="x", status=status,
                    body=body, headers=named, fault=failed)  # fmt: skip


@pytest.mark.parametrize(
    ("given", "meaning"),
    [
        (answer(204), "accepted"),
        (answer(200), "unclear"),
        (answer(408), "unclear"),
        (answer(500), "unclear"),
        (answer(fault="timeout"), "unclear"),
        (answer(fault="tls"), "unclear"),
        (answer(fault="reset"), "unclear"),
        (answer(), "unclear"),
        (answer(fault="refused"), "not yet"),
        (answer(fault="dns"), "not yet"),
        (answer(429), "not yet"),
        (answer(403, Retry_After="7"), "not yet"),
        (answer(403, x_ratelimit_remaining="0"), "not yet"),
        (answer(403, body="You have exceeded a secondary rate limit"), "not yet"),
        (answer(403), "refused"),
        (answer(404), "refused"),
        (answer(302), "refused"),
    ],
)
def test_meaning(given, meaning):
    assert meaning_of(given) == meaning


@pytest.mark.parametrize(
    ("given", "pause_s"),
    [
        (answer(500), 0),
        (answer(429, Retry_After="7"), 7),
        (answer(503, Retry_After="999999"), 3600),
        (answer(429, Retry_After="Wed, 21 Oct 2026 07:28:00 GMT"), 60),
        (answer(429, Retry_After="-5"), 60),
        (answer(403, X_RateLimit_Remaining="0", X_RateLimit_Reset="1090"), 90),
        (answer(403, X_RateLimit_Remaining="0", X_RateLimit_Reset="10"), 0),
        (answer(403, X_RateLimit_Remaining="0"), 60),
        (answer(500, X_RateLimit_Remaining="0", X_RateLimit_Reset="1090"), 0),
    ],
)
def test_the_pause_that_github_asks_for(given, pause_s):
    assert pause_requested_s(given, 1000.0) == pause_s


@pytest.mark.parametrize(
    "body",
    ["", "<html>", "[]", "null", "{}", '{"workflow_runs": null}', '{"workflow_runs": [1]}', "[" * 100_000],
)
def test_a_list_that_cannot_be_read_is_not_an_empty_one(body):
    assert runs_of(answer(200, body=body)) is None


def test_a_full_page_is_not_the_last():
    for count, is_last in ((0, True), (99, True), (100, False)):
        assert runs_of(answer(200, body=json.dumps({"workflow_runs": [{}] * count}))).is_last is is_last


@pytest.mark.parametrize(
    ("title", "is_named"),
    [
        ("Verify d-1", True),
        ("d-1: verify", True),
        ("Verify (d-1).", True),
        ("https://railway.com/d-1/logs", True),
        ("Verify d-10", False),
        ("Verify xd-1", False),
        ("Verify x-d-1", False),
        ("Verify d-1.2", False),
        ("Verify 2.d-1", False),
        ("Verify", False),
        ("None | None", False),
    ],
)
def test_a_run_names_exactly_its_deployment(title, is_named):
    assert names(title, "d-1") is is_named
