"""How samples are spread over jobs, what that costs, and what it cannot observe."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deploy_verdict.actions.jobs.job_matrix import (
    Choice,
    billed_min,
    chosen_mode,
    refusal,
    sample_jobs,
    sampling_words,
)
from deploy_verdict.model import Layout
from deploy_verdict.plan import Exposure, ReturnToFloor, TopUp, densely, laid_out, own_layout, read_plan
from deploy_verdict.window.sampling.schedule import offsets_of, stages_at
from tests.running import script

PLAN = read_plan(
    b"""
version: 1
name: small
service: {base_url: "http://service.test"}
railway: {project: p, service: s}
health: [{name: api, get: /api, expect: {status: 200}}]
pools: [{name: p, get: /api, used: $.a, limit: $.b, burst: {for: 30s, every: 1s}}]
e2e: {at: [0m, 50m, 120m], tests: [{name: t, steps: [{get: /api, expect: {status: 200}}]}]}
""",
    "plan.yml",
    {},
    "2026-02-02",
)
OFFSETS = offsets_of(PLAN, dense=False)
TIMERS = {f"verify-t{minutes:03d}": minutes for minutes in range(15, 121, 15)}


def jobs(mode, known=TIMERS, elapsed_s=30.0, offsets_s=OFFSETS, speed=1.0):
    return sample_jobs(PLAN, offsets_s, mode, elapsed_s=elapsed_s, speed=speed, known=known)


def test_each_offset_with_a_sample_has_a_job_t0_too():
    assert stages_at(PLAN, 0.0) == ("deployment", "health", "pools", "e2e")
    assert stages_at(PLAN, 900.0) == ("deployment", "health", "pools")
    assert stages_at(PLAN, 3000.0) == ("e2e",)
    assert stages_at(PLAN, 7200.0) == ("deployment", "health", "pools", "e2e")
    assert [offset / 60 for offset in OFFSETS] == [0, 15, 30, 45, 50, 60, 75, 90, 105, 120]


def test_the_last_sitting_of_the_window_drives_the_cycles_and_no_tail_does():
    floor = PLAN.pools[0].model_copy(update={"return_to_floor": ReturnToFloor(test="t")})
    plan = PLAN.model_copy(update={"pools": (floor,)})
    assert stages_at(plan, 7200.0) == ("deployment", "health", "pools", "e2e", "floor")
    tail = laid_out(plan, Layout(length_s=7200, every_s=900, tails_s=(21600.0,)))
    assert "floor" in stages_at(tail, 7200.0)
    assert "floor" not in stages_at(tail, 21600.0)


def test_a_top_up_comes_last_and_its_job_has_the_time_for_it():
    asked = Exposure(name="x", operation="GET /x", at_least=1, top_up=TopUp(of="health/x"))
    plan = PLAN.model_copy(update={"exposure": (asked,)})
    assert stages_at(plan, 7200.0) == ("deployment", "health", "pools", "e2e", "top_up")

    def minutes(plan):
        jobs = sample_jobs(plan, (6300.0, 7200.0), "sleep", elapsed_s=6300.0, speed=1.0, known={})
        return [job.timeout_min for job in jobs]

    assert [more - usual for more, usual in zip(minutes(plan), minutes(PLAN), strict=True)] == [0, 10]


def test_the_gauge_is_exercised_after_its_first_sample():
    text = b"""
version: 1
name: small
service: {base_url: "http://service.test"}
pools: [{name: p, get: /api, used: $.a, limit: $.b, burst: {for: 30s, every: 1s}, exercise: {ask: [/api]}}]
"""
    plan = read_plan(text, "plan.yml", {}, "2026-02-02")
    assert stages_at(plan, 0.0) == ("pools", "exercise")
    assert stages_at(plan, 900.0) == ("pools",)


def test_behind_a_wait_timer_a_job_hardly_sleeps():
    found = {sitting.name: sitting for sitting in jobs("timer")}
    assert found["015"].environment == "verify-t015"
    assert found["050"].environment == "verify-t045"
    assert found["050"].wait_s == 3000 - 30 - 2700
    assert max(item.wait_s for name, item in found.items() if name != "050") <= 30
    assert billed_min(PLAN, jobs("timer")) < 20


def test_an_extension_finds_the_timer_that_is_nearest_to_what_is_left():
    longer = laid_out(PLAN, Layout(length_s=14400, every_s=900, extended=True))
    offsets_s = tuple(item for item in offsets_of(longer, dense=False) if item > 7200)
    first = sample_jobs(longer, offsets_s, "timer", elapsed_s=7320, speed=1.0, known=TIMERS)[0]
    assert (first.name, first.environment, first.wait_s) == ("135", "verify-t015", 0.0)


def test_sleeping_jobs_and_the_long_one_have_the_time_that_they_need():
    assert [sitting.timeout_min for sitting in jobs("sleep")][:4] == [15, 30, 45, 60]
    (single,) = jobs("single")
    assert (single.name, single.environment, single.timeout_min) == ("all", "verify-now", 135)
    assert billed_min(PLAN, jobs("sleep")) > 500
    assert 120 < billed_min(PLAN, (single,)) < 130


def test_each_job_has_the_time_to_sleep_where_its_timer_was_lifted():
    for job in jobs("timer"):
        assert job.timeout_min * 60 >= job.offsets_s[0] - 30 + 600


def test_what_github_cannot_hold_is_refused_with_the_number():
    many = jobs("sleep", offsets_s=tuple(60.0 * minute for minute in range(257)))
    assert "needs 257 sample jobs, and GitHub's matrix holds 256" in refusal(many)
    assert refusal(many[:256]) is None
    (long,) = jobs("single", offsets_s=(0.0, 6 * 3600.0))
    assert "would run for 360 minutes" in refusal((long,))
    assert refusal(jobs("single", offsets_s=(0.0, 350 * 60.0))) is None
    assert refusal(()) is None


@pytest.mark.parametrize(
    ("asked", "fitting", "private", "mode", "told"),
    [
        ("auto", 8, False, "timer", "8 of 8 samples"),
        ("auto", 7, False, "single", "run deploy-verdict setup-github"),
        ("auto", 0, True, "single", "needs GitHub Enterprise"),
        ("timer", 0, True, "timer", "0 of 8"),
        ("sleep", 8, False, "sleep", "requested"),
        ("single", 8, False, "single", "requested"),
    ],
)
def test_auto_takes_timers_only_where_all_are_there(asked, fitting, private, mode, told):
    choice = chosen_mode(asked, fitting=fitting, wanted=8, private=private)
    assert (choice.mode, told in choice.because) == (mode, True)


def test_the_report_says_what_it_cost_and_what_it_could_not_see():
    auto = Choice(mode="timer", because="8 of 8 samples that must wait have a wait timer", by_auto=True)
    told = sampling_words(PLAN, auto, jobs("timer"), private=True)
    assert "mode timer, chosen by auto: 8 of 8 samples" in told
    assert "billed minutes" in told
    assert "between two samples is not observed" in told
    assert "No wait timer fits 1 of the samples" in told
    dense = laid_out(PLAN, densely(PLAN, own_layout(PLAN)))
    free = sampling_words(
        dense, Choice(mode="single", because="requested", by_auto=False), jobs("single"), private=False
    )
    assert "nothing is billed in a public repository" in free
    assert "every 60 s" in free


@given(
    st.sampled_from(["timer", "sleep", "single"]),
    st.dictionaries(st.sampled_from(sorted(TIMERS)), st.integers(1, 300), max_size=8),
    st.floats(0, 8000),
    st.floats(1, 1000),
)
def test_every_look_is_in_just_one_job_and_no_timer_makes_it_late(mode, known, elapsed_s, speed):
    coming = tuple(offset_s for offset_s in OFFSETS if offset_s >= elapsed_s)
    found = jobs(mode, known, elapsed_s, coming, speed)
    assert tuple(sorted(offset_s for sitting in found for offset_s in sitting.offsets_s)) == coming
    for sitting in found:
        timer_s = known.get(sitting.environment, 0) * 60
        assert timer_s <= (sitting.offsets_s[0] - elapsed_s) / speed + 120 + 1e-6
        assert sitting.timeout_min * 60 > sitting.wait_s
        assert len({item.name for item in found}) == len(found)


@pytest.mark.parametrize(
    ("window", "words"),
    [
        ("{length: 10h, sample_every: 2m, mode: timer}", "needs 301 sample jobs"),
        ("{length: 10h, sample_every: 2m, mode: auto}", "needs 301 sample jobs"),
        ("{length: 6h, mode: single}", "would run for 360 minutes"),
        ("{length: 8h, mode: sleep}", "would run for 480 minutes"),
        ("{length: 8h, sample_every: 15m, mode: auto}", None),
        ("{length: 2h, sample_every: 15s, mode: auto}", None),
    ],
)
def test_a_plan_that_github_cannot_hold_is_refused_before_it_is_used(tmp_path, window, words):
    path = tmp_path / "plan.yml"
    path.write_text(
        "version: 1\nname: long\nservice: {base_url: 'http://service.test'}\n"
        f"window: {window}\n"
        "pools: [{name: p, get: /api, used: $.a, limit: $.b, burst: {for: 10s, every: 1s}}]\n"
    )
    done = script("check_plan", path)
    assert (done.returncode, (words or "") in done.stderr) == (2 if words else 0, True), done.stderr
