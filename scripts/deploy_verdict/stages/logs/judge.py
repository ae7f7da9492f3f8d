"""Judges a reading of the log. Pure.

A forbidden line is a fail however little of the log could be read. That there is none passes only if the log
was read throughout the window.
"""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import NamedTuple

from deploy_verdict.base.log_templates import path_shape
from deploy_verdict.base.units import shown_duration, shown_offset
from deploy_verdict.evidence.answers.exchanges import Sent, own_answers
from deploy_verdict.evidence.answers.refusals import ERRORS_TEXT, TEXT, judge_refusals, judge_server_errors
from deploy_verdict.evidence.bundle import Bundle
from deploy_verdict.evidence.finding import Ruling, failed, passed, unknown
from deploy_verdict.evidence.interim import InterimReading, interim_readings, read_until, with_interim
from deploy_verdict.evidence.measures import log_at_start, log_before, log_readings
from deploy_verdict.evidence.platform.platform_views import own_answered, remedy_of
from deploy_verdict.evidence.processes.older_code import older_code_until
from deploy_verdict.model import (
    UNPROVEN_LEVEL,
    CanaryReading,
    Finding,
    LogObservation,
    Outcome,
    PathAnswers,
    PatternCount,
    Severity,
    Silence,
)
from deploy_verdict.model.window import CUT_TIMES, wall_end
from deploy_verdict.plan import LogCanary, LogPattern, LogRules
from deploy_verdict.plan.checks.references import check_of
from deploy_verdict.stages.logs.counting.access_lines import OTHER
from deploy_verdict.stages.logs.counting.unlevelled import REMEDY, unlevelled_doubts
from deploy_verdict.stages.logs.judge_novelty import Earlier, judge_novelty

NOTHING_EARLIER = Earlier()
STAGE = "logs"
CHECK = "log"
# Wall-clock time: at high speed, a shorter stretch never counts as silence.
SILENCE_FLOOR_S = 3.0
_ERROR_LEVELS = ("ERROR", "CRITICAL")
_MAX_EXAMPLE_CHARS = 160
# This many unlogged requests in a row mean a gap in the log, even if the plan allows one in ten to be
# missing.
MOST_UNSEEN = 5
SEARCH = "Search the log by hand for errors, and find out why this tool did not read it"
MAKE_READABLE = "Make the backend log readable (its source, our access), then review it and judge again"
FIND_THE_LOG = "Find where the log of this window went: another file or service, or a wrong clock"
COMPARE = (
    "Compare the log with this window's requests by hand: lines are missing, or `logs.canary` in the plan is "
    "not how the service logs a request"
)
LEVELS = REMEDY[:1].upper() + REMEDY[1:]


class OwnTraffic(NamedTuple):
    """How many requests of ours the service answered, for the canary, and those that the evidence keeps."""

    answered: int | None = None
    sent: Sequence[Sent] = ()


NO_TRAFFIC = OwnTraffic()


class Doubt(NamedTuple):
    """Why "not found" does not mean "was not there", and what to do so that the next window can tell."""

    reason: str
    remedy: str = MAKE_READABLE


def judge_logs(
    plan_logs: LogRules,
    observation: LogObservation | None,
    *,
    evidence: str | None,
    speed: float = 1.0,
    covers: tuple[datetime, datetime] | None = None,
    own: OwnTraffic = NO_TRAFFIC,
    earlier: Earlier = NOTHING_EARLIER,
) -> list[Finding]:
    """Return the findings of every rule in the plan for one log, whatever the evidence.

    `covers`: the stretch (start, end) that the reading must cover; None if that does not matter. `earlier`
    are the readings of the time before T0.
    """
    doubts = [*_doubts(plan_logs, observation, speed * SILENCE_FLOOR_S, covers, own.sent)]
    if plan_logs.canary is not None and observation is not None and observation.fault is None:
        missing = _canary_doubts(plan_logs.canary, observation, own.answered, earlier.older_code_until)
        doubts += [Doubt(reason, COMPARE) for reason in (*missing, *_vanished(observation, earlier.before))]
    reasons = tuple(doubt.reason for doubt in doubts)
    remedy = next((doubt.remedy for doubt in doubts), None)
    findings = [_readable(plan_logs, observation, reasons)]
    for pattern in plan_logs.must_not_appear:
        ruling = _must_not_appear(pattern, _count(pattern, observation), reasons)
        findings.append(_of_pattern(pattern, "must_not_appear", "never", "0 lines", ruling))
    for pattern in plan_logs.must_appear:
        ruling = _must_appear(pattern, _count(pattern, observation), reasons)
        findings.append(_of_pattern(pattern, "must_appear", "says", "1 line or more", ruling))
    if plan_logs.max_errors is not None:
        limit = plan_logs.max_errors
        text = f"at most {_lines(limit)} of level ERROR or CRITICAL"
        ruling = _errors(limit, observation, reasons)
        findings.append(ruling.as_finding(STAGE, CHECK, "errors", text, expected=f"at most {limit}"))
    if plan_logs.max_warnings is not None:
        limit = plan_logs.max_warnings
        text = f"at most {_lines(limit)} of level WARNING"
        ruling = _warnings(limit, observation, reasons)
        findings.append(ruling.as_finding(STAGE, CHECK, "warnings", text, expected=f"at most {limit}"))
    findings = [_with_remedy(finding, remedy) for finding in findings]
    findings += judge_novelty(plan_logs, observation, earlier, reasons, speed=speed)
    return [finding.model_copy(update={"evidence": evidence}) for finding in findings]


def _with_remedy(finding: Finding, remedy: str | None) -> Finding:
    """Add how to make the log readable. A pattern needs none, as it can also be searched for by hand."""
    is_open = finding.outcome is Outcome.INCONCLUSIVE and finding.rule in ("readable", "errors", "warnings")
    return finding.model_copy(update={"remedy": remedy}) if is_open and remedy else finding


def _doubts(
    logs: LogRules,
    observation: LogObservation | None,
    floor_s: float,
    covers: tuple[datetime, datetime] | None,
    sent: Sequence[Sent],
) -> Iterator[Doubt]:
    """Yield every reason why "not found" does not mean "was not there"."""
    if observation is None:
        yield Doubt("the log was not read", SEARCH)
        return
    if observation.fault is not None:
        reason = f"the log could not be read ({observation.fault.kind}): {observation.fault.detail}"
        yield Doubt(reason, remedy_of(observation.fault) or MAKE_READABLE)
    for reason in observation.incomplete:
        yield Doubt(reason, _advice_of(reason))
    if covers is not None and (observation.start > covers[0] or observation.end < covers[1]):
        yield Doubt(f"the log was read for {_stretch(observation.start, observation.end)} only")
    if observation.end <= observation.start:
        yield Doubt("the stretch that was read has no length")
    if logs.quiet:
        return
    if observation.first_at is None or observation.lines_in_window <= 0:
        if observation.fault is None:
            stretch = _stretch(observation.start, observation.end, " and ")
            reason = "; ".join((f"the log has no dated line between {stretch}", *observation.notes))
            yield Doubt(reason, FIND_THE_LOG)
        return
    if covers is not None and logs.canary is None:
        yield from _begins_late(observation, covers[0])
    yield from _silent(logs, observation, floor_s, sent)


def _advice_of(reason: str) -> str:
    """Return what the reading itself advises, after its dash."""
    advice = reason.partition(" — ")[2]
    return advice[:1].upper() + advice[1:] or MAKE_READABLE


def _begins_late(observation: LogObservation, t0: datetime) -> Iterator[Doubt]:
    """Yield a doubt if the log begins after T0: it may have been replaced, and earlier lines are gone."""
    begins_at = observation.begins_at
    if begins_at is not None and begins_at > t0 + CUT_TIMES:
        reason = f"its first line is of {_time(begins_at)}, so what it may have lost before is not known — "
        advice = "hand over the log from before T0 on, or add a canary"
        yield Doubt(reason + advice, advice.capitalize())


def _silent(
    logs: LogRules, observation: LogObservation, floor_s: float, sent: Sequence[Sent]
) -> Iterator[Doubt]:
    silence = observation.longest_silence
    if silence is None:
        yield Doubt("the reading does not say how long the log was silent")
    elif silence.length_s > logs.max_silence and silence.length_s >= floor_s:
        clock_s = (silence.end - silence.start).total_seconds()
        rehearsed = f" of the plan, {shown_duration(clock_s)} of the clock"
        yield Doubt(
            f"the log is silent for {shown_duration(silence.length_s)}"
            f"{rehearsed if clock_s < silence.length_s / 2 else ''}, "
            f"{_stretch(silence.start, silence.end)} (longest allowed: {shown_duration(logs.max_silence)})",
            _about_silence(silence, sent),
        )


def _about_silence(silence: Silence, sent: Sequence[Sent]) -> str:
    """Describe whether the service answered us while its log was silent."""
    asked = [item.exchange for item in sent if silence.start <= item.exchange.at <= silence.end]
    if not asked:
        return "Ask the service's other logs what happened in the silent time: this tool did not ask it then"
    answered = sum(item.fault is None and item.status is not None for item in asked)
    words = f"the service answered {answered} of {len(asked)} requests of this tool in the silent time"
    if 2 * answered > len(asked):
        return f"Look at how the log is collected: {words}, so only its log stopped"
    return f"Find out why the service stopped: {words}"


def _canary_doubts(
    canary: LogCanary,
    observation: LogObservation,
    own_requests: int | None,
    older_code_until: datetime | None,
) -> tuple[str, ...]:
    """Return doubts from the canary: if lines of our own requests are missing, others are missing too."""
    reading = observation.canary
    if reading is not None and (reading.requests or reading.crowded):
        return tuple(_unseen(canary, reading, older_code_until))
    counted = _count(canary.pattern, observation)
    if isinstance(counted, str):
        return (f"the canary lines were not counted ({counted})",)
    if not own_requests:
        return ("no request of ours was answered, so the canary proves nothing",)
    if counted.count * 100 < own_requests * canary.at_least:
        text = f"{counted.count} lines for {own_requests} answered requests of ours"
        why = "the log has gaps, or the plan's canary is not how it logs a request"
        return (f"{text}: {why} ({canary.regex!r})",)
    return ()


def _unseen(canary: LogCanary, reading: CanaryReading, older_code_until: datetime | None) -> Iterator[str]:
    """Yield doubts from requests of ours without a line, where lines of others cannot stand in for them."""
    if not reading.requests:
        yield (
            f"others ask for {', '.join(reading.crowded[:3])} so often that a line of theirs stands at any "
            "moment, so the canary proves nothing — log the User-Agent or X-Request-Id, or check a path that "
            "nobody else uses"
        )
        return
    if reading.found * 100 < reading.requests * canary.at_least:
        worst = sorted(reading.paths, key=lambda item: item.found - item.requests)[:2]
        paths = ", ".join(f"{item.path}: {item.found} of {item.requests}" for item in worst)
        yield (
            f"{reading.found} lines for {reading.requests} answered requests of ours, by {reading.by} "
            f"({paths}): the log has gaps, an instance logs elsewhere, or the plan's canary is not how it "
            f"logs a request ({canary.regex!r})"
        )
    unseen = reading.unseen
    # What older code answered at first is in the log of the previous deployment.
    is_explained = unseen is not None and older_code_until is not None and unseen.last_at <= older_code_until
    if unseen is not None and unseen.count >= MOST_UNSEEN and not is_explained:
        stretch = _stretch(unseen.first_at, unseen.last_at, " and ")
        yield f"none of our {unseen.count} requests between {stretch} is in the log: it has a gap"


def _vanished(observation: LogObservation, before: LogObservation | None) -> Iterator[str]:
    """Yield paths of ours that the log named before the deployment, for anybody, and no longer names."""
    named_now = {item.path for item in observation.answers}
    if observation.canary is None or before is None or OTHER[1] in named_now:
        return
    named_before = {item.path for item in before.answers if item.requests >= MOST_UNSEEN}
    for item in observation.canary.paths:
        path = path_shape(item.path)
        if not item.found and item.requests >= MOST_UNSEEN and path in named_before - named_now:
            yield (
                f"none of our {item.requests} requests to {item.path} is in the log, which named that path "
                "before the deployment: it has a gap, or logs that path no more"
            )


def _readable(logs: LogRules, observation: LogObservation | None, reasons: tuple[str, ...]) -> Finding:
    text = ""
    if observation is not None and observation.longest_silence is not None:
        silence = shown_duration(observation.longest_silence.length_s)
        text = f"{_lines(observation.lines_in_window)}, longest silence {silence}"
    ruling = unknown("; ".join(reasons)) if reasons else passed(text)
    expected = f"lines throughout the window, no silence over {shown_duration(logs.max_silence)}"
    if logs.quiet:
        expected = "read to its end; it may be quiet"
    text = "the log is readable throughout the window"
    return ruling.as_finding(STAGE, CHECK, "readable", text, expected=expected)


def _count(pattern: LogPattern, observation: LogObservation | None) -> PatternCount | str:
    """Return what the evidence counts for this pattern, or why it counts nothing."""
    if observation is None:
        return "the log was not read"
    named = [item for item in observation.patterns if item.pattern == pattern.name]
    if not named:
        return "this pattern was not counted: the evidence is of another version of the plan"
    same = [item for item in named if item.sought in (None, pattern.sought)]
    if not same:
        return "another pattern of this name was counted: the evidence is of another version of the plan"
    if same[0].count < 0:
        return f"the evidence counts {same[0].count} lines, which is impossible"
    return same[0]


def _must_not_appear(pattern: LogPattern, count: PatternCount | str, reasons: tuple[str, ...]) -> Ruling:
    ruling = _counted(count, reasons)
    if isinstance(count, PatternCount) and count.count > 0:
        return failed(ruling.actual, pattern.severity, pattern.because)
    return ruling


def _must_appear(pattern: LogPattern, count: PatternCount | str, reasons: tuple[str, ...]) -> Ruling:
    ruling = _counted(count, reasons)
    if isinstance(count, PatternCount) and count.count == 0 and not reasons:
        return failed(ruling.actual, pattern.severity, pattern.because)
    return ruling


def _counted(count: PatternCount | str, reasons: tuple[str, ...]) -> Ruling:
    """Return what was counted, as a pass if it can be relied on, else as unknown."""
    if isinstance(count, str):
        return unknown(count)
    if count.count == 0 and reasons:
        return unknown(f"0 lines, but {'; '.join(reasons)}")
    first = f", first {_time(count.first_at)}" if count.first_at and count.count else ""
    line = f": {_first_line(count.examples[0].text)}" if count.examples and count.count else ""
    return passed(_lines(count.count) + first + line)


def _of_pattern(pattern: LogPattern, rule: str, verb: str, expected: str, ruling: Ruling) -> Finding:
    text = f'"{pattern.text}"' if pattern.text else f"/{pattern.regex}/"
    anywhere = " (anywhere in the log)" if pattern.within == "log" else ""
    return ruling.as_finding(STAGE, pattern.name, rule, f"{verb} {text}{anywhere}", expected=expected)


def _errors(limit: int, observation: LogObservation | None, reasons: tuple[str, ...]) -> Ruling:
    levels = observation.levels if observation is not None else {}
    count = sum(levels.get(level, 0) for level in _ERROR_LEVELS)
    unproven = levels.get(UNPROVEN_LEVEL, 0)
    text = _lines(count)
    if count > limit:
        return failed(text, Severity.P2)
    if reasons:
        return unknown(f"{text}, but {'; '.join(reasons)}")
    if not levels:
        return unknown("no line of the window names a level", LEVELS)
    doubts = [*unlevelled_doubts(observation, limit)]
    if doubts:
        return unknown(f"{text}, but {'; '.join(doubts)}", LEVELS)
    if count + unproven > limit:
        return unknown(f"{text}, and {unproven} more that only Railway calls errors, as it does all stderr")
    return passed(text)


def _warnings(limit: int, observation: LogObservation | None, reasons: tuple[str, ...]) -> Ruling:
    levels = observation.levels if observation is not None else {}
    count = levels.get("WARNING", 0)
    text = _lines(count)
    if count > limit:
        return failed(text, Severity.P2)
    if reasons:
        return unknown(f"{text}, but {'; '.join(reasons)}")
    if not levels:
        return unknown("no line of the window names a level", LEVELS)
    doubts = [*unlevelled_doubts(observation, limit)]
    return unknown(f"{text}, but {'; '.join(doubts)}", LEVELS) if doubts else passed(text)


def _lines(count: int) -> str:
    return f"{count} line" if count == 1 else f"{count} lines"


def _first_line(text: str) -> str:
    line = text.strip().split("\n", 1)[0]
    return line if len(line) <= _MAX_EXAMPLE_CHARS else line[: _MAX_EXAMPLE_CHARS - 1] + "…"


def _time(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _stretch(start: datetime, end: datetime, between: str = " to ") -> str:
    return f"{_time(start)}{between}{_time(end)}"


def judge_readings(bundle: Bundle, findings: Sequence[Finding] = ()) -> list[Finding]:
    """Return the findings of each log of the plan."""
    logs = bundle.plan.logs
    if logs is None:
        return []
    return [
        finding for name, rules in logs.asked(bundle.left_out) for finding in _judged_log(bundle, name, rules)
    ]


def _judged_log(bundle: Bundle, name: str, rules: LogRules) -> list[Finding]:
    """Judge every reading of a log; a fail in any of them stands, as a log can be cut in between."""
    covers = bundle.window.t0, wall_end(bundle.window) - CUT_TIMES
    speed = bundle.window.speed
    observed: list[tuple[str | None, LogObservation | None]] = [*log_readings(bundle, name)]
    earlier = Earlier(
        before=log_before(bundle, name),
        startup=log_at_start(bundle, name),
        older_code_until=older_code_until(bundle),
    )

    def judged(observation: LogObservation | None, pointer: str | None) -> list[Finding]:
        return judge_logs(
            rules,
            observation,
            evidence=pointer,
            speed=speed,
            covers=covers,
            own=OwnTraffic(own_answered(bundle), bundle.sent_to_service),
            earlier=earlier,
        )

    def answers(
        observation: LogObservation | None, pointer: str | None, parts_before: Sequence[LogObservation] = ()
    ) -> Iterator[Finding]:
        return _judge_answers(bundle, observation, pointer, earlier.before, parts_before)

    # Only some readings can say what is new.
    found: dict[tuple[str, str], Finding] = {}
    for pointer, observation in observed or [(None, None)]:
        for item in [*judged(observation, pointer), *answers(observation, pointer)]:
            known = found.get((item.check, item.rule))
            if known is None or known.outcome is not Outcome.FAIL:
                found[item.check, item.rule] = item
    interim = [
        item for item in interim_readings(bundle, STAGE, LogObservation) if item.observation.log == name
    ]
    parts = [(item.offset_s, _of_part(judged(item.observation, item.pointer))) for item in interim]
    for index, part in enumerate(interim):
        parts_before = [other.observation for other in interim[:index]]
        parts[index][1].extend(answers(part.observation, part.pointer, parts_before))
    complete = with_interim(list(found.values()), parts, is_read=bool(observed))
    merged = [_with_parts(rules, item, interim, bundle.window.t0) for item in complete]
    return [item.model_copy(update={"check": check_of(name, item.check)}) for item in merged]


def _of_part(findings: Sequence[Finding]) -> list[Finding]:
    """Return what a part of the log can show: what is missing in it may be in another part."""
    return [item for item in findings if item.rule != "must_appear"]


def _with_parts(
    rules: LogRules,
    finding: Finding,
    interim: Sequence[InterimReading[LogObservation]],
    t0: datetime,
) -> Finding:
    """Complete a finding with the parts: a line that must appear may be in one of them only.

    If no part has a forbidden line, the finding says that too.
    """
    if finding.rule == "must_appear" and finding.outcome is not Outcome.PASS:
        pattern = next((item for item in rules.must_appear if item.name == finding.check), None)
        for item in interim if pattern else ():
            count = _count(pattern, item.observation) if pattern else ""
            if isinstance(count, PatternCount) and count.count > 0:
                actual = f"{_counted(count, ()).actual} (read at {shown_offset(item.offset_s)})"
                ruling = passed(actual).at(item.pointer, item.offset_s)
                return ruling.as_finding(
                    STAGE, finding.check, finding.rule, finding.expectation, expected=finding.expected
                )
    until = read_until(interim, t0)
    if finding.rule == "must_not_appear" and finding.outcome is Outcome.INCONCLUSIVE and until is not None:
        actual = f"{finding.actual}; the readings during the window, {_stretch(t0, until)}, hold none"
        return finding.model_copy(update={"actual": actual})
    return finding


def _judge_answers(
    bundle: Bundle,
    observation: LogObservation | None,
    pointer: str | None,
    before: LogObservation | None,
    earlier: Sequence[LogObservation] = (),
) -> Iterator[Finding]:
    """Yield findings on refusals and server errors; none if the log has no access lines.

    Without a known time before, `earlier` parts of the window replace it.
    """
    logs = bundle.plan.logs
    if logs is None or observation is None or not observation.answers:
        return
    usual = _known(before) or [answers for item in earlier for answers in _known(item) or ()] or None
    own = own_answers(bundle.sent_to_service, observation.start, observation.end)
    ruling = judge_refusals(observation.answers, usual, own, may_rise=logs.may_rise)
    yield ruling.at(pointer).as_finding("logs", "answers", "refused", TEXT)
    ruling = judge_server_errors(observation.answers, usual, own)
    if ruling.outcome is not Outcome.PASS:
        yield ruling.at(pointer).as_finding("logs", "answers", "server errors", ERRORS_TEXT)


def _known(reading: LogObservation | None) -> Sequence[PathAnswers] | None:
    is_known = reading is not None and reading.fault is None and reading.answers
    return reading.answers if is_known and reading is not None else None
