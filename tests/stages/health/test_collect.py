"""A check that alone shows a commit is asked until it holds, on a real service and a turned clock."""

from dataclasses import replace

import pytest

from deploy_verdict.base.clock import Pace
from deploy_verdict.plan.checks.preview import preview
from deploy_verdict.stages.health.collect import await_checks, collect_health
from tests.clocks import TurnedClock
from tests.servers import json_service
from tests.stages.suites import context_of

PLAN = """\
claims: [{commit: ac0502b, title: Pool, shown_by: health/pool}]
health:
  - {name: pool, get: /pool, expect: {status: 200, $.size: 20}}
  - {name: other, get: /other, expect: {status: 200}}
"""
OLD, NEW = (200, {"size": 10}), (200, {"size": 20})


def awaited(*given, text=PLAN, within_s=180.0):
    """What was seen, and what the service was asked. The last answer stays."""
    rest, clock = list(given), TurnedClock()
    with json_service(lambda *_: rest.pop(0) if len(rest) > 1 else rest[0]) as service:
        pace = Pace.starting(clock, clock.now(), 1.0)
        context = replace(context_of(text, service.url), pace=pace)
        return await_checks(context, 0.0, within_s), service.seen


def test_what_holds_is_asked_once():
    (seen,), asked = awaited(NEW)
    assert (seen.check, seen.waited_s, [path for _, path, _ in asked]) == ("pool", 0, ["/pool"])


@pytest.mark.parametrize(
    "bad", [OLD, (503, {}), (200, "<html>"), (200, {"size": None}), (200, {"size": "20"})]
)
def test_what_does_not_hold_is_asked_again_and_every_answer_is_kept(bad):
    (seen,), _ = awaited(bad, bad, NEW)
    assert [answer.offset_s for answer in seen.answers] == [0, 10, 20]
    assert [answer.exchange.status for answer in seen.answers] == [bad[0], bad[0], 200]
    assert seen.waited_s == 20


def test_the_wait_is_bounded_and_shared():
    both = PLAN.replace("}]\n", "}, {commit: f0ec7b5, title: Other, shown_by: health/other}]\n", 1)
    (first, second), asked = awaited((500, {}), text=both)
    assert (len(first.answers), first.waited_s, len(second.answers)) == (19, 180, 1)
    assert len(asked) == 20


@pytest.mark.parametrize(
    "text",
    [
        PLAN.replace("get: /pool", "post: /pool, json: {spool: T1}"),
        PLAN.replace("shown_by: health/pool", "shown_by: health/pool, openapi: {has: Pool.size}"),
        PLAN.replace(", shown_by: health/pool", ""),
    ],
)
def test_writes_what_a_document_shows_and_what_nothing_shows_are_not_waited_for(text):
    assert awaited(OLD, text=text) == ((), [])


def test_the_preview_counts_the_wait():
    with_wait = preview(context_of(PLAN, "http://x").plan)
    without = preview(context_of(PLAN.replace(", shown_by: health/pool", ""), "http://x").plan)
    assert with_wait.requests["health"] - without.requests["health"] == 19


@pytest.mark.parametrize(("offset_s", "paths"), [(0.0, ["/pool"] * 20), (21600.0, ["/pool"])])
def test_nothing_excuses_older_code_at_a_tail(offset_s, paths):
    clock = TurnedClock()
    with json_service(lambda *_: OLD) as service:
        pace = Pace.starting(clock, clock.now(), 1.0)
        context = replace(context_of(PLAN, service.url), pace=pace)
        collect_health(context, offset_s, lambda seen: None)
        asked = [path for _, path, _ in service.seen if path == "/pool"]
    assert asked == paths
