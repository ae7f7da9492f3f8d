"""A run as a bundle of its own: judged again, asked what if, put beside others, kept as a column."""

import hashlib
import json
import shutil

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deploy_verdict.plan.reading.override import changed
from tests.running import ROOT, script
from tests.test_scripts import PLAN, service

CASES = ROOT / "tests" / "cases"


def bundle(folder, story):
    """A golden story as the run that it was, with its plan in it and as that plan's evidence."""
    out = folder / story
    shutil.copytree(CASES / story, out)
    for name in ("verdict.json", "report.md", "comment.md"):
        (out / name).unlink()
    shutil.copy(CASES / "plan.yml", out / "plan.yml")
    sha256 = hashlib.sha256((out / "plan.yml").read_bytes()).hexdigest()
    for path in [out / "window.json", *(out / "evidence").glob("*.json")]:
        text = path.read_text()
        old = text.partition('"plan_sha256": "')[2][:64]
        path.write_text(text.replace(old, sha256) if old else text)
    return out


def contents(folder):
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize(
    ("story", "code"), [("healthy", 0), ("slow_leak", 10), ("completar_bug", 11), ("log_silent", 12)]
)
def test_a_run_is_judged_by_the_plan_that_it_holds(story, code, tmp_path):
    out = bundle(tmp_path, story)
    done = script("judge_evidence", "--out", out)
    assert done.returncode == code, done.stderr
    golden = json.loads((CASES / story / "verdict.json").read_text())
    verdict = json.loads((out / "verdict.json").read_text())
    assert verdict["findings"] == golden["findings"]
    assert script("render_report", "--out", out).returncode == 0


def test_a_run_without_its_plan_says_what_to_do(tmp_path):
    out = bundle(tmp_path, "healthy")
    (out / "plan.yml").unlink()
    done = script("judge_evidence", "--out", out)
    assert (done.returncode, done.stderr) == (
        2,
        f"{out}/plan.yml: no plan in this directory — give --plan FILE\n",
    )


VARIABLE_PLAN = PLAN.replace("timeout: 2s}", 'timeout: 2s, name: "${NAME}", headers: {x-a: "${API_TOKEN}"}}')


def test_an_opened_window_holds_its_plan_and_its_variables_but_no_secret(tmp_path):
    plan, out = tmp_path / "mine.yml", tmp_path / "out"
    plan.write_text(VARIABLE_PLAN + "logs: {incident: {file: logs/crisis.log}}\n")
    (tmp_path / "logs").mkdir()
    (tmp_path / "logs" / "crisis.log").write_text("ERROR redis is gone\n")
    environment = {"NAME": "shop", "API_TOKEN": "hunter2hunter2"}
    opened = script("open", "--plan", plan, "--out", out, environment=environment)
    assert opened.returncode == 0, opened.stderr
    kept = contents(out)
    assert (kept["plan.yml"], kept["logs/crisis.log"]) == (plan.read_bytes(), b"ERROR redis is gone\n")
    assert json.loads(kept["window.json"])["variables"] == {"NAME": "shop"}
    assert not any(b"hunter2" in data for data in kept.values())
    # Elsewhere, without its file, its folder and its variables.
    moved = tmp_path / "elsewhere" / "run"
    shutil.copytree(out, moved)
    plan.unlink()
    judged = script("judge_evidence", "--out", moved, "--json")
    assert judged.returncode == 12, judged.stderr
    assert json.loads(judged.stdout)["subject"]["service"] == "shop"


def what_if(out, *changes, options=()):
    arguments = [part for change in changes for part in ("--what-if", change)]
    return script("judge_evidence", "--out", out, *arguments, *options)


def test_what_if_says_what_would_change_and_writes_nothing(tmp_path):
    out = bundle(tmp_path, "healthy")
    before = contents(tmp_path)
    done = what_if(out, "pools.redis.attention=5%")
    assert done.returncode == 10, done.stderr
    lines = done.stdout.splitlines()
    assert lines[:3] == [
        "with pools.redis.attention=5% (nothing is written):",
        "verdict: STABLE -> NEEDS ATTENTION",
        "criteria: 1 would change",
    ]
    assert lines[3].startswith("  Pool utilization: pass -> fail (")
    assert lines[4].startswith("findings: ")
    assert lines[5].startswith("  pools/redis/band at T+0min: pass -> fail P2 (")
    assert contents(tmp_path) == before


def test_what_if_nothing_changes(tmp_path):
    done = what_if(bundle(tmp_path, "slow_leak"), "pools.redis.critical=81%")
    assert (done.returncode, done.stdout.splitlines()[1:]) == (
        10,
        [
            "verdict: NEEDS ATTENTION, as before",
            "criteria: none would change",
            "findings: none would change",
        ],
    )


def test_what_if_as_json_with_two_changes_and_a_key_with_dots(tmp_path):
    out = bundle(tmp_path, "healthy")
    changes = ("health.pool-stats.expect.$.max_connections.equals=50", "never.server errors.severity=P0")
    done = what_if(out, *changes, options=["--json"])
    told = json.loads(done.stdout)
    assert done.returncode == 11
    assert told["changes"] == list(changes)
    assert told["outcome"] == {
        "name": "verdict",
        "was": "STABLE",
        "would_be": "CRITICAL ISSUES",
        "actual": "",
    }
    assert [(item["name"], item["was"], item["would_be"]) for item in told["findings"]] == [
        ("health/pool-stats/$.max_connections at T+0min", "pass", "fail P1"),
        ("pools/pool-stats/readings", "pass", "(no finding)"),
        ("pools/pool-stats/readings at T+0min", "(no finding)", "fail P1"),
    ]


def test_what_if_a_pattern_was_another_the_evidence_does_not_speak(tmp_path):
    done = what_if(
        bundle(tmp_path, "healthy"), "logs.must_not_appear.has no attribute 'operacion'.text=Too few"
    )
    assert done.returncode == 12
    assert "another version of the plan" in done.stdout


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ("pools.redis.attention", "is not PATH=VALUE"),
        ("=3", "is not PATH=VALUE"),
        ("pools.reddis.attention=60%", "did you mean 'redis'?"),
        ("pool.redis.attention=60%", "did you mean 'pools'?"),
        ("pools.redis.atention=60%", "unknown key 'atention' — did you mean 'attention'?"),
        ("pools.redis.attention=60", "60 is not a share — write 60%"),
        ("pools.redis.attention=90%", "attention must lie below critical"),
        ("pools.redis.name.deep=1", "it has no members"),
        ("window.length=[", "not YAML"),
        ("criteria.Redis health.findings=[health/gone]", "matches no finding"),
    ],
)
def test_a_what_if_that_is_no_plan_says_what_to_write(change, told, tmp_path):
    done = what_if(bundle(tmp_path, "healthy"), change)
    assert (done.returncode, done.stdout) == (2, "")
    assert told in done.stderr


def test_what_if_of_evidence_of_another_version_needs_to_be_told(tmp_path):
    out = bundle(tmp_path, "healthy")
    (out / "plan.yml").write_text((out / "plan.yml").read_text() + "# corrected\n")
    done = what_if(out, "pools.redis.attention=5%")
    assert done.returncode == 2
    assert "add --corrected-plan" in done.stderr
    assert what_if(out, "pools.redis.attention=5%", options=["--corrected-plan"]).returncode == 10


# No key begins with another one and a dot: there, the longest that fits is taken.
NAMES = st.sampled_from(["a", "b", "p.q", "$.a", "c d"])
DOCUMENTS = st.recursive(
    st.integers(0, 9),
    lambda inside: (
        st.dictionaries(NAMES, inside, min_size=1, max_size=3)
        | st.lists(st.fixed_dictionaries({"x": inside}), min_size=1, max_size=3)
    ),
    max_leaves=12,
)


def leaves(document, path=()):
    steps = document.items() if isinstance(document, dict) else enumerate(document)
    for step, value in steps:
        if isinstance(value, dict | list):
            yield from leaves(value, (*path, step))
        else:
            yield (*path, step)


@given(st.dictionaries(NAMES, DOCUMENTS, min_size=1), st.data())
def test_a_change_changes_that_value_and_nothing_else(document, data):
    path = data.draw(st.sampled_from([*leaves(document)]))
    other = changed(document, f"{'.'.join(map(str, path))}=77")
    assert json.dumps(other).count("77") == 1
    assert [*leaves(other)] == [*leaves(document)]
    for step in path:
        other = other[step]
    assert other == 77


def test_runs_side_by_side(tmp_path):
    outs = [bundle(tmp_path, story) for story in ("healthy", "completar_bug", "no_evidence")]
    done = script("compare", *outs, "--json")
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    rows = {row["name"]: row["values"] for row in told["rows"]}
    assert [column["name"] for column in told["columns"]] == ["healthy", "completar_bug", "no_evidence"]
    assert rows["Verdict"] == ["STABLE", "CRITICAL ISSUES", "INCONCLUSIVE"]
    assert rows["e2e/passed"] == ["2/2", "1/2", None]
    assert rows["pools/redis/utilization_peak"][2] is None
    assert rows["never/server errors/count"][1] not in ("0", None)
    assert rows["logs/errors"][2] is None
    assert rows["E2E tests"] == ["2/2 ✅", "1/2 ❌", None]
    table = script("compare", *outs).stdout
    assert "| e2e/passed " in table
    assert "| 2/2 " in table
    assert table.count("not known") >= 5
    head = [cell.strip() for cell in table.splitlines()[0].split("|")]
    assert head == ["", "", "healthy", "completar_bug", "no_evidence", ""]


def test_a_log_with_a_hole_has_no_zero(tmp_path):
    told = json.loads(script("compare", bundle(tmp_path, "log_silent"), "--json").stdout)
    measures = told["columns"][0]["measures"]
    assert measures["logs/errors"]["value"] is None
    assert measures["logs/Too many connections/count"]["value"] is None


@pytest.mark.parametrize(
    ("make", "code", "told"),
    [
        (lambda path: path.mkdir(), 2, "no window was opened here"),
        (lambda path: path.write_text("{}"), 3, "is not a captured run"),
        (lambda path: None, 2, "no such run, and no window in out is of this deployment"),
    ],
)
def test_what_is_no_run_cannot_be_compared(make, code, told, tmp_path):
    make(tmp_path / "x")
    done = script("compare", tmp_path / "x")
    assert done.returncode == code
    assert told in done.stderr


BASELINE = """baseline:
  columns: [Before, Crisis]
  captured: {Crisis: captures/crisis.json}
  rows:
    - {metric: Works, values: ["yes", "by hand"], now: health/api/$.ok}
    - {metric: Peak, values: ["3", "20"], now: pools/p/used_peak}
"""


@pytest.mark.waits
def test_a_run_is_captured_and_its_column_fills_the_next_report(tmp_path):
    plan = tmp_path / "plan.yml"
    plan.write_text(PLAN)
    arguments = ("--plan", plan, "--speed", 400)
    crisis = ("--out", tmp_path / "crisis", "--capture", "crisis", "--target", "http://127.0.0.1:9")
    done = script("watch_deployment", *arguments, *crisis)
    assert done.returncode == 11, done.stderr
    kept = tmp_path / "captures" / "crisis.json"
    told = json.loads(kept.read_text())
    assert (told["schema"], told["name"], told["outcome"]) == (
        "deploy-verdict/captured/1",
        "crisis",
        "critical",
    )
    assert told["measures"]["pools/p/used_peak"]["value"] is None
    assert told["measures"]["health/api/$.ok"]["outcome"] == "fail"

    again = script("watch_deployment", *arguments, "--out", tmp_path / "again", *crisis[2:])
    assert again.returncode == 2
    assert "already exists — choose another name" in again.stderr
    assert not (tmp_path / "again").exists()

    plan.write_text(PLAN + BASELINE)
    with service() as url:
        after = script("watch_deployment", *arguments, "--target", url, "--out", tmp_path / "after")
    assert after.returncode in (0, 12), after.stderr
    report = (tmp_path / "after" / "POST-DEPLOYMENT-MONITORING-REPORT.md").read_text()
    rows = [row for row in report.splitlines() if row.startswith(("| Metric", "| Works", "| Peak"))]
    cells = [[cell.strip() for cell in row.strip("|").split("|")] for row in rows]
    assert cells[0] == ["Metric", "Before", "Crisis", "Post-Deployment", "Recovery"]
    assert cells[1][:2] == ["Works", "yes"]
    assert cells[1][2].endswith("(measured)")
    assert cells[1][3:] == ["true", "✅ proven"]
    # The crisis run never read the pool, so what was written by hand stays.
    assert cells[2][:3] == ["Peak", "3", "20"]
    assert "- Crisis: measured in run crisis, " in report
    # The run holds the capture, too.
    shutil.rmtree(tmp_path / "captures")
    rendered = script("render_report", "--out", tmp_path / "after")
    assert rendered.returncode == 0
    assert "✅ proven" in (tmp_path / "after" / "POST-DEPLOYMENT-MONITORING-REPORT.md").read_text()
    # And without it the report says so, and shows what was written by hand.
    (tmp_path / "after" / "captures" / "crisis.json").unlink()
    assert script("render_report", "--out", tmp_path / "after").returncode == 0
    report = (tmp_path / "after" / "POST-DEPLOYMENT-MONITORING-REPORT.md").read_text()
    assert "by hand" in report
    assert "proven" not in report
    assert "captures/crisis.json: cannot be read (No such file or directory)" in report.replace("`", "")


@pytest.mark.parametrize("name", ["../x", "", "a/b", ".hidden"])
def test_a_captures_name_is_a_plain_one(name, tmp_path):
    (tmp_path / "plan.yml").write_text(PLAN)
    done = script(
        "watch_deployment", "--plan", tmp_path / "plan.yml", "--out", tmp_path / "o", "--capture", name
    )
    assert done.returncode == 2
    assert "write a name of letters" in done.stderr


@pytest.mark.parametrize(
    ("captured", "told"),
    [
        ("{Now: x.json}", "captured names no column 'Now' — the columns are: Before, Crisis"),
        ("{Crisis: ../x.json}", "must lie beside the plan"),
    ],
)
def test_a_captured_column_that_is_none_is_a_mistake_of_the_plan(captured, told, tmp_path):
    (tmp_path / "plan.yml").write_text(PLAN + BASELINE.replace("{Crisis: captures/crisis.json}", captured))
    done = script("check_plan", tmp_path / "plan.yml")
    assert done.returncode == 2
    assert told in done.stderr


def test_of_keys_with_dots_the_longest_that_fits_is_taken():
    assert changed({"a": {"b": 1}, "a.b": 2}, "a.b=3") == {"a": {"b": 1}, "a.b": 3}
