"""Windows to publish, and ways to publish them on the demo's GitHub."""

import re
from argparse import Namespace
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from functools import partial

from demo.github.serving import REPOSITORY, TOKEN, github
from deploy_verdict.github import Connection, GitHub
from deploy_verdict.model import Deployment, DeploymentObservation, Instance, Subject
from deploy_verdict.plan import read_plan
from deploy_verdict.publish.posts import PostingRun
from deploy_verdict.publish.publisher import publish, publish_lost, publish_progress
from deploy_verdict.window.directory.evidence_store import write_json
from deploy_verdict.window.directory.session import open_window
from deploy_verdict.window.judge_directory import judged_directory, read_verdict, write_verdict
from tests.bundles import T0, burst, http, loaded
from tests.clocks import TurnedClock
from tests.running import script

COMMIT = "f0ec7b5" + "a" * 33
PLAN = """
version: 1
name: small
service: {base_url: "http://service.test"}
railway: {project: p, service: s}
window: {length: 1m, sample_every: 1m}
health: [{name: api, get: /api, expect: {status: 200}}]
"""
POOLS = """
version: 1
name: zeues
service: {base_url: "http://service.test", name: zeues-backend}
railway: {project: p, service: s}
window: {length: 2h, sample_every: 15m}
health: [{name: api, get: /api, expect: {status: 200}}]
pools: [{name: redis, title: Redis, get: /stats, used: $.used, limit: $.limit, burst: {for: 4s, every: 1s}}]
"""
QUARTER = 900.0


def window(tmp_path, *, text=PLAN, status=200, commit=COMMIT):
    """A judged window of a deployment of the commit: STABLE, or CRITICAL with status 500."""
    base, out = opened(tmp_path, text, offsets=(0.0, 60.0), status=status, commit=commit)
    bundle, _ = read(out)
    write_verdict(bundle, out, T0 + timedelta(seconds=61), interrupted=False)
    return base, out


def opened(tmp_path, text=POOLS, *, offsets=(), status=200, commit=COMMIT, used=(4, 6, 4, 5), pools=None):
    """A window with samples at these offsets; returns the command-line options and its directory."""
    plan_path, out = tmp_path / "plan.yml", tmp_path / "out"
    tmp_path.mkdir(exist_ok=True)
    plan_path.write_text(text)
    plan = read_plan(text.encode(), "plan.yml", {}, "2026-02-02")
    subject = Subject(target="http://service.test", service=plan.service.name, environment="production",
                      deployment="d-1")  # fmt: skip
    file = open_window(plan, out, subject, clock=TurnedClock(), speed=1.0)
    for offset_s in offsets:
        take(out, plan, file, offset_s, commit)
        if plan.pools:
            observation = burst("redis", (pools or {}).get(offset_s, used), offset_s)
            keep(out, plan, file, "pools", observation, offset_s)
        keep(out, plan, file, "health", http("api", {}, status=status, offset_s=offset_s), offset_s)
    return ["--plan", plan_path, "--out", out], out


def take(out, plan, file, offset_s, commit):
    """Write a sample of the platform in which the deployment is healthy."""
    found = Deployment(id="d-1", status="SUCCESS", commit=commit, created_at=T0, stopped=False,
                       can_rollback=True, instances=(Instance(id="i", status="RUNNING"),))  # fmt: skip
    look = DeploymentObservation(offset_s=offset_s, at=T0, deployment=found, active=(found,), recent=(found,))
    keep(out, plan, file, "deployment", look, offset_s)


def keep(out, plan, file, stage, observation, offset_s):
    item = loaded(plan, stage, [observation], offset_s, subject=file.subject, window=file.window)
    write_json(out / "evidence" / item.name, item.evidence)


def read(out, plan_path=None):
    """Read a window's directory as the commands do."""
    plan_path = plan_path or out.parent / "plan.yml"
    options = Namespace(out=out, plan=plan_path, target=None, without=[], corrected_plan=True)
    return judged_directory(options)


@contextmanager
def published(hub):
    """Serve the hub and yield a function that runs publish_report.py against it."""
    with github(hub) as url:
        environment = {"GITHUB_API_URL": url, "GITHUB_REPOSITORY": REPOSITORY, "GITHUB_TOKEN": TOKEN}

        def call(base, *more, name="publish_report", **variables):
            return script(name, *base, *more, environment={**environment, **variables})

        yield call


class Publisher:
    """One publishing job, run in this process on a test's clock; `told` collects its messages."""

    def __init__(self, hub, url, *, clock=None, run="1"):
        self.clock, self.told = clock or TurnedClock(), []
        connection = Connection(repository=REPOSITORY, token=TOKEN, api_url=url, author=hub.author)
        self.client = GitHub(connection, clock=self.clock, tell=self.told.append)
        self._run = PostingRun(id=run)

    def final(self, out, number=1, minutes=121):
        return self._post(partial(publish, verdict=read_verdict(out)), out, number, minutes)

    def progress(self, out, number=1, minutes=50, *, remember=False):
        self._run = replace(self._run, out=out if remember else None)
        return self._post(publish_progress, out, number, minutes)

    def lost(self, out, number=1, minutes=100, reason="no job of it is left"):
        return self._post(partial(publish_lost, reason=reason), out, number, minutes)

    def _post(self, how, out, number, minutes):
        bundle, _ = read(out)
        now = T0 + timedelta(minutes=minutes)
        return how(self.client, bundle, now=now, run=self._run, tell=self.told.append, number=number)


@contextmanager
def jobs(hub):
    """Yield a factory of publishers on the hub: `with jobs(hub) as job: job().final(out)`."""
    with github(hub) as url:
        yield lambda **more: Publisher(hub, url, **more)


def ours(hub, number, key="d-1"):
    """The bodies of our comments about a deployment (of any service) or a run."""
    first = re.compile(rf"<!-- deploy-verdict:([\w.-]+\.)?{re.escape(key)} -->\n")
    return [row["body"] for row in hub.comments[number] if first.match(row["body"])]
