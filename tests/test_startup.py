"""What a command loads before it works: each sample job starts anew, so nothing that it does not need."""

import pytest

from tests.running import ROOT, modules_loaded, tops

CHECK_HEALTH = ROOT / "scripts" / "check_health.py"
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
    modules = modules_loaded(CHECK_HEALTH, "--help")
    assert not tops(modules) & (NEVER | TO_WORK)
    assert folders(modules) <= {"base", "cli", "redaction", "stages"}
    # The registry is data that the help of --without reads.
    assert {name for name in modules if name.startswith("deploy_verdict.stages.")} <= {
        "deploy_verdict.stages.registry",
        "deploy_verdict.stages.stage",
    }


def test_a_health_check_loads_only_what_asks_and_writes(plan, tmp_path):
    modules = modules_loaded(CHECK_HEALTH, "--plan", plan, "--out", tmp_path / "out")
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
