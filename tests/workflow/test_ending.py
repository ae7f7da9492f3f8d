"""How a run on GitHub ends: cut short, looked after by the watchdog, concluded, and followed."""

import json
from datetime import UTC, datetime, timedelta

import pytest

from demo.github.hub import Hub
from demo.github.serving import TOKEN, github
from deploy_verdict.follow_up.promised_sample import Promise, promise_in
from deploy_verdict.model import Layout, RunFile
from deploy_verdict.plan import laid_out, read_plan
from deploy_verdict.publish.bad_news import news_in, with_state
from deploy_verdict.window.directory.evidence_store import write_json
from deploy_verdict.window.directory.session import read_window
from tests.bundles import T0
from tests.github.windows import COMMIT, POOLS, opened, ours, take
from tests.running import script

RUN = 500
REF = "c" * 40
LABEL = "zeues / production"
TITLE = f"verify {LABEL} · {COMMIT}"
LATER_SAMPLE = "deploy-verdict/zeues-backend/later-sample"
QUARTERS = tuple(900.0 * number for number in range(9))


@pytest.fixture
def hub():
    made = Hub()
    made.add_issue(1, body="the incident", author="sescanella")
    made.add_run(RUN, display_title=TITLE, status="in_progress", head_sha=COMMIT)
    yield made
    assert made.mistakes == []


def call(hub, name, *options, **variables):
    with github(hub) as url:
        environment = {"GITHUB_API_URL": url, "GITHUB_REPOSITORY": hub.repository, "GITHUB_TOKEN": TOKEN,
                       "GITHUB_RUN_ID": str(RUN), **variables}  # fmt: skip
        return script(name, *options, environment=environment)


def run_of(tmp_path, *, text=POOLS, offsets=QUARTERS, kind="window", dry_run=False, **more):
    """A run's directory: a window of which these looks were taken, and run.json."""
    base, out = opened(tmp_path, text, offsets=offsets, **more)
    (out / "plan.yml").write_text(text)
    file = RunFile(run=RUN, kind=kind, plan="plan.yml", label=LABEL, commit=COMMIT, number=1, dry_run=dry_run)
    write_json(out / "run.json", file)
    return base, out


def with_tail(out, text=POOLS):
    """The window goes on with a look at T+6 h, as the gate of its run lays it out."""
    plan = read_plan(text.encode(), "plan.yml", {}, "2026-02-02")
    file = read_window(out)
    layout = Layout(length_s=7200.0, every_s=900.0, tails_s=(21600.0,))
    made = laid_out(plan, layout).window
    update = {"length_s": made.length, "offsets_s": made.offsets_s, "earlier_lengths_s": (7200.0,)}
    file = file.model_copy(update={"layout": layout, "window": file.window.model_copy(update=update)})
    write_json(out / "window.json", file)
    return plan, file


RESULTS = json.dumps({"gate": {"result": "success"}, "sample": {"result": "cancelled"}})


def with_one_to_go_back_to(out):
    """T+0 saw an earlier deployment, which was judged STABLE and whose image is still kept."""
    (path,) = (out / "evidence").glob("deployment.T+000.a1.json")
    evidence = json.loads(path.read_text())
    (look,) = evidence["observations"]
    moment = "2026-01-30T12:00:00Z"
    now = f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}"
    for item in (look["deployment"], *look["active"], *look["recent"]):
        item["created_at"] = now
    look["recent"].append(look["deployment"] | {"id": "d-0", "commit": "a" * 40, "created_at": moment})
    look["judged"] = [{"deployment": "d-0", "commit": "a" * 40, "outcome": "stable", "judged_at": moment}]
    path.write_text(json.dumps(evidence))


def news(hub, number=1):
    """The comments about bad news, which mention people."""
    return [row["body"] for row in hub.comments[number] if "deploy-verdict-news" in row["body"]]


def test_people_who_know_by_an_alarm_are_not_notified_again(tmp_path, hub):
    base, out = run_of(tmp_path, offsets=QUARTERS[:1], status=500)
    assert call(hub, "ci progress", *base).returncode == 0
    (row,) = [row for row in hub.comments[1] if "deploy-verdict-news" in row["body"]]
    state = news_in(row["body"]).model_copy(update={"notified": True, "rollback": "offered: by a run"})
    row["body"] = "\n".join([row["body"].splitlines()[0], with_state(row["body"], state)])
    done = call(hub, "ci close", *base)
    assert "an alarm was raised before; rollback: offered: by a run" in done.stdout, done.stderr
    assert "Rollback: offered: by a run." in read_window(out).remarks
    assert script("judge_evidence", *base).returncode == 11
    addresses = {"DEPLOY_VERDICT_NOTIFY": "json://127.0.0.1:1"}
    assert (
        "CRITICAL ISSUES was already sent for this window" in call(hub, "notify", *base, **addresses).stdout
    )


def test_a_cancelled_window_says_by_what_it_was_superseded(tmp_path, hub):
    base, out = run_of(tmp_path, offsets=QUARTERS[:3])
    hub.add_run(600, display_title=f"verify {LABEL} · {'b' * 40}", status="in_progress")
    done = call(hub, "ci close", *base, RESULTS=RESULTS)
    assert done.returncode == 0, done.stderr
    assert read_window(out).ended == f"superseded by the window on {'b' * 40} (run 600)"


@pytest.mark.parametrize(
    ("results", "ended"),
    [
        (RESULTS, "the run was cancelled by hand"),
        (RESULTS.replace("cancelled", "failure"), None),
        ("", None),
    ],
)
def test_what_else_ends_a_window_and_what_does_not(tmp_path, hub, results, ended):
    base, out = run_of(tmp_path, offsets=QUARTERS[:3])
    assert call(hub, "ci close", *base, RESULTS=results).returncode == 0
    assert read_window(out).ended == ended


def test_a_look_after_another_release_is_given_up_and_the_verdict_stays(tmp_path, hub):
    base, out = run_of(tmp_path, kind="tail")
    plan, file = with_tail(out)
    take(out, plan, file, 21600.0, COMMIT)
    path = next((out / "evidence").glob("deployment.T+360.a1.json"))
    evidence = json.loads(path.read_text())
    evidence["observations"][0]["deployment"]["status"] = "REMOVED"
    path.write_text(json.dumps(evidence))
    done = call(hub, "ci close", *base)
    assert "was dropped" in done.stdout, done.stderr
    after = read_window(out)
    assert (after.window.length_s, after.layout.tails_s, after.layout.over) == (7200.0, (), True)
    assert not list((out / "evidence").glob("*T+360*"))
    assert [item.name for item in (out / "given-up").iterdir()] == ["deployment.T+360.a1.json"]
    before = script("judge_evidence", *base)
    assert "T+360" not in before.stdout
    assert call(hub, "ci follow-up", *base).stdout == "nothing follows\n"


def test_a_look_that_is_there_is_kept(tmp_path, hub):
    base, out = run_of(tmp_path, kind="tail")
    plan, file = with_tail(out)
    take(out, plan, file, 21600.0, COMMIT)
    assert "given up" not in call(hub, "ci close", *base).stdout
    assert read_window(out).layout.tails_s == (21600.0,)


def watched(hub, out, conclusion):
    hub.runs[RUN] |= {"status": "completed", "conclusion": conclusion}
    return call(hub, "ci watchdog", "--run-id", RUN, "--out", out)


def test_a_comment_in_progress_becomes_verifier_lost(tmp_path, hub):
    base, out = run_of(tmp_path, offsets=QUARTERS[:3])
    assert call(hub, "ci progress", *base).returncode == 0
    assert "In progress" in ours(hub, 1)[0]
    done = watched(hub, out, "timed_out")
    assert done.returncode == 0, done.stderr
    (body,) = ours(hub, 1)
    assert "VERIFIER LOST" in body
    assert f"run {RUN} ended as timed_out without its report" in body
    assert hub.statuses[-1]["state"] == "error"


def test_a_final_comment_is_left_alone(tmp_path, hub):
    base, out = run_of(tmp_path)
    script("judge_evidence", *base)
    assert call(hub, "publish_report", *base).returncode == 0
    (before,) = ours(hub, 1)
    assert "nothing is missing" in watched(hub, out, "failure").stdout
    assert ours(hub, 1) == [before]


def test_a_lost_look_hours_later_leaves_the_verdict_and_says_so(tmp_path, hub):
    base, out = run_of(tmp_path, kind="tail")
    script("judge_evidence", *base)
    assert call(hub, "publish_report", *base).returncode == 0
    with_tail(out)
    assert watched(hub, out, "timed_out").returncode == 0
    (body,) = ours(hub, 1)
    assert "VERIFIER LOST" not in body
    assert f"The sample at T+6 h was dropped: run {RUN} ended as timed_out" in body


def test_a_run_that_failed_before_its_window_is_told_on_the_commit_and_in_an_issue(tmp_path, hub):
    hub.runs[RUN] |= {"event": "deployment_status"}
    done = watched(hub, tmp_path, "failure")
    assert done.returncode == 0, done.stderr
    assert "Nothing was checked" in ours(hub, 2, key=f"run-{RUN}")[0]
    assert hub.issues[2]["labels"] == ["deploy-verdict"]
    assert [(row["sha"], row["state"]) for row in hub.statuses] == [(COMMIT, "error")]


@pytest.mark.parametrize("conclusion", ["success", "skipped", "cancelled"])
def test_a_run_that_rightly_opened_no_window_is_not_told(tmp_path, hub, conclusion):
    assert "opened no window" in watched(hub, tmp_path, conclusion).stdout
    assert (len(hub.issues), hub.statuses) == (1, [])


def test_by_hand_and_dry_runs_are_left_to_those_who_started_them(tmp_path, hub):
    hub.runs[RUN] |= {"display_title": f"verify by hand · {RUN}"}
    assert "started by hand" in watched(hub, tmp_path, "failure").stdout
    _, out = run_of(tmp_path / "dry", offsets=QUARTERS[:3], dry_run=True)
    assert "dry run" in watched(hub, out, "failure").stdout
    assert ours(hub, 1) == []


@pytest.mark.parametrize(
    ("fail_run_on", "status", "code"),
    [("critical", 500, 11), ("never", 500, 0), ("critical", 200, 0), ("inconclusive", 200, 12)],
)
def test_the_plan_says_when_the_run_is_red(tmp_path, hub, fail_run_on, status, code):
    """With two samples missing the verdict is INCONCLUSIVE, with a 500 it is CRITICAL."""
    text = f"{POOLS}github: {{fail_run_on: {fail_run_on}}}\n"
    base, _ = run_of(tmp_path, text=text, offsets=QUARTERS[:7], status=status)
    script("judge_evidence", *base)
    outputs = tmp_path / "outputs"
    done = call(hub, "ci conclude", *base, GITHUB_OUTPUT=str(outputs))
    assert done.returncode == code, done.stderr
    told = "critical" if status == 500 else "inconclusive"
    assert outputs.read_text().splitlines() == [f"outcome={told}"]


@pytest.mark.parametrize(
    ("allowed", "reviewers", "offered"),
    [("true", ("sescanella",), True), ("true", (), False), ("true", None, False), ("false", ("x",), False)],
)
def test_a_rollback_is_offered_only_where_a_reviewer_must_consent(tmp_path, hub, allowed, reviewers, offered):
    if reviewers is not None:
        hub.add_environment("deploy-verdict-rollback", reviewers=reviewers)
    text = f"{POOLS}escalation: {{rollback: {allowed}}}\n"
    text += "railway: {project: p, service: s}\n" if "railway:" not in text else ""
    base, out = run_of(tmp_path, text=text, status=500)
    with_one_to_go_back_to(out)
    script("judge_evidence", *base)
    done = call(hub, "ci follow-up", *base, GITHUB_SERVER_URL="https://github.test")
    assert done.returncode == 0, done.stderr
    started = [row["inputs"] for row in hub.dispatches if row["inputs"]["kind"] == "rollback"]
    assert [row["continue-run"] for row in started] == ([str(RUN)] if offered else [])
    (body,) = news(hub)
    assert ("waits for a reviewer" in body) == offered
    page = f"https://github.test/{hub.repository}/actions/workflows/post-deploy.yml?query=is%3Awaiting"
    assert (f"[Approve it here]({page})" in body) == offered
    # Once for the window, whoever asks again.
    assert call(hub, "ci follow-up", *base).returncode == 0
    assert len([row for row in hub.dispatches if row["inputs"]["kind"] == "rollback"]) == len(started)


def test_where_no_timer_holds_a_later_sample_it_is_promised_and_kept(tmp_path, hub):
    base, _ = run_of(tmp_path)
    script("judge_evidence", *base)
    done = call(hub, "ci follow-up", *base, ARTIFACT="report-a2")
    assert done.returncode == 0, done.stderr
    # The window of the test lies in the past, so that what was promised would be due at once.
    assert "started" in done.stdout
    hub.dispatches.clear()
    due = datetime.now(UTC) + timedelta(hours=3)
    for due_at, count in ((due, 0), (due - timedelta(hours=4), 1)):
        promise = Promise(due_at=due_at, run=RUN, artifact="report-a2", plan_ref=REF)
        hub.statuses.append({"id": 1, "sha": COMMIT, "state": "pending", "context": LATER_SAMPLE,
                             "description": promise.line(), "target_url": None,
                             "created_at": f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}"})  # fmt: skip
        done = call(hub, "ci start-promised")
        assert done.returncode == 0, done.stderr
        assert len(hub.dispatches) == count
    assert hub.dispatches[0]["inputs"] == {
        "kind": "tail",
        "continue-run": str(RUN),
        "continue-artifact": "report-a2",
        "commit": COMMIT,
        "label": LABEL,
        "plan-ref": REF,
    }
    assert call(hub, "ci start-promised").stdout == ""
    assert len(hub.dispatches) == 1


def test_a_promise_is_read_as_it_was_written_and_nothing_else_is_one():
    promise = Promise(due_at=T0, run=7, artifact="report-a1")
    assert promise_in("pending", promise.line()) == promise
    assert promise_in("success", promise.line()) is None
    for line in (
        None,
        "",
        "due tomorrow · run 7 · report-a1",
        "due 2026-13-45T00:00:00Z · run 7 · report-a1",
    ):
        assert promise_in("pending", line) is None


def promised(hub, commit, service, due_at, **more):
    promise = Promise(due_at=due_at, run=more.pop("run", RUN), artifact="report-a1", **more)
    hub.statuses.append({"id": 1, "sha": commit, "state": "pending", "description": promise.line(),
                         "context": f"deploy-verdict/{service}/later-sample", "target_url": None,
                         "created_at": "2026-02-02T12:00:00Z"})  # fmt: skip


def test_a_promise_is_kept_behind_300_newer_runs_of_other_commits(hub):
    hub.runs[RUN] |= {"status": "completed", "conclusion": "failure"}
    for number in range(300):
        conclusion = "skipped" if number % 10 else "success"
        hub.add_run(600 + number, display_title=f"verify {LABEL} · {number:040x}", conclusion=conclusion)
    promised(hub, COMMIT, "zeues-backend", datetime.now(UTC), plan_ref=REF)
    done = call(hub, "ci start-promised")
    assert done.stdout == f"{COMMIT[:8]}: started, continuing run {RUN}\n", done.stderr
    (started,) = hub.dispatches
    assert (started["inputs"]["plan-ref"], started["inputs"]["label"]) == (REF, LABEL)


def test_each_service_keeps_its_own_promise_on_a_commit_of_both(hub):
    hub.add_run(501, display_title=TITLE, workflow="verify-web.yml", head_sha="d" * 40)
    promised(hub, COMMIT, "zeues-backend", datetime.now(UTC), plan_ref=REF)
    promised(hub, COMMIT, "zeues-web", datetime.now(UTC), run=501)
    for workflow, run, ref in (("post-deploy.yml", RUN, REF), ("verify-web.yml", 501, "d" * 40)):
        assert call(hub, "ci start-promised", "--workflow", workflow).returncode == 0
        started = hub.dispatches[-1]
        assert (started["workflow_id"], started["inputs"]["continue-run"]) == (workflow, str(run))
        # Without a ref in the promise: what the run was started on.
        assert started["inputs"]["plan-ref"] == ref
    assert len(hub.dispatches) == 2
    call(hub, "ci start-promised")
    assert len(hub.dispatches) == 2


def test_a_plan_ref_that_fits_no_status_is_left_out_of_it():
    promise = Promise(due_at=T0, run=10**17, artifact="report-a1", plan_ref="a" * 40)
    assert promise_in("pending", promise.line()) == promise
    assert promise_in(
        "pending", Promise(due_at=T0, run=7, artifact="report-a1", plan_ref="a" * 99).line()
    ) == (Promise(due_at=T0, run=7, artifact="report-a1"))
