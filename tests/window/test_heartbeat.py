"""The heartbeat of one process: requests between the samples, on a real service and a turned clock."""

import argparse
from collections import Counter
from itertools import pairwise

import pytest

from deploy_verdict.cli.one_window.watch import layout_wanted
from deploy_verdict.plan import densely, laid_out, own_layout
from deploy_verdict.plan.checks.preview import preview
from deploy_verdict.window.directory.evidence_store import read_stage
from deploy_verdict.window.sampling.heartbeat import Heartbeat
from deploy_verdict.window.sampling.progress_display import ProgressDisplay
from deploy_verdict.window.watch import watch
from tests.plans import plan_of
from tests.running import ROOT
from tests.servers import json_service
from tests.window.sessions import session_on

PLAN = """
window: {length: 1h, sample_every: 15m}
health: [{name: api, get: /health, expect: {status: 200}}]
"""


def beaten(tmp_path, text=PLAN, **more):
    """Wait for two samples as a watch does; what the service was asked, and the evidence."""
    with json_service(lambda *_: (200, {})) as service:
        session, _ = session_on(plan_of(text, base_url=service.url), tmp_path, **more)
        heartbeat = Heartbeat(session)
        for offset_s in (0.0, 900.0, 1800.0):
            heartbeat.wait_until(offset_s)
        assert session.pace.offset_s() == 1800.0
        files = [item.evidence for item in read_stage(session.evidence_dir, "heartbeat")]
        return [path for _, path, _ in service.seen], files


def test_it_asks_about_every_half_minute_and_each_stretch_is_a_file(tmp_path):
    asked, files = beaten(tmp_path)
    assert set(asked) == {"/health"}
    assert 1800 / 36 <= len(asked) <= 1800 / 24 + 2
    assert [(item.offset_s, item.interrupted) for item in files] == [(0, False), (900, False)]
    beats = [beat for item in files for beat in item.observations]
    assert len(beats) == len(asked)
    gaps = [later.offset_s - earlier.offset_s for earlier, later in pairwise(beats)]
    assert len({round(gap) for gap in gaps}) > 3


def test_it_is_as_the_plan_says_and_left_out_where_the_operator_says_so(tmp_path):
    asked, _ = beaten(tmp_path / "a", PLAN + "heartbeat: {get: /up, every: 5m}\n")
    assert set(asked) == {"/up"}
    assert 4 <= len(asked) <= 9
    assert beaten(tmp_path / "b", PLAN + "heartbeat: null\n") == ([], [])
    assert beaten(tmp_path / "c", left_out=("heartbeat",)) == ([], [])


POOL = """
window: {length: 30m, sample_every: 15m}
health:
  - {name: api, get: /health, expect: {status: 200}}
  - {name: beside, get: /beside, at: [0m], expect: {status: 200}}
pools: [{name: db, get: /pool, used: $.used, limit: $.limit, beside: [beside]}]
"""


def test_one_process_reads_the_pool_in_between_and_beats_in_the_pauses(tmp_path):
    """30 readings at T+0, 15 and 30, ten at each of the 28 minutes between; about a beat a minute."""
    with json_service(lambda *_: (200, {"used": 1, "limit": 20})) as service:
        plan = plan_of(POOL, base_url=service.url)
        dense = laid_out(plan, densely(plan, own_layout(plan)))
        session, _ = session_on(dense, tmp_path)
        assert watch(session, ProgressDisplay(), None).complete
        asked = Counter(path for _, path, _ in service.seen)
        samples = [item.evidence for item in read_stage(session.evidence_dir, "pools")]
        assert all(abs(item.observations[0].actual_offset_s - item.offset_s) < 20 for item in samples)
        between = [item.observations[0] for item in samples if item.offset_s % 900]
        assert all(reading.new_connection for one in between for reading in one.readings)
    counts = preview(plan)
    assert (counts.samples, counts.samples_between, counts.readings_between) == (3, 28, 10)
    assert asked["/pool"] == 3 * 30 + 28 * 10 == counts.requests["pools"] - 3
    assert asked["/beside"] == 3 + 1
    assert 25 <= asked["/health"] - 3 <= 32


@pytest.mark.parametrize(
    ("speed", "length_s", "wanted"),
    [
        (1.0, None, (7200.0, 60.0)),
        (60.0, None, None),
        (1.0, 1800.0, (1800.0, 60.0)),
        (60.0, 1800.0, (1800.0, None)),
    ],
)
def test_only_a_window_as_fast_as_the_clock_is_read_in_between(speed, length_s, wanted):
    """A rehearsal proves nothing good, and could not keep the pace."""
    options = argparse.Namespace(
        speed=speed, length=length_s, target="http://127.0.0.1:1", plan=ROOT / "plans" / "zeues.yml"
    )
    found = layout_wanted(options)
    assert (found and (found.length_s, found.dense_every_s)) == wanted
