"""Outcomes, severities, verdicts, and whose fault a failure was; the base of all records."""

from enum import StrEnum
from typing import Any

from pydantic import BaseModel, ConfigDict

# The level of a log line that only Railway calls an error, as it does with all plain stderr.
UNPROVEN_LEVEL = "severity error"


class Outcome(StrEnum):
    """The outcome of one finding or one criterion."""

    PASS = "pass"  # noqa: S105  # not a password
    FAIL = "fail"
    INCONCLUSIVE = "inconclusive"


class Severity(StrEnum):
    """How bad a fail is: P0 production is broken, P1 the fix does not hold, P2 needs attention."""

    P0 = "P0"
    P1 = "P1"
    P2 = "P2"


class VerdictOutcome(StrEnum):
    """The worst of all findings; the order of the members is from good to bad."""

    STABLE = "stable"
    INCONCLUSIVE = "inconclusive"
    ATTENTION = "attention"
    CRITICAL = "critical"

    @property
    def shown(self) -> str:
        """The outcome as the report prints it."""
        words = {"attention": "NEEDS ATTENTION", "critical": "CRITICAL ISSUES"}
        return words.get(self.value, self.value.upper())


class Whose(StrEnum):
    """Whose fault an empty observation is; only `target` and `edge` say something about the service."""

    TARGET = "target"
    EDGE = "edge"
    RUNNER = "runner"
    PROVIDER = "provider"
    US = "us"


class Record(BaseModel):
    """Immutable data; unknown fields of a newer writer are ignored, NaN and infinities are refused."""

    model_config = ConfigDict(frozen=True, extra="ignore", allow_inf_nan=False, defer_build=True)


def dumped(record: Record) -> dict[str, Any]:
    """Return a record as JSON values, with the aliases of its schema."""
    return record.model_dump(mode="json", by_alias=True)


EXIT_CODES = {
    VerdictOutcome.STABLE: 0,
    VerdictOutcome.ATTENTION: 10,
    VerdictOutcome.CRITICAL: 11,
    VerdictOutcome.INCONCLUSIVE: 12,
}


# Kinds of faults that several modules test for. There was no connection, so nothing was sent.
NOT_CONNECTED = ("refused", "connect-timeout", "unreachable", "dns")
# The platform's edge answered in place of the service.
EDGE = "edge"
# The other side closed a reused connection just as the request went out.
GIVEN_UP = ("closed", "reset")
