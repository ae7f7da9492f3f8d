"""Everybody's requests: is the edge's log to be believed, and what does it say of errors and latency? Pure.

Our own probes are the canary: they were sent, so they must be in the log. A 5xx that was seen is a fail
however little of the log could be read; that there was none is a pass only in a log that is believed, and
only of so many requests that they exclude a share worth an alarm: 1 % shows in 13 of 100 windows of 200
requests as none at all.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from deploy_verdict.evidence.bundle import Bundle
from deploy_verdict.evidence.finding import Result, made
from deploy_verdict.evidence.platform_views import errors_of, own_answered, readings_of
from deploy_verdict.expect import told_fault
from deploy_verdict.model import (
    Finding,
    Outcome,
    Severity,
    TrafficObservation,
)
from deploy_verdict.model.window import wall_end
from deploy_verdict.plan import Traffic
from deploy_verdict.stats.bounds import RARE, clean_needed, possible_percent

STAGE = "traffic"
# The reading begins when the last look ends, by another clock than the window's.
CUT_TIMES = timedelta(seconds=1)


def judge_traffic(bundle: Bundle, findings: Sequence[Finding] = ()) -> list[Finding]:
    """The findings of every reading; what any of them failed on stays."""
    asked = bundle.plan.traffic
    if asked is None:
        return []
    found = readings_of(bundle, STAGE, TrafficObservation)
    readings: list[tuple[str | None, TrafficObservation | None]] = [*found] or [(None, None)]
    sent, covers = own_answered(bundle), (bundle.window.t0, wall_end(bundle.window) - CUT_TIMES)
    return _worst_kept([_judged(asked, seen, pointer, sent, covers) for pointer, seen in readings])


def _worst_kept(judged: Sequence[Sequence[Finding]]) -> list[Finding]:
    """The newest reading's findings, and every fail of an older one in the place of its own."""
    kept = {(finding.check, finding.rule): finding for finding in judged[-1]}
    for findings in judged[:-1]:
        for finding in findings:
            if finding.outcome is Outcome.FAIL:
                kept[finding.check, finding.rule] = finding
    return list(kept.values())


def _judged(
    asked: Traffic,
    seen: TrafficObservation | None,
    pointer: str | None,
    sent: int,
    covers: tuple[datetime, datetime],
) -> list[Finding]:
    canary = _canary(asked, seen, sent)
    readable = _readable(seen, covers)
    doubts = tuple(told for outcome, _, told in (readable, canary) if outcome is not Outcome.PASS)
    findings = [
        _finding("log", "readable", "the edge's HTTP log is readable", readable),
        _finding("log", "canary", f"{asked.canary:g} % or more of our own requests are in it", canary),
        _finding(
            "all",
            "5xx",
            f"at most {asked.max_5xx:g} % of others' requests answered 5xx",
            _errors(asked, seen, doubts),
        ),
        _finding(
            "all",
            "upstream",
            f"upstream errors on at most {asked.max_5xx:g} % of them",
            _upstream(asked, seen, doubts),
        ),
    ]
    if asked.p95 is not None:
        text = f"p95 of each path at most {asked.p95 * 1000:g} ms"
        findings.append(_finding("all", "p95", text, _slow(asked, asked.p95 * 1000, seen, doubts)))
    findings += _paths(asked, seen)
    return [finding.model_copy(update={"evidence": pointer}) for finding in findings]


_BECAUSE = {
    "5xx": "users met server errors",
    "upstream": "the edge had trouble with the service",
    "p95": "users waited too long",
}


def _finding(check: str, rule: str, text: str, result: Result) -> Finding:
    return made(STAGE, (check, rule), text, result, because=_BECAUSE.get(rule))


def _readable(seen: TrafficObservation | None, covers: tuple[datetime, datetime]) -> Result:
    """`covers`: the stretch that a reading must reach over, as one that is taken early tells of no more."""
    if seen is None:
        return Outcome.INCONCLUSIVE, None, "the edge's HTTP log was not read"
    if seen.fault is not None:
        return Outcome.INCONCLUSIVE, None, told_fault(seen.fault)
    if seen.incomplete:
        return Outcome.INCONCLUSIVE, None, "; ".join(seen.incomplete)
    if seen.start > covers[0] or seen.end < covers[1]:
        stretch = f"{seen.start:%H:%M:%S} to {seen.end:%H:%M:%S} UTC"
        return Outcome.INCONCLUSIVE, None, f"the edge's HTTP log was read for {stretch} only"
    if seen.entries_read == 0:
        return Outcome.INCONCLUSIVE, None, "the edge's HTTP log has no request in the window"
    return Outcome.PASS, None, f"{seen.entries_read:,} requests, {seen.requests:,} of others"


def _canary(asked: Traffic, seen: TrafficObservation | None, sent: int) -> Result:
    if seen is None or (seen.fault is not None and seen.entries_read == 0):
        return Outcome.INCONCLUSIVE, None, "there is no log to look for our own requests in"
    if sent == 0:
        return (
            Outcome.INCONCLUSIVE,
            None,
            "no request of ours was answered, so nothing shows that the log is whole",
        )
    share = 100 * seen.own_requests / sent
    told = f"{seen.own_requests} of {sent} requests of ours that were answered are in it ({share:.0f} %)"
    if share < asked.canary:
        return Outcome.INCONCLUSIVE, None, f"{told}: it has holes, and is not to be trusted"
    return Outcome.PASS, None, told


def _errors(asked: Traffic, seen: TrafficObservation | None, doubts: Sequence[str]) -> Result:
    if seen is None:
        return Outcome.INCONCLUSIVE, None, "the edge's HTTP log was not read"
    bad = sum(errors_of(path) for path in seen.paths)
    outcome, severity, told = _share(asked, bad, seen, doubts, "answered 5xx")
    if outcome is not Outcome.PASS or asked.excludes is None:
        return outcome, severity, told
    return _excluding(
        max(asked.excludes, asked.max_5xx), bad, sum(path.requests for path in seen.paths), told
    )


def _excluding(percent: float, bad: int, counted: int, told: str) -> Result:
    """Few errors in few requests are no proof of few errors: the share they leave possible counts."""
    possible = possible_percent(bad, counted, RARE)
    if possible <= percent:
        return Outcome.PASS, None, told
    more = clean_needed(percent, RARE)
    wanted = f"{more:,} without one would exclude it" if not bad else "only more of them can exclude it"
    told += f", which leaves {possible:.2g} % possible; {percent:g} % or more must be excluded: {wanted}"
    return Outcome.INCONCLUSIVE, None, told + " (see traffic.excludes)"


def _upstream(asked: Traffic, seen: TrafficObservation | None, doubts: Sequence[str]) -> Result:
    if seen is None:
        return Outcome.INCONCLUSIVE, None, "the edge's HTTP log was not read"
    # Where the edge answered in its place, the service was not there for somebody, a 404 or not.
    bad = sum(max(path.upstream_errors, path.edge_fallbacks) for path in seen.paths)
    return _share(asked, bad, seen, doubts, "had upstream errors or an answer of the edge itself")


def _share(asked: Traffic, bad: int, seen: TrafficObservation, doubts: Sequence[str], what: str) -> Result:
    counted = sum(path.requests for path in seen.paths)
    share = 100 * bad / counted if counted else 0.0
    told = f"{bad} of {counted:,} requests of others {what}" + (f" ({share:.2g} %)" if bad else "")
    if share > asked.max_5xx:
        return Outcome.FAIL, asked.severity, told
    if counted != seen.requests:
        return Outcome.INCONCLUSIVE, None, f"{told}, but the log held {seen.requests:,}"
    if doubts:
        return Outcome.INCONCLUSIVE, None, f"{told}, but {'; '.join(doubts)}"
    return Outcome.PASS, None, told if counted else "no request of others in the window"


def _slow(asked: Traffic, limit_ms: float, seen: TrafficObservation | None, doubts: Sequence[str]) -> Result:
    if seen is None:
        return Outcome.INCONCLUSIVE, None, "the edge's HTTP log was not read"
    judged = [path for path in seen.paths if path.requests >= asked.few]
    slow = [path for path in judged if path.p95_ms is not None and path.p95_ms > limit_ms]
    if slow:
        worst = max(slow, key=lambda path: path.p95_ms or 0.0)
        more = f", and {len(slow) - 1} more paths" if len(slow) > 1 else ""
        return Outcome.FAIL, Severity.P2, f"{worst.p95_ms:.0f} ms for {worst.method} {worst.path}{more}"
    unknown = [path for path in judged if path.p95_ms is None]
    if doubts or unknown:
        why = "; ".join(doubts) or f"{unknown[0].method} {unknown[0].path} has no percentile"
        return Outcome.INCONCLUSIVE, None, f"no path was seen to be slower, but {why}"
    if not judged:
        return Outcome.PASS, None, f"no path had {asked.few} requests of others or more"
    worst = max(judged, key=lambda path: path.p95_ms or 0.0)
    return Outcome.PASS, None, f"at most {worst.p95_ms:.0f} ms ({worst.method} {worst.path})"


def _paths(asked: Traffic, seen: TrafficObservation | None) -> Iterator[Finding]:
    """Single paths that are over the limit: an error on one path is lost among all requests."""
    for path in seen.paths if seen else ():
        bad = errors_of(path)
        share = 100 * bad / path.requests if path.requests > 0 else 0.0
        if path.requests >= asked.few and share > asked.max_5xx:
            text = f"at most {asked.max_5xx:g} % answered 5xx"
            told = f"{bad} of {path.requests:,} ({share:.2g} %)"
            yield _finding(f"{path.method} {path.path}", "5xx", text, (Outcome.FAIL, asked.severity, told))
