"""Errors on our side; what the target does wrong is data, never one of these.

DeployVerdictError
├── UsageError      a wrong option or path: exit 2
├── PlanError       a plan with mistakes, all of them at once: exit 2
├── EvidenceError   evidence that cannot be read or written: exit 3 (to the judge: an inconclusive finding)
├── ProviderError   Railway or GitHub refused us: exit 3 (to a collector: a fault in the evidence)
└── NotificationError   a notification service refused a message: exit 3; the report is not affected
"""

from dataclasses import dataclass


class DeployVerdictError(Exception):
    """An error of ours in one message: where, what, and what to do now."""


class UsageError(DeployVerdictError):
    """A wrong option, or a path that does not fit the option."""


class EvidenceError(DeployVerdictError):
    """An evidence file, or its directory, cannot be used."""


class ProviderError(DeployVerdictError):
    """A provider's API refused us; nothing is known about the target."""


class NotificationError(DeployVerdictError):
    """A notification service refused a message; its address, which holds a secret, is never shown."""


@dataclass(frozen=True, kw_only=True, order=True)
class Problem:
    """One mistake in a plan; lines and columns count from 1, as in editors."""

    line: int
    column: int
    message: str


class PlanError(DeployVerdictError):
    """A plan with mistakes; `problems` holds all of them in the order of the file."""

    def __init__(self, path: str, problems: tuple[Problem, ...]) -> None:
        self.path = path
        self.problems = tuple(sorted(set(problems)))
        super().__init__("\n".join(f"{path}:{p.line}:{p.column}: {p.message}" for p in self.problems))


EXIT_USAGE = 2


EXIT_COULD_NOT_RUN = 3
