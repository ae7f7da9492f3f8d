"""Interim readings, of what is new at a sample, and what they add to the complete reading. Pure.

The complete reading decides. If an interim reading failed and the complete one does not, it still fails: the
platform has dropped the lines since, or the alarm was already sent. A missing interim reading takes nothing
away.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Generic, TypeVar

from deploy_verdict.base.units import shown_offset
from deploy_verdict.evidence.bundle import Bundle
from deploy_verdict.model import (
    Finding,
    LogObservation,
    MetricsObservation,
    Outcome,
    Severity,
    TrafficObservation,
)
from deploy_verdict.model.observations import INTERIM

Read = TypeVar("Read", LogObservation, TrafficObservation, MetricsObservation)
# Consecutive readings overlap. Their ends may differ by this much, as clocks differ.
SLACK = timedelta(seconds=1)


@dataclass(frozen=True, kw_only=True)
class InterimReading(Generic[Read]):
    """One reading of what was new at `offset_s`, with its pointer."""

    offset_s: float
    pointer: str
    observation: Read


def interim_readings(bundle: Bundle, stage: str, kind: type[Read]) -> list[InterimReading[Read]]:
    """Return the interim readings of a stage in the order of offset and attempt."""
    return [
        InterimReading(offset_s=item.evidence.offset_s, pointer=pointer, observation=observation)
        for item in bundle.of_stage(stage)
        for pointer, observation in item.pointed()
        if isinstance(observation, kind) and observation.check == INTERIM
    ]


def with_interim(
    ended: Sequence[Finding], parts: Sequence[tuple[float, Sequence[Finding]]], *, is_read: bool
) -> list[Finding]:
    """Return the findings of the complete reading, replaced by the fails of interim readings.

    `parts` are the findings of each interim reading with its offset; only their fails count. `is_read`: the
    complete reading exists. If it passes, only a P0 or P1 replaces that, as a P2 says nothing of the end.
    """
    kept = {(finding.check, finding.rule): finding for finding in ended}
    for offset_s, finding in _worst_first(parts):
        key = finding.check, finding.rule
        known = kept.get(key)
        if known is not None and known.outcome is Outcome.FAIL:
            continue
        passes = is_read if known is None else known.outcome is Outcome.PASS
        if passes and finding.severity is Severity.P2:
            continue
        beside = ", and not in the reading at the window's end" if passes else ""
        actual = f"{finding.actual} (read at {shown_offset(offset_s)}{beside})"
        kept[key] = finding.model_copy(update={"actual": actual, "offset_s": offset_s})
    return list(kept.values())


def _worst_first(parts: Sequence[tuple[float, Sequence[Finding]]]) -> Iterator[tuple[float, Finding]]:
    failed = [(at, item) for at, findings in parts for item in findings if item.outcome is Outcome.FAIL]
    yield from sorted(failed, key=lambda one: ((one[1].severity or Severity.P1).value, one[0]))


def read_until(readings: Sequence[InterimReading[Read]], t0: datetime) -> datetime | None:
    """Return until when the readings cover the window from T0 without a gap; None if not from T0 on."""
    until = t0
    for reading in sorted(readings, key=lambda item: item.observation.start):
        observation = reading.observation
        gaps = getattr(observation, "incomplete", ())
        if observation.fault is None and not gaps and observation.start <= until + SLACK:
            until = max(until, observation.end)
    return until if until > t0 else None
