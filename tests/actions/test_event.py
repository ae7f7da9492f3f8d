"""Which events open a window, and on what."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deploy_verdict.actions.start.event import (
    IgnoredEvent,
    Inputs,
    VerificationRequest,
    read_inputs,
    request_of,
)
from deploy_verdict.base.errors import UsageError
from deploy_verdict.plan import read_plan
from tests.workflow.events import LABEL, dispatch_event, railway_event

COMMIT = "f0ec7b5" + "a" * 33
PLAN = """
version: 1
name: small
service: {base_url: "http://service.test"}
railway: {project: p-1, service: s-1, environment: production}
health: [{name: api, get: /api, expect: {status: 200}}]
"""


def plan(more=""):
    return read_plan((PLAN + more).encode(), "plan.yml", {}, "2026-02-02")


def asked(payload, name="deployment_status", *, more="", inputs=None):
    return request_of(name, payload, inputs or Inputs(), plan(more))


def reason(payload, name="deployment_status", more=""):
    found = asked(payload, name, more=more)
    assert isinstance(found, IgnoredEvent), found
    return found.reason


def test_railways_success_opens_a_window_on_its_commit():
    assert asked(railway_event(COMMIT)) == VerificationRequest(commit=COMMIT, label=LABEL, by_platform=True)


@pytest.mark.parametrize("state", ["failure", "error"])
def test_a_deployment_that_failed_is_reported_too(state):
    wanted = VerificationRequest(commit=COMMIT, label=LABEL, by_platform=True, failed=True)
    assert asked(railway_event(COMMIT, state=state)) == wanted


@pytest.mark.parametrize("state", ["in_progress", "queued", "pending", "inactive", None])
def test_other_states_open_nothing(state):
    assert "success, failure and error are verified" in reason(railway_event(COMMIT, state=state))


@pytest.mark.parametrize("project", ["verify-email", "deploy-verdict-demo", "verify-t015x"])
def test_a_project_may_be_named_like_our_environments(project):
    label = f"{project} / production"
    assert asked(railway_event(COMMIT, label=label)).label == label


@pytest.mark.parametrize("label", ["verify-now", "verify-t015", "deploy-verdict-rollback", None, 7])
def test_our_own_environments_and_nameless_ones_do_not(label):
    assert "one of the verifier's own" in reason(railway_event(COMMIT, label=label))


def test_another_bots_deployment_does_not():
    told = reason(railway_event(COMMIT, creator="vercel[bot]"))
    assert told == "the deployment was created by 'vercel[bot]'; the plan accepts: railway-app[bot]"
    assert asked(
        railway_event(COMMIT, creator="vercel[bot]"), more='github: {creators: ["vercel[bot]"]}\n'
    ) == VerificationRequest(commit=COMMIT, label=LABEL, by_platform=True)


def test_a_forks_deployment_does_not():
    """Railway makes it in the pull request's environment; nobody else's production is heard."""
    assert "the plan watches 'production'" in reason(railway_event(COMMIT, label="zeues / zeues-pr-12"))
    assert "the deployment was created by 'somebody'" in reason(railway_event(COMMIT, creator="somebody"))


@pytest.mark.parametrize(
    "label", ["zeues / zeues-pr-12", "zeues / staging", "production-eu", "x / Production"]
)
def test_another_environment_does_not(label):
    assert "the plan watches 'production'" in reason(railway_event(COMMIT, label=label))


def test_the_label_of_the_plan_is_taken_to_the_letter():
    named = 'github: {environment: "other / production"}\n'
    assert "the plan watches 'other / production'" in reason(railway_event(COMMIT), more=named)
    assert isinstance(
        asked(railway_event(COMMIT, label="other / production"), more=named), VerificationRequest
    )


@pytest.mark.parametrize("commit", ["main", "f0ec7b5", "F" * 40, None, 5])
def test_without_a_whole_commit_there_is_none(commit):
    assert "is not a full SHA" in reason(railway_event(commit))


def test_the_relays_event_names_the_deployment():
    found = asked(
        dispatch_event(deployment="d-1", service="s-1", environment_name="production", commit=COMMIT),
        "repository_dispatch",
    )
    assert found == VerificationRequest(commit=COMMIT, deployment="d-1", by_platform=True)


@pytest.mark.parametrize(
    ("payload", "told"),
    [
        ({"deployment": "d-1", "service": "s-2"}, "service is 's-2'"),
        ({"deployment": "d-1", "project": "p-2"}, "project is 'p-2'"),
        ({"deployment": "d-1", "environment_name": "staging"}, "the environment is 'staging'"),
        ({"deployment": "../d"}, "is not an id"),
        ({"deployment": None}, "is not an id"),
        ({}, "is not an id"),
    ],
)
def test_the_relays_event_of_something_else(payload, told):
    assert told in reason(dispatch_event(**payload), "repository_dispatch")


def test_another_event_type_is_not_ours():
    assert "not deployment-verify" in reason({"action": "other"}, "repository_dispatch")


def test_by_hand_the_inputs_say_what():
    inputs = read_inputs(json.dumps({"commit": COMMIT, "number": "42", "dry-run": "true", "length": "30m"}))
    assert asked({}, "workflow_dispatch", inputs=inputs) == VerificationRequest(commit=COMMIT)
    assert (inputs.number, inputs.dry_run, inputs.length) == (42, True, 1800.0)
    assert asked({}, "workflow_dispatch") == VerificationRequest()


@pytest.mark.parametrize("text", ["", "{}", "null", '{"plan": "", "number": "", "length": "", "mode": ""}'])
def test_no_inputs_are_the_plans_own(text):
    assert read_inputs(text) == Inputs()


@pytest.mark.parametrize(
    ("inputs", "told"),
    [
        ({"number": "#42"}, "input number"),
        ({"number": "0"}, "input number"),
        ({"length": "30"}, "input length"),
        ({"mode": "fast"}, "input mode"),
        ({"commit": "main; rm -rf /"}, "input commit"),
        ({"kind": "other"}, "input kind"),
        ([], "not a mapping"),
    ],
)
def test_a_wrong_input_is_told_by_its_name(inputs, told):
    with pytest.raises(UsageError, match=told):
        read_inputs(json.dumps(inputs) if inputs != [] else "[1]")


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=12), inner, max_size=4),
    max_leaves=10,
)


@given(st.sampled_from(["deployment_status", "repository_dispatch"]), st.data())
def test_no_payload_of_another_shape_opens_a_window_or_crashes(name, data):
    keys = ["deployment", "deployment_status", "client_payload", "action", "environment", "sha", "creator"]
    payload = data.draw(st.dictionaries(st.sampled_from(keys), anything, max_size=5))
    found = asked(payload, name)
    assert isinstance(found, IgnoredEvent)
    assert "\n" not in found.reason
