"""A window's pace on a clock that is set back."""

from datetime import timedelta

import pytest

from deploy_verdict.base.clock import Pace
from tests.clocks import TurnedClock


def test_a_clock_that_was_set_back_by_an_hour_makes_nobody_wait_for_it():
    clock = TurnedClock()
    pace = Pace.starting(clock, clock.now() + timedelta(hours=1), 1.0)
    assert pace.offset_s() == 0
    pace.wait_until(0)
    assert sum(clock.slept) <= 0


def test_a_window_that_goes_on_keeps_its_offset():
    clock = TurnedClock()
    assert Pace.starting(clock, clock.now() - timedelta(minutes=5), 2.0).offset_s() == 600


def test_speed_divides_waits_and_the_wall_clock_alike():
    clock = TurnedClock()
    pace = Pace.starting(clock, clock.now(), 60.0)
    began = clock.now()
    pace.wait_until(600)
    assert clock.slept == [10]
    assert pace.offset_s() == 600
    assert clock.now() - began == timedelta(seconds=10)
    pace.wait_until(300)
    assert pace.offset_s() == 600


@pytest.mark.parametrize("hours", [1, -1])
def test_a_step_of_the_wall_clock_moves_no_sample(hours):
    clock = TurnedClock()
    pace = Pace.starting(clock, clock.now(), 1.0)
    clock.sleep(60)
    clock.now = lambda: TurnedClock.now(clock) + timedelta(hours=hours)
    assert pace.offset_s() == 60
    pace.wait_until(90)
    assert clock.slept == [60, 30]
