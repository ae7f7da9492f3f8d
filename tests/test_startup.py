"""What a command loads before it works: each sample job starts anew, so nothing that it does not need."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
# Of the report, of GitHub and of notifications; and no JSON path library for a path of names alone.
NEVER = {"apprise", "dotenv", "github", "jinja2", "jsonpath", "junitparser", "jwt", "nacl", "numpy", "rich",
         "tabulate"}  # fmt: skip
FOLDERS = {
    "actions",
    "follow_up",
    "github",
    "markup",
    "prove",
    "publish",
    "railway",
    "relay",
    "report",
    "verdict",
}
# What a command needs to do its work, and none to say how it is called.
TO_WORK = {"pydantic", "requests", "urllib3", "yaml"}


def loaded(script, *arguments):
    """All modules in a process that has run a script to its end."""
    code = (
        "import runpy, sys\n"
        f"sys.argv = {[str(ROOT / 'scripts' / script), *map(str, arguments)]!r}\n"
        "sys.path[0] = sys.argv[0].rpartition('/')[0]\n"
        # Otherwise the script would end the process before its modules are listed.
        "sys.setprofile(lambda *_: None)\n"
        "try:\n    runpy.run_path(sys.argv[0], run_name='__main__')\n"
        "except SystemExit as end:\n    assert not end.code\n"
        "print('\\n'.join(sys.modules), file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(done.stderr.splitlines())


def tops(modules):
    return {name.split(".")[0] for name in modules}


def folders(modules):
    return {name.split(".")[1] for name in modules if name.startswith("deploy_verdict.")}


@pytest.fixture
def plan(tmp_path):
    path = tmp_path / "plan.yml"
    path.write_text(
        'version: 1\nname: x\nservice: {base_url: "http://127.0.0.1:1"}\n'
        "health: [{name: health, get: /, expect: {status: 200, $.status: ok}}]\n"
    )
    return path


def test_help_loads_no_library_and_no_plan():
    modules = loaded("check_health.py", "--help")
    assert not tops(modules) & (NEVER | TO_WORK)
    assert folders(modules) <= {"base", "cli", "redaction", "stages"}
    # The registry is data that the help of --without reads.
    assert {name for name in modules if name.startswith("deploy_verdict.stages.")} <= {
        "deploy_verdict.stages.registry",
        "deploy_verdict.stages.stage",
    }


def test_a_health_check_loads_only_what_asks_and_writes(plan, tmp_path):
    modules = loaded("check_health.py", "--plan", plan, "--out", tmp_path / "out")
    assert (tmp_path / "out" / "evidence" / "health.T+000.a1.json").exists()
    assert not tops(modules) & NEVER
    assert not folders(modules) & FOLDERS
    others = {
        "claims",
        "context",
        "deployment",
        "guarded_request",
        "health",
        "heartbeat",
        "registry",
        "stage",
        "write_ledger",
        "writes",
    }
    assert {name.split(".")[2] for name in modules if name.startswith("deploy_verdict.stages.")} <= others
