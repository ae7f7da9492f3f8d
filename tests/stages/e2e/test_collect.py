"""The suite on a real service: steps, captures, the guard, cleanup whatever happens."""

import json

import pytest

from deploy_verdict.stages.e2e.collect import run_suite
from tests.servers import Spools, json_service
from tests.stages.suites import LEAVE, TAKE, context_of


def run(text, respond, prepare=lambda context: None, **more):
    """One run of a suite; returns its observations, and what the service saw as (method, path)."""
    with json_service(respond) as service:
        context = context_of(text, service.url, **more)
        prepare(context)
        observations = run_suite(context, 0.0)
        return observations, [(method, path) for method, path, _ in service.seen]


def one_test(steps, cleanup="[]", start="[]", before_each="[]"):
    return f"""
e2e:
  before_each: {before_each}
  tests:
    - {{name: t, start: {start}, steps: {steps}, cleanup: {cleanup}}}
"""


def test_the_pre_check_comes_first_and_the_suite_is_timed_last():
    text = """
e2e:
  pre_check: [{get: /workers, expect: {status: 200}}]
  tests: [{name: t, steps: [{get: /workers, expect: {status: 200}}]}]
"""
    told = []
    observations, _ = run(text, Spools(), tell=told.append)
    assert [(item.kind, item.check) for item in observations] == [
        ("test", "pre-check"),
        ("test", "t"),
        ("suite", "suite"),
    ]
    assert observations[2].elapsed_ms >= observations[0].elapsed_ms + observations[1].elapsed_ms
    assert [line.rsplit(" in ", 1)[0] for line in told] == [
        "e2e T+0min: pre-check done",
        "e2e T+0min: t done",
    ]


def test_parts_run_in_order_and_each_step_is_recorded():
    (test, _), seen = run(one_test(f"[{TAKE}]", f"[{LEAVE}]", f"[{TAKE}, {LEAVE}]", f"[{LEAVE}]"), Spools())
    assert [(step.part, step.index) for step in test.steps] == [
        ("before_each", 0),
        ("start", 0),
        ("start", 1),
        ("steps", 0),
        ("cleanup", 0),
    ]
    assert seen == [("POST", path) for path in ("/leave", "/take", "/leave", "/take", "/leave")]
    assert (test.stopped, test.unrestored, test.interrupted) == (None, (), False)


def test_captured_values_fill_later_requests_in_their_own_type():
    steps = """[
      {get: /workers, expect: {status: 200}, capture: {
        first: "$.workers[?@.on == true].id", second: {from: "$.workers[?@.on == true].id", nth: 1}}},
      {post: "/x/{second}?w={first}", headers: {X-Worker: "W{first}"}, expect: {status: 404},
       json: {spool: T1, worker: "{second}", name: "W({first})", literal: "{{first}}"}}]"""
    with json_service(Spools()) as service:
        declared = (
            "routes: ['/x/{worker}'], harmless: {worker: any, w: any, X-Worker: any, name: any, literal: any}"
        )
        head = f"test_data: {{may_write: {{spool: [T1]}}, {declared}}}\n"
        context = context_of(one_test(steps), service.url, head=head)
        test, _ = run_suite(context, 0.0)
        assert service.seen[1] == (
            "POST",
            "/x/3?w=1",
            {"spool": "T1", "worker": 3, "name": "W(1)", "literal": "{first}"},
        ), test.stopped
    assert test.steps[0].captured == {"first": 1, "second": 3}


@pytest.mark.parametrize(
    ("capture", "reason"),
    [
        ("{from: '$.workers[?@.on == true].id', nth: 2}", "gives 2, so there is no number 3"),
        ("$.nobody", "the answer has no nobody"),
        ("$.none", "$.none is null"),
        ("$.odd", "is an object; text, a number or a boolean can be captured"),
    ],
)
def test_a_value_that_is_not_there_stops_the_test(capture, reason):
    def respond(method, path, body):
        return (
            200,
            '{"none": null, "odd": {"a": NaN}, "workers": [{"id": 1, "on": true}, {"id": 2, "on": true}]}',
        )

    steps = f"[{{get: /workers, expect: {{status: 200}}, capture: {{a: {capture}}}}}, {TAKE}]"
    (test, _), seen = run(one_test(steps), respond)
    assert reason in test.steps[0].not_captured["a"]
    assert test.stopped.startswith("step 1 'GET /workers': a was not captured: ")
    assert seen == [("GET", "/workers")]


def test_a_captured_secret_is_not_sent_as_its_redaction():
    steps = f"[{{get: /workers, expect: {{status: 200}}, capture: {{a: $.key}}}}, {TAKE}]"
    (test, _), seen = run(
        one_test(steps), lambda *_: (200, {"key": "hunter2-hunter2"}), secrets={"KEY": "hunter2-hunter2"}
    )
    assert "looks like a secret" in test.stopped
    assert "hunter2" not in test.model_dump_json()
    assert len(seen) == 1


def test_tests_share_no_captures():
    text = f"""
e2e:
  tests:
    - name: a
      steps: [{{get: /workers, expect: {{status: 200}}, capture: {{who: '$.workers[0].id'}}}}]
    - {{name: b, steps: [{TAKE}]}}
"""
    (first, second, _), _ = run(text, Spools())
    assert first.steps[0].captured == {"who": 1}
    assert second.steps[0].captured == {}


def test_the_first_step_that_fails_stops_the_test_and_cleanup_follows():
    (test, _), seen = run(one_test(f"[{TAKE}, {TAKE}, {TAKE}]", f"[{LEAVE}]"), Spools())
    assert test.stopped == "step 2 'take': status = 200 — 409"
    assert seen == [("POST", "/take"), ("POST", "/take"), ("POST", "/leave")]
    assert test.unrestored == ()


def test_a_captured_production_tag_is_refused_before_it_is_sent():
    """The guard sees the final request: the plan itself names no spool that may not be written."""

    def respond(method, path, body):
        return 200, {"next": "PROD-7"}

    steps = """[
      {get: /next, expect: {status: 200}, capture: {tag: $.next}},
      {name: take it, post: /take, json: {spool: "{tag}", worker: 1}, expect: {status: 200}}]"""
    (test, _), seen = run(one_test(steps, f"[{LEAVE}]"), respond)
    assert seen == [("GET", "/next")]
    assert test.stopped.startswith("step 2 'take it': refused: POST /take would write spool = 'PROD-7'")
    assert test.steps[1].refused.startswith("POST /take would write")
    assert test.steps[1].exchange is None


def test_cleanup_runs_after_a_refused_step():
    steps = f"""[{TAKE},
      {{get: /next, expect: {{status: 404}}, capture: {{tag: $.detail}}}},
      {{post: /take, json: {{spool: "{{tag}}", worker: 1}}, expect: {{status: 200}}}}]"""
    (test, _), seen = run(one_test(steps, f"[{LEAVE}]"), Spools())
    assert seen == [("POST", "/take"), ("GET", "/next"), ("POST", "/leave")]
    assert "refused: " in test.stopped


@pytest.mark.parametrize("status", [404, 405])
def test_another_path_is_asked_where_the_first_has_no_route(status):
    step = "{post: /new, if_no_route: /take, json: {spool: T1, worker: 1}, expect: {status: 200}}"
    spools = Spools()
    spools.failing["/new"] = status
    (test, _), seen = run(one_test(f"[{step}]"), spools)
    assert seen == [("POST", "/new"), ("POST", "/take")]
    assert test.steps[0].exchange.url.endswith("/take")
    assert [exchange.status for exchange in test.steps[0].earlier] == [status]


def test_another_path_is_not_asked_where_the_first_answers():
    step = "{post: /take, if_no_route: /new, json: {spool: T1, worker: 1}, expect: {status: 409}}"
    spools = Spools()
    spools.holder = 9
    (test, _), seen = run(one_test(f"[{step}]"), spools)
    assert seen == [("POST", "/take")]
    assert test.steps[0].earlier == ()


def test_a_cleanup_that_fails_names_the_request_that_restores():
    spools = Spools()
    spools.failing["/leave"] = 500
    second = "{name: look, get: /workers, expect: {status: 200}}"
    told = []
    with json_service(spools) as service:
        context = context_of(one_test(f"[{TAKE}]", f"[{LEAVE}, {second}]"), service.url, tell=told.append)
        test, _ = run_suite(context, 0.0)
        (left,) = test.unrestored
        assert left.request == (
            f"curl -X POST {service.url}/leave -H 'Content-Type: application/json' "
            """--data '{"spool": "T1", "worker": 1}'"""
        )
        assert service.seen[-1][:2] == ("GET", "/workers")
    assert left.reason.startswith("accepts (status = 200) or (status = 400) — ")
    assert "status is 500" in left.reason
    assert told[1] == f"e2e T+0min: t left this to restore ({left.reason}): {left.request}"
    assert test.stopped is None


def test_the_restoring_request_is_quoted_for_the_shell():
    cleanup = """{post: /leave, json: {spool: T1, note: "it's; $(rm)"}, expect: {status: 201}}"""
    (test, _), _ = run(one_test(f"[{TAKE}]", f"[{cleanup}]"), Spools())
    assert test.unrestored[0].request.endswith("""--data '{"spool": "T1", "note": "it'"'"'s; $(rm)"}'""")


def test_a_cleanup_that_needs_what_was_not_captured_is_unrestored():
    steps = f"[{TAKE}, {TAKE}, {{get: /workers, expect: {{status: 200}}, capture: {{w: '$.workers[0].id'}}}}]"
    cleanup = '{post: /leave, json: {spool: T1, worker: "{w}"}, expect: {status: 200}}'
    (test, _), seen = run(one_test(steps, f"[{cleanup}, {LEAVE}]"), Spools())
    (left,) = test.unrestored
    assert left.reason == "w was not captured, so the request cannot be filled"
    assert '"worker": "{w}"' in left.request
    assert seen[-1] == ("POST", "/leave")


def test_reads_alone_need_no_cleanup():
    look = "{get: /workers, expect: {status: 500}}"
    (test, _), seen = run(one_test(f"[{look}]", f"[{LEAVE}]"), Spools())
    assert seen == [("GET", "/workers")]
    assert [step.part for step in test.steps] == ["steps"]


def test_a_write_that_reached_nobody_needs_no_cleanup():
    with json_service(Spools()) as service:
        context = context_of(one_test(f"[{TAKE}]", f"[{LEAVE}]"), service.url)
    test, _ = run_suite(context, 0.0)
    assert test.stopped == "step 1 'take': status = 200 — no answer: the connection was refused"
    assert [step.part for step in test.steps] == ["steps"]


def test_after_a_request_to_stop_cleanup_runs_and_no_other_test():
    text = one_test(f"[{TAKE}, {TAKE}]", f"[{LEAVE}]") + f"    - {{name: u, steps: [{TAKE}]}}\n"
    context = None

    def respond(method, path, body):
        context.stop.request()
        return 200, {}

    with json_service(respond) as service:
        context = context_of(text, service.url)
        observations = run_suite(context, 0.0)
        assert [path for _, path, _ in service.seen] == ["/take", "/leave"]
    assert [item.check for item in observations] == ["t", "suite"]
    assert observations[0].interrupted
    assert observations[0].stopped == "step 2 'take': not sent, because the run was stopped"


def test_a_stop_after_the_last_step_does_not_spoil_the_test():
    context = None

    def respond(method, path, body):
        context.stop.request()
        return 200, {}

    with json_service(respond) as service:
        context = context_of(one_test(f"[{TAKE}]", f"[{LEAVE}]"), service.url)
        observations = run_suite(context, 0.0)
    assert (observations[0].interrupted, observations[0].stopped) == (False, None)


class Interrupting:
    """A probe that raises in the middle of its nth request, when the service has had it."""

    def __init__(self, probe, at, error=KeyboardInterrupt):
        self._probe, self._at, self._error = probe, list(at), error
        self.asked = 0
        self.base_url = probe.base_url

    def to(self, host):
        return self

    def ask(self, *args, **more):
        self.asked += 1
        exchange = self._probe.ask(*args, **more)
        if self.asked in self._at:
            raise self._error
        return exchange


def interrupted_run(respond, at, error=KeyboardInterrupt, cleanup=f"[{LEAVE}]", told=None):
    with json_service(respond) as service:
        context = context_of(
            one_test(f"[{TAKE}, {TAKE}]", cleanup),
            service.url,
            tell=(told if told is not None else []).append,
        )
        object.__setattr__(context, "probe", Interrupting(context.probe, at, error))
        kept = []
        with pytest.raises(error):
            run_suite(context, 0.0, kept.append)
        return kept[-1], [path for _, path, _ in service.seen]


@pytest.mark.parametrize("error", [KeyboardInterrupt, SystemExit])
def test_an_interrupt_runs_cleanup_and_goes_on_up(error):
    spools = Spools()
    (test,), seen = interrupted_run(spools, [1], error)
    assert seen == ["/take", "/leave"]
    assert spools.holder is None
    assert test.interrupted
    assert test.stopped == "step 1 'take': interrupted"
    assert test.unrestored == ()


def test_an_interrupt_in_the_middle_of_a_read_needs_no_cleanup():
    look = "{get: /workers, expect: {status: 200}}"
    with json_service(Spools()) as service:
        context = context_of(one_test(f"[{look}]", f"[{LEAVE}]"), service.url)
        object.__setattr__(context, "probe", Interrupting(context.probe, [1]))
        with pytest.raises(KeyboardInterrupt):
            run_suite(context, 0.0)
        assert [path for _, path, _ in service.seen] == ["/workers"]


def test_an_interrupt_leaves_what_could_not_be_restored_named():
    spools = Spools()
    spools.failing["/leave"] = 503
    told = []
    (test,), _ = interrupted_run(spools, [1], told=told)
    (left,) = test.unrestored
    assert "/leave" in left.request
    assert "status is 503" in left.reason
    assert any(left.request in line for line in told)


def test_an_interrupt_during_cleanup_names_all_that_was_not_done():
    told = []
    (test,), seen = interrupted_run(Spools(), [1, 2], cleanup=f"[{LEAVE}, {LEAVE}]", told=told)
    assert seen == ["/take", "/leave"]
    assert [left.reason for left in test.unrestored] == ["interrupted", "interrupted"]
    assert sum("left this to restore" in line for line in told) == 2


@pytest.mark.parametrize("part", ["start", "steps", "cleanup"])
def test_a_test_with_a_request_that_is_never_sent_is_not_begun(part):
    """Without its cleanup, what its other steps wrote would be left behind."""
    unknown = "{name: move, post: /take, json: {spool: T1, to: alice}, expect: {status: 200}}"
    steps = {"start": f"[{TAKE}]", "steps": f"[{TAKE}]", "cleanup": f"[{LEAVE}]", part: f"[{unknown}]"}
    text = "e2e: {tests: [{name: t, " + ", ".join(f"{name}: {text}" for name, text in steps.items()) + "}]}"
    (test, _), seen = run(text, Spools())
    assert seen == []
    assert "step 1 'move': refused: POST /take has to = 'alice' in its body" in test.stopped
    assert 'harmless: {to: ["alice"]}' in test.steps[0].refused


def test_the_services_own_document_is_read_once_for_the_routes_that_no_plan_names():
    document = {"paths": {"/spools/{spool}/hand-over": {}, "/spools": {}}, "servers": [{"url": "/api/v1"}]}

    def respond(method, path, body):
        return 200, document if path == "/openapi.json" else {}

    step = "{post: /api/v1/spools/%s/hand-over, expect: {status: 200}}"
    head = "test_data: {may_write: {spool: [T1]}, openapi: /openapi.json}\n"
    with json_service(respond) as service:
        context = context_of(
            one_test(f"[{step % 'T1'}, {step % 'T1'}, {step % 'T2'}]"), service.url, head=head
        )
        test, _ = run_suite(context, 0.0)
        paths = [path for _, path, _ in service.seen]
    assert paths == ["/openapi.json", *["/api/v1/spools/T1/hand-over"] * 2]
    assert "would write spool = 'T2'" in test.stopped


def test_without_the_document_the_reason_says_so():
    head = "test_data: {may_write: {spool: [T1]}, openapi: /openapi.json}\n"
    with json_service(lambda *_: (404, {})) as service:
        context = context_of(
            one_test("[{post: /spools/T1/hand-over, expect: {status: 200}}]"), service.url, head=head
        )
        test, _ = run_suite(context, 0.0)
    assert "'hand-over' in its path" in test.stopped
    assert "/openapi.json shows no routes: its status is 404" in test.stopped


@pytest.mark.parametrize(("grows", "stopped"), [(1, None), (0, "has more than 2")])
def test_what_was_added_is_counted_where_times_in_whole_seconds_are_equal(grows, stopped):
    trail = [{"at": "2026-02-02T10:00:00Z"}] * 2

    def respond(method, path, body):
        shown = json.dumps({"trail": trail})
        trail.extend(trail[:grows])
        return 200, shown

    steps = """[
      {get: /trail, expect: {status: 200}, capture: {before: {from: $.trail, count: true}}},
      {get: /trail, expect: {status: 200, $.trail: {more_than: "{before}"}}}]"""
    (test, _), _ = run(one_test(steps), respond)
    assert test.steps[0].captured == {"before": 2}
    assert test.stopped is None if stopped is None else stopped in test.stopped


def test_what_has_no_members_is_not_counted():
    steps = "[{get: /x, expect: {status: 200}, capture: {n: {from: $.n, count: true}}}]"
    (test, _), _ = run(one_test(steps), lambda *_: (200, {"n": 5}))
    assert "n was not captured: $.n is a number, so it has no members" in test.stopped
