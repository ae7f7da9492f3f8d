"""A window's pace on a clock that is set back."""

from datetime import timedelta

from deploy_verdict.clock import Pace
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
