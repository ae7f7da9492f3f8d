"""Run the real workflow files with nektos/act in host mode, between the demo's backend, Railway and GitHub.

Only two things differ from GitHub: first-party actions are our stand-ins (actions/), and `deployment: false`,
which act's schema does not know, is removed from the copy that act reads. act ignores environments, wait
timers, concurrency and permissions.
"""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from demo.github.serving import TOKEN
from tests.running import ROOT, scrubbed

WORKFLOWS = ROOT / ".github" / "workflows"
ACTIONS = Path(__file__).with_name("actions")


def act_program():
    """The path of act; without it, skips the test, or fails it if DEPLOY_VERDICT_ALLOW_SKIPS is 0."""
    found = shutil.which("act") or shutil.which("act", path=str(Path.home() / "go" / "bin"))
    if found is None:
        missing = pytest.fail if os.environ.get("DEPLOY_VERDICT_ALLOW_SKIPS") == "0" else pytest.skip
        missing("act is not installed: go install github.com/nektos/act@v0.2.87 (needs Go 1.24)")
    return found


def as_act_reads_it(text):
    """The workflow without `deployment: false`, which act's schema does not know."""
    return re.sub(
        r"^ +deployment: false\n", "", text.replace(", deployment: false}", "}"), flags=re.MULTILINE
    )


FEWER_WRITES = {
    "beside: [system-health, tomar, completar]": "beside: [system-health]",
    "at: [0m, 60m, 120m]": "at: [0m, 120m]",
    "occupation/completar, at_least: 15": "occupation/completar, at_least: 8",
    "operation: e2e/ARM Flow, at_least: 3": "operation: e2e/ARM Flow, at_least: 2",
}


def planned(text):
    """The plan with fewer writes, so that the sped-up samples and suites of different jobs do not overlap.

    In real time fifteen minutes lie between them.
    """
    for there, instead in FEWER_WRITES.items():
        assert there in text
        text = text.replace(there, instead)
    return text


@dataclass
class Acting:
    """A repository with the workflows in it, and the artifacts and logs of its runs."""

    folder: Path
    github_url: str
    backend: object
    variables: dict = field(default_factory=dict)
    secrets: dict = field(default_factory=dict)
    environment: dict = field(default_factory=dict)
    moments: dict = field(default_factory=dict)

    def __post_init__(self):
        self.repository, self.service = self.folder / "repository", self.folder / "service"
        self.artifacts = self.folder / "artifacts"
        kept = self.repository / ".github" / "workflows"
        kept.mkdir(parents=True)
        for path in WORKFLOWS.glob("*.yml"):
            (kept / path.name).write_text(as_act_reads_it(path.read_text()))
        (self.service / "plans").mkdir(parents=True)
        self.artifacts.mkdir()
        (self.service / "plans" / "zeues.yml").write_text(planned((ROOT / "plans" / "zeues.yml").read_text()))
        for command in (("init", "-q"), ("add", "-A"), ("commit", "-qm", "workflows")):
            identity = ["-c", "user.name=test", "-c", "user.email=test@test"]
            subprocess.run(["git", *identity, *command], cwd=self.repository, check=True)

    def command(self, event, payload, workflow):
        path = self.folder / f"{event}.json"
        path.write_text(json.dumps(payload))
        setup = (WORKFLOWS.parent / "actions" / "setup" / "action.yml").read_text()
        # A called workflow uses actions too.
        texts = [path.read_text() for path in WORKFLOWS.glob("*.yml")]
        stand_ins = set(re.findall(r"uses: (actions/([\w-]+)@[0-9a-f]{40})", "".join([*texts, setup])))
        variables = {"TARGET_URL": self.backend.base_url, "RAILWAY_API_URL": self.backend.railway_url,
                     "RAILWAY_PROJECT_ID": self.backend.environment["RAILWAY_PROJECT_ID"],
                     "RAILWAY_SERVICE_ID": self.backend.environment["RAILWAY_SERVICE_ID"],
                     "RAILWAY_ENVIRONMENT": self.backend.environment["RAILWAY_ENVIRONMENT"],
                     **self.variables}  # fmt: skip
        secrets = {"RAILWAY_TOKEN": self.backend.environment["RAILWAY_TOKEN"], "GITHUB_TOKEN": TOKEN,
                   **self.secrets}  # fmt: skip
        return [
            act_program(),
            event,
            *("-W", str(self.repository / ".github" / "workflows" / workflow.name)),
            *("-e", str(path), "-P", "ubuntu-24.04=-self-hosted", "--no-skip-checkout"),
            *("--concurrent-jobs", "12", "--no-recurse"),
            *(
                part
                for used, name in sorted(stand_ins)
                for part in ("--local-repository", f"{used}={ACTIONS / name}")
            ),
            *(part for name, value in variables.items() for part in ("--var", f"{name}={value}")),
            *(part for name, value in secrets.items() for part in ("-s", f"{name}={value}")),
        ]

    def started(self, event, payload, *, run, workflow="post-deploy.yml", **more):
        """Start a run and return act's process; its output goes to run-N.log."""
        environment = {
            "GITHUB_API_URL": self.github_url,
            "GITHUB_REPOSITORY": "example/zeues",
            "GITHUB_RUN_ID": str(run),
            "STAND_IN": str(ACTIONS),
            "STAND_IN_ARTIFACTS": str(self.artifacts),
            "STAND_IN_SERVICE": str(self.service),
            "STAND_IN_TOOL": str(ROOT),
            "STAND_IN_PYTHON": str(Path(sys.executable).parent),
            **self.environment,
            **more,
        }
        command = self.command(event, payload, WORKFLOWS / workflow)
        command += [part for name, value in environment.items() for part in ("--env", f"{name}={value}")]
        (self.folder / f"run-{run}.log").touch()
        process = subprocess.Popen(
            command,
            cwd=self.repository,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env=scrubbed({"HOME": str(self.folder)}),
            start_new_session=True,
        )
        threading.Thread(target=self._keep, args=(process.stdout, run), daemon=True).start()
        return process

    def _keep(self, output, run):
        """Append each line to the run's log and remember when it came."""
        moments = self.moments.setdefault(run, [])
        with output, (self.folder / f"run-{run}.log").open("ab", buffering=0) as log:
            for line in output:
                log.write(line)
                moments.append((time.monotonic(), line.decode(errors="replace")))

    def seconds_between(self, run, earlier, later):
        """Seconds from a job's last line with `earlier` to its first line with `later`."""
        (end_s, last), index = next(
            (moment, index) for index, moment in enumerate(self.moments[run]) if later in moment[1]
        )
        job = last.partition("]")[0]
        return end_s - max(
            at_s for at_s, line in self.moments[run][:index] if earlier in line and line.startswith(job)
        )

    def log(self, run):
        return (self.folder / f"run-{run}.log").read_text(errors="replace")

    def run(self, event, payload, *, run, **more):
        """Run to the end and return act's exit code."""
        return self.started(event, payload, run=run, **more).wait(timeout=600)

    def killed_after(self, event, payload, *, run, words, **more):
        """Run until the output contains `words`, then kill it at once, as when a runner's machine dies."""
        process = self.started(event, payload, run=run, **more)
        following = ["tail", "--pid", str(process.pid), "-n", "+1", "-f", str(self.folder / f"run-{run}.log")]
        with subprocess.Popen(following, stdout=subprocess.PIPE, text=True, errors="replace") as tail:
            found = any(words in line for line in tail.stdout)
            tail.kill()
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        assert found, self.log(run)[-3000:]

    def wait_for(self, run, words, timeout_s=240):
        """Wait until the run's output contains `words`."""
        following = ["tail", "-n", "+1", "-f", str(self.folder / f"run-{run}.log")]
        with subprocess.Popen(following, stdout=subprocess.PIPE, text=True, errors="replace") as tail:
            end = threading.Timer(timeout_s, tail.kill)
            end.start()
            found = any(words in line for line in tail.stdout)
            end.cancel()
            tail.kill()
        assert found, self.log(run)[-3000:]

    def names(self, run):
        """The names of a run's artifacts."""
        return sorted(path.name for path in (self.artifacts / str(run)).glob("*"))

    def file(self, run, artifact, name):
        return self.artifacts / str(run) / artifact / name
