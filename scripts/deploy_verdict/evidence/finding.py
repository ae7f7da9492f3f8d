"""How a result becomes a finding, for the stages that ask the platform. Pure."""

from deploy_verdict.model import Finding, Outcome, Severity

Result = tuple[Outcome, Severity | None, str]


def made(
    stage: str,
    name: tuple[str, str],
    text: str,
    result: Result,
    *,
    because: str | None = None,
    evidence: str | None = None,
    offset_s: float | None = None,
) -> Finding:
    """`name` is check and rule; `because` is told of a fail only."""
    outcome, severity, actual = result
    return Finding(
        stage=stage,
        check=name[0],
        rule=name[1],
        expectation=text,
        outcome=outcome,
        severity=severity,
        expected=text,
        actual=actual,
        because=because if outcome is Outcome.FAIL else None,
        evidence=evidence,
        offset_s=offset_s,
    )
