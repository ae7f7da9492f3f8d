"""Finds the fields that Railway's API no longer knows in its refusal, and drops them from a document. Pure.

A GraphQL validation error names each field and usually its line. Our documents have one field on each line,
so that a retired field costs one fact and not the complete answer.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

_REFUSALS = tuple(
    re.compile(pattern.replace("'", "[\"']"))
    for pattern in (
        r"Cannot query field '(?P<field>\w+)' on type '(?P<of>\w+)'",
        r"Field '(?P<field>\w+)' is not defined by type '(?P<of>\w+)'",
        r"value of type '(?P<of>\w+)' not to include unknown field '(?P<field>\w+)'",
        r"Value '(?P<field>\w+)' does not exist in '(?P<of>\w+)' enum",
        # The field has become an object, or has ceased to be one.
        r"Field '(?P<field>\w+)' must not have a selection since type '(?P<of>[\w!\[\]]+)'",
        r"Field '(?P<field>\w+)' of type '(?P<of>[\w!\[\]]+)' must have a selection",
    )
)
# Without these an answer means nothing; without DEPLOYMENT_ID, other deployments' series would count as the
# subject's.
_NEEDED = {"id", "status", "edges", "node", "pageInfo", "hasNextPage", "endCursor", "DEPLOYMENT_ID"}
# An instance's id says nothing without its state, nor the state without the id, so both are dropped together.
_DROPPED_COMPLETELY = {"DeploymentDeploymentInstance"}
# The only fields of an input to drop: without another one, a list would hold what is not ours.
_DROPPABLE_INPUT_FIELDS = {"status", "notIn", "in"}


@dataclass(frozen=True, kw_only=True)
class RetiredField:
    """A field that was refused; `line` is its line in the document, from 1, if the refusal gives it."""

    name: str
    of: str
    line: int | None = None

    @property
    def shown(self) -> str:
        """The field in the form that people look up: Deployment.canRollback."""
        return f"{self.of.strip('[]!')}.{self.name}"

    @property
    def is_needed(self) -> bool:
        """Whether the query means nothing without it."""
        if self.of.endswith("Input"):
            return self.name not in _DROPPABLE_INPUT_FIELDS
        return self.name in _NEEDED and self.of not in _DROPPED_COMPLETELY


def retired_in(errors: Any) -> tuple[RetiredField, ...]:
    """Return the fields that a refusal names; none if it also says anything else."""
    found = [_retired(error) for error in errors if isinstance(error, Mapping)] if _is_list(errors) else []
    return () if None in found else tuple(item for item in found if item is not None)


def _is_list(errors: Any) -> bool:
    return isinstance(errors, list) and bool(errors)


def _retired(error: Mapping[str, Any]) -> RetiredField | None:
    message, places = error.get("message"), error.get("locations")
    matches = [pattern.search(message) for pattern in _REFUSALS] if isinstance(message, str) else []
    match = next((item for item in matches if item), None)
    if match is None:
        return None
    first = places[0] if isinstance(places, list) and places and isinstance(places[0], Mapping) else {}
    line = first.get("line")
    return RetiredField(name=match["field"], of=match["of"], line=line if type(line) is int else None)


def without_fields(text: str, retired: Iterable[RetiredField]) -> str | None:
    """Return the document without these lines; None if one is needed, or cannot be found."""
    lines = text.splitlines()
    places: set[int] = set()
    for item in retired:
        at = _place(lines, item)
        if item.is_needed or at is None:
            return None
        if item.of in _DROPPED_COMPLETELY:
            at = _enclosing(lines, at)
        places |= set(range(at, _end(lines, at) + 1))
    kept = [line for number, line in enumerate(lines) if number not in places]
    while (empty := _empty_block(kept)) is not None:
        if not kept[empty][0].isspace():
            return None
        del kept[empty : empty + 2]
    return "\n".join(kept) + "\n"


def _place(lines: list[str], item: RetiredField) -> int | None:
    """Return the field's line: the one given if the field is there, else its only place in the document."""
    # A field of an input has a value.
    pattern = re.compile(rf"\s+{item.name}" + (":" if item.of.endswith("Input") else r"\b(?!:)"))
    if item.line is not None and 0 < item.line <= len(lines) and pattern.match(lines[item.line - 1]):
        return item.line - 1
    places = [number for number, line in enumerate(lines) if pattern.match(line)]
    own = [number for number in places if _is_of_fragment(lines, number, item.of)]
    found = own if len(own) == 1 else places
    return found[0] if len(found) == 1 else None


def _is_of_fragment(lines: list[str], number: int, of: str) -> bool:
    """Whether a line is a field of the fragment on that type, and not of an object within it."""
    heads = [line for line in lines[:number] if line and not line[0].isspace() and line != "}"]
    in_fragment = bool(heads) and heads[-1].endswith(f" on {of} {{")
    return in_fragment and len(lines[number]) - len(lines[number].lstrip()) == 2


def _enclosing(lines: list[str], at: int) -> int:
    """Return the line that opens the selection around a field."""
    while not lines[at].endswith("{"):
        at -= 1
    return at


def _end(lines: list[str], at: int) -> int:
    """Return the last line of a field with its selection."""
    depth = 0
    for number in range(at, len(lines)):
        depth += sum(lines[number].count(sign) for sign in "{[") - sum(map(lines[number].count, "}]"))
        if depth <= 0:
            return number
    return len(lines) - 1


def _empty_block(lines: list[str]) -> int | None:
    """Return where a selection or list begins that has become empty."""
    for number in range(len(lines) - 1):
        if lines[number].endswith(("{", "[")) and lines[number + 1].strip()[:1] in ("}", "]"):
            return number
    return None
