"""Recognizes a plan's entities in a request: by field, by route, by word. Pure."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from deploy_verdict.plan.sections.test_data import TestData
from deploy_verdict.plan.writes.spellings import looking_like

_ENDINGS = frozenset(("id", "ids", "code", "key", "name", "no", "number", "uuid"))
_PLACE = re.compile(r"\{([^{}]+)\}")


@dataclass(frozen=True)
class NamedEntity:
    """An entity that a request names, and whether in its path or query rather than its body."""

    key: str
    value: Any
    in_address: bool


def named_in(body: Any, may_write: Mapping[str, Sequence[str | int]]) -> Iterator[tuple[str, Any]]:
    """Yield every entity that a JSON body names, at any depth; the members of a list count one by one."""
    if isinstance(body, list):
        for item in body:
            yield from named_in(item, may_write)
    if isinstance(body, dict):
        for key, value in body.items():
            if key in may_write:
                yield from ((key, item) for item in (value if isinstance(value, list) and value else [value]))
            else:
                yield from named_in(value, may_write)


def along_route(route: str, segments: Sequence[str], test_data: TestData) -> list[NamedEntity] | None:
    """Return the entities in a path that follows this route; None if it does not follow it."""
    parts = [part for part in route.split("/") if part]
    if len(parts) != len(segments):
        return None
    named: list[NamedEntity] = []
    for index, (part, segment) in enumerate(zip(parts, segments, strict=True)):
        place = _PLACE.fullmatch(part)
        if place is None:
            if part != segment:
                return None
            continue
        key = _key_of(place.group(1), parts[index - 1] if index else "", test_data)
        if key is None:
            return None
        if key in test_data.may_write:
            named.append(NamedEntity(key, segment, True))
        elif test_data.harmless[key] == "any":
            everything = [item for values in test_data.may_write.values() for item in values]
            if next(looking_like([segment], everything), None):
                return None
        elif not is_allowed(segment, test_data.harmless[key]):
            return None
    return named


def _key_of(place: str, before: str, test_data: TestData) -> str | None:
    """Return the plan's field that a route's place stands for: by its name, or by the word before it."""
    if place in test_data.may_write or place in test_data.harmless:
        return place
    kinds = kinds_of(place) | singulars_of(before)
    return next((key for key in test_data.may_write if kinds_of(key) & kinds), None)


def is_known(one: NamedEntity, test_data: TestData) -> bool:
    """Whether the entity may be written."""
    return is_allowed(one.value, test_data.may_write[one.key])


def _words(text: str) -> list[str]:
    """Split orderId, order_id and order-id into order and id."""
    return [word.casefold() for word in re.findall(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|\d+", text)]


def kinds_of(key: str) -> frozenset[str]:
    """Return what a field's entities may be called: tag_spool is tagspool or spool, order_id is order."""
    words = _words(key)
    while len(words) > 1 and words[-1] in _ENDINGS:
        words.pop()
    return frozenset({"".join(words), words[-1]} if words else ())


def singulars_of(word: str) -> frozenset[str]:
    """Return the singulars of a path's word: entries is entry; order-lines is orderline or orderlin."""
    plain = "".join(_words(word))
    found = {plain, plain.removesuffix("s"), plain.removesuffix("es")}
    if plain.endswith("ies"):
        found.add(f"{plain.removesuffix('ies')}y")
    return frozenset(found - {""})


def is_allowed(value: Any, allowed: Sequence[Any]) -> bool:
    """Whether a value is allowed; a number may be a text, a boolean only itself or its JSON text."""
    return any(
        (type(value) is type(item) and value == item)
        or (isinstance(value, str) and (json.dumps(item) if isinstance(item, bool) else str(item)) == value)
        for item in allowed
    )
