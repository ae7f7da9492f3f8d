"""The end of a token: read from a JWT's own claims, and nothing else is taken for one."""

import base64
import json
from datetime import UTC, datetime, timedelta

import pytest

from deploy_verdict.base.token_end import token_end
from deploy_verdict.cli.beginning.check import ends_of_tokens
from deploy_verdict.plan import read_plan


def jwt(claims):
    parts = [
        base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=") for part in ({"alg": "x"}, claims)
    ]
    return b".".join([*parts, b"c2ln"]).decode()


@pytest.mark.parametrize(
    ("text", "end"),
    [
        (f"Bearer {jwt({'exp': 1_700_000_000})}", datetime(2023, 11, 14, 22, 13, 20, tzinfo=UTC)),
        (f"Bearer {jwt({'sub': 'robot'})}", None),
        (f"Bearer {jwt({'exp': '1700000000'})}", None),
        (f"Bearer {jwt({'exp': 1e300})}", None),
        (f"Bearer {jwt({'exp': -5})}", None),
        (f"Bearer {jwt([1])}", None),
        ("Bearer eyJx.%%%.x", None),
        ("Bearer opaque-token", None),
        ("", None),
    ],
)
def test_the_end_of_a_token(text, end):
    assert token_end(text) == end


def test_check_says_which_token_ends_within_a_window_from_now_on():
    end = datetime(2026, 2, 2, 13, tzinfo=UTC)
    text = 'version: 1\nname: x\nservice: {base_url: "http://x.test", auth: {bearer: "${TOKEN}"}}\n'
    text += "health: [{name: a, get: /x, expect: {status: 200}}]\n"
    plan = read_plan(text.encode(), "p.yml", {"TOKEN": jwt({"exp": end.timestamp()})}, "2026-02-02")
    (said,) = ends_of_tokens(plan, end - timedelta(hours=1))
    assert "the token of service.auth at 2026-02-02 13:00 UTC" in said
    assert not list(ends_of_tokens(plan, end - timedelta(hours=3)))
