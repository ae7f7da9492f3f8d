"""The pools section of a plan: what is read, how often, and what it must prove. Pure."""

from typing import Self

from pydantic import Field, model_validator

from deploy_verdict.base.units import Duration, Percent
from deploy_verdict.model import Severity
from deploy_verdict.plan.requests import Part, Request, Selector
from deploy_verdict.plan.sections.exercise import Exercise
from deploy_verdict.plan.sections.floor import ReturnToFloor

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
        description="the time until somebody looks again; a leak must not fill the pool within it",
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
