"""No plan trick gets a write to a production spool past the guard, however lenient the server that reads it.

DEPLOY_VERDICT_EXAMPLES=10000 asks for the long version.
"""

import json
import os
import unicodedata
from urllib.parse import quote, unquote

import requests
from hypothesis import event, given, settings
from hypothesis import strategies as st

from deploy_verdict.plan.placeholders import filled, filled_path
from deploy_verdict.plan.write_guard import refusal

EXAMPLES = int(os.environ.get("DEPLOY_VERDICT_EXAMPLES", "400"))
ALLOWED = {"tag_spool": ("TEST-02", "FAKE-999")}
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
    final_path, used = filled_path(path, captured)
    final_body = filled(body, captured)
    if refusal(method, final_path, final_body, ALLOWED, used) is not None:
        event("refused")
        return
    event("sent")
    request = requests.Request(method, "http://service.test" + final_path, json=final_body).prepare()
    sent = [request.url, json.dumps(json.loads(request.body), ensure_ascii=False)]
    for reading in (reading for text in sent for reading in readings(text)):
        assert not [spool for spool in PRODUCTION if spool in reading], reading
    assert request.url.startswith("http://service.test/")
    assert ".." not in request.url
