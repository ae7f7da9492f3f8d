"""The pools section of a plan: what is read, how often, and what it must prove. Pure."""

import re
from typing import Annotated, Any, Self

from pydantic import AfterValidator, BeforeValidator, Field, WithJsonSchema, model_validator

from deploy_verdict.base.units import Duration, Percent
from deploy_verdict.model import Severity
from deploy_verdict.plan.requests import Part, Request, Selector, checked_path

_RATE = re.compile(r"(\d+(?:\.\d+)?) ?/ ?s")
# After so many failed runs of a drive or a top-up, each with its cleanup, none is begun.
MOST_FAILED = 10
FASTEST_PER_S = 50.0


def rate_per_s(value: Any) -> float:
    """Read "20/s" as 20.0."""
    match = _RATE.fullmatch(value.strip()) if isinstance(value, str) else None
    if match is None or not 0 < float(match.group(1)) <= FASTEST_PER_S:
        raise ValueError(f"{value!r} is not a rate — write one like 20/s, up to {FASTEST_PER_S:g}/s")
    return float(match.group(1))


Rate = Annotated[
    float, BeforeValidator(rate_per_s), WithJsonSchema({"type": "string", "pattern": "^[0-9.]+ ?/ ?s$"})
]


class ReturnToFloor(Part):
    """The steps of an E2E test over and over, at the window's end; they must end where they began."""

    test: str = Field(description="the E2E test whose steps are one cycle")
    cycles: int = Field(default=1000, ge=20, le=20_000, description="1,000 find one leak in 500 with 86 %")
    rate: Rate = Field(default=20.0, description="requests per second at most")
    limit: Duration = Field(default=300.0, gt=0, le=600, description="the longest that all cycles may take")
    settle: Duration = Field(default=30.0, le=300, description="the wait for an idle pool after them")


MOST_REQUESTS = 1000
# Of the gauge, under each round's load; as many follow at rest.
FEWEST_READINGS, MOST_READINGS = 3, 12


def check_or_path(value: str) -> str:
    """A path from the root, or the name of a health check, which the cross-check looks up."""
    return str(checked_path(value)) if value.startswith("/") else value


class Exercise(Part):
    """So many requests at once, in turns with rest; the gauge is read in both."""

    ask: tuple[Annotated[str, AfterValidator(check_or_path)], ...] = Field(
        strict=False, min_length=1, description="paths to GET, or names of health checks; cheap ones"
    )
    at_once: int = Field(default=8, ge=2, le=32, description="how many requests are under way together")
    times: int = Field(default=2, ge=1, le=10, description="how often each of them asks in one round")
    rounds: int = Field(default=10, ge=7, le=16, description="turns of load and rest")
    for_: Duration = Field(default=10.0, gt=0, le=60, alias="for", description="the complete exercise")

    @model_validator(mode="after")
    def _bounded(self) -> Self:
        if self.requests > MOST_REQUESTS:
            raise ValueError(
                f"an exercise of {self.requests} requests — at most {MOST_REQUESTS}: lower at_once or rounds"
            )
        return self

    @property
    def requests(self) -> int:
        """How many requests the exercise sends, beside the readings of the gauge."""
        return self.at_once * self.times * self.rounds

    @property
    def readings(self) -> int:
        """How often the gauge is read at most."""
        return (1 + 2 * MOST_READINGS) * self.rounds


# Five blocks of two: with fewer, no rise of a pool that others use is beyond chance.
FLOOR_READINGS = 10


class Burst(Part):
    """How one sample reads the gauge: so many readings make one sample."""

    for_: Duration = Field(default=30.0, alias="for")
    every: Duration = Field(default=1.0, gt=0)

    @property
    def readings(self) -> int:
        """How many readings a whole burst has; at least one."""
        return max(1, int(self.for_ / self.every + 1e-9))


class Band(Part):
    """Stable utilization: every sample's mean within so many percentage points of the median."""

    points: float = Field(gt=0, strict=False)
    severity: Severity = Field(default=Severity.P2, strict=False)


class Pool(Request):
    """A pool to watch through the window."""

    name: str
    title: str | None = None
    used: Selector
    limit: Selector
    free: Selector | None = Field(default=None, description="used + free must be the limit")
    utilization: Selector | None = Field(default=None, description="must be used / limit, in percent or 0..1")
    attention: Percent = 70.0
    critical: Percent = 80.0
    burst: Burst = Burst()
    safe_for: Duration = Field(
        default=21600.0,
        gt=0,
        description="the time until the next review; a leak must not fill the pool within it",
    )
    stays_within: Band | None = None
    beside: tuple[str, ...] = Field(
        default=(), strict=False, description="health checks to repeat at each sample"
    )
    return_to_floor: ReturnToFloor | None = Field(
        default=None, description="many cycles at the window's end, which must leave the pool as it was"
    )
    exercise: Exercise | None = Field(default=None, description="a load at T+0 that the gauge must show")

    @model_validator(mode="after")
    def _bands(self) -> Self:
        if self.attention >= self.critical:
            raise ValueError("attention must lie below critical — swap them")
        if self.writes:
            raise ValueError("a pool is read with get: a sample must not change anything")
        if self.return_to_floor is not None and self.burst.readings < FLOOR_READINGS:
            raise ValueError(
                f"return_to_floor compares two bursts, and these have {self.burst.readings} readings: fewer "
                f"than {FLOOR_READINGS} cannot tell a leak from chance — write `burst: {{for: 30s}}`"
            )
        return self
