"""Scheduled against taken, drawn: each stage its line, each scheduled sample its sign."""

import pytest

from deploy_verdict.report.coverage import strip
from deploy_verdict.verdict.judge import judge
from tests.bundles import T0, bundle_of, burst, http, loaded
from tests.plans import plan_of

PLAN = plan_of(
    """
window: {length: 1h, sample_every: 15m}
health: [{name: api, get: /api, at: [0m], expect: {status: 200}}]
pools: [{name: redis, get: /stats, used: $.used, limit: $.limit, burst: {for: 4s, every: 1s}}]
logs: {must_not_appear: [x]}
"""
)


def drawn(*files, plan=PLAN, **more):
    verdict = judge(bundle_of(plan, *files), judged_at=T0, tool_version="0.1.0")
    lines = str(strip(verdict.model_copy(update=more))).splitlines()
    assert (lines[0], lines[-1]) == ("```text", "```")
    return lines[1:-1]


def sample(offset_s, plan=PLAN, began_s=None, **more):
    file = loaded(plan, "pools", [burst("redis", [3, 4, 3, 5], offset_s)], offset_s, **more)
    if began_s is None:
        return file
    at = loaded(plan, "pools", [], began_s).evidence.started_at
    return file.model_copy(update={"evidence": file.evidence.model_copy(update={"started_at": at})})


HEALTH = loaded(PLAN, "health", [http("api", {})])


def test_each_look_has_its_sign_below_its_minute():
    """Taken, interrupted, late, lost; and where a stage has no look, a point."""
    seen = [HEALTH, sample(0), sample(900, interrupted=True), sample(1800, began_s=2800), sample(3600)]
    assert drawn(*seen) == [
        "minutes     0  15  30  45  60",
        "health      ▓   ·   ·   ·   ·",
        "pools       ▓   ◐   ▸   ✕   ▓",
        "logs        ·   ·   ·   ·   ✕",
        "",
        "▓ taken, ▸ too late to count, ✕ missed, ◐ interrupted, · none scheduled",
    ]


@pytest.mark.parametrize("more", [{"interrupted": True}, {"ended": "it was removed"}])
def test_after_a_stop_nothing_was_due(more):
    """A hole before it is one all the same, and so is what reads the whole window."""
    lines = drawn(HEALTH, sample(0), sample(1800), **more)
    assert lines[2].split()[1:] == ["▓", "✕", "▓", "░", "░"]
    assert "░ no longer due" in lines[-1]
    assert drawn(HEALTH, sample(0), sample(1800))[2].split()[1:] == ["▓", "✕", "▓", "✕", "✕"]


def test_of_a_dense_window_the_worst_of_a_cell_shows():
    plan = plan_of(
        "window: {length: 2h, sample_every: 1m}\npools: [{name: redis, get: /s, used: $.u, limit: $.l}]\n"
    )
    lines = drawn(*(sample(60.0 * minute, plan) for minute in range(121) if minute != 64), plan=plan)
    cells = lines[1].split()[1]
    assert len(cells) == 41
    assert [index for index, sign in enumerate(cells) if sign != "▓"] == [21]
    assert lines[0].split() == ["minutes", "0", "120"]
    assert len(lines[0]) == len(lines[1])


def test_nothing_planned_is_not_drawn():
    verdict = judge(bundle_of(PLAN), judged_at=T0, tool_version="0.1.0")
    empty = verdict.coverage.model_copy(update={"slots": ()})
    assert strip(verdict.model_copy(update={"coverage": empty})) is None
