"""Could the service be reached? Pure.

Counts failed connects, also those that a second attempt made good. Pauses of minutes in the log, or in other
people's requests, show outages that no request of ours met.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import datetime

from deploy_verdict.base.units import shown_duration, shown_offset
from deploy_verdict.evidence.answers.exchanges import Sent
from deploy_verdict.evidence.bundle import Bundle
from deploy_verdict.evidence.finding import Ruling, failed, passed, unknown
from deploy_verdict.evidence.measures import log_readings
from deploy_verdict.evidence.platform.platform_views import deployment_samples, readings_of
from deploy_verdict.evidence.processes.process_marks import answers_by_instance, fewest_asked, most_instances
from deploy_verdict.expect import fault_text
from deploy_verdict.model import DeploymentObservation, Fault, Finding, Severity, TrafficObservation, Whose
from deploy_verdict.model.enums import EDGE, GIVEN_UP, NOT_CONNECTED
from deploy_verdict.model.platform import WHOLE
from deploy_verdict.stats.bounds import RARE, least_percent
from deploy_verdict.stats.pauses import Pause, sudden_pause

STAGE = "connections"
# Up to this share (percent) may fail by chance: a restarted node of a load balancer, a lost packet.
TOLERATED_PERCENT, CRITICAL_PERCENT = 1.0, 10.0
# The chance, over all checks together, that an edge with the tolerated share seems to answer too often.
OFTEN = 0.01
EDGE_REASON = "the edge often answers in place of the service"


def judge_connections(bundle: Bundle, findings: Sequence[Finding] = ()) -> Iterator[Finding]:
    """Yield a finding on how many requests of the window did not reach the service at the first attempt."""
    sent = [item for item in bundle.sent_to_service if _was_sent(item)]
    text = f"at most {TOLERATED_PERCENT:g} % of connects fail, retried ones included"
    yield _judged(sent).as_finding(STAGE, "service", "connects", text)
    instances = _instances(bundle)
    if instances is not None:
        text = "a single broken instance would have been noticed"
        yield instances.as_finding(STAGE, "service", "instances", text)
    yield from _judge_silences(bundle)


def _instances(bundle: Bundle) -> Ruling | None:
    """Judge whether every instance was reached; None if neither the platform nor the responses show any."""
    running = max((len(_running(sample.observation)) for sample in deployment_samples(bundle)), default=0)
    seen = answers_by_instance(bundle)
    asked = fewest_asked(bundle)
    if (running < 2 and not seen) or asked is None:
        return None
    if seen:
        names = ", ".join(f"{name} ({count})" for name, count in seen.most_common(5))
        text = f"{len(seen)} instances answered: {names}"
        if len(seen) < running:
            return unknown(f"{text}; the platform runs {running}, and nobody asked the others")
        return passed(text)
    check, count = asked
    text = f"{running} instances run, and {check} was asked {count} times: enough for {most_instances(count)}"
    if running > most_instances(count):
        return unknown(f"{text} at 95 % — sample more often, or tell them apart: service.instance")
    return passed(text)


def _running(observation: DeploymentObservation) -> list[str]:
    found = observation.deployment.instances if observation.deployment else ()
    return [item.id for item in found or () if item.status == "RUNNING"]


def _was_sent(item: Sent) -> bool:
    fault = item.exchange.fault
    return fault is None or fault.whose is not Whose.US


def _judged(sent: Sequence[Sent]) -> Ruling:
    if not sent:
        return unknown("no request was sent")
    bad = [(item, fault) for item in sent if (fault := _not_connected(item)) is not None]
    if not bad:
        return passed(f"all of {len(sent)} requests connected at the first try")
    (first, fault), retried = bad[0], sum(item.exchange.fault is None for item, _ in bad)
    text = (
        f"{len(bad)} of {len(sent)} requests did not connect at the first try, {retried} of them at the "
        f"second; the first at {shown_offset(first.offset_s)}: {fault_text(fault)}"
    )
    percent = least_percent(len(bad), len(sent), RARE)
    often = _often_from_the_edge(sent, bad)
    if often and percent <= CRITICAL_PERCENT:
        return failed(f"{text}; {often}", Severity.P2, EDGE_REASON).at(first.pointer, first.offset_s)
    if percent <= TOLERATED_PERCENT:
        return passed(text)
    severity = Severity.P1 if percent > CRITICAL_PERCENT else Severity.P2
    return failed(text, severity, "the service cannot always be reached").at(first.pointer, first.offset_s)


def _often_from_the_edge(sent: Sequence[Sent], bad: Sequence[tuple[Sent, Fault]]) -> str:
    """Name a check for which the edge answers too often in place of the service, whatever the others had.

    Each check is one test of a family, so the level is divided by their number (Bonferroni).
    """
    asked = Counter(item.check for item in sent)
    counts = Counter(item.check for item, fault in bad if fault.kind == EDGE and item.check)
    for check, count in counts.most_common():
        if count > 1 and least_percent(count, asked[check], OFTEN / len(asked)) > TOLERATED_PERCENT:
            return f"the edge answered {count} of {asked[check]} requests of {check} in place of the service"
    return ""


def _not_connected(item: Sent) -> Fault | None:
    """Return why the first attempt did not reach the service by its or its edge's fault, or None."""
    attempts, fault = item.exchange.attempts, item.exchange.fault
    first = attempts[0].fault if attempts else fault
    # These count only if a second attempt followed; alone they are judged as the response they are.
    has_second = len(attempts) > 1 or (bool(attempts) and fault is None)
    kinds = (*NOT_CONNECTED, EDGE, *(GIVEN_UP if has_second else ()))
    is_it = first is not None and first.kind in kinds and first.whose in (Whose.TARGET, Whose.EDGE)
    return first if is_it else None


# After an outage, everybody retries at once.
BURST = 2.0
NO_PAUSE = "{} do not pause for minutes when nothing else shows why"


def _judge_silences(bundle: Bundle) -> Iterator[Finding]:
    """Yield one finding for the service's own log and one for traffic, if their parts were counted."""
    for pointer, log in log_readings(bundle)[-1:]:
        ruling = _silence(bundle, (log.start, log.end), log.lines_by_part, "line of the log")
        if ruling is not None:
            yield ruling.at(pointer).as_finding(STAGE, "log", "silence", NO_PAUSE.format("the log's lines"))
    for pointer, traffic in readings_of(bundle, "traffic", TrafficObservation, WHOLE)[-1:]:
        ruling = _silence(
            bundle, (traffic.start, traffic.end), traffic.requests_by_part, "request of somebody else"
        )
        if ruling is not None:
            yield ruling.at(pointer).as_finding(
                STAGE, "traffic", "silence", NO_PAUSE.format("others' requests")
            )


def _silence(
    bundle: Bundle, stretch: tuple[datetime, datetime], counts: Sequence[int], what: str
) -> Ruling | None:
    if not any(counts):
        return None
    silence = sudden_pause(counts)
    if silence is None:
        return passed(f"no pause that stands out among {sum(counts):,}")
    start, end = stretch
    length_s = (end - start).total_seconds() * bundle.window.speed
    from_s = (start - bundle.window.t0).total_seconds() * bundle.window.speed
    begins_s, ends_s = from_s + silence.begins * length_s, from_s + silence.ends * length_s
    text = f"no {what} for {shown_duration(ends_s - begins_s)} from {shown_offset(begins_s)} on; around it "
    text += f"{silence.usual:.2g} in {shown_duration(length_s / len(counts))}{_burst(silence)}"
    answered = _answered(bundle, begins_s, ends_s)
    if answered:
        return passed(f"{text}; meanwhile the service answered us ({answered} ×)")
    return unknown(
        f"{text}; nobody looked at the service then, so it may have been down — "
        "watch it in one process, where the heartbeat looks every 30 s"
    )


def _burst(silence: Pause) -> str:
    more = silence.after / silence.usual
    return f", and {more:.1f} times as many right after it" if more >= BURST else ""


def _answered(bundle: Bundle, from_s: float, to_s: float) -> int:
    """Return how many requests of ours the service itself answered in that stretch (plan seconds)."""
    speed, t0 = bundle.window.speed, bundle.window.t0
    return sum(
        item.exchange.fault is None
        and item.exchange.status is not None
        and from_s <= (item.exchange.at - t0).total_seconds() * speed < to_s
        for item in bundle.sent_to_service
    )
