"""One machine: a forbidden line is read at the next sample, and a P0 in it ends the writes that follow."""

import json
import re

import pytest

from demo.running import running
from tests.publish.test_delivery import service
from tests.running import script

PLAN = """
version: 1
name: reads
service: {base_url: "${TARGET_URL}"}
window: {length: 2h, sample_every: 15m}
test_data:
  may_write: {tag_spool: [TEST-02]}
  routes: [/api/occupation/tomar, /api/occupation/pausar, /api/occupation/completar]
  harmless: {worker_id: any, worker_nombre: any, operacion: any, fecha_operacion: any}
health: [{name: workers, get: /api/workers, expect: {status: 200}}]
e2e:
  at: [0m, 60m]
  tests:
    - name: free
      steps:
        - post: /api/occupation/pausar
          json: {tag_spool: TEST-02, worker_id: 93, worker_nombre: MR(93)}
          accept: [{status: 200}, {status: 400..499}]
logs: {must_not_appear: [{text: "Too many connections", severity: P0}]}
"""


@pytest.mark.waits
def test_a_forbidden_line_ends_the_writes_before_the_window_does(tmp_path):
    plan, out = tmp_path / "plan.yml", tmp_path / "out"
    plan.write_text(PLAN)
    with (
        running("too-many-connections-in-log", 600, log=tmp_path / "backend.log") as backend,
        service() as people,
    ):
        done = script(
            "watch_deployment",
            *("--plan", plan, "--target", backend.base_url, "--out", out),
            *("--logs", backend.log, "--speed", 600),
            environment={"DEPLOY_VERDICT_NOTIFY": people.address},
        )
    assert done.returncode == 11, done.stderr
    names = [path.name for path in (out / "evidence").iterdir()]
    minutes = {name.split(".")[1] for name in names if name.startswith("logs.")}
    assert minutes == {f"T+{minute:03d}" for minute in range(15, 121, 15)}
    assert "e2e T+60min: not run: our own writes stopped after logs/Too many connections" in done.stderr
    # Pass or fail of each sample as it comes; people are notified at the first that fails for good, once.
    lines = done.stderr.splitlines()
    failed, alarm, stopped = (
        next(number for number, line in enumerate(lines) if words in line)
        for words in ("✗ logs Too many connections: ", "ALARM: critical so far", "e2e T+60min: not run")
    )
    assert failed < alarm < stopped
    assert re.search(r"T\+0min  ✓ health: workers 200 in \d+ ms", done.stderr)
    cause = next(number for number, line in enumerate(lines) if "cause: logs/Too many connections" in line)
    assert "CRITICAL ISSUES: " in lines[cause - 1]
    assert "next: " in lines[cause + 1]
    (message,) = people.messages
    assert "CRITICAL SO FAR" in message["title"]
    again = script(
        "notify", "--plan", plan, "--out", out, environment={"DEPLOY_VERDICT_NOTIFY": people.address}
    )
    assert "CRITICAL ISSUES was already sent for this window" in again.stdout
    verdict = json.loads((out / "verdict.json").read_text())
    slots = [slot for slot in verdict["coverage"]["slots"] if slot["stage"] == "logs"]
    assert [(slot["offset_s"], slot["state"]) for slot in slots] == [(7200.0, "taken")]
    never = next(item for item in verdict["findings"] if item["rule"] == "must_not_appear")
    # The complete reading holds it too, and is the one that is told.
    assert (never["severity"], "(read at" in never["actual"]) == ("P0", False)
