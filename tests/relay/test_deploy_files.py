"""deploy/relay and its guide, read and compared; test_image.py builds and runs the image."""

import json
import os
import re
import shlex
import subprocess
import sys

from deploy_verdict.relay.server import END_WITHIN_S
from deploy_verdict.relay.settings import settings_from
from tests.relay.process import relay
from tests.running import ROOT
from tests.supply.locks import locked, plain

FOLDER = ROOT / "deploy" / "relay"
SERVER = "python scripts/deploy_verdict relay"
DOCKERFILE = (FOLDER / "Dockerfile").read_text()


def steps(word):
    joined = DOCKERFILE.replace("\\\n", " ")
    return [line.removeprefix(word).strip() for line in joined.splitlines() if line.startswith(f"{word} ")]


def test_what_the_image_copies_is_there():
    copied = [shlex.split(step)[-2] for step in steps("COPY")]
    assert copied == ["deploy/relay/requirements.txt", "deploy/relay/start.sh", "scripts/"]
    assert all((ROOT / path).exists() for path in copied)


def test_the_base_image_is_pinned_and_only_the_lock_is_installed():
    assert [re.fullmatch(r"python:3\.12(\.\d+)?-slim-\w+", step) is not None for step in steps("FROM")] == [
        True
    ]
    installs = [step for step in steps("RUN") if "pip install" in step]
    assert len(installs) == 1
    assert "--require-hashes -r requirements.txt" in installs[0]


def test_the_server_is_not_root_and_gets_the_signals(tmp_path):
    """The start script hands the volume over; no shell stays between the signal and the server."""
    assert json.loads(steps("CMD")[0]) == ["sh", "start.sh"]
    (tmp_path / "bin").mkdir()
    for name in ("python", "setpriv", "chown", "id"):
        told = "echo 0" if name == "id" else f'echo {name} "$@"'
        (tmp_path / "bin" / name).write_text(f"#!/bin/sh\n{told}\n")
        (tmp_path / "bin" / name).chmod(0o755)
    environment = {"PATH": f"{tmp_path / 'bin'}:{os.environ['PATH']}", "RAILWAY_VOLUME_MOUNT_PATH": "/events"}
    start = ["sh", str(FOLDER / "start.sh")]
    as_root = subprocess.run(start, env=environment, capture_output=True, text=True, check=True).stdout
    assert as_root.splitlines() == [
        "chown -R relay:relay /events",
        f"setpriv --reuid relay --regid relay --init-groups --no-new-privs {SERVER}",
    ]
    (tmp_path / "bin" / "id").write_text("#!/bin/sh\necho 10001\n")
    as_user = subprocess.run(start, env=environment, capture_output=True, text=True, check=True).stdout
    assert as_user == f"{SERVER}\n"
    assert any("useradd" in step and " relay" in step for step in steps("RUN"))


def test_the_guide_sets_what_railway_must_know():
    """Railway takes no railway.json from new services: variables and settings say it."""
    assert not list(FOLDER.glob("railway.*"))
    guide = (ROOT / "docs" / "guide" / "relay.md").read_text()
    block = re.search(r"```text\n( +RAILWAY_DOCKERFILE_PATH.*?)```", guide, re.DOTALL)
    told = dict(line.strip().split("=") for line in block[1].strip().splitlines())
    assert (ROOT / told["RAILWAY_DOCKERFILE_PATH"]).samefile(FOLDER / "Dockerfile")
    assert int(told["RAILWAY_DEPLOYMENT_DRAINING_SECONDS"]) > END_WITHIN_S
    given = {"RELAY_SECRET": "0" * 48, "RELAY_GITHUB_TOKEN": "x"}
    assert settings_from({**told, **given}).services == {"backend"}
    assert "healthcheck path `/healthz`" in guide
    assert "mount path `/data`" in guide


def test_the_guides_own_request_is_accepted(tmp_path, hub):
    guide = (ROOT / "docs" / "guide" / "relay.md").read_text()
    body = re.search(r"curl -i https://RELAY/hooks/SECRET -d '(.*?)'", guide, re.DOTALL)[1]
    with relay(tmp_path, hub.url) as running:
        assert running.post(body.encode()).json() == {"state": "accepted"}
        running.until(lambda told: told["sent"] == 1)


def test_the_lock_holds_what_the_relay_needs():
    locked = (FOLDER / "requirements.txt").read_text()
    for line in (FOLDER / "requirements.in").read_text().splitlines():
        name = line.split("#")[0].strip()
        assert not name or re.search(rf"^{re.escape(name)}==", locked, re.MULTILINE | re.IGNORECASE), name


LOADED = """
import sys
before = set(sys.modules)
from importlib.metadata import packages_distributions
sys.path.insert(0, "scripts")
from deploy_verdict.cli.command import verb_parser
verb_parser("relay")
import deploy_verdict.relay.server
known = packages_distributions()
tops = {name.partition(".")[0] for name in set(sys.modules) - before}
print(*sorted({package for top in tops for package in known.get(top, ())}))
"""


def test_the_relay_loads_only_what_its_lock_holds():
    done = subprocess.run(
        [sys.executable, "-c", LOADED], cwd=ROOT, capture_output=True, text=True, check=True
    )
    loaded = {plain(name) for name in done.stdout.split()}
    assert {"starlette", "uvicorn", "pydantic"} <= loaded
    assert loaded <= {plain(item.name) for item in locked("deploy/relay/requirements.txt")}


def test_the_guide_names_every_variable_and_counter():
    guide = (ROOT / "docs" / "guide" / "relay.md").read_text()
    source = "".join(path.read_text() for path in (ROOT / "scripts/deploy_verdict/relay").glob("*.py"))
    variables = set(re.findall(r'"((?:RELAY|GITHUB)_[A-Z_]+)"', source))
    assert len(variables) > 8
    counters = {
        "accepted",
        "duplicate",
        "ignored",
        "refused_auth",
        "bad_request",
        "oldest_waiting_s",
        "kept_in",
        "reasons",
    }
    for name in variables | counters:
        assert f"`{name}`" in guide, name
