"""check_plan.py --prove: files beside the plan, places, exit codes; and that plans/zeues.yml is proven."""

import json
from datetime import UTC, datetime

import pytest

from deploy_verdict.base.errors import PlanError, UsageError
from deploy_verdict.prove.command import proof_of
from deploy_verdict.window.directory.plan_file import load_placed_plan
from tests.plans import HEAD
from tests.prove.plans import HEALTHY_LOG, INCIDENT_LOG
from tests.running import ROOT, script

CHECKS = 'health: [{name: api, get: /a, expect: {$.busy: "< 15"}}]\n'
PAIR = "fixtures: {healthy: good.json, incident: bad.yml}\n"


def files(folder, text, **more):
    (folder / "plan.yml").write_text(HEAD + CHECKS + text)
    (folder / "good.json").write_text('{"api": {"status": 200, "json": {"busy": 3}}}')
    (folder / "bad.yml").write_text("api: {status: 200, file: body.json}\n")
    (folder / "body.json").write_text('{"busy": 20}')
    for name, content in more.items():
        (folder / name.replace("_", ".")).write_text(content)
    return folder / "plan.yml"


def proven(path, **options):
    plan, document = load_placed_plan(path, datetime(2026, 2, 2, tzinfo=UTC))
    return proof_of(path, plan, document, as_json=options.get("as_json", False))


def test_the_zeues_plan_can_fail_in_every_row():
    text, code = proven(ROOT / "plans" / "zeues.yml", as_json=True)
    unproven = [row for row in json.loads(text)["rows"] if not row["proven"]]
    assert (code, unproven) == (0, [])
    assert len(json.loads(text)["rows"]) > 100


# `make test` weakens a limit; each proof of the complete plan takes seconds.
@pytest.mark.parametrize(
    ("written", "weak"),
    [
        ("$.active_connections: {below: 15,", "$.active_connections: {below: 25,"),
        *(
            pytest.param(*pair, marks=pytest.mark.complete)
            for pair in (
                ("'(HTTP/[0-9.]+\"|/api/\\S*) 5\\d\\d\\b'", "'HTTP/[0-9.]+\" 5\\d\\d\\b'"),
                ("\"has no attribute 'operacion'\"\n", "\"has no atribute 'operacion'\"\n"),
                ('$.utilization_percent: "> 80"', '$.utilization_percent: "> 120"'),
                ('{not_equals: "{last}"}', "{present: true}"),
            )
        ),
    ],
)
def test_a_weakened_zeues_plan_is_found(written, weak, tmp_path):
    text = (ROOT / "plans" / "zeues.yml").read_text()
    assert written in text
    (tmp_path / "zeues").symlink_to(ROOT / "plans" / "zeues")
    (tmp_path / "zeues.yml").write_text(text.replace(written, weak))
    with pytest.raises(PlanError, match="leads out of the plan's folder"):
        proven(tmp_path / "zeues.yml")
    (tmp_path / "zeues").unlink()
    (tmp_path / "zeues").mkdir()
    for path in (ROOT / "plans" / "zeues").iterdir():
        (tmp_path / "zeues" / path.name).write_bytes(path.read_bytes())
    assert proven(tmp_path / "zeues.yml")[1] == 12


def test_the_script_prints_the_table_and_exits_0(tmp_path):
    done = script("check_plan", files(tmp_path, PAIR), "--prove")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines()[0].endswith("plan.yml: 3 of 3 rows can fail.")
    assert "4:48   api: $.busy < 15" in done.stdout
    assert "CRITICAL ISSUES in bad" in done.stdout


def test_what_is_unproven_comes_first_with_its_place_and_exits_12(tmp_path):
    path = files(tmp_path, PAIR, body_json='{"busy": 14}')
    done = script("check_plan", path, "--prove")
    assert done.returncode == 12
    assert done.stdout.splitlines()[1].startswith(
        f"  {path}:4:48: api: $.busy < 15 — cannot fail: it would pass"
    )


def test_logs_may_stand_in_files_or_as_lines(tmp_path):
    logs = "logs: {must_not_appear: [Too many connections]}\n"
    lines = json.dumps(list(INCIDENT_LOG))
    text = logs + PAIR.replace("}", f", logs: {{healthy: h.log, incident: {lines}}}}}")
    text, code = proven(files(tmp_path, text, h_log="\n".join(HEALTHY_LOG)))
    assert code == 0, text


@pytest.mark.parametrize(
    ("good", "message"),
    [
        ('{"api": {"status": 200, "jsn": 1}}', "good.json:1:25: unknown key 'jsn'"),
        (
            '{"apo": {"status": 200}}',
            "good.json:1:2: nothing in the plan is called 'apo' — did you mean 'api'?",
        ),
        ('{"api": {"status": 200, "fault": "timeout"}}', "write one of them"),
        ('{"api": {"json": {}}}', "an answer has a status; one that never came has a fault"),
        ('{"api": {"status": 200, "json": {}, "body": ""}}', "body and json in one answer — keep one"),
        ('{"api": {"status": 200, "file": "../secret"}}', "leads out of the plan's folder"),
        ("[1]", "recorded answers must be a mapping"),
        ("{", "not YAML"),
    ],
)
def test_mistakes_in_recorded_answers_have_a_place(good, message, tmp_path):
    with pytest.raises(PlanError) as raised:
        proven(files(tmp_path, PAIR, good_json=good))
    assert message in str(raised.value)


def test_a_file_that_is_not_there_is_a_mistake_of_the_plan(tmp_path):
    path = files(tmp_path, PAIR)
    (tmp_path / "good.json").unlink()
    with pytest.raises(PlanError, match=r"plan.yml:5:21: 'good.json' cannot be read"):
        proven(path)


def test_without_fixtures_there_is_nothing_to_prove(tmp_path):
    with pytest.raises(UsageError, match="nothing is recorded, so nothing can be proven"):
        proven(files(tmp_path, ""))
