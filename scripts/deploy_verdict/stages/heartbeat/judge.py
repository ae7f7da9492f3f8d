"""Did the service answer between the samples? Pure.

One bad heartbeat is noise, as the next one follows within half a minute. Two in a row are an outage. Single
ones count once they are significantly more than one in a hundred.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from deploy_verdict.base.units import shown_duration, shown_offset
from deploy_verdict.evidence.answers.steps import tested_step
from deploy_verdict.evidence.answers.unseen_stretch import longest_unseen
from deploy_verdict.evidence.bundle import Bundle
from deploy_verdict.evidence.finding import Ruling, failed, passed, unknown
from deploy_verdict.evidence.platform.platform_views import readings_of
from deploy_verdict.model import Finding, HttpObservation, Outcome, Severity
from deploy_verdict.model.window import tolerance_s
from deploy_verdict.plan import Check
from deploy_verdict.stats.bounds import RARE, least_percent

STAGE = "heartbeat"
TOLERATED_PERCENT = 1.0
# A lone pair of bad heartbeats needs attention; what lasts longer or returns is critical.
BRIEF_BEATS = 2


@dataclass(frozen=True, kw_only=True)
class Beat:
    """One heartbeat and the ruling of the plan's check on it."""

    pointer: str
    observation: HttpObservation
    ruling: Ruling

    @property
    def is_bad(self) -> bool:
        """Whether the plan's check fails on it."""
        return self.ruling.outcome is Outcome.FAIL


def judge_heartbeat(bundle: Bundle, findings: Sequence[Finding] = ()) -> Iterator[Finding]:
    """Yield one finding on the responses. Without any, only a plan with a heartbeat section gets it."""
    check, section = bundle.plan.beat, bundle.plan.heartbeat
    if check is None or section is None:
        return
    beats = beats_of(bundle, check)
    if not beats and "heartbeat" not in bundle.plan.model_fields_set:
        return
    ruling = _answered(bundle, beats, section.every)
    text = f"{check.name} answers as expected between the samples"
    yield ruling.as_finding(STAGE, check.name, "answers", text)


def beats_of(bundle: Bundle, check: Check) -> tuple[Beat, ...]:
    """Return every heartbeat in the order of time, each with its ruling."""
    found = readings_of(bundle, STAGE, HttpObservation)
    beats = (
        Beat(pointer=pointer, observation=item, ruling=tested_step(check, item)) for pointer, item in found
    )
    return tuple(sorted(beats, key=lambda item: item.observation.offset_s))


def outages(beats: Sequence[Beat]) -> tuple[tuple[Beat, ...], ...]:
    """Return the runs of two or more bad heartbeats."""
    runs: list[list[Beat]] = [[]]
    for item in beats:
        if item.is_bad:
            runs[-1].append(item)
        elif runs[-1]:
            runs.append([])
    return tuple(tuple(run) for run in runs if len(run) >= BRIEF_BEATS)


def _answered(bundle: Bundle, beats: Sequence[Beat], every_s: float) -> Ruling:
    known = [item for item in beats if item.ruling.outcome is not Outcome.INCONCLUSIVE]
    if not known:
        why = beats[0].ruling.actual if beats else "separate jobs took the samples, none waits between"
        return unknown(f"no beat can be judged: {why}")
    down = outages(known)
    if down:
        return _outage(down, every_s)
    bad = [item for item in known if item.is_bad]
    text = f"{len(bad)} of {len(known)} beats not as expected" if bad else f"{len(known)} beats"
    if least_percent(len(bad), len(known), RARE) > TOLERATED_PERCENT:
        first = bad[0]
        ruling = failed(f"{text}, such as {first.ruling.actual}", Severity.P2, "some requests fail")
        return ruling.at(first.pointer, first.observation.offset_s)
    if bad:
        text += f" (at {shown_offset(bad[0].observation.offset_s)}: {bad[0].ruling.actual}); the next one was"
    gap = longest_unseen(bundle)
    if gap.length_s > max(4 * every_s, tolerance_s(bundle.window)):
        unseen = f"nobody looked for {shown_duration(gap.length_s)} from {shown_offset(gap.from_s)} on"
        return unknown(f"{text}, but {unseen}")
    unread = len(beats) - len(known)
    if unread > 0.1 * len(beats):
        return unknown(f"{text}; {unread} of {len(beats)} could not be judged")
    return passed(f"{text}; never unseen for more than {shown_duration(gap.length_s)}")


def _outage(down: Sequence[Sequence[Beat]], every_s: float) -> Ruling:
    total_s = sum(run[-1].observation.offset_s - run[0].observation.offset_s + every_s for run in down)
    first = down[0][0]
    begin_s, end_s = first.observation.offset_s, down[0][-1].observation.offset_s
    stretches = f"{len(down)} stretches" if len(down) > 1 else "1 stretch"
    first_one = f"the first from {shown_offset(begin_s)} to {shown_offset(end_s)}"
    text = f"{shown_duration(total_s)} in {stretches}, {first_one}: {first.ruling.actual}"
    is_brief = len(down) == 1 and len(down[0]) == BRIEF_BEATS
    severity = Severity.P2 if is_brief else first.ruling.severity or Severity.P1
    return failed(text, severity, "it did not answer between the samples").at(first.pointer, begin_s)
