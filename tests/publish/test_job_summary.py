"""What the job shows of itself: annotations and its summary."""

import pytest

from deploy_verdict.model import Finding
from deploy_verdict.publish.job_summary import MAX_SUMMARY_BYTES, annotations, write_summary
from tests.publish.test_folding import is_closed
from tests.report.stories import stable

IN_A_JOB = {"GITHUB_ACTIONS": "true"}


def finding(outcome, severity=None, check="c", actual="other"):
    return Finding(stage="health", check=check, rule="r", expectation="this", expected="this",
                   outcome=outcome, severity=severity, actual=actual)  # fmt: skip


def told(*findings):
    verdict = stable().verdict().model_copy(update={"findings": findings})
    return list(annotations(IN_A_JOB, verdict))


def test_each_kind_has_its_own_command_and_the_worst_comes_first():
    lines = told(
        finding("inconclusive", check="a"),
        finding("fail", "P2", "b"),
        finding("fail", None, "c"),
        finding("fail", "P0", "d"),
        finding("pass", check="e"),
    )
    assert lines == [
        "::error title=P0 health/d::expected: this; found: other",
        "::error title=P1 health/c::expected: this; found: other",
        "::warning title=P2 health/b::expected: this; found: other",
        "::warning title=Inconclusive%3A health/a::expected: this; found: other",
    ]


def test_ten_of_each_and_then_how_many_more():
    lines = told(*(finding("fail", "P1") for _ in range(13)), *(finding("inconclusive") for _ in range(11)))
    kinds = [line.partition(" ")[0] for line in lines]
    assert kinds == ["::error"] * 10 + ["::warning"] * 10 + ["::notice"]
    assert "3 more failed with P0 or P1, 1 more with P2 or inconclusive" in lines[-1]


def test_ten_are_not_more_than_ten():
    assert len(told(*(finding("fail", "P1") for _ in range(10)))) == 10


def test_no_text_of_a_finding_can_be_a_command():
    hostile = "\n::set-output name=x::y\r\n::error::z, % :"
    (line,) = told(finding("fail", "P0", check=hostile, actual=hostile))
    assert "\n" not in line
    assert "\r" not in line
    assert list(annotations({}, stable().verdict())) == []


@pytest.mark.parametrize("there", [0, 5000])
def test_the_summary_keeps_githubs_limit_with_nothing_left_open(tmp_path, there):
    path = tmp_path / "summary.md"
    path.write_text("x" * there)
    row = "é" * 50 + "\n"
    write_summary({"GITHUB_STEP_SUMMARY": str(path)}, "## head\n\n```text\n" + row * 12_000 + "```\n", print)
    text = path.read_text(encoding="utf-8")
    assert MAX_SUMMARY_BYTES - 300 < len(text.encode()) <= MAX_SUMMARY_BYTES
    assert is_closed(text[there:])


def test_without_a_job_there_is_no_summary(tmp_path):
    write_summary({}, "text", print)
    assert list(tmp_path.iterdir()) == []
