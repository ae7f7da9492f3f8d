"""What a window of plans/zeues.yml asks of GitHub: its 1,000 requests an hour are shared by all workflows."""

import shutil
from argparse import Namespace
from collections import Counter
from datetime import timedelta

import pytest

from demo.github.hub import BOT
from demo.github.serving import TOKEN, github
from demo.railway import ids
from demo.running import running
from deploy_verdict import __version__
from deploy_verdict.actions.during.alarm import desk_for, raise_alarm
from deploy_verdict.github import Connection, GitHub
from deploy_verdict.publish.posts import PostingRun
from deploy_verdict.publish.publisher import publish_progress
from deploy_verdict.verdict.judge import judge
from deploy_verdict.window.judge_directory import judged_directory
from tests.actions.conftest import OWN
from tests.actions.test_gate import TIMERS, gate  # noqa: F401  # a fixture
from tests.running import script
from tests.workflow.events import railway_event

MOST_AN_HOUR = 60


def bring_up_to_date(repository, url, out, minutes, environment):
    """What `ci progress` does at a minute of the window, on a clock that is turned."""
    options = Namespace(out=out, plan=out / "plan.yml", target=None, without=[], corrected_plan=True)
    bundle, _ = judged_directory(options)
    connection = Connection(repository=repository, token=TOKEN, api_url=url, author=BOT)
    run = PostingRun(id=str(OWN), out=out)
    now = bundle.window.t0 + timedelta(minutes=minutes)
    posted = publish_progress(GitHub(connection), bundle, now=now, run=run, tell=print)
    if not posted.is_quiet:
        verdict = judge(bundle, judged_at=now, tool_version=__version__)
        raise_alarm(desk_for(connection, options, bundle, verdict, environment, print, link=posted.url))


def samples(out, mode):
    """The window's sample jobs: one after each minute, or each on a copy of what the gate kept."""
    if mode == "single":
        # Each minute has a sample, and an update is due after fifteen: every fifth shows as many.
        for minute in range(0, 121, 5):
            yield minute, out
    else:
        for minute in range(0, 121, 15):
            copy = out.with_name(f"job-{minute}")
            shutil.copytree(out, copy)
            yield minute, copy


@pytest.fixture(scope="module")
def broken(tmp_path_factory):
    with running(fault="health-unhealthy", log=tmp_path_factory.mktemp("broken") / "backend.log") as backend:
        yield backend


# An alarm asks for all that a healthy window asks for, and more; "sleep" asks as "timer" does, and "single"
# has one job to ask.
@pytest.mark.parametrize(
    ("mode", "is_broken"),
    [
        ("timer", True),
        pytest.param("single", True, marks=pytest.mark.complete),
        pytest.param("sleep", True, marks=pytest.mark.complete),
        pytest.param("timer", False, marks=pytest.mark.complete),
        pytest.param("sleep", False, marks=pytest.mark.complete),
        pytest.param("single", False, marks=pytest.mark.complete),
    ],
)
def test_a_complete_window_stays_within_sixty_requests_an_hour(
    gate,  # noqa: F811
    hub,
    broken,
    monkeypatch,
    mode,
    is_broken,
):
    for minutes in TIMERS:
        hub.add_environment(f"verify-t{minutes:03d}", wait_timer=max(1, minutes - 1))
    hub.add_environment("deploy-verdict-rollback", reviewers=("sescanella",))
    for number in range(600, 900):
        hub.add_run(number, display_title="verify zeues / production · refused", conclusion="skipped")
    if is_broken:
        gate.platform = broken
    done = gate.run(railway_event(ids.LIVE_COMMIT), inputs={"mode": mode})
    assert (done.returncode, gate.outputs["open"]) == (0, "true"), done.stderr
    own = {**gate.platform.environment, "TARGET_URL": gate.platform.base_url}
    for name, value in own.items():
        monkeypatch.setenv(name, value)
    base = ["--plan", gate.out / "plan.yml", "--out", gate.out]
    at_minute = Counter({0: len(hub.requests)})
    with github(hub) as url:
        environment = {"GITHUB_API_URL": url, "GITHUB_REPOSITORY": hub.repository, "GITHUB_TOKEN": TOKEN,
                       "GITHUB_RUN_ID": str(OWN), **own}  # fmt: skip
        asked = len(hub.requests)
        bring_up_to_date(hub.repository, url, gate.out, 0, environment)
        script("check_health", *base, environment=environment)
        for minute, out in samples(gate.out, mode):
            bring_up_to_date(hub.repository, url, out, minute + 1, environment)
            at_minute[minute] += len(hub.requests) - asked
            asked = len(hub.requests)
        for step in ("ci close", "judge_evidence", "publish_report", "ci follow-up"):
            done = script(step, *base, environment=environment)
            assert done.returncode in (0, 10, 11, 12), done.stderr
        at_minute[121] += len(hub.requests) - asked
    hours = [
        sum(count for at, count in at_minute.items() if start <= at < start + 60) for start in range(122)
    ]
    alarms = [row for rows in hub.comments.values() for row in rows if '"kind": "alarm"' in row["body"]]
    assert bool(alarms) == is_broken
    print(f"{mode}: {sum(at_minute.values())} requests, {max(hours)} in the busiest hour: {dict(at_minute)}")
    assert max(hours) <= MOST_AN_HOUR
