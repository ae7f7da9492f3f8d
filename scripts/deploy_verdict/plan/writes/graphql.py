"""Reads what a GraphQL document would do, as far as the write guard must know. Pure.

A document counts as a read only when all of its text is understood and it holds nothing but queries and
fragments.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl

_TOKEN = re.compile(
    r'(?P<skip>[\s,\ufeff]+|#[^\n\r]*)|(?P<text>"""(?:\\"""|[^"]|"(?!""))*"""|"(?:\\.|[^"\\\n\r])*")'
    r"|(?P<number>-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)|(?P<name>[_A-Za-z]\w*)|(?P<mark>\.\.\.|[!$&()\[\]{}:=@|])",
    re.ASCII,
)
_KINDS = ("query", "mutation", "subscription", "fragment")
_ENDPOINTS = ("graphql", "gql")
# The keys that name a document stored at the service, whose text cannot be checked here.
_STORED = frozenset(("id", "docid", "documentid", "queryid", "hash", "sha256hash", "operationid"))

Token = tuple[str, str]


@dataclass(frozen=True)
class Field:
    """A field that a mutation calls, and the variables in its arguments."""

    name: str
    variables: tuple[str, ...]


@dataclass(frozen=True)
class Operations:
    """A document's kinds of operations, the fields at their top level, and a literal value if it has one."""

    kinds: tuple[str, ...]
    fields: tuple[Field, ...]
    literal: str | None

    @property
    def reads(self) -> bool:
        """Whether the document holds queries, and nothing that writes."""
        return "query" in self.kinds and set(self.kinds) <= {"query", "fragment"}


def is_endpoint(path: str) -> bool:
    """Whether requests to this path are GraphQL."""
    return path.partition("?")[0].rstrip("/").rpartition("/")[2].casefold() in _ENDPOINTS


def asks_mutation(path: str) -> bool:
    """Whether the query of an address holds a GraphQL document that may write: some servers run it.

    At a GraphQL endpoint an unreadable document counts too; elsewhere only a mutation does.
    """
    pairs = parse_qsl(path.partition("?")[2])
    found = [operations_of(value) for key, value in pairs if key.casefold() == "query"]
    if is_endpoint(path):
        has_read = all(one is not None and one.reads for one in found)
        return not has_read or names_stored((key for key, _ in pairs), has_text=bool(found))
    return any(one is not None and "mutation" in one.kinds for one in found)


def names_stored(keys: Iterable[str], *, has_text: bool) -> bool:
    """Whether a request runs a stored document; a hash beside a text is harmless, as it must match it."""
    plain = {key.casefold().replace("_", "") for key in keys}
    return bool(plain & _STORED) or ("extensions" in plain and not has_text)


def documents_of(body: Any) -> list[Mapping[str, Any]] | None:
    """Return the requests in a body, which may be a list; None if it holds anything else."""
    batch = body if isinstance(body, list) else [body]
    if not batch or not all(isinstance(one, dict) and isinstance(one.get("query"), str) for one in batch):
        return None
    return batch


def operations_of(text: str) -> Operations | None:
    """Return a document's operations, or None if it is not completely understood."""
    tokens = _tokens(text)
    if not tokens:
        return None
    kinds: list[str] = []
    fields: list[Field] = []
    literals: list[str] = []
    start = 0
    while start < len(tokens):
        end = _end_of_definition(tokens, start)
        if end is None:
            return None
        kind = "query" if tokens[start] == ("mark", "{") else tokens[start][1]
        if kind not in _KINDS:
            return None
        kinds.append(kind)
        opened = tokens.index(("mark", "{"), start)
        literals += _literals(tokens[start:opened], are_definitions=True)
        literals += _literals(tokens[opened:end])
        if kind != "fragment":
            fields += _fields(tokens[opened + 1 : end - 1])
        start = end
    return Operations(tuple(kinds), tuple(fields), next(iter(literals), None))


def _tokens(text: str) -> list[Token] | None:
    found: list[Token] = []
    at = 0
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None:
            return None
        if match.lastgroup != "skip":
            found.append((str(match.lastgroup), match.group()))
        at = match.end()
    return found


def _end_of_definition(tokens: Sequence[Token], start: int) -> int | None:
    """Return the index after the braces that close this definition; parentheses may hold braces as well."""
    braces = others = 0
    for index in range(start, len(tokens)):
        kind, text = tokens[index]
        if kind != "mark":
            continue
        if text in "([":
            others += 1
        elif text in ")]":
            others -= 1
        elif text == "{" and (not others or braces):
            braces += 1
        elif text == "}" and braces:
            braces -= 1
            if braces == 0:
                return index + 1 if others == 0 else None
    return None


def _literals(tokens: Sequence[Token], *, are_definitions: bool = False) -> Iterator[str]:
    """Yield the values written in the text instead of in a variable."""
    depth = 0
    for index, (kind, text) in enumerate(tokens):
        if kind == "mark" and text in "()":
            depth += 1 if text == "(" else -1
        before = tokens[index - 1] if index else ("", "")
        after = tokens[index + 1] if index + 1 < len(tokens) else ("", "")
        if kind in ("text", "number"):
            yield text
        elif kind == "name" and depth and not are_definitions:
            is_key, is_variable = after == ("mark", ":"), before == ("mark", "$")
            if not is_key and not is_variable:
                yield text
        elif kind == "name" and are_definitions and before == ("mark", "="):
            yield text


def _fields(tokens: Sequence[Token]) -> Iterator[Field]:
    """Yield the fields of the outermost selection; a spread counts as one without variables."""
    depth = 0
    index = 0
    while index < len(tokens):
        kind, text = tokens[index]
        if kind == "mark" and text in "({[":
            depth += 1
        elif kind == "mark" and text in ")}]":
            depth -= 1
        elif depth == 0 and text == "...":
            yield Field("...", ())
        elif depth == 0 and kind == "name" and tokens[index + 1 : index + 2] != [("mark", ":")]:
            yield Field(text, tuple(_variables(tokens, index + 1)))
        index += 1


def _variables(tokens: Sequence[Token], start: int) -> Iterator[str]:
    """Yield the variables in the arguments that open here."""
    if tokens[start : start + 1] != [("mark", "(")]:
        return
    for index in range(start, len(tokens)):
        if tokens[index] == ("mark", ")"):
            return
        if tokens[index] == ("mark", "$") and index + 1 < len(tokens):
            yield tokens[index + 1][1]
