"""Speed, as ratios against named peers in the same run: `make bench`. Nothing here is asserted.

Peers: a bare Python script with requests.Session for one health check and for five; hurl, k6, newman and
Tavern where they are installed; for judging and rendering, a window ten times smaller (linear is a ratio
near 10).
"""

import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

from demo.running import running
from deploy_verdict.actions.jobs.job_matrix import billed_min, later_billed_min, sample_jobs
from deploy_verdict.actions.jobs.wait_timers import environment_name, wait_timer_min
from deploy_verdict.plan import laid_out, own_layout, read_plan
from deploy_verdict.window.sampling.schedule import offsets_of

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

BARE_ONE = """
import sys, requests
answer = requests.Session().request("GET", sys.argv[1] + "/api/health", timeout=10)
answer.status_code, answer.json()
"""


class Taken(NamedTuple):
    """What a complete process took: medians, and the highest peak of memory."""

    wall_s: float
    cpu_s: float
    peak_mb: float


def timed(command, before=lambda: None):
    return timed_together({"": command}, before)[""]


def timed_together(commands, before=lambda: None):
    """Several commands in turns, so that whatever else the machine does is shared among them."""
    runs = {name: [] for name in commands}
    for number in range(ROUNDS + 1):
        for name, command in commands.items():
            before()
            began = time.perf_counter()
            process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            _, _, usage = os.wait4(process.pid, 0)
            taken = Taken(
                time.perf_counter() - began, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024
            )
            # The first compiles our modules, as only the first command after a checkout does.
            runs[name] += [taken] if number else []
    return {
        name: Taken(*map(statistics.median, (walls, cpus)), max(peaks))
        for name, (walls, cpus, peaks) in ((name, zip(*taken, strict=True)) for name, taken in runs.items())
    }


def show(name, ours_s, peer, peer_s, target=""):
    print(f"{name:<46} {ours_s:7.2f} s   {ours_s / peer_s:5.2f} × {peer} ({peer_s:.2f} s)   {target}")


def bench_start(folder):
    """What a sample job pays before it works: one health check, and only --help."""
    out, plan = folder / "start", folder / "start.yml"
    plan.write_text(
        'version: 1\nname: start\nservice: {base_url: "http://service.test"}\n'
        "health: [{name: health, get: /api/health, expect: {status: 200}}]\n"
    )
    with running(log=folder / "backend.log") as backend:
        script = str(ROOT / "scripts" / "check_health.py")
        ours = [sys.executable, script, "--plan", str(plan), "--target", backend.base_url, "--out", str(out)]
        requests = [("GET", "/api/health", None)]
        commands = {
            "ours": ours,
            "help": [sys.executable, script, "--help"],
            "bare requests script": [sys.executable, "-c", BARE_ONE, backend.base_url],
            **peers(folder, backend.base_url, requests),
        }
        taken = timed_together(commands, lambda: shutil.rmtree(out, ignore_errors=True))
    ours, help_ = taken.pop("ours"), taken.pop("help")
    for name, peer in taken.items():
        is_bare = name == "bare requests script"
        show("1 health check, wall", ours.wall_s, name, peer.wall_s, "at most 1.3" if is_bare else "")
        show("1 health check, CPU", ours.cpu_s, name, peer.cpu_s)
    bare = taken["bare requests script"]
    show("--help, CPU", help_.cpu_s, "bare requests script", bare.cpu_s, "at most 0.15 s")


def bench_health(folder):
    with running(log=folder / "backend.log") as backend:
        bare_s = timed([sys.executable, "-c", BARE, backend.base_url]).wall_s
        out = folder / "health"
        command = [sys.executable, str(ROOT / "scripts" / "check_health.py"), "--plan", str(PLAN)]
        command += ["--target", backend.base_url, "--out", str(out)]
        ours_s = timed(command, lambda: shutil.rmtree(out, ignore_errors=True)).wall_s
        show("5 health checks, whole process", ours_s, "bare requests script", bare_s, "at most 2.0")
        for name, peer in peers(folder, backend.base_url, five_requests()).items():
            show("5 health checks, whole process", ours_s, name, timed(peer).wall_s, "at most 0.6")


def five_requests():
    """The five health checks of plans/zeues.yml."""
    spool = {"tag_spool": "TEST-02", "worker_id": 93, "worker_nombre": "MR(93)", "operacion": "ARM"}
    done = {**spool, "fecha_operacion": "2026-02-02"}
    return [
        ("GET", "/api/health", None),
        ("GET", "/api/redis-connection-stats", None),
        ("POST", "/api/occupation/tomar", spool),
        ("POST", "/api/occupation/completar", done),
        ("GET", "/api/workers", None),
    ]


def peers(folder, base_url, requests):
    """The same requests for each peer that is installed and can make them here."""
    written = {
        "hurl": ("health.hurl", hurl(base_url, requests), ["hurl", "--test"]),
        "k6": ("health.js", k6(base_url, requests), ["k6", "run", "--quiet"]),
        "newman": (
            "collection.json",
            json.dumps(collection(base_url, requests)),
            ["newman", "run", "--silent"],
        ),
        "Tavern": ("test_health.tavern.yaml", json.dumps(tavern(base_url, requests)), ["tavern-ci"]),
    }
    found = {}
    for name, (file, text, command) in written.items():
        if shutil.which(command[0]) is None:
            continue
        path = folder / file
        path.write_text(text)
        if subprocess.run([*command, path], capture_output=True, check=False).returncode == 0:
            found[name] = [*command, str(path)]
        else:
            print(f"{name} is installed but fails here: it is no peer")
    return found


def hurl(base_url, requests):
    bodies = [f"\n{json.dumps(body)}" if body is not None else "" for _, _, body in requests]
    entries = [
        f"{method} {base_url}{path}{body}\nHTTP *\n[Asserts]\nstatus < 500\n"
        for (method, path, _), body in zip(requests, bodies, strict=True)
    ]
    return "\n".join(entries)


def k6(base_url, requests):
    sent = [[method, base_url + path, json.dumps(body) if body else None] for method, path, body in requests]
    return (
        "import http from 'k6/http';\n"
        "import { check } from 'k6';\n"
        "const headers = { 'Content-Type': 'application/json' };\n"
        f"const sent = {json.dumps(sent)};\n"
        "export default function () {\n"
        "  for (const [method, url, body] of sent) {\n"
        "    check(http.request(method, url, body, { headers }), { ok: (answer) => answer.status < 500 });\n"
        "  }\n"
        "}\n"
    )


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
            taken = timed(command)
            seconds, peak_mb = seconds + taken.wall_s, max(peak_mb, taken.peak_mb)
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
    from deploy_verdict.window.directory.evidence_store import write_json
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
    """A log of text and one of JSON, beside grep with the same patterns, and lnav where it is installed."""
    for kind, line in (("text", text_line), ("JSON", json_line)):
        before_s = None
        for lines in (100_000, 1_000_000):
            path, out = folder / f"{kind}{lines}.log", folder / f"{kind}{lines}"
            begin = datetime.now(UTC) - timedelta(hours=1)
            with path.open("w") as file:
                file.writelines(
                    line(number, begin + timedelta(seconds=number * 3500 / lines)) for number in range(lines)
                )
            command = [sys.executable, str(ROOT / "scripts" / "review_logs.py"), "--plan", str(PLAN)]
            command += ["--logs", str(path), "--out", str(out), "--target", "http://service.test"]
            ours = taken_once(command)
            grep = taken_once(
                ["grep", "-cE", "Too many connections|(GET|POST|PUT) /[^ ]+ [1-5][0-9][0-9]", str(path)]
            )
            name = f"review {lines} lines of {kind} (<= {ours.peak_mb:.0f} MB)"
            show(
                name,
                ours.cpu_s,
                "a tenth of it",
                before_s or ours.cpu_s,
                "at most 5 s and 100 MB for a million",
            )
            show(name, ours.cpu_s, "grep -cE", grep.cpu_s)
            if shutil.which("lnav"):
                show(name, ours.cpu_s, "lnav", taken_once(["lnav", "-n", str(path)]).cpu_s)
            before_s = ours.cpu_s


def taken_once(command):
    # A real file: grep stops at its first match where nobody reads what it prints.
    with tempfile.TemporaryFile() as printed:
        began = time.perf_counter()
        process = subprocess.Popen(command, stdout=printed, stderr=subprocess.DEVNULL)
        _, _, usage = os.wait4(process.pid, 0)
    return Taken(time.perf_counter() - began, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024)


def text_line(number, at):
    stamp = f"{at:%Y-%m-%dT%H:%M:%S}.{number % 1000:03d}Z"
    return f"{stamp} INFO backend.http: GET /api/x 200 {number} ms request={number * 7919 % 100003} ok\n"


def json_line(number, at):
    stamp = f"{at:%Y-%m-%dT%H:%M:%S}.{number % 1000:03d}Z"
    return json.dumps({"timestamp": stamp, "level": "info", "message": f"GET /api/x 200 {number} ms"}) + "\n"


def bench_railway(folder):
    """Requests to Railway of a window, by kind; each job of mode timer connects by itself."""
    plan = read_plan(PLAN.read_bytes(), str(PLAN), {"TARGET_URL": "http://x"}, "2026-01-01")
    hours, jobs = plan.window.length / 3600, len(plan.window.offsets_s)
    with running(log=folder / "railway.log") as backend:
        command = [sys.executable, str(ROOT / "scripts" / "watch_deployment.py"), "--plan", str(PLAN)]
        command += ["--target", backend.base_url, "--out", str(folder / "railway"), "--speed", "600"]
        subprocess.run(command, env={**os.environ, **backend.environment}, capture_output=True, check=False)
        with urllib.request.urlopen(backend.railway_url.replace("/graphql/v2", "/requests")) as answer:
            made = json.load(answer)
    in_jobs = sum(made.values()) + jobs - made["project_token"]
    kinds = ", ".join(f"{count} {kind}" for kind, count in sorted(made.items(), key=lambda item: -item[1]))
    print(f"requests to Railway of a window of {hours:g} h: {sum(made.values())} ({kinds})")
    print(f"in {jobs} jobs of mode timer: {in_jobs / hours:.0f} an hour   at most 40")


def bench_minutes():
    """What a window of plans/zeues.yml bills in a private repository, each job rounded up to a minute."""
    plan = read_plan((ROOT / "plans" / "zeues.yml").read_bytes(), "zeues.yml", {}, "2026-02-02")
    known = {environment_name(minutes): wait_timer_min(minutes) for minutes in range(15, 121, 15)}
    later = [later_billed_min(plan)] * len(plan.escalation.tail_checks)
    for mode in ("timer", "single", "sleep"):
        dense = {"dense_every_s": plan.window.dense_every, "one_job": True} if mode == "single" else {}
        of_mode = laid_out(plan, own_layout(plan).model_copy(update=dense))
        offsets_s = offsets_of(of_mode, dense=mode == "single")
        jobs = sample_jobs(of_mode, offsets_s, mode, elapsed_s=40.0, speed=1.0, known=known)
        window = billed_min(of_mode, jobs)
        print(
            f"billed minutes, mode {mode}: gate 1, report 1, {len(jobs)} sample jobs {window - 2}; "
            f"window {window}, with {len(later)} later samples {window + sum(later)}"
        )


def main():
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        # Compiled modules are kept here, whatever this environment says of them: an installed tool has them.
        os.environ["PYTHONPYCACHEPREFIX"] = str(folder / "compiled")
        os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
        bench_start(folder)
        bench_health(folder)
        bench_judging(folder)
        bench_logs(folder)
        bench_railway(folder)
    bench_minutes()


if __name__ == "__main__":
    main()
