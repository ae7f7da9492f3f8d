"""An expectation on an answer: what is missing, null, of the wrong type or no JSON is never a pass."""

import json
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonpath import compile as compile_path

from deploy_verdict import expect
from deploy_verdict.expect import Expectation, Matcher, check_selector, parse_matcher, worst
from deploy_verdict.expect.selectors import NAMES_ALONE, Found, read_json, select_json
from deploy_verdict.model import Exchange, Fault, Outcome, Whose

PASS, FAIL, OPEN = Outcome.PASS, Outcome.FAIL, Outcome.INCONCLUSIVE
AT = datetime(2026, 2, 2, 12, tzinfo=UTC)


def answer(body="", status=200, **more):
    fields = {"at": AT, "method": "GET", "url": "http://x/", "request_id": "r", "elapsed_ms": 12.0}
    return Exchange(status=status, body=body, **fields, **more)


def result(selector, value, exchange):
    return expect.tested(
        Expectation(selector, Matcher.model_validate(parse_matcher(value, selector))), exchange
    )


STATS = '{"status": "ok", "max_connections": 20, "alert": null}'


@pytest.mark.parametrize(
    ("selector", "value", "body", "outcome", "actual"),
    [
        ("$.u", "< 80", '{"u": 15.0}', PASS, "15"),
        ("number: $.u[0][1]", "< 80", '{"u": [[7, "1.5e1"]]}', PASS, "15"),
        ("number: $.u[*]", "< 80", '{"u": ["1", "83.5"]}', FAIL, "83.5"),
        ("number: $.u", "< 80", '{"u": 3}', PASS, "3"),
        ("number: $.u", "< 80", '{"u": "NaN"}', OPEN, "'NaN' is not a number"),
        ("number: $.u", "< 80", '{"u": "-Inf"}', OPEN, "'-Inf' is not a number"),
        ("number: $.u", "< 80", '{"u": "1e999"}', OPEN, "1e999 is too large"),
        ("number: $.u", "< 80", '{"u": ""}', OPEN, "'' is not a number"),
        ("number: $.u", "< 80", '{"u": true}', OPEN, "a boolean, not a number"),
        ("number: $.u", "< 80", '{"u": null}', OPEN, "null, not a number"),
        ("number: $.u[0][1]", "< 80", '{"u": []}', OPEN, "u is an empty list: no data"),
        ("number: $.u[1]", "< 80", '{"u": ["1"]}', OPEN, "u is a list of 1"),
        ("$.u[0]['count()']", "< 80", '{"u": []}', OPEN, "u is an empty list: no data"),
        ("$.u[0]['count()']", "< 80", '{"u": [{"a": 1}]}', OPEN, "u[0] has no count() (it has: a)"),
        ("$.u[0]", "< 80", '{"u": {}}', OPEN, "u is an object, so it has no [0]"),
        ("$.u", "< 80", '{"u": 83.5}', FAIL, "83.5"),
        (
            "$.utilization_percent",
            "< 80",
            STATS,
            OPEN,
            "the answer has no utilization_percent (it has: status, max_connections, alert)",
        ),
        ("$.u", "< 80", '{"u": null}', OPEN, "null, not a number"),
        ("$.u", "< 80", '{"u": "15.0"}', OPEN, '"15.0" is text, not a number'),
        ("$.u", "< 80", '{"u": NaN}', OPEN, "$.u is NaN, which is not a number"),
        ("$.u", "< 80", '{"u": 1e999}', OPEN, "$.u is 1e999 (too large), which is not a number"),
        ("$.u", "< 80", '{"u": 1, "u": 99}', OPEN, "the JSON has the key 'u' twice"),
        ("$.u", "< 80", "", OPEN, "the answer has no body"),
        (
            "$.u",
            "< 80",
            "<!DOCTYPE html><html>x",
            OPEN,
            "the answer is HTML, not JSON: '<!DOCTYPE html><html>x'",
        ),
        ("$.u", "< 80", "ok", OPEN, "the answer is text, not JSON: 'ok'"),
        ("$.u", "< 80", "[1]", OPEN, "the answer is a list, so it has no u"),
        ("$.a.b", 1, '{"a": 5}', OPEN, "a is a number, so it has no b"),
        ("$.a.b", 1, '{"a": {}}', OPEN, "a has no b (it is empty)"),
        ("$.alert", None, STATS, PASS, "null"),
        ("$.alert", None, '{"alert": "HIGH"}', FAIL, '"HIGH"'),
        ("$.alert", None, "{}", OPEN, "the answer has no alert (it is empty)"),
        ("$.u", "< 80", '"{\\"u\\": 1}"', OPEN, "the answer is text, so it has no u"),
        ("text", "has no attribute", "x has no attribute y", PASS, '"x has no attribute y"'),
    ],
)
def test_each_way_to_be_missing_has_its_own_words(selector, value, body, outcome, actual):
    seen = result(selector, value, answer(body))
    assert (seen.outcome, seen.actual) == (outcome, actual)


@pytest.mark.parametrize(
    ("body", "outcome"),
    [
        ('{"pools": [{"u": 10}, {"u": 99}]}', FAIL),
        ('{"pools": [{"u": 10}, {"u": null}]}', OPEN),
        ('{"pools": [{"u": 10}, {"u": 79}]}', PASS),
        ('{"pools": []}', OPEN),
    ],
)
def test_every_value_that_a_path_selects_must_hold(body, outcome):
    assert result("$.pools[*].u", "< 80", answer(body)).outcome is outcome


def test_json_nested_too_deeply_is_inconclusive():
    assert result("$.u", 1, answer("[" * 200_000)).outcome is OPEN


def test_a_cut_body_is_not_searched_for_what_may_stand_in_the_rest():
    assert result("text", "needle", answer("hay", body_truncated=True)).outcome is OPEN
    assert result("text", "needle", answer("a needle", body_truncated=True)).outcome is PASS


@pytest.mark.parametrize(
    ("whose", "outcome"),
    [
        (Whose.TARGET, FAIL),
        (Whose.EDGE, FAIL),
        (Whose.RUNNER, OPEN),
        (Whose.PROVIDER, OPEN),
        (Whose.US, OPEN),
    ],
)
def test_only_the_targets_own_silence_is_a_fail(whose, outcome):
    silent = answer(
        None, status=None, fault=Fault(kind="timeout", whose=whose, detail="no answer within 10 s")
    )
    for selector, value in (("status", 200), ("$.u", "< 80"), ("text", "x")):
        assert result(selector, value, silent).outcome is outcome


def test_headers_are_found_whatever_their_case():
    exchange = answer("", headers={"Content-Type": "application/json"})
    assert result("header.content-type", "application/json", exchange).outcome is PASS
    assert result("header.x-none", "a", exchange).outcome is OPEN


@pytest.mark.parametrize(
    ("selector", "message"),
    [
        ("state", "is not a selector — write status, elapsed, text, header.NAME or $.json.path, or $.state"),
        ("$.", "is not a JSON path (RFC 9535)"),
        ("$.a[", "is not a JSON path (RFC 9535)"),
        ("header.a b", "is not a selector"),
    ],
)
def test_a_selector_that_nobody_could_read_is_refused(selector, message):
    with pytest.raises(ValueError, match=r".*") as raised:
        check_selector(selector)
    assert message in str(raised.value)


@given(
    body=st.one_of(
        st.text(max_size=200),
        st.recursive(
            st.none() | st.booleans() | st.floats() | st.text(max_size=5),
            lambda inner: (
                st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("ux"), inner, max_size=2)
            ),
            max_leaves=6,
        ).map(json.dumps),
    )
)
def test_a_pass_needs_the_number_in_the_answer(body):
    """Whatever the body, `$.u < 80` passes only where u really is a number below 80."""
    seen = result("$.u", "< 80", answer(body))
    if seen.outcome is PASS:
        value = json.loads(body)["u"]
        assert isinstance(value, int | float)
        assert not isinstance(value, bool)
        assert value < 80


def test_worst_of_nothing_is_inconclusive():
    assert worst([]) is OPEN
    assert worst([PASS, OPEN]) is OPEN
    assert worst([PASS, OPEN, FAIL]) is FAIL
    assert worst([PASS]) is PASS


@pytest.mark.parametrize(
    ("selector", "value", "outcome"),
    [
        ("status", 200, OPEN),
        ("status", "< 500", OPEN),
        ("status", "400..499", OPEN),
        ("status", {"not_equals": 404}, OPEN),
        ("status", 429, PASS),
        ("status", {"one_of": [200, 429]}, PASS),
        ("status", {"one_of": [428, 429, 430]}, PASS),
        ("status", {"between": [429, 429]}, PASS),
        ("$.detail", "busy", PASS),
        ("$.detail", "free", OPEN),
        ("$.other", "x", OPEN),
        ("text", "Application", OPEN),
    ],
)
def test_a_429_is_news_only_where_it_is_named(selector, value, outcome):
    """An edge gives it in the service's place: no pass of a range, no fail of a value."""
    found = result(selector, value, answer('{"detail": "busy"}', status=429))
    assert found.outcome is outcome
    assert outcome is PASS or "429" in found.actual or "has no other" in found.actual


@pytest.mark.parametrize(
    ("kind", "whose", "status", "outcome"),
    [
        ("edge", Whose.EDGE, 404, FAIL),
        ("timeout", Whose.TARGET, 200, FAIL),
        ("request", Whose.US, 200, OPEN),
        ("redirect", Whose.TARGET, 302, PASS),
        # A gateway of the service's own, as for maintenance.
        ("edge", Whose.TARGET, 503, PASS),
    ],
)
def test_a_status_without_its_answer_is_no_pass(kind, whose, status, outcome):
    """The edge answers 404 for a service that is gone, and headers may come without their body."""
    fault = Fault(kind=kind, whose=whose, detail="why")
    assert result("status", status, answer(None, status=status, fault=fault)).outcome is outcome


def test_what_a_failed_status_says_to_do():
    away = {"headers": {"Location": "/take/"}}
    assert result("status", 200, answer(status=307, **away)).actual.startswith('307, a redirect to "/take/"')
    other = Fault(kind="redirect", whose=Whose.TARGET, detail="it redirects to another host: x")
    assert result("status", 200, answer(status=302, fault=other)).actual == f"302, {other.detail}"
    expired = Fault(kind="expired", whose=Whose.US, detail="401, as our token has expired")
    for selector, value in (("status", 200), ("$.u", 1), ("text", "x")):
        assert result(selector, value, answer(status=401, fault=expired)).outcome is OPEN
    gateways = Fault(kind="edge", whose=Whose.TARGET, detail="a gateway answered 502")
    assert result("$.u", 1, answer("<html>", status=502, fault=gateways)).outcome is FAIL
    assert result("text", "Bad", answer("Bad Gateway", status=502, fault=gateways)).outcome is PASS


@given(st.from_regex(NAMES_ALONE, fullmatch=True))
def test_a_path_that_is_taken_without_the_library_is_one_of_its_paths(path):
    """`$.and.true[0]`: no name is a word of the library's."""
    compile_path(path, strict=True)
    select_json(path, "{}")


@pytest.mark.parametrize("name", ["and", "or", "not", "true", "null", "in", "contains", "_", "length"])
def test_a_word_of_the_library_is_a_name_like_another(name):
    check_selector(f"$.{name}")
    assert select_json(f"$.{name}", json.dumps({name: 1})) == Found(1, (1,))


def test_a_byte_order_mark_before_json_is_ignored():
    found = read_json('\ufeff{"status": "ok"}')
    assert isinstance(found, Found)
    assert found.value == {"status": "ok"}
