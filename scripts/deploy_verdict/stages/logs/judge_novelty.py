"""Judges kinds of log lines: errors new since the deployment, and those of the incident. Pure.

A new kind of error is a fail if the time before is known, with or without novelty in the plan. If it is not
known, that is inconclusive only if the plan has novelty: many services have no earlier log.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from deploy_verdict.base.log_templates import fingerprint
from deploy_verdict.evidence.finding import Ruling, failed, passed, unknown
from deploy_verdict.model import Finding, LogObservation, Outcome, PatternCount
from deploy_verdict.plan import Incident, LogRules, Novelty
from deploy_verdict.stages.logs.counting.novelty import LARGE, NOT_KEPT, Comparison, compared, first_line
from deploy_verdict.stages.logs.counting.unlevelled import unlevelled_kinds_doubts

STAGE = "logs"
MOST_SHOWN = 3
STARTS = "say by logs.starts which line the service logs when it starts"


@dataclass(frozen=True, kw_only=True)
class Earlier:
    """Readings of the time before T0: of the previous deployment, and of this one's start.

    `older_code_until`: until when the previous deployment still answered some requests after T0.
    """

    before: LogObservation | None = None
    startup: LogObservation | None = None
    older_code_until: datetime | None = None


def judge_novelty(
    logs: LogRules,
    observation: LogObservation | None,
    earlier: Earlier,
    reasons: Sequence[str],
    *,
    speed: float = 1.0,
) -> Iterator[Finding]:
    """Yield the findings on new and more frequent kinds of errors, and on the incident.

    `reasons` are why "not found" does not mean "was not there" in the window's own log.
    """
    novelty = logs.novelty or Novelty()
    found = None
    if observation is not None:
        found = compared(logs, observation, earlier.before, earlier.startup, speed=speed)
    beyond = _left_out(observation) if observation is not None else 0
    if beyond:
        reasons = (*reasons, f"there were too many kinds of errors to keep ({beyond} lines beyond them)")
    unlevelled: Iterable[str] = ()
    if found is not None and observation is not None:
        is_known = not found.doubts and not (earlier.before and earlier.before.templates_left_out)
        unlevelled = unlevelled_kinds_doubts(observation, found.new if is_known else None)
    ruling = _new_kinds(novelty, found, (*reasons, *unlevelled))
    if logs.novelty is not None or ruling.outcome is Outcome.FAIL:
        text = "no kind of error that the log did not have before the deployment"
        yield ruling.as_finding(STAGE, "novelty", "new", text, expected="0 new kinds of errors")
    ruling = _more_frequent(novelty, found, reasons)
    if logs.novelty is not None or ruling.outcome is Outcome.FAIL:
        text = "no known kind of error is much more frequent than before the deployment"
        expected = f"at most {LARGE:g} times as often, for certain"
        yield ruling.as_finding(STAGE, "novelty", "frequency", text, expected=expected)
    if logs.incident is not None:
        ruling = _incident_lines(logs.incident, observation, reasons)
        text = "no line of the incident's kinds"
        yield ruling.as_finding(STAGE, "incident", "must_not_appear", text, expected="0 lines")


def _more_frequent(novelty: Novelty, found: Comparison | None, reasons: Sequence[str]) -> Ruling:
    """Judge known kinds: one that is much more frequent may be a known problem that got worse."""
    if found is None:
        return unknown("the log was not read")
    if found.more_errors:
        text = "; ".join(
            f"{_times(item.now)} (before: {item.before}, {item.ratio.value:,.0f} times as often): "
            f"{first_line(item.template)}"
            for item in found.more_errors[:MOST_SHOWN]
        )
        return failed(text, novelty.severity, "much more frequent since the deployment")
    if reasons:
        return unknown(f"none, but {'; '.join(reasons)}")
    if found.errors and found.doubts:
        return unknown(f"whether they are more frequent is not known: {'; '.join(found.doubts)}")
    return passed("none is" if found.errors else "no error that counts")


def _left_out(observation: LogObservation) -> int:
    return sum(observation.templates_left_out.get(kind, 0) for kind in ("error", "unproven"))


def _new_kinds(novelty: Novelty, found: Comparison | None, reasons: Sequence[str]) -> Ruling:
    if found is None:
        return unknown("the log was not read")
    if found.new_errors:
        lines = "; ".join(
            f"{_times(item.count)}{_first(item.first_at)}: {first_line(item)}"
            for item in found.new_errors[:MOST_SHOWN]
        )
        more = len(found.new_errors) - MOST_SHOWN
        text = f"{_kinds(len(found.new_errors))}: {lines}" + (f"; and {more} more" if more > 0 else "")
        return failed(text, novelty.severity, "new since the deployment")
    if found.early:
        return unknown(_early(found), STARTS.capitalize())
    why = _unproven(found, reasons)
    if why:
        return unknown(why)
    if not found.errors:
        return passed("no error that counts")
    return passed(f"{_kinds(len(found.errors), new=False)}, all of them known from before the deployment")


def _early(found: Comparison) -> str:
    return (
        f"{_kinds(len(found.early), new=False)} began shortly before T0, perhaps with this deployment: "
        f"{first_line(found.early[0])} — {STARTS}"
    )


def _unproven(found: Comparison, reasons: Sequence[str]) -> str:
    """Return why finding no new kind proves nothing; "" if it does."""
    if reasons:
        return f"none, but {'; '.join(reasons)}"
    if found.unproven:
        whose = "that only the platform calls errors" if found.unproven[0].level else "without a known level"
        text = f"{len(found.unproven)} kinds of lines {whose} may be new"
        return f"{text}, the first: {first_line(found.unproven[0])}"
    if found.errors and found.doubts:
        text = f"{_kinds(len(found.errors), new=False)}, and whether they are new is not known"
        return f"{text}: {'; '.join(found.doubts)}"
    return NOT_KEPT if NOT_KEPT in found.doubts else ""


def _incident_lines(incident: Incident, observation: LogObservation | None, reasons: Sequence[str]) -> Ruling:
    if observation is None:
        return unknown("the log was not read")
    counts = {item.sought: item for item in observation.incident}
    counted = [item for item in observation.incident if item.count > 0]
    wanted = [fingerprint(template) for template in incident.templates]
    again = [item for item in counted if item.sought in wanted]
    if again:
        text = "; ".join(map(_example, again[:MOST_SHOWN]))
        return failed(text, incident.severity, incident.because)
    if not wanted:
        return unknown(f"the incident's lines were not read from {incident.file}")
    missing = [item for item in wanted if item not in counts]
    if missing:
        return unknown(
            f"{len(missing)} of the incident's {len(wanted)} kinds of lines were not counted: the evidence "
            "is of another version of the plan"
        )
    if reasons:
        return unknown(f"0 lines, but {'; '.join(reasons)}")
    return passed(f"0 lines of {len(wanted)} kinds")


def _example(item: PatternCount) -> str:
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
