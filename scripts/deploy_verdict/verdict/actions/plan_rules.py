"""Which of the plan's escalation rules applies: the one whose condition is met. Pure.

`when` is a sentence for people. What it says of utilization, 5xx responses, exhaustion and an outage can be
checked, and then decides. A rule that mentions none of these goes by severity alone.
"""

import re
from collections.abc import Iterator

from deploy_verdict.evidence.bundle import Bundle
from deploy_verdict.model import Severity
from deploy_verdict.plan.sections.report import Level
from deploy_verdict.verdict.causes.cause import is_down, is_full
from deploy_verdict.verdict.causes.causes import Causes

_BETWEEN = re.compile(r"(?i)utili[sz]ation\D{0,20}(\d+)\s*%?\s*(?:-|–|to|and)\s*(\d+)\s*%")
_ABOVE = re.compile(r"(?i)utili[sz]ation\D{0,20}(?:>=?|above|over|from|at least)\s*(\d+)\s*%")
_EXHAUSTED = re.compile(r"(?i)exhaust|pool (is )?full")
_ERRORS = re.compile(r"(?i)\b5\d\d\b|\b5xx\b|server errors?")
_DOWN = re.compile(r"(?i)\b(production|service|site|everything)\b.{0,12}\bdown\b|\boutage\b|unreachable")
_LEVELS = (Severity.P0, Severity.P1, Severity.P2)
SERVER_ERROR = 500


def met_level(bundle: Bundle, causes: Causes) -> Level | None:
    """Return the first rule whose condition is met, from the severity of the worst cause downwards."""
    if not causes.failed:
        return None
    rules = bundle.plan.escalation
    of = {Severity.P0: rules.critical, Severity.P1: rules.major, Severity.P2: rules.minor}
    worst = min(_LEVELS.index(cause.severity or Severity.P2) for cause in causes.failed)
    levels = (of[severity] for severity in _LEVELS[worst:])
    return next(
        (level for level in levels if level is not None and _is_met(bundle, causes, level.when)), None
    )


def _is_met(bundle: Bundle, causes: Causes, when: str) -> bool:
    conditions = list(_conditions(bundle, causes, when))
    return any(conditions) or not conditions


def _conditions(bundle: Bundle, causes: Causes, when: str) -> Iterator[bool]:
    between, above = _BETWEEN.search(when), _ABOVE.search(when)
    if between or above:
        peak = peak_percent(bundle)
        low, high = (between[1], between[2]) if between else (above[1] if above else "0", "inf")
        yield peak is not None and float(low) <= peak <= float(high)
    if _EXHAUSTED.search(when):
        yield any(is_full(cause) for cause in causes.failed)
    if _ERRORS.search(when):
        yield any(
            (item.exchange.status or 0) >= SERVER_ERROR for cause in causes.failed for item in cause.answers
        ) or any(cause.kind == "traffic" for cause in causes.failed)
    if _DOWN.search(when):
        yield any(is_down(cause) for cause in causes.failed)


def peak_percent(bundle: Bundle) -> float | None:
    """Return the highest utilization of any pool in the window, in percent."""
    peaks = [
        sample.peak_percent for samples in bundle.samples.values() for sample in samples if sample.levels
    ]
    return max(peaks, default=None)
