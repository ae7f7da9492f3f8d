"""The ruling on one expectation, and how it becomes a finding. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from deploy_verdict.model import Finding, Outcome, Severity


@dataclass(frozen=True)
class Ruling:
    """The ruling on one expectation; `actual` is the reason in words.

    severity: of a fail. because: what a fail means, by the plan. remedy: for an inconclusive ruling, what to
    do so that the next window can tell. rests_on: the checks ("health/login") whose findings decide it.
    evidence: a pointer such as "pools.T+015.a1.json#/observations/2". offset_s: plan seconds from T+0 at
    which it was observed.
    """

    outcome: Outcome
    actual: str = ""
    severity: Severity | None = None
    because: str | None = None
    remedy: str | None = None
    rests_on: tuple[str, ...] = ()
    evidence: str | None = None
    offset_s: float | None = None

    def at(self, evidence: str | None, offset_s: float | None = None) -> "Ruling":
        """Return the ruling with its place in the evidence."""
        return replace(self, evidence=evidence, offset_s=offset_s)

    def as_finding(
        self, stage: str, check: str, rule: str, expectation: str, *, expected: str | None = None
    ) -> Finding:
        """Return the finding of one check and rule. Only a fail keeps severity and reason."""
        is_fail = self.outcome is Outcome.FAIL
        return Finding(
            stage=stage,
            check=check,
            rule=rule,
            expectation=expectation,
            outcome=self.outcome,
            severity=self.severity if is_fail else None,
            expected=expectation if expected is None else expected,
            actual=self.actual,
            because=self.because if is_fail else None,
            remedy=self.remedy if self.outcome is Outcome.INCONCLUSIVE else None,
            rests_on=self.rests_on,
            evidence=self.evidence,
            offset_s=self.offset_s,
        )


def passed(actual: str = "") -> Ruling:
    """The expectation holds."""
    return Ruling(Outcome.PASS, actual)


def failed(actual: str, severity: Severity | None = None, because: str | None = None) -> Ruling:
    """The expectation does not hold."""
    return Ruling(Outcome.FAIL, actual, severity, because)


def unknown(actual: str, remedy: str | None = None, rests_on: Sequence[str] = ()) -> Ruling:
    """It is not known whether the expectation holds.

    `actual` says why, and `remedy` what to do so that the next window can tell.
    """
    return Ruling(Outcome.INCONCLUSIVE, actual, remedy=remedy, rests_on=tuple(rests_on))


def of_attempts(rulings: Sequence[Ruling]) -> Ruling | None:
    """Return the ruling of several attempts at one sample, or None without any.

    It is that of the first fail, which no later attempt undoes, else the newest.
    """
    kept = [ruling for ruling in rulings if ruling.outcome is Outcome.FAIL] or rulings[-1:]
    return kept[0] if kept else None
