"""Matchers: each operator on both sides of its limit, and on every type that it does not speak about."""

import pytest
from pydantic import ValidationError

from deploy_verdict.expect import Matcher, described, matched, parse_matcher
from deploy_verdict.model import Outcome

PASS, FAIL, OPEN = Outcome.PASS, Outcome.FAIL, Outcome.INCONCLUSIVE


def matcher(value, selector="$.x"):
    return Matcher.model_validate(parse_matcher(value, selector))


@pytest.mark.parametrize(
    ("short", "value", "outcome"),
    [
        ("< 80", 79.9, PASS),
        ("< 80", 80, FAIL),
        ("<= 80", 80, PASS),
        ("<= 80", 80.1, FAIL),
        ("<= 80", 80.5, FAIL),
        ("<= 80", 79.5, PASS),
        ("> 0", 0, FAIL),
        ("> 0", 1, PASS),
        (">= 1", 1, PASS),
        (">= 1", 0, FAIL),
        ("500..599", 499, FAIL),
        ("500..599", 500, PASS),
        ("500..599", 599, PASS),
        ("500..599", 600, FAIL),
        ([200, 409], 409, PASS),
        ([200, 409], 500, FAIL),
        ([200, 409], "409", OPEN),
        (20, 20, PASS),
        (20, 20.0, PASS),
        (20, 19, FAIL),
        ("healthy", "healthy", PASS),
        ("healthy", "unhealthy", FAIL),
        (True, True, PASS),
        (True, False, FAIL),
        (None, None, PASS),
        (None, "HIGH_UTILIZATION", FAIL),
        (None, 0, FAIL),
    ],
)
def test_short_form_on_both_sides_of_its_limit(short, value, outcome):
    assert matched(matcher(short), value)[0] is outcome


@pytest.mark.parametrize(
    ("short", "value", "reason"),
    [
        ("< 80", "15.0", "is text, not a number"),
        ("< 80", None, "is null, not a number"),
        ("< 80", True, "is a boolean, not a number"),
        ("< 80", [1], "is a list, not a number"),
        ("< 80", {}, "is an object, not a number"),
        (1, True, "is a boolean, not a number"),
        (True, 1, "is a number, not a boolean"),
        (15.0, "15.0", "is text, not a number"),
        ("ok", None, "is null, not text"),
        ({"contains": "x"}, 5, "is a number, not text"),
        ({"matches": "x"}, None, "is null, not text"),
        ({"not_equals": 20}, "20", "is text, not a number"),
    ],
)
def test_a_wrong_type_is_inconclusive_and_named(short, value, reason):
    assert matched(matcher(short), value) == (OPEN, reason)


@pytest.mark.parametrize(
    ("long", "value", "outcome"),
    [
        ({"at_least": 1, "below": 15}, 14, PASS),
        ({"at_least": 1, "below": 15}, 15, FAIL),
        ({"at_least": 1, "below": 15}, 0, FAIL),
        ({"type": "array", "length": 1}, ["a"], PASS),
        ({"fewer_than": 1}, [], PASS),
        ({"fewer_than": 1}, ["a"], FAIL),
        ({"fewer_than": 3}, ["a", "b"], PASS),
        ({"fewer_than": 3}, ["a", None], OPEN),
        ({"fewer_than": 2}, ["a", None], FAIL),
        ({"fewer_than": 1}, None, OPEN),
        ({"fewer_than": 1}, {}, OPEN),
        ({"fewer_than": 1}, "", OPEN),
        ({"type": "array", "length": 1}, [], FAIL),
        ({"type": "array", "length": 1}, [None], FAIL),
        ({"length": 1}, [None, 0], PASS),
        ({"type": "array"}, None, FAIL),
        ({"type": "integer"}, 2.0, PASS),
        ({"type": "integer"}, 2.5, FAIL),
        ({"type": "number"}, True, FAIL),
        ({"present": True}, None, PASS),
        ({"matches": "^ab+$"}, "abb", PASS),
        ({"matches": "^ab+$"}, "ba", FAIL),
        ({"contains": "b"}, "abc", PASS),
        ({"contains": "x"}, "abc", FAIL),
        ({"not_equals": 20}, 50, PASS),
        ({"not_equals": 20}, 20, FAIL),
        ({"equals": {"a": [1]}}, {"a": [1]}, PASS),
        ({"equals": {"a": [1]}}, {"a": [True]}, FAIL),
        ({"one_of": ["a", 1]}, True, FAIL),
    ],
)
def test_long_form(long, value, outcome):
    assert matched(matcher(long), value)[0] is outcome


@pytest.mark.parametrize(
    ("value", "selector", "message"),
    [
        ({"below": "80 %"}, "$.x", "'below: 80 %' is not a number — write 80 or \"< 80\""),
        ("< 80 %", "$.x", "'below: 80 %' is not a number — write 80 or \"< 80\""),
        ("< potato", "$.x", "'below: potato' is not a number"),
        ("< 2", "elapsed", '2 has no unit — write "< 2s"'),
        (2, "elapsed", '2 has no unit — write "< 2s"'),
        ("2s", "elapsed", 'no answer takes exactly 2s — write "< 2s"'),
        ("!= bad", "$.x", 'would be taken as this text — write {not_equals: "bad"}'),
        ("=~ ok", "$.x", 'write {matches: "ok"}'),
        ("== 3", "$.x", "write {equals: 3}"),
        ("OK", "status", "'OK' is not a status — write 200, 500..599 or [200, 409]"),
        ({"because": "x"}, "$.x", "no operator: this can never fail"),
        ({"matches": "("}, "$.x", "not a regular expression"),
        ({"type": "list"}, "$.x", "'list' is not a JSON type"),
        ({"between": [5, 1]}, "$.x", "nothing lies from 5 to 1"),
        ({"present": False}, "$.x", "present: false can pass on any broken answer"),
    ],
)
def test_a_mistake_says_what_to_write(value, selector, message):
    with pytest.raises((ValueError, ValidationError)) as raised:
        matcher(value, selector)
    assert message in str(raised.value)


def test_elapsed_speaks_in_durations_and_compares_milliseconds():
    limit = matcher("< 2s", "elapsed")
    assert matched(limit, 1999.9)[0] is PASS
    assert matched(limit, 2000.0)[0] is FAIL
    assert described(limit, "elapsed") == "< 2 s"


def test_text_is_searched_for_plain_words_even_if_they_look_like_a_comparison():
    assert matched(matcher("< 80", "text"), "x < 80 y")[0] is PASS
    assert matched(matcher("500..599", "text"), "500")[0] is FAIL


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("< 80", "< 80"),
        (20, "= 20"),
        (None, "= null"),
        ([200, 403], "one of 200, 403"),
        ("500..599", "in 500..599"),
        ({"type": "array", "length": 1}, "is of type array and has at least 1"),
    ],
)
def test_a_matcher_explains_itself(value, text):
    assert described(matcher(value), "$.x") == text
