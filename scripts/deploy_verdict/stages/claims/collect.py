"""Requests each claim's OpenAPI document until it is new three times in a row, or time is up.

Right after a deployment, the old code may still answer for a while. Every attempt is kept; the judge decides
what the last ones mean.
"""

import copy
from collections.abc import Iterator

from deploy_verdict.base.units import shown_duration
from deploy_verdict.expect import Lacking
from deploy_verdict.expect.openapi import schema_fields
from deploy_verdict.model import FingerprintAttempt, FingerprintObservation
from deploy_verdict.plan import Claim, OpenApi
from deploy_verdict.plan.sections.claims import ASK_AGAIN_S, IN_A_ROW
from deploy_verdict.stages.context import MAX_DOCUMENT_BYTES, Context


def take_fingerprints(
    context: Context, offset_s: float, until_s: float
) -> tuple[FingerprintObservation, ...]:
    """Take one fingerprint for each claim that names an OpenAPI document.

    All share one wait, until `until_s`.
    """
    return tuple(
        _fingerprint(context, claim, claim.openapi, offset_s, until_s)
        for claim in context.plan.claims
        if claim.openapi is not None and not context.stop.requested
    )


def _fingerprint(
    context: Context, claim: Claim, sought: OpenApi, offset_s: float, until_s: float
) -> FingerprintObservation:
    began, at = context.pace.offset_s(), context.pace.clock.now()
    attempts = tuple(_attempts(context, sought, until_s))
    waited_s = max(0.0, attempts[-1].offset_s - began)
    if len(attempts) > 1:
        tries = f"{len(attempts)} tries in {shown_duration(waited_s)}"
        context.tell(f"{claim.commit}: {sought.get}: {tries}")
    return FingerprintObservation(
        check=claim.commit,
        offset_s=offset_s,
        at=at,
        url=context.redact(context.probe.base_url + sought.get),
        sought=sought.has,
        waited_s=round(waited_s, 3),
        attempts=attempts,
    )


def _attempts(context: Context, sought: OpenApi, until_s: float) -> Iterator[FingerprintAttempt]:
    new = 0
    while True:
        attempt = _attempt(context, sought)
        yield attempt
        if sought.field in (attempt.fields or ()):
            # Repeat at once: instances of older and newer code may answer in turn.
            new += 1
            if new == IN_A_ROW or context.stop.requested:
                return
            continue
        # The last attempt is made when the time is up, however long the previous one took.
        if attempt.offset_s >= until_s or context.stop.requested:
            return
        new = 0
        context.pace.wait_until(min(attempt.offset_s + ASK_AGAIN_S, until_s))


def _attempt(context: Context, sought: OpenApi) -> FingerprintAttempt:
    probe = copy.copy(context.probe)
    probe.max_body_bytes = MAX_DOCUMENT_BYTES
    offset_s = round(context.pace.offset_s(), 3)
    exchange = probe.ask("GET", sought.get, headers=context.plan.service.headers)
    found: tuple[str, ...] | Lacking = Lacking("no answer")
    if exchange.fault is None:
        found = schema_fields(exchange.body, sought.schema_name)
        if exchange.status != 200:
            found = Lacking(f"the answer's status is {exchange.status}")
    return FingerprintAttempt(
        offset_s=offset_s,
        elapsed_ms=exchange.elapsed_ms,
        status=exchange.status,
        fault=exchange.fault,
        fields=None if isinstance(found, Lacking) else found,
        lacking=found.reason if isinstance(found, Lacking) else None,
        absent=isinstance(found, Lacking) and found.absent,
    )
