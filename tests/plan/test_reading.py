"""Reading a plan: every mistake, at its place, in one go, with what to write instead."""

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from deploy_verdict.base.errors import PlanError
from deploy_verdict.plan import read_plan
from deploy_verdict.plan.reading import positioned_yaml
from tests.examples import at_least
from tests.plans import plan_of
from tests.running import ROOT

ZEUES = ROOT / "plans" / "zeues.yml"
SMALL = """\
version: 1
name: small
service: {base_url: "http://localhost:8000"}
health:
  - name: api
    get: /api
    expect: {status: 200}
"""


def read(text, environment=None):
    data = text if isinstance(text, bytes) else text.encode()
    return read_plan(data, "p.yml", environment or {}, "2026-02-02")


def mistakes(text, environment=None):
    with pytest.raises(PlanError) as raised:
        read(text, environment)
    return str(raised.value).splitlines()


def test_the_smallest_plan():
    plan = read(SMALL)
    assert plan.stages == ("health", "heartbeat")
    assert len(plan.window.offsets_s) == 9
    assert plan.window.offsets_s[-1] == 7200


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("wndow: {length: 2h}", "8:1: unknown key 'wndow' — did you mean 'window'?"),
        ("window: {length: 2}", "8:18: 2 has no unit — write 2s, 2m or 2h"),
        (
            "window: {length: 2 hours}",
            "8:18: '2 hours' is not a duration — write one like 30s, 15m, 2h or 1h30m",
        ),
        ("window: {length: 1:30}", "8:18: '1:30' is a number in base 60 to some YAML readers"),
        ("window: {length: yes}", "8:18: 'yes' means true or false to some YAML readers"),
        ("window: {length: 010}", "8:18: '010' is an octal number to some YAML readers"),
        ("window: {length: 5m, sample_every: 1h}", "sample_every (1 h) is longer than the window (5 min)"),
        ("health: []", "8:1: duplicate key 'health' — keep one"),
        ("never: [{because: x}]", "8:9: this expects nothing, so it can never fail"),
        ("never: [{status: 5xx}]", "8:9: status: '5xx' is not a status — write 500..599"),
        ("never: [{stauts: 500}]", "'stauts' is not a selector"),
        ("never: [{status: 500, of: nope}]", "8:27: no check is called 'nope' — known: api"),
        ("logs: {}", "8:7: no pattern, so this can never fail"),
        ("logs: {sources: [{name: a, max_errors: 0}]}", "say where the log is: either `file: PATH` or"),
        ("logs: {sources: [{name: a, file: a.log}]}", "nothing is asked of this log, so it can never fail"),
        ("logs: {sources: [{name: a, railway: {service: b}, max_errors: 0}]}", "add a railway section"),
        (
            "logs: {sources: [{name: a, file: b, max_errors: 0}, {name: a, file: c, max_errors: 0}]}",
            "the name 'a' is used twice in sources",
        ),
        ("logs: {must_appear: [{text: a, regex: b}]}", "write either text or regex"),
        ("logs: {must_appear: [{regex: 'x*'}]}", "'x*' is found in any line"),
        ("logs: {must_not_appear: [' ']}", "the text is empty"),
        ("window: {length: 99999h, sample_every: 5s}", "that is more than 20000 samples"),
        (
            "e2e: {at: [0m, 0m], tests: [{name: t, steps: [{get: /x, expect: {status: 200}}]}]}",
            "stands twice",
        ),
        (
            "e2e: {tests: [{name: t, steps: [{get: /x, expect: {$.id: '{idd}'}}]}]}",
            "{idd} is not captured by an earlier step",
        ),
        (
            "e2e: {tests: [{name: t, steps: [{get: /x, expect: {status: 200}, capture: {id: $.id}}, "
            "{post: /x, json: {id: '{id}'}, expect: {status: 200}}]}]}",
            "would write, but test_data.may_write allows nothing",
        ),
        (
            "claims: [{commit: abcdefg, title: x, openapi: {has: operacion}}]",
            "'operacion' names no field — write Schema.field",
        ),
        ("claims: [{commit: abcdefg, title: x, openapi: {get: doc, has: A.b}}]", "'doc' is not a path"),
        (
            "fixtures: {healthy: {apo: {status: 200}}}",
            "nothing in the plan is called 'apo' — did you mean 'api'?",
        ),
        ("fixtures: {healthy: /etc/passwd}", "8:21: '/etc/passwd' leads out of the plan's folder"),
        ("fixtures: {healthy: {}, incident: [1]}", "write a mapping from names to answers, or the file"),
        ("fixtures: {healthy: {}, logs: {healthy: []}}", "write the log's lines as a list, or the file"),
        ("auth: {bearer: x}", "unknown key 'auth' — write service: {auth: {bearer:"),
        (
            "pools: [{name: p, get: /x, used: 3, limit: 15}]",
            "used: 3 never changes — write where the service",
        ),
        (
            "pools: [{name: p, get: /, used: $.a, limit: $.b, exercise: {ask: [/], at_once: 99}}]",
            "'at_once' is 99 — write at most 32",
        ),
        (
            "e2e: {tests: [{name: t, steps: [{get: /x, headers: {Authorization: 'Bearer {tok}'}}]}]}",
            "{tok} is not captured by an earlier step — add capture: {tok: $.tok} to the step that gives it",
        ),
        ("version: 2", "duplicate key 'version'"),
        # Values of the wrong shape: the key with the value as it should stand.
        ("logs: {must_not_appear: ERROR}", "is ERROR, not a list — write must_not_appear: [ERROR]"),
        ("never: {status: 500}", "'never' is {status: 500}, not a list — write never: [{status: 500}]"),
        ("never: 500", "write never: [{status: 500..599}]"),
        (
            "e2e: {tests: [t]}",
            "item 1 of 'tests' is t, not a mapping of keys to values — write {name: …, steps",
        ),
        ("e2e: {command: npx playwright test, junit: r.xml}", "write command: [npx, playwright, test]"),
        ("window: 2h", "write window: {length: 2h, sample_every: 15m}"),
        ("window: {length: 2d}", "'2d': a duration knows no days — write 48h"),
        ("window: {length: 0m}", "'length' is 0m — write more than 0 s"),
        ("heartbeat: false", "write heartbeat: null"),
        ("traffic: true", "not a mapping of keys to values — write traffic: {}"),
        ("report: {title: 5}", "'title' is 5, not text — write it in quotes: title: \"5\""),
        ("metrics: {memory_attention: 80}", "80 is not a share — write 80%"),
        ("fixtures: {healthy: {api: 200}}", "write api: [{status: 200}]"),
        ("e2e: [{name: t, steps: [{get: /x}]}]", "write e2e: {tests: [{name: t, steps: [{get: /x}]}]}"),
        (
            "thresholds: {a: ['p(95)<200']}",
            "write response_times: {limit: 2s, of: {Health: api}}",
        ),
        (
            "jobs: {a: b}",
            "this is a workflow's; a plan is a file of its own; deploy-verdict init URL drafts one",
        ),
        ("window: {duration: 1h}", "unknown key 'duration' — write length: 2h"),
        ("pools: [{name: p, get: /x, metric: a}]", "unknown key 'metric' — write used: $.in_use"),
        ("pools: [{name: p, get: /x, used: a_active, limit: 5}]", "or prometheus: a_active for a metric"),
        (
            "pools: [{name: p, get: /x, used: 'a{b=\"c\"}', limit: 5}]",
            'write prometheus: a{b="c"} for a metric',
        ),
        ("github: {token: x}", "unknown key 'token' — remove it: the workflow's own token is used"),
        ("response_times: {of: {A: api}}", "'limit' is missing in 'response_times'"),
        # A path only: no other host can be asked there.
        (
            "claims: [{commit: abcdefg, title: x, openapi: {get: 'http://o.test/y', has: A.b}}]",
            "service.base_url",
        ),
        (
            "claims: [{commit: abcdefg, title: x, openapi: {get: 'o:/y', has: A.b}}]",
            "of checks and pools only",
        ),
        (
            "pools: [{name: p, get: 'https://o.test/x', used: $.a, limit: 5}]",
            "hosts: {other: https://o.test}",
        ),
        ("pools: [{name: p, get: /x, used: $checked_out, limit: 5}]", "write $.checked_out"),
        ("e2e: {tests: []}", "neither tests nor command"),
        ("e2e: {command: [x]}", "command and junit go together"),
        ("claims: [{commit: abc1234, title: t, shown_by: health/no}]", "no check is called 'health/no'"),
        (
            "criteria: [{name: a, target: b, findings: [health/nope], actual: e2e/passed}]",
            "'health/nope' matches no finding, so this criterion could never fail",
        ),
        (
            "criteria: [{name: a, target: b, findings: [health/api], actual: e2e/passed}]",
            "nothing: the plan has no e2e",
        ),
        (
            "criteria: [{name: a, target: b, findings: [health/api], actual: health/api/x}]",
            "'x' is not a selector",
        ),
        ("response_times: {limit: 2s, of: {A: apo}}", "8:37: no check is called 'apo' — did you mean 'api'?"),
        (
            "pools: [{name: p, get: /x, used: active, limit: $.max}]",
            "'active' is not a selector — write $.active for a JSON field",
        ),
        ("pools: [{name: p, post: /x, used: $.a, limit: $.b}]", "a pool is read with get"),
        (
            "pools: [{name: p, get: /x, used: $.a, limit: $.b, attention: 0.7}]",
            "0.7 is not a share — write 70%, or 0.7% if that is meant",
        ),
        (
            "pools: [{name: p, get: /x, used: $.a, limit: $.b, attention: 90%}]",
            "attention must lie below critical — swap them",
        ),
        ("pools: [{name: p, get: /x, used: $.a, limit: $.b, beside: [nope]}]", "no check is called 'nope'"),
        (
            "pools: [{name: p, get: /x, used: $.a, limit: $.b, exercise: {ask: [apo]}}]",
            "8:68: no check is called 'apo' — did you mean 'api'?",
        ),
        ("pools: [{name: p, get: /x, used: $.a, limit: $.b, exercise: {ask: [//e.test/x]}}]", "another host"),
        ("pools: [{name: p, get: /x, used: $.a, limit: $.b, exercise: {ask: []}}]", "ask"),
        (
            "pools: [{name: p, get: /, used: $.a, limit: $.b, exercise: {ask: [/], at_once: 32, times: 9}}]",
            "an exercise of 2880 requests — at most 1000: lower at_once or rounds",
        ),
        ("exposure: [{name: x, operation: e2e/none, at_least: 3}]", "8:33: no check is called 'e2e/none'"),
        (
            "exposure: [{name: x, operation: orders, at_least: 3}]",
            "'orders' is no operation — write POST",
        ),
        ("exposure: [{name: x, operation: GET orders, at_least: 3}]", "'orders' is not a path"),
        ("exposure: [{name: x, operation: GET /x, at_least: 0}]", "at_least"),
        (
            "exposure: [{name: x, operation: GET /x, at_least: 1, top_up: {of: health/apo}}]",
            "nothing to run is called 'health/apo' — did you mean 'health/api'?",
        ),
        (
            "exposure: [{name: x, operation: POST /x, at_least: 1, top_up: {of: health/api}}]",
            "health/api never runs POST /x, so it cannot top it up",
        ),
        (
            "  - {name: write, post: /w, json: {id: 1}, expect: {status: 200}}\n"
            "test_data: {may_write: {id: [1]}}\n"
            "exposure: [{name: x, operation: POST /w, at_least: 1, top_up: {of: health/write}}]",
            "health/write writes, and a check has no cleanup — top up with an e2e test",
        ),
        (
            "exposure: [{name: x, operation: GET /x, at_least: 1, top_up: {of: health/api, at_most: 301}}]",
            "301 runs, one every 2 s, take 10 min 2 s, longer than the limit of 10 min",
        ),
        (
            "exposure: [{name: x, operation: GET /x, at_least: 1, top_up: {of: health/api, to_exclude: 0%}}]",
            "'0%' cannot be excluded by a top-up — write a share from 0.1% to 99%",
        ),
        (
            "claims: [{commit: abc1, title: t, exposure: {operation: e2e/none, at_least: 3}}]",
            "8:57: no check is called 'e2e/none'",
        ),
        (
            "pools: [{name: p, get: /, used: $.a, limit: $.b, return_to_floor: {test: t}}]",
            "no check is called 't'",
        ),
        (
            "pools: [{name: p, get: /, used: $.a, limit: $.b, burst: {for: 9s}, return_to_floor: {test: t}}]",
            "these have 9 readings: fewer than 10 cannot tell a leak from chance",
        ),
        (
            "pools: [{name: p, get: /, used: $.a, limit: $.b, return_to_floor: {test: t, rate: 20}}]",
            "20 is not a rate — write one like 20/s, up to 50/s",
        ),
        (
            "pools: [{name: p, get: /, used: $.a, limit: $.b, return_to_floor: {test: t, rate: 51/s}}]",
            "up to 50/s",
        ),
        ("window: !!python/object:x {}", "8:9: the tag tag:yaml.org,2002:python/object:x"),
        (
            'window: {length: "${LENGTH}"}',
            "8:18: LENGTH is not set — set it (also in .env), or write ${LENGTH:-default}",
        ),
        ("x: ${ODD NAME}", "'${ODD NAME}' is not a variable"),
    ],
)
def test_a_mistake_has_its_place_and_says_what_to_write(line, message):
    assert message in "\n".join(mistakes(SMALL + line + "\n"))


@pytest.mark.parametrize(
    ("check", "message"),
    [
        ("name: b, expect: {status: 200}", "no request — write one such as `get: /api/health`"),
        ("name: b, get: /x, post: /y, expect: {status: 200}", "get and post in one request — keep one"),
        ("name: b, get: x, expect: {status: 200}", "'x' is not a path"),
        ("name: b, get: //evil.example/x, expect: {status: 200}", "points to another host"),
        ("name: b, get: 'http://evil.example/', expect: {status: 200}", "points to another host"),
        ("name: b, get: 'admin:/x'", "no host is called 'admin' — write hosts: {admin: https://"),
        ("name: b, post: 'other:/x'", "post other:/x could write — other hosts are only read: get"),
        ("name: b, get: 'other:/graphql?query=mutation{a}'", "could write — other hosts are only read"),
        ("name: api, get: /x, expect: {status: 200}", "the name 'api' is used twice in health"),
        (
            "name: b, get: /x, expect: {$.u: {below: 80 %}}",
            "$.u: 'below: 80 %' is not a number — write 80 or \"< 80\"",
        ),
        ("name: b, get: /x, expect: {$.u: {belw: 80}}", "'belw' is not an operator — known: equals"),
        ("name: b, get: /x, expect: {elapsed: '< 2'}", '2 has no unit — write "< 2s"'),
        ("name: b, get: /x, expect: {status: 100..599}", "status: every status matches this"),
        ("name: b, get: /x, expect: {status: 700}", "status: no status matches this"),
        ("name: b, get: /x, accept: [{status: 200}, {status: '>= 0'}]", "status: every status matches this"),
        ("name: b, get: /x, expect: {text: {matches: '.*'}}", "'.*' is found in any text, also in none"),
        ("name: b, get: /x, expect: {text: ''}", "an empty text and a length of 0 fit any answer"),
        ("name: b, get: /x, expect: {$.a: {length: 0}}", "an empty text and a length of 0 fit any answer"),
        ("name: b, get: /x, json: {}, expect: {status: 200}", "get has no JSON body"),
        ("name: b, post: /x, expect: {status: 200}", "would write, but test_data.may_write allows nothing"),
        ("name: b, get: /x, status: 200", "unknown key 'status' — write expect: {status: 200}"),
        ("name: b, get: /x, every: 30s", "window: {sample_every: 15m}; heartbeat: {every: 30s}"),
        ("name: b, get: /x, expect: [status == 200]", "write the selector as the key: {status: 200}"),
        ("name: b, get: /x, expect: {status: '200'}", "is not a status — write it without quotes: 200"),
        ("get: /x", "'name' is missing in item 2 of 'health' — write name: api"),
        ("name: b, get: /x, at: sometimes", "write at: every sample, or some of them: [0m, 60m]"),
        ("name: b, get: /x, expect: 200", "200 alone says not of what — write {status: 200}"),
        ("name: b, get: /x, expect: {status: 200-299}", "write 200..299"),
        ("name: b, get: /x, expect: {statusCode: 200}", "write status, or $.statusCode for a JSON field"),
        ("name: b, get: /x, expect: {headers.etag: x}", "write header.etag"),
        ("name: b, get: /x, expect: {json.ok: true}", "write $.ok for a JSON field"),
        ("name: b, get: /x, expect: {elapsed: 1000}", '1000 has no unit — write "< 1000ms"'),
        (
            "name: b, get: /x, expect: {$.a: '!bad'}",
            'would be taken as this text — write {not_equals: "bad"}',
        ),
        ("name: b, get: /x, expect: {$.a: contains x}", 'write {contains: "x"}'),
        ("name: b, get: /x, expect: {$.a: not null}", "write {not_equals: null}"),
        (
            "name: b, get: /x, headers: {A: 'Bearer {tok}'}",
            "service: {auth: {login: …}} for the token of a login",
        ),
        ("name: b, get: /x, headers: {A: Bearer $TOK}", "$NAME in it is sent as it stands — write ${NAME}"),
        (
            "name: b, get: /x, headers: {A: '${{ secrets.TOK }}'}",
            "GitHub fills ${{ … }} in workflows, not in",
        ),
        ("name: b, get: /x, auth: {bearer: x}", "'auth' at one request is none, or left out"),
        ("name: b, post: /x, json: {order: 1}", "write test_data: {may_write: {order: [TEST-1]}}"),
        ("name: b, post: /graphql, json: {query: 'mutation { a }'}", "else send a query alone"),
        ("name: b, gett: /x, expect: {status: 200}", "unknown key 'gett' — did you mean 'get'?"),
    ],
)
def test_a_mistake_in_a_check(check, message):
    assert message in "\n".join(mistakes(SMALL + f"  - {{{check}}}\n"))


def test_all_mistakes_come_in_one_go_in_the_order_of_the_file():
    text = SMALL.replace("status: 200", "status: OK") + (
        "window: {length: 2}\nresponse_times: {limit: 2s, of: {A: nope, B: api}}\n"
        "criteria: [{name: a, target: b, findings: [pools/x], actual: e2e/passed}]\n"
    )
    lines = mistakes(text)
    assert [line.split(":")[1] for line in lines] == ["7", "8", "9", "10", "10"]
    assert "no check is called 'nope'" in lines[2]
    assert not any("'api'" in line for line in lines), "a name of a broken part is not held against its users"


@pytest.mark.parametrize(
    ("broken", "finding", "actual"),
    [
        ("e2e: {before_each: [], tests: [], zzz: 1}", "health/api/status", "e2e/passed"),
        ("logs: {max_errors: 0, zzz: 1}", "logs/log/readable", "health/api/status"),
        ("logs: {max_errors: 0, zzz: 1}", "logs/log/errors", "logs/log/errors"),
        (
            "pools: [{name: db, get: /s, used: $.a, limit: $.b, zzz: 1}]",
            "pools/db/band",
            "pools/db/used_peak",
        ),
    ],
)
def test_a_mistake_in_a_section_is_not_held_against_those_that_name_it(broken, finding, actual):
    criterion = f"{{name: a, target: b, findings: [{finding}], actual: {actual}}}"
    [line] = mistakes(f"{SMALL}{broken}\ncriteria: [{criterion}]\n")
    assert "unknown key 'zzz'" in line


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "the file is empty"),
        (b"# only a comment\n", "the file is empty"),
        (b"\x00\x01\x02", "this is a binary file, not a plan"),
        (b"\xff\xfe\xfa", "not UTF-8"),
        (b"- a\n- b\n", "a plan must be a mapping"),
        (b"---", "a plan must be a mapping"),
        (b"null\n", "a plan must be a mapping"),
        (b"version: 1\n\tname: x\n", "not YAML"),
        (b"a: [1, 2\n", "not YAML"),
        (b"a: b: c\n", "quote the whole text when it holds a colon and a space"),
        (b"x" * 250_001, "a plan has at most 250000"),
        (b"[" * 5000, "not YAML"),
        (
            b"a: &a [x,x,x,x,x,x,x,x,x]\n"
            + b"".join(
                b"%c: &%c [*%c,*%c,*%c,*%c,*%c,*%c,*%c,*%c,*%c]\n" % (c + 1, c + 1, c, c, c, c, c, c, c, c, c)
                for c in range(ord("a"), ord("h"))
            ),
            "more than 10000 values once aliases are expanded",
        ),
    ],
)
def test_what_is_no_plan_is_refused_with_one_message(data, message):
    lines = mistakes(data)
    assert message in lines[0]


@pytest.mark.parametrize("scanned", ["as it stands", "with lines changed"])
def test_libyaml_and_pyyaml_read_the_same_of_a_plan(monkeypatch, scanned):
    """Values, places and mistakes: libyaml makes reading fast, and changes nothing that both read."""
    chance = random.Random(7)
    plans = [ROOT / "tests/cases/plan.yml", *sorted((ROOT / "plans").glob("**/*.yml"))]
    texts = [*(path.read_text() for path in plans), "a: {b: \n, c: ,d: 1}\n"]
    if scanned == "with lines changed":
        texts = [_changed(text, chance) for text in texts[:1] for _ in range(at_least(60))]
    for text in texts:
        seen = []
        for libyaml in (True, False):
            monkeypatch.setattr(positioned_yaml.yaml, "__with_libyaml__", libyaml)
            seen.append(vars(positioned_yaml.read_nodes(text, str)))
        is_refused = any(problem.message.startswith("not YAML") for problem in seen[1]["problems"])
        # PyYAML refuses some tabs that YAML allows.
        assert seen[0] == seen[1] or is_refused, text


def test_a_plan_is_scanned_by_libyaml_first(monkeypatch):
    """If PyYAML is built without it, reading is slower and not different."""
    assert positioned_yaml.yaml.__with_libyaml__
    monkeypatch.setattr(positioned_yaml, "_Loader", None)
    assert read(SMALL).name == "small"


def _changed(text, chance):
    """The text with one piece of it lost, doubled, or replaced by what YAML reads in its own way.

    No tag, as every tag is refused: where one ends, the two differ.
    """
    begin = chance.randrange(len(text))
    end = begin + chance.choice([1, 1, 1, 4, 30])
    other = chance.choice(
        ["", text[begin:end] * 2, *"-:?#&*|>%@`'\"[]{},\t \n", "\u2028", "\x85", "é", ": ", "- "]
    )
    return text[:begin] + other + text[end:]


@pytest.mark.parametrize(
    ("request_", "lines"),
    [
        ("get: /a", ["status in 200..299"]),
        ("get: /a, accept: [{$.x: 1}, {status: 409}]", ["status in 200..299", "$.x = 1", "status = 409"]),
        ("get: '/graphql?query={a{b}}'", ["status in 200..299", "errors = []"]),
        ('post: /graphql, json: {query: "{a}"}', ["status in 200..299", "errors = []"]),
        (
            'post: /graphql, json: {query: "{a}"}, expect: {$.data.a: 1}',
            ["status in 200..299", "errors = []", "$.data.a = 1"],
        ),
        (
            'post: /graphql, json: {query: "{a}"}, expect: {"$.errors[0].message": bad}',
            ["status in 200..299", '$.errors[0].message = "bad"'],
        ),
    ],
)
def test_what_no_line_speaks_of_must_be_good_all_the_same(request_, lines):
    """GraphQL answers 200 to what has failed."""
    check = read(SMALL + f"  - {{name: b, {request_}}}\n").check("b")
    found = check.expect.lines if check.expect else [line for one in check.accept for line in one.lines]
    assert [line.text for line in found] == lines


SECRETS = 'version: 1\nname: s\nservice: {base_url: "http://h", auth: %s}\nhealth: [{name: a, get: /a}]\n'
LOGIN = "{login: {post: /l, json: {user: a, password: '${V}'}%s}}"


@pytest.mark.parametrize(
    ("auth", "message"),
    [
        (
            "{bearer: plain-one}",
            'a secret stands in the plan — write bearer: "${API_TOKEN}", and set API_TOKEN',
        ),
        ("{bearer: '${W:-plain-one}'}", "a secret stands in the plan"),
        ("{header: {X-Api-Key: plain-one}}", 'write X-Api-Key: "${X_API_KEY}"'),
        ("{login: {post: /l, form: {user: a, password: plain}, token: $.t}}", 'password: "${PASSWORD}"'),
        ("'${V}'", 'auth says how — write auth: {bearer: "${API_TOKEN}"}'),
        ("{}", 'auth says nothing: write auth: {bearer: "${API_TOKEN}"}'),
        ("{bearer: '${V}', basic: '${V}'}", "bearer and basic in one auth — keep one"),
        ("{bearer: 'Bearer ${V}'}", "bearer takes the token alone"),
        ("{basic: '${V}'}", 'write basic: "${USER}:${PASSWORD}"'),
        ("{header: '${V}'}", "'header' is not a mapping of keys to values — write header: {NAME: VALUE}"),
        ("{header: {X-HTTP-Method-Override: '${V}'}}", "asks for another method"),
        (LOGIN % "", "a login gives a token or cookies — write token: $.access_token"),
        (LOGIN % ", token: $.t, header: {X: y}", "header sends no {token}"),
        ("{login: {post: /l, token: $.t}}", "a login sends json or form"),
        ("{login: {post: 'sso:/l', form: {password: '${V}'}, token: $.t}}", "no host is called 'sso'"),
    ],
)
def test_a_mistake_in_auth_shows_no_secret(auth, message):
    found = "\n".join(mistakes(SECRETS % auth, {"V": "hidden-value"}))
    assert message in found
    assert "hidden-value" not in found


def test_where_no_status_is_named_it_must_be_a_good_one():
    """A 500 with the right fields is no good answer."""
    plan = read(SMALL.replace("{status: 200}", "{$.ok: true}"))
    assert [line.text for line in plan.check("api").expect.lines] == ["status in 200..299", "$.ok = true"]


def test_variables_come_from_the_environment_and_defaults():
    text = SMALL.replace("http://localhost:8000", "${HOST:-http://a.test}/$${X}")
    assert read(text).service.base_url == "http://a.test/${X}"
    assert read(text, {"HOST": "https://b.test"}).service.base_url == "https://b.test/${X}"
    assert read(text, {"HOST": ""}).service.base_url == "http://a.test/${X}"


def test_today_is_the_windows_date():
    text = SMALL + '  - {name: b, get: "/x?day=${TODAY}", expect: {status: 200}}\n'
    assert read(text, {"TODAY": "no"}).check("b").path == "/x?day=2026-02-02"


def test_plans_zeues_is_a_good_plan():
    plan = read(ZEUES.read_bytes())
    assert plan.stages == (
        *("deployment", "health", "heartbeat", "e2e", "pools", "exercise", "logs", "traffic", "metrics"),
    )
    assert [check.name for check in plan.health] == [
        "system-health",
        "pool-stats",
        "tomar",
        "completar",
        "workers",
    ]
    assert [test.name for test in plan.e2e.tests] == [
        "ARM Flow",
        "Race Condition",
        "Invalid PAUSAR",
        "Nonexistent Spool",
        "History",
        "Health Check",
        "SOLD Flow",
        "Metrología",
    ]
    assert len(plan.logs.must_appear) + len(plan.logs.must_not_appear) == 6
    assert [criterion.name for criterion in plan.criteria] == [
        "Redis health",
        "Connection pool",
        "Pool utilization",
        "Zero 500 errors",
        "E2E tests",
        "2-hour stability",
    ]


def problems_of(data):
    """The mistakes of a plan, none for a good one; anything else that is raised is a crash."""
    try:
        read_plan(data, "p.yml", {}, "2026-02-02")
    except PlanError as error:
        return error.problems
    return ()


@settings(max_examples=300)
@given(data=st.binary(max_size=400) | st.text(max_size=400).map(str.encode))
def test_any_bytes_are_a_plan_or_a_plan_error(data):
    """Nothing that a file holds is a crash."""
    assert all(problem.line >= 1 and problem.column >= 1 for problem in problems_of(data))


# A plan of 500 lines takes a fifth of a second.
@settings(max_examples=at_least(60))
@given(
    position=st.integers(min_value=0, max_value=ZEUES.stat().st_size),
    insert=st.sampled_from([b"", b":", b"\n", b"  ", b"- ", b"{", b"]", b"'", b"yes", b"\t", b"*a", b"&b "]),
    cut=st.integers(min_value=0, max_value=40),
)
def test_a_damaged_plan_is_a_plan_or_a_plan_error(position, insert, cut):
    data = ZEUES.read_bytes()
    damaged = data[:position] + insert + data[position + cut :]
    assert all(problem.message for problem in problems_of(damaged))


@pytest.mark.parametrize("section", ["traffic", "metrics"])
def test_what_is_asked_of_the_platform_needs_the_platform(section):
    text = f"health: [{{name: a, get: /, expect: {{status: 200}}}}]\n{section}: {{}}\n"
    with pytest.raises(PlanError, match=f"{section} comes from Railway — add a railway section"):
        plan_of(text)


def test_a_value_of_the_wrong_shape_shows_no_secret():
    text = f"{SMALL}e2e: [{{name: t, steps: [{{post: /x, json: {{a: '${{SECRET}}', b: 1}}}}]}}]\n"
    found = mistakes(text, {"SECRET": "hidden-value"})
    assert "'e2e' is not a mapping" in "\n".join(found)
    assert "hidden-value" not in "\n".join(found)
