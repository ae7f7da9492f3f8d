"""Other services of the project: a Redis that crashes, restarts, fills its memory, or says so in its log."""

import pytest

from deploy_verdict.evidence.bundle import bundled
from deploy_verdict.stages.services.collect import collect_services
from deploy_verdict.stages.services.judge import judge_services
from tests.bundles import SUBJECT, T0, loaded, window_of
from tests.plans import plan_of
from tests.stages.platform import context_on, row

PLAN = plan_of(
    "railway: {project: p, service: s, services: [redis]}\nwindow: {length: 30m, sample_every: 15m}\n"
)
LINE = {"timestamp": "2026-02-02T12:10:00.000Z", "severity": "info", "attributes": [], "tags": None}


def instance(name, identity, **more):
    latest = row(f"d-{name}", commit=None, **more)
    return {
        "serviceId": identity,
        "serviceName": name,
        "latestDeployment": latest,
        "activeDeployments": [latest],
    }


def railway(*instances, memory=0.2, log=("* Background saving terminated with success",), refused=()):
    """A Railway with these services in the environment."""

    def answers(operation, variables):
        if operation in refused:
            return ["Problem processing request"]
        if operation == "services":
            assert variables["environmentId"] == "e"
            page = {
                "edges": [{"node": one} for one in instances],
                "pageInfo": {"hasNextPage": False, "endCursor": None},
            }
            return {"environment": {"serviceInstances": page}}
        if operation == "metrics":
            assert variables["serviceId"] == "r"
            values = {"MEMORY_USAGE_GB": memory, "MEMORY_LIMIT_GB": 1.0}
            points = [{"ts": int(T0.timestamp()) + 60 * minute, "value": 0} for minute in range(30)]
            return {
                "metrics": [
                    {
                        "measurement": name,
                        "tags": {},
                        "values": [{**point, "value": value} for point in points],
                    }
                    for name, value in values.items()
                ]
            }
        assert operation == "deploy_log"
        return {"deploymentLogs": [{**LINE, "message": text} for text in log]}

    return answers


def window(*railways):
    """The findings of one sample of each, 15 minutes apart."""
    files = []
    for number, answers in enumerate(railways):
        with context_on(answers) as context:
            # The plan of the shared context names no services.
            object.__setattr__(context, "plan", PLAN)
            offset_s = 900.0 * number
            files.append(loaded(PLAN, "services", collect_services(context, offset_s), offset_s))
    bundle = bundled(PLAN, window_of(PLAN), SUBJECT, files)
    return {finding.rule: finding for finding in judge_services(bundle)}


def running(identity="i1", status="RUNNING"):
    return instance("redis", "r", instances=[{"id": identity, "status": status}])


BACKEND = instance("backend", "s")
GOOD = railway(BACKEND, running())


def test_a_redis_that_runs_on_passes_everything():
    found = window(GOOD, GOOD, GOOD)
    assert {rule: item.outcome for rule, item in found.items()} == dict.fromkeys(
        ("runs", "restarts", "memory", "log"), "pass"
    )
    assert found["memory"].actual == "0.20 of 1.00 GB at most"


@pytest.mark.parametrize(
    ("second", "last", "rule", "severity", "words"),
    [
        (railway(running(status="CRASHED")), GOOD, "runs", "P1", "its instance is CRASHED at T+15min"),
        (GOOD, railway(instance("redis", "r", status="FAILED")), "runs", "P1", "it is FAILED at T+30min"),
        (railway(running("i2")), railway(running("i2")), "restarts", "P1", "it was restarted before T+15min"),
        (GOOD, railway(running(), memory=0.85), "memory", "P2", "0.85 of 1.00 GB"),
        (GOOD, railway(running(), memory=0.97), "memory", "P1", "0.97 of 1.00 GB"),
        (GOOD, railway(running(), log=["# Out Of Memory allocating 16 bytes"]), "log", "P1", "Out Of Memory"),
        (
            GOOD,
            railway(running(), log=["* Ready to accept connections tcp"]),
            "restarts",
            "P1",
            "started within",
        ),
    ],
)
def test_what_happens_to_it_is_a_finding(second, last, rule, severity, words):
    found = window(GOOD, second, last)[rule]
    assert (found.outcome, found.severity) == ("fail", severity)
    assert words in found.actual


@pytest.mark.parametrize(
    ("last", "rule", "words"),
    [
        (railway(BACKEND), "runs", "the environment has no service redis (it has: backend)"),
        (railway(refused=("services",)), "runs", ""),
        (railway(running(), refused=("deploy_log",)), "log", "its log could not be read"),
        (railway(running(), refused=("metrics",)), "memory", "its memory could not be read"),
    ],
)
def test_what_could_not_be_read_is_no_pass(last, rule, words):
    found = window(GOOD, GOOD, last)[rule]
    assert found.outcome == "inconclusive"
    assert words in found.actual


def test_a_stranger_who_is_refused_is_no_failure_of_postgres():
    line = 'FATAL:  password authentication failed for user "postgres"'
    assert window(GOOD, GOOD, railway(running(), log=[line]))["log"].outcome == "pass"


def test_without_any_sample_nothing_passes():
    assert {finding.outcome for finding in window().values()} == {"inconclusive"}


def test_more_lines_than_can_be_read_between_two_samples_are_said():
    found = window(GOOD, railway(running(), log=["* saved"] * 1000), GOOD)["log"]
    assert found.outcome == "inconclusive"
    assert "only the newest 1,000 lines" in found.actual
