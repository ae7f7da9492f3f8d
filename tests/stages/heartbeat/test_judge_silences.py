"""Lines and requests of others that stop for minutes and go on."""

from datetime import timedelta

import pytest

from deploy_verdict.model import LogObservation, Outcome, TrafficObservation
from deploy_verdict.stages.heartbeat.judge_connections import judge_connections
from tests.bundles import REFUSED, T0, bundle_of, http, loaded
from tests.plans import plan_of

PLAN = plan_of(
    "window: {length: 2h, sample_every: 15m}\n"
    "health: [{name: api, get: /api, expect: {status: 200}}]\n"
    "logs: {quiet: true, max_errors: 0}\nrailway: {service: x}\ntraffic: {}\n"
)
STEADY = [12] * 125
# From T+48 to T+57.6min.
SILENT = [12] * 50 + [0] * 10 + [30, 25] + [12] * 63
END = T0 + timedelta(hours=2)


def log(counts):
    return loaded(PLAN, "logs", [LogObservation(source="x", start=T0, end=END, lines_by_part=counts)])


def traffic(counts):
    return loaded(
        PLAN, "traffic", [TrafficObservation(source="x", start=T0, end=END, requests_by_part=counts)]
    )


def asked(offset_min, **fields):
    at = T0 + timedelta(minutes=offset_min)
    return loaded(PLAN, "health", [http("api", at=at, offset_s=60 * offset_min, **fields)])


def silences(*files):
    return [item for item in judge_connections(bundle_of(PLAN, *files)) if item.rule == "silence"]


@pytest.mark.parametrize("of", [log, traffic])
def test_a_pause_that_nobody_saw_is_inconclusive_and_says_what_to_add(of):
    (found,) = silences(of(SILENT), asked(45), asked(60))
    assert found.outcome is Outcome.INCONCLUSIVE
    assert "for 9 min 36 s from T+48min on" in found.actual
    assert "2.2 times as many right after it" in found.actual
    assert "heartbeat looks every 30 s" in found.actual


@pytest.mark.parametrize("of", [log, traffic])
def test_a_pause_in_which_the_service_answered_is_told_and_no_more(of):
    (found,) = silences(of(SILENT), asked(50))
    assert found.outcome is Outcome.PASS
    assert "meanwhile the service answered us (1 ×)" in found.actual


def test_an_answer_of_nobody_shows_nothing():
    (found,) = silences(log(SILENT), asked(50, fault=REFUSED))
    assert found.outcome is Outcome.INCONCLUSIVE


def test_a_steady_log_passes_and_one_that_was_not_counted_has_no_finding():
    assert [item.outcome for item in silences(log(STEADY), asked(0))] == [Outcome.PASS]
    assert silences(log(()), asked(0)) == []
