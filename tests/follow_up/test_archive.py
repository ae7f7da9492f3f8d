"""`archive`: a window's folder is made once, brought up to date, and never taken from another window."""

import hashlib
import json
from datetime import timedelta

import pytest

from deploy_verdict.base.errors import EvidenceError, PlanError, UsageError
from deploy_verdict.cli.command import main
from deploy_verdict.window.judge_directory import read_verdict, write_reports
from tests.bundles import T0
from tests.github.windows import PLAN, read, window

SECTION = "report: {archive: {folder: docs/incidents, name: redis-crisis, move: [PHASE*.md, INCIDENT*.md]}}\n"
NAME = f"docs/incidents/{T0:%Y-%m-%d}-redis-crisis"


@pytest.fixture
def root(tmp_path, monkeypatch):
    made = tmp_path / "repository"
    made.mkdir()
    monkeypatch.chdir(made)
    (made / "INCIDENT-POSTMORTEM.md").write_text("what happened\n")
    return made


def judged(folder, text=PLAN + SECTION, **more):
    """A judged window with its plan and its report."""
    _, out = window(folder, text=text, **more)
    (out / "plan.yml").write_text(text)
    bundle, _ = read(out)
    write_reports(bundle, read_verdict(out), out, T0 + timedelta(minutes=2))
    return out


def files(folder):
    return {
        path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()
    }


def test_the_folder_of_the_plan_and_the_date_holds_report_index_and_what_was_moved(tmp_path, root, capsys):
    out = judged(tmp_path / "one")
    assert main(["archive", str(out), "--dry-run"]) == 0
    assert "would move INCIDENT-POSTMORTEM.md" in capsys.readouterr().out
    assert list(files(root)) == ["INCIDENT-POSTMORTEM.md"]
    assert main(["archive", str(out)]) == 0
    found = files(root / NAME)
    assert set(found) == {
        "INCIDENT-POSTMORTEM.md", "POST-DEPLOYMENT-MONITORING-REPORT.md", "report.html", "EVIDENCE.md",
        "archive.json", "plan.yml", "verdict.json", "window.json"}  # fmt: skip
    assert not (root / "INCIDENT-POSTMORTEM.md").exists()
    index = found["EVIDENCE.md"].decode()
    evidence = list((out / "evidence").glob("*.json"))
    assert len(evidence) == 4
    for path in evidence:
        assert f"`{path.name}`" in index
        assert hashlib.sha256(path.read_bytes()).hexdigest() in index
    assert "Moved here: `INCIDENT-POSTMORTEM.md`." in index
    capsys.readouterr()
    # Again: nothing changes; with another verdict, as after a later sample, its own archive follows.
    assert main(["archive", str(out)]) == 0
    assert (capsys.readouterr().out, files(root / NAME)) == (
        f"archived in {NAME}: nothing has changed\n",
        found,
    )
    document = json.loads((out / "verdict.json").read_text()) | {"outcome": "attention"}
    (out / "verdict.json").write_text(json.dumps(document))
    assert main(["archive", str(out), "--evidence"]) == 0
    later = files(root / NAME)
    assert later["verdict.json"] == (out / "verdict.json").read_bytes()
    assert json.loads(later["archive.json"])["outcome"] == "attention"
    assert {f"evidence/{path.name}" for path in evidence} <= set(later)


def test_another_window_never_gets_in(tmp_path, root):
    out, other = judged(tmp_path / "one"), judged(tmp_path / "other", PLAN.replace("small", "x") + SECTION)
    main(["archive", str(out)])
    before = files(root / NAME)
    with pytest.raises(UsageError, match=r"is the archive of window .* another --name"):
        main(["archive", str(other)])
    assert files(root / NAME) == before
    assert main(["archive", str(other), "--name", "redis-crisis-2"]) == 0
    assert (root / f"{NAME}-2" / "archive.json").exists()


@pytest.mark.parametrize(
    ("there", "arguments", "words"),
    [
        ("POST-DEPLOYMENT-MONITORING-REPORT.md", (), "is there already"),
        ("INCIDENT-POSTMORTEM.md", (), "is there already"),
        (None, ("--name", "../x"), "write one name"),
        (None, ("--name", ".hidden"), "write one name"),
        (None, ("--into", "x", "--name", "y"), "leave --name out"),
    ],
)
def test_what_others_wrote_and_what_lies_outside_is_refused(tmp_path, root, there, arguments, words):
    out = judged(tmp_path / "one")
    if there:
        (root / NAME).mkdir(parents=True)
        (root / NAME / there).write_text("somebody's")
    before = files(root)
    with pytest.raises(UsageError, match=words):
        main(["archive", str(out), *arguments])
    assert files(root) == before


def test_a_link_that_leads_out_is_refused_and_none_is_moved(tmp_path, root):
    out, outside = judged(tmp_path / "one"), tmp_path / "outside"
    outside.mkdir()
    (root / "PHASE-1.md").symlink_to(out / "plan.yml")
    (root / "docs").symlink_to(outside)
    with pytest.raises(UsageError, match="leads out"):
        main(["archive", str(out)])
    assert list(outside.iterdir()) == []
    # Named on the command line, it is meant.
    assert main(["archive", str(out), "--into", str(outside / "a")]) == 0
    assert (outside / "a" / "INCIDENT-POSTMORTEM.md").exists()
    assert (root / "PHASE-1.md").is_symlink()


@pytest.mark.parametrize(
    "value",
    ["folder: ../x", "folder: /etc", "folder: a/../../b", "folder: ~/x", "folder: .", "folder: .git/x"],
)
def test_a_plan_that_names_a_place_outside_is_refused(tmp_path, root, value):
    text = f"{PLAN}report: {{archive: {{{value}, name: x}}}}\n"
    out = judged(tmp_path / "one")
    (out / "plan.yml").write_text(text)
    with pytest.raises(PlanError, match="must lie below the working directory"):
        main(["archive", str(out)])


def test_without_a_place_or_without_the_evidence_there_is_no_archive(tmp_path, root):
    with pytest.raises(UsageError, match="the plan does not say where"):
        main(["archive", str(judged(tmp_path / "one", PLAN))])
    out = judged(tmp_path / "two")
    next((out / "evidence").glob("health*")).unlink()
    with pytest.raises(EvidenceError, match="its evidence has gone"):
        main(["archive", str(out)])
    assert not (root / "docs").exists()
