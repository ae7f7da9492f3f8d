"""Says what to write if a value of the plan has the wrong shape, such as text for a list. Pure."""

import json
import re
from collections.abc import Sequence
from typing import Any

from deploy_verdict.plan.reading.key_help import KEY_HELP

LISTS = ("list_type", "tuple_type")
MAPPINGS = ("dict_type", "model_type", "model_attributes_type")
_SCALARS = {
    "string_type": "text",
    "int_type": "a whole number",
    "float_type": "a number",
    "bool_type": "true or false",
}
SHAPES = (*LISTS, *MAPPINGS, *_SCALARS)
# Texts that YAML reads as themselves without quotes.
_PLAIN = re.compile(r"[A-Za-z_/$.][\w ./${}*-]*|\d+(ms|s|m|h|%)|\d+\.\.\d+")
_OTHER_TYPES = ("true", "false", "yes", "no", "on", "off", "null")


def shape_message(kind: str, place: Sequence[int | str], found: Any, model: Any, *, is_secret: bool) -> str:
    """Report a value of the wrong shape, never a secret; `model` is the one that has the key, or None."""
    key = next((str(step) for step in reversed(place) if isinstance(step, str)), "the plan")
    name = f"'{key}'" if isinstance(place[-1], str) else f"item {int(place[-1]) + 1} of '{key}'"
    is_not = "is not" if is_secret else f"is {_short(found)}, not"
    field = _field(model, key) if model is not None else None
    inside = model_in(field.annotation) if field is not None else None
    example = _example(model, key)
    if kind in LISTS:
        instead = "[…]" if is_secret else _as_list(key, found, example, inside)
        if place[0] == "fixtures" and isinstance(found, int):
            # A recorded answer, by its status alone.
            instead = flow([{"status": found}])
        return f"{name} {is_not} a list — write {key}: {instead}"
    if kind in MAPPINGS and isinstance(place[-1], int):
        is_text = isinstance(example, list) and isinstance(example[0], str)
        if is_text:
            return f"{name} {is_not} text or a mapping — write {key}: {flow(example)}"
        instead = flow(example[0]) if isinstance(example, list) else _members(inside)
        return f"{name} {is_not} a mapping of keys to values — write {instead}"
    if kind in MAPPINGS:
        wanted = _as_mapping(key, None if is_secret else found, example, field, inside)
        return f"{name} {is_not} a mapping of keys to values — {wanted}"
    return f"{name} {is_not} {_SCALARS[kind]} — write {_as_scalar(kind, key, found, example, is_secret)}"


def empty_message(key: str, model: Any) -> str:
    """Report an empty list that needs a member."""
    example = _example(model, key)
    return (
        f"'{key}' is empty — write {key}: {flow(example)}"
        if example
        else f"'{key}' is empty — add at least one"
    )


def missing_message(key: str, place: Sequence[int | str], model: Any) -> str:
    """Report a missing key, with its example."""
    where = ""
    if place:
        name = next((step for step in reversed(place) if isinstance(step, str)), "")
        where = f" in '{name}'" if isinstance(place[-1], str) else f" in item {place[-1] + 1} of '{name}'"
    example = _example(model, key)
    return f"'{key}' is missing{where} — " + (f"write {key}: {flow(example)}" if example else "add it")


def model_in(annotation: Any) -> Any:
    """Return the first model inside an annotation, or None."""
    if hasattr(annotation, "model_fields"):
        return annotation
    return next(filter(None, (model_in(part) for part in getattr(annotation, "__args__", ()))), None)


def flow(value: Any) -> str:
    """Format a value on one line, as a plan writes it."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}: {flow(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(flow(item) for item in value) + "]"
    if isinstance(value, str) and _PLAIN.fullmatch(value) and value.lower() not in _OTHER_TYPES:
        return value if not any(sign in value for sign in "{}") else json.dumps(value, ensure_ascii=False)
    return json.dumps(value, ensure_ascii=False)


def _field(model: Any, key: str) -> Any:
    return next((item for name, item in model.model_fields.items() if key in (name, item.alias)), None)


def _short(found: Any) -> str:
    text = flow(found)
    return text if len(text) <= 60 else f"{text[:59]}…"


def _example(model: Any, key: str) -> Any:
    """Return the schema's example of this key, or None."""
    name = getattr(model, "__name__", "")
    _, examples = KEY_HELP.get(f"{name}.{key}") or KEY_HELP.get(key) or ("", ())
    return next(iter(examples), None)


def _as_list(key: str, found: Any, example: Any, inside: Any) -> str:
    if key == "command" and isinstance(found, str):
        return flow(found.split())
    members = example if isinstance(example, list) else []
    takes_it = inside is None or any(type(one) is type(found) for one in members)
    if isinstance(found, dict) or takes_it:
        return flow([found])
    return flow(members) if members else f"[{_members(inside)}]"


def _as_mapping(key: str, found: Any, example: Any, field: Any, inside: Any) -> str:
    """Say how to write the key as a mapping; an empty one if nothing in it is required."""
    if isinstance(found, list) and inside is not None and "tests" in inside.model_fields:
        return f"write {key}: {{tests: {flow(found)}}}"
    if found is False:
        return f"leave {key} out" if field is None or field.default is None else f"write {key}: null"
    required = inside is not None and any(item.is_required() for item in inside.model_fields.values())
    if found is True and inside is not None and not required:
        return f"write {key}: {{}}"
    return f"write {key}: {flow(example) if isinstance(example, dict) else _members(inside)}"


def _members(model: Any) -> str:
    """Return the keys that a model requires, or its first ones."""
    if model is None:
        return "{NAME: VALUE}"
    keys = [(item.alias or name, item) for name, item in model.model_fields.items() if not item.exclude]
    wanted = [key for key, item in keys if item.is_required()] or [key for key, _ in keys[:2]]
    return "{" + ", ".join(f"{key}: …" for key in wanted) + "}"


def _as_scalar(kind: str, key: str, found: Any, example: Any, is_secret: Any) -> str:
    if isinstance(found, list | tuple) and len(found) == 1 and not isinstance(found[0], dict | list):
        return f"{key}: {'…' if is_secret else flow(found[0])}"
    if is_secret or isinstance(found, dict | list | tuple) or found is None:
        return f"{key}: {flow(example) if isinstance(example, str | int) else '…'}"
    if kind == "string_type":
        return f"it in quotes: {key}: {json.dumps(str(found))}"
    if isinstance(found, str) and re.fullmatch(r"-?\d+(\.\d+)?|true|false", found):
        return f"it without quotes: {key}: {found}"
    return f"{key}: {'true, or false' if kind == 'bool_type' else flow(example) if example else 5}"
