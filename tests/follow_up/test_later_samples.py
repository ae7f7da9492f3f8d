"""The samples after a window: their table by time, and what the last does to the tracking issue."""

import pytest

from demo.github.hub import Hub
from deploy_verdict.model import Layout
from deploy_verdict.plan import laid_out, read_plan
from deploy_verdict.report.after.later_samples import later_samples
from deploy_verdict.verdict.judge import judge
from deploy_verdict.window.directory.evidence_store import write_json
from deploy_verdict.window.directory.session import read_window
from tests.bundles import T0, bundle_of, burst, http, loaded
from tests.github.windows import COMMIT, keep, opened, ours, published, take
from tests.plans import plan_of
from tests.report.stories import the_log
from tests.running import script
from tests.servers import answers, raw_server
from tests.stages.e2e.test_judge import run, step

SIX_H, DAY = 21600.0, 86400.0
TEXT = """
window: {length: 2h, sample_every: 2h}
test_data: {may_write: {spool: [T1]}}
health: [{name: api, get: /api, expect: {status: 200}}]
pools: [{name: redis, title: Redis, get: /stats, used: $.used, limit: $.limit, burst: {for: 4s, every: 1s}}]
logs: {must_not_appear: [boom]}
e2e:
  at: [0m, 2h]
  tests:
    - {name: flow, steps: [{name: take, post: /take, json: {spool: T1}, expect: {status: 200}}]}
    - {name: other, steps: [{name: take, post: /take, json: {spool: T1}, expect: {status: 200}}]}
"""
SMALL = """
version: 1
name: zeues
service: {base_url: "http://service.test", name: zeues-backend}
railway: {project: p, service: s}
window: {length: 2h, sample_every: 2h}
health: [{name: api, get: /api, expect: {status: 200}}]
"""


def sample(
    plan, offset_s, *, status=200, used=(4, 5), errors=0, failing=(), stages=("health", "pools", "logs")
):
    """The files of one sample: every test passes but those that are failing."""
    tests = [
        run(step("take", status=500 if name in failing else 200), check=name, offset_s=offset_s)
        for name in ("flow", "other")
    ]
    found = {
        "health": [http("api", {}, status=status, offset_s=offset_s)],
        "pools": [burst("redis", used, offset_s)],
        "logs": [the_log(levels={"INFO": 1000, "ERROR": errors})],
        "e2e": tests,
    }
    return [loaded(plan, stage, found[stage], offset_s) for stage in (*stages, "e2e")]


def table_of(tails_s, *samples, **layout):
    plan = laid_out(plan_of(TEXT), Layout(length_s=7200.0, every_s=7200.0, tails_s=tails_s, **layout))
    bundle = bundle_of(plan, *(file for one in samples for file in one(plan)))
    return later_samples(bundle, judge(bundle, judged_at=T0, tool_version="0"))


def test_each_sample_has_its_own_numbers_and_what_is_missing_is_no_zero():
    shown = table_of(
        (SIX_H, DAY),
        lambda plan: sample(plan, 0.0, used=(9, 10)),
        lambda plan: sample(plan, 7200.0, errors=2),
        lambda plan: sample(plan, SIX_H, status=500, errors=5, used=(14, 2), failing=("other",)),
        lambda plan: sample(plan, DAY, stages=())[:0],
    )
    headers, rows = shown.table.headers, [row[:6] for row in shown.table.rows]
    assert headers == ("Sample", "E2E", "Redis, peak", "5xx or no answer", "ERROR lines", "Failed checks")
    assert rows[0][:5] == ("until T+2 h", "2/2", "50.0%", "0 of 10", "2")
    assert rows[1][:5] == ("T+6 h", "1/2", "70.0%", "2 of 5", "3")
    assert int(rows[1][5]) > 0
    assert rows[2][:5] == ("T+24 h", "did not run", "not measured", "not measured", "not measured")
    assert shown.what_follows.startswith("T+24 h was the last sample.")
    assert "is open" in shown.what_follows


@pytest.mark.parametrize(
    ("tails_s", "over", "words"),
    [
        ((SIX_H,), False, "Next sample at T+24 h."),
        ((SIX_H, DAY), False, "T+24 h was the last sample."),
        ((SIX_H,), True, "T+6 h was the last sample."),
    ],
)
def test_the_table_says_what_follows(tails_s, over, words):
    assert words in table_of(tails_s, over=over).what_follows


def test_a_window_without_later_samples_has_no_table():
    assert table_of(()) is None


def with_tails(out, *tails_s):
    """The window goes on with samples after its end, as the gate of their runs lays it out."""
    plan, file = read_plan(SMALL.encode(), "plan.yml", {}, "2026-02-02"), read_window(out)
    layout = Layout(length_s=7200.0, every_s=7200.0, tails_s=tails_s)
    made = laid_out(plan, layout).window
    lengths = (7200.0, *tails_s[:-1])
    update = {"length_s": made.length, "offsets_s": made.offsets_s, "earlier_lengths_s": lengths}
    file = file.model_copy(update={"layout": layout, "window": file.window.model_copy(update=update)})
    write_json(out / "window.json", file)
    return plan, file


@pytest.mark.parametrize(
    ("last_status", "states"), [(200, ["closed", "closed", "closed"]), (500, ["closed", "closed", "open"])]
)
def test_the_last_sample_closes_the_tracking_issue_or_reopens_it(tmp_path, last_status, states):
    hub = Hub()
    base, out = opened(tmp_path, SMALL, offsets=(0.0, 7200.0))
    seen = []
    with published(hub) as publish:
        for tails_s in ((), (SIX_H,), (SIX_H, DAY)):
            if tails_s:
                plan, file = with_tails(out, *tails_s)
                status = last_status if tails_s[-1] == DAY else 200
                take(out, plan, file, tails_s[-1], COMMIT)
                answer = http("api", {}, status=status, offset_s=tails_s[-1])
                keep(out, plan, file, "health", answer, tails_s[-1])
            script("judge_evidence", *base)
            done = publish(base)
            assert done.returncode == 0, done.stderr
            (issue,) = hub.issues.values()
            seen.append(issue["state"])
    (body,) = ours(hub, issue["number"])
    assert seen == states
    rows = [line for line in body.splitlines() if line.startswith(("| until T+2 h", "| T+6 h", "| T+24 h"))]
    assert len(rows) == 3
    assert f"| {0 if last_status == 200 else 1} of 1" in rows[2]
    assert "T+24 h was the last sample." in body
    assert ("so a tracking issue is open" in body) == (last_status == 500)
    script("report", *base)
    page = (out / "report.html").read_text()
    assert "<h3>Later samples</h3>" in page
    assert "<td>T+24 h</td>" in page
    # Two hours were watched, and not the day between the samples.
    assert "watched http://service.test for 2 hours from" in body.replace("`", "")
    assert "extended" not in body
    assert hub.mistakes == []


def test_on_a_laptop_the_same_watch_takes_the_next_later_sample(tmp_path):
    text = SMALL.replace("railway: {project: p, service: s}\n", "").replace("2h", "1m")
    plan, out = tmp_path / "plan.yml", tmp_path / "out"
    plan.write_text(f"{text}escalation: {{tail_checks: [3m]}}\nheartbeat: null\n")
    with raw_server(answers()) as url:
        command = ["--plan", plan, "--target", url, "--out", out, "--speed", 60]
        early = script("watch_deployment", *command, "--later")
        assert (early.returncode, "no window has ended here" in early.stderr) == (2, True)
        script("watch_deployment", *command)
        again = script("watch_deployment", *command)
        assert (again.returncode, "add --later" in again.stderr) == (2, True)
        assert script("watch_deployment", *command, "--later").returncode in (0, 12)
        none = script("watch_deployment", *command, "--later")
        assert (none.returncode, "no further tail" in none.stderr) == (2, True)
    assert (out / "evidence" / "health.T+003.a1.json").exists()
    assert "| T+3 min" in (out / "comment.md").read_text()
