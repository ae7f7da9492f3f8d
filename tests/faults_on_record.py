"""The recorded evidence of a fault of the demo (tests/faults), judged as the day it was recorded."""

import json
import lzma
import tarfile
import tempfile
from datetime import timedelta
from functools import cache
from pathlib import Path

from demo.railway import ids
from deploy_verdict.evidence.bundle import Bundle
from deploy_verdict.model import Verdict
from deploy_verdict.plan import Plan, asked_once, read_plan
from deploy_verdict.verdict.judge import judge
from deploy_verdict.window.directory.session import read_window
from deploy_verdict.window.judge_directory import read_bundle

ROOT = Path(__file__).resolve().parents[1]
EVIDENCE = ROOT / "tests" / "faults"
VARIABLES = {"TARGET_URL": "http://service.test", "RAILWAY_PROJECT_ID": ids.PROJECT_ID,
             "RAILWAY_SERVICE_ID": ids.SERVICE_ID}  # fmt: skip
OFFERED = "# return_to_floor: {test: ARM Flow, cycles: 1000, rate: 20/s, settle: 30s}"
DRIVEN = "return_to_floor: {test: ARM Flow, cycles: 250, rate: 50/s, settle: 30s}"


def unpack_fault(fault: str, out: Path) -> None:
    """The fault's directory as it was when its window ended."""
    with lzma.open(EVIDENCE / f"{fault}.tar.xz") as packed, tarfile.open(fileobj=packed) as files:
        # As an attribute: the parameter came with Python 3.11.4.
        files.extraction_filter = getattr(tarfile, "data_filter", None)
        files.extractall(out)
    leave_out_the_server(out)


def leave_out_the_server(out: Path) -> None:
    """As where REDIS_PUBLIC_URL is not given: these were recorded before the plan asked Redis itself."""
    for path in (out / "evidence").glob("pools.*.json"):
        evidence = json.loads(path.read_text())
        burst = next((item for item in evidence["observations"] if item["check"] == "redis"), None)
        if burst and not any(item["check"] == "redis-server" for item in evidence["observations"]):
            server = {"check": "redis-server", "url": "redis://", "readings": [], "not_asked": True}
            evidence["observations"].append({**burst, **server, "interrupted": False})
            path.write_text(json.dumps(evidence))


def plan_text_for(fault: str) -> str:
    """The demo's plan; what no window sees takes the cycles that it offers beside."""
    text = (ROOT / "plans" / "zeues.yml").read_text(encoding="utf-8")
    if fault != "request-leak":
        return text
    assert OFFERED in text
    return text.replace(OFFERED, DRIVEN)


def bundle_of_fault(fault: str, out: Path) -> Bundle:
    """The evidence of an unpacked fault with the plan of today."""
    file = read_window(out)
    assert file is not None
    plan = _plan_read(plan_text_for(fault), f"{file.window.t0:%Y-%m-%d}")
    if not (out / "evidence" / "health.T+015.a1.json").exists():
        # Recorded when a check was asked once.
        plan = asked_once(plan)
    # The plan's text may grow comments without making the evidence foreign.
    return read_bundle(plan, out, file, (), corrected_plan=True)


@cache
def _plan_read(text: str, day: str) -> Plan:
    return read_plan(text.encode(), "plan.yml", VARIABLES, day)


@cache
def judged_fault(fault: str) -> tuple[Bundle, Verdict]:
    """The bundle and the verdict, five minutes after T0; nothing stays on disk."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder)
        unpack_fault(fault, out)
        bundle = bundle_of_fault(fault, out)
        at = bundle.window.t0 + timedelta(minutes=5)
        return bundle, judge(bundle, judged_at=at, tool_version="0")
