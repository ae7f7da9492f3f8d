"""What the demo takes for a burst: what happens at the third sample must come at the third, however busy."""

from demo.bursts import Bursts
from deploy_verdict.plan.sections.pools import MOST_READINGS


def read(bursts, count):
    """So many readings in a row; the numbers of the burst that each belongs to."""
    return {bursts.place()[0] for _ in range(count)}


def test_bursts_are_counted_by_their_readings():
    bursts = Bursts()
    for number in range(1, 4):
        bursts.interrupted()
        assert read(bursts, 30) == {number}


def test_what_is_read_between_two_rounds_of_a_load_is_no_burst():
    bursts = Bursts()
    assert read(bursts, 30) == {1}
    for _ in range(10):
        bursts.interrupted()
        read(bursts, 2 * MOST_READINGS + 1)
    bursts.interrupted()
    assert read(bursts, 30) == {2}
