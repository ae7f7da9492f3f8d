"""self-test.yml, release.yml and the one step to adopt, by act: as far as act can show what GitHub does."""

import json
import os
import re
import shutil
import subprocess
from contextlib import contextmanager
from http.server import ThreadingHTTPServer
from threading import Thread
from types import SimpleNamespace

import pytest

from demo.github.hub import Hub
from demo.github.serving import github
from demo.http_handler import Handler
from demo.running import running
from deploy_verdict import __version__
from tests.running import ROOT
from tests.workflow.acting import Acting, as_act_reads_it

pytestmark = pytest.mark.waits
RUN = 700
FILES = ("action.yml", "requirements.txt", "requirements-dev.txt")
FOLDERS = (".ci", "demo", "report_templates", "schemas", "scripts")
PLANS = ("self-test-plan.yml", "self-test-demo.yml")
GH = '#!/bin/sh\necho "$@" >> "$STAND_IN_GH"\n'
ADOPTED = "verify-in-one-job.yml"
RELEASED = ("CHANGELOG.md", "LICENSE", "README.md", "pyproject.toml")


@contextmanager
def page():
    """What GitHub's status page answers, as far as the plan reads it."""

    class Answering(Handler):
        def do_GET(self):
            body = json.dumps({"page": {"name": "GitHub"}}).encode()
            self.send_response(200 if self.path == "/api/v2/status.json" else 404)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Answering)
    Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def copy_tool(folder):
    """What the action needs of our repository, into this folder."""
    for name in FOLDERS:
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in FILES:
        shutil.copy(ROOT / name, folder)


@contextmanager
def our_repository(folder, *, speed):
    """The repository of deploy-verdict itself, as its workflows find it."""
    hub = Hub()
    hub.add_run(RUN, display_title="self-test", status="in_progress")
    nothing = SimpleNamespace(base_url="", railway_url="", environment=dict.fromkeys((
        "RAILWAY_PROJECT_ID", "RAILWAY_SERVICE_ID", "RAILWAY_ENVIRONMENT", "RAILWAY_TOKEN"), ""))  # fmt: skip
    with github(hub) as url:
        acting = Acting(folder, url, nothing, variables={"DEPLOY_VERDICT_SPEED": speed})
        copy_tool(acting.service)
        plans = acting.service / "tests" / "workflow"
        plans.mkdir(parents=True)
        for name in PLANS:
            shutil.copy(ROOT / "tests" / "workflow" / name, plans)
        yield hub, acting
    assert hub.mistakes == []
    assert {method for method, _ in hub.requests} <= {"GET"}, "a dry run wrote on GitHub"


def with_gh(folder):
    """A gh that notes what it is asked for, as variables of the run."""
    program = folder / "bin" / "gh"
    program.parent.mkdir()
    program.write_text(GH)
    program.chmod(0o755)
    return {"PATH": f"{program.parent}:{os.environ['PATH']}", "STAND_IN_GH": str(folder / "gh.log")}


def asked_of_gh(folder):
    return (folder / "gh.log").read_text().splitlines()


FAULTS = {"none": "STABLE", "completar-bug": "CRITICAL ISSUES"}


@pytest.mark.parametrize(
    "faults", [("completar-bug",), pytest.param(tuple(FAULTS), marks=pytest.mark.complete)], ids=len
)
def test_one_step_watches_the_demo_and_each_mode_is_started(tmp_path, faults):
    """The action installs itself into a place of its own, so each fault takes the time of one install."""
    with our_repository(tmp_path, speed="30") as (_, acting):
        workflow = acting.repository / ".github" / "workflows" / "self-test.yml"
        rows = [row for row in workflow.read_text().splitlines() if "- {fault: " in row]
        assert len(rows) == len(FAULTS)
        left_out = [row for row in rows if not any(f"fault: {fault}," in row for fault in faults)]
        for row in left_out:
            workflow.write_text(workflow.read_text().replace(f"{row}\n", ""))
        code = acting.run(
            "push", {"ref": "refs/heads/main"}, run=RUN, workflow="self-test.yml", **with_gh(tmp_path)
        )
        log = acting.log(RUN)
        assert code == 0, log[-8000:]
    assert {fault for fault, words in FAULTS.items() if words in log} >= set(faults)
    started = sorted(line.split("mode=")[1] for line in asked_of_gh(tmp_path))
    assert started == ["single", "sleep", "timer"]


COMPLETE = [pytest.param(mode, marks=pytest.mark.complete) for mode in ("sleep", "timer")]


@pytest.mark.parametrize("mode", ["single", *COMPLETE])
def test_a_called_window_in_each_mode_hands_its_outcome_on(tmp_path, mode):
    with page() as url, our_repository(tmp_path, speed="10") as (_, acting):
        inputs = {"mode": mode, "target": url}
        code = acting.run("workflow_dispatch", {"inputs": inputs}, run=RUN, workflow="self-test.yml")
        assert code == 0, acting.log(RUN)[-8000:]
        verdict = json.loads(acting.file(RUN, "report-a1", "verdict.json").read_text())
    assert verdict["outcome"] == "stable"
    assert "Success - Main Expect a stable window" in acting.log(RUN)


@pytest.mark.complete
def test_a_tag_becomes_a_release_and_moves_the_major_versions(tmp_path):
    tag = f"v{__version__}"
    with our_repository(tmp_path, speed="1") as (_, acting):
        for name in RELEASED:
            shutil.copy(ROOT / name, acting.service)
        shutil.copytree(ROOT / "docs" / "adopt", acting.service / "docs" / "adopt")
        (acting.service / "tests" / "supply").mkdir()
        shutil.copy(ROOT / "tests" / "supply" / "release.py", acting.service / "tests" / "supply")
        event = {"ref": f"refs/tags/{tag}"}
        code = acting.run("push", event, run=RUN, workflow="release.yml", **with_gh(tmp_path))
        assert code == 0, acting.log(RUN)[-6000:]
        assert acting.file(RUN, "dist-a1", "notes.md").read_text().startswith("The first release.")
    created, moved = asked_of_gh(tmp_path)
    wheel = f"dist/deploy_verdict-{__version__}-py3-none-any.whl"
    assert created.startswith(f"release create {tag} {wheel} --repo example/zeues --verify-tag")
    assert "--method PATCH repos/example/zeues/git/refs/tags/v0 -f sha=" in moved


class Adopting(Acting):
    """A service's repository with the one file to copy; our repository lies beside, as the action's."""

    def __post_init__(self):
        super().__post_init__()
        self.tool = self.folder / "tool"
        self.tool.mkdir()
        copy_tool(self.tool)
        text = as_act_reads_it((ROOT / "docs" / "adopt" / ADOPTED).read_text())
        (self.action,) = re.findall(r"uses: (OWNER/deploy-verdict@[0-9a-f]{40})", text)
        text = text.replace("length: 30m", 'length: 30m\n          speed: "300"')
        (self.repository / ".github" / "workflows" / ADOPTED).write_text(text)
        shutil.copy(ROOT / "tests" / "workflow" / "self-test-demo.yml", self.service / "verification.yml")
        self.commit = subprocess.check_output(
            ["git", "rev-parse", "HEAD"], cwd=self.repository, text=True
        ).strip()

    def command(self, event, payload, workflow):
        return [
            *super().command(event, payload, workflow),
            "--local-repository",
            f"{self.action}={self.tool}",
        ]


@pytest.mark.complete
def test_the_file_to_copy_posts_a_broken_deployment_and_is_green_as_the_plan_wants(tmp_path):
    hub = Hub()
    hub.add_issue(7, body="Move to a connection pool", author="sescanella", title="pull request 7")
    with (
        running(fault="completar-bug", speed=300.0, log=tmp_path / "backend.log") as backend,
        github(hub) as url,
    ):
        acting = Adopting(tmp_path, url, backend, environment={"TARGET_URL": backend.base_url})
        hub.pulls[acting.commit] = [7]
        code = acting.run("push", {"ref": "refs/heads/main"}, run=RUN, workflow=ADOPTED)
        log = acting.log(RUN)
        assert code == 0, log[-6000:]
    assert hub.mistakes == []
    (body,) = [row["body"] for row in hub.comments[7]]
    assert "CRITICAL ISSUES" in body
    assert [row["state"] for row in hub.statuses if row["sha"] == acting.commit] == ["failure"]
    assert re.search(r"set-output:: comment-url=http\S+", log)
    assert "CRITICAL ISSUES: the run is green" in log
