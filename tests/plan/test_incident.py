"""The incident's lines in a file beside the plan: read with it, part of its version, its mistakes told."""

from datetime import UTC, datetime

import pytest

from deploy_verdict.base.errors import UsageError
from deploy_verdict.window.directory.plan_file import load_plan

TODAY = datetime(2026, 2, 2, tzinfo=UTC)
PLAN = """version: 1
name: x
service: {base_url: "http://127.0.0.1:1"}
logs: {incident: {file: crisis.log, severity: P0}}
"""


@pytest.fixture
def plan_file(tmp_path):
    path = tmp_path / "plan.yml"
    path.write_text(PLAN)
    return path


@pytest.mark.parametrize("target", [None, "http://127.0.0.1:2"])
def test_the_lines_of_the_file_and_its_version(plan_file, target):
    crisis = plan_file.parent / "crisis.log"
    crisis.write_text("2026-02-01T10:00:00Z ERROR redis: Too many connections\nINFO fine\n")
    first = load_plan(plan_file, TODAY, target)
    assert first.logs.incident.templates == ("ERROR redis: Too many connections",)
    assert first.logs.incident.severity == "P0"
    crisis.write_text("ERROR redis: Too few connections\n")
    assert load_plan(plan_file, TODAY, target).sha256 != first.sha256


@pytest.mark.parametrize(
    ("text", "told"), [(None, "No such file"), ("INFO fine\n", "none of these"), ("500\n", "too few words")]
)
def test_a_file_that_tells_nothing(plan_file, text, told):
    if text is not None:
        (plan_file.parent / "crisis.log").write_text(text)
    with pytest.raises(UsageError, match=f"crisis.log.*{told}"):
        load_plan(plan_file, TODAY)
