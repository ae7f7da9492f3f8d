"""The names by which criteria and tables refer to findings and measures. Pure.

A finding is stage/check/rule. A measure is a number or word in a table.
"""

import fnmatch
from collections.abc import Iterator

from deploy_verdict.expect import check_selector
from deploy_verdict.plan.plan import Plan
from deploy_verdict.plan.sections.logs import LogRules

FindingName = tuple[str, str, str]
PRE_CHECK = "pre-check"
SUITE = "suite"
POOL_RULES = ("samples", "gauge", "band", "exhaustion", "growth")
POOL_MEASURES = ("used_peak", "used_mean", "used_range", "utilization_peak", "utilization_mean")
ANSWER_MEASURES = ("success", "mean_ms", "p95_ms", "max_ms")


def finding_names(plan: Plan) -> Iterator[FindingName]:
    """Yield every finding that a verdict on this plan has, whatever the evidence."""
    for check in plan.health:
        for rule in check_rules(plan, check.name):
            yield "health", check.name, rule
    yield from _pool_names(plan)
    if plan.beat is not None:
        yield "heartbeat", plan.beat.name, "answers"
    own = [check for check in plan.health if not check.writes and plan.is_ours(check.host)]
    yield from (("latency", check.name, "drift") for check in own)
    if plan.health or plan.pools or plan.e2e is not None:
        yield "connections", "service", "connects"
        yield "restarts", "service", "restarts"
    yield from (("never", rule.name, "count") for rule in plan.never)
    yield from _suite_names(plan)
    yield from _log_names(plan)
    yield from _platform_names(plan)
    yield from (("claims", claim.commit, "shown") for claim in plan.claims if claim.openapi)
    if plan.response_times is not None:
        yield from (("response_times", label, "limit") for label in plan.response_times.of)
    yield from (("exposure", exposure.name, "runs") for exposure in plan.exposures)
    offsets_s = plan.planned_offsets_s
    yield from ((stage, stage, "coverage") for stage in plan.stages if offsets_s[stage])


def _pool_names(plan: Plan) -> Iterator[FindingName]:
    for pool in plan.pools:
        yield from (("pools", pool.name, rule) for rule in POOL_RULES)
        if pool.stays_within is not None:
            yield "pools", pool.name, "stability"
        if pool.return_to_floor is not None:
            yield "pools", pool.name, "floor"
        yield from (("pools", check.name, "readings") for check in plan.answered_by(pool))
        if pool.asks is not None:
            yield "pools", pool.name, "server"
        for name in pool.beside:
            yield from (("pools", name, rule) for rule in check_rules(plan, name))


def _suite_names(plan: Plan) -> Iterator[FindingName]:
    if plan.e2e is None:
        return
    yield from (("e2e", test.name, "passes") for test in plan.e2e.tests)
    yield from (("e2e", test.name, "cleanup") for test in plan.e2e.tests if test.cleanup)
    if plan.e2e.pre_check:
        yield "e2e", PRE_CHECK, "passes"
    if plan.e2e.limit is not None:
        yield "e2e", SUITE, "limit"
    if plan.e2e.command:
        yield "e2e", SUITE, "command"
        # The suite's cases are known only after it has run.
        yield "e2e", "*", "passes"


def _log_names(plan: Plan) -> Iterator[FindingName]:
    if plan.logs is None:
        return
    for log, rules in plan.logs.asked():
        yield from (("logs", check_of(log, check), rule) for check, rule in _rules_of_log(rules))


def check_of(log: str, check: str) -> str:
    """Return a finding's check; for a log other than the service's own it begins with that log's name."""
    return f"{log}: {check}" if log else check


def _rules_of_log(rules: LogRules) -> Iterator[tuple[str, str]]:
    yield "log", "readable"
    # Judged only if the log has access lines.
    yield "answers", "refused"
    if rules.max_errors is not None:
        yield "log", "errors"
    if rules.max_warnings is not None:
        yield "log", "warnings"
    if rules.novelty is not None:
        yield "novelty", "new"
        yield "novelty", "frequency"
    if rules.incident is not None:
        yield "incident", "must_not_appear"
    yield from ((pattern.name, "must_not_appear") for pattern in rules.must_not_appear)
    yield from ((pattern.name, "must_appear") for pattern in rules.must_appear)


def _platform_names(plan: Plan) -> Iterator[FindingName]:
    if plan.railway is not None:
        yield from (("deployment", "deployment", rule) for rule in ("live", "commit", "undisturbed"))
        yield from (("deployment", claim.commit, "deployed") for claim in plan.claims if not claim.openapi)
    if plan.traffic is not None:
        rules = ("5xx", "upstream", "refused", *(("p95",) if plan.traffic.p95 is not None else ()))
        yield from (("traffic", "log", rule) for rule in ("readable", "canary"))
        yield from (("traffic", "all", rule) for rule in rules)
        # Paths are known only from the log.
        yield "traffic", "*", "5xx"
        if plan.traffic.previous:
            yield "claims", "previous", "silent"
    if plan.metrics is not None:
        yield from (("metrics", "memory", rule) for rule in ("readable", "limit", "growth"))


def check_rules(plan: Plan, name: str) -> tuple[str, ...]:
    """Return the rules of a health check: a selector for each line of `expect`, and `accept`."""
    check = next((check for check in plan.health if check.name == name), None)
    if check is None:
        # The cross-check reports an unknown name at its place in the plan.
        return ()
    lines = tuple(line.selector for line in check.expect.lines) if check.expect else ()
    return (*lines, "accept") if check.accept else lines


def refers(reference: str, name: FindingName) -> bool:
    """Whether a criterion's reference (stage/check, stage/* or stage/check/rule) matches this finding."""
    stage, _, rest = reference.partition("/")
    if stage != name[0] or not rest:
        return False
    if fnmatch.fnmatchcase(f"{name[1]}/{name[2]}", rest.replace("[", "[[]")):
        return True
    return rest in ("*", name[1])


def _measures(plan: Plan) -> Iterator[tuple[str, list[str]]]:
    """Yield the measures of each stage except health, whose measures are any selectors."""
    yield "pools", [f"{pool.name}/{item}" for pool in plan.pools for item in POOL_MEASURES]
    yield "never", [f"{rule.name}/count" for rule in plan.never]
    yield "logs", _log_measures(plan)
    yield "e2e", ["passed", "rate"] if plan.e2e else []
    yield "answers", [f"{check.name}/{item}" for check in plan.health for item in ANSWER_MEASURES]


def measure_problem(plan: Plan, measure: str) -> str | None:
    """Say why a measure cannot be shown, and name some that can; None if it can."""
    kind, _, rest = measure.partition("/")
    name, _, what = rest.rpartition("/")
    if kind == "health":
        return _health_measure_problem(plan, rest)
    known = dict(_measures(plan))
    if kind not in known:
        kinds = ", ".join(("health", *known))
        return f"'{measure}' is not a measure — start with one of {kinds}, such as e2e/passed"
    if rest in known[kind]:
        return None
    same = [item for item in known[kind] if item.startswith(f"{name}/")] or known[kind]
    options = ", ".join(f"{kind}/{item}" for item in same[:8]) or f"nothing: the plan has no {kind}"
    return f"'{measure}' is not a measure ({what or rest!r} is not known) — known: {options}"


def _health_measure_problem(plan: Plan, rest: str) -> str | None:
    name, _, selector = rest.partition("/")
    if name not in {check.name for check in plan.health}:
        names = ", ".join(check.name for check in plan.health)
        return f"no health check is called {name!r} — known: {names or 'none'}"
    try:
        check_selector(selector)
    except ValueError as error:
        return str(error)
    return None


def _log_measures(plan: Plan) -> list[str]:
    """Return each pattern's count and the number of error lines; those of another log begin with its name."""
    if plan.logs is None:
        return []
    counts = [f"{check_of(log, p.name)}/count" for log, rules in plan.logs.asked() for p in rules.patterns]
    return [*counts, "errors", *(check_of(other.name, "errors") for other in plan.logs.sources)]
