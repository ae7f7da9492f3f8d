"""Which environments hold the looks back: what is created is enough for what the gate chooses from."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deploy_verdict.actions.jobs.wait_timers import (
    ENVIRONMENT_NOW,
    MAX_TIMER_MIN,
    chosen_environment,
    delays_min,
    environment_name,
    wait_timer_min,
)
from deploy_verdict.plan.plan import regular

HOUR = 3600.0
WINDOW = regular(2 * HOUR, 900.0)
NINE = (15, 30, 45, 60, 75, 90, 105, 120)
offsets = st.lists(st.floats(0, 40 * 24 * HOUR, allow_nan=False), max_size=12)
timers = st.dictionaries(
    st.one_of(st.integers(1, 2000).map(environment_name), st.sampled_from([ENVIRONMENT_NOW, "production"])),
    st.integers(0, MAX_TIMER_MIN),
)


def test_a_name_sorts_as_its_time_does():
    assert [environment_name(minute) for minute in (5, 15, 120, 1080)] == [
        "verify-t005", "verify-t015", "verify-t120", "verify-t1080"]  # fmt: skip


@pytest.mark.parametrize(("delay", "timer"), [(1, 1), (2, 1), (15, 14), (1080, 1079)])
def test_a_timer_leaves_the_gate_a_minute(delay, timer):
    assert wait_timer_min(delay) == timer


@pytest.mark.parametrize(
    ("window", "wanted"),
    [
        ((WINDOW, 2 * HOUR, None, ()), NINE),
        ((WINDOW, 2 * HOUR, 4 * HOUR, ()), NINE),
        ((WINDOW, 2 * HOUR, None, (6 * HOUR, 24 * HOUR)), (*NINE, 240, 1080)),
        ((WINDOW, 2 * HOUR, 4 * HOUR, (6 * HOUR, 24 * HOUR)), (*NINE, 240, 1080)),
        ((WINDOW, 2 * HOUR, 3.5 * HOUR, (6 * HOUR,)), (*NINE, 150, 240)),
        ((WINDOW, 2 * HOUR, 4 * HOUR, (3 * HOUR, 6 * HOUR)), (*NINE, 180)),
        # An extension of another length than its pace: the last look is at its end.
        (((0.0, 1800.0, 3600.0), HOUR, 1.75 * HOUR, ()), (30, 45, 60)),
        # The window's last look is before its end.
        (((0.0, 2400.0), HOUR, 2 * HOUR, ()), (20, 40, 60)),
        # One job sees the whole window: only its tails are waited for.
        (((), 2 * HOUR, 4 * HOUR, (6 * HOUR,)), (120, 240)),
        # Less than a minute is slept, a part of one too.
        (((0.0, 30.0, 90.0), 90.0, None, ()), (1,)),
        ((WINDOW, 2 * HOUR, None, (31 * 24 * HOUR,)), NINE),
    ],
)
def test_the_delays_of_a_window(window, wanted):
    assert delays_min(*window) == wanted


@given(offsets, st.floats(60, 7 * 24 * HOUR), st.none() | st.floats(60, 7 * 24 * HOUR), offsets)
def test_delays_are_sorted_once_each_and_what_github_takes(looks, length, extend_to, tails):
    found = delays_min(looks, length, extend_to, tails)
    assert list(found) == sorted(set(found))
    assert all(1 <= minute <= MAX_TIMER_MIN and wait_timer_min(minute) >= 1 for minute in found)


@given(st.floats(0, 50 * 24 * HOUR), timers, st.floats(0, HOUR))
def test_a_chosen_environment_is_known_in_time_and_the_longest(remaining_s, known, late_s):
    chosen = chosen_environment(remaining_s, known, late_s)
    ours = {name: timer for name, timer in known.items() if name.startswith("verify-t") and timer}
    if chosen != ENVIRONMENT_NOW:
        assert chosen in ours
        assert known[chosen] * 60 <= remaining_s + late_s
    waited = known[chosen] if chosen in ours else 0
    assert not any(waited < timer <= (remaining_s + late_s) / 60 for timer in ours.values())


@given(st.lists(st.integers(1, 48), min_size=1, unique=True), st.floats(0, 90))
def test_each_look_of_a_window_finds_its_own_timer(quarters, gate_s):
    """What was created for a delay is what the gate chooses, however long the gate took."""
    minutes = delays_min([900.0 * quarter for quarter in quarters], 900.0, None, ())
    known = {environment_name(minute): wait_timer_min(minute) for minute in minutes}
    for minute in minutes:
        assert chosen_environment(minute * 60 - gate_s, known) == environment_name(minute)


@pytest.mark.parametrize(
    ("remaining_s", "chosen"),
    [
        (720, "verify-t015"),
        (719, ENVIRONMENT_NOW),
        (1620, "verify-t030"),
        (1619, "verify-t015"),
        (-5, ENVIRONMENT_NOW),
    ],
)
def test_both_sides_of_being_late(remaining_s, chosen):
    assert chosen_environment(remaining_s, {"verify-t015": 14, "verify-t030": 29}) == chosen


def test_another_environment_with_a_timer_is_not_ours():
    assert chosen_environment(HOUR, {"production": 50, "verify-t-x": 50, "verify-t015": 14}) == "verify-t015"
