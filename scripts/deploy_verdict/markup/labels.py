"""How marks, names, moments and counts are written. Pure."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from deploy_verdict.base.units import shown_duration
from deploy_verdict.evidence.bundle import Bundle
from deploy_verdict.model import Finding, Outcome, Severity, VerdictOutcome, WindowFrame
from deploy_verdict.model.window import plan_time

STATUS_MARK = {
    VerdictOutcome.STABLE: "✅",
    VerdictOutcome.ATTENTION: "⚠️",
    VerdictOutcome.CRITICAL: "❌",
    VerdictOutcome.INCONCLUSIVE: "❔",
}
MARK = {Outcome.PASS: "✅", Outcome.FAIL: "❌", Outcome.INCONCLUSIVE: "❔"}
TEST_WORD = {Outcome.PASS: "PASS", Outcome.FAIL: "FAIL", Outcome.INCONCLUSIVE: "INCONCLUSIVE"}
SEVERITIES = (Severity.P0, Severity.P1, Severity.P2)


def severity_of(finding: Finding) -> Severity:
    """Return a fail's severity; without one it counts as P1, as for the verdict."""
    return finding.severity or Severity.P1


def worst_severity(findings: Iterable[Finding]) -> Severity:
    """Return the worst severity; P2 if there are no findings."""
    return min((severity_of(finding) for finding in findings), key=SEVERITIES.index, default=Severity.P2)


def name_of(finding: Finding) -> str:
    """Return a finding's name as the plan's criteria refer to it."""
    return f"{finding.stage}/{finding.check}/{finding.rule}"


def moment(at: datetime) -> str:
    """Format a time in UTC, to the second."""
    return f"{_utc(at):%Y-%m-%d %H:%M:%S} UTC"


def planned_moment(window: WindowFrame, offset_s: float) -> str:
    """Format T0 + offset, in plan time."""
    return moment(plan_time(window, offset_s))


def observed_moment(window: WindowFrame, at: datetime) -> str:
    """Format a wall-clock time in plan time; a time outside the window stays as it is."""
    since_s = (_utc(at) - _utc(window.t0)).total_seconds()
    if not 0 <= since_s * window.speed <= 2 * window.length_s:
        return moment(at)
    return moment(_utc(window.t0) + timedelta(seconds=since_s * window.speed))


def _utc(at: datetime) -> datetime:
    if at.tzinfo is None:
        return at.replace(tzinfo=UTC)
    try:
        return at.astimezone(UTC)
    except OverflowError:
        return at.replace(tzinfo=UTC)


_PLURALS = {"is": "are", "was": "were"}


def counted(number: int, noun: str, verb: str = "") -> str:
    """Format a count with its noun: "0 errors", "2 criteria"; with a verb "1 error is", "2 errors are"."""
    if number == 1:
        words = (noun, verb)
    else:
        plural = f"{noun.removesuffix('on')}a" if noun.endswith("criterion") else f"{noun}s"
        words = (plural, _PLURALS.get(verb, verb))
    return f"{number:,} {' '.join(filter(None, words))}"


def length_words(length_s: float) -> str:
    """Format a length: "2 hours", "1 hour", "90 minutes", "45 seconds"."""
    number, unit = _length(length_s)
    return f"{number:g} {unit}" if number == 1 else f"{number:g} {unit}s"


def length_title(length_s: float) -> str:
    """Format a length for a heading: "2-Hour", "90-Minute"."""
    number, unit = _length(length_s)
    return f"{number:g}-{unit.capitalize()}"


def _length(length_s: float) -> tuple[float, str]:
    for unit_s, unit in ((3600, "hour"), (60, "minute")):
        if length_s >= unit_s and length_s % unit_s == 0:
            return length_s / unit_s, unit
    return length_s, "second"


def sentence(text: str) -> str:
    """Return the text with a capital first letter."""
    return text[:1].upper() + text[1:]


def listed(items: Iterable[str], limit: int = 5) -> str:
    """List items with commas and cut the list: "a, b and 3 more"."""
    every = list(items)
    shown = ", ".join(every[:limit])
    return shown if len(every) <= limit else f"{shown} and {len(every) - limit:,} more"


def not_checked(bundle: Bundle, stage: str) -> str | None:
    """Return why nothing is known of a stage; None if there is evidence of it."""
    if stage in bundle.left_out:
        return "not checked (the operator left it out)"
    if stage not in bundle.plan.stages:
        return "not checked: not in the plan"
    return None if bundle.of_stage(stage) else "not checked: no evidence"


def files_of(bundle: Bundle, stage: str) -> str:
    """Return the names of a stage's evidence files."""
    return listed((item.name for item in bundle.of_stage(stage)), 4) or "none"


def real_length(window: WindowFrame) -> str:
    """Format how long the window took on the wall clock."""
    return shown_duration(window.length_s / window.speed)
