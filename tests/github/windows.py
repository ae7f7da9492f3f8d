"""Windows to publish, and the ways to publish them on a demo's GitHub."""

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
    """A judged window on a deployment of a commit: STABLE, or CRITICAL with status 500."""
    base, out = opened(tmp_path, text, offsets=(0.0, 60.0), status=status, commit=commit)
    bundle, _ = read(out)
    write_verdict(bundle, out, T0 + timedelta(seconds=61), interrupted=False)
    return base, out


def opened(tmp_path, text=POOLS, *, offsets=(), status=200, commit=COMMIT, used=(4, 6, 4, 5), pools=None):
    """A window of which the looks at these offsets were taken; returns the options, and its directory."""
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
    """A look at the platform, where all is well."""
    found = Deployment(id="d-1", status="SUCCESS", commit=commit, created_at=T0, stopped=False,
                       can_rollback=True, instances=(Instance(id="i", status="RUNNING"),))  # fmt: skip
    look = DeploymentObservation(offset_s=offset_s, at=T0, deployment=found, active=(found,), recent=(found,))
    keep(out, plan, file, "deployment", look, offset_s)


def keep(out, plan, file, stage, observation, offset_s):
    item = loaded(plan, stage, [observation], offset_s, subject=file.subject, window=file.window)
    write_json(out / "evidence" / item.name, item.evidence)


def read(out, plan_path=None):
    """As the scripts read a directory."""
    plan_path = plan_path or out.parent / "plan.yml"
    options = Namespace(out=out, plan=plan_path, target=None, without=[], corrected_plan=True)
    return judged_directory(options)


@contextmanager
def published(hub):
    """How to run publish_report.py against the hub."""
    with github(hub) as url:
        environment = {"GITHUB_API_URL": url, "GITHUB_REPOSITORY": REPOSITORY, "GITHUB_TOKEN": TOKEN}

        def call(base, *more, name="publish_report", **variables):
            return script(name, *base, *more, environment={**environment, **variables})

        yield call


class Publisher:
    """One job that publishes, in this process and on a clock that a test turns; `told` is its stderr."""

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
    """Publishers on the hub: `with jobs(hub) as job: job().final(out)`."""
    with github(hub) as url:
        yield lambda **more: Publisher(hub, url, **more)


def ours(hub, number, key="d-1"):
    """Our comments about a deployment of whichever service, or about a run."""
    first = re.compile(rf"<!-- deploy-verdict:([\w.-]+\.)?{re.escape(key)} -->\n")
    return [row["body"] for row in hub.comments[number] if first.match(row["body"])]
