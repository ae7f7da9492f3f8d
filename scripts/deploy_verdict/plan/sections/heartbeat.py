"""The heartbeat section of a plan: one cheap request between the samples. Pure."""

from pydantic import Field

from deploy_verdict.base.units import Duration
from deploy_verdict.plan.requests import Part, UrlPath


class HeartbeatSection(Part):
    """One request every so often between the samples, if one process waits for them."""

    get: UrlPath | None = Field(
        default=None, description="a cheap path; default: the first health check that reads, as it expects"
    )
    every: Duration = Field(default=30.0, ge=1)
