"""Top-ups on a real service: as many runs as are lacking, capped, guarded, cleaned up, and never twice."""

import json
import os
import signal
import subprocess
import threading
from pathlib import Path

import pytest

from deploy_verdict.base.clock import Pace
from deploy_verdict.stages.exposure.collect import Need, top_up
from tests.clocks import TurnedClock
from tests.running import command
from tests.servers import json_service
from tests.stages.suites import CYCLE, context_of

PLAN = (
    """
health: [{name: read, get: /orders/7, expect: {status: 200}}]
"""
    + CYCLE
    + """\
exposure:
  - {name: x, operation: %s, at_least: 20, top_up: {of: %s, at_most: %s, every: %s, limit: %s}}
"""
)


class Service:
    """From one take on all answer 500."""

    def __init__(self, broken_from=None):
        self._broken_from, self._taken, self._lock = broken_from, 0, threading.Lock()

    def __call__(self, method, path, body):
        with self._lock:
            self._taken += path == "/take"
            broken = self._broken_from and path == "/take" and self._taken >= self._broken_from
            return (500, {"detail": "no"}) if broken else (200, {"id": 7})


def topped(respond=None, *, operation="POST /take", of="e2e/cycle", clean=0, earlier=0, **more):
    """What was seen, what the service was asked, what was told, and how long it slept in plan time."""
    told, kept = [], []
    fields = {"spool": "T1", "at_most": 30, "every": "2s", "limit": "60s", "speed": 1.0, "never": "", **more}
    clock, respond = TurnedClock(), respond or Service()

    def slowly(*request):
        clock.sleep(fields.get("answers_in", 0))
        return respond(*request)

    with json_service(slowly) as service:
        text = PLAN % (fields["spool"], operation, of, fields["at_most"], fields["every"], fields["limit"])
        text += fields.get("extra", "")
        context = context_of(text, service.url, tell=told.append)
        pace = Pace.starting(clock, clock.now(), fields["speed"])
        context = context.__class__(**{**vars(context), "pace": pace})

        def keep(observations):
            kept.append(observations[0])
            if observations[0].done >= fields.get("stop_after", 99):
                context.stop.request()

        need = Need(clean=clean, earlier=earlier, never=fields["never"])
        (seen,) = top_up(context, 7200.0, keep, lambda asked: need)
        return seen, [path for _, path, _ in service.seen], told, clock, kept


@pytest.mark.parametrize(
    ("operation", "of", "takes", "reads"),
    [
        ("POST /take", "e2e/cycle", 15, 0),
        ("e2e/cycle", "e2e/cycle", 15, 0),
        ("e2e/cycle/leave", "e2e/cycle", 15, 0),
        ('"GET /orders/{id}"', "health/read", 0, 15),
    ],
)
def test_only_what_is_lacking_is_run(operation, of, takes, reads):
    seen, asked, told, _, kept = topped(operation=operation, of=of, clean=5)
    assert (asked.count("/take"), asked.count("/leave"), asked.count("/orders/7")) == (takes, takes, reads)
    assert (asked.count("/workers"), asked.count("/clean")) == ((1, 1) if takes else (0, 0))
    assert (seen.wanted, seen.clean_before, seen.done, seen.failed) == (20, 5, 15, 0)
    assert seen.ended == "nothing is lacking any more"
    assert [item.done for item in kept][:4] == [0, 1, 2, 3]
    assert "5 runs of" in told[4]
    assert "10 more are needed" in told[4]


@pytest.mark.parametrize(
    ("need", "ended"),
    [
        ({"clean": 20}, "20 clean runs were there already"),
        ({"clean": 5, "earlier": 30}, "30 runs were done by earlier attempts"),
        ({"never": "1 of 9 runs went wrong before it"}, "1 of 9 runs went wrong before it"),
    ],
)
def test_where_nothing_is_to_be_gained_nothing_is_sent(need, ended):
    seen, asked, *_ = topped(**need)
    assert asked == []
    assert seen.ended == ended


def test_its_number_is_capped_over_all_attempts():
    seen, asked, *_ = topped(earlier=18)
    assert asked.count("/take") == seen.done == 12
    assert seen.ended == "30 runs are the most that the plan allows"


@pytest.mark.parametrize(
    ("every", "speed", "seconds"), [("2s", 1.0, 38), ("2s", 20.0, 1.9), ("1s", 600.0, 0.38)]
)
def test_its_rate_is_capped_whatever_the_speed(every, speed, seconds):
    """20 runs; faster than 50 a second nothing is sent."""
    *_, clock, _ = topped(operation='"GET /orders/{id}"', of="health/read", every=every, speed=speed)
    assert sum(max(0.0, slept) for slept in clock.slept) == pytest.approx(seconds)


def test_its_time_is_capped():
    """A run takes ten seconds here; none is begun when the time is over."""
    seen, asked, *_ = topped(answers_in=5)
    assert seen.ended == "the time for them (60 s) was over"
    assert asked.count("/take") == seen.done == 7


def test_after_ten_failed_runs_none_is_begun():
    seen, asked, *_ = topped(Service(broken_from=6))
    assert (seen.done, seen.failed, seen.ended) == (5, 10, "10 runs had failed")
    assert {failure.step.exchange.status for failure in seen.failures} == {500}
    assert {tally.name: tally.answers for tally in seen.tallies}["take"] == {"200": 5}
    assert asked.count("/clean") == 11


@pytest.mark.parametrize("operation", ["POST /take", "e2e/cycle"])
def test_nothing_is_written_that_the_plan_does_not_allow(operation):
    seen, asked, *_ = topped(spool='"{id}"', operation=operation)
    assert "/leave" not in asked
    assert seen.failures[0].step.refused


def test_asked_to_stop_it_cleans_up():
    seen, asked, *_ = topped(stop_after=8)
    assert (seen.interrupted, seen.done, seen.ended) == (True, 8, "asked to stop")
    assert asked[-1] == "/clean"


KILLED = """\
version: 1
name: small
service: {base_url: "%s"}
window: {length: 1h, sample_every: 1h}
test_data: {may_write: {spool: [T1]}, routes: [/take, /leave, /clean]}
e2e:
  tests:
    - name: cycle
      steps: [{name: take, post: /take, json: {spool: T1}, expect: {status: 200}}]
      cleanup: [{name: clean, post: /clean, json: {spool: T1}, expect: {status: 200}}]
claims:
  - commit: abc1234
    title: t
    exposure: {operation: POST /take, at_least: 12, top_up: {of: e2e/cycle, every: 1s, at_most: %d}}
"""


@pytest.mark.parametrize(
    ("at_most", "done", "ended"),
    [
        (300, 7, "nothing is lacking any more"),
        (8, 3, "8 runs are the most that the plan allows"),
    ],
)
def test_killed_it_goes_on_where_it_was(tmp_path, at_most, done, ended):
    """By the evidence alone: the answer that the kill cut off is the only one that is asked twice.

    And the first thing that the next one does is to clean up what the ledger in it names.
    """
    running, killed = [], threading.Event()

    def respond(method, path, body):
        if takes() == 6 and not killed.is_set():
            killed.set()
            os.kill(running[0].pid, signal.SIGKILL)
        return 200, {}

    def takes():
        return [path for _, path, _ in service.seen].count("/take")

    with json_service(respond) as service:
        plan = tmp_path / "plan.yml"
        plan.write_text(KILLED % (service.url, at_most))
        top_up = command("sample top_up", "--plan", plan, "--out", tmp_path / "out", "--speed", "600")
        running.append(subprocess.Popen(top_up, stderr=subprocess.PIPE))
        running[0].communicate()
        assert killed.is_set()
        assert [path for _, path, _ in service.seen] == ["/take"] * 6
        again = subprocess.run(top_up, check=True, capture_output=True, text=True)
        assert "left spool=T1 dirty in 'cycle'" in again.stderr
        assert [path for _, path, _ in service.seen][6:] == ["/clean", *["/take"] * done, "/clean"]
        seen = json.loads(Path(again.stdout.strip()).read_bytes())["observations"][0]
        assert (seen["clean_before"], seen["done"], seen["ended"]) == (5, done, ended)
        before = len(service.seen)
        subprocess.run(top_up, check=True, capture_output=True)
        assert len(service.seen) == before


@pytest.mark.parametrize(
    ("operation", "of"), [("e2e/cycle", "e2e/cycle"), ('"GET /orders/{id}"', "health/read")]
)
def test_an_answer_that_a_never_rule_forbids_is_kept_and_not_only_counted(operation, of):
    """Its step expects a 200, and the rule is about what stands in it."""
    asked = []

    def respond(method, path, body):
        asked.append(path)
        is_bad = len(asked) in (4, 9) and path in ("/take", "/leave", "/orders/7")
        return 200, {"id": 7, "detail": "has no attribute" if is_bad else "fine"}

    never = 'never: [{name: old model, text: "has no attribute"}]\n'
    seen, *_ = topped(respond, operation=operation, of=of, clean=10, extra=never)
    assert (seen.done, seen.failed) == (10, 2)
    assert all("has no attribute" in failure.step.exchange.body for failure in seen.failures)
    unruled, *_ = topped(respond, operation=operation, of=of, clean=10)
    assert unruled.failed == 0
