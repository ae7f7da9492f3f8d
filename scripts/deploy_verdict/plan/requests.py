"""The parts that several sections of a plan share: requests, expectations, alternatives, rules. Pure."""

import re
from collections.abc import Iterator, Mapping
from typing import Annotated, Any, ClassVar, Literal, Self
from urllib.parse import quote, urlencode, urlsplit

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    GetJsonSchemaHandler,
    JsonValue,
    PrivateAttr,
    model_validator,
)
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

from deploy_verdict.base.units import Duration
from deploy_verdict.expect import Expectation, Matcher, check_selector, matched, parse_matcher
from deploy_verdict.model import Outcome, Severity
from deploy_verdict.plan.reading.other_words import line_of
from deploy_verdict.plan.writes.graphql import (
    asks_mutation,
    documents_of,
    is_endpoint,
    names_stored,
    operations_of,
)


def headers_in(value: Any) -> Iterator[tuple[str, str]]:
    """Yield the name and value of every header in a plan's data, at any depth."""
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
    if method.lower() in READS or asks_mutation(path):
        return asks_mutation(path)
    documents = documents_of(body) if method == "POST" and is_endpoint(path) else None
    return not documents or not all(map(_is_read, documents))


def _is_read(document: Mapping[str, Any]) -> bool:
    operations = operations_of(str(document["query"]))
    return operations is not None and operations.reads and not names_stored(document, has_text=True)


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
        status = value[0] if isinstance(value, list) and len(value) == 1 else value
        if isinstance(status, int) and not isinstance(status, bool):
            raise ValueError(f"{status} alone says not of what — write {{status: {status}}}")
        line = line_of(value[0]) if isinstance(value, list) and value and isinstance(value[0], str) else None
        if line:
            raise ValueError(f"{value[0]!r} is no line — write the selector as the key: {{{line}}}")
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
        schema["patternProperties"] = {
            r"^(status|elapsed|text|errors|header\.[A-Za-z0-9_-]+|(number: *)?\$.*)$": MATCHER_SCHEMA
        }
        schema["minProperties"] = 1
        return schema


def _line(selector: str, value: Any) -> Expectation:
    """Parse one line; every message starts with its selector."""
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
    """Count the statuses that a matcher accepts; the two usual forms need no trial of each."""
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
    """An answer that must not occur anywhere or, with `of`, in the answers of one check."""

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
    if not isinstance(value, str) or (not value.startswith("/") and "://" not in value):
        named = re.match(r"[A-Za-z][\w-]*:/", value) if isinstance(value, str) else None
        only = "; hosts: serve the requests of checks and pools only" if named else ""
        raise ValueError(f"{value!r} is not a path — write one from the root, such as /api/health{only}")
    if _is_elsewhere(value):
        raise ValueError(
            f"{value!r} points to another host — write the path only, which is of service.base_url"
        )
    return value


def _is_elsewhere(value: str) -> bool:
    parts = urlsplit(value)
    return bool(parts.scheme or parts.netloc or parts.fragment or value.startswith("//") or "\\" in value)


def _selector(value: Any) -> Any:
    if isinstance(value, int | float) and not isinstance(value, bool):
        raise ValueError(f"{value} is a number, not its place in the answer — write one such as $.max_size")
    if not isinstance(value, str):
        raise ValueError(f"{value!r} is not a selector — write one such as $.active_connections")
    check_selector(value)
    return value


def split_host(value: str) -> tuple[str | None, str]:
    """Split `admin:/metrics` into the host's name and the path; the host is None for a path alone."""
    match = _HOST_PATH.fullmatch(value)
    return (match.group(1), match.group(2)) if match else (None, value)


def _host_path(value: Any) -> Any:
    if not isinstance(value, str):
        return checked_path(value)
    path = split_host(value)[1]
    parts = urlsplit(path)
    if parts.scheme in ("http", "https") and parts.netloc:
        own = f"{path!r} points to another host — write the path only, which is of service.base_url"
        hosts = f"hosts: {{other: {parts.scheme}://{parts.netloc}}}, and get: other:{parts.path or '/'}"
        raise ValueError(f"{own}; to read from another host: {hosts}")
    checked_path(path)
    return value


def _plainly(value: Any) -> Any:
    """Return a parameter as an address has it: true, not Python's True."""
    return str(value).lower() if isinstance(value, bool) else value


_HOST_PATH = re.compile(r"([A-Za-z][\w-]*):(/(?!/).*)")
UrlPath = Annotated[str, BeforeValidator(checked_path)]
HostPath = Annotated[str, BeforeValidator(_host_path)]
Selector = Annotated[str, BeforeValidator(_selector)]


class Request(Part):
    """One request to the service, or a read from another host."""

    get: HostPath | None = None
    post: HostPath | None = None
    put: HostPath | None = None
    patch: HostPath | None = None
    delete: HostPath | None = None
    head: HostPath | None = None
    query: dict[str, str | int | float | bool | tuple[str, ...]] = Field(
        default={}, strict=False, description="parameters for the address, written plainly; encoded when sent"
    )
    json_: JsonValue = Field(default=None, alias="json", description="the JSON body")
    form: dict[str, str] | None = Field(
        default=None, description="the fields of a POST to another host that only asks, sent as a form"
    )
    headers: dict[str, str] = Field(default={})
    timeout: Duration | None = Field(default=None, description="from connect to the last byte")
    auth: Literal["none"] | None = Field(default=None, description="none: as somebody who is not logged in")
    _is_declared_read: bool = PrivateAttr(default=False)

    @model_validator(mode="after")
    def _one_method(self) -> Self:
        used = [name for name in METHODS if getattr(self, name) is not None]
        if len(used) > 1:
            raise ValueError(f"{' and '.join(used)} in one request — keep one")
        if not used and self._needs_method():
            raise ValueError("no request — write one such as `get: /api/health`")
        if self.json_ is not None and used and used[0] in READS:
            raise ValueError(f"{used[0]} has no JSON body — drop it, or write post")
        if self.form is not None and (self.json_ is not None or used != ["post"] or self.host is None):
            raise ValueError("form goes alone with a post to another host that only asks — write json")
        return self

    def _needs_method(self) -> bool:
        return True

    @property
    def method(self) -> str:
        """GET, POST, …"""
        return next(name for name in METHODS if getattr(self, name) is not None).upper()

    @property
    def path(self) -> str:
        """The path with its query, without its host."""
        path = split_host(self._written)[1]
        if not self.query:
            return path
        pairs = {key: _plainly(value) for key, value in self.query.items()}
        # What is filled in when the request is sent keeps its braces.
        encoded = urlencode(pairs, doseq=True, safe="${}", quote_via=quote)
        return f"{path}{'&' if '?' in path else '?'}{encoded}"

    @property
    def host(self) -> str | None:
        """The name of the other host that gets the request; None is the service itself."""
        return split_host(self._written)[0]

    @property
    def _written(self) -> str:
        return str(next(value for name in METHODS if (value := getattr(self, name)) is not None))

    @property
    def writes(self) -> bool:
        """Whether the request may change data; a POST that its host declares as a read does not."""
        return not self._is_declared_read and changes_data(self.method, self.path, self.json_)

    def as_declared_read(self) -> Self:
        """Return the same request, marked as one that its host declares to be a read."""
        request = self.model_copy()
        request._is_declared_read = True
        return request

    @property
    def is_graphql(self) -> bool:
        """Whether the answer is GraphQL's."""
        has_query = self.method == "GET" and "query=" in self.path
        return is_endpoint(self.path) and (has_query or documents_of(self.json_) is not None)


GOOD_STATUS = Expectation("status", Matcher(between=(200, 299)))
NO_ERRORS = Expectation("errors", Matcher(equals=[]))


class Expecting(Request):
    """A request with what must hold for its answer: `expect`, `accept`, both, or neither.

    Without an expected status it must be 200..299: a 500 is not a good answer, whatever its body. GraphQL
    answers 200 even to what failed, so there the answer must hold no errors either.
    """

    expect: Expectations | None = None
    accept: tuple[Alternative, ...] = Field(default=(), strict=False)

    @model_validator(mode="after")
    def _can_fail(self) -> Self:
        if not self._must_expect():
            return self
        lines = self.expect.lines if self.expect else ()
        wanted = self._wanted_anyway(lines)
        if self.accept:
            kept = tuple(self._completed(one, wanted) for one in self.accept)
            object.__setattr__(self, "accept", kept)
        elif wanted:
            object.__setattr__(self, "expect", Expectations(lines=(*wanted, *lines)))
        return self

    def _wanted_anyway(self, lines: tuple[Expectation, ...]) -> tuple[Expectation, ...]:
        """Return the expectations that every good answer must meet, unless a line covers the same."""
        selectors = [line.selector for line in lines]
        speaks_of_errors = any(name == "errors" or name.startswith("$.errors") for name in selectors)
        status = () if "status" in selectors else (GOOD_STATUS,)
        return (*status, *((NO_ERRORS,) if self.is_graphql and not speaks_of_errors else ()))

    def _completed(self, one: "Alternative", wanted: tuple[Expectation, ...]) -> "Alternative":
        missing = [line for line in self._wanted_anyway(one.lines) if line in wanted]
        # An alternative with a status of its own may be a refusal, which need not be free of errors.
        if any(line.selector == "status" for line in one.lines):
            missing = []
        return one.model_copy(update={"lines": (*missing, *one.lines)}) if missing else one

    def _must_expect(self) -> bool:
        return self._needs_method()
