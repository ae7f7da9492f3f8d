"""Ten requests in any second; and polls that leave half of an hour's requests to the samples."""

from itertools import pairwise

import pytest

from deploy_verdict.railway.allowance import PER_SECOND, Allowance
from tests.clocks import TurnedClock


def test_no_more_than_ten_in_any_second():
    clock = TurnedClock()
    allowance, starts = Allowance(clock), []
    for _ in range(35):
        allowance.wait_turn()
        starts.append(clock.monotonic_s())
    assert all(later - earlier >= 1.0 for earlier, later in zip(starts, starts[PER_SECOND:], strict=False))
    assert all(earlier <= later for earlier, later in pairwise(starts))
    assert starts[9] == 0.0


NOW_S = TurnedClock().now().timestamp()
HEADERS = [
    # What the answers say, and the pause instead of 15 s.
    ({}, 15.0),
    ({"X-RateLimit-Limit": "1000", "X-RateLimit-Remaining": "900"}, 15.0),
    ({"X-RateLimit-Limit": "100", "X-RateLimit-Remaining": "80", "X-RateLimit-Reset": "2400"}, 60.0),
    ({"x-ratelimit-limit": "100", "x-ratelimit-remaining": "80"}, 90.0),
    (
        {
            "X-RateLimit-Limit": "100",
            "X-RateLimit-Remaining": "80",
            "X-RateLimit-Reset": f"{NOW_S + 1200:.0f}",
        },
        30.0,
    ),
    (
        {
            "X-RateLimit-Limit": "100",
            "X-RateLimit-Remaining": "80",
            "X-RateLimit-Reset": f"{1000 * (NOW_S + 1200):.0f}",
        },
        30.0,
    ),
    ({"X-RateLimit-Limit": "100", "X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "3600"}, 300.0),
    ({"X-RateLimit-Limit": "100", "X-RateLimit-Remaining": "80", "X-RateLimit-Reset": "soon"}, 90.0),
    ({"X-RateLimit-Limit": "many", "X-RateLimit-Remaining": "-5", "X-RateLimit-Reset": "9" * 20}, 15.0),
    ({"X-RateLimit-Limit": "100", "X-RateLimit-Remaining": "80", "X-RateLimit-Reset": "1"}, 15.0),
]


@pytest.mark.parametrize(("headers", "pause_s"), HEADERS)
def test_polls_leave_half_of_what_the_answers_say(headers, pause_s):
    allowance = Allowance(TurnedClock())
    allowance.learn(headers)
    assert allowance.pause_s(15.0) == pytest.approx(pause_s, abs=0.5)


def test_frees_hundred_are_known_before_any_answer():
    allowance = Allowance(TurnedClock(), 100)
    assert allowance.pause_s(5.0) == 72.0
    for _ in range(10):
        allowance.wait_turn()
    assert (allowance.left, allowance.pause_s(5.0)) == (90, 80.0)
