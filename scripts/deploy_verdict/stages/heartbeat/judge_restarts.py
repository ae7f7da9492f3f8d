"""Was the service restarted within the window? By its answers, and by start-up lines in its log. Pure."""

import re
from collections.abc import Iterator, Sequence
from datetime import timedelta

from deploy_verdict.base.units import shown_duration
from deploy_verdict.evidence.bundle import Bundle
from deploy_verdict.evidence.finding import Ruling, failed, passed, unknown
from deploy_verdict.evidence.measures import log_before, log_readings
from deploy_verdict.evidence.process_marks import restarts
from deploy_verdict.markup.labels import counted
from deploy_verdict.model import Finding, LogObservation, Severity, TemplateCount
from deploy_verdict.stats.bounds import rate_ratio

STAGE = "restarts"
BECAUSE = "the service was restarted within the window"
_STARTED = re.compile(
    r"(?i)started server process|application startup complete|uvicorn running on|booting worker|"
    r"starting gunicorn|now listening on|ready to accept connections|tomcat started|\blistening (on|at) |"
    r"(server|service|app|application)( is)? (now )?(listening|started|running)\b|"
    r"started \S+ in [\d.<>]+\S* ?(s|ms|seconds)|nest application successfully started|puma starting|"
    r"puma version|worker \S+ (booted|spawned)|spawned uwsgi|configuration complete; ready for start up|"
    r"\bcontainer started\b|starting (application|server|service|up)\b"
)
# The deployment's own start may still be logged so long after T+0, in plan time.
OWN_START_S = 600.0
# A start or two may be another instance; so many are none.
FEWEST_STARTS = 3
# Workers that are recycled by plan start as often before the deployment as after it.
OFTENER = 2.0
# So many starts are a loop of restarts, and so many an hour: one every quarter of an hour.
FEWEST_OF_LOOP, LOOP_PER_H = 10, 4.0
LOOP = "the service restarts over and over"


def judge_restarts(bundle: Bundle, findings: Sequence[Finding] = ()) -> Iterator[Finding]:
    """A finding on the answers; and one on the log, where start-up lines can be counted."""
    found = restarts(bundle)
    if found:
        more = f", and {len(found) - 1} more" if len(found) > 1 else ""
        ruling = failed(f"{found[0].text}{more}", Severity.P2, BECAUSE).at(found[0].pointer, found[0].to_s)
    elif any(item.exchange.status is not None for item in bundle.sent_to_service):
        ruling = passed("no answer shows a restart")
    else:
        ruling = unknown("no answer to read it from")
    text = "the same process answers through the window, as far as its answers say"
    yield ruling.as_finding(STAGE, "service", "restarts", text)
    readings = log_readings(bundle) if "logs" in bundle.stages else []
    if readings and readings[-1][1].templates is not None:
        pointer, log = readings[-1]
        ruling = _logged(bundle, log, log_before(bundle)).at(pointer)
        yield ruling.as_finding(STAGE, "log", "starts", "no more start-up lines than before the deployment")


def _logged(bundle: Bundle, log: LogObservation, before: LogObservation | None) -> Ruling:
    own_until = log.start + timedelta(seconds=OWN_START_S / bundle.window.speed)
    starts = [item for item in _starts(log) if item.last_at is None or item.last_at > own_until]
    if not starts:
        return passed("no start-up line after the deployment's own")
    line = max(starts, key=lambda item: item.count)
    text = f"{counted(line.count, 'start-up line')} like {line.example[:120]!r}"
    if line.count < FEWEST_STARTS:
        return passed(f"{text}: one or two may be another instance")
    if before is None or before.fault is not None or before.templates is None or before.lines_in_window == 0:
        return unknown(
            f"{text}; whether that is usual is not known — add `logs: {{novelty: {{before: 1h}}}}`"
        )
    earlier = max((item.count for item in _starts(before)), default=0)
    now_s = (log.end - log.start).total_seconds() * bundle.window.speed
    before_s = (before.end - before.start).total_seconds()
    ratio = rate_ratio(line.count, now_s, earlier, before_s)
    compared = f"{text} in {shown_duration(now_s)}, {earlier} in the {shown_duration(before_s)} before"
    if earlier and (ratio is None or ratio.value < OFTENER or ratio.low <= 1):
        return passed(f"{compared}: workers that are recycled as before")
    per_h = 3600 * line.count / now_s
    if line.count >= FEWEST_OF_LOOP and per_h >= LOOP_PER_H:
        text = f"{per_h:.1f} starts an hour, {earlier} in the {shown_duration(before_s)} before"
        return failed(f"{text}: {counted(line.count, 'line')} like {line.example[:120]!r}", Severity.P1, LOOP)
    return failed(compared, Severity.P2, BECAUSE)


def _starts(log: LogObservation) -> list[TemplateCount]:
    return [item for item in log.templates or () if _STARTED.search(item.example)]
