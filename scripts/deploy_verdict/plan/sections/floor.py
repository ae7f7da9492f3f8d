"""Return to floor: many safe cycles on the test entity, and the pool's floor before and after. Pure."""

import re
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, WithJsonSchema

from deploy_verdict.base.units import Duration
from deploy_verdict.plan.requests import Part

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
