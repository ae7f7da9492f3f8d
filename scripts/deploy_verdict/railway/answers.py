"""Railway's GraphQL answers as models; a mismatch is an error that names its place. Pure.

A field that we need is required, and of its type. Any other is None if Railway leaves it out or sends
something else. Statuses and steps are plain text: a new word is data, not an error.
"""

import re
from datetime import UTC, datetime
from typing import Annotated, Any, Generic, TypeVar

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Strict,
    ValidationError,
    ValidatorFunctionWrapHandler,
    WrapValidator,
    field_validator,
)
from pydantic.alias_generators import to_camel
from pydantic_core import PydanticCustomError
from pydantic_core.core_schema import ValidationInfo

from deploy_verdict.railway.errors import RailwayError, provider_error

_MAX_TEXT = 500
_FRACTION = re.compile(r"\.(\d+)")
_EXPECTED = {
    "string_type": "text",
    "int_type": "a whole number",
    "float_type": "a number",
    "finite_number": "a finite number",
    "bool_type": "true or false",
    "tuple_type": "a list",
    "model_type": "an object",
    "greater_than_equal": "seconds since 1970",
    "less_than": "seconds since 1970",
}
_GOT = {
    type(None): "null",
    bool: "true or false",
    str: "text",
    int: "a number",
    float: "a number",
    list: "a list",
}


class AnswerPart(BaseModel):
    """A JSON object of an answer, with names in camel case; other fields are ignored."""

    model_config = ConfigDict(
        strict=True, frozen=True, alias_generator=to_camel, allow_inf_nan=False, defer_build=True
    )


Part = TypeVar("Part", bound=AnswerPart)
Item = TypeVar("Item")


def object_of(shape: type[Part], data: dict[str, Any], name: str) -> Part:
    """Return the object of that name in an answer; raise RailwayError."""
    return _validated(shape, _field(data, name), name)


def objects_of(shape: type[Part], data: dict[str, Any], name: str) -> tuple[Part, ...]:
    """Return the list of objects of that name in an answer; raise RailwayError."""
    value = _field(data, name)
    if not isinstance(value, list):
        raise _malformed(name, "tuple_type", value)
    return tuple(_validated(shape, item, f"{name}[{number}]") for number, item in enumerate(value))


def _field(data: dict[str, Any], name: str) -> Any:
    if name not in data:
        raise _malformed(name, "missing", None)
    return data[name]


def _validated(shape: type[Part], value: Any, place: str) -> Part:
    try:
        return shape.model_validate(value)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        steps = (f"[{step}]" if isinstance(step, int) else f".{step}" for step in first["loc"])
        # `from None`: the error's text quotes the answer, which has not passed the redactor.
        raise _malformed(place + "".join(steps), first["type"], first["input"]) from None


def _malformed(place: str, problem: str, value: Any) -> RailwayError:
    got = _GOT.get(type(value), "an object")
    reason = (
        "missing"
        if problem == "missing"
        else f"expected {_EXPECTED.get(problem, 'another value')}, got {got}"
    )
    return provider_error("protocol", f"Railway's answer is malformed: {place}: {reason}")


def moment(value: Any) -> datetime | None:
    """Parse RFC 3339 with up to nine decimals of a second, cut to microseconds; None for all else."""
    if not isinstance(value, str) or "T" not in value:
        return None
    try:
        at = datetime.fromisoformat(_FRACTION.sub(lambda match: f".{match[1][:6]:0<6}", value, count=1))
        return at.astimezone(UTC) if at.tzinfo else at.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        return None


def _or_none(value: Any, validate: ValidatorFunctionWrapHandler) -> Any:
    try:
        return validate(value)
    except ValidationError:
        return None


_OrNone = WrapValidator(_or_none)
Text = Annotated[str | None, AfterValidator(lambda text: text[:_MAX_TEXT] if text else None), _OrNone]
Flag = Annotated[bool | None, _OrNone]
Count = Annotated[int | None, _OrNone]
Number = Annotated[float | None, _OrNone]
Moment = Annotated[datetime | None, BeforeValidator(moment)]
# Strict mode would refuse a JSON list as a tuple.
Items = Annotated[tuple[Item, ...], Strict(False)]


class PageInfo(AnswerPart):
    """Where a connection continues."""

    has_next_page: bool
    end_cursor: str | None = None

    @field_validator("end_cursor")
    @classmethod
    def _is_known(cls, cursor: str | None, info: ValidationInfo) -> str | None:
        if cursor is None and info.data.get("has_next_page"):
            raise PydanticCustomError("string_type", "a next page needs a cursor")
        return cursor


class Edge(AnswerPart, Generic[Item]):
    """The wrapper of a node."""

    node: Item


class NodePage(AnswerPart, Generic[Item]):
    """One page of a list."""

    edges: Items[Edge[Item]]
    page_info: PageInfo

    @property
    def nodes(self) -> tuple[Item, ...]:
        """The page's nodes."""
        return tuple(edge.node for edge in self.edges)

    @property
    def next_cursor(self) -> str | None:
        """The cursor of the next page; None on the last one."""
        return self.page_info.end_cursor if self.page_info.has_next_page else None
