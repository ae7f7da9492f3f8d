"""Speed, as ratios against named peers in the same run: `make bench`. Nothing here is asserted.

Peers: a bare Python script with requests.Session for the five health checks; newman and Tavern where
they are installed; for judging and rendering, a window ten times smaller (linear is a ratio near 10).
"""

import json
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

from demo.running import running

ROOT = Path(__file__).resolve().parents[1]
PLAN = ROOT / "plans" / "zeues.yml"
ROUNDS = 7
BARE = """
import sys, requests
session, base = requests.Session(), sys.argv[1]
spool = {"tag_spool": "TEST-02", "worker_id": 93, "worker_nombre": "MR(93)", "operacion": "ARM"}
for method, path, body in (
    ("GET", "/api/health", None),
    ("GET", "/api/redis-connection-stats", None),
    ("POST", "/api/occupation/tomar", spool),
    ("POST", "/api/occupation/completar", {**spool, "fecha_operacion": "2026-02-02"}),
    ("GET", "/api/workers", None),
):
    answer = session.request(method, base + path, json=body, timeout=10)
    answer.status_code, answer.json()
"""


def timed(command, before=lambda: None):
    """Median seconds and peak MB of a whole process."""
    seconds, peaks = [], []
    for _ in range(ROUNDS):
        before()
        began = time.perf_counter()
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        _, _, usage = os.wait4(process.pid, 0)
        seconds.append(time.perf_counter() - began)
        peaks.append(usage.ru_maxrss / 1024)
    return statistics.median(seconds), max(peaks)


def show(name, ours_s, peer, peer_s, target=""):
    print(f"{name:<46} {ours_s:7.2f} s   {ours_s / peer_s:5.2f} × {peer} ({peer_s:.2f} s)   {target}")


def bench_health(folder):
    with running(log=folder / "backend.log") as backend:
        bare_s, _ = timed([sys.executable, "-c", BARE, backend.base_url])
        out = folder / "health"
        command = [sys.executable, str(ROOT / "scripts" / "check_health.py"), "--plan", str(PLAN)]
        command += ["--target", backend.base_url, "--out", str(out)]
        ours_s, _ = timed(command, lambda: shutil.rmtree(out, ignore_errors=True))
        show("5 health checks, whole process", ours_s, "bare requests script", bare_s, "at most 2.0")
        for name, peer in peers(folder, backend.base_url).items():
            if subprocess.run(peer, capture_output=True, check=False).returncode != 0:
                print(f"{name} is installed but fails here: it is no peer")
                continue
            peer_s, _ = timed(peer)
            show("5 health checks, whole process", ours_s, name, peer_s, "at most 0.6")


def peers(folder, base_url):
    """The same five requests for newman and Tavern, where they are installed."""
    found = {}
    spool = {"tag_spool": "TEST-02", "worker_id": 93, "worker_nombre": "MR(93)", "operacion": "ARM"}
    done = {**spool, "fecha_operacion": "2026-02-02"}
    requests = [
        ("GET", "/api/health", None),
        ("GET", "/api/redis-connection-stats", None),
        ("POST", "/api/occupation/tomar", spool),
        ("POST", "/api/occupation/completar", done),
        ("GET", "/api/workers", None),
    ]
    if shutil.which("newman"):
        path = folder / "collection.json"
        path.write_text(json.dumps(collection(base_url, requests)))
        found["newman"] = ["newman", "run", str(path), "--silent"]
    if shutil.which("tavern-ci"):
        path = folder / "test_health.tavern.yaml"
        path.write_text(json.dumps(tavern(base_url, requests)))
        found["Tavern"] = ["tavern-ci", str(path)]
    return found


def collection(base_url, requests):
    schema = "https://schema.getpostman.com/json/collection/v2.1.0/collection.json"
    items = []
    for method, path, body in requests:
        request = {"method": method, "url": base_url + path}
        if body is not None:
            request["header"] = [{"key": "Content-Type", "value": "application/json"}]
            request["body"] = {"mode": "raw", "raw": json.dumps(body)}
        script = {"exec": ["pm.test('ok', () => pm.expect(pm.response.code).to.be.below(500))"]}
        items.append({"name": path, "request": request, "event": [{"listen": "test", "script": script}]})
    return {"info": {"name": "health", "schema": schema}, "item": items}


def tavern(base_url, requests):
    stages = []
    for method, path, body in requests:
        request = {"url": base_url + path, "method": method}
        if body is not None:
            request["json"] = body
        stages.append({"name": path, "request": request, "response": {"status_code": [200, 403, 409]}})
    return {"test_name": "health", "stages": stages}


def bench_judging(folder):
    before_s = None
    for samples in (9, 1000, 10_000):
        out, plan = folder / f"judge{samples}", folder / f"plan{samples}.yml"
        written(out, plan, samples)
        seconds = peak_mb = 0.0
        for script in ("judge_evidence", "render_report"):
            command = [
                sys.executable,
                str(ROOT / "scripts" / f"{script}.py"),
                "--plan",
                str(plan),
                "--out",
                str(out),
            ]
            took_s, mb = timed(command)
            seconds, peak_mb = seconds + took_s, max(peak_mb, mb)
        show(
            f"judge and render {samples} samples ({peak_mb:.0f} MB)",
            seconds,
            "the size before",
            before_s or seconds,
        )
        before_s = seconds


def written(out, plan, samples):
    """A window of one-reading samples, made by the collectors' own models."""
    sys.path.insert(0, str(ROOT / "scripts"))
    from deploy_verdict.model import Subject, WindowFile, WindowRef
    from deploy_verdict.window.evidence_store import write_json
    from tests.bundles import burst, loaded, window_of
    from tests.plans import plan_of

    text = (
        f"window: {{length: {(samples - 1) * 10}s, sample_every: 10s}}\n"
        "pools: [{name: redis, get: /s, used: $.used, limit: $.limit, burst: {for: 1s, every: 1s}}]\n"
    )
    made = plan_of(text)
    plan.write_text('version: 1\nname: small\nservice: {base_url: "http://service.test"}\n' + text)
    window = window_of(made)
    frame = WindowRef.model_validate(window.model_dump())
    for number, offset_s in enumerate(made.window.offsets_s):
        sample = burst("redis", [3 + number % 3], offset_s)
        item = loaded(made, "pools", [sample], offset_s, window=frame)
        path = out / "evidence" / item.name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(item.evidence.model_dump_json(by_alias=True))
    subject = Subject(target="http://service.test")
    write_json(
        out / "window.json",
        WindowFile(window=window, subject=subject, plan_name=made.name, plan_sha256=made.sha256),
    )


def bench_logs(folder):
    before_s = None
    for lines in (100_000, 1_000_000):
        path, out = folder / f"{lines}.log", folder / f"logs{lines}"
        now = datetime.now(UTC)
        with path.open("w") as file:
            for number in range(lines):
                at = now + timedelta(seconds=number * 7200 / lines)
                stamp = f"{at:%Y-%m-%dT%H:%M:%S}.{number % 1000:03d}Z"
                file.write(f"{stamp} INFO backend.http: GET /api/x 200 {number} ms\n")
        command = [
            sys.executable,
            str(ROOT / "scripts" / "review_logs.py"),
            "--plan",
            str(PLAN),
            "--logs",
            str(path),
        ]
        command += ["--out", str(out), "--target", "http://service.test"]
        began = time.perf_counter()
        subprocess.run(command, check=True, capture_output=True)
        seconds = time.perf_counter() - began
        peak_mb = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
        show(f"review {lines} log lines (<= {peak_mb:.0f} MB)", seconds, "a tenth of it", before_s or seconds)
        before_s = seconds


def main():
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        bench_health(folder)
        bench_judging(folder)
        bench_logs(folder)


if __name__ == "__main__":
    main()
