"""Everybody's requests: can the edge's log be trusted, and what does it say of errors and latency? Pure.

Our own requests are the canary: they were sent, so they must be in the log. A 5xx is a fail however little of
the log could be read. No 5xx is a pass only in a trusted log, and only with enough requests to exclude a
share worth an alarm: in 13 of 100 windows of 200 requests, a rate of 1 % shows no error at all.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime

from deploy_verdict.base.units import shown_percent
from deploy_verdict.evidence.answers.refusals import TEXT, judge_refusals
from deploy_verdict.evidence.bundle import Bundle
from deploy_verdict.evidence.finding import Ruling, failed, passed, unknown
from deploy_verdict.evidence.interim import interim_readings, with_interim
from deploy_verdict.evidence.platform.platform_views import errors_of, own_answered, readings_of, remedy_of
from deploy_verdict.expect import fault_text
from deploy_verdict.model import (
    Finding,
    Outcome,
    Severity,
    TrafficObservation,
)
from deploy_verdict.model.platform import BEFORE
from deploy_verdict.model.window import CUT_TIMES, wall_end
from deploy_verdict.plan import Traffic
from deploy_verdict.stats.bounds import RARE, clean_needed, least_percent, possible_percent

STAGE = "traffic"


def judge_traffic(bundle: Bundle, findings: Sequence[Finding] = ()) -> list[Finding]:
    """Return the findings of every reading; a fail in any of them stands."""
    section = bundle.plan.traffic
    if section is None:
        return []
    found = readings_of(bundle, STAGE, TrafficObservation, STAGE)
    readings: list[tuple[str | None, TrafficObservation | None]] = [*found] or [(None, None)]
    sent, covers = own_answered(bundle), (bundle.window.t0, wall_end(bundle.window) - CUT_TIMES)
    before = _before(bundle)
    judged = _worst_kept(
        [list(_judged(section, log, pointer, sent, covers, before)) for pointer, log in readings]
    )
    parts = [
        (item.offset_s, list(_judged_part(section, item.observation, item.pointer)))
        for item in interim_readings(bundle, STAGE, TrafficObservation)
    ]
    return with_interim(judged, parts, is_read=bool(found))


def _before(bundle: Bundle) -> TrafficObservation | None:
    """Return the newest reading of the hour before the deployment that has requests."""
    found = [item for _, item in readings_of(bundle, STAGE, TrafficObservation, BEFORE)]
    return next((item for item in reversed(found) if item.fault is None and item.paths), None)


def _refused(
    section: Traffic, log: TrafficObservation, before: TrafficObservation | None, doubts: Sequence[str]
) -> Ruling:
    """Judge the users who are turned away. The edge's log shows which requests are ours."""
    usual = before.paths if before else None
    ruling = judge_refusals(log.paths, usual, {}, may_rise=section.may_rise, few=section.few)
    if ruling.outcome is Outcome.PASS and doubts:
        return unknown(f"{ruling.actual}, but {'; '.join(doubts)}")
    return ruling


def _judged_part(section: Traffic, log: TrafficObservation, pointer: str) -> Iterator[Finding]:
    """Yield the errors of a part of the window that are too many for chance.

    A part has few requests, so a single error may be a large share of them and says little of the window.
    """
    part = f"from {log.start:%H:%M:%S} to {log.end:%H:%M:%S} UTC"

    def found(check: str, rule: str, text: str, bad: int, of: int, because: str) -> Iterator[Finding]:
        surely = 100 - possible_percent(of - bad, of, RARE) if 0 < bad <= of else 0.0
        if surely > section.max_5xx:
            actual = f"{bad} of {of:,} requests of others ({shown_percent(100 * bad / of)} %) {part}"
            yield failed(actual, section.severity, because).at(pointer).as_finding(STAGE, check, rule, text)

    counted = sum(path.requests for path in log.paths)
    errors = sum(errors_of(path) for path in log.paths)
    yield from found("all", "5xx", _text_5xx(section), errors, counted, SERVER_ERRORS)
    yield from found("all", "upstream", _text_upstream(section), _upstream_of(log), counted, EDGE_ERRORS)
    for path in log.paths:
        if path.requests >= section.few:
            name = f"{path.method} {path.path}"
            text = f"at most {section.max_5xx:g} % answered 5xx"
            yield from found(name, "5xx", text, errors_of(path), path.requests, SERVER_ERRORS)


def _text_5xx(section: Traffic) -> str:
    return f"at most {section.max_5xx:g} % of others' requests answered 5xx"


def _text_upstream(section: Traffic) -> str:
    return f"upstream errors on at most {section.max_5xx:g} % of them"


def _worst_kept(judged: Sequence[Sequence[Finding]]) -> list[Finding]:
    """Return the newest reading's findings, each replaced by the fail of an older reading if there is one."""
    kept = {(finding.check, finding.rule): finding for finding in judged[-1]}
    for findings in judged[:-1]:
        for finding in findings:
            if finding.outcome is Outcome.FAIL:
                kept[finding.check, finding.rule] = finding
    return list(kept.values())


def _judged(
    section: Traffic,
    log: TrafficObservation | None,
    pointer: str | None,
    sent: int,
    covers: tuple[datetime, datetime],
    before: TrafficObservation | None = None,
) -> Iterator[Finding]:
    canary = _canary(section, log, sent)
    readable = _readable(log, covers)
    doubts = tuple(ruling.actual for ruling in (readable, canary) if ruling.outcome is not Outcome.PASS)

    def found(check: str, rule: str, text: str, ruling: Ruling) -> Finding:
        return ruling.at(pointer).as_finding(STAGE, check, rule, text)

    yield found("log", "readable", "the edge's HTTP log is readable", readable)
    text = f"{section.canary:g} % or more of our own requests are in the log"
    yield found("log", "canary", text, canary)
    yield found("all", "5xx", _text_5xx(section), _errors(section, log, doubts) if log else NOT_READ)
    yield found(
        "all", "upstream", _text_upstream(section), _upstream(section, log, doubts) if log else NOT_READ
    )
    yield found("all", "refused", TEXT, _refused(section, log, before, doubts) if log else NOT_READ)
    if section.p95 is not None:
        limit_ms = section.p95 * 1000
        text = f"p95 of each path at most {limit_ms:g} ms"
        yield found("all", "p95", text, _slow(section, limit_ms, log, doubts) if log else NOT_READ)
    text = f"at most {section.max_5xx:g} % answered 5xx"
    for name, ruling in _bad_paths(section, log):
        yield found(name, "5xx", text, ruling)


NOT_READ = unknown("the edge's HTTP log was not read")
SERVER_ERRORS = "users met server errors"
EDGE_ERRORS = "the edge had errors reaching the service"


def _readable(log: TrafficObservation | None, covers: tuple[datetime, datetime]) -> Ruling:
    """Judge the log.

    `covers` is the stretch that it must cover, as an early reading says nothing of the rest.
    """
    if log is None:
        return NOT_READ
    if log.fault is not None:
        return unknown(fault_text(log.fault), remedy_of(log.fault))
    if log.incomplete:
        return unknown("; ".join(log.incomplete))
    if log.start > covers[0] or log.end < covers[1]:
        stretch = f"{log.start:%H:%M:%S} to {log.end:%H:%M:%S} UTC"
        return unknown(f"the edge's HTTP log was read for {stretch} only")
    if log.entries_read == 0:
        return unknown("the edge's HTTP log has no request in the window")
    return passed(f"{log.entries_read:,} requests, {log.requests:,} of others")


def _canary(section: Traffic, log: TrafficObservation | None, sent: int) -> Ruling:
    if log is None or (log.fault is not None and log.entries_read == 0):
        return unknown("there is no log to search for our own requests")
    if sent == 0:
        return unknown("no request of ours was answered, so nothing shows that the log is complete")
    share = 100 * log.own_requests / sent
    text = f"{log.own_requests} of {sent} answered requests of ours are in the log ({share:.0f} %)"
    if share < section.canary:
        return unknown(f"{text}: it has gaps and cannot be trusted")
    return passed(text)


def _errors(section: Traffic, log: TrafficObservation, doubts: Sequence[str]) -> Ruling:
    bad = sum(errors_of(path) for path in log.paths)
    ruling = _share(section, bad, log, doubts, "answered 5xx", SERVER_ERRORS)
    if ruling.outcome is not Outcome.PASS or section.excludes is None:
        return ruling
    # Few errors in few requests do not prove a low rate: what counts is the rate that they leave possible.
    percent = max(section.excludes, section.max_5xx)
    possible = possible_percent(bad, sum(path.requests for path in log.paths), RARE)
    if possible <= percent:
        return ruling
    more = clean_needed(percent, RARE)
    wanted = (
        f"{more:,} requests without one would exclude it" if not bad else "only more requests can exclude it"
    )
    text = (
        f"which leaves {shown_percent(possible)} % possible; {percent:g} % or more must be excluded: {wanted}"
    )
    return unknown(f"{ruling.actual}, {text} (see traffic.excludes)")


def _upstream(section: Traffic, log: TrafficObservation, doubts: Sequence[str]) -> Ruling:
    what = "had upstream errors or an answer of the edge itself"
    return _share(section, _upstream_of(log), log, doubts, what, EDGE_ERRORS)


def _upstream_of(log: TrafficObservation) -> int:
    # If the edge answered in its place, the service was not there for somebody, even if that was a 404.
    return sum(max(path.upstream_errors, path.edge_fallbacks) for path in log.paths)


def _share(
    section: Traffic, bad: int, log: TrafficObservation, doubts: Sequence[str], what: str, because: str
) -> Ruling:
    counted = sum(path.requests for path in log.paths)
    share = 100 * bad / counted if counted else 0.0
    text = f"{bad} of {counted:,} requests of others {what}" + (f" ({shown_percent(share)} %)" if bad else "")
    if share > section.max_5xx:
        return failed(text, section.severity, because)
    if counted != log.requests:
        return unknown(f"{text}, but the log held {log.requests:,}")
    if doubts:
        return unknown(f"{text}, but {'; '.join(doubts)}")
    return passed(text if counted else "no request of others in the window")


def _slow(section: Traffic, limit_ms: float, log: TrafficObservation, doubts: Sequence[str]) -> Ruling:
    judged = [path for path in log.paths if path.requests >= section.few]
    slow = [path for path in judged if path.p95_ms is not None and path.p95_ms > limit_ms]
    if slow:
        worst = max(slow, key=lambda path: path.p95_ms or 0.0)
        more = f", and {len(slow) - 1} more paths" if len(slow) > 1 else ""
        text = f"{worst.p95_ms:.0f} ms for {worst.method} {worst.path}{more}"
        return failed(text, Severity.P2, "users waited too long")
    unmeasured = [path for path in judged if path.p95_ms is None]
    if doubts or unmeasured:
        why = "; ".join(doubts) or f"{unmeasured[0].method} {unmeasured[0].path} has no percentile"
        return unknown(f"no path was slower, but {why}")
    if not judged:
        return passed(f"no path had {section.few} or more requests of others")
    worst = max(judged, key=lambda path: path.p95_ms or 0.0)
    return passed(f"at most {worst.p95_ms:.0f} ms ({worst.method} {worst.path})")


def _bad_paths(section: Traffic, log: TrafficObservation | None) -> Iterator[tuple[str, Ruling]]:
    """Yield single paths above the limit, as an error on one path is lost among all requests.

    With few requests, one error may be a large share and still chance: if it is not significantly above, it
    is unknown.
    """
    for path in log.paths if log else ():
        bad = errors_of(path)
        share = 100 * bad / path.requests if path.requests > 0 else 0.0
        if path.requests >= section.few and share > section.max_5xx:
            text = f"{bad} of {path.requests:,} ({shown_percent(share)} %)"
            name = f"{path.method} {path.path}"
            if least_percent(bad, path.requests) > section.max_5xx:
                yield name, failed(text, section.severity, SERVER_ERRORS)
            else:
                yield name, unknown(f"{text}: too few to tell from chance")
