"""Is this the intended code? What OpenAPI documents show of each claim; STALE if older code answers. Pure.

Does the previous code still serve? Judged from the HTTP log of the deployment that this one replaced. A
single response since it should be gone is proof, whatever else looks fine. Its silence counts only if its log
has entries, or if our own requests are in the log of the new deployment.
"""

from collections.abc import Iterator, Sequence
from datetime import timedelta

from deploy_verdict.base.units import shown_duration, shown_offset
from deploy_verdict.evidence.answers.steps import tested_step, worst_ruling
from deploy_verdict.evidence.bundle import Bundle
from deploy_verdict.evidence.finding import Ruling, failed, passed, unknown
from deploy_verdict.evidence.platform.platform_views import deployed, deployment_samples, readings_of
from deploy_verdict.evidence.processes.older_code import is_older_code
from deploy_verdict.expect import fault_text, worst
from deploy_verdict.model import (
    AwaitedObservation,
    DeploymentObservation,
    Finding,
    FingerprintAttempt,
    FingerprintObservation,
    Outcome,
    PreviousTrafficObservation,
    Severity,
)
from deploy_verdict.model.window import CUT_TIMES, wall_end
from deploy_verdict.plan import Check, Claim, OpenApi
from deploy_verdict.plan.sections.claims import IN_A_ROW
from deploy_verdict.stages.deployment.state import SERVING, short, standing

STAGE = "claims"


def judge_claims(bundle: Bundle, others: Sequence[Finding]) -> Iterator[Finding]:
    """Yield a finding for each claim with a document or an awaited check, and one for the previous code.

    `others` are the findings of other stages, which may show a claim too.
    """
    yield from _judge_previous(bundle, others)
    if "health" not in bundle.stages:
        return
    readings = readings_of(bundle, "health", FingerprintObservation)
    for claim in bundle.plan.claims:
        if claim.openapi is not None:
            own = [item for item in readings if item[1].check == claim.commit]
            yield _judged(bundle, claim, claim.openapi, own, others)
        yield from _awaited(bundle, claim)


def _awaited(bundle: Bundle, claim: Claim) -> Iterator[Finding]:
    """Yield how long the check that shows this claim took to hold, if it did not hold at once.

    The check itself is judged like any other; this only explains why that came too early, or late.
    """
    for check in bundle.plan.awaited:
        if claim.openapi is not None or claim.shown_by != f"health/{check.name}":
            continue
        text = f"{claim.shown_by} holds before older code is called stale: {claim.commit} answers"
        for pointer, reading in readings_of(bundle, "health", AwaitedObservation):
            ruling = _of_wait(check, reading) if reading.check == check.name else None
            if ruling is not None:
                placed = ruling.at(pointer, reading.offset_s)
                yield placed.as_finding(STAGE, claim.commit, "fresh", text)


def _of_wait(check: Check, reading: AwaitedObservation) -> Ruling | None:
    """Judge the wait for a check; None if it held at once."""
    tried = [tested_step(check, answer.exchange) for answer in reading.answers]
    name, waited = f"health/{check.name}", shown_duration(reading.waited_s)
    if not tried:
        return unknown(f"no request was sent to {name}")
    if tried[-1].outcome is not Outcome.PASS:
        tries = "1 try" if len(tried) == 1 else f"{len(tried)} tries in {waited}"
        reason = "older code still answers, or the fix does not hold"
        return unknown(f"{name} never held in {tries}: {tried[-1].actual}; {reason}", rests_on=[name])
    if len(tried) == 1:
        return None
    return passed(f"{name} held after {waited}, at try {len(tried)}; the one before: {tried[-2].actual}")


def _judged(
    bundle: Bundle,
    claim: Claim,
    sought: OpenApi,
    readings: Sequence[tuple[str, FingerprintObservation]],
    others: Sequence[Finding],
) -> Finding:
    """Judge a claim over all samples. Older code in any of them stands: no later sample undoes it."""
    rulings = [
        _of_reading(bundle, claim, sought, reading).at(pointer, reading.offset_s)
        for pointer, reading in readings
    ]
    kept = worst_ruling(rulings) if rulings else unknown(f"no request was sent to {sought.get}")
    turns = any(_answers_in_turns(sought, reading) for _, reading in readings)
    is_open = kept.outcome is Outcome.INCONCLUSIVE
    if is_open and not turns and claim.shown_by and _holds(claim.shown_by, others):
        kept = passed(f"shown by {claim.shown_by}, which holds; {kept.actual}").at(kept.evidence)
    if kept.outcome is Outcome.PASS:
        kept = kept.at(kept.evidence)
    text = f"{sought.has} is in {sought.get}: {claim.commit} ({claim.title}) is the code that answers"
    return kept.as_finding(STAGE, claim.commit, "shown", text)


def _holds(name: str, others: Sequence[Finding]) -> bool:
    stage, _, check = name.partition("/")
    outcomes = [item.outcome for item in others if (item.stage, item.check) == (stage, check)]
    return worst(outcomes) is Outcome.PASS


def _of_reading(bundle: Bundle, claim: Claim, sought: OpenApi, reading: FingerprintObservation) -> Ruling:
    if reading.sought != sought.has:
        return unknown(f"the evidence is of another plan: it was collected for {reading.sought}")
    last = reading.attempts[-1] if reading.attempts else None
    if last is None:
        return unknown(f"no request was sent to {sought.get}")
    times = len(reading.attempts)
    tries = "in 1 try" if times == 1 else f"in {times} tries in {shown_duration(reading.waited_s)}"
    if last.fields is not None and sought.field in last.fields:
        if _answers_in_turns(sought, reading):
            turns = f"{sought.has} is in some answers of {sought.get} and not in others, {tries}"
            return unknown(f"{turns}: instances of older and newer code answer in turns")
        return passed(f"{sought.has} is in {sought.get}{_after_wait(sought, reading)}")
    if is_older_code(sought, last):
        return failed(
            f"{_stale(bundle, claim)}: {_lacks(sought, last)}, {tries}",
            Severity.P1,
            "older code answers than the platform says",
        )
    why = fault_text(last.fault) if last.fault else last.lacking or "no reason is known"
    return unknown(f"{sought.get} cannot be read at {shown_offset(reading.offset_s)}: {why}; {tries}")


def _answers_in_turns(sought: OpenApi, reading: FingerprintObservation) -> bool:
    """Return whether older code may still answer: one response of new code does not show that it is gone."""
    return any(is_older_code(sought, attempt) for attempt in reading.attempts[-IN_A_ROW:])


def _lacks(sought: OpenApi, attempt: FingerprintAttempt) -> str:
    if attempt.fields is None:
        return f"{sought.get} has no schema {sought.schema_name}"
    has = ", ".join(attempt.fields[:8]) or "nothing"
    return f"{sought.get} has no {sought.has} (it has: {has})"


def _after_wait(sought: OpenApi, reading: FingerprintObservation) -> str:
    """Describe how long the new code took to answer, or return "" if it answered at once."""
    before = [attempt for attempt in reading.attempts if sought.field not in (attempt.fields or ())]
    if not before:
        return ""
    old = sum(is_older_code(sought, attempt) for attempt in before)
    unread = len(before) - old
    answers = [f"{old} of older code"] if old else []
    answers += [f"{unread} without the document"] if unread else []
    return f" after {shown_duration(reading.waited_s)}; the answers before: {', '.join(answers)}"


def _stale(bundle: Bundle, claim: Claim) -> str:
    """Describe the stale code, with the contradiction if the platform calls the deployment live."""
    samples = deployment_samples(bundle) if "deployment" in bundle.stages else ()
    found = deployed(samples)
    live = any(standing(sample.observation, bundle.subject).state in SERVING for sample in samples)
    if found is None or not live:
        return f"the answers are those of code older than {claim.commit}"
    named = short(found.commit) if found.commit else f"deployment {short(found.id)}"
    return f"the platform says that {named} is deployed, but the answers are those of older code: STALE"


# A deployment that answered this shortly before the end may still be answering.
STILL = timedelta(minutes=5)
OR_LEAVE_OUT = "or leave it out with traffic.previous: false"
NOT_READ = unknown(
    f"the HTTP log of the deployment before was not read — judge again with it, {OR_LEAVE_OUT}"
)


def _judge_previous(bundle: Bundle, others: Sequence[Finding]) -> Iterator[Finding]:
    """Yield one finding if the plan has traffic and the deployment was live.

    A response in any reading stands.
    """
    section = bundle.plan.traffic
    asked = section is not None and section.previous and {"traffic", "deployment"} <= set(bundle.stages)
    samples = deployment_samples(bundle)
    # A deployment that never went live replaced nothing, so the previous one rightly serves.
    if not asked or (samples and not any(_is_live(bundle, sample.observation) for sample in samples)):
        return
    readings = readings_of(bundle, "traffic", PreviousTrafficObservation)
    answered = [item for item in readings if item[1].answered]
    # Of the readings that found responses, the newest has counted most of them.
    kept = NOT_READ
    if readings:
        pointer, reading = answered[-1] if answered else readings[-1]
        kept = _of_previous(bundle, reading, others).at(pointer)
    text = "the deployment before this one answers nobody any more"
    yield kept.as_finding("claims", "previous", "silent", text)


def _is_live(bundle: Bundle, observation: DeploymentObservation) -> bool:
    return standing(observation, bundle.subject).state in SERVING


def _of_previous(bundle: Bundle, reading: PreviousTrafficObservation, others: Sequence[Finding]) -> Ruling:
    name = f"deployment {short(reading.deployment)} of commit {short(reading.commit)}"
    since = f"since {reading.start:%H:%M:%S} UTC"
    if reading.answered:
        count = f"{'at least ' if reading.is_cut else ''}{reading.answered:,}"
        text = f"{name}, which this one replaced, answered {count} requests {since}"
        text += f" ({reading.own_answered:,} of ours)" if reading.own_answered else ""
        text += f", the last at {reading.last_at:%H:%M:%S} UTC" if reading.last_at else ""
        goes_on = reading.last_at is not None and reading.end - reading.last_at <= STILL
        text += "; it may still answer" if goes_on else ""
        return failed(text, Severity.P1, "older code still serves a part of the requests")
    if reading.fault is not None:
        return unknown(f"{fault_text(reading.fault)} — look at its HTTP log by hand, {OR_LEAVE_OUT}")
    if reading.deployment is None:
        return passed("the platform lists no earlier deployment that was live")
    if reading.start >= reading.end:
        late = shown_duration((reading.start - bundle.window.t0).total_seconds())
        return unknown(f"{name} may answer for {late} by the service's settings, longer than this window")
    if reading.end < wall_end(bundle.window) - CUT_TIMES:
        return unknown(f"its HTTP log was read until {reading.end:%H:%M:%S} UTC only")
    if reading.last_at is not None:
        return passed(f"{name} answered nobody {since}; the last request in its log: {_moment(reading)}")
    if _sees_ours(others):
        return passed(f"{name} has an empty HTTP log, and our own requests are in that of the new one")
    return unknown(
        f"{name} has an empty HTTP log, and nothing shows that all requests reach the new one "
        f"(see traffic/log/canary) — {OR_LEAVE_OUT[3:]}"
    )


def _moment(reading: PreviousTrafficObservation) -> str:
    return f"{reading.last_at:%Y-%m-%d %H:%M:%S} UTC"


def _sees_ours(others: Sequence[Finding]) -> bool:
    canary = [item for item in others if (item.stage, item.check, item.rule) == ("traffic", "log", "canary")]
    return bool(canary) and all(item.outcome is Outcome.PASS for item in canary)
