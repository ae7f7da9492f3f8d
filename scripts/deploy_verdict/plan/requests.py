"""The parts of a plan that several sections share: requests, expectations, alternatives, rules. Pure."""

from collections.abc import Iterator
from typing import Annotated, Any, ClassVar, Self
from urllib.parse import urlsplit

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    GetJsonSchemaHandler,
    JsonValue,
    model_validator,
)
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

from deploy_verdict.base.units import Duration
from deploy_verdict.expect import Expectation, Matcher, check_selector, matched, parse_matcher
from deploy_verdict.model import Outcome, Severity
from deploy_verdict.plan.graphql import asks_mutation, documents_of, is_endpoint, operations_of


def headers_in(value: Any) -> Iterator[tuple[str, str]]:
    """Names and texts of every `headers` of a plan's data, at any depth."""
    if isinstance(value, dict):
        for key, item in value.items():
            if key == "headers" and isinstance(item, dict):
                yield from ((str(name), str(text)) for name, text in item.items())
            else:
                yield from headers_in(item)
    elif isinstance(value, list | tuple):
        for item in value:
            yield from headers_in(item)


METHODS = ("get", "post", "put", "patch", "delete", "head")
READS = ("get", "head")
STATUSES = range(100, 600)


def changes_data(method: str, path: str, body: Any) -> bool:
    """Whether a request may change data: all but GET, HEAD and GraphQL's queries may."""
    if method.lower() in READS:
        return is_endpoint(path) and asks_mutation(path)
    documents = documents_of(body) if method == "POST" and is_endpoint(path) else None
    read = [operations_of(str(document["query"])) for document in documents or ()]
    return not read or not all(operations is not None and operations.reads for operations in read)


class Part(BaseModel):
    """A part of the plan: frozen, and without unknown keys."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", strict=True, populate_by_name=True, defer_build=True
    )


class Expectations(Part):
    """A mapping from selectors to matchers: `{status: 200, $.alert: null}`."""

    lines: tuple[Expectation, ...] = ()
    RESERVED: ClassVar[tuple[str, ...]] = ()

    @model_validator(mode="before")
    @classmethod
    def _read(cls, value: Any) -> Any:
        if not isinstance(value, dict):
            raise ValueError("write a mapping from selectors to values, such as {status: 200, $.ok: true}")
        if "lines" in value:
            return value
        rest = {key: item for key, item in value.items() if key in cls.RESERVED}
        lines = {key: item for key, item in value.items() if key not in cls.RESERVED}
        if not lines:
            raise ValueError("this expects nothing, so it can never fail — add a line such as `status: 200`")
        return {**rest, "lines": tuple(_line(key, item) for key, item in lines.items())}

    @classmethod
    def __get_pydantic_json_schema__(cls, core: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        schema = handler.resolve_ref_schema(handler(core))
        properties = {name: item for name, item in schema["properties"].items() if name in cls.RESERVED}
        schema["properties"] = properties
        schema["patternProperties"] = {r"^(status|elapsed|text|header\.[A-Za-z0-9_-]+|\$.*)$": MATCHER_SCHEMA}
        schema["minProperties"] = 1
        return schema


def _line(selector: str, value: Any) -> Expectation:
    """One line; every message starts with its selector."""
    check_selector(selector)
    try:
        matcher = Matcher.model_validate(parse_matcher(value, selector))
    except ValueError as error:
        raise ValueError(f"{selector}: {_first_message(error)}") from error
    if selector == "status":
        fitting = _fitting(matcher)
        if fitting in (0, len(STATUSES)):
            which = "no status" if fitting == 0 else "every status"
            raise ValueError(f"status: {which} matches this — write 200, 500..599 or [200, 409]")
    return Expectation(selector, matcher)


def _fitting(matcher: Matcher) -> int:
    """How many statuses a matcher accepts; for the two usual forms without trying them all."""
    if matcher.operators == ("equals",):
        return int(matcher.equals in STATUSES)
    if matcher.operators == ("between",) and matcher.between is not None:
        low, high = matcher.between
        return max(0, min(int(high), STATUSES[-1]) - max(int(low), STATUSES[0]) + 1)
    return sum(matched(matcher, status)[0] is Outcome.PASS for status in STATUSES)


def _first_message(error: ValueError) -> str:
    details = getattr(error, "errors", None)
    if details is None:
        return str(error)
    first = details()[0]
    cause = first.get("ctx", {}).get("error")
    if first["type"] == "extra_forbidden":
        return f"'{first['loc'][-1]}' is not an operator — known: {', '.join(_operator_names())}"
    where = f"{first['loc'][0]}: " if first["loc"] else ""
    return str(cause) if cause is not None else f"{where}{first['msg']}"


def _operator_names() -> list[str]:
    return [field.alias or name for name, field in Matcher.model_fields.items()]


MATCHER_SCHEMA: JsonSchemaValue = {
    "description": 'a value (equals), a list (one of), "< 80", "500..599", or a mapping of operators',
    "anyOf": [
        {"type": ["string", "number", "boolean", "null"]},
        {"type": "array"},
        {
            "type": "object",
            "additionalProperties": False,
            "minProperties": 1,
            "properties": {
                (field.alias or name): ({"description": field.description} if field.description else {})
                for name, field in Matcher.model_fields.items()
            },
        },
    ],
}


class Alternative(Expectations):
    """One acceptable outcome, complete in itself."""

    RESERVED: ClassVar[tuple[str, ...]] = ("because",)
    because: str | None = None

    @property
    def text(self) -> str:
        """The alternative as the report prints it."""
        return ", ".join(line.text for line in self.lines)


class NeverRule(Expectations):
    """An answer that must not occur anywhere, or (with `of`) in the answers of one check."""

    RESERVED: ClassVar[tuple[str, ...]] = ("name", "of", "severity", "because")
    name: str = ""
    of: str | None = Field(default=None, description="the check whose answers count; default: all")
    severity: Severity = Field(default=Severity.P1, strict=False)
    because: str | None = None

    @model_validator(mode="after")
    def _named(self) -> Self:
        if not self.name:
            object.__setattr__(self, "name", ", ".join(line.text for line in self.lines))
        return self


def checked_path(value: Any) -> Any:
    if not isinstance(value, str) or not value.startswith("/"):
        raise ValueError(f"{value!r} is not a path — write one from the root, such as /api/health")
    parts = urlsplit(value)
    if parts.scheme or parts.netloc or value.startswith("//") or parts.fragment or "\\" in value:
        raise ValueError(
            f"{value!r} points to another host — write the path only; the host is service.base_url"
        )
    return value


def _selector(value: Any) -> Any:
    if not isinstance(value, str):
        raise ValueError(f"{value!r} is not a selector — write one such as $.active_connections")
    check_selector(value)
    return value


UrlPath = Annotated[str, BeforeValidator(checked_path)]
Selector = Annotated[str, BeforeValidator(_selector)]


class Request(Part):
    """One request to the service: a method with its path, and what goes with it."""

    get: UrlPath | None = None
    post: UrlPath | None = None
    put: UrlPath | None = None
    patch: UrlPath | None = None
    delete: UrlPath | None = None
    head: UrlPath | None = None
    json_: JsonValue = Field(default=None, alias="json", description="the JSON body")
    headers: dict[str, str] = Field(default={})
    timeout: Duration | None = Field(default=None, description="from connect to the last byte")

    @model_validator(mode="after")
    def _one_method(self) -> Self:
        used = [name for name in METHODS if getattr(self, name) is not None]
        if len(used) > 1:
            raise ValueError(f"{' and '.join(used)} in one request — keep one")
        if not used and self._needs_method():
            raise ValueError("no request — write one such as `get: /api/health`")
        if self.json_ is not None and used and used[0] in READS:
            raise ValueError(f"{used[0]} has no JSON body — drop it, or write post")
        return self

    def _needs_method(self) -> bool:
        return True

    @property
    def method(self) -> str:
        """GET, POST, …"""
        return next(name for name in METHODS if getattr(self, name) is not None).upper()

    @property
    def path(self) -> str:
        """The path with its query."""
        return str(next(value for name in METHODS if (value := getattr(self, name)) is not None))

    @property
    def writes(self) -> bool:
        """Whether the request may change data."""
        return changes_data(self.method, self.path, self.json_)


GOOD_STATUS = Expectation("status", Matcher(between=(200, 299)))


class Expecting(Request):
    """A request with what must hold for its answer: `expect`, `accept`, or both.

    Without an expected status it must be 200..299: a 500 is not a good answer, whatever its body.
    """

    expect: Expectations | None = None
    accept: tuple[Alternative, ...] = Field(default=(), strict=False)

    @model_validator(mode="after")
    def _can_fail(self) -> Self:
        if not self._must_expect():
            return self
        if self.expect is None and not self.accept:
            raise ValueError(
                "neither expect nor accept, so this can never fail — add e.g. `expect: {status: 200}`"
            )
        lines = self.expect.lines if self.expect else ()
        if not _tells_status(lines) and not (
            self.accept and all(_tells_status(alternative.lines) for alternative in self.accept)
        ):
            object.__setattr__(self, "expect", Expectations(lines=(GOOD_STATUS, *lines)))
        return self

    def _must_expect(self) -> bool:
        return self._needs_method()


def _tells_status(lines: tuple[Expectation, ...]) -> bool:
    return any(line.selector == "status" for line in lines)
