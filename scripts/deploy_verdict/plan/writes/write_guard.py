"""The write guard: decides on a request's final form whether it may be sent. Pure.

Deny by default: a request that may write must name an entity of `test_data.may_write`; all else in its path,
query and body must be known to name none; and every server must read it the same way. What it would refuse
whatever is captured is known of the plan's requests before the window.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import parse_qsl, unquote

from deploy_verdict.plan.placeholders import filled, filled_body, filled_path, names_in, names_in_body
from deploy_verdict.plan.requests import Request, changes_data
from deploy_verdict.plan.sections.test_data import TestData
from deploy_verdict.plan.writes.entity_names import (
    NamedEntity,
    along_route,
    is_allowed,
    is_known,
    kinds_of,
    named_in,
    singulars_of,
)
from deploy_verdict.plan.writes.graphql import documents_of, is_endpoint, names_stored, operations_of
from deploy_verdict.plan.writes.spellings import (
    disguised_key,
    documents_in,
    folded,
    forms,
    keys_in,
    looking_like,
    strange_path,
    strange_query,
    texts_in,
)
from deploy_verdict.redaction.redactor import carries_credentials

OVERRIDES = ("xhttpmethodoverride", "xmethodoverride", "xhttpmethod", "method")
_OTHER_PATHS = ("xoriginalurl", "xrewriteurl", "xoriginaluri", "xrewriteuri")
# The methods of HTTP and WebDAV that write.
_WRITING = re.compile(
    r"POST|PUT|PATCH|DELETE|COPY|MOVE|(UN)?LOCK|MKCOL|PROPPATCH|(UN)?LINK|PURGE", re.IGNORECASE
)
# Headers about the answer, the sender or the request itself; none names what is written.
_PLAIN_HEADER = re.compile(
    r"accept(-charset|-encoding|-language)?|(api|client)-version|baggage|cache-control|connection|date|dnt|expect"
    r"|content-language|(amzn-trace|correlation|request)-id|csrf-?token|xsrf-token|forwarded-(for|proto)"
    r"|idempotency-key|if-((none-)?match|(un)?modified-since)|keep-alive|origin|pragma|prefer|priority|referer"
    r"|requested-with|te|trace(parent|state)|upgrade-insecure-requests|user-agent"
)


def is_declared_read(reads: Sequence[str], method: str, path: str) -> bool:
    """Whether a request is a POST to one of a host's `reads`, whatever its query."""
    return method == "POST" and path.partition("?")[0] in reads


def foreign_refusal(
    reads: Sequence[str],
    method: str,
    path: str,
    body: Any,
    headers: Mapping[str, str],
    *,
    form: Mapping[str, str] | None = None,
) -> str | None:
    """Say why a request to another host is not sent; None if it only reads or `reads` declares it."""
    override = _override(method, path, headers)
    if override:
        return override.text
    is_write = changes_data(method, path, body)
    names: list[str] = []
    if is_write:
        query = parse_qsl(path.partition("?")[2], keep_blank_values=True)
        names += [*(key for key, _ in query), *(form or ()), *keys_in(body)]
    other = next((name for name in names if folded(name) in OVERRIDES), None)
    if other:
        return f"{method} {path} asks for another method by {other} — use that method itself"
    if is_write and not is_declared_read(reads, method, path):
        return f"{method} {path} could write, and other hosts are only read"
    return None


NO_HEADERS: Mapping[str, str] = {}
# Path segments before a service's resources: API prefixes, never an entity.
_PREFIXES = frozenset(("api", "apis", "rest", "graphql", "gql", "rpc"))
_WORD = re.compile(r"[a-z][A-Za-z]*(?:[-_][A-Za-z]+)*")
_VERSION = re.compile(r"v\d+(?:\.\d+)?")
# Fields that only wrap others, as in JSON:API and GraphQL.
_CONTAINERS = frozenset(("attributes", "data", "input", "payload"))
# Fields that hold text for people.
_FREE_TEXT = frozenset(("comment", "comments", "description", "note", "notes", "reason", "remark"))
_SENTENCE = re.compile(r"[\w .,:!?()'-]*")


@dataclass(frozen=True)
class Refusal:
    """Why a request is not sent; `part` is the decisive part of it.

    `is_undeclared`: the plan does not say whether the part names an entity. `in_path`: the service's OpenAPI
    document may show that it belongs to a route.
    """

    text: str
    part: str
    is_undeclared: bool = False
    in_path: bool = False


def refusal(
    method: str,
    path: str,
    body: Any,
    test_data: TestData,
    headers: Mapping[str, str] = NO_HEADERS,
    documented: Sequence[str] = (),
) -> str | None:
    """Return why this request must not be sent, or None.

    `documented` are the routes of the service's OpenAPI document.
    """
    found = refusals(method, path, body, test_data, headers, documented)
    return next((one.text for one in found), None)


def refusals(
    method: str,
    path: str,
    body: Any,
    test_data: TestData,
    headers: Mapping[str, str] = NO_HEADERS,
    documented: Sequence[str] = (),
) -> Iterator[Refusal]:
    """Yield every reason not to send this request, the certain ones first."""
    override = _override(method, path, headers)
    if override:
        yield override
    if not changes_data(method, path, body):
        return
    if not test_data.may_write:
        text = f"{method} {path} would write, but test_data.may_write allows nothing"
        yield Refusal(f"{text}{_by_name(path, body)}", "")
        return
    writing = _Writing(method, path, body, test_data, tuple(documented), headers)
    found = [*writing.certain(), *writing.undeclared()]
    yield from sorted(found, key=lambda one: one.is_undeclared)


def _override(method: str, path: str, headers: Mapping[str, str]) -> Refusal | None:
    """Return what turns this request into another one, even if it reads; else None."""
    for name in headers:
        if folded(name) in (*OVERRIDES, *_OTHER_PATHS):
            what = "path" if folded(name) in _OTHER_PATHS else "method"
            text = f"asks for another {what} in its header {name} — use that {what} itself"
            return Refusal(f"{method} {path} {text}", name)
    # Some servers also split a query at semicolons, and read what follows one in the path as parameters.
    _, *parameters = re.split(r"[?&;]", path)
    for key, value in parse_qsl("&".join(parameters)):
        if folded(key) in OVERRIDES and any(_WRITING.fullmatch(form.strip()) for form in forms(value)):
            text = f"asks for another method in its query: {key}={value} — use that method itself"
            return Refusal(f"{method} {path} {text}", key)
    return None


def entities(
    method: str, path: str, body: Any, test_data: TestData, documented: Sequence[str] = ()
) -> tuple[str, ...]:
    """Return the allowed entities that a request names: tag_spool=TEST-02."""
    writing = _Writing(method, path, body, test_data, tuple(documented), NO_HEADERS)
    return tuple(dict.fromkeys(f"{one.key}={one.value}" for one in writing.named()))


@dataclass(frozen=True)
class _Writing:
    """One request that may write, checked against what the plan allows."""

    method: str
    path: str
    body: Any
    test_data: TestData
    documented: tuple[str, ...]
    headers: Mapping[str, str]

    @property
    def what(self) -> str:
        return f"{self.method} {self.path}"

    @property
    def route(self) -> str:
        return self.path.partition("?")[0]

    @property
    def query(self) -> list[tuple[str, str]]:
        return parse_qsl(self.path.partition("?")[2], keep_blank_values=True)

    @property
    def everything(self) -> list[str | int]:
        return [item for values in self.test_data.may_write.values() for item in values]

    @property
    def graphql(self) -> list[Mapping[str, Any]] | None:
        """The GraphQL requests in the body, at a GraphQL endpoint; else None."""
        return documents_of(self.body) if is_endpoint(self.path) else None

    @property
    def fields(self) -> list[Any]:
        """The JSON values whose fields may name entities."""
        if self.graphql is None:
            return [self.body]
        rest = ("query", "operationName", "variables")
        others = [{k: v for k, v in one.items() if k not in rest} for one in self.graphql]
        return [*(one.get("variables") for one in self.graphql), *others]

    def named(self) -> list[NamedEntity]:
        may_write = self.test_data.may_write
        in_body = [
            NamedEntity(key, value, False)
            for field in self.fields
            for key, value in named_in(field, may_write)
        ]
        in_query = [NamedEntity(key, value, True) for key, value in self.query if key in may_write]
        return [*in_body, *in_query, *self._walked()[0]]

    def certain(self) -> Iterator[Refusal]:
        """Yield the parts that name an entity that is not allowed, or that could be read as one."""
        strange = strange_path(self.route) or strange_query(self.path.partition("?")[2])
        if strange:
            yield Refusal(f"{self.what} {strange} — write it plainly", "")
        named = self.named()
        if not named and not self._walked()[1]:
            yield self._names_none()
        for one in named:
            if not is_allowed(one.value, self.test_data.may_write[one.key]):
                text = f"{self.what} would write {one.key} = {one.value!r}; {self._may(one.key)}"
                # A word behind /users/ may be part of the route.
                is_word = one.in_address and _WORD.fullmatch(str(one.value)) is not None
                if is_word:
                    text = f"{text} — {self._declared_route()}"
                yield Refusal(text, str(one.value), is_undeclared=is_word, in_path=one.in_address)
        yield from self._disguised()

    def _names_none(self) -> Refusal:
        keys = ", ".join(self.test_data.may_write)
        text = f"{self.what} names no {keys}, so the write guard cannot check what it writes"
        return Refusal(f"{text}{_by_name(self.path, self.body)}", "")

    def _may(self, key: str) -> str:
        return f"test_data.may_write allows {', '.join(map(str, self.test_data.may_write[key]))}"

    def _disguised(self) -> Iterator[Refusal]:
        key = disguised_key(
            [*keys_in(self.body), *(name for name, _ in self.query)],
            [*self.test_data.may_write, *self.test_data.harmless],
        )
        if key:
            meant = next(
                k for k in (*self.test_data.may_write, *self.test_data.harmless) if folded(k) == folded(key)
            )
            yield Refusal(
                f"{self.what} names {key!r}, which a server could read as {meant} — write it as that", key
            )
        texts = [*texts_in(self.body), *(text for pair in self.query for text in pair)]
        for value in looking_like(texts, self.everything):
            text = f"{self.what} holds {value!r}, which looks like an entity"
            yield Refusal(f"{text} that test_data.may_write does not allow", value)

    def undeclared(self) -> Iterator[Refusal]:
        """Yield the undeclared parts, which could name an entity."""
        unknown = self._walked()[1]
        yield from unknown
        # An unknown word may precede an entity.
        if unknown and not self.named():
            yield replace(self._names_none(), is_undeclared=True, in_path=True)
        if self.method == "DELETE" and not any(one.in_address for one in self.named()):
            text = f"{self.what} names its entity in the body only, and servers ignore the body of a DELETE"
            yield Refusal(f"{text} — name it in the path", "", is_undeclared=True)
        for key, value in self.query:
            if key not in self.test_data.may_write:
                yield from self._value(key, value, "query")
        for field in self.fields:
            yield from self._in_body("", field)
        for document in self.graphql or ():
            yield from self._mutation(document)
        for name, value in self.headers.items():
            yield from self._header(name, value)
        yield from self._within_texts()

    def _within_texts(self) -> Iterator[Refusal]:
        """Yield the entities in JSON or form fields inside a declared text, in any encoding."""
        for text in [*texts_in(self.body), *(value for _, value in self.query)]:
            for inner in documents_in(text):
                for key, value in named_in(inner, self.test_data.may_write):
                    if not is_allowed(value, self.test_data.may_write[key]):
                        told = f"{self.what} holds {key} = {value!r} within a text; {self._may(key)}"
                        yield Refusal(told, str(value), is_undeclared=True)

    def _header(self, name: str, value: str) -> Iterator[Refusal]:
        """Check a header: it may name the entity to write, or say that the body is not JSON."""
        plain = name.casefold().removeprefix("x-")
        if plain == "content-type":
            if "json" not in value.casefold():
                text = f"{self.what} says {name}: {value}, and its body is JSON — leave that header away"
                yield Refusal(text, name)
            return
        if plain == "cookie":
            for pair in value.split(";"):
                key, _, item = pair.partition("=")
                yield from self._named_in_header(key.strip(), item.strip().strip('"'))
        elif not _PLAIN_HEADER.fullmatch(plain) and not carries_credentials(name):
            if self._is_kind(plain):
                yield from self._named_in_header(plain, value)
            else:
                # X-Team is declared as itself, or as the field team.
                declared = (key for key in self.test_data.harmless if kinds_of(key) & kinds_of(plain))
                key = name if name in self.test_data.harmless else next(declared, name)
                yield from self._value(key, value, "headers")

    def _named_in_header(self, name: str, value: str) -> Iterator[Refusal]:
        for key in self._is_kind(name):
            if not is_allowed(value, self.test_data.may_write[key]):
                text = f"{self.what} would write {key} = {value!r} by its headers; {self._may(key)}"
                yield Refusal(text, value, is_undeclared=True)

    def _is_kind(self, name: str) -> list[str]:
        """Return the fields whose entities a header is named after."""
        kinds = kinds_of(name)
        return [key for key in self.test_data.may_write if kinds & kinds_of(key)]

    def _mutation(self, document: Mapping[str, Any]) -> Iterator[Refusal]:
        found = operations_of(str(document["query"]))
        given = document.get("variables")
        if found is None:
            yield Refusal(f"{self.what} has a GraphQL document that the write guard cannot read", "", True)
            return
        if found.literal is not None:
            said = (
                f"{self.what} has {found.literal} in its GraphQL document — write a variable, such as $user"
            )
            yield Refusal(said, found.literal, is_undeclared=True)
        for field in found.fields if not found.reads else ():
            known = [name for name in field.variables if name in self.test_data.may_write]
            if not isinstance(given, dict) or not any(name in given for name in known):
                keys = ", ".join(f"${key}" for key in self.test_data.may_write)
                said = f"{self.what} calls {field.name} without {keys}, so it could write anything"
                yield Refusal(
                    f"{said} — give it such a variable as an argument", field.name, is_undeclared=True
                )

    def _in_body(self, key: str, value: Any) -> Iterator[Refusal]:
        """Check a JSON value in the body whose key is not in may_write."""
        if isinstance(value, list):
            for item in value:
                yield from self._in_body(key, item)
        elif isinstance(value, dict):
            for name, item in value.items():
                if name not in self.test_data.may_write:
                    yield from self._field(name, item)
        elif key:
            yield from self._value(key, value, "body")
        elif value is not None:
            text = f"{self.what} has {value!r} in its body, under no field — write it into one"
            yield Refusal(text, str(value), is_undeclared=True)

    def _field(self, name: str, value: Any) -> Iterator[Refusal]:
        if _has_fields(value):
            if name not in _CONTAINERS and name not in self.test_data.harmless:
                yield self._unknown(f"a field {name!r}", "body", f"{name}: []", name)
            yield from self._in_body(name, value)
        else:
            for one in value if isinstance(value, list) and value else (value,):
                yield from self._value(name, one, "body")

    def _value(self, key: str, value: Any, where: str) -> Iterator[Refusal]:
        harmless = self.test_data.harmless.get(key)
        if harmless is None:
            is_text = key in _FREE_TEXT and self.graphql is None and isinstance(value, str)
            is_known = is_text and _SENTENCE.fullmatch(value) is not None
        elif isinstance(value, dict | list):
            is_known = not value
        else:
            is_known = harmless == "any" or is_allowed(value, harmless)
        if not is_known:
            part = key if harmless is None else value
            yield self._unknown(f"{key} = {value!r}", where, f"{key}: [{_yaml(value)}]", part)

    def _unknown(self, told: str, where: str, add: str, part: Any) -> Refusal:
        text = (
            f"{self.what} has {told} in its {where}, which could name an entity — if it names none, "
            f"declare it: test_data: {{harmless: {{{add}}}}}"
        )
        return Refusal(text, str(part), is_undeclared=True)

    def _walked(self) -> tuple[list[NamedEntity], list[Refusal]]:
        """Return the entities in the path and its unknown words, by a route or else word by word."""
        segments = [unquote(segment) for segment in self.route.split("/") if segment]
        routes = [*self.test_data.routes, *self.documented]
        walks = (along_route(route, segments, self.test_data) for route in routes)
        fitting = [walk for walk in walks if walk is not None]
        if fitting:
            return min(fitting, key=lambda walk: sum(not is_known(one, self.test_data) for one in walk)), []
        named: list[NamedEntity] = []
        unknown: list[Refusal] = []
        keys: tuple[str, ...] = ()
        for segment in segments:
            if keys:
                key = next(
                    (key for key in keys if is_allowed(segment, self.test_data.may_write[key])), keys[0]
                )
                named.append(NamedEntity(key, segment, True))
                keys = ()
                continue
            keys = tuple(key for key in self.test_data.may_write if singulars_of(segment) & kinds_of(key))
            if not keys and segment.lower() not in _PREFIXES and not _VERSION.fullmatch(segment):
                unknown.append(self._strange_word(segment))
        return named, unknown

    def _strange_word(self, segment: str) -> Refusal:
        if not _WORD.fullmatch(segment) and not is_allowed(segment, self.everything):
            text = f"{self.what} has {segment!r} in its path, which is not a route word"
            return Refusal(f"{text} and may not be written", segment, in_path=True)
        text = f"{self.what} has {segment!r} in its path, which could name an entity"
        return Refusal(f"{text} — {self._declared_route()}", segment, is_undeclared=True, in_path=True)

    def _declared_route(self) -> str:
        """Say how to declare the path as a route, with a place for each allowed entity."""
        may_write = self.test_data.may_write
        segments = (unquote(segment) for segment in self.route.split("/"))
        keys = (
            (segment, next((key for key, values in may_write.items() if is_allowed(segment, values)), None))
            for segment in segments
        )
        route = "/".join(f"{{{key}}}" if key else segment for segment, key in keys)
        return f'if it is a route, declare it: test_data: {{routes: ["{route}"]}}'


def _has_fields(value: Any) -> bool:
    return isinstance(value, dict) or (
        isinstance(value, list) and any(isinstance(i, dict | list) for i in value)
    )


def _yaml(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def _by_name(path: str, body: Any) -> str:
    """Say what to send instead of a document stored at the service; "" if there is none."""
    keys = [key for key, _ in parse_qsl(path.partition("?")[2])]
    requests = body if isinstance(body, list) else [body]
    if not is_endpoint(path) or not (
        names_stored(keys, has_text="query" in keys)
        or any(isinstance(one, dict) and names_stored(one, has_text="query" in one) for one in requests)
    ):
        return ""
    return "; it runs a stored document, which may be a mutation — write the query's text"


# Stands for a value that a step will capture; no entity has this name.
_LATER = "capturedLater"


def known_refusals(request: Request, test_data: TestData, headers: Mapping[str, str]) -> Iterator[Refusal]:
    """Yield why the guard would refuse this request whatever is captured, certain refusals first.

    `headers` are all that go with it, including the service's.
    """
    if request.host is not None:
        return  # other hosts are only read, whatever test_data says
    places = dict.fromkeys(names_in(dict(headers)), _LATER)
    sent = {name: str(filled(value, places)) for name, value in headers.items()}
    for path, body in _forms(request):
        for one in refusals(request.method, path, body, test_data, headers=sent):
            by_document = one.in_path and test_data.openapi is not None
            if _LATER not in one.part and not by_document:
                yield one


def known_entities(request: Request, test_data: TestData) -> tuple[str, ...]:
    """Return the entities that this request may write; a captured one reads "as captured"."""
    found = {
        entity: None
        for path, body in _forms(request)
        if request.host is None and changes_data(request.method, path, body)
        for entity in entities(request.method, path, body, test_data)
    }
    return tuple(entity.replace(f"={_LATER}", " as captured") for entity in found)


def _forms(request: Request) -> Iterator[tuple[str, object]]:
    """Yield a request's path, and its second one if it has one, each with the body."""
    paths = [request.path, *filter(None, [getattr(request, "if_no_route", None)])]
    places = dict.fromkeys([*names_in(paths), *names_in_body(request)], _LATER)
    for path in paths:
        yield filled_path(path, places), filled_body(request, places)
