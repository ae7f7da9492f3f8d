"""A plan's expressions in linear time: what they find is what Python's re finds."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deploy_verdict.base.linear_regex import LinearRegexes, UnfitRegexError, check_regex

REGEXES = (
    r"(GET|POST|PUT) /\S+ [1-5]\d\d",
    r"^KeyError: '\w+'$",
    r"operaci\w+n",
    r"(?i)too\s+many",
    r"[^\s\]]{,3}\]x",
    r"[]a[]+b",
    r"\AERROR|\W\D\Z",
    r"(?P<a>x|y)+?z{2,}",
    r"(a+)+$",
)


@given(
    st.text("GET /1 2x\n'Keyror: óña[]b)zy{}٣\u00a0too many\\")
    | st.sampled_from(["operación", "x\nKeyError: 'ñ'"])
)
def test_the_same_is_found_as_by_re(text):
    found = LinearRegexes(REGEXES).found_in(text)
    assert found == [place for place, regex in enumerate(REGEXES) if re.search(regex, text, re.MULTILINE)]


def test_what_explodes_elsewhere_takes_the_time_of_its_text():
    assert LinearRegexes([r"(a+)+$", r"(x|x)*y", "a"]).found_in("a" * 1_000_000 + "!" + "x" * 1_000_000) == [
        2
    ]


@pytest.mark.parametrize("regex", [r"(?=x)y", r"(x)\1", r"(?<!a)b", "a++", "(a{1000}){1000}"])
def test_what_cannot_be_run_is_refused(regex):
    with pytest.raises(UnfitRegexError, match="cannot be run in linear time"):
        check_regex(regex)


def test_where_something_is_found():
    assert LinearRegexes(["b+"]).span(0, "óabbc") == (2, 4)
    assert LinearRegexes(["b+"]).span(0, "a") is None


def test_no_expression_finds_nothing():
    assert LinearRegexes([]).found_in("a") == []
