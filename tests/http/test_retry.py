"""Another try: within its budget, after the pause that is due, and never of a write that took effect."""

import math

import pytest

from deploy_verdict.http.retry import AttemptError, Backoff, Retry, requested_pause_s, retry_after_s
from tests.clocks import TurnedClock

DOUBLING = Backoff(first_s=1.0)


def failing(clock, errors, took_s=0.0):
    """An attempt that fails with each error in turn, and then succeeds."""
    left = list(errors)

    def attempt():
        clock.sleep(took_s)
        clock.slept.pop()
        if left:
            raise left.pop(0)
        return "done"

    return attempt


def passing(most_tries=math.inf, **more):
    return AttemptError("it failed", most_tries=most_tries, **more)


def test_pauses_double_until_an_attempt_succeeds():
    clock, told = TurnedClock(), []
    retry = Retry(clock, DOUBLING, 60.0, lambda error, pause_s: told.append((str(error), pause_s)))
    assert retry.call(failing(clock, [passing(), passing(), passing()])) == "done"
    assert clock.slept == [1.0, 2.0, 4.0]
    assert told[0] == ("it failed", 1.0)


def test_the_last_error_says_how_many_tries_there_were():
    clock = TurnedClock()
    errors = [passing(3), passing(3), passing(3)]
    with pytest.raises(AttemptError) as caught:
        Retry(clock, DOUBLING, 60.0).call(failing(clock, errors))
    assert (caught.value, caught.value.tries, clock.slept) == (errors[2], 3, [1.0, 2.0])


def test_what_is_not_worth_another_try_is_raised_at_once():
    clock = TurnedClock()
    with pytest.raises(AttemptError):
        Retry(clock, DOUBLING, 60.0).call(failing(clock, [AttemptError("no")]))
    assert clock.slept == []


def test_attempts_and_pauses_use_up_one_budget_for_all_calls():
    clock = TurnedClock()
    retry = Retry(clock, DOUBLING, 10.0)
    retry.call(failing(clock, [passing()], took_s=4.0))
    assert retry.left_s == 5.0
    with pytest.raises(AttemptError):
        retry.call(failing(clock, [passing(), passing()], took_s=3.0))
    assert (clock.slept, retry.left_s) == ([1.0, 1.0], -2.0)


def test_a_requested_pause_beyond_the_budget_is_not_waited_for():
    clock = TurnedClock()
    with pytest.raises(AttemptError):
        Retry(clock, DOUBLING, 60.0).call(failing(clock, [passing(after_s=61.0)]))
    assert clock.slept == []


def test_the_effect_of_a_lost_write_is_looked_for_before_the_next_try():
    clock = TurnedClock()
    retry = Retry(clock, DOUBLING, 60.0)
    assert retry.call(failing(clock, [passing()]), effect=lambda: "there already") == "there already"
    assert retry.call(failing(clock, [passing()]), effect=lambda: None) == "done"
    assert retry.call(failing(clock, [passing(is_lost=False)]), effect=lambda: "not mine") == "done"


@pytest.mark.parametrize(
    ("backoff", "tries", "requested_s", "pause_s"),
    [
        (DOUBLING, 1, None, 1.0),
        (DOUBLING, 4, 3.0, 8.0),
        (DOUBLING, 1, 30.0, 30.0),
        (Backoff(first_s=1.0, is_request_exact=True), 4, 3.0, 3.0),
        (Backoff(first_s=2.0, longest_s=300.0), 5000, None, 300.0),
    ],
)
def test_pauses(backoff, tries, requested_s, pause_s):
    assert backoff.pause_s(tries, requested_s) == pause_s


def test_jitter_only_shortens():
    pauses = {Backoff(first_s=8.0, jitter=0.5).pause_s(1) for _ in range(50)}
    assert len(pauses) > 1
    assert all(4.0 <= pause_s <= 8.0 for pause_s in pauses)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("7", 7.0), ("0", 0.0), ("soon", None), ("-1", None), ("inf", None), ("nan", None), ("", None)],
)
def test_retry_after(text, seconds):
    assert retry_after_s({"RETRY-After": text}) == seconds


SPENT = {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "1090"}


@pytest.mark.parametrize(
    ("status", "headers", "pause_s"),
    [
        (403, SPENT, 90.0),
        (429, {**SPENT, "Retry-After": "5"}, 5.0),
        (500, SPENT, None),
        (403, {**SPENT, "X-RateLimit-Remaining": "1"}, None),
        (403, {**SPENT, "X-RateLimit-Reset": "10"}, 0.0),
        (403, {}, None),
    ],
)
def test_the_pause_that_a_limit_requests(status, headers, pause_s):
    assert requested_pause_s(status, headers, 1000.0) == pause_s
