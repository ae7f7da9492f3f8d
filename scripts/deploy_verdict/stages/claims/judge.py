"""Is this the code? What OpenAPI documents show of each claim, and STALE where older code answers. Pure."""

from collections.abc import Iterator, Sequence

from deploy_verdict.base.units import shown_duration, shown_offset
from deploy_verdict.evidence.bundle import Bundle
from deploy_verdict.evidence.finding import made
from deploy_verdict.evidence.platform_views import deployed, looks, readings_of
from deploy_verdict.evidence.steps import tested_step
from deploy_verdict.expect import told_fault, worst
from deploy_verdict.model import (
    AwaitedObservation,
    Finding,
    FingerprintAttempt,
    FingerprintObservation,
    Outcome,
    Severity,
)
from deploy_verdict.plan import Check, Claim, OpenApi
from deploy_verdict.plan.sections.claims import IN_A_ROW
from deploy_verdict.stages.deployment.state import State, short, standing

STAGE = "claims"
_Result = tuple[Outcome, str]
_BECAUSE = "older code answers than the platform says"


def judge_claims(bundle: Bundle, others: Sequence[Finding]) -> Iterator[Finding]:
    """A finding for each claim that names a document, or whose check was waited for.

    `others` are the findings that may show it too.
    """
    seen = readings_of(bundle, "health", FingerprintObservation)
    for claim in bundle.plan.claims:
        if claim.openapi is not None:
            mine = [item for item in seen if item[1].check == claim.commit]
            yield _judged(bundle, claim, claim.openapi, mine, others)
        yield from _awaited(bundle, claim)


def _awaited(bundle: Bundle, claim: Claim) -> Iterator[Finding]:
    """How long the check that shows this claim took to hold, where it did not at once.

    The check is judged as any other: this says only why it is too early to look at, or looked at late.
    """
    for check in bundle.plan.awaited:
        if claim.openapi is not None or claim.shown_by != f"health/{check.name}":
            continue
        for pointer, seen in readings_of(bundle, "health", AwaitedObservation):
            result = _of_wait(check, seen)
            if seen.check == check.name and result is not None:
                yield made(
                    STAGE,
                    (claim.commit, "fresh"),
                    f"{claim.shown_by} holds before older code is called stale: {claim.commit} answers",
                    (result[0], None, result[1]),
                    evidence=pointer,
                    offset_s=seen.offset_s,
                )


def _of_wait(check: Check, seen: AwaitedObservation) -> _Result | None:
    tried = [tested_step(check, answer.exchange) for answer in seen.answers]
    name, times = f"health/{check.name}", len(tried)
    if not tried:
        return Outcome.INCONCLUSIVE, f"{name} was not asked"
    if tried[-1].outcome is not Outcome.PASS:
        asked = "once" if times == 1 else f"{times} times in {shown_duration(seen.waited_s)}"
        told = f"{name}, asked {asked}, never held: {tried[-1].told}"
        return Outcome.INCONCLUSIVE, f"{told}; older code still answers, or the fix does not hold"
    if times == 1:
        return None
    told = f"{name} held after {shown_duration(seen.waited_s)}, at attempt {times}"
    return Outcome.PASS, f"{told}; the one before: {tried[-2].told}"


def _judged(
    bundle: Bundle,
    claim: Claim,
    sought: OpenApi,
    mine: Sequence[tuple[str, FingerprintObservation]],
    others: Sequence[Finding],
) -> Finding:
    """Old code at any look stays: a later one does not undo what was answered then."""
    results = [(pointer, seen.offset_s, _of_look(bundle, claim, sought, seen)) for pointer, seen in mine]
    outcome = worst(result[0] for _, _, result in results)
    kept = next((item for item in results if item[2][0] is outcome), None)
    actual = kept[2][1] if kept else f"{sought.get} was not asked"
    turns = any(_answers_in_turns(sought, seen) for _, seen in mine)
    if outcome is Outcome.INCONCLUSIVE and not turns and claim.shown_by and _holds(claim.shown_by, others):
        outcome, actual = Outcome.PASS, f"shown by {claim.shown_by}, which holds; {actual}"
    return made(
        STAGE,
        (claim.commit, "shown"),
        f"{sought.has} is in {sought.get}: {claim.commit} ({claim.title}) is the code that answers",
        (outcome, Severity.P1 if outcome is Outcome.FAIL else None, actual),
        because=_BECAUSE,
        evidence=kept[0] if kept else None,
        offset_s=kept[1] if kept and outcome is not Outcome.PASS else None,
    )


def _holds(name: str, others: Sequence[Finding]) -> bool:
    stage, _, check = name.partition("/")
    mine = [finding.outcome for finding in others if (finding.stage, finding.check) == (stage, check)]
    return bool(mine) and worst(mine) is Outcome.PASS


def _of_look(bundle: Bundle, claim: Claim, sought: OpenApi, seen: FingerprintObservation) -> _Result:
    if seen.sought != sought.has:
        return Outcome.INCONCLUSIVE, f"{seen.sought} was looked for: the evidence is of another plan"
    last = seen.attempts[-1] if seen.attempts else None
    if last is None:
        return Outcome.INCONCLUSIVE, f"{sought.get} was not asked"
    if last.fields is not None and sought.field in last.fields:
        if _answers_in_turns(sought, seen):
            told = f"{sought.has} is in {sought.get} at one time and not at another, {_told_asked(seen)}"
            return Outcome.INCONCLUSIVE, f"{told}: instances of older and newer code answer in turns"
        return Outcome.PASS, f"{sought.has} is in {sought.get}{_told_wait(sought, seen)}"
    asked = _told_asked(seen)
    if _is_old(sought, last):
        return Outcome.FAIL, f"{_told_stale(bundle, claim)}: {_lacks(sought, last)}, {asked}"
    why = told_fault(last.fault) if last.fault else last.lacking or "nothing is known of it"
    return (
        Outcome.INCONCLUSIVE,
        f"{sought.get} cannot be read at {shown_offset(seen.offset_s)}: {why}; {asked}",
    )


def _told_asked(seen: FingerprintObservation) -> str:
    times = len(seen.attempts)
    return "asked once" if times == 1 else f"asked {times} times in {shown_duration(seen.waited_s)}"


def _is_old(sought: OpenApi, attempt: FingerprintAttempt) -> bool:
    """The document was read well, and what only the new code has is not in it."""
    return attempt.absent or (attempt.fields is not None and sought.field not in attempt.fields)


def _answers_in_turns(sought: OpenApi, seen: FingerprintObservation) -> bool:
    """Whether older code may still be there: one answer of a check does not show that it is gone."""
    return any(_is_old(sought, attempt) for attempt in seen.attempts[-IN_A_ROW:])


def _lacks(sought: OpenApi, attempt: FingerprintAttempt) -> str:
    if attempt.fields is None:
        return f"{sought.get} has no schema {sought.schema_name}"
    has = ", ".join(attempt.fields[:8]) or "nothing"
    return f"{sought.get} has no {sought.has} (it has: {has})"


def _told_wait(sought: OpenApi, seen: FingerprintObservation) -> str:
    """How long the new code took to answer, where it was not there at once."""
    before = [attempt for attempt in seen.attempts if sought.field not in (attempt.fields or ())]
    if not before:
        return ""
    old = sum(_is_old(sought, attempt) for attempt in before)
    blind = len(before) - old
    told = [f"{old} of older code"] if old else []
    told += [f"{blind} without the document"] if blind else []
    return f" after {shown_duration(seen.waited_s)}; the answers before: {', '.join(told)}"


def _told_stale(bundle: Bundle, claim: Claim) -> str:
    """The contradiction, where the platform calls the deployment live; else only what answers."""
    seen = looks(bundle) if "deployment" in bundle.stages else ()
    found = deployed(seen)
    live = any(standing(look.observation, bundle.subject).state is State.LIVE for look in seen)
    if found is None or not live:
        return f"the answers are those of code older than {claim.commit}"
    named = short(found.commit) if found.commit else f"deployment {short(found.id)}"
    return f"the platform says that {named} is deployed, but the answers are those of older code: STALE"
