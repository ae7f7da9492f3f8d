"""Was the service restarted within the window?

Judged by its responses, and start-up lines in its log. Pure.
"""

from collections.abc import Iterator, Sequence

from deploy_verdict.base.units import shown_duration
from deploy_verdict.evidence.bundle import Bundle
from deploy_verdict.evidence.finding import Ruling, failed, passed, unknown
from deploy_verdict.evidence.interim import interim_readings
from deploy_verdict.evidence.measures import log_before, log_readings
from deploy_verdict.evidence.processes.process_marks import restarts, versions
from deploy_verdict.markup.labels import counted
from deploy_verdict.model import Finding, LogObservation, Outcome, Severity
from deploy_verdict.stats.bounds import rate_ratio

STAGE = "restarts"
BECAUSE = "the service was restarted within the window"
# One or two starts may be another instance; this many are not.
FEWEST_STARTS = 3
# Workers that are recycled by plan start as often before the deployment as after it.
OFTENER = 2.0
# This many starts are a restart loop if they also come this often per hour (one every quarter of an hour).
FEWEST_OF_LOOP, LOOP_PER_H = 10, 4.0
LOOP = "the service restarts over and over"


def judge_restarts(bundle: Bundle, findings: Sequence[Finding] = ()) -> Iterator[Finding]:
    """Yield a finding on the responses, and one on each log in which start-up lines can be counted."""
    found = restarts(bundle)
    if _is_loop(len(found), bundle.window.length_s):
        text = f"{counted(len(found), 'restart')} in its answers, the first: {found[0].text}"
        ruling = failed(text, Severity.P1, LOOP).at(found[0].pointer, found[0].to_s)
    elif found:
        more = f", and {len(found) - 1} more" if len(found) > 1 else ""
        ruling = failed(f"{found[0].text}{more}", Severity.P2, BECAUSE).at(found[0].pointer, found[0].to_s)
    elif any(item.exchange.status is not None for item in bundle.sent_to_service):
        ruling = passed("no answer shows a restart")
    else:
        ruling = unknown("no answer to read it from")
    text = "the same process answers through the window, as far as its answers say"
    yield ruling.as_finding(STAGE, "service", "restarts", text)
    yield from _versions(bundle)
    if "logs" in bundle.stages:
        yield from _logged(bundle)


def _versions(bundle: Bundle) -> Iterator[Finding]:
    """Yield a finding only if several versions answer."""
    several = versions(bundle)
    if several is None:
        return
    words, pointer = several
    text = f"{words}: not all of the window was of one deployment"
    ruling = unknown(text, "Watch the deployment that came to stay, once no other one answers").at(pointer)
    yield ruling.as_finding(STAGE, "service", "version", "one version answers throughout")


def _is_loop(count: int, length_s: float) -> bool:
    return count >= FEWEST_OF_LOOP and 3600 * count >= LOOP_PER_H * length_s


def _logged(bundle: Bundle) -> Iterator[Finding]:
    """Yield a finding on the service's own log, and one on each other log with too many starts."""
    sources = bundle.plan.logs.sources if bundle.plan.logs is not None else ()
    for name in ("", *(source.name for source in sources)):
        complete = log_readings(bundle, name)
        pointer, log = complete[-1] if complete else _so_far(bundle, name)
        if log is None or log.templates is None:
            continue
        ruling = _starts(log, log_before(bundle, name), bundle.window.speed).at(pointer)
        if (complete and not name) or ruling.outcome is Outcome.FAIL:
            text = "no more start-up lines than before the deployment"
            yield ruling.as_finding(STAGE, name or "log", "starts", text)


def _so_far(bundle: Bundle, name: str) -> tuple[str, LogObservation | None]:
    """Return what the samples have read of a log so far, as one reading."""
    found = [
        item for item in interim_readings(bundle, "logs", LogObservation) if item.observation.log == name
    ]
    if not found:
        return "", None
    logs = [item.observation for item in found]
    total = {
        "start": logs[0].start,
        "restarts": sum(log.restarts for log in logs),
        "worker_starts": sum(log.worker_starts for log in logs),
    }
    return found[-1].pointer, logs[-1].model_copy(update=total)


def _starts(log: LogObservation, before: LogObservation | None, speed: float) -> Ruling:
    """Judge the starts in a log. Workers may be recycled by plan, so theirs are compared with before."""
    is_readable = before is not None and before.fault is None and before.lines_in_window > 0
    now_s, of_workers = (log.end - log.start).total_seconds() * speed, log.restarts < FEWEST_STARTS
    count = log.worker_starts if of_workers else log.restarts
    text = f"{count} starts of {'workers' if of_workers else 'the service'} in {shown_duration(now_s)}"
    if count == 0:
        return passed("no start-up line after the deployment's own")
    if count < FEWEST_STARTS:
        return passed(f"{text}: one or two may be another instance")
    if before is None or not is_readable:
        if not of_workers:
            return failed(text, Severity.P2, BECAUSE)
        return unknown(
            f"{text}; whether that is usual is not known — add `logs: {{novelty: {{before: 1h}}}}`"
        )
    earlier = before.worker_starts if of_workers else before.restarts
    before_s = (before.end - before.start).total_seconds()
    ratio = rate_ratio(count, now_s, earlier, before_s)
    compared = f"{text}, {earlier} in the {shown_duration(before_s)} before"
    if earlier and (ratio is None or ratio.value < OFTENER or ratio.low <= 1):
        return passed(f"{compared}: as often as before")
    if not of_workers and _is_loop(count, now_s):
        return failed(f"{compared}: {3600 * count / now_s:.1f} an hour", Severity.P1, LOOP)
    return failed(compared, Severity.P2, BECAUSE)
