"""The test_data section of a plan: what requests may write, and which values name no entity. Pure."""

from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Field, model_validator

from deploy_verdict.plan.requests import Part, UrlPath, checked_path

Scalar = str | int | float | bool | None
Harmless = Literal["any"] | Annotated[tuple[Scalar, ...], Field(strict=False)]


def _route(value: Any) -> Any:
    path = checked_path(value)
    if "?" in path or any("{" in part and not _place(part) for part in path.split("/")):
        raise ValueError(f"{value!r} is no route — write words and places, such as /orders/{{order}}/cancel")
    return path


def _place(segment: str) -> str | None:
    """Return the name in a segment such as {order}, or None."""
    inner = segment[1:-1]
    return inner if segment == f"{{{inner}}}" and inner and not set(inner) & set("{}") else None


Route = Annotated[str, BeforeValidator(_route)]


class TestData(Part):
    """The only entities that our requests may write, and what else those requests may hold."""

    __test__ = False  # pytest: not a test class
    may_write: dict[str, Annotated[tuple[str | int, ...], Field(strict=False)]] = Field(
        default={}, description="field name → the entities that may be written"
    )
    harmless: dict[str, Harmless] = Field(
        default={},
        description="field of a writing request that names no entity → its values, or `any`; [] for a "
        "field that only holds other fields",
    )
    routes: tuple[Route, ...] = Field(
        default=(),
        strict=False,
        description="paths of writing requests: /orders/{order}/cancel. A place is a field of may_write or "
        "harmless; all other words name no entity",
    )
    openapi: UrlPath | None = Field(
        default=None,
        description="the service's OpenAPI document, read before a write whose path no route explains",
    )

    @model_validator(mode="after")
    def _fits(self) -> Self:
        both = [name for name in self.harmless if name in self.may_write]
        if both:
            raise ValueError(f"'{both[0]}' is in may_write and in harmless — keep it in one of them")
        for route in self.routes:
            for name in filter(None, map(_place, route.split("/"))):
                if name not in self.may_write and name not in self.harmless:
                    raise ValueError(
                        f"routes: {{{name}}} is in neither may_write nor harmless — add it to one of them"
                    )
        return self
