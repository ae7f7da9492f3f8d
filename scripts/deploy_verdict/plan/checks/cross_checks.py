"""Checks across the sections of a plan: names that refer to each other, writes, times. Pure."""

import difflib
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from deploy_verdict.base.units import path_of, shown_duration
from deploy_verdict.plan.checks.horizon import horizons
from deploy_verdict.plan.checks.references import finding_names, measure_problem, refers
from deploy_verdict.plan.placeholders import (
    WINDOW_VALUES,
    expected_names,
    names_in,
    names_in_body,
    names_of_window,
    spans_window,
    window_names,
)
from deploy_verdict.plan.plan import Plan
from deploy_verdict.plan.requests import METHODS, Expecting, Request
from deploy_verdict.plan.sections.e2e import E2E, Step
from deploy_verdict.plan.sections.exposure import Exposing, TopUp
from deploy_verdict.plan.sections.fixtures import step_names
from deploy_verdict.plan.sections.logs import LogRules
from deploy_verdict.plan.writes.graphql import is_endpoint
from deploy_verdict.plan.writes.write_guard import known_refusals

Path = tuple[str | int, ...]
Mistake = tuple[Path, str]
_RAILWAY = 'railway: {project: "${RAILWAY_PROJECT_ID}", service: "${RAILWAY_SERVICE_ID}"}'
_FILLED = {"query", "json_", "form", *METHODS}
# A shell variable, alone or at the end: "Bearer $TOKEN".
_SHELL = re.compile(r"(?:^|[ :])\$[A-Za-z_]\w*$")


def cross_check(plan: Plan) -> Iterator[Mistake]:
    """Yield every mistake with its path in the document."""
    if not plan.stages:
        yield (), "the plan checks nothing — add health, e2e, pools or logs"
    for section in ("traffic", "metrics"):
        if getattr(plan, section) is not None and plan.railway is None:
            yield (section,), f"{section} comes from Railway — add a railway section: {_RAILWAY}"
    for index, other in enumerate(plan.logs.sources if plan.logs else ()):
        if other.railway is not None and plan.railway is None:
            place: Path = ("logs", "sources", index, "railway")
            yield (
                place,
                f"the log of {other.railway.service} comes from Railway — add a railway section: {_RAILWAY}",
            )
    yield from _hosts(plan)
    yield from _window_values(plan)
    yield from _at_the_start(plan)
    yield from _literal_headers(plan)
    yield from _unique(plan)
    yield from _references(plan)
    yield from exposure_mistakes(plan)
    yield from _times(plan)
    yield from _criteria(plan)
    yield from _writes(plan)
    yield from _fixtures(plan)
    if plan.e2e is not None:
        yield from _captures(plan.e2e)


def _literal_headers(plan: Plan) -> Iterator[Mistake]:
    """Yield each header that would be sent with an unfilled placeholder."""
    health = [(("health", index), check.headers) for index, check in enumerate(plan.health)]
    pools = [(("pools", index), pool.headers) for index, pool in enumerate(plan.pools)]
    steps = [(path, step.headers) for path, step in requests_of_plan(plan) if path[0] == "e2e"]
    unfilled: list[tuple[Path, Mapping[str, str]]] = [(("service",), plan.service.headers), *health, *pools]
    for path, headers in (*unfilled, *steps):
        for key, value in headers.items():
            # The value is not shown: it may be a secret that looks like this.
            if _SHELL.search(value):
                yield (*path, "headers", key), "$NAME in it is sent as it stands — write ${NAME}"
            elif path[0] != "e2e" and next(names_in(value), None):
                advice = (
                    "write ${NAME} for a variable, and service: {auth: {login: …}} for the token of a login"
                )
                yield (*path, "headers", key), f"{{NAME}} in it is sent as it stands here — {advice}"


def _hosts(plan: Plan) -> Iterator[Mistake]:
    """Yield each request to a host that the plan does not declare, or that writes to another host."""
    requests: list[tuple[Path, Request]] = [*requests_of_plan(plan)]
    requests += [(("pools", index), pool) for index, pool in enumerate(plan.pools)]
    for path, request in requests:
        if request.host is not None and request.writes:
            yield (*path, request.method.lower()), _only_read(path, request)
    hosts = [((*path, request.method.lower()), request.host, request.path) for path, request in requests]
    logins = ((path, auth.login) for path, auth in plan.auths.items() if auth.login)
    hosts += [((*path, "login", "post"), login.host, login.path) for path, login in logins]
    for path, host, asked in hosts:
        if host is not None and host not in plan.hosts:
            known = meant(host, plan.hosts) if plan.hosts else ""
            example = f"write hosts: {{{host}: https://{host}.example.com}}, or the path alone: {asked}"
            yield path, f"no host is called '{host}'{known or f' — {example}'}"


def _only_read(path: Path, request: Request) -> str:
    """Say why a request to another host is not sent, and what to write if it only reads."""
    what = f"{request.method.lower()} {request.host}:{request.path}"
    text = f"{what} could write — other hosts are only read: get"
    if path[0] != "health" or request.method != "POST":
        return text
    route = request.path.partition("?")[0]
    return f"{text}; if it only asks there, declare it: hosts: {{{request.host}: {{reads: [{route}]}}}}"


def _window_values(plan: Plan) -> Iterator[Mistake]:
    """Yield each `${window.…}` where nothing fills it, or where it has no meaning."""
    for index, check in enumerate(plan.health):
        yield from _misplaced(("health", index), check.model_dump(exclude=_FILLED))
        for name in names_of_window(check):
            if name not in WINDOW_VALUES:
                yield ("health", index), f"the window has no '{name}'{meant(name, WINDOW_VALUES)}"
        if check.writes and any(names_of_window(check)):
            yield ("health", index), "a check that writes takes nothing of the window — write it out"
        if isinstance(check.at, tuple) and 0.0 in check.at and spans_window(check):
            yield ("health", index, "at"), "at T+0 nothing of the window has passed — leave 0m out"
    # The report's and the escalation's words are for people and may hold any text.
    for key, section in plan.model_dump(exclude={"health", "x_", "report", "escalation"}).items():
        yield from _misplaced((key,), section)


def _at_the_start(plan: Plan) -> Iterator[Mistake]:
    """Yield each check on the time since T+0 that would be sent at T+0, when no time has passed."""
    spanning = {check.name for check in plan.health if spans_window(check)}
    for number, pool in enumerate(plan.pools):
        for index, name in enumerate(pool.beside):
            if name in spanning:
                text = f"'{name}' asks about the time since T+0, none of which has passed at T+0"
                yield (
                    ("pools", number, "beside", index),
                    f"{text} — drop it here: later samples send it",
                )
    for number, claim in enumerate(plan.claims):
        name = (claim.shown_by or "").removeprefix("health/")
        if name in spanning:
            text = f"'{name}' asks about the time since T+0, so it cannot show at T+0 that the code answers"
            yield ("claims", number, "shown_by"), f"{text} — name a check of the service"


def _misplaced(path: Path, value: Any) -> Iterator[Mistake]:
    if next(window_names(value), None) is not None:
        yield path, "${window.…} is filled in health checks only: in get, post, query, json and form"


def _unique(plan: Plan) -> Iterator[Mistake]:
    groups: dict[Path, Iterable[str]] = {
        ("health",): [check.name for check in plan.health],
        ("pools",): [pool.name for pool in plan.pools],
        ("never",): [rule.name for rule in plan.never],
        ("e2e", "tests"): [test.name for test in plan.e2e.tests] if plan.e2e else [],
        **_names_of_logs(plan),
        ("criteria",): [criterion.name for criterion in plan.criteria],
    }
    for path, names in groups.items():
        known: set[str] = set()
        for index, name in enumerate(names):
            if name in known:
                yield (*path, index, "name"), f"the name '{name}' is used twice in {path[-1]} — rename one"
            known.add(name)


def _names_of_logs(plan: Plan) -> dict[Path, Iterable[str]]:
    """Return the names of each log's patterns, and of the logs themselves, by their path in the plan."""
    if plan.logs is None:
        return {}
    places: list[tuple[Path, LogRules]] = [(("logs",), plan.logs)]
    places += [(("logs", "sources", index), other) for index, other in enumerate(plan.logs.sources)]
    names: dict[Path, Iterable[str]] = {("logs", "sources"): [other.name for other in plan.logs.sources]}
    for path, rules in places:
        names[*path, "must_not_appear"] = [pattern.name for pattern in rules.must_not_appear]
        names[*path, "must_appear"] = [pattern.name for pattern in rules.must_appear]
    return names


def _references(plan: Plan) -> Iterator[Mistake]:
    checks = [check.name for check in plan.health]
    named: list[tuple[Path, str, list[str]]] = []
    for index, pool in enumerate(plan.pools):
        named += [(("pools", index, "beside", i), name, checks) for i, name in enumerate(pool.beside)]
        if pool.return_to_floor is not None:
            named.append(
                (("pools", index, "return_to_floor", "test"), pool.return_to_floor.test, cycles(plan))
            )
        if pool.server is not None:
            servers = [other.name for other in plan.pools if other.asks is not None]
            named.append((("pools", index, "server"), pool.server, servers))
        load = pool.exercise.ask if pool.exercise else ()
        named += [
            (("pools", index, "exercise", "ask", i), name, checks)
            for i, name in enumerate(load)
            if not name.startswith("/")
        ]
    if plan.response_times is not None:
        named += [
            (("response_times", "of", label), name, checks) for label, name in plan.response_times.of.items()
        ]
    with_pools = checks + [pool.name for pool in plan.pools]
    named += [(("never", i, "of"), rule.of, with_pools) for i, rule in enumerate(plan.never) if rule.of]
    shown = [f"health/{name}" for name in checks] + [f"pools/{pool.name}" for pool in plan.pools]
    shown += [f"e2e/{test.name}" for test in plan.e2e.tests] if plan.e2e else []
    named += [(("claims", i, "shown_by"), c.shown_by, shown) for i, c in enumerate(plan.claims) if c.shown_by]
    for path, name, known in named:
        if name not in known:
            yield path, f"no check is called '{name}'{meant(name, known)}"


def _times(plan: Plan) -> Iterator[Mistake]:
    window = plan.window
    for index, pool in enumerate(plan.pools):
        if pool.burst.for_ >= window.sample_every:
            every = shown_duration(window.sample_every)
            yield ("pools", index, "burst", "for"), f"a burst must end before the next sample, {every} later"
    for index, horizon in enumerate(horizons(plan)):
        if horizon.problem:
            yield ("pools", index, "safe_for"), horizon.problem
    for index, offset_s in enumerate(plan.e2e.at if plan.e2e else ()):
        if offset_s > window.length:
            length = shown_duration(window.length)
            yield ("e2e", "at", index), f"{shown_duration(offset_s)} is after the window's end ({length})"


def _criteria(plan: Plan) -> Iterator[Mistake]:
    names = tuple(finding_names(plan))
    for index, criterion in enumerate(plan.criteria):
        for number, reference in enumerate(criterion.findings):
            if not any(refers(reference, name) for name in names):
                known = sorted({f"{stage}/{check}" for stage, check, _ in names})
                message = f"'{reference}' matches no finding, so this criterion could never fail"
                yield ("criteria", index, "findings", number), message + meant(reference, known)
        problem = measure_problem(plan, criterion.actual)
        if problem:
            yield ("criteria", index, "actual"), problem
    for index, row in enumerate(plan.baseline.rows if plan.baseline else ()):
        problem = measure_problem(plan, row.now)
        if problem:
            yield ("baseline", "rows", index, "now"), problem


def steps_of(plan: Plan) -> Iterator[tuple[Path, Step]]:
    """Yield every step of the suite with its path."""
    if plan.e2e is None:
        return
    for part in ("pre_check", "before_each"):
        for index, step in enumerate(getattr(plan.e2e, part)):
            yield ("e2e", part, index), step
    for number, test in enumerate(plan.e2e.tests):
        for part in ("start", "steps", "cleanup"):
            for index, step in enumerate(getattr(test, part)):
                yield ("e2e", "tests", number, part, index), step


def _writes(plan: Plan) -> Iterator[Mistake]:
    """Yield each request that names an entity it may not write, unless a captured value decides."""
    pools = ((("pools", index), pool) for index, pool in enumerate(plan.pools))
    for path, request in (*requests_of_plan(plan), *pools):
        if request.host is not None:
            continue  # other hosts are only read, and this one may be undeclared
        found = known_refusals(request, plan.test_data, plan.headers_of(request))
        reason = next((one for one in found if not one.is_undeclared), None)
        if reason:
            yield (*path, request.method.lower()), f"{reason.text} — {_how_to_allow(request, plan)}"


def _how_to_allow(request: Request, plan: Plan) -> str:
    """Say what to write so that a request may be sent, if it writes test data only."""
    if plan.test_data.may_write:
        return "add it there, or change the request"
    body = request.json_ if isinstance(request.json_, dict) else {}
    fields = body.get("variables") if is_endpoint(request.path) else body
    named = fields if isinstance(fields, dict) else {}
    # Only the key is shown: the value may be a secret, and the first field need not be the entity's.
    field = next((key for key, value in named.items() if isinstance(value, str | int)), "FIELD")
    text = (
        f"if it names test data, write test_data: {{may_write: {{{field}: [TEST-1]}}}} (docs/plan/writing.md)"
    )
    reads = 'send a query alone: json: {query: "{ … }"}' if is_endpoint(request.path) else "ask with get"
    return f"{text}; else {reads}"


def requests_of_plan(plan: Plan) -> Iterator[tuple[Path, Request]]:
    """Yield every request of the checks and the suite with its path."""
    yield from ((("health", i), check) for i, check in enumerate(plan.health))
    for path, step in steps_of(plan):
        if step.together is None:
            yield path, step
        else:
            yield from (
                ((*path, "together", "requests", i), one) for i, one in enumerate(step.together.requests)
            )


def answer_names(plan: Plan) -> tuple[str, ...]:
    """Return every name under which an answer can be recorded."""
    steps = step_names(plan.e2e) if plan.e2e else ()
    names = (*(check.name for check in plan.health), *(pool.name for pool in plan.pools), *steps)
    return tuple(dict.fromkeys(names))


def unknown_answers(plan: Plan, names: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Yield each recorded name that the plan does not use, with what to write instead."""
    known = answer_names(plan)
    for name in names:
        if name not in known:
            yield name, f"nothing in the plan is called '{name}'{meant(name, known)}"


def _fixtures(plan: Plan) -> Iterator[Mistake]:
    if plan.fixtures is None:
        return
    for name, message in unknown_answers(plan, plan.fixtures.healthy.answers):
        yield ("fixtures", "healthy", name), message
    for index, recording in enumerate(plan.fixtures.incident):
        for name, message in unknown_answers(plan, recording.answers):
            yield ("fixtures", "incident", index, name), message


def _captures(e2e: E2E) -> Iterator[Mistake]:
    """Yield each captured value that a step uses before an earlier step of the same test captures it."""
    before = [(("e2e", "before_each", i), step) for i, step in enumerate(e2e.before_each)]
    pre = [(("e2e", "pre_check", i), step) for i, step in enumerate(e2e.pre_check)]
    yield from _unknown_captures(pre)
    for number, test in enumerate(e2e.tests):
        own: list[tuple[Path, Step]] = []
        for part in ("start", "steps", "cleanup"):
            own += [(("e2e", "tests", number, part, i), step) for i, step in enumerate(getattr(test, part))]
        yield from _unknown_captures([*before, *own])


def _unknown_captures(steps: Iterable[tuple[Path, Step]]) -> Iterator[Mistake]:
    known: set[str] = set()
    for path, step in steps:
        requests: tuple[Request, ...] = step.together.requests if step.together else (step,)
        for request in requests:
            other_path = getattr(request, "if_no_route", None)
            sent = [*names_in([request.path, request.headers, other_path]), *names_in_body(request)]
            expected = expected_names(request) if isinstance(request, Expecting) else ()
            for name in (*sent, *expected):
                if name not in known:
                    in_header = name in names_in(request.headers)
                    login = "; a token of a login: service: {auth: {login: …}}" if in_header else ""
                    add = f" — add capture: {{{name}: $.{name}}} to the step that gives it{login}"
                    advice = meant(name, known) if known else add
                    yield path, f"{{{name}}} is not captured by an earlier step{advice}"
        known.update(step.capture)


def exposure_mistakes(plan: Plan) -> Iterator[Mistake]:
    """Yield each unknown operation, and each top-up that cannot run its operation, with its path."""
    names: set[str] = set()
    for path, name, exposure in _exposures(plan):
        if name in names:
            yield (*path, "name"), f"the name '{name}' is used twice in exposure — rename one"
        names.add(name)
        known = list(_operations(plan))
        if exposure.test_name and exposure.operation not in known:
            message = f"no check is called '{exposure.operation}'{meant(exposure.operation, known)}"
            yield (*path, "operation"), message
        elif exposure.top_up is not None:
            problem = _problem(plan, exposure, exposure.top_up)
            if problem:
                yield (*path, "top_up", "of"), problem


def _exposures(plan: Plan) -> Iterator[tuple[Path, str, Exposing]]:
    yield from ((("exposure", i), exposure.name, exposure) for i, exposure in enumerate(plan.exposure))
    for index, claim in enumerate(plan.claims):
        if claim.exposure is not None:
            yield ("claims", index, "exposure"), claim.commit, claim.exposure


def _operations(plan: Plan) -> Iterator[str]:
    for test in plan.e2e.tests if plan.e2e else ():
        yield f"e2e/{test.name}"
        yield from (f"e2e/{test.name}/{step.name}" for step in test.steps)


def _problem(plan: Plan, exposure: Exposing, how: TopUp) -> str | None:
    known = [f"e2e/{name}" for name in cycles(plan)] + [f"health/{check.name}" for check in plan.health]
    stage, name = how.part
    if stage == "health" and any(check.name == name and check.writes for check in plan.health):
        return f"{how.of} writes, and a check has no cleanup — top up with an e2e test"
    if how.of not in known:
        return f"nothing to run is called '{how.of}'{meant(how.of, known)}"
    if runs_of_one(plan, exposure, how) == 0:
        return f"{how.of} never runs {exposure.operation}, so it cannot top it up — name one that does"
    return None


def runs_of_one(plan: Plan, exposure: Exposing, how: TopUp) -> int:
    """Return how often one run of the top-up runs the operation."""
    stage, name = how.part
    if exposure.test_name:
        step = exposure.step_of(name) if stage == "e2e" else None
        steps = plan.test_of(name)[0].steps if step else ()
        return int(step == "") + sum(item.name == step for item in steps)
    requests: Iterable[Request] = plan.test_of(name)[0].steps if stage == "e2e" else [plan.check(name)]
    return sum(exposure.is_met_by(item.method, path_of(item.path)) for item in requests)


def cycles(plan: Plan) -> list[str]:
    """Return the tests that can run repeatedly: those without a race."""
    tests = plan.e2e.tests if plan.e2e else ()
    return [test.name for test in tests if not any(step.together for step in test.steps)]


def meant(name: str, known: Iterable[str]) -> str:
    names = list(known)
    close = difflib.get_close_matches(name, names, n=1)
    return (
        f" — did you mean '{close[0]}'?"
        if close
        else f" — known: {', '.join(names[:12]) or 'none, as the plan has none'}"
    )
