"""A stage is one folder and one row: a toy stage is added to a copy of the package and goes the whole way."""

import json
import os
import shutil
import subprocess
import sys

import pytest

from tests.running import ROOT
from tests.servers import json_service

ROW = """
    Stage(
        name="toy",
        title="a toy",
        is_planned=lambda plan: plan.toy is not None,
        offsets_s=lambda plan: plan.window.offsets_s,
        asks=Asks.SERVICE,
        late=Late.MISSED,
        turn=8,
        section="stages.toy.section:ToySection",
        collect="stages.toy.collect:collect_toy",
        requests="stages.toy.section:toy_requests",
        judge="stages.toy.judge:judge_toy",
        judged_with="toy",
        sections=(
            Section(
                key="toy",
                title="The toy",
                template="plain",
                view="stages.toy.report:toy_view",
                part=MONITORING,
                drop_rank=50,
            ),
        ),
    ),
)


def named("""
FOLDER = {
    "__init__.py": '"""Is the toy still there?"""\n',
    "section.py": '''
from deploy_verdict.plan.requests import Part


class ToySection(Part):
    """What a plan says of the toy."""

    path: str


def toy_requests(plan):
    return len(plan.window.offsets_s) if plan.toy else 0, 0
''',
    "collect.py": """
from deploy_verdict.model import HttpObservation


def collect_toy(context, offset_s, keep):
    exchange = context.probe.ask("GET", context.plan.toy.path)
    return (HttpObservation(check="toy", offset_s=offset_s, **dict(exchange)),)
""",
    "judge.py": """
from deploy_verdict.evidence.finding import failed, passed, unknown


def judge_toy(bundle, findings):
    seen = [item for file in bundle.of_stage("toy") for item in file.evidence.observations]
    ruling = unknown("nobody asked the toy")
    if seen:
        good = all(item.status == 200 for item in seen)
        ruling = passed(f"{len(seen)} times") if good else failed(f"status {seen[0].status}")
    yield ruling.as_finding("toy", "toy", "there", "the toy is there")
""",
    "report.py": """
from types import SimpleNamespace


def toy_view(bundle, verdict, generated_at):
    rulings = [item.actual for item in verdict.findings if item.stage == "toy"]
    return SimpleNamespace(title="The toy in the report", text=rulings)
""",
}
PLAN = """
version: 1
name: toy
service: {base_url: "%s"}
window: {length: 10m, sample_every: 5m}
toy: {path: "%s"}
"""


@pytest.fixture(scope="module")
def package(tmp_path_factory):
    """A copy of the package with the toy's folder, and its row at the end of the registry."""
    root = tmp_path_factory.mktemp("toy")
    for name in ("scripts", "report_templates", "schemas"):
        shutil.copytree(ROOT / name, root / name, ignore=shutil.ignore_patterns("__pycache__"))
    registry = root / "scripts" / "deploy_verdict" / "stages" / "registry.py"
    before, named, after = registry.read_text().partition(")\n\n\ndef named(")
    assert named
    registry.write_text(before + ROW.lstrip("\n") + after)
    folder = registry.parent / "toy"
    folder.mkdir()
    for name, text in FOLDER.items():
        (folder / name).write_text(text)
    return root


def run(root, script, *arguments):
    environment = {key: value for key, value in os.environ.items() if not key.startswith("DEPLOY_VERDICT")}
    command = [sys.executable, str(root / "scripts" / f"{script}.py"), *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, env=environment)


@pytest.fixture
def plan(tmp_path, service):
    path = tmp_path / "plan.yml"
    path.write_text(PLAN % (service, "/toy"))
    return path


@pytest.fixture
def service():
    with json_service(lambda method, path, body: (200, "here")) as running:
        yield running.url


def test_a_toy_stage_is_planned_and_counted(package, plan):
    done = run(package, "check_plan", plan, "--json")
    assert done.returncode == 0, done.stderr
    counts = json.loads(done.stdout)
    assert counts["stages"] == ["toy"]
    assert counts["requests"]["toy"] == 3


def test_a_mistake_in_its_section_has_its_place(package, plan):
    plan.write_text(plan.read_text().replace("{path:", "{pth:"))
    done = run(package, "check_plan", plan)
    assert done.returncode == 2
    assert ":6:7: unknown key 'pth'" in done.stderr


def test_a_toy_stage_is_collected_judged_reported_and_folded(package, plan, tmp_path):
    out = tmp_path / "out"
    done = run(package, "watch_deployment", "--plan", plan, "--out", out, "--speed", "3600")
    assert done.returncode == 0, done.stderr
    files = sorted(path.name for path in (out / "evidence").iterdir())
    assert files == ["toy.T+000.a1.json", "toy.T+005.a1.json", "toy.T+010.a1.json"]
    verdict = json.loads((out / "verdict.json").read_text())
    assert verdict["outcome"] == "stable"
    assert [item["actual"] for item in verdict["findings"] if item["rule"] == "there"] == ["3 times"]
    assert verdict["coverage"]["taken"] == 3
    report = (out / "POST-DEPLOYMENT-MONITORING-REPORT.md").read_text()
    assert "### The toy in the report\n\n- 3 times\n" in report
    assert "toy      " in report
    dry = run(package, "publish_report", "--plan", plan, "--out", out, "--dry-run")
    assert "<summary>The toy</summary>\n\n- 3 times\n" in dry.stdout
