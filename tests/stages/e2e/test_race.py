"""Races on a real service: with its lock one request gets the spool, without it several do."""

import itertools
import threading

import pytest

from deploy_verdict.base.clock import Pace, WallClock
from deploy_verdict.model import Exchange, Race
from deploy_verdict.plan import Together
from deploy_verdict.stages.e2e.collect import run_suite
from deploy_verdict.stages.e2e.race import is_worth_another_try
from tests.bundles import T0
from tests.servers import Spools, json_service
from tests.stages.suites import LEAVE, context_of

RACE = """
e2e:
  tests:
    - name: race
      steps:
        - name: four at once
          together:
            times: 2
            requests:
              - {post: /take, json: {spool: T1, worker: 1}}
              - {post: /take, json: {spool: T1, worker: 1}}
            answers: {200: 1, 409: rest}
"""


def raced(respond, text=RACE):
    with json_service(respond) as service:
        test, _ = run_suite(context_of(text, service.url), 0.0)
        return test, service.seen


def statuses(race):
    return sorted(exchange.status for exchange in race.exchanges)


def test_with_its_lock_one_gets_it():
    """The barrier in the server makes sure that all four are there before any is answered."""
    test, _ = raced(Spools(meet=threading.Barrier(4)))
    race = test.steps[0].race
    assert statuses(race) == [200, 409, 409, 409]
    assert test.stopped is None
    assert race.overlapped
    assert race.tries == 1
    assert min(race.starts_ms) == 0
    assert race.spread_ms == max(race.starts_ms) < min(race.ends_ms)


def test_without_its_lock_the_race_is_lost_and_not_tried_again():
    test, seen = raced(Spools(locked=False, meet=threading.Barrier(4)), RACE + f"      cleanup: [{LEAVE}]\n")
    race = test.steps[0].race
    assert statuses(race) == [200, 200, 200, 200]
    assert "4 answered 200 and 0 answered 409; wanted 1 × 200, 3 × 409" in test.stopped
    assert [path for _, path, _ in seen].count("/take") == 4


def test_one_refused_request_keeps_all_of_them_back():
    text = """
e2e:
  tests:
    - name: race
      steps:
        - {get: /workers, expect: {status: 200}, capture: {tag: $.tag}}
        - name: two at once
          together:
            requests:
              - {post: /take, json: {spool: T1}}
              - {post: /take, json: {spool: "{tag}"}}
            answers: {200: 2}
"""
    test, seen = raced(lambda *_: (200, {"tag": "PROD-1"}), text)
    assert len(seen) == 1
    assert test.steps[1].race is None
    assert "'PROD-1'" in test.steps[1].refused


class ApartClock(WallClock):
    """To each thread of a race its own second, so that no two of its requests overlap."""

    def __init__(self):
        super().__init__()
        self._own, self._numbers = threading.local(), itertools.count()

    def monotonic_s(self):
        if not threading.current_thread().name.startswith("race"):
            return super().monotonic_s()
        if not hasattr(self._own, "start_s"):
            self._own.start_s = next(self._numbers)
            return self._own.start_s
        return self._own.start_s + 0.5


def raced_apart(respond, text):
    with json_service(respond) as service:
        context = context_of(text, service.url)
        object.__setattr__(context, "pace", Pace.starting(ApartClock(), context.pace.t0, 600))
        test, _ = run_suite(context, 0.0)
        return test, [path for _, path, _ in service.seen]


def test_a_race_that_did_not_overlap_is_run_three_times_with_cleanup_between():
    test, seen = raced_apart(Spools(), RACE + f"      cleanup: [{LEAVE}]\n")
    assert seen == [*(["/take"] * 4), "/leave"] * 3
    last = [step for step in test.steps if step.race]
    assert len(last) == 1
    assert (last[0].race.tries, last[0].race.overlapped, last[0].race.spread_ms) == (3, False, 3000.0)
    assert (
        "did not overlap in time (starts 3000.0 ms apart, the first ended after 500.0 ms, 3 tries)"
        in test.stopped
    )


def test_without_a_cleanup_that_resets_it_a_race_is_run_once():
    test, seen = raced_apart(Spools(), RACE)
    assert len(seen) == 4
    assert test.steps[0].race.tries == 1


def test_a_race_after_another_step_is_run_once():
    """Cleanup would undo that step, too: the second race would begin in another state."""
    step = "{post: /leave, json: {spool: T1, worker: 1}, expect: {status: 400}}"
    text = RACE.replace("steps:\n", f"steps:\n        - {step}\n") + f"      cleanup: [{LEAVE}]\n"
    _, seen = raced_apart(Spools(), text)
    assert seen == ["/leave", *(["/take"] * 4), "/leave"]


def test_a_race_is_not_tried_again_when_cleanup_failed():
    spools = Spools()
    spools.failing["/leave"] = 500
    test, seen = raced_apart(spools, RACE + f"      cleanup: [{LEAVE}]\n")
    assert seen.count("/take") == 4
    assert test.unrestored


def exchange(status):
    return Exchange(at=T0, method="POST", url="http://s/take", request_id="r", status=status, elapsed_ms=1.0)


def a_race(statuses, *, overlapped):
    starts = (0.0, 0.5) if overlapped else (0.0, 9.0)
    return Race(
        exchanges=tuple(map(exchange, statuses)),
        starts_ms=starts,
        ends_ms=(5.0, 12.0),
        spread_ms=starts[1],
        overlapped=overlapped,
    )


@pytest.mark.parametrize(
    ("answers", "overlapped", "again"),
    [
        ((200, 409), False, True),
        ((200, 409), True, False),
        ((200, 200), False, False),
        ((409, 409), False, False),
        ((200, 500), False, False),
    ],
)
def test_only_right_answers_that_did_not_overlap_are_worth_another_try(answers, overlapped, again):
    request = {"post": "/take", "json": {"spool": "T1"}}
    together = Together.model_validate(
        {"requests": [request], "times": 2, "answers": {"200": 1, "409": "rest"}}
    )
    assert is_worth_another_try(together, a_race(answers, overlapped=overlapped)) is again
