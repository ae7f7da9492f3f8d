"""What is new in the log, at the edge and in the metrics is read at each sample, and only that."""

from datetime import timedelta

import pytest

from deploy_verdict.evidence.measures import log_observation
from deploy_verdict.model import Loaded
from deploy_verdict.model.observations import INTERIM
from deploy_verdict.railway.answers import moment
from deploy_verdict.stages.logs.counting.review import head_of
from deploy_verdict.verdict.judge import judge
from deploy_verdict.window.directory.evidence_store import read_evidence, read_file
from deploy_verdict.window.judge_directory import read_bundle
from deploy_verdict.window.sampling.collect import BRIEF_S, collect, has_source
from deploy_verdict.window.sampling.sample import sit
from deploy_verdict.window.sampling.schedule import interim_readings, offsets_of, scheduled_samples, stages_at
from tests.bundles import T0
from tests.plans import plan_of
from tests.stages.platform import answering
from tests.window.sessions import TOKEN, session_on, stamped

PLAN = """
window: {length: 1h, sample_every: 15m}
health: [{name: api, get: /api, at: [0m], expect: {status: 200}}]
logs: {must_not_appear: [{text: Too many connections, severity: P0}]}
"""
PLATFORM = "railway: {project: p, service: s}\ntraffic: {}\nmetrics: {}\n"
FROM, UNTIL = T0 + timedelta(minutes=14), T0 + timedelta(minutes=30)
WHOLE = ("logs", "traffic", "metrics")


class Asked:
    """A Railway with an empty window, which holds all that it was asked."""

    def __init__(self):
        self.queries, self.refuses = [], False

    def __call__(self, operation, variables):
        self.queries.append((operation, variables))
        if operation == "project_token":
            return TOKEN
        if self.refuses:
            return 503, b"{}"
        fields = {"deploy_log": "deploymentLogs", "http_log": "httpLogs", "metrics": "metrics"}
        return {fields[operation]: []}


@pytest.fixture
def asked():
    return Asked()


@pytest.fixture
def on_railway(asked, tmp_path):
    with answering(asked) as url:
        yield session_on(plan_of(PLAN + PLATFORM), tmp_path, railway=url)[0]


def read_at(session, offset_s, stage, log=None):
    session.pace.wait_until(offset_s)
    loaded = read_file(collect(session, stage, offset_s, log))
    assert isinstance(loaded, Loaded)
    return loaded.evidence.observations


def test_an_interim_reading_is_one_request_for_the_new_range_of_each_source(asked, on_railway):
    for stage in WHOLE:
        (seen,) = read_at(on_railway, 1800.0, stage)
        assert (seen.check, seen.start, seen.end) == (
            INTERIM,
            T0 + timedelta(minutes=14),
            T0 + timedelta(minutes=30),
        )
    # The token is read once for each process; the HTTP metrics not at all.
    assert [operation for operation, _ in asked.queries] == [
        "project_token",
        "deploy_log",
        "http_log",
        "metrics",
    ]
    for _, variables in asked.queries[1:]:
        assert (moment(variables["start"]), moment(variables["end"])) == (FROM, UNTIL)


def test_the_first_one_begins_at_t0(on_railway):
    assert read_at(on_railway, 900.0, "traffic")[0].start == T0


def test_a_reading_that_failed_or_is_missing_is_made_up_for_by_the_next(asked, on_railway):
    read_at(on_railway, 900.0, "traffic")
    asked.refuses = True
    (refused,) = read_at(on_railway, 1800.0, "traffic")
    assert refused.fault is not None
    asked.refuses = False
    assert read_at(on_railway, 2700.0, "traffic")[0].start == T0 + timedelta(minutes=14)


def test_a_platform_that_does_not_answer_holds_up_no_sample(asked, on_railway):
    assert has_source(on_railway, "traffic")
    on_railway.pace.wait_until(900.0)
    asked.refuses = True
    before = on_railway.pace.clock.monotonic_s()
    collect(on_railway, "traffic", 900.0)
    assert on_railway.pace.clock.monotonic_s() - before <= BRIEF_S
    # The complete reading is worth waiting for.
    on_railway.pace.wait_until(3600.0)
    before = on_railway.pace.clock.monotonic_s()
    collect(on_railway, "traffic", 3600.0)
    assert on_railway.pace.clock.monotonic_s() - before > BRIEF_S


def test_without_a_source_nothing_is_read_and_nothing_said(tmp_path):
    session, told = session_on(plan_of(PLAN), tmp_path)
    assert not has_source(session, "logs")
    assert not has_source(session, "logs", tmp_path / "none.log")
    assert list(sit(session, (900.0,))) == []
    assert (told, read_evidence(session.evidence_dir)) == ([], ())


def test_a_job_without_a_token_reads_nothing_and_says_nothing(tmp_path):
    plan = plan_of(PLAN + PLATFORM)
    session, told = session_on(plan, tmp_path, left_out=("deployment", "health"))
    assert list(sit(session, (900.0,))) == []
    assert told == ["deployment T+15min: no sample is scheduled at this offset"]
    assert read_evidence(session.evidence_dir) == ()


def test_a_deployment_that_is_not_known_is_no_source(asked, tmp_path):
    with answering(asked) as url:
        session, _ = session_on(plan_of(PLAN + PLATFORM), tmp_path, railway=url, deployment=None)
        assert not has_source(session, "traffic")


def test_jobs_read_what_is_new_before_a_stage_that_writes():
    suite = "e2e: {at: [0m, 30m], tests: [{name: t, steps: [{get: /api, expect: {status: 200}}]}]}\n"
    plan = plan_of(PLAN + PLATFORM + suite)
    assert stages_at(plan, 1800.0) == ("deployment", *WHOLE, "e2e")
    assert stages_at(plan, 3600.0) == ("deployment",)
    # Without a platform a job has no source; a process beside a log file may have one.
    alone = plan_of(PLAN)
    assert (offsets_of(alone, dense=True), scheduled_samples(alone, ())[1:]) == ((0.0,), ())
    assert [item.offset_s for item in interim_readings(alone, ())] == [900.0, 1800.0, 2700.0]
    assert interim_readings(alone, ("logs",)) == ()


def test_a_job_reads_each_source_once_and_the_report_counts_none_of_it(asked, tmp_path):
    with answering(asked) as url:
        session, _ = session_on(
            plan_of(PLAN + PLATFORM), tmp_path, railway=url, left_out=("deployment", "health")
        )
        first = [path.name for path in sit(session, (900.0,))]
        assert first == [f"{stage}.T+015.a1.json" for stage in WHOLE]
        assert list(sit(session, (900.0,))) == []
    bundle = read_bundle(session.plan, session.out, session.file, session.file.left_out)
    coverage = judge(bundle, judged_at=T0, tool_version="t").coverage
    assert (coverage.planned, coverage.taken) == (3, 0)
    assert {(slot.offset_s, slot.state) for slot in coverage.slots} == {(3600.0, "missing")}


@pytest.fixture
def log(tmp_path):
    path = tmp_path / "backend.log"
    path.write_text("".join(stamped(number) for number in range(-3600, 0, 60)))
    return path


@pytest.fixture
def beside_a_log(log, tmp_path):
    size = log.stat().st_size
    at_t0 = {"log_bytes_at_t0": size, "log_head_at_t0": head_of(log, size)}
    return session_on(plan_of(PLAN), tmp_path / "out", **at_t0)[0]


def wrote(log, *lines):
    with log.open("a") as file:
        file.writelines(lines)


def counted(observation):
    return observation.patterns[0].count


def test_a_line_at_t5_is_read_at_t15_and_counted_once_at_the_end(beside_a_log, log):
    wrote(log, stamped(300, "Too many connections"), *map(stamped, range(320, 900, 20)))
    (first,) = read_at(beside_a_log, 900.0, "logs", log)
    assert (counted(first), first.lines_in_window) == (1, 30)
    # The hour before T0 is not read again.
    assert first.lines_read == 30
    wrote(log, *map(stamped, range(900, 1800, 20)))
    (second,) = read_at(beside_a_log, 1800.0, "logs", log)
    assert (counted(second), second.start) == (0, T0 + timedelta(minutes=14))
    wrote(log, *map(stamped, range(1800, 3601, 20)))
    read_at(beside_a_log, 3600.0, "logs", log)
    session = beside_a_log
    reading = log_observation(read_bundle(session.plan, session.out, session.file, ()))
    assert (counted(reading), reading.start, reading.check) == (1, T0, "log")


def test_a_log_that_was_rotated_is_read_from_its_new_beginning(beside_a_log, log):
    log.rename(log.with_suffix(".1"))
    log.write_text(stamped(600, "Too many connections"))
    (seen,) = read_at(beside_a_log, 900.0, "logs", log)
    assert counted(seen) == 1
    assert "it was rotated" in seen.incomplete[0]


def test_a_line_that_rotation_took_away_still_fails(beside_a_log, log):
    wrote(log, stamped(300, "Too many connections"))
    read_at(beside_a_log, 900.0, "logs", log)
    log.write_text("".join(map(stamped, range(910, 3600, 20))))
    read_at(beside_a_log, 3600.0, "logs", log)
    session = beside_a_log
    bundle = read_bundle(session.plan, session.out, session.file, ())
    found = [item for item in judge(bundle, judged_at=T0, tool_version="t").findings if item.stage == "logs"]
    never = next(item for item in found if item.rule == "must_not_appear")
    assert (never.outcome.value, never.severity.value) == ("fail", "P0")
    assert "(read at T+15min)" in never.actual
