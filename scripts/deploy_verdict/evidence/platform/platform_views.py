"""What the platform reports, as the evidence holds it, for both judge and report. Pure.

If it did not answer us, also what to do so that the next window can tell.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

from deploy_verdict.base.units import shown_duration
from deploy_verdict.evidence.answers.exchanges import tallies
from deploy_verdict.evidence.bundle import Bundle
from deploy_verdict.model import (
    AwaitedObservation,
    Deployment,
    DeploymentObservation,
    Exchange,
    Fault,
    FingerprintAttempt,
    FingerprintObservation,
    MetricsObservation,
    Observation,
    PathTraffic,
    Point,
)

Kind = TypeVar("Kind", bound=Observation)


@dataclass(frozen=True, kw_only=True)
class DeploymentSample:
    """One sample of the deployment and its place in the evidence."""

    pointer: str
    observation: DeploymentObservation


def readings_of(
    bundle: Bundle, stage: str, kind: type[Kind], check: str | None = None, *, offset_s: float | None = None
) -> list[tuple[str, Kind]]:
    """Return each observation of a kind (check, sample) with its pointer, by offset and attempt."""
    return [
        (pointer, observation)
        for item in bundle.of_stage(stage)
        if offset_s in (None, item.evidence.offset_s)
        for pointer, observation in item.pointed()
        if isinstance(observation, kind) and check in (None, getattr(observation, "check", None))
    ]


def deployment_samples(bundle: Bundle) -> tuple[DeploymentSample, ...]:
    """Return the samples of the deployment in the order of offset and attempt."""
    found = readings_of(bundle, "deployment", DeploymentObservation)
    return tuple(DeploymentSample(pointer=pointer, observation=observation) for pointer, observation in found)


def deployed(samples: Sequence[DeploymentSample]) -> Deployment | None:
    """Return the deployment as the first sample that found it describes it."""
    return next((sample.observation.deployment for sample in samples if sample.observation.deployment), None)


def errors_of(path: PathTraffic) -> int:
    """Return how many requests of a path were answered 5xx."""
    return sum(
        count for status, count in path.statuses.items() if status.startswith("5") and len(status) == 3
    )


def points_of(observation: MetricsObservation, name: str, deployment: str | None) -> tuple[Point, ...]:
    """Return a series in the order of time, without the points of other deployments."""
    fitting = [
        item for item in observation.series if item.name == name and item.deployment in (None, deployment)
    ]
    points = [point for item in fitting for point in item.points]
    return tuple(sorted(points, key=lambda point: point.offset_s))


def own_answered(bundle: Bundle) -> int:
    """Return how many requests of ours, by any stage, the service itself answered in this window."""
    answered = sum(_is_answer(item.exchange) for item in bundle.sent_to_service)
    fingerprints = readings_of(bundle, "health", FingerprintObservation)
    awaited = readings_of(bundle, "health", AwaitedObservation)
    answered += sum(_is_answer(answer.exchange) for _, samples in awaited for answer in samples.answers)
    answered += sum(sum(tally.answers.values()) for tally in tallies(bundle.loaded))
    return answered + sum(_is_answer(attempt) for _, samples in fingerprints for attempt in samples.attempts)


def _is_answer(item: Exchange | FingerprintAttempt) -> bool:
    return item.status is not None and item.fault is None


def remedy_of(fault: Fault | None) -> str | None:
    """Return the remedy for a kind of refusal; None if only trying again may help."""
    if fault is None:
        return None
    if fault.retry_after_s is not None:
        return f"Run it again in {shown_duration(fault.retry_after_s)}, when the platform's limit ends"
    if fault.kind == "unauthorized":
        return "Replace the platform's token"
    if fault.kind == "edge-refused":
        return "Run it from another address, as the platform's edge blocks this one"
    return None
