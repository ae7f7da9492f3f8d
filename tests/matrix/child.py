"""Run one column of the matrix in a process of its own, so that its peak memory is the product's alone.

    python -m tests.matrix.child COLUMN < {"cells": {name: address}, "out": directory}

Prints one line of JSON per cell: its outcome, the time it took, and the process's peak memory so far.
"""

import contextlib
import io
import json
import re
import resource
import sys
import time
from datetime import timedelta
from pathlib import Path

from demo.github.hub import REPOSITORY
from demo.github.serving import TOKEN
from demo.railway import ids
from demo.railway.app import PATH
from deploy_verdict.base.clock import Stop, WallClock
from deploy_verdict.cli.command import main as called
from deploy_verdict.cli.command import run
from deploy_verdict.evidence.answers.exchanges import all_sent
from deploy_verdict.github import Connection, GitHub
from deploy_verdict.github.caller import MAX_WAIT_S
from deploy_verdict.model import Loaded, Outcome, Subject
from deploy_verdict.plan import read_plan
from deploy_verdict.publish.posts import PostingRun
from deploy_verdict.publish.publisher import publish
from deploy_verdict.railway import RailwayClient, RailwayError, Token, place
from deploy_verdict.railway.connection import RailwayConnection
from deploy_verdict.redaction.redactor import Redactor
from deploy_verdict.report import REPORT_NAME
from deploy_verdict.window.directory.evidence_store import read_evidence
from deploy_verdict.window.directory.session import Runtime, open_window, start_session
from deploy_verdict.window.judge_directory import read_bundle, read_verdict, write_reports, write_verdict
from deploy_verdict.window.sampling.progress_display import ProgressDisplay
from deploy_verdict.window.watch import watch

TIMEOUT_S, BUDGET_S, SPEED = 2.0, 2.0, 240.0
# Without a fault the window must be complete, or it shows no trend; elsewhere a short one is enough.
GOOD, GOOD_SPEED = ("none", "tls", "http-1.0"), 1200.0
SHORT, WHOLE = "{length: 3m, sample_every: 1m}", "{length: 2h, sample_every: 15m}"
# Ports, the number of tries and line numbers of C differ between machines and runs.
MACHINES = re.compile(r"(?<=127\.0\.0\.1):\d+| \(asked \d+ times\)| \(_ssl\.c:\d+\)")
SERVICE = """
version: 1
name: matrix
service: {{base_url: "{url}", timeout: 2s, max_body: 2MiB}}
window: {window}
health: [{{name: stats, get: /api/redis-connection-stats, expect: {{status: 200, $.max_connections: 20}}}}]
pools:
  - {{name: redis, get: /api/redis-connection-stats, used: $.active_connections, limit: $.max_connections,
     attention: 70%, critical: 80%, burst: {{for: {burst}, every: 1s}}}}
"""
RAILWAY = f"""
version: 1
name: matrix
service: {{base_url: "http://127.0.0.1:1"}}
railway: {{project: {ids.PROJECT_ID}, service: {ids.SERVICE_ID}, environment: production}}
window: {{length: 1m, sample_every: 1m}}
"""


def service(name, url, out):
    """Run a complete window with the command itself."""
    plan = out / "plan.yml"
    is_good = name in GOOD
    plan.write_text(
        # A gauge that alternates between 3 and 4 gives nine equal readings in one window of a hundred.
        SERVICE.format(url=url, window=WHOLE if is_good else SHORT, burst="8s" if is_good else "1s")
    )
    speed = GOOD_SPEED if name in GOOD else SPEED
    arguments = ["--plan", str(plan), "--out", str(out / "run"), "--speed", str(speed)]
    with contextlib.redirect_stderr(io.StringIO()):
        code = _code(lambda: called(["watch", *arguments]))
    return {"code": code, **_seen(out / "run")}


class Stepping(WallClock):
    """A clock that is set back and forth by an hour at every reading."""

    def __init__(self):
        super().__init__()
        self._readings = 0

    def now(self):
        self._readings += 1
        return super().now() + timedelta(hours=(0, 1, -1)[self._readings % 3])


def stepping(name, url, out):
    """Run the same complete window on a clock that steps."""
    plan = read_plan(SERVICE.format(url=url, window=WHOLE, burst="8s").encode(), "plan.yml", {}, "2026-02-02")
    _watch(plan, out / "run", Stepping(), None, speed=GOOD_SPEED)
    # How early a sample seems depends on when the clock was read.
    return {"code": 0, **_seen(out / "run"), "told": ""}


def _watch(plan, out, clock, link, speed=SPEED):
    runtime = Runtime(clock=clock, stop=Stop(), tell=lambda line: None, environment={})
    target = Subject(target=plan.service.base_url, environment="production")
    file = open_window(plan, out, target, clock=clock, speed=speed)
    session = start_session(plan, out, file, runtime, railway=link)
    watched = watch(session, ProgressDisplay(io.StringIO()), None, keep_watching=True)
    file = file.model_copy(update={"ended": watched.ended})
    bundle = read_bundle(plan, out, file, ())
    verdict = write_verdict(bundle, out, clock.now(), interrupted=False)
    write_reports(bundle, verdict, out, clock.now())
    return bundle, verdict


def railway(name, url, out):
    """Run a window with the deployment stage, after resolving the place that it reads."""
    plan = read_plan(RAILWAY.encode(), "plan.yml", {}, "2026-02-02")
    clock, section = Stepping() if name == "clock" else WallClock(), plan.railway
    began_s = time.monotonic()
    try:
        token = Token(value=ids.DEMO_TOKEN, kind="project", variable="RAILWAY_TOKEN")
        client = RailwayClient(token, clock=clock, redactor=Redactor({}), url=url + PATH, timeout_s=TIMEOUT_S,
                         budget_s=BUDGET_S)  # fmt: skip
        where = place(
            client, project=section.project, service=section.service, environment=section.environment
        )
        link = RailwayConnection(client=client, place=where)
    except RailwayError as error:
        link = RailwayConnection(fault=error.fault)
    slowest_s = time.monotonic() - began_s
    _watch(plan, out / "run", clock, link)
    return {**_seen(out / "run"), "slowest_s": slowest_s}


class Hurried(WallClock):
    """Real time, but waits between tries are counted and not slept: their sum is the caller's to limit."""

    def __init__(self):
        super().__init__()
        self._waited_s = 0.0

    def monotonic_s(self):
        return super().monotonic_s() + self._waited_s

    def sleep(self, seconds):
        assert seconds <= MAX_WAIT_S
        self._waited_s += seconds


class HurriedStepping(Hurried, Stepping):
    """A hurried clock that also steps."""


def github(name, url, out):
    """Publish a judged window; errors are printed on stderr, and the report stays on disk."""
    seen = _judged(out / "run")
    told = io.StringIO()

    def main(_):
        connection = Connection(
            repository=REPOSITORY, token=TOKEN, api_url=url, author="github-actions[bot]", timeout_s=TIMEOUT_S
        )  # fmt: skip
        bundle, verdict = seen
        clock = HurriedStepping() if name == "clock" else Hurried()
        client = GitHub(connection, clock=clock)
        publish(client, bundle, verdict, now=clock.now(), run=PostingRun(), tell=print, number=1)
        return 0

    began_s = time.monotonic()
    with contextlib.redirect_stderr(told):
        code = _code(lambda: run(main))
    return {
        "code": code,
        "outcome": "published" if code == 0 else f"exit {code}",
        "faults": [],
        "told": told.getvalue().strip(),
        "report": (out / "run" / REPORT_NAME).stat().st_size > 100,
        "slowest_s": time.monotonic() - began_s,
    }


def _judged(out):
    """A judged window of a service that refuses connections: enough to publish."""
    plan = read_plan(
        SERVICE.format(url="http://127.0.0.1:1", window=SHORT, burst="1s").encode(),
        "plan.yml",
        {},
        "2026-02-02",
    )
    return _watch(plan, out, WallClock(), None)


def _code(main):
    with contextlib.redirect_stdout(io.StringIO()):
        try:
            return main()
        except SystemExit as ended:
            return ended.code


def _seen(out):
    """What the evidence, the verdict and the report of a window say."""
    loaded = [item for item in read_evidence(out / "evidence") if isinstance(item, Loaded)]
    exchanges = [sent.exchange for sent in all_sent(loaded)]
    looks = [seen for item in loaded for seen in item.evidence.observations if seen.kind == "deployment"]
    verdict = read_verdict(out)
    told = [finding.actual for finding in verdict.findings if finding.outcome is not Outcome.PASS]
    faults = {(found.fault.kind, found.fault.whose.value) for found in [*exchanges, *looks] if found.fault}
    return {
        "faults": sorted(faults),
        "outcome": verdict.outcome.shown,
        "told": told[0] if told else "",
        "report": verdict.outcome.shown in (out / REPORT_NAME).read_text(),
        "slowest_s": max((found.elapsed_ms or 0 for found in exchanges), default=0) / 1000,
    }


COLUMNS = {"service": service, "railway": railway, "github": github}


def peak_mb():
    """The peak resident memory of this process, in MB.

    Linux hands `ru_maxrss` down through fork and exec: a child of a large pytest worker would be charged with
    its parent's memory (`setmax_mm_hiwater_rss` in the kernel's exec). VmHWM is its own.
    """
    status = Path("/proc/self/status")
    if not status.exists():
        return (
            resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
            / 1024
            / (1024 if sys.platform == "darwin" else 1)
        )
    words = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM:")).split()
    return int(words[1]) / 1024


def main():
    asked = json.loads(sys.stdin.read())
    column = sys.argv[1]
    for name, url in asked["cells"].items():
        out = Path(asked["out"]) / name
        out.mkdir(parents=True)
        began_s = time.monotonic()
        cell = (stepping if (column, name) == ("service", "clock") else COLUMNS[column])(name, url, out)
        cell |= {
            "name": name,
            "took_s": time.monotonic() - began_s,
            "peak_mb": peak_mb(),
        }
        cell["told"] = MACHINES.sub("", cell["told"])
        print(json.dumps(cell), flush=True)


if __name__ == "__main__":
    main()
