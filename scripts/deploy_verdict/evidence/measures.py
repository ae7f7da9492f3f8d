"""Measures: the numbers and words that tables show, by their name in the plan. Pure.

A measure says what was observed, never whether that is good. What was not observed reads "not measured". A
run is a column of a table: each measure with its value and the outcome of its findings.
"""

from collections.abc import Iterator, Sequence

from deploy_verdict.base.units import shown_offset
from deploy_verdict.evidence.answers.exchanges import latency, to_check
from deploy_verdict.evidence.answers.never_rules import count_rule
from deploy_verdict.evidence.bundle import Bundle
from deploy_verdict.evidence.platform.platform_views import readings_of
from deploy_verdict.evidence.pools.pool_samples import PoolSample
from deploy_verdict.expect import Found, fault_text, select, shown, worst
from deploy_verdict.model import (
    CapturedRun,
    CaseObservation,
    Finding,
    HttpObservation,
    LogObservation,
    MeasuredValue,
    Outcome,
    TestObservation,
    Verdict,
)
from deploy_verdict.model.logs import BASELINE, COMPLETE, STARTUP
from deploy_verdict.plan import NeverRule, Plan
from deploy_verdict.plan.checks.references import POOL_RULES, PRE_CHECK, check_of, measure_problem, refers

NOT_MEASURED, NOT_RUN = "not measured", "did not run"


def measure(bundle: Bundle, findings: Sequence[Finding], name: str) -> str:
    """Return a measure as the report prints it. The check of the plan ensures that the name is known."""
    kind, _, rest = name.partition("/")
    if kind == "health":
        check, _, selector = rest.partition("/")
        return _value(bundle, check, selector)
    subject, _, what = rest.rpartition("/")
    if kind == "pools":
        return _pool(bundle.samples.get(subject, ()), what)
    if kind == "never":
        return _never(bundle, next(rule for rule in bundle.plan.never if rule.name == subject))
    if kind == "e2e":
        return _suite(findings, bundle, what)
    if kind == "logs":
        return _log(bundle, rest)
    return _answers(bundle, subject, what)


def _value(bundle: Bundle, check: str, selector: str) -> str:
    """Return the value at T+0, with the first different value later in the window beside it."""
    values: list[tuple[float, str]] = []
    for item in bundle.loaded:
        for observation in item.evidence.observations:
            if isinstance(observation, HttpObservation) and observation.check == check:
                values.append((observation.offset_s, _shown_value(observation, selector)))
    if not values:
        return NOT_MEASURED
    values.sort(key=lambda value: value[0])
    first = values[0][1]
    other = next(((offset_s, text) for offset_s, text in values if text != first), None)
    return first if other is None else f"{first} ({other[1]} at {shown_offset(other[0])})"


def _shown_value(observation: HttpObservation, selector: str) -> str:
    if observation.fault is not None:
        return fault_text(observation.fault)
    found = select(selector, observation)
    return shown(found.value).strip('"') if isinstance(found, Found) else found.reason


def _pool(samples: Sequence[PoolSample], what: str) -> str:
    good = [sample for sample in samples if sample.levels]
    if not good:
        return NOT_MEASURED
    if what == "used_range":
        low, high = min(s.floor_used for s in good), max(s.peak_used for s in good)
        return f"{low:g}" if low == high else f"{low:g}-{high:g}"
    if what == "used_peak":
        return f"{max(sample.peak_used for sample in good):g}"
    if what == "used_mean":
        return f"{sum(sample.mean_used for sample in good) / len(good):.1f}"
    if what == "utilization_peak":
        return f"{max(sample.peak_percent for sample in good):.1f}%"
    return f"{sum(sample.mean_percent for sample in good) / len(good):.1f}%"


def _never(bundle: Bundle, rule: NeverRule) -> str:
    count = count_rule(bundle.plan, rule, bundle.sent)
    return str(len(count.fired)) if count.read else NOT_MEASURED


def _suite(findings: Sequence[Finding], bundle: Bundle, what: str) -> str:
    results = suite_results(bundle, findings)
    if not results:
        return NOT_MEASURED
    if not suite_ran(bundle):
        return NOT_RUN
    passed = sum(result.outcome is Outcome.PASS for result in results)
    unknown = sum(result.outcome is Outcome.INCONCLUSIVE for result in results)
    text = f"{passed}/{len(results)}" if what == "passed" else f"{100 * passed / len(results):.0f}%"
    return f"{text} ({unknown} not known)" if unknown else text


def suite_ran(bundle: Bundle) -> bool:
    """Return whether any test of the suite left a trace; a pre-check alone does not count."""
    return any(
        (isinstance(observation, TestObservation) and observation.check != PRE_CHECK and observation.steps)
        or isinstance(observation, CaseObservation)
        for item in bundle.of_stage("e2e")
        for observation in item.evidence.observations
    )


def suite_tally(verdict: Verdict) -> str | None:
    """Return how many tests of the suite passed, as "7/8"; None if none ran. Unknown counts as not passed."""
    results = [
        finding.outcome
        for finding in verdict.findings
        if (finding.stage, finding.rule) == ("e2e", "passes") and finding.check != PRE_CHECK
    ]
    if all(outcome is Outcome.INCONCLUSIVE for outcome in results):
        return None
    return f"{results.count(Outcome.PASS)}/{len(results)}"


def suite_results(bundle: Bundle, findings: Sequence[Finding]) -> tuple[Finding, ...]:
    """Return one finding for each test of the suite in the plan's order, then those of plugged-in cases."""
    order = [test.name for test in bundle.plan.e2e.tests] if bundle.plan.e2e else []
    results = [
        finding
        for finding in findings
        if finding.stage == "e2e" and finding.rule == "passes" and finding.check != PRE_CHECK
    ]
    known = {name: index for index, name in enumerate(order)}
    return tuple(sorted(results, key=lambda finding: known.get(finding.check, len(order))))


def log_readings(bundle: Bundle, log: str = "") -> list[tuple[str, LogObservation]]:
    """Return each complete reading of a log with its pointer, the newest last.

    "" is the service's own log.
    """
    return [item for item in readings_of(bundle, "logs", LogObservation, COMPLETE) if item[1].log == log]


def log_before(bundle: Bundle, log: str = "") -> LogObservation | None:
    """Return the newest reading of a log before the deployment, preferring one without a fault."""
    return _newest(bundle, log, BASELINE)


def log_at_start(bundle: Bundle, log: str = "") -> LogObservation | None:
    """Return the newest reading of what this deployment logged before T0, or None."""
    return _newest(bundle, log, STARTUP)


def _newest(bundle: Bundle, log: str, check: str) -> LogObservation | None:
    readings = readings_of(bundle, "logs", LogObservation, check)
    found = [reading for _, reading in readings if reading.log == log]
    return next((item for item in reversed(found) if item.fault is None), found[-1] if found else None)


def log_observation(bundle: Bundle, log: str = "") -> LogObservation | None:
    """Return the newest complete reading of a log, or None."""
    readings = log_readings(bundle, log)
    return readings[-1][1] if readings else None


def _log(bundle: Bundle, what: str) -> str:
    """Return `logs/<pattern>/count` or `logs/errors`; the name of another log stands before the pattern."""
    others = bundle.plan.logs.sources if bundle.plan.logs else ()
    log = next((other.name for other in others if what.startswith(check_of(other.name, ""))), "")
    pattern = what.removeprefix(check_of(log, "")).removesuffix("/count")
    observation = log_observation(bundle, log)
    if observation is None:
        return NOT_MEASURED
    blind = observation.fault is not None or observation.lines_in_window == 0
    errors = sum(observation.levels.get(level, 0) for level in ("ERROR", "CRITICAL"))
    counts = {item.pattern: item.count for item in observation.patterns}
    count = counts.get(pattern) if what.endswith("/count") else errors
    # A count above zero stands even if the log cannot be read to its end; a zero from such a log means
    # nothing.
    return NOT_MEASURED if count is None or (blind and count == 0) else str(count)


def _answers(bundle: Bundle, check: str, what: str) -> str:
    sent = to_check(bundle.plan, check, bundle.sent)
    if what == "success":
        good = sum(item.exchange.fault is None and (item.exchange.status or 599) < 500 for item in sent)
        return f"{100 * good / len(sent):.0f}%" if sent else NOT_MEASURED
    times = latency(sent)
    if times is None:
        return NOT_MEASURED
    return f"{getattr(times, {'max_ms': 'worst_ms'}.get(what, what)):.0f} ms"


def captured(bundle: Bundle, verdict: Verdict, name: str) -> CapturedRun:
    """Return what a run measured, to be shown beside other runs."""
    window = bundle.window
    return CapturedRun(
        name=name,
        subject=bundle.subject,
        window_id=window.id,
        t0=window.t0,
        length_s=window.length_s,
        speed=window.speed,
        plan_name=verdict.plan_name,
        plan_sha256=verdict.plan_sha256,
        tool_version=verdict.tool_version,
        judged_at=verdict.judged_at,
        outcome=verdict.outcome,
        criteria=verdict.criteria,
        measures={item: measured(bundle, verdict.findings, item) for item in _names(bundle.plan)},
    )


def measured(bundle: Bundle, findings: Sequence[Finding], name: str) -> MeasuredValue:
    """Return one measure; None for a zero from a log with gaps, or a suite that did not run."""
    value: str | None = measure(bundle, findings, name)
    outcome = outcome_of(findings, references(name))
    if value in (NOT_MEASURED, NOT_RUN) or _is_no_zero(name, value or "", findings):
        value = None
    return MeasuredValue(value=value, outcome=outcome)


def _is_no_zero(name: str, value: str, findings: Sequence[Finding]) -> bool:
    if name.startswith("logs/"):
        return value == "0" and outcome_of(findings, ("logs/log/readable",)) is not Outcome.PASS
    if name.startswith("e2e/"):
        tests = [item for item in findings if (item.stage, item.rule) == ("e2e", "passes")]
        return all(item.outcome is Outcome.INCONCLUSIVE for item in tests)
    return False


def references(name: str) -> tuple[str, ...]:
    """Return the names of the findings that say whether a measure is good."""
    kind, _, rest = name.partition("/")
    subject = rest.rpartition("/")[0]
    if kind == "health":
        return f"health/{rest}", f"pools/{rest}"
    if kind == "answers":
        return f"health/{subject}", f"pools/{subject}"
    if kind == "e2e":
        return ("e2e/*/passes",)
    if kind == "logs":
        return (f"logs/{subject}",) if subject else ("logs/log/errors",)
    return (f"{kind}/{subject}",)


def outcome_of(findings: Sequence[Finding], names: Sequence[str]) -> Outcome | None:
    """Return the worst outcome of the named findings; None if there are none."""
    mine = [
        finding.outcome
        for finding in findings
        if any(refers(name, (finding.stage, finding.check, finding.rule)) for name in names)
    ]
    return worst(mine) if mine else None


def _names(plan: Plan) -> tuple[str, ...]:
    """Return the measures of the criteria and the baseline, and those of every run."""
    return tuple(dict.fromkeys(name for name in _wanted(plan) if measure_problem(plan, name) is None))


def _wanted(plan: Plan) -> Iterator[str]:
    for pool in plan.pools:
        yield from (f"pools/{pool.name}/used_peak", f"pools/{pool.name}/utilization_peak")
    yield from ("e2e/passed", "e2e/rate", "logs/errors")
    yield from (f"never/{rule.name}/count" for rule in plan.never)
    yield from (criterion.actual for criterion in plan.criteria)
    yield from (row.now for row in (plan.baseline.rows if plan.baseline else ()))


def is_pool_rule(bundle: Bundle, finding: Finding) -> bool:
    """Return whether a finding is about the pool itself, not about a check that is repeated beside it."""
    rules = (*POOL_RULES, "stability", "floor", "server")
    return (
        finding.stage == "pools"
        and finding.rule in rules
        and finding.check in {pool.name for pool in bundle.plan.pools}
    )
