"""Every look at the platform that the evidence holds. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass

from deploy_verdict.bundle import Bundle
from deploy_verdict.model import Deployment, DeploymentObservation


@dataclass(frozen=True, kw_only=True)
class Look:
    """One look and where it stands in the evidence."""

    pointer: str
    observation: DeploymentObservation


def looks(bundle: Bundle) -> tuple[Look, ...]:
    """In the order of offset and attempt."""
    return tuple(
        Look(pointer=f"{item.name}#/observations/{index}", observation=observation)
        for item in bundle.of_stage("deployment")
        for index, observation in enumerate(item.evidence.observations)
        if isinstance(observation, DeploymentObservation)
    )


def deployed(seen: Sequence[Look]) -> Deployment | None:
    """The subject as the first look that found it told of it."""
    return next((look.observation.deployment for look in seen if look.observation.deployment), None)
