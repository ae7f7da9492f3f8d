"""Killed between a write and its cleanup: the next run, whatever it is for, restores the entity first."""

import json
import subprocess
import tempfile
import threading
from contextlib import contextmanager

import pytest
import requests

from demo.running import running
from deploy_verdict.base.clock import Stop, WallClock
from deploy_verdict.model import LedgerEntry
from deploy_verdict.stages.e2e.restore import restore
from deploy_verdict.window.directory import entity_lock
from deploy_verdict.window.directory.entity_lock import locked
from tests.bundles import T0
from tests.clocks import TurnedClock
from tests.running import ROOT, command, script, scrubbed
from tests.servers import json_service
from tests.stages.suites import context_of

PLAN = ROOT / "plans" / "zeues.yml"
OTHER = {"tag_spool": "TEST-02", "worker_id": 7, "worker_nombre": "ZZ(7)", "operacion": "ARM"}


class Gate:
    """Stands before the backend, and holds back the answer to the nth write, which the backend has done."""

    def __init__(self, backend, hold_at):
        self.backend, self.hold_at, self.writes = backend, hold_at, 0
        self.reached, self.go_on = threading.Event(), threading.Event()
        self._lock = threading.Lock()

    def __call__(self, method, path, body):
        answer = requests.request(method, self.backend + path, json=body, timeout=10)
        if method == "POST":
            with self._lock:
                self.writes += 1
                is_held = self.writes == self.hold_at
            if is_held:
                self.reached.set()
                self.go_on.wait(60)
        return answer.status_code, answer.text


@contextmanager
def gated(tmp_path, hold_at):
    with running(log=tmp_path / "backend.log") as backend:
        gate = Gate(backend.base_url, hold_at)
        with json_service(gate) as service:
            try:
                yield gate, service
            finally:
                gate.go_on.set()


def killed(gate, name, *arguments):
    """Run a script until its nth write has been done, and kill it there."""
    process = subprocess.Popen(
        command(name, *arguments), env=scrubbed(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        assert gate.reached.wait(60)
    finally:
        process.kill()
        process.wait()
    gate.go_on.set()


def is_free(backend):
    answer = requests.post(backend + "/api/occupation/tomar", json=OTHER, timeout=10)
    if answer.status_code == 200:
        requests.post(backend + "/api/occupation/pausar", json=OTHER, timeout=10)
    return answer.status_code == 200


def ledger_of(out):
    files = [json.loads(path.read_text()) for path in sorted((out / "evidence").glob("*.json"))]
    observed = [item for file in files for item in file["observations"] if item["kind"] == "ledger"]
    return [entry for item in observed for entry in item["entries"]]


def base(service, out):
    return ["--plan", PLAN, "--target", service.url, "--out", out, "--speed", "600"]


@pytest.mark.parametrize(
    ("name", "nth"),
    [
        ("check_health", 1),  # TOMAR, which COMPLETAR gives back
        ("run_e2e", 10),  # the race: one of two
        *(
            pytest.param("run_e2e", nth, marks=pytest.mark.complete)
            # ARM Flow: TOMAR, also after PAUSAR; History: its start; SOLD Flow: TOMAR of another operation
            for nth in (3, 5, 22, 33)
        ),
    ],
)
def test_killed_after_a_write_it_is_restored_by_the_next_run(tmp_path, name, nth):
    out = tmp_path / "out"
    with gated(tmp_path, nth) as (gate, service):
        killed(gate, name, *base(service, out))
        (open_,) = [entry for entry in ledger_of(out) if entry["state"] == "open"]
        assert "tag_spool=TEST-02" in open_["entities"]
        assert not is_free(gate.backend)
        done = script("open", *base(service, out))
        assert done.returncode == 0, done.stderr
        assert f"({open_['id']}): restored" in done.stderr
        assert is_free(gate.backend)
        again = script("open", *base(service, out))
        assert "restored" not in again.stderr
    (restored,) = [entry for entry in ledger_of(out) if entry["settles"] == open_["id"]]
    assert restored["state"] == "settled"
    finding = judged(out)
    assert finding["outcome"] == "pass"
    assert "was left dirty by" in finding["actual"]


def judged(out):
    done = script("judge_evidence", "--plan", PLAN, "--out", out, "--json")
    verdict = json.loads(done.stdout)
    (finding,) = [item for item in verdict["findings"] if item["stage"] == "test_data"]
    return finding


def test_a_run_that_finds_the_ledger_among_merged_evidence_restores_it(tmp_path):
    """The evidence of another job of this window is all that is there."""
    out, other = tmp_path / "out", tmp_path / "other"
    with gated(tmp_path, 3) as (gate, service):
        killed(gate, "run_e2e", *base(service, out))
        (other / "evidence").mkdir(parents=True)
        for path in (out / "evidence").iterdir():
            (other / "evidence" / path.name).write_bytes(path.read_bytes())
        assert ": restored" in script("open", *base(service, other)).stderr
        assert is_free(gate.backend)


def test_nothing_restored_it_so_the_verdict_names_the_entity_and_what_to_send(tmp_path):
    out = tmp_path / "out"
    with gated(tmp_path, 3) as (gate, service):
        killed(gate, "run_e2e", *base(service, out))
    finding = judged(out)
    assert finding["outcome"] == "inconclusive"
    assert "tag_spool=TEST-02 was left dirty by ARM Flow" in finding["actual"]
    assert "run again, or send: curl -X POST" in finding["actual"]


def test_two_windows_take_turns_and_the_one_that_waits_in_vain_writes_nothing(tmp_path):
    """The first is held in the middle of a test; the second asks for its turn and is not let in."""
    first, second = tmp_path / "first", tmp_path / "second"
    with gated(tmp_path, 3) as (gate, service):
        one = subprocess.Popen(command("run_e2e", *base(service, first)), env=scrubbed(),
                               stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)  # fmt: skip
        try:
            assert gate.reached.wait(60)
            environment = {"DEPLOY_VERDICT_TURN_WAIT_S": "0.5"}
            done = script("check_health", *base(service, second), environment=environment)
            assert done.returncode == 0, done.stderr
            assert gate.writes == 3
        finally:
            gate.go_on.set()
            one.wait(60)
        assert is_free(gate.backend)
    evidence = json.loads((second / "evidence" / "health.T+000.a1.json").read_text())
    seen = {item["check"]: item for item in evidence["observations"]}
    assert seen["tomar"]["fault"]["kind"] == "held"
    assert "another run of this tool was writing tag_spool=" in seen["tomar"]["fault"]["detail"]
    assert f"process {one.pid}" in seen["tomar"]["fault"]["detail"]


def test_a_409_because_a_window_on_another_machine_holds_the_spool_is_no_fail(tmp_path):
    """It takes the spool as our own worker, between our release of it and our TOMAR: no lock can tell us."""
    out = tmp_path / "out"
    with gated(tmp_path, 2) as (gate, service):
        one = subprocess.Popen(command("run_e2e", *base(service, out)), env=scrubbed(),
                               stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)  # fmt: skip
        try:
            assert gate.reached.wait(60)
            workers = requests.get(gate.backend + "/api/workers", timeout=10).json()["workers"]
            first = next(worker for worker in workers if worker["activo"])
            ours = {**OTHER, "worker_id": first["id"], "worker_nombre": f"{first['nombre']}({first['id']})"}
            taken = requests.post(gate.backend + "/api/occupation/tomar", json=ours, timeout=10)
            assert taken.status_code == 200
        finally:
            gate.go_on.set()
            one.wait(60)
    done = script("judge_evidence", "--plan", PLAN, "--out", out, "--json")
    flow = [item for item in json.loads(done.stdout)["findings"] if item["check"] == "ARM Flow"]
    passes = next(item for item in flow if item["rule"] == "passes")
    assert passes["outcome"] == "inconclusive"
    assert "another run of this tool was writing: " + ours["worker_nombre"] in passes["actual"]


def test_what_the_evidence_does_not_hold_is_not_restored_with_a_mark_in_its_place():
    """A credential of the service that only its shape shows: what is on disk is [redacted:…], not it."""
    text = """
e2e:
  tests:
    - name: cycle
      steps: [{name: take, post: /take, json: {spool: T1}, expect: {status: 200}, capture: {id: $.id}}]
      cleanup: [{name: clean, post: "/clean/{id}", json: {spool: T1}, expect: {status: 200}}]
"""
    dead = LedgerEntry(id="e2e.T+000.a1.json#0", at=T0, check="cycle", entities=("spool=T1",),
                       captured={"id": "[redacted:jwt]"})  # fmt: skip
    with json_service(lambda *_: (200, {})) as service:
        done = restore(context_of(text, service.url), dead)
        assert service.seen == []
    assert (done.state, done.told.partition(",")[0]) == ("left", "id was not captured")


def test_who_holds_an_entity_is_told_though_its_lock_has_lost_its_name(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    one, clock = WallClock(), TurnedClock()
    with locked("http://x", ["spool=T1"], "w1", clock=one, stop=Stop()):
        (lock,) = tmp_path.rglob("*.lock")
        lock.write_bytes(b"\x1b[31m\xff::error::x\n" * 50)
        real, taken = entity_lock._acquired, []

        def unnamed(file):
            lock.unlink(missing_ok=True)
            taken.append(file)
            return real(file)

        monkeypatch.setattr(entity_lock, "_acquired", unnamed)
        with locked("http://x", ["spool=T1"], "w2", clock=clock, stop=Stop(), wait_s=0.2) as why:
            assert "another run of this tool was writing spool=T1" in why
            assert len(why) < 300
    assert taken
