"""Real disks: full, read-only, with files that may not grow; and an output that nobody can take."""

import json
import os
import resource
import subprocess
from contextlib import contextmanager
from pathlib import Path

import pytest

from demo.github.hub import Hub
from deploy_verdict.model import Loaded
from deploy_verdict.window.directory.evidence_store import read_evidence
from deploy_verdict.window.directory.history import EarlierVerdict
from tests.github.windows import ours, published, window
from tests.running import command, script, scrubbed
from tests.test_scripts import PLAN, service

AS_ROOT = () if os.getuid() == 0 else ("sudo", "-n")
NOW = "make room there or make it writable, then run the same command again"


class Disk:
    """A small disk in memory, mounted beneath a directory."""

    def __init__(self, folder):
        self.folder = folder

    def mount(self, options, *more):
        done = subprocess.run(
            [*AS_ROOT, "mount", "-t", "tmpfs", "-o", options, *more, "tmpfs", str(self.folder)],
            capture_output=True, text=True,
        )  # fmt: skip
        return done.stderr if done.returncode else None

    def again(self, options):
        assert self.mount(f"remount,{options}") is None


@contextmanager
def mounted(folder, options):
    folder.mkdir()
    disk = Disk(folder)
    refused = disk.mount(f"mode=777,{options}")
    if refused:
        missing = pytest.fail if os.environ.get("DEPLOY_VERDICT_ALLOW_SKIPS") == "0" else pytest.skip
        missing(f"no disk can be mounted here: {refused}")
    try:
        yield disk
    finally:
        subprocess.run([*AS_ROOT, "umount", str(folder)], check=True)


@pytest.fixture
def watch(tmp_path):
    """Runs a whole window on a healthy service, with its directory on the disk."""
    plan = tmp_path / "plan.yml"
    plan.write_text(PLAN)
    with service() as url:
        out = tmp_path / "disk" / "out"
        yield lambda: script(
            "watch_deployment", "--plan", plan, "--target", url, "--out", out, "--speed", 7200
        )


def whole(out):
    found = read_evidence(out / "evidence")
    assert all(isinstance(item, Loaded) for item in found)
    assert not list(out.rglob(".*.tmp"))
    return {item.name: (out / "evidence" / item.name).read_bytes() for item in found
            if not item.evidence.interrupted}  # fmt: skip


def test_a_full_disk_ends_with_what_to_do_and_the_window_goes_on_when_there_is_room(tmp_path, watch):
    out = tmp_path / "disk" / "out"
    with mounted(tmp_path / "disk", "size=32k") as disk:
        done = watch()
        assert (done.returncode, done.stdout) == (3, "")
        assert done.stderr.splitlines()[-1].endswith(f"cannot be written (No space left on device) — {NOW}")
        before = whole(out)
        disk.again("size=4m")
        again = watch()
        assert (again.returncode, again.stdout.split()[0]) == (0, "STABLE"), again.stderr
        after = whole(out)
        assert {name: after[name] for name in before} == before


def test_a_read_only_disk_ends_with_what_to_do(tmp_path, watch):
    with mounted(tmp_path / "disk", "size=4m") as disk:
        disk.again("ro")
        done = watch()
        assert (done.returncode, done.stdout) == (3, "")
        assert done.stderr.splitlines()[-1].endswith(f"cannot be written (Read-only file system) — {NOW}")
        disk.again("rw")
        assert watch().returncode == 0


def test_an_older_verdict_that_cannot_be_removed_is_told(tmp_path):
    with mounted(tmp_path / "disk", "size=4m") as disk:
        base, _ = window(tmp_path / "disk" / "w")
        disk.again("ro")
        done = script("judge_evidence", *base)
        assert done.returncode == 3
        assert "verdict.json: cannot be removed (Read-only file system) — make room" in done.stderr


def test_files_that_may_not_grow(tmp_path):
    base, out = window(tmp_path)

    def small():
        resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))

    done = subprocess.run(
        command("render_report", *base), preexec_fn=small, env=scrubbed(), capture_output=True, text=True
    )
    assert done.returncode == 3
    assert "REPORT.md: cannot be written (File too large) — make room" in done.stderr
    assert not list(out.rglob(".*.tmp"))
    assert not (out / "POST-DEPLOYMENT-MONITORING-REPORT.md").exists()


def test_an_output_that_nobody_can_take_is_no_crash(tmp_path):
    base, out = window(tmp_path)
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            command("judge_evidence", *base), stdout=full, stderr=subprocess.PIPE, env=scrubbed(), text=True
        )
    assert done.returncode == 3
    assert done.stderr == "the output: No space left on device — make room there, then run it again\n"
    assert json.loads((out / "verdict.json").read_text())["outcome"] == "stable"


def test_a_torn_line_of_the_history_costs_itself_only(tmp_path):
    base, out = window(tmp_path)
    script("judge_evidence", *base)
    path = out.parent / "history.jsonl"
    (first,) = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(first + first[: len(first) // 2])
    script("judge_evidence", *base)
    lines = path.read_bytes().splitlines()
    assert [lines[0], lines[1]] == [first.strip(), first[: len(first) // 2]]
    assert EarlierVerdict.model_validate_json(lines[2])


def test_a_summary_that_cannot_be_written_costs_no_comment(tmp_path):
    base, _ = window(tmp_path)
    hub = Hub()
    hub.add_issue(1, author="sescanella")
    with published(hub) as publish:
        done = publish(base, "--number", 1, GITHUB_STEP_SUMMARY="/dev/full")
    assert done.returncode == 0, done.stderr
    assert "GITHUB_STEP_SUMMARY: /dev/full cannot be written (No space left on device)" in done.stderr
    assert len(ours(hub, 1)) == 1
