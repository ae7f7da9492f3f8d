"""Whatever comes as a payload: a hint with harmless ids, or none; never an exception."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from deploy_verdict.relay.payload import hint_of
from tests.relay.process import current, older

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


@pytest.mark.parametrize(
    ("kind", "state"),
    [
        ("Deployment.failed", "failed"),
        ("Deployment.crashed", "crashed"),
        ("deployment_OOM_killed", "crashed"),
        ("Deployment.deployed", None),
        ("Deployment.redeployed", None),
    ],
)
def test_a_deployment_that_failed_or_crashed_is_passed_on(kind, state):
    assert hint_of(current(kind=kind)).state == state


@pytest.mark.parametrize(
    "kind", ["Deployment.building", "Deployment.removed", "Deployment.slept", "Volume.failed"]
)
def test_what_says_nothing_of_how_it_ended_is_not(kind):
    assert hint_of(current(kind=kind)) is None
