"""What a top-up costs is counted before the window: requests, writes, time."""

import argparse

import pytest

from deploy_verdict.cli.beginning.check import main
from deploy_verdict.plan import read_plan
from deploy_verdict.plan.checks.preview import preview, preview_lines
from tests.plans import plan_of
from tests.running import ROOT

PLAN = """
window: {length: 1h, sample_every: 1h}
test_data: {may_write: {spool: [T1]}}
health: [{name: api, get: /api, expect: {status: 200}}]
e2e: {at: [0m], tests: [{name: cycle, steps: [
  {name: take, post: /take, json: {spool: T1}, expect: {status: 200}},
  {name: see, get: /seen, expect: {status: 200}}],
  cleanup: [{name: clean, post: /clean, json: {spool: T1}, expect: {status: 200}}]}]}
exposure: [{name: x, operation: %s, at_least: 9%s}]
"""


def counted(operation, top_up):
    plan = plan_of(PLAN % (operation, top_up))
    return preview(plan), "\n".join(preview_lines(plan, preview(plan)))


def test_a_top_up_is_off_by_default():
    seen, told = counted("POST /take", "")
    assert (seen.requests["top_up"], seen.wall_s) == (0, 3600)
    assert "top_up" not in seen.stages
    assert "top up" not in told


def test_a_tests_runs_count_with_their_steps_and_every_cleanup():
    """Two steps each, one of which writes; one cleanup after each of ten failed runs, and one at the end."""
    before, _ = counted("POST /take", "")
    seen, told = counted("POST /take", ", top_up: {of: e2e/cycle, at_most: 100, every: 3s, to_exclude: 1%}")
    assert seen.requests["top_up"] == 2 * 100 + 11
    assert seen.writes - before.writes == 100 + 11
    assert seen.wall_s == 3600 + 300
    assert seen.stages[-1] == "top_up"
    assert "top up       POST /take with runs of e2e/cycle until 299 are clean, at most 100 in 5 min" in told


def test_a_check_that_only_reads_writes_nothing():
    before, _ = counted("GET /api", "")
    seen, _ = counted("GET /api", ", top_up: {of: health/api, at_most: 100}")
    assert (seen.requests["top_up"], seen.writes - before.writes) == (100, 0)


@pytest.mark.parametrize(
    ("into", "offered", "requests", "minutes"),
    [
        ("    stays_within:", "return_to_floor: {test: ARM Flow", "4,064 requests, 4,004 of them writes", 5),
        (
            "at_least: 15}\n  - {name: ARM",
            "top_up: {of: e2e/ARM Flow",
            "at most 254 requests, 253 of them",
            2,
        ),
    ],
)
def test_what_the_plan_of_zeues_offers_costs_what_the_docs_say(into, offered, requests, minutes):
    text = (ROOT / "plans" / "zeues.yml").read_text()
    line = next(line for line in text.splitlines() if line.strip().startswith(f"# {offered}"))
    setting = line.strip().removeprefix("# ")
    with_it = text.replace(
        into, f"    {setting}\n{into}" if into.startswith(" ") else f"at_least: 15, {setting}{into[12:]}"
    )
    plans = [read_plan(plan.encode(), "zeues.yml", {}, "2026-02-02") for plan in (text, with_it)]
    before, after = (preview(plan) for plan in plans)
    told = (
        f"{after.total_requests - before.total_requests:,} requests, {after.writes - before.writes:,} of them"
    )
    assert told in requests or requests.endswith(told)
    assert round((after.wall_s - before.wall_s) / 60) == minutes
    pages = [(ROOT / "docs" / "plan" / name).read_text() for name in ("pools.md", "exposure.md")]
    assert requests in " ".join(" ".join(pages).split())
    assert f"{after.writes - before.writes:,} writes on TEST-02" in text


def test_each_request_is_shown_with_the_entities_that_it_can_write_and_what_is_not_sent(capsys, tmp_path):
    path = tmp_path / "plan.yml"
    path.write_text("""version: 1
name: x
service: {base_url: "http://127.0.0.1:1"}
test_data: {may_write: {user: [qa, dev]}, routes: ["/users/{user}/lock"], openapi: /openapi.json}
health:
  - {name: a, put: /users/qa/lock, json: {user: dev}, expect: {status: 200}}
  - {name: b, post: /graphql, json: {query: "{ users { id } }"}, expect: {status: 200}}
  - {name: c, post: /members/qa/lock, expect: {status: 200}}
  - {name: d, delete: /users/qa, json: {merge_into: bob}, expect: {status: 200}}
e2e:
  tests:
    - name: t
      steps:
        - {name: s, get: /users, expect: {status: 200}, capture: {id: "$.id"}}
        - {name: u, patch: "/users/{id}", expect: {status: 200}}
""")
    assert main(argparse.Namespace(plan=path, prove=False, json=False)) == 12
    told = capsys.readouterr().out
    assert "    PUT /users/qa/lock: user=dev, user=qa\n" in told
    assert "    PATCH /users/{id}: user as captured\n" in told
    assert "    POST /members/qa/lock: what the OpenAPI document says its path names\n" in told
    assert "POST /graphql" not in told
    assert "  NOT send     DELETE /users/qa has merge_into = 'bob' in its body" in told
