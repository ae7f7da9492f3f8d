"""What the deployment before still answers, read from its own HTTP log over a real socket."""

from dataclasses import replace
from datetime import timedelta

import pytest

from deploy_verdict.model import (
    Deployment,
    DeploymentObservation,
    Instance,
    PreviousTrafficObservation,
    Settings,
)
from deploy_verdict.railway.answers import moment
from deploy_verdict.stages.traffic.collect import collect_traffic
from tests.bundles import T0, loaded
from tests.stages.platform import context_on
from tests.stages.traffic.test_collect import OURS, request

LIVE = Deployment(
    id="d1",
    status="SUCCESS",
    commit="f0ec7b5aaaa",
    created_at=T0 - timedelta(minutes=5),
    stopped=False,
    instances=(Instance(id="i", status="RUNNING"),),
)
BEFORE = Deployment(id="d0", status="REMOVED", commit="0badbadbbbb", created_at=T0 - timedelta(minutes=60))
SAME = BEFORE.model_copy(
    update={"id": "d-same", "commit": LIVE.commit, "created_at": T0 - timedelta(minutes=9)}
)
SKIPPED = BEFORE.model_copy(
    update={"id": "d-skip", "status": "SKIPPED", "created_at": T0 - timedelta(minutes=8)}
)


def seen(
    rows, *, recent=(LIVE, SAME, SKIPPED, BEFORE), sampled=True, minutes=30, since=None, live=LIVE, **more
):
    """The observation of the deployment before, None where there is none, and what was asked of its log."""
    asked = []

    def answers(operation, variables):
        if variables["id"] == "d1":
            return {"httpLogs": []}
        asked.append(variables)
        if isinstance(rows, str):
            return [rows]
        start = moment(variables["start"]) if variables["start"] else T0 - timedelta(days=1)
        kept = [item for item in rows if start <= moment(item["timestamp"]) <= moment(variables["end"])]
        return {"httpLogs": kept[-(variables["limit"] + 1) :]}

    with context_on(answers) as context:
        sample = DeploymentObservation(
            offset_s=0.0, at=T0, deployment=live, active=(live,), recent=recent, **more
        )
        files = (loaded(context.plan, "deployment", [sample]),) if sampled else ()
        context.pace.clock.sleep(60 * minutes)
        found = collect_traffic(replace(context, evidence=lambda: files, since=since))
    # The hour before T+0 is another reading of the same log.
    since_t0 = [item for item in asked if item["start"] is None or moment(item["start"]) >= T0]
    return next((item for item in found if isinstance(item, PreviousTrafficObservation)), None), since_t0


def test_one_that_is_silent_costs_one_request_for_its_newest_entry():
    reading, asked = seen([request(-900), request(-100)])
    assert (reading.deployment, reading.commit, reading.answered) == ("d0", BEFORE.commit, 0)
    assert reading.last_at == T0 - timedelta(seconds=100)
    assert (reading.start, reading.end) == (T0 + timedelta(minutes=3), T0 + timedelta(minutes=30))
    assert [(item["start"], item["limit"]) for item in asked] == [(None, 1)]


def test_its_own_answers_since_then_are_counted():
    rows = [
        request(170),
        request(181, totalDuration=5000),  # began before it should be gone
        request(200),
        request(300, agent=OURS),
        request(310, status=502, responseDetails="failed to respond"),
        request(320, status=503, upstreamErrors='[{"error":"refused"}]'),
        request(330, status=500),
    ]
    reading, asked = seen(rows)
    assert (reading.answered, reading.own_answered, reading.is_cut) == (3, 1, False)
    assert reading.last_at == T0 + timedelta(seconds=330)
    assert reading.examples[-1].text == "GET /api/x 500 340 ms"
    assert len(asked) == 2


@pytest.mark.parametrize(
    ("settings", "answered"),
    [
        (None, 1),
        (Settings(overlap_s=100.0, draining_s=30.0), 1),
        (Settings(overlap_s=600.0, draining_s=30.0), 0),
        (Settings(draining_s=700.0), 0),
    ],
)
def test_what_the_services_settings_grant_it_is_no_old_answer(settings, answered):
    reading, _ = seen([request(400)], settings=settings)
    assert reading.answered == answered


def test_a_log_that_is_empty_or_refused_is_no_silence_that_was_read():
    assert seen([])[0].last_at is None
    refused, _ = seen("Problem processing request")
    assert (refused.fault.kind, refused.answered) == ("refused-query", 0)


def test_without_an_earlier_one_that_was_live_only_a_complete_list_says_so():
    first, _ = seen([], recent=(LIVE, SAME, SKIPPED), recent_whole=True)
    assert (first.deployment, first.fault) == (None, None)
    cut, _ = seen([], recent=(LIVE, SKIPPED))
    assert "none of the 2 newest was live" in cut.fault.detail
    nothing, asked = seen([], sampled=False)
    assert (nothing.fault.kind, asked) == ("no-deployment", [])


def test_during_the_window_it_is_read_where_the_sample_that_names_it_is():
    reading, _ = seen([request(400)], minutes=15, since=T0)
    assert reading.answered == 1
    assert seen([request(400)], minutes=15, since=T0, sampled=False) == (None, [])
    assert seen([request(100)], minutes=2, since=T0) == (None, [])


def test_where_nothing_was_replaced_the_one_before_serves_by_right():
    failed = LIVE.model_copy(update={"status": "FAILED"})
    assert seen([request(400)], live=failed) == (None, [])
