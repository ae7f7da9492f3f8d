"""Between the samples: the heartbeat, whether the service could be reached, and restarts. Pure."""

from dataclasses import dataclass
from datetime import datetime

from deploy_verdict.base.units import shown_duration, shown_offset
from deploy_verdict.evidence.answers.exchanges import latency
from deploy_verdict.evidence.answers.unseen_stretch import longest_unseen
from deploy_verdict.evidence.bundle import Bundle
from deploy_verdict.markup.labels import files_of
from deploy_verdict.markup.lines import Line, lines
from deploy_verdict.model import Verdict
from deploy_verdict.stages.registry import STAGES


@dataclass(frozen=True, kw_only=True)
class BetweenSamples:
    """The section: what was requested how often, the longest time without a request, and what was found."""

    asked: str
    unseen: str
    lines: tuple[Line, ...]
    files: str


def between_samples(bundle: Bundle, verdict: Verdict, generated_at: datetime) -> BetweenSamples | None:
    """Return the section; None if nothing in the plan sends requests to the service."""
    here = {stage.name for stage in STAGES if (stage.judge or "").startswith("stages.heartbeat.")}
    found = lines(finding for finding in verdict.findings if finding.stage in here)
    if not found:
        return None
    return BetweenSamples(
        asked=_asked(bundle),
        unseen=_unseen(bundle),
        lines=found,
        files=files_of(bundle, "heartbeat") if bundle.of_stage("heartbeat") else "",
    )


def _asked(bundle: Bundle) -> str:
    check, section = bundle.plan.beat, bundle.plan.heartbeat
    if check is None or section is None:
        return "The plan has no heartbeat."
    beats = [item for item in bundle.sent if item.stage == "heartbeat"]
    every = f"one request to {check.name} every {shown_duration(section.every)}"
    if not beats:
        is_left_out = "heartbeat" in bundle.left_out
        why = "the operator left it out" if is_left_out else "separate jobs took the samples, and none waits"
        return f"The heartbeat ({every}) was not sent: {why}."
    times = latency(beats)
    took = f" (95 % within {times.p95_ms:.0f} ms, the slowest {times.worst_ms:.0f} ms)" if times else ""
    return f"The heartbeat: {every}; {times.count if times else 0} of {len(beats)} were answered{took}."


def _unseen(bundle: Bundle) -> str:
    gap = longest_unseen(bundle)
    length, at = shown_duration(gap.length_s), shown_offset(gap.from_s)
    return f"The longest time without a request of ours: {length}, from {at} on."
