"""The relay's image: built and run where an engine is; its steps, one by one in an empty folder, anywhere."""

import os
import shlex
import shutil
import subprocess
import sys
import venv

import pytest
import requests

from tests.relay.process import Relay, await_start, current, free_port, settings
from tests.relay.test_deploy_files import FOLDER, steps
from tests.running import ROOT, scrubbed

pytestmark = pytest.mark.complete
IMAGE = "deploy-verdict-relay:test"


def has_engine():
    docker = shutil.which("docker")
    return docker is not None and subprocess.run([docker, "info"], capture_output=True).returncode == 0


@pytest.fixture(scope="module")
def image(tmp_path_factory):
    """A folder with what the Dockerfile copies, and a Python with what it installs."""
    folder = tmp_path_factory.mktemp("image")
    for step in steps("COPY"):
        source, target = shlex.split(step)
        if (ROOT / source).is_dir():
            shutil.copytree(ROOT / source, folder / target, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(ROOT / source, folder / target)
    venv.create(folder / "venv", with_pip=True)
    (install,) = (part for step in steps("RUN") for part in step.split("&&") if "pip install" in part)
    words = shlex.split(install)
    pip = [folder / "venv" / "bin" / "python", "-m", *words]
    done = subprocess.run(pip, cwd=folder, env=scrubbed(), capture_output=True, text=True, timeout=300)
    if "NewConnectionError" in done.stderr and os.environ.get("DEPLOY_VERDICT_ALLOW_SKIPS") != "0":
        pytest.skip("no package registry can be reached from here")
    assert done.returncode == 0, done.stderr[-2000:]
    # Whoever runs the tests: the user that a container would have is not made here.
    (folder / "venv" / "bin" / "id").write_text("#!/bin/sh\necho 10001\n")
    (folder / "venv" / "bin" / "id").chmod(0o755)
    return folder


def started(image, port, hub, **railway):
    path = f"{image / 'venv' / 'bin'}:{os.environ['PATH']}"
    environment = scrubbed({**settings(hub.url), "PATH": path, "PORT": str(port), **railway})
    return subprocess.Popen(["sh", "start.sh"], cwd=image, env=environment, stderr=subprocess.PIPE, text=True)


@pytest.mark.skipif(sys.platform == "win32", reason="the image is Linux's")
def test_its_steps_one_by_one_make_a_relay_with_a_volume(image, hub, tmp_path):
    port = free_port()
    process = started(image, port, hub, RAILWAY_DEPLOYMENT_ID="d-0", RAILWAY_VOLUME_MOUNT_PATH=str(tmp_path))
    try:
        await_start(process, port)
        running = Relay(process, port)
        assert running.post(current()).status_code == 202
        told = running.until(lambda told: told["sent"] == 1)
        assert (told["kept_in"], told["volume"]) == (str(tmp_path / "relay.sqlite3"), str(tmp_path))
    finally:
        process.kill()
        process.communicate()
    assert hub.deployments() == ["d-1"]


@pytest.mark.skipif(sys.platform == "win32", reason="the image is Linux's")
def test_without_a_volume_it_ends_with_the_reason_in_its_log(image, hub):
    process = started(image, free_port(), hub, RAILWAY_DEPLOYMENT_ID="d-0")
    _, log = process.communicate(timeout=60)
    assert process.returncode == 2
    assert "no volume is mounted" in log


@pytest.mark.skipif(not has_engine(), reason="no container engine answers here")
def test_the_image_is_built_and_keeps_its_events(tmp_path):
    build = ["docker", "build", "--quiet", "--tag", IMAGE, "--file", str(FOLDER / "Dockerfile"), str(ROOT)]
    subprocess.run(build, check=True, capture_output=True, timeout=600)
    port = free_port()
    variables = {
        **settings("https://github.invalid"),
        "PORT": "8080",
        "RAILWAY_DEPLOYMENT_ID": "d-0",
        "RAILWAY_VOLUME_MOUNT_PATH": "/data",
    }
    environment = [word for name, value in variables.items() for word in ("--env", f"{name}={value}")]
    run = ["docker", "run", "--rm", "--volume", f"{tmp_path}:/data", "--publish", f"127.0.0.1:{port}:8080"]
    process = subprocess.Popen([*run, *environment, IMAGE])
    try:
        await_start(process, port)
        assert Relay(process, port).post(current()).status_code == 202
        assert requests.get(f"http://127.0.0.1:{port}/healthz", timeout=10).json()["volume"] == "/data"
    finally:
        process.terminate()
        process.wait()
    assert (tmp_path / "relay.sqlite3").exists()
