"""A log whose clock is wrong, and one that was cut, as the collector reads them from a file."""

from datetime import timedelta

import pytest

from deploy_verdict.evidence.measures import log_observation
from deploy_verdict.stages.logs.counting.review import head_of
from deploy_verdict.verdict.judge import judge
from deploy_verdict.window.directory.session import EvidenceFile
from deploy_verdict.window.judge_directory import read_bundle
from deploy_verdict.window.sampling.collect import collect
from tests.bundles import T0, http
from tests.plans import plan_of
from tests.window.sessions import session_on

PLAN = """
window: {length: 1h, sample_every: 15m}
health: [{name: api, get: /api, expect: {status: 200}}]
logs: {must_not_appear: [lost], max_errors: 0%s}
"""
CANARY = ", canary: {regex: 'GET /\\S+ \\d\\d\\d'}"
SAMPLES_S = (0, 900, 1800, 2700, 3600)


def said(at_s, text="GET /orders 200", *, level="INFO", ahead_s=0.0, zone="Z"):
    return f"{T0 + timedelta(seconds=at_s + ahead_s):%Y-%m-%dT%H:%M:%S}.000{zone} {level} {text}\n"


def window_on(tmp_path, log, *, canary):
    """A window that opens now, with the answers of its samples already there."""
    size = log.stat().st_size
    at_t0 = {"log_bytes_at_t0": size, "log_head_at_t0": head_of(log, size)}
    session, _ = session_on(plan_of(PLAN % (CANARY if canary else "")), tmp_path / "out", **at_t0)
    for at_s in SAMPLES_S:
        answers = [http("api", {}, offset_s=at_s, at=T0 + timedelta(seconds=at_s + 3 * n)) for n in range(6)]
        EvidenceFile(session, "health", float(at_s)).save(tuple(answers), interrupted=False)
    return session


def findings_at_end(session, log):
    session.pace.wait_until(3630.0)
    collect(session, "logs", 3600.0, log)
    bundle = read_bundle(session.plan, session.out, session.file, ())
    found = judge(bundle, judged_at=T0, tool_version="t").findings
    return {item.rule: item for item in found if item.stage == "logs"}, log_observation(bundle)


def write_hour(log, *, ahead_s, zone="Z"):
    """An hour's lines: ours, those of others, and three errors in its first minutes."""
    own = [at_s + 3 * number for at_s in SAMPLES_S for number in range(6)]
    lines = [(at_s, "GET /api 200", "INFO") for at_s in own]
    lines += [(at_s, "GET /orders 200", "INFO") for at_s in range(5, 3600, 20)]
    lines += [(at_s, "order was not stored", "ERROR") for at_s in (61, 62, 63)]
    with log.open("a") as file:
        file.writelines(
            said(at_s, text, level=level, ahead_s=ahead_s, zone=zone) for at_s, text, level in sorted(lines)
        )


@pytest.mark.parametrize("zone", ["Z", "", "+00:00"])
@pytest.mark.parametrize("ahead_s", [0, 1800, -1800, 7200, -600])
@pytest.mark.parametrize("canary", [True, False])
def test_a_wrong_clock_is_corrected_by_the_canary_and_noticed_without_it(tmp_path, ahead_s, zone, canary):
    log = tmp_path / "backend.log"
    # As many ordinary lines of the hours before as fill the window of a clock that is wrong.
    log.write_text("".join(said(at_s, ahead_s=ahead_s, zone=zone) for at_s in range(-14400, 0, 20)))
    session = window_on(tmp_path, log, canary=canary)
    write_hour(log, ahead_s=ahead_s, zone=zone)
    found, reading = findings_at_end(session, log)
    if canary or not ahead_s:
        assert (found["errors"].outcome, found["errors"].actual) == ("fail", "3 lines")
        assert bool([note for note in reading.notes if "its times are corrected" in note]) == bool(ahead_s)
    else:
        assert found["readable"].outcome == "inconclusive"
        assert "its clock runs" in found["readable"].actual


def test_a_file_that_was_cut_between_two_samples_is_noticed(tmp_path):
    log = tmp_path / "backend.log"
    log.write_text("")
    session = window_on(tmp_path, log, canary=False)
    log.write_text("".join(said(at_s) for at_s in range(2, 900, 20)))
    session.pace.wait_until(900.0)
    collect(session, "logs", 900.0, log)
    # copytruncate: the same file, emptied, and longer again at the end.
    with log.open("r+") as file:
        file.truncate()
        file.writelines(said(at_s) for at_s in range(910, 3600, 10))
    found, _ = findings_at_end(session, log)
    assert found["readable"].outcome == "inconclusive"
    assert "it is not the file that was read at an earlier sample" in found["readable"].actual


@pytest.mark.parametrize(
    ("first_s", "canary", "outcome"),
    [(-5, False, "pass"), (60, False, "inconclusive"), (0, True, "pass"), (60, True, "inconclusive")],
)
def test_a_log_that_begins_in_the_window_may_have_lost_what_was_before(tmp_path, first_s, canary, outcome):
    log = tmp_path / "backend.log"
    log.write_text("")
    session = window_on(tmp_path, log, canary=canary)
    own = [at_s + 3 * number for at_s in SAMPLES_S for number in range(6)]
    lines = [(at_s, "GET /api 200") for at_s in own]
    lines += [(at_s, "GET /orders 200") for at_s in range(first_s, 3600, 60)]
    log.write_text("".join(said(at_s, text) for at_s, text in sorted(lines) if at_s >= first_s))
    found, _ = findings_at_end(session, log)
    assert found["readable"].outcome == outcome
