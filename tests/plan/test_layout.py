"""A window that is shortened, sampled more densely, extended, or followed by single looks."""

from datetime import timedelta

import pytest

from deploy_verdict.evidence.bundle import bundled
from deploy_verdict.model import Layout, Subject, WindowFrame
from deploy_verdict.model.window import tolerance_s, window_frame
from deploy_verdict.plan import densely, laid_out, layout_of, own_layout, read_plan, spread_out
from deploy_verdict.verdict.coverage import covered
from tests.bundles import SUBJECT, T0, http, loaded, window_of

PLAN = b"""
version: 1
name: small
service: {base_url: "http://service.test"}
window: {length: 2h, sample_every: 30m}
health: [{name: api, get: /api, expect: {status: 200}}]
pools: [{name: p, get: /api, used: $.a, limit: $.b}]
e2e:
  at: [0m, 60m, 120m]
  tests: [{name: t, steps: [{get: /api, expect: {status: 200}}]}]
"""
PLANNED = read_plan(PLAN, "plan.yml", {}, "2026-02-02")
LAYOUT = own_layout(PLANNED)
H = 3600.0


def minutes(offsets_s):
    return [offset_s / 60 for offset_s in offsets_s]


def looks(layout):
    return {stage: minutes(offsets) for stage, offsets in laid_out(PLANNED, layout).planned_offsets_s.items()}


def test_a_plans_own_layout_changes_nothing():
    assert laid_out(PLANNED, None) is PLANNED
    assert laid_out(PLANNED, LAYOUT).planned_offsets_s == PLANNED.planned_offsets_s
    assert layout_of(PLANNED) is None
    assert layout_of(laid_out(PLANNED, LAYOUT)) == LAYOUT


def test_a_shorter_window_drops_what_has_no_room_in_it():
    assert looks(Layout(length_s=H, every_s=1800)) == {
        "health": [0, 30, 60],
        "heartbeat": [],
        "e2e": [0, 60],
        "pools": [0, 30, 60],
    }


def test_a_dense_window_samples_the_pool_alone_more_often():
    found = laid_out(PLANNED, LAYOUT.model_copy(update={"dense_every_s": 600.0}))
    assert minutes(found.window.offsets_s) == [0, 30, 60, 90, 120]
    assert minutes(found.window.pool_offsets_s) == list(range(0, 121, 10))


@pytest.mark.parametrize(
    ("window", "pool", "dense_s", "between"),
    [
        ("", "", 60, (50, 10)),
        ("", "burst: {for: 90s, every: 1s}", 90, (90, 90)),
        ("", "burst: {for: 1s, every: 1s}", 60, (1, 1)),
        ("dense_every: 5m", "", 300, (250, 10)),
        ("dense_every: 30m", "", None, (30, 30)),
        ("length: 24h", "", 240, (200, 10)),
    ],
    ids=["as shipped", "long bursts", "single readings", "every 5 min", "not in between", "a long window"],
)
def test_in_between_a_pool_is_read_fewer_times_over_a_longer_stretch(window, pool, dense_s, between):
    length = "" if "length" in window else "length: 2h, "
    text = PLAN.decode().replace("length: 2h, ", f"{length}{window}{', ' if window else ''}")
    plan = read_plan(text.replace("limit: $.b", f"limit: $.b, {pool}").encode(), "p.yml", {}, "2026-02-02")
    layout = densely(plan, own_layout(plan))
    assert layout.dense_every_s == dense_s
    dense = laid_out(plan, layout)
    first, second = (dense.burst_at(dense.pools[0], at_s) for at_s in dense.window.pool_offsets_s[:2])
    assert first == plan.pools[0].burst
    assert (second.for_, second.readings) == between


@pytest.mark.parametrize(
    ("window", "pool", "is_free", "seconds"),
    [
        ("", "", True, 300),
        ("", "", False, 30),
        ("spread: 4m", "", False, 240),
        ("spread: 10s", "", True, 30),
        ("sample_every: 6m", "", True, 120),
        ("", "burst: {for: 5s, every: 1s}", True, 5),
    ],
    ids=["public", "billed", "as the plan says", "not at all", "often", "no burst"],
)
def test_separate_jobs_spread_the_same_readings_but_for_the_first(window, pool, is_free, seconds):
    every = "" if "sample_every" in window else "sample_every: 15m, "
    text = PLAN.decode().replace("length: 2h, sample_every: 30m", f"length: 2h, {every}{window}".rstrip(", "))
    plan = read_plan(text.replace("limit: $.b", f"limit: $.b, {pool}").encode(), "p.yml", {}, "2026-02-02")
    spread = laid_out(plan, spread_out(plan, own_layout(plan), is_free=is_free))
    first, *others = (spread.burst_at(spread.pools[0], at_s) for at_s in spread.window.pool_offsets_s)
    assert first == plan.pools[0].burst
    assert {(item.for_, item.readings) for item in others} == {(seconds, first.readings)}


def test_a_plan_without_pools_has_nothing_in_between():
    plan = PLANNED.model_copy(update={"pools": ()})
    assert densely(plan, own_layout(plan)) == own_layout(plan)


def test_an_extended_window_runs_the_suite_once_more_at_its_end():
    found = looks(LAYOUT.model_copy(update={"length_s": 4 * H, "extended": True}))
    assert found["pools"][-1] == 240
    assert found["e2e"] == [0, 60, 120, 240]


def test_a_tail_asks_health_pool_and_suite_once_more_and_ends_the_window():
    plan = laid_out(PLANNED, LAYOUT.model_copy(update={"tails_s": (6 * H,)}))
    assert plan.window.length == 6 * H
    assert plan.planned_offsets_s["health"][-2:] == (2 * H, 6 * H)
    assert plan.planned_offsets_s["pools"][-2:] == (2 * H, 6 * H)
    assert plan.planned_offsets_s["e2e"][-2:] == (2 * H, 6 * H)


def test_a_late_tail_is_allowed_half_of_its_own_gap():
    frame = WindowFrame(id="w", t0=T0, length_s=6 * H, offsets_s=(0.0, 900.0, 2 * H, 6 * H))
    assert tolerance_s(frame, 900.0) == 450.0
    assert tolerance_s(frame, 6 * H) == 2 * H


def test_only_a_length_that_the_window_had_before_is_its_own():
    subject = Subject(target="http://service.test")
    before = WindowFrame(id="w", t0=T0, length_s=2 * H, offsets_s=PLANNED.window.offsets_s)
    item = loaded(PLANNED, "health", [http("api", {})], 0.0, subject=subject, window=before)
    plan = laid_out(PLANNED, LAYOUT.model_copy(update={"length_s": 4 * H, "extended": True}))
    longer = before.model_copy(update={"length_s": 4 * H, "offsets_s": plan.window.offsets_s})
    extended = longer.model_copy(update={"earlier_lengths_s": (2 * H,)})
    assert bundled(plan, extended, subject, [item]).loaded == (item,)
    refused = bundled(plan, longer, subject, [item]).unreadable
    assert [entry.reason for entry in refused] == ["it has another T0, length or speed of this window"]


@pytest.mark.parametrize("speed", [1.0, 30.0, 120.0, 600.0])
def test_hours_are_too_late_at_any_speed_that_leaves_a_process_time_to_start(speed):
    frame = window_frame(t0=T0, length_s=2 * H, offsets_s=(0.0, 900.0, 1800.0), speed=speed, seed="0")
    assert tolerance_s(frame, 900.0) < 2 * H


@pytest.mark.parametrize(
    ("is_free", "late_min", "state"), [(True, 19, "taken"), (True, 21, "late"), (False, 19, "late")]
)
def test_what_follows_a_spread_sample_may_be_that_much_later(is_free, late_min, state):
    """Half of the 30 minutes, and the 4.5 by which the readings take longer."""
    plan = laid_out(PLANNED, spread_out(PLANNED, LAYOUT, is_free=is_free))
    late_at = T0 + timedelta(hours=1, minutes=late_min)
    files = [
        loaded(plan, stage, [], H, started_at=late_at, finished_at=late_at) for stage in ("pools", "e2e")
    ]
    window = window_of(plan)
    slots = covered(bundled(plan, window, SUBJECT, files)).slots
    found = {slot.stage: slot.state for slot in slots if slot.offset_s == H and slot.state != "missing"}
    assert found == {"pools": "late", "e2e": state}
