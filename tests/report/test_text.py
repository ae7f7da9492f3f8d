"""Text from outside stays text: whatever it is, it makes no Markdown, no HTML, and calls nobody."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from deploy_verdict.markup.markdown import cell, clean, code, fenced, inline, one_line
from deploy_verdict.markup.tables import Code, Table, kept, table

PARSER = MarkdownIt("commonmark").enable("table")
CALLS = re.compile(r"@\w|#\d|GH-\d|://|www\.|mailto:", re.IGNORECASE)
NASTY = st.lists(
    st.one_of(
        st.sampled_from(
            [
                "|", "\\", "`", "``", "```", "~~~", "<", ">", "&", "&lt;", "@octocat", "#1", "GH-12", "\n",
                "\r", "\t", "](javascript:alert(1))", "![x](http://e.com/a.png)", "[x]", "<!--", "-->",
                "<script>", "*", "__", "_", "\x1b[31m", "\u202e", "\u200b", "\x00", "\ud800", "---", "# h",
                "- ", "1.", "1. ", "+ ", "> ", "=", " ", "http://e.com", "www.e.com", "a@b.cd", "$x$", "$.a",
                "| --- |", ":-", "    code", "[x]: /u", "é", "word",
                "::set-output name=x::y", "\n::error::x", "##[group]", "{{ 7 * 7 }}", "{% raw %}", "{#", "%}",
                "\n---\n", "- !!python/x", "&a *a", "<<: ", "<!-- deploy-verdict:x -->", "\x1b]8;;http://e.com\x07",
                "\x1bP+q\x1b\\", "\x9b31m", "\u2066", "\u2028", "</details>", "<svg/onload=x>",
                "\n```\n", "\n~~~\n", "\n\n# h\n", "\n| a |\n|---|\n",
            ]
        ),
        st.text(max_size=5),
    ),
    max_size=14,
).map("".join)  # fmt: skip


def inlines(markdown: str) -> list:
    return [child for token in PARSER.parse(markdown) for child in token.children or ()]


def plain(markdown: str) -> str:
    """What stands outside of code, where GitHub looks for mentions and links."""
    return " ".join(token.content for token in inlines(markdown) if token.type == "text")


@given(NASTY)
def test_inline_is_one_paragraph_of_text_and_code(text):
    markdown = f"- {inline(text)}"
    kinds = [token.type for token in PARSER.parse(markdown)]
    assert set(kinds) <= {
        "bullet_list_open", "list_item_open", "paragraph_open", "inline",
        "paragraph_close", "list_item_close", "bullet_list_close",
    }  # fmt: skip
    assert {token.type for token in inlines(markdown)} <= {"text", "code_inline", "text_special"}
    assert not CALLS.search(plain(markdown))


@given(NASTY)
def test_inline_keeps_every_word(text):
    """Nothing is lost but white space, backticks that made code, and what cannot be seen."""
    seen = "".join(token.content for token in inlines(f"- {inline(text)}"))
    assert re.sub(r"[\s`]", "", seen) == re.sub(r"[\s`]", "", one_line(text))


@given(st.lists(st.tuples(NASTY, NASTY), min_size=1, max_size=4))
def test_a_table_keeps_its_rows_and_columns(rows):
    content = Table(headers=("A", "B", "C"), rows=tuple((a, Code(b), a) for a, b in rows))
    tokens = PARSER.parse(table(content))
    kinds = [token.type for token in tokens]
    assert tokens[0].type == "table_open"
    assert tokens[-1].type == "table_close"
    assert kinds.count("tr_open") == len(rows) + 1
    assert kinds.count("td_open") == 3 * len(rows)
    cells = [token.children for token in tokens if token.type == "inline"][3:]
    assert {child.type for cell_ in cells for child in cell_} <= {"text", "code_inline", "text_special"}


@given(NASTY)
def test_cell_code_shows_what_came(text):
    shown = table(Table(headers=("A",), rows=((Code(text),),)))
    contents = [token.content for token in inlines(shown)]
    expected = one_line(text)
    assert contents[1:] == [expected or "(empty)"]


@given(NASTY)
def test_code_is_one_code_span(text):
    tokens = inlines(f"- {code(text)}")
    expected = [one_line(text)] if one_line(text) else ["(empty)"]
    assert [token.content for token in tokens] == expected


@given(NASTY)
def test_a_block_ends_where_it_ends(text):
    tokens = PARSER.parse(f"{fenced(text, 'json')}\n\nafter")
    assert [token.type for token in tokens] == ["fence", "paragraph_open", "inline", "paragraph_close"]


@given(NASTY)
def test_clean_text_hides_nothing_and_can_be_written(text):
    cleaned = clean(text)
    cleaned.encode("utf-8")
    assert not re.search("[\x00-\x08\x1b\u200b-\u200f\u202a-\u202e\u2066-\u2069]", cleaned)
    assert "<!--" not in cleaned
    assert "-->" not in cleaned


def test_a_long_body_is_cut_and_says_so():
    shown = fenced("x" * 65536)
    assert len(shown) < 5000
    assert shown.endswith("Cut here: the evidence has all 65,536 characters.")


def test_many_lines_are_cut_and_say_so():
    assert fenced("a\n" * 100).endswith("Cut here: the evidence has all 200 characters.")


def test_a_fence_is_longer_than_any_inside():
    assert fenced("a\n````\n# b") == "`````\na\n````\n# b\n`````"


def test_a_short_block_is_whole():
    assert fenced('{"a": 1}\n', "json") == '```json\n{"a": 1}\n```'


def test_the_plan_may_write_code():
    assert inline("Reduce `max_connections` to 15") == "Reduce `max_connections` to 15"


def test_a_mention_stands_in_code():
    assert inline("ask @octocat about #12") == "ask `@octocat` about `#12`"


def test_numbers_stay_as_they_are_written():
    """A commit called 1e10 is not a number, and 007 is not 7."""
    assert "1e10" in table(Table(headers=("A", "B"), rows=(("1e10", "007"),)))
    assert "007" in table(Table(headers=("A", "B"), rows=(("1e10", "007"),)))


@pytest.mark.parametrize("count", [199, 200])
def test_a_table_of_two_hundred_rows_is_whole(count):
    assert list(kept(count, [])) == list(range(count))


def test_a_longer_table_keeps_its_worst_rows():
    rows = kept(10_000, [4321, 17])
    assert len(rows) <= 203
    assert {0, 17, 4321, 9999} <= set(rows)


def test_cells_are_capped():
    assert len(cell("x" * 100_000)) <= 240
