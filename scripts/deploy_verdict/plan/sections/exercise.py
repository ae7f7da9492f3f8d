"""A pool's exercise: a short, bounded load at T+0 that its gauge must show. Pure."""

from typing import Annotated, Self

from pydantic import AfterValidator, Field, model_validator

from deploy_verdict.base.units import Duration
from deploy_verdict.plan.requests import Part, checked_path

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
    for_: Duration = Field(default=10.0, gt=0, le=60, alias="for", description="the whole exercise")

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
