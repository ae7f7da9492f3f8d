"""What to think of kinds of log lines: errors new since the deployment, and the incident's own. Pure.

A new kind of error is a fail wherever the time before is known, asked for or not. Where it is not known,
that is inconclusive only if the plan asks for novelty: many a service has no log of the time before.
"""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

from deploy_verdict.base.log_templates import fingerprint
from deploy_verdict.model import Finding, LogObservation, Outcome, PatternCount
from deploy_verdict.plan import Incident, Logs, Novelty
from deploy_verdict.stages.logs.novelty import Comparison, compared, first_line

STAGE = "logs"
MOST_TOLD = 3


def judge_novelty(
    logs: Logs, observation: LogObservation | None, before: LogObservation | None, reasons: Sequence[str]
) -> Iterator[Finding]:
    """`reasons` are why "not seen" does not mean "was not there" in the window's own log."""
    asked = logs.novelty or Novelty()
    found = compared(logs, observation, before) if observation is not None else None
    beyond = observation.templates_left_out.get("error", 0) if observation is not None else 0
    if beyond:
        reasons = (*reasons, f"there were too many kinds of errors to keep ({beyond} lines beyond them)")
    outcome, actual = _new(found, reasons)
    if logs.novelty is not None or outcome is Outcome.FAIL:
        yield Finding(
            stage=STAGE,
            check="novelty",
            rule="new",
            expectation="no kind of error that the log had not before the deployment",
            outcome=outcome,
            severity=asked.severity if outcome is Outcome.FAIL else None,
            expected="0 new kinds of errors",
            actual=actual,
            because="new since the deployment" if outcome is Outcome.FAIL else None,
        )
    if logs.incident is not None:
        yield _incident(logs.incident, observation, reasons)


def _new(found: Comparison | None, reasons: Sequence[str]) -> tuple[Outcome, str]:
    if found is None:
        return Outcome.INCONCLUSIVE, "the log was not read"
    if found.new_errors:
        told = "; ".join(
            f"{_times(item.count)}{_first(item.first_at)}: {first_line(item)}"
            for item in found.new_errors[:MOST_TOLD]
        )
        more = len(found.new_errors) - MOST_TOLD
        return Outcome.FAIL, f"{_kinds(len(found.new_errors))}: {told}" + (
            f"; and {more} more" if more > 0 else ""
        )
    if reasons:
        return Outcome.INCONCLUSIVE, f"none seen, but {'; '.join(reasons)}"
    if found.unproven:
        told = f"{len(found.unproven)} kinds of lines that only the platform calls errors may be new"
        return Outcome.INCONCLUSIVE, f"{told}, the first: {first_line(found.unproven[0])}"
    if found.errors and found.doubts:
        told = f"{_kinds(len(found.errors), new=False)}, and nobody knows whether they are new"
        return Outcome.INCONCLUSIVE, f"{told}: {'; '.join(found.doubts)}"
    kept = "the evidence does not hold the kinds of lines"
    if kept in found.doubts:
        return Outcome.INCONCLUSIVE, kept
    if not found.errors:
        return Outcome.PASS, "no error at all that counts"
    return Outcome.PASS, f"{_kinds(len(found.errors), new=False)}, all of them known from before"


def _incident(incident: Incident, observation: LogObservation | None, reasons: Sequence[str]) -> Finding:
    outcome, actual = _again(incident, observation, reasons)
    failed = outcome is Outcome.FAIL
    return Finding(
        stage=STAGE,
        check="incident",
        rule="must_not_appear",
        expectation="no line of the incident's kinds",
        outcome=outcome,
        severity=incident.severity if failed else None,
        expected="0 lines",
        actual=actual,
        because=incident.because if failed else None,
    )


def _again(
    incident: Incident, observation: LogObservation | None, reasons: Sequence[str]
) -> tuple[Outcome, str]:
    if observation is None:
        return Outcome.INCONCLUSIVE, "the log was not read"
    counts = {item.sought: item for item in observation.incident}
    seen = [item for item in observation.incident if item.count > 0]
    wanted = [fingerprint(template) for template in incident.templates]
    again = [item for item in seen if item.sought in wanted]
    if again:
        return Outcome.FAIL, "; ".join(map(_told, again[:MOST_TOLD]))
    if not wanted:
        return Outcome.INCONCLUSIVE, f"the incident's lines were not read from {incident.file}"
    missing = [item for item in wanted if item not in counts]
    if missing:
        return Outcome.INCONCLUSIVE, (
            f"{len(missing)} of the incident's {len(wanted)} kinds of lines were not counted: the evidence "
            "is of another version of the plan"
        )
    if reasons:
        return Outcome.INCONCLUSIVE, f"0 seen, but {'; '.join(reasons)}"
    return Outcome.PASS, f"0 lines of {len(wanted)} kinds"


def _told(item: PatternCount) -> str:
    example = item.examples[0].text if item.examples else item.pattern
    line = example.strip().split("\n", 1)[0][:160]
    return f"{_times(item.count)}{_first(item.first_at)}: {line}"


def _first(at: datetime | None) -> str:
    return f", first {at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}" if at else ""


def _times(count: int) -> str:
    return "1 line" if count == 1 else f"{count} lines"


def _kinds(count: int, *, new: bool = True) -> str:
    word = "new kind" if new else "kind"
    return f"1 {word} of error" if count == 1 else f"{count} {word}s of errors"
