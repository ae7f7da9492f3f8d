"""Test-data safety: a request that may write is refused unless it names only allowed entities."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deploy_verdict.plan.sections.test_data import TestData
from deploy_verdict.plan.writes.write_guard import entities, refusal

ALLOWED = TestData(
    may_write={"tag_spool": ("TEST-02", "FAKE-999")},
    routes=("/x",),
    harmless={"worker_nombre": ("MR(93)",), "fecha": "any", "dry": (True, 1), "a": ()},
)


def calling(calls, **variables):
    """A GraphQL mutation on the test user, with these calls."""
    return {"query": f"mutation($user: ID!) {{ {calls}", "variables": {"user": "qa", **variables}}


USERS = TestData(may_write={"user": ("qa",), "order_id": ("TEST-1", 7)})


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", "/api/spools/PROD-1", None),
        ("POST", "/x", {"tag_spool": "TEST-02"}),
        ("POST", "/x", {"a": [{"tag_spool": "FAKE-999"}]}),
        ("POST", "/x", {"a": {"tag_spool": "FAKE-999"}, "dry": True}),
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
        ("/spools/PROD-1/take", {}, "would write tag_spool = 'PROD-1'"),
        ("/x/PROD-1/take", {}, "not a route word"),
        ("/spools/%50ROD-1/take", {}, "would write tag_spool = 'PROD-1'"),
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
        ("/x?_method=%2544elete", {}, "another method"),
        ("/x;_method=DELETE", {}, "another method"),
        ("/x?a=1;_method=DELETE", {}, "another method"),
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
        ("/x", {"id": "UFJPRC0x"}, "looks like an entity"),
        ("/x", {"id": "T3JkZXI6UFJPRC0x"}, "looks like an entity"),
        ("/x", {"id": "50524f442d31"}, "looks like an entity"),
        ("/x", {"id": "\\u0050ROD-1"}, "looks like an entity"),
        ("/x", {"id": "&#80;ROD-1"}, "looks like an entity"),
    ],
)
def test_no_other_spelling_slips_by(path, body, told):
    """Each names an allowed entity as well."""
    assert told in refusal("POST", path, {"tag_spool": "TEST-02", **body}, ALLOWED)


def test_routes_versions_and_allowed_entities_are_paths():
    body = {"tag_spool": "TEST-02", "worker_nombre": "MR(93)", "fecha": "2026-02-02"}
    taken = ALLOWED.model_copy(update={"routes": ("/api/v1/spools/{tag_spool}/take-it",)})
    assert refusal("POST", "/api/v1/spools/TEST-02/take-it?dry=1", body, taken) is None
    assert refusal("POST", "/api/v1/spools/TEST-02", body, ALLOWED) is None


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("PUT", "/orders/TEST-1", {"order_id": "TEST-1", "note": "check"}),
        ("DELETE", "/api/v2/users/qa", None),
        ("PATCH", "/orders/7", {"data": {"attributes": {"order_id": 7, "comment": "smoke test, ignore"}}}),
        ("POST", "/users/qa/orders/TEST-1", {}),
        ("POST", "/graphql", {"query": "query Q { users { id } } # mutation"}),
        ("POST", "/graphql", {"query": '{ users(name: "alice") { id } }', "variables": {"any": "bob"}}),
        ("POST", "/graphql", {"operationName": "M", **calling("drop(id: $user) { ok } }")}),
        ("GET", "/graphql?query={users{id}}", None),
        ("GET", "/search?query=mutation&method=card", None),
        ("POST", "/graphql?tag=1", {"query": "{ a }", "extensions": {"tracing": True}}),
    ],
)  # fmt: skip
def test_what_is_known_needs_no_declaration(method, path, body):
    assert refusal(method, path, body, USERS) is None


@pytest.mark.parametrize(
    ("method", "path", "body", "told"),
    [
        ("DELETE", "/users/alice", {"user": "qa", "merge_into": "bob"}, "would write user = 'alice'"),
        ("DELETE", "/users/qa", {"merge_into": "bob"}, "merge_into: [\"bob\"]"),
        ("DELETE", "/user/42", None, "'42'"),
        ("DELETE", "/users", {"user": "qa"}, "name it in the path"),
        ("DELETE", "/users/api", None, "'api'"),
        ("DELETE", "/users/users", None, "'users'"),
        ("POST", "/accounts/alice/close", {"user": "qa"}, 'routes: ["/accounts/alice/close"]'),
        ("POST", "/users/qa/merge/alice", None, 'routes: ["/users/{user}/merge/alice"]'),
        ("POST", "/users/TEST-1", None, "'TEST-1'"),
        ("POST", "/users/qa?copy_to=alice", None, "copy_to: [\"alice\"]"),
        ("POST", "/users/qa?alice", None, "alice: [\"\"]"),
        ("POST", "/users/qa", {"friends": ["qa", "bob"]}, "friends: [\"qa\"]"),
        ("POST", "/users/qa", {"members": {"alice": None}}, "members: []"),
        ("POST", "/users/qa", {"alice": True}, "alice: [true]"),
        ("POST", "/users/qa", {"all": True}, "all: [true]"),
        ("POST", "/users/qa", {"filter": {}}, "filter: []"),
        ("POST", "/users/qa", {"data": {"owner": 4711}}, "owner: [4711]"),
        ("POST", "/users/qa", {"data": ["alice"]}, "data: [\"alice\"]"),
        ("POST", "/users/qa", [{"user": "qa"}, "alice"], "'alice' in its body, under no field"),
        ("POST", "/users/qa", {"raw": '{"user": "alice"}'}, "raw"),
        ("POST", "/users/qa", {"note": '{"user": "alice"}'}, "note"),
        ("POST", "/users/qa", {"user": {"id": "qa"}}, "would write user"),
        ("POST", "/graphql", calling("merge(a: $user, b: $into) }", into="bob"), "into: [\"bob\"]"),
        ("POST", "/graphql", calling("drop(id: $user) }", user="bob"), "would write user = 'bob'"),
        ("POST", "/graphql", calling('drop(id: "alice") }'), '"alice"'),
        ("POST", "/graphql", calling("drop(id: alice) }"), "alice"),
        ("POST", "/graphql", {"query": "mutation($user: ID! = 7) { drop(id: $user) }",
                              "variables": {"user": "qa"}}, "7"),
        ("POST", "/graphql", calling("one: drop(id: $user) dropAll }"), "dropAll"),
        ("POST", "/graphql", calling("drop(id: $user) ...More } fragment More on M { all }"), "calls ..."),
        ("POST", "/graphql", calling("to(id: $note, u: $user) }", note="alice"), "note: [\"alice\"]"),
        ("POST", "/graphql", {"query": "{ a } mutation { dropAll }"}, "names no user"),
        ("POST", "/graphql", [{"query": "{ a }"}, {"query": "mutation { dropAll }"}], "names no user"),
        ("POST", "/graphql", {"query": "{ a } ' mutation { b }"}, "names no user"),
        ("POST", "/api", {"query": "{ a }"}, "names no user"),
        ("PUT", "/graphql", {"query": "{ a }"}, "names no user"),
        ("GET", "/graphql?query=mutation{dropAll}", None, "names no user"),
        ("GET", "/v1/graph?Query=mutation{dropAll}", None, "'graph'"),
        ("POST", "/graphql?query=mutation{dropAll}", {"query": "{ a }"}, "names no user"),
        ("GET", "/graphql?id=dropAll", None, "write the query's text"),
        ("GET", '/graphql?extensions={"persistedQuery":{"sha256Hash":"ab"}}', None, "write the query's text"),
        ("POST", "/graphql", {"query": "{ a }", "doc_id": "12"}, "write the query's text"),
        ("POST", "/graphql", [{"query": "{ a }"}, {"documentId": "1"}], "write the query's text"),
        ("POST", "/graphql", calling("drop(input: {id: $user, all: true}) }"), "true"),
        ("POST", "/graphql", {"query": "mutation($user: ID) { drop(id: $user) }", "user": "qa"},
         "without $user"),
        ("GET", "/users/alice?_method=DELETE", None, "use that method itself"),
        ("HEAD", "/users/alice?X-HTTP-Method=put", None, "use that method itself"),
    ],
)  # fmt: skip
def test_what_nobody_declared_is_not_sent_and_the_message_says_how_to_declare_it(method, path, body, told):
    assert told in refusal(method, path, body, USERS)


def test_a_place_of_a_route_takes_what_its_field_takes():
    data = TestData(
        may_write={"user": ("qa",)},
        harmless={"team": "any", "role": ("guest",)},
        routes=("/teams/{team}/people/{user}/{role}",),
    )
    assert refusal("PUT", "/teams/blue/people/qa/guest", None, data) is None
    assert "'alice'" in refusal("PUT", "/teams/blue/people/alice/guest", None, data)
    assert "could name" in refusal("PUT", "/teams/blue/people/qa/owner", None, data)
    assert entities("PUT", "/teams/blue/people/qa/guest", None, data) == ("user=qa",)


def test_the_services_own_document_knows_its_routes_and_no_entity():
    document = ("/accounts/{user}/close", "/people/{user_id}", "/users/{id}", "/users/bulk", "/teams/{team}")

    def told(path, body=None):
        return refusal("POST", path, body, USERS, documented=document)

    assert [told(path) for path in ("/accounts/qa/close", "/people/qa", "/users/qa")] == [None] * 3
    assert told("/users/bulk", {"user": "qa"}) is None
    assert "'alice'" in told("/accounts/alice/close")
    assert "'alice'" in told("/users/alice")
    assert "'teams'" in told("/teams/qa")


@pytest.mark.parametrize(("name", "value", "told"), [
    ("X-HTTP-Method-Override", "DELETE", "another method in its header"),
    ("X-Original-URL", "/users/alice/delete", "another path in its header"),
])  # fmt: skip
def test_no_header_turns_a_read_into_a_write(name, value, told):
    assert told in refusal("GET", "/x", None, ALLOWED, headers={name: value})


@pytest.mark.parametrize(("name", "value", "told"), [
    ("X-Tenant", "alice", "X-Tenant: [\"alice\"]"),
    ("Destination", "/users/alice", "Destination: [\"/users/alice\"]"),
    ("Host", "prod.example", "Host: ["),
    ("X-On-Behalf-Of", "alice", "X-On-Behalf-Of: ["),
    ("User", "alice", "would write user = 'alice' by its headers"),
    ("x-user-id", "alice", "would write user = 'alice' by its headers"),
    ("Cookie", 'sid=1; user="alice"', "would write user = 'alice' by its headers"),
    ("Content-Type", "application/x-www-form-urlencoded", "its body is JSON"),
    ("Content-Encoding", "gzip", "Content-Encoding: ["),
])  # fmt: skip
def test_no_header_names_what_is_written(name, value, told):
    assert told in refusal("PUT", "/users/qa", {}, USERS, headers={name: value})


@pytest.mark.parametrize(("name", "value"), [
    ("Authorization", "Bearer abc"), ("If-Match", '"v1"'), ("X-Request-Id", "1"), ("X-User-Id", "qa"),
    ("Content-Type", "application/merge-patch+json"), ("Idempotency-Key", "1"), ("X-Team", "blue"),
    ("X-Worker", "w1"), ("Cookie", "sid=abc; user=qa"), ("X-Api-Key", "abc"), ("Accept", "application/json"),
])  # fmt: skip
def test_headers_that_name_nothing_else_go_with_a_write(name, value):
    data = USERS.model_copy(update={"harmless": {"X-Team": ("blue",), "worker_id": ("w1",)}})
    assert refusal("PUT", "/users/qa", {}, data, headers={name: value}) is None


@pytest.mark.parametrize("text", ['{"user": "alice"}', "eyJ1c2VyIjoiYWxpY2UifQ==", "a=1&user=alice"])
def test_a_declared_text_holds_no_entity_by_name(text):
    data = USERS.model_copy(update={"harmless": {"raw": "any"}})
    assert "user = 'alice' within a text" in refusal("PUT", "/users/qa", {"raw": text}, data)


def test_nothing_allowed_means_no_writes_at_all():
    assert "allows nothing" in refusal("POST", "/x", {"tag_spool": "TEST-02"}, TestData())


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
