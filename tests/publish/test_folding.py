"""A comment within the limit: whole sections go, in their order, and nothing is left open."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deploy_verdict.markup.markdown import fenced
from deploy_verdict.model import Outcome
from deploy_verdict.publish.posts import MAX_COMMENT, MAX_HIDDEN, comment_text
from deploy_verdict.report.sections import (
    CUT,
    Fold,
    characters,
    cut,
    drop_order,
    folded,
    linked,
    utf8_bytes,
)
from deploy_verdict.stages.registry import report_sections
from tests.report.stories import GENERATED, STORIES, critical

LIMIT = MAX_COMMENT - MAX_HIDDEN
LEFT_OUT_FIRST = drop_order()
WORDS = st.sampled_from(
    ["plain", "", "# heading", "`code`", "- item", "<details>", "</details>", "```", "~~~", "| a | b |", "😀"]
)
# What a template may hand out: paragraphs, lists and tables, and foreign text in fences.
PARAGRAPH = st.sampled_from(["plain", "- item", "| a | b |", "😀 `code`", "", "**bold** and more words"])
BLOCK = PARAGRAPH | st.lists(WORDS, max_size=6).map(lambda words: str(fenced("\n".join(words), "json")))
INDENTED = BLOCK.map(lambda block: "1. item\n   " + block.replace("\n", "\n   "))
TEXTS = st.lists(BLOCK | INDENTED, max_size=8).map("\n\n".join)
SECTIONS = st.lists(
    st.builds(
        Fold,
        key=st.sampled_from(LEFT_OUT_FIRST),
        title=st.text(max_size=20),
        text=TEXTS,
        drop_rank=st.integers(0, 9),
    ),
    max_size=12,
)


def is_closed(text):
    """Read as GitHub does: every fence has its end, and every fold, outside of fences."""
    fence, folds = None, 0
    for line in text.split("\n"):
        mark = line.strip()
        if fence:
            if mark and set(mark) == {fence[0]} and len(mark) >= len(fence):
                fence = None
        elif found := re.match(r"(`{3,}|~{3,})[^`]*$", mark):
            fence = found.group(1)
        elif mark in ("<details>", "</details>"):
            folds += 1 if mark == "<details>" else -1
            assert folds >= 0
    return fence is None and folds == 0


@given(TEXTS, SECTIONS, st.integers(60, 900))
def test_any_report_fits_and_nothing_stays_open(head, sections, limit):
    text = folded(head, sections, limit)
    assert characters(text) <= limit
    assert is_closed(text)


@given(TEXTS, SECTIONS, st.integers(0, 600), st.sampled_from([characters, utf8_bytes]))
def test_a_cut_is_at_a_line_and_says_so(head, sections, limit, size):
    text = folded(head, sections, 100_000)
    shorter = cut(text, limit, size)
    assert size(shorter) <= limit
    assert is_closed(shorter)
    if shorter not in ("", text):
        kept, _, rest = shorter.rpartition(CUT)
        assert text.startswith(kept.rstrip("\n").removesuffix("```").rstrip(" \n`~"))
        assert set(rest.split()) <= {"</details>"}


def test_sections_go_in_the_stated_order_and_are_named():
    """From the one that is needed least; those that tell what failed and what follows go last."""
    ranks = {key: rank for rank, key in enumerate(LEFT_OUT_FIRST)}
    sections = [Fold(key=k, title=k, text="x" * 100, drop_rank=r) for k, r in reversed(ranks.items())]
    whole = folded("head", sections, 10_000)
    gone = []
    for limit in range(len(whole), 100, -1):
        text = folded("head", sections, limit)
        left_out = [key for key in LEFT_OUT_FIRST if f"<summary>{key}</summary>" not in text]
        assert left_out == list(LEFT_OUT_FIRST[: len(left_out)])
        named = text.partition("see the full report: ")[2].partition("\n")[0].rstrip(".").split(", ")
        if left_out and CUT not in text:
            assert [name.replace(" ", "_") for name in named] == [key.replace(" ", "_") for key in left_out]
        gone.append(len(left_out))
    assert gone == sorted(gone)
    assert LEFT_OUT_FIRST[-3:] == ("criteria", "issues", "conclusion")


def test_every_section_of_the_report_can_stand_in_the_comment():
    """Exposure once stood in one list of sections and not in the other, so the comment never showed it."""
    assert {section.key for section in report_sections()} <= set(LEFT_OUT_FIRST)
    assert len(set(LEFT_OUT_FIRST)) == len(LEFT_OUT_FIRST)
    ranks = [section.drop_rank for section in report_sections()]
    assert len(set(ranks)) == len(ranks)


@pytest.mark.parametrize("name", STORIES)
def test_a_usual_report_is_folded_in_whole(name):
    story = STORIES[name]()
    text = comment_text(story.bundle(), story.verdict(), GENERATED)
    assert is_closed(text)
    assert "Left out to fit" not in text
    whole = story.report()
    for line in text.partition("<details>")[2].splitlines():
        if line.strip() and not line.startswith(("<details>", "</details>", "<summary>")):
            assert line in whole, line


def test_a_hostile_report_of_any_length_fits():
    story = critical("😀```\n</details>\n<!-- " + "@team " * 20_000)
    finding = next(item for item in story.verdict().findings if item.stage == "health")
    many = tuple(
        finding.model_copy(
            update={
                "stage": "logs",
                "evidence": None,
                "check": f"check {number}",
                "because": f"cause {number}",
                "outcome": Outcome.FAIL,
                "actual": "😀" * 390,
            }
        )
        for number in range(300)
    )
    verdict = story.verdict()
    verdict = verdict.model_copy(update={"findings": (*verdict.findings, *many)})
    text = comment_text(story.bundle(), verdict, GENERATED, "https://github.com/o/r/actions/runs/1#artifacts")
    assert characters(text) <= LIMIT
    assert is_closed(text)
    assert "see the full report: " in text
    assert "](https://github.com/o/r/actions/runs/1#artifacts) · " in text


def test_a_fold_is_read_as_markdown():
    """Without the blank line after the summary GitHub would show the section as HTML."""
    text = folded("head", [Fold(key="logs", title="Logs <b>", text="# no heading\n", drop_rank=0)], 500)
    assert "<details>\n<summary>Logs b</summary>\n\n# no heading\n\n</details>\n" in text


@pytest.mark.parametrize(
    "address", [None, "", "javascript:alert(1)", "https://x.test/a b", "https://x.test/)x"]
)
def test_what_is_no_address_is_no_link(address):
    assert linked("report", address) == "`report`"
