"""No plan trick gets a write to a production spool past the guard, however lenient the server that reads it.

DEPLOY_VERDICT_EXAMPLES=10000 asks for the long version.
"""

import json
import unicodedata
from urllib.parse import quote, unquote

import requests
from hypothesis import event, given, settings
from hypothesis import strategies as st

from deploy_verdict.plan.placeholders import filled, filled_path
from deploy_verdict.plan.sections.test_data import TestData
from deploy_verdict.plan.writes.write_guard import refusal
from tests.examples import at_least

EXAMPLES = at_least(400)
ALLOWED = {"tag_spool": ("TEST-02", "FAKE-999")}
DECLARED = {
    "routes": ["/api/tomar", "/api/workers/{worker}/{tag_spool}", "/tomar/{tag_spool}"],
    "harmless": {"worker": "any", "id": "any", "more": [], "operacion": ["ARM", 1]},
}
DATA = TestData.model_validate({"may_write": ALLOWED, **DECLARED})
PRODUCTION = ("PROD-1", "TEST-03", "MK-1335")
DISGUISES = (
    str,
    str.lower,
    lambda text: quote(text).replace("-", "%2D"),
    lambda text: "".join(f"%{ord(c):02x}" for c in text),
    lambda text: "".join(f"%25{ord(c):02X}" for c in text),
    lambda text: "".join(f"%2525{ord(c):02X}" for c in text),
    lambda text: "".join(chr(ord(c) + 0xFEE0) for c in text),
    lambda text: text[:2] + "\u200b" + text[2:],
    lambda text: text + ".",
    lambda text: f"../{text}",
    lambda text: f"TEST-02/../{text}",
    lambda text: f"TEST-02;{text}",
    lambda text: f"TEST-02&tag_spool={text}",
    lambda text: f"TEST-02?tag_spool={text}",
    lambda text: f"{text}#",
    lambda text: f'TEST-02","tag_spool":"{text}',
    lambda text: json.dumps({"tag_spool": text}),
    lambda text: f"TEST-02\r\n{text}",
)
spools = st.builds(
    lambda one, other, spool: other(one(spool)),
    st.sampled_from(DISGUISES),
    st.sampled_from(DISGUISES),
    st.sampled_from(PRODUCTION),
)
allowed = st.sampled_from(ALLOWED["tag_spool"])
NAMES = ("a", "b")
placed = st.sampled_from([f"{{{name}}}" for name in NAMES])
texts = st.one_of(
    allowed, allowed, spools, placed, st.just("ARM"), st.just("93"), placed.map(lambda p: f"x {p}")
)
keys = st.sampled_from(["tag_spool", "tag_spool", "Tag_Spool", "tagSpool", "tag_spools", "worker", "id"])
values = st.recursive(
    texts | st.integers(0, 99) | st.none(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(keys | spools, inner, max_size=3),
    max_leaves=6,
)
bodies = st.fixed_dictionaries(
    {"tag_spool": st.one_of(allowed, allowed, values)}, optional={"more": values, "id": texts}
)
segments = st.one_of(st.sampled_from(["api", "spools", "tomar", "v1"]), texts)
paths = st.builds(
    lambda parts, pairs: (
        "/" + "/".join(parts) + ("?" + "&".join(f"{k}={v}" for k, v in pairs) if pairs else "")
    ),
    st.lists(segments, min_size=1, max_size=4),
    st.lists(st.tuples(keys, texts), max_size=2),
)
captures = st.fixed_dictionaries({name: st.one_of(allowed, spools, st.integers(0, 9)) for name in NAMES})


def readings(wire):
    """A text as servers may read it: decoded again and again, folded, without what cannot be seen."""
    for _ in range(6):
        plain = unicodedata.normalize("NFKC", wire)
        yield "".join(c for c in plain if unicodedata.category(c) not in ("Cf", "Cc")).upper()
        wire = unquote(wire)


@given(method=st.sampled_from(["POST", "PUT", "PATCH", "DELETE"]), path=paths, body=bodies, captured=captures)
@settings(max_examples=EXAMPLES)
def test_no_write_reaches_a_production_spool(method, path, body, captured):
    final_path = filled_path(path, captured)
    final_body = filled(body, captured)
    if refusal(method, final_path, final_body, DATA) is not None:
        event("refused")
        return
    event("sent")
    request = requests.Request(method, "http://service.test" + final_path, json=final_body).prepare()
    sent = [request.url, json.dumps(json.loads(request.body), ensure_ascii=False)]
    for reading in (reading for text in sent for reading in readings(text)):
        assert not [spool for spool in PRODUCTION if spool in reading], reading
    assert request.url.startswith("http://service.test/")
    assert ".." not in request.url


# What the plan declares, and words that never name an entity.
KNOWN = {
    "api",
    "apis",
    "rest",
    "rpc",
    "graphql",
    "gql",
    "tag_spool",
    "worker",
    "id",
    "more",
    "operacion",
    "arm",
    "1",
}
KNOWN |= {
    "note",
    "notes",
    "comment",
    "comments",
    "description",
    "reason",
    "remark",
    "data",
    "input",
    "payload",
}
KNOWN |= {
    "attributes",
    "test-02",
    "fake-999",
    "spools",
    "spool",
    "tagspool",
    "tagspools",
    "query",
    "variables",
}
KNOWN |= {"operationname", "true", "false", "null", "", "tomar", "v1"}
shapes = st.one_of(
    st.from_regex(r"[a-z]{1,12}", fullmatch=True),
    st.from_regex(r"[A-Z][a-z]{2,9} [A-Z][a-z]{2,9}", fullmatch=True),
    st.from_regex(r"[a-z]{1,6}@[a-z]{1,6}[.]example", fullmatch=True),
    st.from_regex(r"[A-Z]{1,4}[-_/ ]?[0-9]{1,5}", fullmatch=True),
    st.from_regex(r"[0-9]{1,3}([.][0-9]{1,3}){1,3}", fullmatch=True),
    st.uuids().map(str),
    st.integers(),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(min_size=1, max_size=12),
).filter(lambda entity: str(entity).strip().casefold() not in KNOWN)  # fmt: skip
fields = st.from_regex(r"[a-z]{2,8}(_[a-z]{2,4})?", fullmatch=True).filter(lambda name: name not in KNOWN)
MUTATION = "mutation($tag_spool: ID!, $%s: ID) { take(id: $tag_spool, to: $%s) }"
SPOOL = {"tag_spool": "TEST-02"}


def in_graphql(query, variables=SPOOL):
    return "POST", "/graphql", {"query": query, "variables": variables}


def placements(field, entity):
    """Requests that name the test spool, and somewhere an entity that nobody declared."""
    quoted, text = quote(str(entity), safe=""), str(entity)
    for path in (f"/api/spools/TEST-02/{quoted}", f"/api/spools/{quoted}", f"/{quoted}/spools/TEST-02",
                 f"/tomar/{quoted}", f"/api/tomar/{quoted}", f"/api/spools/TEST-02?{field}={quoted}",
                 f"/api/spools/TEST-02?{quoted}", f"/api/spools/TEST-02?tag_spool={quoted}"):  # fmt: skip
        yield "PUT", path, SPOOL
    for body in ({field: entity}, {field: [1, entity]}, {"more": {field: {"operacion": 1}}},
                 {"more": [{field: entity}]}, {text: None}, {text: True}, {field: f"x {text}"},
                 {text: {}}, {"data": [entity]},
                 {"tag_spool": ["TEST-02", entity]}, {"operacion": entity}, {field: json.dumps({"id": text})},
                 {"more": {"tag_spool": entity}}, {field: quote(quote(text))}, [entity],
                 {"note": {"x": entity}},
                 {"note": json.dumps({"tag_spool": text})}):  # fmt: skip
        yield "POST", "/api/tomar", [SPOOL, *body] if isinstance(body, list) else {**SPOOL, **body}
    yield in_graphql(MUTATION % (field, field), {**SPOOL, field: entity})
    yield in_graphql(MUTATION % (field, field), {**SPOOL, "more": {field: [entity]}})
    yield in_graphql(MUTATION % (field, field), {"tag_spool": entity})
    yield in_graphql(f"mutation($tag_spool: ID!) {{ take(id: $tag_spool, to: {json.dumps(entity)}) }}")
    yield in_graphql(f"mutation($tag_spool: ID!) {{ take(id: $tag_spool) {field} }}")
    yield "DELETE", "/api/tomar", SPOOL


@given(field=fields, entity=shapes, data=st.data())
@settings(max_examples=EXAMPLES)
def test_no_entity_of_any_shape_is_written_that_nobody_declared(field, entity, data):
    method, path, body = data.draw(st.sampled_from(list(placements(field, entity))))
    assert refusal(method, path, body, DATA) is not None, (method, path, body)


def test_the_same_requests_without_it_are_sent():
    assert refusal("PUT", "/api/spools/TEST-02?worker=5", SPOOL, DATA) is None
    body = {**SPOOL, "more": [{"operacion": 1}], "note": "a note"}
    assert refusal("POST", "/api/tomar", body, DATA) is None
    assert refusal(*in_graphql(MUTATION % ("worker", "worker"), {**SPOOL, "worker": 5}), DATA) is None
