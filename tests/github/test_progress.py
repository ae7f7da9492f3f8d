"""The comment of a window that is open, or whose verifier was lost. UPDATE_GOLDEN=1 writes the texts anew."""

import json
import os
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from deploy_verdict.model import Unreadable
from deploy_verdict.plan.layout import laid_out, own_layout
from deploy_verdict.publish.comment_state import CommentState
from deploy_verdict.publish.posts import PostingRun, final_post, lost_post, progress_post
from deploy_verdict.verdict.judge import judge
from deploy_verdict.window.judge_directory import write_verdict
from tests.bundles import OUR_DNS, REFUSED, T0
from tests.github.windows import COMMIT, POOLS, QUARTER, jobs, opened, ours, published, read

GOLDEN = Path(__file__).parent / "golden"
HALF = tuple(index * QUARTER for index in range(4))
WHOLE = tuple(index * QUARTER for index in range(9))
HOSTILE = "lost <b>@team</b> #12 \n# heading\n```\n<!-- x --> | \u202e cell"


def post(tmp_path, minutes, *, reason=None, **window):
    _, out = opened(tmp_path, **window)
    bundle, now = read(out)[0], T0 + timedelta(minutes=minutes)
    return (
        lost_post(bundle, now, PostingRun(), reason) if reason else progress_post(bundle, now, PostingRun())
    )


CASES = {
    "just_opened": (0.5, {"offsets": ()}),
    "half_way": (50, {"offsets": HALF}),
    "with_a_hole": (50, {"offsets": (0.0, QUARTER, 3 * QUARTER)}),
    "due_now": (47, {"offsets": HALF[:3]}),
    "bad_so_far": (50, {"offsets": HALF, "status": 500, "pools": {QUARTER: (20, 20, 19, 20)}}),
    "unreadable": (50, {"offsets": HALF, "pools": {QUARTER: (OUR_DNS,) * 4, 2 * QUARTER: (REFUSED,) * 4}}),
    "all_taken": (121, {"offsets": WHOLE}),
    "lost": (100, {"offsets": HALF, "reason": "no job of it was seen since 12:46 UTC"}),
    "lost_bad": (100, {"offsets": HALF, "status": 500, "reason": HOSTILE}),
}


@pytest.mark.parametrize("name", CASES)
def test_the_whole_text(tmp_path, name):
    minutes, window = CASES[name]
    made = post(tmp_path, minutes, **window)
    text = f"{made.text}\n<!-- status: {made.state.status}: {made.state.line} -->\n"
    path = GOLDEN / f"{name}.md"
    if os.environ.get("UPDATE_GOLDEN"):
        path.write_text(text, encoding="utf-8")
        pytest.fail(f"{path.name} updated, read the diff")
    assert text == path.read_text(encoding="utf-8")


@pytest.mark.parametrize("name", CASES)
def test_no_word_and_no_mark_of_praise_before_the_end(tmp_path, name):
    minutes, window = CASES[name]
    made = post(tmp_path, minutes, **window)
    told = made.text + made.state.line
    assert "STABLE" not in told
    assert not set(told) & set("✅🟢✔")
    assert made.state.status != "success"


def test_a_hole_is_a_hole_only_when_it_is_overdue(tmp_path):
    """Half an interval after its time a sample no longer counts; until then it is due."""
    half = QUARTER / 120
    assert "`▓░░░░░░░░`" in post(tmp_path / "a", 15 + half - 0.01, offsets=(0.0,)).text
    assert "`▓✕░░░░░░░`" in post(tmp_path / "b", 15 + half + 0.01, offsets=(0.0,)).text


@pytest.mark.parametrize(("minutes", "bar"), [(4.9, "`▓░░░░░░░░`"), (5.1, "`▓✕░░░░░░░`")])
def test_a_sample_whose_readings_are_spread_may_come_that_much_later(minutes, bar, tmp_path):
    _, out = opened(tmp_path, offsets=(0.0,))
    bundle = read(out)[0]
    spread = own_layout(bundle.plan).model_copy(update={"spread_s": 300.0})
    now = T0 + timedelta(minutes=15 + QUARTER / 120 + minutes)
    bundle = replace(bundle, plan=laid_out(bundle.plan, spread))
    assert bar in progress_post(bundle, now, PostingRun()).text


def test_a_bar_of_very_many_samples_shows_each_hole(tmp_path):
    text = POOLS.replace("sample_every: 15m", "sample_every: 30s")
    taken = [index * 30.0 for index in range(240) if index != 102]
    told = post(tmp_path, 121, text=text, offsets=taken).text
    bar = next(line for line in told.splitlines() if "▓" in line).split("`")[1]
    assert len(bar) <= 60
    assert bar.count("✕") == 2  # the one in the middle, and the last one
    assert "239 of 241 samples, 2 missed" in told
    assert told.count("\n| T+") == 24


def test_without_pools_the_looks_at_the_platform_are_the_samples(tmp_path):
    text = POOLS.partition("pools:")[0]
    told = post(tmp_path, 20, text=text, offsets=(0.0, QUARTER)).text
    assert "`▓▓░░░░░░░` 2 of 9 samples" in told
    assert "Utilization" not in told


def test_files_that_are_not_of_this_run_are_counted(tmp_path):
    _, out = opened(tmp_path, offsets=HALF)
    (out / "evidence" / "pools.T+060.a1.json").write_text("{")
    bundle, _ = read(out)
    assert isinstance(bundle.unreadable[0], Unreadable)
    assert (
        "unreadable or of another run: 1\n"
        in progress_post(bundle, T0 + timedelta(minutes=61), PostingRun()).text
    )


def test_how_it_is_sampled_is_told_where_the_plan_says_it(tmp_path):
    text = POOLS.replace("sample_every: 15m", "sample_every: 15m, mode: single")
    assert "- Sampled by one job for the complete window\n" in post(tmp_path, 1, text=text).text


def test_the_script_posts_and_writes_no_verdict(tmp_path, hub):
    base, out = opened(tmp_path, offsets=HALF)
    before = sorted(path.name for path in tmp_path.rglob("*"))
    with published(hub) as publish:
        done = publish(base, "--number", 1, name="ci progress")
        again = publish(base, "--number", 1, name="ci progress")
    assert (done.returncode, done.stderr) == (0, ""), done.stderr
    assert again.stdout == done.stdout
    (body,) = ours(hub, 1)
    assert body.splitlines()[2].startswith("## ⏳ In progress: zeues")
    assert {(row["sha"], row["state"], row["context"]) for row in hub.statuses} == {
        (COMMIT, "pending", "deploy-verdict/zeues-backend")
    }
    assert hub.issues[1]["labels"] == []
    assert sorted(path.name for path in tmp_path.rglob("*")) == sorted([*before, "comment.json"])
    assert not (out / "verdict.json").exists()


def remembering(hub, out, *minutes, job):
    """What `ci progress` asks of GitHub at each of these minutes, in one job."""
    asked = []
    for minute in minutes:
        hub.requests.clear()
        job().progress(out, minutes=minute, remember=True)
        asked.append([path.rpartition("/repos/example/zeues")[2] for _, path in hub.requests])
    return asked


def test_the_comment_is_edited_on_news_and_otherwise_every_fifteen_minutes(tmp_path, hub):
    _, out = opened(tmp_path, offsets=HALF)
    with jobs(hub) as job:
        first, quiet, later = remembering(hub, out, 50, 64.9, 65, job=job)
        _, bad = opened(tmp_path / "bad", offsets=HALF, status=500)
        (bad / "comment.json").write_bytes((out / "comment.json").read_bytes())
        (news,) = remembering(hub, bad, 65.1, job=job)
    assert quiet == []
    assert len(first) > len(later)
    identity = hub.comments[1][0]["id"]
    assert f"/issues/comments/{identity}" in later
    assert not any(path.endswith(("/comments", "/issues", "/pulls")) for path in [*later, *news])
    assert "CRITICAL SO FAR" in ours(hub, 1)[0]
    assert hub.issues[1]["labels"] == ["verdict zeues-backend: critical"]


def test_a_remembered_comment_that_is_gone_is_written_again(tmp_path, hub):
    _, out = opened(tmp_path, offsets=HALF)
    with jobs(hub) as job:
        job().progress(out, minutes=50, remember=True)
        hub.comments[1].clear()
        job().progress(out, minutes=70, remember=True)
    assert len(ours(hub, 1)) == 1


def test_a_comment_of_another_window_is_not_remembered(tmp_path, hub):
    _, out = opened(tmp_path, offsets=HALF)
    with jobs(hub) as job:
        job().progress(out, minutes=50, remember=True)
        memory = json.loads((out / "comment.json").read_text())
        (out / "comment.json").write_text(json.dumps(memory | {"window": "another", "id": 1}))
        assert job().progress(out, minutes=51, remember=True).is_quiet is False
    assert len(ours(hub, 1)) == 1


def test_a_dry_run_prints_it_and_asks_nobody(tmp_path, hub):
    base, _ = opened(tmp_path, offsets=HALF)
    with published(hub) as publish:
        done = publish(base, "--dry-run", name="ci progress")
    assert done.stdout.startswith("## ⏳ In progress: zeues")
    assert hub.requests == []


def judged(out):
    bundle, _ = read(out)
    return write_verdict(bundle, out, T0 + timedelta(minutes=121), interrupted=False)


def test_late_progress_leaves_a_final_comment_label_and_status_alone(tmp_path, hub):
    _, out = opened(tmp_path, offsets=WHOLE, status=500)
    judged(out)
    with jobs(hub) as job:
        job().progress(out)
        job().final(out)
        late = job()
        assert not late.progress(out).is_ours
    (body,) = ours(hub, 1)
    assert "CRITICAL ISSUES" in body.splitlines()[2]
    assert "⏳" not in body
    assert hub.issues[1]["labels"] == ["verdict zeues-backend: critical"]
    assert [row["state"] for row in hub.statuses] == ["failure", "failure"]
    assert "it is newer or final" in late.told[-1]


def test_progress_with_fewer_samples_is_left_out(tmp_path, hub):
    _, more = opened(tmp_path / "more", offsets=HALF)
    _, fewer = opened(tmp_path / "fewer", offsets=HALF[:2])
    with jobs(hub) as job:
        job().progress(more)
        assert not job().progress(fewer).is_ours
    assert "4 of 9 samples" in ours(hub, 1)[0]


def test_what_failed_so_far_shows_at_once(tmp_path, hub):
    _, out = opened(tmp_path, offsets=HALF, status=500)
    with jobs(hub) as job:
        job().progress(out, number=None)
    assert "— CRITICAL SO FAR" in ours(hub, 2)[0]
    assert hub.issues[2]["labels"] == ["deploy-verdict", "verdict zeues-backend: critical"]
    assert [row["state"] for row in hub.statuses] == ["failure"]


def test_a_new_window_takes_the_old_ones_good_label_off(tmp_path, hub):
    """Another window of the same deployment: until it ends, nothing may look good."""
    hub.add_label("verdict zeues-backend: stable")
    hub.issues[1]["labels"] = ["incident", "verdict zeues-backend: stable"]
    _, out = opened(tmp_path, offsets=HALF)
    with jobs(hub) as job:
        job().progress(out)
    assert hub.issues[1]["labels"] == ["incident"]


def test_the_verifier_is_lost_then_found(tmp_path, hub):
    _, out = opened(tmp_path, offsets=HALF)
    _, later = opened(tmp_path / "later", offsets=WHOLE)
    verdict = judged(later)
    with jobs(hub) as job:
        job().progress(out, number=None)
        job().lost(out, number=None)
        assert "VERIFIER LOST" in ours(hub, 2)[0]
        assert hub.issues[2]["labels"] == ["deploy-verdict", "verdict zeues-backend: inconclusive"]
        assert not job().progress(out, number=None).is_ours
        job().final(later, number=None)
        assert not job().lost(out, number=None).is_ours
    assert [row["state"] for row in hub.statuses][-2:] == ["error", _state_of(verdict)]
    assert len(ours(hub, 2)) == 1
    assert "VERIFIER LOST" not in ours(hub, 2)[0]


def _state_of(verdict):
    return CommentState(state="final", window="w", length_s=1, taken=0, outcome=verdict.outcome).status


def test_lost_by_the_script(tmp_path, hub):
    base, out = opened(tmp_path, offsets=HALF)
    with published(hub) as publish:
        done = publish(base, "--number", 1, "--lost", HOSTILE)
        assert done.returncode == 0, done.stderr
        (body,) = ours(hub, 1)
        assert body.splitlines()[2].startswith("## ⚠️ VERIFIER LOST: zeues")
        judged(out)
        assert publish(base, "--number", 1).returncode == 0
        told = publish(base, "--number", 1, "--lost", "again")
    assert told.returncode == 0
    assert "it is newer or final" in told.stderr
    assert "VERIFIER LOST" not in ours(hub, 1)[0]


def test_an_extension_begins_anew_over_a_final_comment(tmp_path, hub):
    """The same window, but longer: what was final of the shorter one is no longer the last word."""
    _, out = opened(tmp_path, offsets=WHOLE)
    verdict = judged(out)
    bundle, _ = read(out)
    longer = bundle.window.model_copy(update={"length_s": 4 * 3600.0})
    now, run = T0 + timedelta(minutes=130), PostingRun()
    short = final_post(bundle, verdict, now, run).state
    extended = progress_post(replace(bundle, window=longer), now, run).state
    assert extended.rank > short.rank
    assert judge(bundle, judged_at=now, tool_version="x").outcome is verdict.outcome
