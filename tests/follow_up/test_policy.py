"""What follows a verdict."""

import pytest

from deploy_verdict.follow_up.policy import grown_layout, next_step
from deploy_verdict.model import VerdictOutcome
from deploy_verdict.plan import own_layout, read_plan
from deploy_verdict.verdict.judge import judge
from tests.bundles import T0, bundle_of

H = 3600.0
TEXT = """
version: 1
name: small
service: {base_url: "http://service.test"}
health: [{name: api, get: /api, expect: {status: 200}}]
"""


def plan(more=""):
    return read_plan((TEXT + more).encode(), "plan.yml", {}, "2026-02-02")


def verdict(outcome, **more):
    made = judge(bundle_of(plan()), judged_at=T0, tool_version="0")
    return made.model_copy(update={"outcome": VerdictOutcome(outcome), **more})


def step(outcome, layout=None, more="", **fields):
    made = plan(more)
    found = next_step(made, layout or own_layout(made), verdict(outcome, **fields))
    return (found.kind, found.until_s / H) if found else None


EXTENDED = own_layout(plan()).model_copy(update={"length_s": 4 * H, "extended": True})
LOOKED = own_layout(plan()).model_copy(update={"tails_s": (6 * H,)})


@pytest.mark.parametrize("outcome", ["attention", "inconclusive"])
def test_what_is_not_clear_is_watched_twice_as_long_then_looked_at_again(outcome):
    assert step(outcome) == ("extension", 4)
    assert step(outcome, EXTENDED) == ("tail", 6)
    assert step(outcome, LOOKED) == ("tail", 24)


def test_what_is_stable_is_looked_at_after_six_hours_and_after_a_day():
    assert step("stable") == ("tail", 6)
    assert step("stable", LOOKED) == ("tail", 24)
    assert step("stable", LOOKED.model_copy(update={"tails_s": (6 * H, 24 * H)})) is None


def test_what_is_critical_is_sampled_again_later_and_what_has_ended_is_over():
    assert step("critical") == ("tail", 6.0)
    assert step("attention", ended="replaced") is None
    assert step("stable", interrupted=True) is None
    assert step("stable", LOOKED.model_copy(update={"over": True})) is None


@pytest.mark.parametrize(
    ("more", "found"),
    [
        ("escalation: {extend_to: 3h}", ("extension", 3)),
        ("escalation: {extend_to: 0s}", ("tail", 6)),
        ("escalation: {extend_to: 0s, tail_checks: []}", None),
        ("escalation: {extend_to: 0s, tail_checks: [1h, 12h]}", ("tail", 12)),
    ],
)
def test_the_plan_says_how_far(more, found):
    assert step("inconclusive", more=more) == found


def test_a_layout_grows_by_the_step_that_was_decided():
    made = plan()
    assert grown_layout(made, own_layout(made), "extension") == EXTENDED
    assert grown_layout(made, EXTENDED, "extension") is None
    assert grown_layout(made, own_layout(made), "tail") == LOOKED
