"""The same from a plan's text to the socket: whatever a plan holds, no write to a production spool is sent.

DEPLOY_VERDICT_EXAMPLES=10000 asks for the long version.
"""

import json
from dataclasses import replace

import pytest
import yaml
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from deploy_verdict.base.errors import PlanError
from deploy_verdict.plan import read_plan
from deploy_verdict.stages.e2e.collect import run_suite
from tests.examples import at_least
from tests.plan.test_guard_property import (
    ALLOWED,
    DECLARED,
    PRODUCTION,
    allowed,
    bodies,
    captures,
    paths,
    readings,
    spools,
)
from tests.servers import json_service
from tests.stages.suites import context_of

EXAMPLES = at_least(150)
HEAD = "health: [{name: h, get: /h, expect: {status: 200}}]\n"
given_by = st.fixed_dictionaries({"TRICK": st.one_of(spools, allowed)})


class Answering:
    """Every read is answered with what a step captures; all that comes is kept by the service."""

    def __init__(self):
        self.captured = {}

    def __call__(self, method, path, body):
        return 200, self.captured


@pytest.fixture(scope="module")
def service():
    answering = Answering()
    with json_service(answering) as server:
        server.answering = answering
        yield server


def plan_text(url, method, path, body):
    """A plan whose one test captures two values, then writes with them."""
    capture = {"name": "who", "get": "/who", "expect": {"status": 200}, "capture": {"a": "$.a", "b": "$.b"}}
    write = {"name": "write", method: path, "json": body, "expect": {"status": {"below": 500}}}
    return yaml.safe_dump(
        {
            "version": 1, "name": "x", "service": {"base_url": url},
            "health": [{"name": "h", "get": "/h", "expect": {"status": 200}}],
            "test_data": {"may_write": {key: list(values) for key, values in ALLOWED.items()}, **DECLARED},
            "e2e": {"tests": [{"name": "t", "steps": [capture, write], "cleanup": [write]}]},
        },
        allow_unicode=True,
    )  # fmt: skip


plain_paths = st.sampled_from(["/api/tomar", "/api/spools/{a}", "/api/tomar?worker={b}", "/api/${TRICK}"])
plain_bodies = st.fixed_dictionaries(
    {"tag_spool": allowed | st.just("{a}"), "worker": st.sampled_from(["93", "{b}", "${TRICK}"])},
    optional={"more": st.sampled_from(["x {b}", "${TRICK}"])},
)
requests = st.tuples(
    st.sampled_from(["post", "put", "patch", "delete"]), paths | plain_paths, bodies | plain_bodies
)


@given(request=requests, captured=captures, environment=given_by)
@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_plan_sends_a_write_to_a_production_spool(service, request, captured, environment):
    service.seen.clear()
    service.answering.captured = captured
    text = plan_text(service.url, *request)
    try:
        plan = read_plan(text.encode(), "p.yml", environment, "2026-02-02")
    except PlanError:
        event("the plan is refused")
        return
    run_suite(replace(context_of(HEAD, service.url), plan=plan), 0.0)
    writes = [(path, body) for method, path, body in service.seen if method != "GET"]
    event("sent" if writes else "the request is refused")
    for sent in (text for path, body in writes for text in (path, json.dumps(body, ensure_ascii=False))):
        for reading in readings(sent):
            assert not [spool for spool in PRODUCTION if spool in reading], reading
