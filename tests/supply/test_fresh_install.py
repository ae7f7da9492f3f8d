"""A fresh install from the lock works, hashes required, and nothing but what it holds is imported.

It downloads all packages, so it is in `make test-all`. In short: deptry (`make lint`) holds that nothing is
imported but what requirements.in names, and test_locks.py that the locks hold that.
"""

import os
import subprocess
import sys
import venv

import pytest

from tests.running import ROOT, SCRUBBED

IMPORT_ALL = """
import importlib, pkgutil, sys
sys.path.insert(0, {scripts!r})
import deploy_verdict
for found in pkgutil.walk_packages(deploy_verdict.__path__, "deploy_verdict."):
    if found.name.split(".")[1] != "relay":
        importlib.import_module(found.name)
"""

pytestmark = pytest.mark.complete


@pytest.fixture(scope="module")
def fresh(tmp_path_factory):
    """A python with requirements.txt and nothing else, and an environment without a home of anybody's."""
    folder = tmp_path_factory.mktemp("fresh")
    venv.create(folder / "venv", with_pip=True)
    kept = {name: value for name, value in os.environ.items() if not name.startswith((*SCRUBBED, "PYTHON"))}
    environment = {
        **kept,
        "HOME": str(folder),
        "XDG_CACHE_HOME": str(folder),
        "PIP_CACHE_DIR": str(folder / "cache"),
    }
    python = folder / "venv" / ("Scripts" if sys.platform == "win32" else "bin") / "python"

    def run(*arguments, cwd=folder):
        return subprocess.run([python, *map(str, arguments)], cwd=cwd, env=environment, capture_output=True,
                              text=True, timeout=300)  # fmt: skip

    done = run("-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--require-hashes", "-r",
               ROOT / "requirements.txt")  # fmt: skip
    unreachable = "NewConnectionError" in done.stderr and os.environ.get("DEPLOY_VERDICT_ALLOW_SKIPS") != "0"
    if unreachable:
        pytest.skip("no package registry can be reached from here")
    assert done.returncode == 0, done.stderr[-2000:]
    return run


def test_the_zeues_plan_is_checked_there(fresh):
    done = fresh(ROOT / "scripts" / "check_plan.py", ROOT / "plans" / "zeues.yml")
    assert done.returncode == 0, done.stderr
    assert "zeues" in done.stdout


def test_every_module_is_imported_there(fresh):
    done = fresh("-c", IMPORT_ALL.format(scripts=str(ROOT / "scripts")))
    assert done.returncode == 0, done.stderr[-1500:]


def test_what_only_the_tests_need_is_not_there(fresh):
    assert fresh("-c", "import pytest").returncode == 1
    assert fresh("-m", "pip", "check").returncode == 0


def test_another_file_than_the_locked_one_is_refused(fresh, tmp_path):
    """The control: a hash that is not the package's own ends the install."""
    other = tmp_path / "requirements.txt"
    other.write_text(f"mdurl==0.1.2 --hash=sha256:{'0' * 64}\n")
    done = fresh("-m", "pip", "install", "--force-reinstall", "--no-deps", "--require-hashes", "-r", other)
    assert done.returncode != 0
    assert "DO NOT MATCH" in done.stderr
