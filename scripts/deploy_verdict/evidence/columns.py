"""A run as a column of a table: each measure with its value and the outcome of its findings. Pure."""

from collections.abc import Iterator, Sequence

from deploy_verdict.evidence.bundle import Bundle
from deploy_verdict.evidence.measures import NOT_MEASURED, NOT_RUN, measure
from deploy_verdict.expect import worst
from deploy_verdict.model import CapturedRun, Finding, MeasuredValue, Outcome, Verdict
from deploy_verdict.plan import Plan
from deploy_verdict.plan.checks.references import measure_problem, refers


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
