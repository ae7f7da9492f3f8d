"""The claims section of a plan: what each commit brings, and what only that code can show. Pure."""

from collections.abc import Iterable
from typing import Annotated

from pydantic import BeforeValidator, Field

from deploy_verdict.expect.openapi import check_has
from deploy_verdict.plan.requests import Part, UrlPath
from deploy_verdict.plan.sections.exposure import Exposing

# A claim is checked again after this many seconds. A document must show it this many times in a row, as
# instances of older and newer code may answer alternately.
ASK_AGAIN_S, IN_A_ROW = 10.0, 3


class OpenApi(Part):
    """A field that the service's OpenAPI document has only with this commit."""

    get: UrlPath = Field(default="/openapi.json", description="where the document is")
    has: Annotated[str, BeforeValidator(check_has)] = Field(description="Schema.field")

    @property
    def schema_name(self) -> str:
        """The part before the last dot."""
        return self.has.rpartition(".")[0]

    @property
    def field(self) -> str:
        """The part after the last dot."""
        return self.has.rpartition(".")[2]


class Claim(Part):
    """What a commit claims to bring, and what only that code shows: a check, a document's field, or both."""

    commit: str = Field(min_length=4)
    title: str
    shown_by: str | None = None
    openapi: OpenApi | None = None
    exposure: Exposing | None = Field(
        default=None, description="what it repaired, and how often that must have run; its name is the commit"
    )


def shown_by_check_alone(claims: Iterable[Claim]) -> frozenset[str]:
    """Return the names of health checks that show a claim which no document shows."""
    shown = (claim.shown_by or "" for claim in claims if claim.openapi is None)
    return frozenset(name.removeprefix("health/") for name in shown if name.startswith("health/"))
