"""The wheel, built and installed beside the locked packages: it runs outside of the clone."""

import re
import subprocess
import sys
import sysconfig
import tomllib
import venv
import zipfile

import pytest

from tests.running import ROOT, scrubbed
from tests.supply.locks import locked, plain, reasons

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
PLAN = """\
version: 1
name: small
service: {base_url: "http://127.0.0.1:9", timeout: 1s}
window: {length: 2m, sample_every: 1m}
health: [{name: api, get: /api, expect: {status: 200}}]
"""


def required(names):
    """Names of packages, as registries compare them."""
    return {plain(name.partition("[")[0]) for name in names}


def test_the_requirements_are_those_of_the_lists_with_reasons():
    extras = dict(PROJECT["project"]["optional-dependencies"])
    own = required(PROJECT["project"]["dependencies"])
    relay = required(extras.pop("relay"))
    assert own.union(*map(required, extras.values())) == set(reasons("requirements.in"))
    assert relay == set(reasons("deploy/relay/requirements.in")) - own


def test_the_wheel_is_built_by_what_is_locked():
    (builder,) = PROJECT["build-system"]["requires"]
    assert builder in {f"{item.name}=={item.version}" for item in locked("requirements-dev.txt")}


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    folder = tmp_path_factory.mktemp("wheel")
    pip("wheel", "--no-deps", "--no-build-isolation", "--wheel-dir", folder, ROOT)
    (path,) = folder.glob("deploy_verdict-*.whl")
    return path


def pip(*arguments):
    done = subprocess.run([sys.executable, "-m", "pip", *map(str, arguments)], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-2000:]


@pytest.fixture(scope="module")
def installed(wheel, tmp_path_factory):
    """How to run the command of a new virtual environment, in a folder outside of the clone."""
    folder = tmp_path_factory.mktemp("installed")
    venv.create(folder / "venv", with_pip=False)
    binaries = folder / "venv" / ("Scripts" if sys.platform == "win32" else "bin")
    pip("--python", binaries / "python", "install", "--quiet", "--no-deps", "--no-index", wheel)
    # The packages of this one, so that nothing is downloaded; ours is in neither but by the wheel.
    (site,) = (folder / "venv").rglob("site-packages")
    (site / "locked.pth").write_text("\n".join({sysconfig.get_path("purelib"), *extra_sites()}))

    def run(*arguments, program="deploy-verdict"):
        return subprocess.run(
            [binaries / program, *map(str, arguments)],
            cwd=folder, env=scrubbed(), capture_output=True, text=True, timeout=120,
        )  # fmt: skip

    return run


def extra_sites():
    """Further folders of packages that this interpreter has, such as those of a .pth file."""
    return [path for path in sys.path if path.endswith("site-packages")]


@pytest.mark.complete
def test_the_wheel_holds_the_package_its_templates_schemas_and_callers_and_nothing_else(wheel):
    names = [name.partition("/")[2] for name in zipfile.ZipFile(wheel).namelist() if "dist-info" not in name]
    for folder, pattern in (("report_templates", "*.j2"), ("schemas", "*.json"), ("docs/adopt", "*.yml")):
        files = [path for path in (ROOT / folder).rglob(pattern)]
        assert files
        assert {str(path.relative_to(ROOT)) for path in files} <= set(names)
    package = ROOT / "scripts" / "deploy_verdict"
    files = {str(path.relative_to(package)) for path in package.rglob("*") if path.is_file()}
    data = {name for name in names if name.startswith(("report_templates/", "schemas/", "docs/adopt/"))}
    assert set(names) - data == {name for name in files if "__pycache__" not in name}


@pytest.mark.complete
def test_the_installed_command_teaches_and_knows_its_version(installed):
    done = installed("watch", "--help")
    assert (done.returncode, done.stderr) == (0, "")
    assert "deploy-verdict watch --plan plans/zeues.yml" in done.stdout
    version = re.search(r'__version__ = "(.*)"', (ROOT / "scripts/deploy_verdict/__init__.py").read_text())
    assert installed("--version").stdout == f"deploy-verdict {version.group(1)}\n"
    assert (
        installed("-m", "deploy_verdict", "--version", program="python").stdout
        == installed("--version").stdout
    )


@pytest.mark.complete
def test_a_window_is_watched_and_reported_outside_of_the_clone(installed, tmp_path):
    (tmp_path / "plan.yml").write_text(PLAN)
    out = tmp_path / "out"
    done = installed("watch", "--plan", tmp_path / "plan.yml", "--out", out, "--speed", 100000)
    assert (done.returncode, done.stdout.split()[0]) == (11, "CRITICAL"), done.stderr
    report = out / "POST-DEPLOYMENT-MONITORING-REPORT.md"
    report.unlink()
    assert installed("report", "--out", out).returncode == 0
    assert report.read_text().startswith("# Post-Deployment Monitoring Report - small\n")


@pytest.mark.complete
def test_schemas_are_written_where_one_says(installed, tmp_path):
    done = installed("schemas")
    assert (done.returncode, "name a folder: --out DIR" in done.stderr) == (2, True)
    assert installed("schemas", "--out", tmp_path / "schemas").returncode == 0
    for path in (ROOT / "schemas").glob("*.json"):
        assert (tmp_path / "schemas" / path.name).read_bytes() == path.read_bytes()
