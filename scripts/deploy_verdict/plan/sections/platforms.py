"""The sections of a plan that concern a platform: notify, GitHub, Railway, traffic, metrics. Pure."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from deploy_verdict.base.units import Duration, Percent
from deploy_verdict.model import Severity
from deploy_verdict.plan.requests import Part


class NotifySection(Part):
    """Which verdicts are sent to DEPLOY_VERDICT_NOTIFY."""

    on: tuple[Literal["stable", "inconclusive", "attention", "critical"], ...] = Field(
        default=("inconclusive", "attention", "critical"),
        strict=False,
        description="`stable` sends STABLE too, once for a window; bad news and a recovery are always sent",
    )


class GitHubSection(Part):
    """Which deployment events open a window, and when a run turns red."""

    environment: str = Field(
        default="",
        description="the label of GitHub's deployment, '<Railway project> / <environment>'; without it, "
        "the part after the slash must be railway.environment",
    )
    creators: tuple[str, ...] = Field(
        default=("railway-app[bot]",), strict=False, description="whose deployment events are heard"
    )
    notify: tuple[str, ...] = Field(
        default=(),
        strict=False,
        description="whom bad news mentions and assigns, such as @octocat or @org/on-call; default: the "
        "author of the deployed commit",
    )
    live_within: Duration = Field(
        default=7200.0,
        gt=0,
        description="how long the newest commit of the deployed branch may not be live before the tracking "
        "issue 'merged but not live' says so; Wait for CI alone may take two hours",
    )
    fail_run_on: Literal["never", "critical", "attention", "inconclusive"] = Field(
        default="critical",
        description="from which verdict on the run is red; a red run can hold back the commit's other "
        "Railway services where Wait for CI is on",
    )


class Railway(Part):
    """Where the service is deployed. Ids may be empty on a laptop; the platform is then not asked."""

    project: str = Field(default="", description="its id; a project token knows it too")
    service: str = Field(default="", description="its id")
    environment: str = Field(default="production", description="its name or id")
    wait: Duration = Field(
        default=1200.0, ge=0, description="how long a deployment in flight is waited for before T0"
    )
    services: tuple[Annotated[str, Field(min_length=1)], ...] = Field(
        default=(),
        strict=False,
        description="other services of the project by name or id, such as redis: they belong to the window",
    )
    known_bad: tuple[Annotated[str, Field(min_length=7)], ...] = Field(
        default=(), strict=False, description="commits that must never be rolled back to"
    )
    tier: Literal["free", "trial", "hobby", "pro", "enterprise"] | None = Field(
        default=None, description="the workspace's plan: it decides how long images and logs are kept"
    )


class Traffic(Part):
    """Limits on everybody's requests to the deployment, as the edge's log shows them."""

    max_5xx: Percent = Field(default=1.0, description="of the requests of others to one path, and to all")
    excludes: Percent | None = Field(
        default=1.0,
        gt=0,
        lt=100,
        description="the share of 5xx that the requests of others must exclude, at 99.99 %: 917 of them, "
        "none failed, exclude 1 %; null: as many as there were are enough",
    )
    severity: Severity = Field(default=Severity.P1, strict=False)
    p95: Duration | None = Field(default=None, gt=0, description="limit of each path's 95th percentile")
    may_rise: tuple[int, ...] = Field(
        default=(),
        strict=False,
        description="statuses such as 401 that this deployment answers more often by intent",
    )
    previous: bool = Field(
        default=True,
        description="whether the deployment before is asked, by its own HTTP log, for answers that it still "
        "gives after service.fresh_within; false where the platform does not keep that log",
    )
    few: int = Field(default=20, ge=1, description="with fewer requests, a path is judged among all only")
    canary: Percent = Field(
        default=90.0, gt=0, description="of our own answered requests, how many must be in the log"
    )


class Metrics(Part):
    """Limits on what the platform measures of the service."""

    memory_attention: Percent = Field(default=80.0, description="of its limit: P2")
    memory_critical: Percent = Field(default=95.0, description="of its limit: P1")
    safe_for: Duration = Field(
        default=21600.0,
        gt=0,
        description="the time until the next review; growth must not reach the limit within it",
    )

    @model_validator(mode="after")
    def _bands(self) -> Self:
        if self.memory_attention >= self.memory_critical:
            raise ValueError("memory_attention must lie below memory_critical — swap them")
        return self
