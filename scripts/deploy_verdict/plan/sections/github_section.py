"""The section of a plan that shapes its runs on GitHub. Pure."""

from typing import Literal

from pydantic import Field

from deploy_verdict.plan.requests import Part


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
    fail_run_on: Literal["never", "critical", "attention", "inconclusive"] = Field(
        default="critical",
        description="from which verdict on the run is red; a red run can hold back the commit's other "
        "Railway services where Wait for CI is on",
    )
