"""Samples that were not taken because a P0 had stopped our own writes. Pure."""

from collections.abc import Iterable

from deploy_verdict.base.units import shown_offset
from deploy_verdict.evidence.bundle import Bundle
from deploy_verdict.model import Evidence, StoppedObservation


def stopped_in(evidence: Evidence) -> StoppedObservation | None:
    """Return why this sample was not taken; None for a sample that was."""
    stopped = (item for item in evidence.observations if isinstance(item, StoppedObservation))
    return next(stopped, None)


def stopped_at(files: Iterable[Evidence], stage: str, offset_s: float) -> str | None:
    """Return why a stage did not run at an offset, in words; None if nothing stopped it."""
    found = (stopped_in(item) for item in files if (item.stage, item.offset_s) == (stage, offset_s))
    return next((stop_words(item) for item in found if item is not None), None)


def stopped_by_p0(bundle: Bundle, stage: str) -> str | None:
    """Return what stopped a stage that is sampled once, in words; None if nothing did."""
    found = (stopped_in(item.evidence) for item in bundle.of_stage(stage))
    return next((_ended(item) for item in found if item is not None), None)


def stop_words(stopped: StoppedObservation) -> str:
    """Write "not run: our own writes stopped after e2e/login/passes (P0) failed at T+0min"."""
    return f"not run: {_ended(stopped)}"


def _ended(stopped: StoppedObservation) -> str:
    at = "" if stopped.failed_at_s is None else f" at {shown_offset(stopped.failed_at_s)}"
    return f"our own writes stopped after {stopped.check} (P0) failed{at}"
