"""A pipeline of real scripts between the demo's service, its Railway and its GitHub."""

import copy
import json
import shutil
import subprocess
import sys
import time
from collections import Counter
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from demo.github.hub import Hub
from demo.github.serving import TOKEN, github
from demo.railway import ids
from demo.running import running
from deploy_verdict.window.judge_directory import read_verdict
from tests.publish.test_delivery import service
from tests.running import program, scrubbed

INJECTOR = Path(__file__).with_name("injector.py")
RUN = 500
SPEED = 600
# The outcome of an uninterrupted window on the demo with this fault.
OUTCOMES = {"none": "stable", "log-silent": "inconclusive", "completar-bug": "critical"}
# The checks whose data the service itself refuses to restore: its answers to COMPLETAR are the fault.
LEFT = {"completar-bug": ("completar",)}
# A sped-up window tolerates two real minutes of delay; an older one would have gaps of its own.
FRESH_S = 90.0
PLAN = """\
version: 1
name: killing
service: {base_url: "${TARGET_URL}", name: zeues-backend, fresh_within: 3m}
railway: {project: "${RAILWAY_PROJECT_ID}", service: "${RAILWAY_SERVICE_ID}", environment: production}
window: {length: 2h, sample_every: 30m}
test_data:
  may_write: {tag_spool: [TEST-02]}
  routes: [/api/occupation/tomar, /api/occupation/pausar, /api/occupation/completar]
  harmless: {worker_id: any, worker_nombre: any, operacion: any, fecha_operacion: any}
health:
  - {name: api, get: /api/health, expect: {status: 200, $.status: healthy}}
  - {name: stats, get: /api/redis-connection-stats, expect: {status: 200, $.max_connections: 20}}
  - name: completar
    post: /api/occupation/completar
    json: {tag_spool: TEST-02, worker_id: 93, worker_nombre: MR(93), operacion: ARM,
           fecha_operacion: "${TODAY}"}
    expect: {status: {below: 500, severity: P0}}
    accept: [{status: 200}, {status: 403, because: "worker 93 does not hold it"}]
e2e:
  at: [0m, 120m]
  tests:
    - name: flow
      steps:
        - post: /api/occupation/tomar
          json: &who {tag_spool: TEST-02, worker_id: 93, worker_nombre: MR(93), operacion: ARM}
          expect: {status: 200}
        - {name: pausar, post: /api/occupation/pausar, json: *who, expect: {status: 200}}
      cleanup:
        - name: release
          post: /api/occupation/pausar
          json: *who
          accept: [{status: 200}, {status: 400..499, because: "not held"}]
pools:
  - name: redis
    get: /api/redis-connection-stats
    used: $.active_connections
    limit: $.max_connections
    exercise: {ask: [api], at_once: 6, times: 2, rounds: 7, for: 10s}
    safe_for: 1h
    burst: {for: 10s, every: 1s}
    return_to_floor: {test: flow, cycles: 20, rate: 50/s, settle: 5s}
exposure:
  - {name: flow, operation: e2e/flow, at_least: 6, top_up: {of: e2e/flow, at_most: 10, every: 2s}}
logs: {must_not_appear: ["Too many connections"], canary: {regex: '(GET|POST) /api/'}}
traffic: {max_5xx: 0%, excludes: 10%}
metrics: {}
github: {fail_run_on: never}
# Under a bug too every step is there to be broken.
escalation: {keep_writing: true}
"""
BASE = ("--plan", "out/plan.yml", "--out", "out")
JOBS = {
    "ci gate": ("--service", "..", "--plan", "plan.yml", "--out", "out"),
    "sample deployment": (*BASE, "--if-due"),
    "check_health": (*BASE, "--if-due"),
    "sample_pools": (*BASE, "--if-due", "--offset", "0m"),
    "sample exercise": (*BASE, "--if-due"),
    "run_e2e": (*BASE, "--if-due"),
    "ci progress": BASE,
    # Before the sample job, which would drive both, so that each is broken by itself.
    "sample floor": BASE,
    "sample top_up": BASE,
    "ci sample": (*BASE, "--samples", "all"),
    "ci close": BASE,
    "judge_evidence": BASE,
    "render_report": BASE,
    "notify": BASE,
    "publish_report": BASE,
    "ci conclude": BASE,
}
ONE_PROCESS = {
    "watch_deployment": ("--plan", "../plan.yml", "--out", "out", "--speed", str(SPEED)),
    "publish_report": (*BASE, "--number", "1"),
}
NOTIFY = "notify"
PIPELINES = {"jobs": JOBS, "one process": ONE_PROCESS}


@dataclass
class Place:
    """A directory in which the pipeline runs, the GitHub that it sees, and the notifications that it sent.

    `left` are the checks after which nobody can restore the test entity.
    """

    folder: Path
    hub: Hub
    pipeline: dict[str, tuple[str, ...]]
    environment: dict[str, str] = field(default_factory=dict)
    left: tuple[str, ...] = ()
    told: list[dict[str, str]] = field(default_factory=list)

    @property
    def out(self):
        return self.folder / "out"

    def copied(self, folder):
        shutil.copytree(self.folder, folder)
        return replace(self, folder=folder, hub=copy.deepcopy(self.hub), told=[*self.told])

    def run(self, step, *, at=0, fault="kill", kind=None, arguments=None):
        """Run a step as a process; the fault hits operation `at` (of a kind), or none if it is 0."""
        count = self.folder.with_name(f"{self.folder.name}.count")
        told = {"root": str(self.folder), "at": at, "fault": fault, "count": str(count), "kind": kind}
        command = [sys.executable, str(INJECTOR), json.dumps(told), *program(step)]
        with github(self.hub) as url, service() as people:
            done = subprocess.run(
                [*command, *(arguments or self.pipeline[step])], cwd=self.folder,
                env=self._variables(url, people.address if step == NOTIFY else ""),
                capture_output=True, text=True, timeout=120,
            )  # fmt: skip
        self.told += people.messages
        done.operations = json.loads(count.read_text() or "[]")
        return done

    def _variables(self, url, address):
        ours = {
            "GITHUB_API_URL": url, "GITHUB_REPOSITORY": self.hub.repository, "GITHUB_TOKEN": TOKEN,
            "GITHUB_RUN_ID": str(RUN), "GITHUB_EVENT_NAME": "workflow_dispatch", "GITHUB_SHA": "c" * 40,
            "GITHUB_OUTPUT": str(self.folder / "outputs"),
            "GITHUB_STEP_SUMMARY": str(self.folder / "summary"),
            "INPUTS": json.dumps({"mode": "timer", "number": "1"}), "DEPLOY_VERDICT_SPEED": str(SPEED),
            "DEPLOY_VERDICT_NOTIFY": address,
        }  # fmt: skip
        return scrubbed({**self.environment, **ours})


@dataclass
class World:
    """The demo and its uninterrupted runs; `before` holds the state in which each step starts."""

    folder: Path
    environment: dict[str, str]
    fault: str
    number: int = 0
    taken_s: float = -FRESH_S
    before: dict[tuple[str, str], Place] = field(default_factory=dict)
    operations: dict[tuple[str, str], list[str]] = field(default_factory=dict)
    uninterrupted: Counter[str] = field(default_factory=Counter)

    @property
    def outcome(self):
        return OUTCOMES[self.fault]

    def refresh(self, pipeline="jobs"):
        """Run a pipeline to its end, unless it ran already; the jobs again once that is too long ago."""
        old = pipeline == "jobs" and time.monotonic() - self.taken_s > FRESH_S
        if old or (pipeline, "publish_report") not in self.before:
            self._run(pipeline)
            self.taken_s = time.monotonic() if pipeline == "jobs" else self.taken_s

    def new_folder(self):
        self.number += 1
        return self.folder / f"{self.number:04d}"

    def new_place(self, pipeline):
        """An empty directory, and a GitHub with the incident's issue and our run."""
        hub = Hub()
        hub.add_issue(1, body="the incident", author="sescanella")
        hub.add_run(RUN, display_title="verify by hand", status="in_progress", head_sha=ids.LIVE_COMMIT)
        place = Place(self.new_folder(), hub, PIPELINES[pipeline], self.environment, LEFT.get(self.fault, ()))
        place.folder.mkdir()
        return place

    def _run(self, kind):
        place = self.new_place(kind)
        for step in place.pipeline:
            self.before[kind, step] = place.copied(self.new_folder())
            done = place.run(step)
            assert done.returncode in (0, 10, 11, 12), (step, done.returncode, done.stderr)
            assert "Traceback" not in done.stderr
            self.operations[kind, step] = done.operations
        self.uninterrupted[read_verdict(place.out).outcome.value] += 1


@contextmanager
def world(folder, fault="none"):
    """A demo that runs as long as the block, with the plan beside its places."""
    (folder / "plan.yml").write_text(PLAN)
    with running(fault=fault, speed=SPEED, log=folder / "backend.log") as backend:
        yield World(folder, {**backend.environment, "TARGET_URL": backend.base_url}, fault)
