"""Test-data safety: a request that may write is refused unless it names only allowed entities."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deploy_verdict.plan.write_guard import refusal

ALLOWED = {"tag_spool": ("TEST-02", "FAKE-999")}


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", "/api/spools/PROD-1", None),
        ("POST", "/x", {"tag_spool": "TEST-02"}),
        ("POST", "/x", {"a": [{"tag_spool": "FAKE-999"}]}),
        ("POST", "/x", {"tag_spool": ["TEST-02", "FAKE-999"]}),
        ("DELETE", "/x?tag_spool=TEST-02", None),
    ],
)
def test_allowed(method, path, body):
    assert refusal(method, path, body, ALLOWED) is None


@pytest.mark.parametrize(
    ("method", "path", "body", "told"),
    [
        ("POST", "/x", {"tag_spool": "PROD-1"}, "would write tag_spool = 'PROD-1'"),
        ("POST", "/x", {"tag_spool": "TEST-02", "more": {"tag_spool": "PROD-1"}}, "'PROD-1'"),
        ("POST", "/x", {"tag_spool": ["TEST-02", "PROD-1"]}, "'PROD-1'"),
        ("POST", "/x", {"tag_spool": []}, "[]"),
        ("POST", "/x", {"tag_spool": None}, "None"),
        ("POST", "/x", {"tag_spool": {"$ne": ""}}, "$ne"),
        ("POST", "/x", {"tag_spool": "test-02"}, "'test-02'"),
        ("POST", "/x", {"tag_spool": "TEST-02 "}, "'TEST-02 '"),
        ("POST", "/x", {"tag_spools": ["PROD-1"]}, "names no tag_spool"),
        ("POST", "/x", None, "names no tag_spool"),
        ("PUT", "/x?tag_spool=PROD-1", {"tag_spool": "TEST-02"}, "'PROD-1'"),
        ("DELETE", "/x?tag_spool=TEST-02&tag_spool=PROD-1", None, "'PROD-1'"),
    ],
)
def test_refused(method, path, body, told):
    assert told in refusal(method, path, body, ALLOWED)


@pytest.mark.parametrize(
    ("path", "body", "told"),
    [
        ("/spools/PROD-1/take", {}, "not a route word"),
        ("/spools/%50ROD-1/take", {}, "not a route word"),
        ("/x/%2e%2e/PROD-1", {}, "dot segment"),
        ("/x/../y", {}, "dot segment"),
        ("/x%2Fy", {}, "an encoding"),
        ("/x%252e%252e", {}, "an encoding"),
        ("/x;tag_spool=PROD-1", {}, "read differently"),
        ("/x\\y", {}, "a character"),
        ("/x//y", {}, "empty segment"),
        ("/TEST-02.", {}, "not a route word"),
        ("/ＴEST-02", {}, "a character"),
        ("/x?tag_spool=TEST-02;tag_spool=PROD-1", {}, "a separator"),
        ("/x?tag_spool=%2550", {}, "an encoding"),
        ("/x?_method=DELETE", {}, "another method"),
        ("/x?Tag_Spool=PROD", {}, "could read as tag_spool"),
        ("/x", {"tagSpool": "PROD"}, "could read as tag_spool"),
        ("/x", {"TAG_SPOOL": "PROD"}, "could read as tag_spool"),
        ("/x", {"tag_spools": ["PROD"]}, "could read as tag_spool"),
        ("/x", {"raw": '{"Tag_Spool": "PROD"}'}, "could read as tag_spool"),
        ("/x", {"id": "PROD-1"}, "looks like an entity"),
        ("/x", {"id": "prod-1"}, "looks like an entity"),
        ("/x", {"id": "TEST%2D03"}, "looks like an entity"),
        ("/x", {"id": "TEST%25252525252D03"}, "looks like an entity"),
        ("/x", {"id": "ＰＲＯＤ－１"}, "looks like an entity"),
        ("/x", {"id": "PR\u200bOD-1"}, "looks like an entity"),
        ("/x", {"PROD-1": {}}, "looks like an entity"),
        ("/x", {"note": "spool=PROD-1;"}, "looks like an entity"),
    ],
)
def test_no_other_spelling_slips_by(path, body, told):
    """Each names an allowed entity as well."""
    assert told in refusal("POST", path, {"tag_spool": "TEST-02", **body}, ALLOWED)


def test_words_versions_and_allowed_entities_are_paths():
    body = {"tag_spool": "TEST-02", "worker_nombre": "MR(93)", "fecha": "2026-02-02"}
    assert refusal("POST", "/api/v1/spools/TEST-02/take-it?dry=1", body, ALLOWED) is None


def test_no_header_turns_a_read_into_a_write():
    told = refusal("GET", "/x", None, ALLOWED, headers={"X-HTTP-Method-Override": "DELETE"})
    assert "another method in its header" in told


def test_nothing_allowed_means_no_writes_at_all():
    assert "allows nothing" in refusal("POST", "/x", {"tag_spool": "TEST-02"}, {})


def test_a_captured_value_in_the_path_must_be_allowed_too():
    body = {"tag_spool": "TEST-02"}
    assert "captured value 'PROD-1'" in refusal("POST", "/x/PROD-1", body, ALLOWED, filled=["PROD-1"])
    assert refusal("POST", "/x/TEST-02", body, ALLOWED, filled=["TEST-02"]) is None


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["tag_spool", "a", "b"]), inner, max_size=3)
    ),
    max_leaves=10,
)


@given(body=json_values)
def test_whatever_is_sent_names_only_allowed_entities(body):
    if refusal("POST", "/x", body, ALLOWED) is None:
        assert _entities(body) <= {"TEST-02", "FAKE-999"}
        assert _entities(body)


def _entities(value):
    if isinstance(value, list):
        return set().union(*map(_entities, value)) if value else set()
    if not isinstance(value, dict):
        return set()
    found = set()
    for key, item in value.items():
        if key == "tag_spool":
            found |= {str(entry) for entry in (item if isinstance(item, list) else [item])}
        else:
            found |= _entities(item)
    return found
