"""Older code that kept answering after T0, as happens during a change-over. Pure."""

from collections.abc import Iterator
from datetime import datetime

from deploy_verdict.evidence.answers.exchanges import at_offset
from deploy_verdict.evidence.answers.steps import tested_step
from deploy_verdict.evidence.bundle import Bundle
from deploy_verdict.evidence.platform.platform_views import readings_of
from deploy_verdict.model import AwaitedObservation, FingerprintAttempt, FingerprintObservation, Outcome
from deploy_verdict.plan import OpenApi


def is_older_code(sought: OpenApi, attempt: FingerprintAttempt) -> bool:
    """Return whether the document could be read and lacks what only the new code has."""
    return attempt.absent or (attempt.fields is not None and sought.field not in attempt.fields)


def older_code_until(bundle: Bundle) -> datetime | None:
    """Return when only the new code answered; None if no older code answered at first."""
    until = max((*_of_documents(bundle), *_of_checks(bundle)), default=None)
    return None if until is None else at_offset(bundle.window, until)


def _of_documents(bundle: Bundle) -> Iterator[float]:
    readings = readings_of(bundle, "health", FingerprintObservation)
    for claim in bundle.plan.claims:
        for _, reading in readings:
            if claim.openapi is None or reading.check != claim.commit:
                continue
            old = [index for index, item in enumerate(reading.attempts) if is_older_code(claim.openapi, item)]
            if old and old[-1] + 1 < len(reading.attempts):
                yield reading.attempts[old[-1] + 1].offset_s


def _of_checks(bundle: Bundle) -> Iterator[float]:
    """Yield when a check that shows a commit began to hold, if it took several tries."""
    for check in bundle.plan.awaited:
        for _, reading in readings_of(bundle, "health", AwaitedObservation):
            if reading.check != check.name or len(reading.answers) < 2:
                continue
            last = reading.answers[-1]
            if tested_step(check, last.exchange).outcome is Outcome.PASS:
                yield last.offset_s
