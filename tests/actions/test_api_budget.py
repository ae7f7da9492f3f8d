"""What a window of plans/zeues.yml asks of GitHub: its 1,000 requests an hour are shared by all workflows."""

import shutil
from argparse import Namespace
from collections import Counter
from datetime import timedelta

import pytest

from demo.github.hub import BOT
from demo.github.serving import TOKEN, github
from demo.railway import ids
from deploy_verdict.github import Connection, GitHub
from deploy_verdict.publish.posts import PostingRun
from deploy_verdict.publish.publisher import publish_progress
from deploy_verdict.window.judge_directory import judged_directory
from tests.actions.test_gate import OWN, TIMERS, gate, hub  # noqa: F401  # fixtures
from tests.running import script
from tests.workflow.events import railway_event

MOST_AN_HOUR = 60


def bring_up_to_date(repository, url, out, minutes):
    """What `ci progress` does at a minute of the window, on a clock that is turned."""
    options = Namespace(out=out, plan=out / "plan.yml", target=None, without=[], corrected_plan=True)
    bundle, _ = judged_directory(options)
    connection = Connection(repository=repository, token=TOKEN, api_url=url, author=BOT)
    run = PostingRun(id=str(OWN), out=out)
    now = bundle.window.t0 + timedelta(minutes=minutes)
    publish_progress(GitHub(connection), bundle, now=now, run=run, tell=print)


def samples(out, mode):
    """The window's sample jobs: one after each minute, or each on a copy of what the gate kept."""
    if mode == "single":
        for minute in range(121):
            yield minute, out
    else:
        for minute in range(0, 121, 15):
            copy = out.with_name(f"job-{minute}")
            shutil.copytree(out, copy)
            yield minute, copy


@pytest.mark.parametrize("mode", ["timer", "sleep", "single"])
def test_a_complete_window_stays_within_sixty_requests_an_hour(gate, hub, monkeypatch, mode):  # noqa: F811
    for minutes in TIMERS:
        hub.add_environment(f"verify-t{minutes:03d}", wait_timer=max(1, minutes - 1))
    for number in range(600, 900):
        hub.add_run(number, display_title="verify zeues / production · refused", conclusion="skipped")
    done = gate.run(railway_event(ids.LIVE_COMMIT), inputs={"mode": mode})
    assert (done.returncode, gate.outputs["open"]) == (0, "true"), done.stderr
    for name, value in {**gate.platform.environment, "TARGET_URL": gate.platform.base_url}.items():
        monkeypatch.setenv(name, value)
    asked = Counter({"gate": len(hub.requests)})
    hours = Counter({0: asked["gate"]})
    with github(hub) as url:
        start = len(hub.requests)
        bring_up_to_date(hub.repository, url, gate.out, 0)
        asked["begun"] = len(hub.requests) - start
        start = len(hub.requests)
        for minute, out in samples(gate.out, mode):
            before = len(hub.requests)
            bring_up_to_date(hub.repository, url, out, minute + 1)
            hours[min(minute // 60, 1)] += len(hub.requests) - before
        hours[0] += asked["begun"]
        asked["samples"] = len(hub.requests) - start
        environment = {"GITHUB_API_URL": url, "GITHUB_REPOSITORY": hub.repository, "GITHUB_TOKEN": TOKEN,
                       "GITHUB_RUN_ID": str(OWN), **gate.platform.environment,
                       "TARGET_URL": gate.platform.base_url}  # fmt: skip
        base = ["--plan", gate.out / "plan.yml", "--out", gate.out]
        start = len(hub.requests)
        for step in ("ci close", "judge_evidence", "publish_report", "ci follow-up"):
            done = script(step, *base, environment=environment)
            assert done.returncode in (0, 10, 11, 12), done.stderr
        asked["report"] = len(hub.requests) - start
    hours[1] += asked["report"]
    print(f"{mode}: {dict(asked)}, by the hour: {dict(hours)}")
    assert max(hours.values()) <= MOST_AN_HOUR
