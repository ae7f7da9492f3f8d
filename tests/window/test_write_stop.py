"""A P0 ends our own writes: what is not run says why, is never green, and reading goes on."""

import pytest

from deploy_verdict.model import Layout, LedgerEntry, LedgerObservation, Outcome, StoppedObservation
from deploy_verdict.plan import laid_out
from deploy_verdict.stages.registry import STAGES, named
from deploy_verdict.verdict.judge import judge
from deploy_verdict.window.directory.evidence_store import read_file
from deploy_verdict.window.directory.session import EvidenceFile
from deploy_verdict.window.judge_directory import read_bundle
from deploy_verdict.window.sampling.collect import collect
from deploy_verdict.window.sampling.restore_leftovers import restore_leftovers
from deploy_verdict.window.sampling.sample import is_due
from tests.bundles import T0, bundle_of, loaded
from tests.plans import plan_of
from tests.servers import json_service
from tests.window.sessions import session_on

PLAN = """
window: {length: 1h, sample_every: 30m}
test_data: {may_write: {tag: [TEST-02]}, routes: [/take, /free]}
health: [{name: api, get: /api, expect: {$.status: {equals: ok, severity: P0}}}]
pools: [{name: redis, get: /stats, used: $.used, limit: $.limit, burst: {for: 5s, every: 1s}}]
e2e:
  at: [0m, 30m, 60m]
  tests:
    - name: take
      steps: [{post: /take, json: {tag: TEST-02}, expect: {status: 200}}]
      cleanup: [{post: /free, json: {tag: TEST-02}, expect: {status: 200}}]
"""
CLEANUP = "cleanup: [{post: /free, json: {tag: TEST-02}, expect: {status: 200}}]"
WORDS = "not run: our own writes stopped after health/api/$.status (P0) failed at T+0min"


class Service:
    """Says how it is, and takes every write."""

    def __init__(self):
        self.status = "broken"

    def __call__(self, method, path, body):
        return 200, {"status": self.status, "used": 3, "limit": 20}


@pytest.fixture
def service():
    with json_service(Service()) as server:
        yield server


def session_at(service, out, text=PLAN):
    return session_on(plan_of(text, base_url=service.url), out)


def taken(session, stage, offset_s):
    session.pace.wait_until(offset_s)
    return read_file(collect(session, stage, offset_s)).evidence.observations


def writes(service):
    return [path for method, path, _ in service.seen if method == "POST"]


def verdict_of(session):
    bundle = read_bundle(session.plan, session.out, session.file, ())
    return judge(bundle, judged_at=T0, tool_version="t")


def test_after_a_p0_the_suite_is_not_run_again_and_the_pools_are_read_on(service, tmp_path):
    session, told = session_at(service, tmp_path)
    taken(session, "health", 0.0)
    # The first run is the verification itself.
    taken(session, "e2e", 0.0)
    assert writes(service) == ["/take", "/free"]
    (stopped,) = taken(session, "e2e", 1800.0)
    assert isinstance(stopped, StoppedObservation)
    assert (stopped.check, stopped.failed_at_s) == ("health/api/$.status", 0.0)
    assert told[-1] == f"e2e T+30min: {WORDS}"
    assert len(taken(session, "pools", 1800.0)) > 0
    assert writes(service) == ["/take", "/free"]

    verdict = verdict_of(session)
    found = {(item.stage, item.check, item.rule): item for item in verdict.findings}
    passes = found["e2e", "take", "passes"]
    assert passes.outcome is Outcome.INCONCLUSIVE
    assert passes.actual == f"T+30min: {WORDS}; passed in 1 of 3 runs (excludes a flake rate above 95 %)"
    assert found["e2e", "take", "cleanup"].actual.startswith(f"T+30min: {WORDS}")
    slots = {slot.offset_s: slot for slot in verdict.coverage.slots if slot.stage == "e2e"}
    assert [slot.state for slot in slots.values()] == ["taken", "missing", "missing"]
    assert [slot.note for slot in slots.values()] == ["", WORDS, "no evidence"]
    assert found["e2e", "e2e", "coverage"].outcome is Outcome.INCONCLUSIVE


def test_a_sample_that_was_stopped_is_not_tried_again(service, tmp_path):
    session, told = session_at(service, tmp_path)
    taken(session, "health", 0.0)
    taken(session, "e2e", 1800.0)
    assert not is_due(session, "e2e", 1800.0)
    assert told[-1] == "e2e T+30min: already taken"


@pytest.mark.parametrize(
    "text",
    [
        PLAN + "escalation: {keep_writing: true}\n",
        PLAN.replace("severity: P0", "severity: P1"),
        PLAN.replace("post: /take, json: {tag: TEST-02}", "get: /api").replace(
            "post: /free, json: {tag: TEST-02}", "get: /api"
        ),
    ],
    ids=["keep_writing", "no P0", "a suite that only reads"],
)
def test_the_suite_goes_on(service, tmp_path, text):
    session, _ = session_at(service, tmp_path, text)
    taken(session, "health", 0.0)
    observed = taken(session, "e2e", 1800.0)
    assert not any(isinstance(item, StoppedObservation) for item in observed)


def test_a_look_after_the_end_writes_again(service, tmp_path):
    layout = Layout(length_s=3600.0, every_s=1800.0, tails_s=(21600.0,))
    plan = laid_out(plan_of(PLAN, base_url=service.url), layout)
    session, _ = session_on(plan, tmp_path)
    taken(session, "health", 0.0)
    assert isinstance(taken(session, "e2e", 3600.0)[0], StoppedObservation)
    assert not isinstance(taken(session, "e2e", 21600.0)[0], StoppedObservation)


def test_what_a_dead_run_wrote_is_restored_all_the_same(service, tmp_path):
    session, _ = session_at(service, tmp_path)
    taken(session, "health", 0.0)
    entry = LedgerEntry(id="e2e.T+000.a1.json#0", at=T0, check="take", entities=("tag=TEST-02",))
    dead = EvidenceFile(session, "e2e", 0.0)
    dead.save((LedgerObservation(offset_s=0.0, entries=(entry,)),), interrupted=True)
    restore_leftovers(session)
    assert writes(service) == ["/free"]
    taken(session, "e2e", 1800.0)
    assert writes(service) == ["/free"]


def test_the_stages_that_write_or_load_are_stopped_and_no_other():
    plan = plan_of(PLAN)
    stopped = {stage.name for stage in STAGES if stage.writes(plan, 1800.0)}
    assert stopped == {"e2e", "exercise", "floor", "top_up"}
    assert not named("e2e").writes(plan, 0.0)
    command = plan.e2e.model_copy(update={"command": ("run",), "tests": ()})
    assert command.writes


DRIVEN = """
window: {length: 1h, sample_every: 30m}
test_data: {may_write: {tag: [TEST-02]}, routes: [/take, /free]}
health: [{name: api, get: /api, expect: {status: 200}}]
pools:
  - name: redis
    get: /stats
    used: $.used
    limit: $.limit
    burst: {for: 30s, every: 1s}
    exercise: {ask: [api]}
    return_to_floor: {test: take}
exposure: [{name: api, operation: GET /api, at_least: 50, top_up: {of: health/api}}]
e2e:
  tests:
    - name: take
      steps: [{post: /take, json: {tag: TEST-02}, expect: {status: 200}}]
      cleanup: [{post: /free, json: {tag: TEST-02}, expect: {status: 200}}]
"""


def test_what_was_not_driven_says_why():
    plan = plan_of(DRIVEN)
    at_end = {"exercise": 0.0, "floor": 3600.0, "top_up": 3600.0}
    files = [
        loaded(
            plan,
            stage,
            [StoppedObservation(check="health/api/status", offset_s=offset_s, at=T0, failed_at_s=0.0)],
            offset_s,
        )
        for stage, offset_s in at_end.items()
    ]
    verdict = judge(bundle_of(plan, *files), judged_at=T0, tool_version="t")
    why = "our own writes stopped after health/api/status (P0) failed at T+0min"
    found = {(item.stage, item.rule): item for item in verdict.findings}
    for key in (("pools", "gauge"), ("pools", "floor"), ("exposure", "runs")):
        assert found[key].outcome is Outcome.INCONCLUSIVE
        assert why in found[key].actual, found[key].actual
    states = {slot.stage: slot.state for slot in verdict.coverage.slots if slot.stage in at_end}
    assert states == dict.fromkeys(at_end, "missing")
