"""Whatever comes as a payload: a hint with harmless ids, or none; never an exception."""

import json
import re

from hypothesis import given, settings
from hypothesis import strategies as st

from deploy_verdict.relay.payload import hint_of
from tests.relay.test_relay import current, older
from tests.running import ROOT

KEYS = [
    "type",
    "status",
    "resource",
    "details",
    "deployment",
    "environment",
    "service",
    "project",
    "id",
    "name",
    "meta",
]
ODD = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.text(max_size=20)
    | st.sampled_from(["DEPLOY", "SUCCESS", "d-1"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=6),
    max_leaves=20,
)
HARMLESS = re.compile(r"[\w ./-]{1,64}")


@settings(max_examples=500, deadline=None)
@given(body=ODD)
def test_any_json(body):
    hint = hint_of(body)
    if hint is not None:
        assert all(HARMLESS.fullmatch(value) for value in hint.client_payload().values())


@settings(max_examples=300, deadline=None)
@given(name=st.text(max_size=80), identity=st.text(max_size=80), commit=st.text(max_size=50))
def test_any_text_in_its_place(name, identity, commit):
    for body in (current(environment={"id": identity, "name": name}), older()):
        body.setdefault("details", {})["commitHash"] = commit
        hint = hint_of(body)
        assert all(HARMLESS.fullmatch(value) for value in hint.client_payload().values())
        assert len(hint.client_payload()) <= 10


def test_the_deploy_files_belong_together():
    """Docker cannot run here: what the image takes and starts must at least be there."""
    folder = ROOT / "deploy" / "relay"
    dockerfile = (folder / "Dockerfile").read_text()
    for path in re.findall(r"^COPY (\S+) ", dockerfile, re.MULTILINE):
        assert (ROOT / path).exists(), path
    assert "--require-hashes" in dockerfile
    assert "USER relay" in dockerfile
    settings_ = json.loads((folder / "railway.json").read_text())
    assert (ROOT / settings_["build"]["dockerfilePath"]).exists()
    assert settings_["deploy"]["healthcheckPath"] == "/healthz"
    locked = (folder / "requirements.txt").read_text()
    for line in (folder / "requirements.in").read_text().splitlines():
        name = line.split("#")[0].strip()
        assert not name or re.search(rf"^{re.escape(name)}==", locked, re.MULTILINE | re.IGNORECASE), name
