"""Earlier verdicts: remembered one line each, and read back whatever else the file holds."""

import json
from datetime import timedelta

import pytest

from deploy_verdict.model import VerdictOutcome
from deploy_verdict.publish.comment_state import outcome_in, status_line
from deploy_verdict.publish.posts import _verdict_line
from deploy_verdict.redaction.output_guard import _Known, _learn
from deploy_verdict.redaction.redactor import Redactor
from deploy_verdict.verdict.judge import judge
from deploy_verdict.window.directory.history import append_to_history, read_history
from tests.bundles import SUBJECT, T0, bundle_of
from tests.plans import plan_of

PLAN = "small"


def verdict(**subject):
    plan = plan_of("health: [{name: api, get: /api, expect: {status: 200}}]\n")
    made = judge(bundle_of(plan), judged_at=T0, tool_version="0")
    return made.model_copy(update={"subject": SUBJECT.model_copy(update=subject)})


def test_what_is_remembered_is_read_back_in_order(tmp_path):
    path = tmp_path / "deep" / "history.jsonl"
    append_to_history(path, verdict(commit="abc"), "d1", "abcdef1")
    append_to_history(path, verdict().model_copy(update={"judged_at": T0 + timedelta(hours=1)}), "d2")
    found = read_history(path, SUBJECT, PLAN)
    assert [(item.deployment, item.commit, item.outcome) for item in found] == [
        ("d1", "abcdef1", "inconclusive"),
        ("d2", None, "inconclusive"),
    ]


def test_other_services_and_environments_are_others(tmp_path):
    path = tmp_path / "history.jsonl"
    append_to_history(path, verdict(target="http://another"), "d1")
    append_to_history(path, verdict(environment="staging"), "d2")
    assert read_history(path, SUBJECT, PLAN) == ()


def test_two_services_behind_one_address_are_two(tmp_path):
    path = tmp_path / "history.jsonl"
    append_to_history(path, verdict(service="web"), "d1")
    append_to_history(path, verdict(service="api"), "d2")
    append_to_history(path, verdict().model_copy(update={"plan_name": "another"}), "d3")
    append_to_history(path, verdict(), "d4")
    found = [read_history(path, SUBJECT.model_copy(update={"service": name}), PLAN) for name in ("web", None)]
    assert [[item.deployment for item in judged] for judged in found] == [["d1"], ["d4"]]


@pytest.mark.parametrize(
    ("update", "counts"),
    [
        ({}, True),
        ({"window": {"speed": 600.0}}, False),
        ({"left_out": ("logs",)}, False),
        ({"window": {"speed": 600.0}, "outcome": "critical"}, True),
    ],
)
def test_a_rehearsal_is_no_stable_to_go_back_to(update, counts, tmp_path):
    path = tmp_path / "history.jsonl"
    made = verdict().model_copy(update={"outcome": VerdictOutcome.STABLE})
    fields = {**update, "window": made.window.model_copy(update=update.get("window", {}))}
    if "outcome" in update:
        fields["outcome"] = VerdictOutcome(update["outcome"])
    append_to_history(path, made.model_copy(update=fields), "d1")
    assert bool(read_history(path, SUBJECT, PLAN)) is counts
    line = _verdict_line(made.model_copy(update=fields))
    assert (outcome_in(status_line(line, "prod"), "prod") is not None) is counts


def test_lines_that_cannot_be_read_are_no_verdicts(tmp_path):
    path = tmp_path / "history.jsonl"
    path.write_bytes(b'{"half": \n\xff\xfe\n[]\nnull\n{"outcome": "stable"}\n')
    append_to_history(path, verdict(), "d1")
    assert [item.deployment for item in read_history(path, SUBJECT, PLAN)] == ["d1"]


def test_no_file_is_no_history(tmp_path):
    assert read_history(tmp_path / "none", SUBJECT, PLAN) == ()
    assert read_history(tmp_path, SUBJECT, PLAN) == ()


def test_it_is_clean_and_takes_any_text(tmp_path):
    before = _Known.redactor
    try:
        _learn(Redactor({"A_TOKEN": "dotted value 42"}))
        append_to_history(tmp_path / "history.jsonl", verdict(environment="x dotted value 42 \udcff"))
    finally:
        _Known.redactor = before
    (line,) = (tmp_path / "history.jsonl").read_text().splitlines()
    assert json.loads(line)["environment"] == "x [redacted:A_TOKEN] ?"
