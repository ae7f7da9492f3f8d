"""Several logs in one plan: each with rules, a source and findings of its own."""

from datetime import timedelta

import pytest

from deploy_verdict.model import LogAtT0
from deploy_verdict.plan.checks.references import finding_names
from deploy_verdict.railway.answers import moment
from deploy_verdict.verdict.judge import judge
from deploy_verdict.window.judge_directory import read_bundle
from deploy_verdict.window.sampling.collect import collect
from tests.bundles import T0
from tests.plans import plan_of
from tests.stages.platform import answering
from tests.window.sessions import TOKEN, session_on, stamped

OWN = """
window: {length: 1h, sample_every: 15m}
health: [{name: api, get: /api, expect: {status: 200}}]
logs:
  must_not_appear: [Too many connections]
  max_silence: 2h
  sources:
"""
WORKER = "    - {{name: worker, file: '{path}', max_errors: 0, must_not_appear: [Too many connections]}}\n"
REDIS = "    - {name: Redis, railway: {service: redis}, quiet: true, novelty: {}, max_errors: 0}\n"
FULL = "ERROR Background saving error"


def read(session, log):
    session.pace.wait_until(3600.0)
    collect(session, "logs", 3600.0, log)


def verdict_on(session):
    bundle = read_bundle(session.plan, session.out, session.file, session.file.left_out)
    findings = judge(bundle, judged_at=T0, tool_version="t").findings
    return {(item.check, item.rule): item for item in findings if item.stage == "logs"}


@pytest.fixture
def own(tmp_path):
    path = tmp_path / "backend.log"
    path.write_text("".join(map(stamped, range(-3600, 3601, 60))))
    return path


@pytest.mark.parametrize(("level", "outcome"), [("ERROR", "fail"), ("INFO", "pass")])
def test_each_file_is_judged_by_its_own_rules_and_named_in_its_findings(own, tmp_path, level, outcome):
    worker = tmp_path / "worker.log"
    worker.write_text(stamped(-60, "Too many connections") + stamped(1800, "said").replace("INFO", level))
    size = len(stamped(-60, "Too many connections"))
    session, _ = session_on(
        plan_of(OWN + WORKER.format(path=worker)),
        tmp_path / "out",
        other_logs_at_t0={"worker": LogAtT0(size=size)},
    )
    read(session, own)
    found = verdict_on(session)
    assert found["worker: log", "errors"].outcome == outcome
    # A line of the time before T0 is none of the window, in this log as in the other.
    assert found["worker: Too many connections", "must_not_appear"].outcome == "pass"
    assert (
        found["log", "readable"].outcome == found["Too many connections", "must_not_appear"].outcome == "pass"
    )
    # These logs have no access lines.
    assert {("logs", *key) for key in found} >= {
        name for name in finding_names(session.plan) if name[0] == "logs" and name[2] != "refused"
    }


def test_a_file_that_is_not_there_is_inconclusive_whatever_the_other_says(own, tmp_path):
    session, _ = session_on(plan_of(OWN + WORKER.format(path=tmp_path / "none.log")), tmp_path / "out")
    read(session, own)
    found = verdict_on(session)
    assert found["log", "readable"].outcome == "pass"
    assert "none.log: there is no such file" in found["worker: log", "errors"].actual


def railway_with(rows, *, names):
    """A project of two services; the second has run for a month, and logs `rows`: (seconds, text)."""

    def answers(operation, variables):
        if operation == "project_token":
            return TOKEN
        if operation == "project_services":
            nodes = [{"node": {"id": f"s-{name}", "name": name}, "cursor": name} for name in names]
            return {
                "project": {
                    "services": {"edges": nodes, "pageInfo": {"endCursor": None, "hasNextPage": False}}
                }
            }
        if operation == "deployments":
            assert variables["serviceId"] == "s-Redis"
            return {
                "deployments": {
                    "edges": [{"node": LONG_AGO, "cursor": "d"}],
                    "pageInfo": {"endCursor": None, "hasNextPage": False},
                }
            }
        assert (operation, variables["id"]) == ("deploy_log", "d-redis")
        logged = [(T0 + timedelta(seconds=at), text) for at, text in rows]
        start, end = moment(variables["start"]), moment(variables["end"])
        return {"deploymentLogs": [line(at, text) for at, text in logged if start <= at <= end]}

    return answers


def page(nodes):
    edges = [{"node": node, "cursor": node["id"]} for node in nodes]
    return {"edges": edges, "pageInfo": {"endCursor": None, "hasNextPage": False}}


def line(at, text):
    written = at.isoformat().replace("+00:00", ".000000000Z")
    return {"timestamp": written, "message": text, "severity": "info", "attributes": [], "tags": None}


LONG_AGO = {
    "id": "d-redis", "status": "SUCCESS", "createdAt": "2026-01-01T00:00:00.000Z", "updatedAt": None,
    "statusUpdatedAt": None, "meta": {"image": "redis:7"}, "deploymentStopped": False, "canRollback": False,
    "canRedeploy": True, "instances": [], "projectId": "p", "environmentId": "e", "serviceId": "s-Redis",
    "snapshotId": None,
}  # fmt: skip


@pytest.mark.parametrize(
    ("rows", "names", "outcome", "actual"),
    [
        ([], ("Redis",), "pass", "no error that counts"),
        ([(-1800, FULL), (60, FULL)], ("Redis",), "pass", "1 kind of error, all of them known"),
        ([(60, FULL)], ("backend", "Redis"), "fail", "1 new kind of error: 1 line"),
        ([], ("backend",), "inconclusive", "the project has no service 'redis' — it has: backend"),
    ],
)
def test_another_service_is_read_by_name_and_may_be_quiet(own, tmp_path, rows, names, outcome, actual):
    platform = "railway: {project: p, service: s}\n"
    with answering(railway_with(rows, names=names)) as url:
        session, _ = session_on(plan_of(OWN + REDIS + platform), tmp_path / "out", railway=url)
        read(session, own)
    found = verdict_on(session)["Redis: novelty", "new"]
    assert found.outcome == outcome
    assert actual in found.actual


def test_who_leaves_out_the_platform_leaves_out_its_other_services(own, tmp_path):
    plan = plan_of(OWN + REDIS + "railway: {project: p, service: s}\n")
    session, _ = session_on(plan, tmp_path / "out", left_out=("deployment",))
    read(session, own)
    assert not [check for check, _ in verdict_on(session) if check.startswith("Redis")]
    bundle = read_bundle(plan, session.out, session.file, ("deployment",))
    limits = judge(bundle, judged_at=T0, tool_version="t").limits
    assert "The platform was left out, and with it the log of Redis." in limits
