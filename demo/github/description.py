"""GitHub's OpenAPI description: finds a request's operation, validates it, and makes minimal answers."""

import json
import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from jsonschema import Draft4Validator

DESCRIPTION = Path(__file__).with_name("rest-subset.json")
MAX_DEPTH = 12
Schema = dict[str, Any]


@cache
def description() -> Schema:
    """Load the complete document, with OpenAPI's `nullable` turned into JSON Schema."""
    loaded: Schema = _with_null(json.loads(DESCRIPTION.read_text(encoding="utf-8")))
    return loaded


def _with_null(value: Any) -> Any:
    if isinstance(value, list):
        return [_with_null(item) for item in value]
    if not isinstance(value, dict):
        return value
    found = {key: _with_null(item) for key, item in value.items()}
    if found.get("nullable") is True:
        kept = {key: item for key, item in found.items() if key != "nullable"}
        return {"anyOf": [{"type": "null"}, kept]}
    return found


class Operation:
    """One operation of the description, with the path's parameters."""

    def __init__(self, method: str, template: str, parameters: dict[str, str]) -> None:
        self.method, self.template, self.parameters = method, template, parameters
        self._found: Schema = description()["paths"][template][method]

    def query_mistakes(self, query: Mapping[str, str]) -> list[str]:
        """Return the parts of a query that GitHub does not know or accept."""
        known = {item["name"]: _resolved(item["schema"]) for item in _parameters(self._found, "query")}
        found = [f"a query without meaning: {name}" for name in query if name not in known]
        for name, text in query.items():
            schema = known.get(name, {})
            if "enum" in schema and text not in schema["enum"]:
                found.append(f"{name}={text}: one of {schema['enum']} belongs there")
            if schema.get("type") == "integer" and not text.isdecimal():
                found.append(f"{name}={text}: a number belongs there")
        return found

    def mistakes(self, body: Any) -> list[str]:
        """Return why a request's body does not fit."""
        asked = self._found.get("requestBody")
        if asked is None:
            return [] if body is None else ["a body where none belongs"]
        schema = asked["content"]["application/json"]["schema"]
        return [error.message for error in _validator(schema).iter_errors({} if body is None else body)]

    def answer_schema(self, status: int) -> Schema | None:
        """Return the schema of an answer's body; None if it has none. A refusal may be undescribed."""
        if status >= 400 and str(status) not in self._found["responses"]:
            return {"$ref": "#/components/schemas/basic-error"}
        found = _resolved(self._found["responses"][str(status)])
        content = found.get("content", {}).get("application/json")
        schema: Schema | None = content["schema"] if content else None
        return schema

    def check_answer(self, status: int, body: Any) -> None:
        """Raise ValueError if our own answer does not match GitHub's description."""
        schema = self.answer_schema(status)
        if schema is None:
            if body is not None:
                raise ValueError(f"{self.method} {self.template}: {status} has no body")
            return
        errors = [f"{list(error.path)}: {error.message}" for error in _validator(schema).iter_errors(body)]
        if errors:
            raise ValueError(f"{self.method} {self.template}: {errors[:3]}")


def operation(method: str, path: str) -> Operation | None:
    """Return the operation of a request, without its query; None if GitHub (or this subset) has none."""
    for template, pattern in _patterns():
        match = pattern.fullmatch(path)
        if match and method.lower() in description()["paths"][template]:
            parameters = {name: unquote(text) for name, text in match.groupdict().items()}
            return Operation(method.lower(), template, parameters)
    return None


@cache
def _patterns() -> list[tuple[str, re.Pattern[str]]]:
    """Return each path as a pattern; an integer parameter matches digits only."""
    made = []
    for template, methods in description()["paths"].items():
        numbers = {
            item["name"]
            for found in methods.values()
            for item in _parameters(found, "path")
            if item["schema"].get("type") == "integer"
        }
        pattern = template
        for name in re.findall(r"\{(\w+)\}", template):
            takes = r"\d+" if name in numbers else "[^/]+"
            pattern = pattern.replace(f"{{{name}}}", f"(?P<{name}>{takes})")
        made.append((template, re.compile(pattern)))
    return made


def _parameters(found: Schema, place: str) -> list[Schema]:
    resolved = [_resolved(item) for item in found.get("parameters", [])]
    return [item for item in resolved if item["in"] == place]


def smallest(schema: Schema, depth: int = 0) -> Any:
    """Return the smallest value that fits a schema: required fields only, and null if allowed."""
    schema = _resolved(schema)
    for key in ("anyOf", "oneOf"):
        if key in schema:
            return smallest(schema[key][0], depth)
    if "allOf" in schema:
        merged: dict[str, Any] = {}
        for part in schema["allOf"]:
            merged |= smallest(part, depth)
        return merged
    if "enum" in schema:
        return schema["enum"][0]
    kind = schema.get("type")
    if kind == "object" or "properties" in schema:
        needed = schema.get("required", []) if depth < MAX_DEPTH else []
        properties = schema.get("properties", {})
        return {name: smallest(properties.get(name, {}), depth + 1) for name in needed}
    plain = {"array": [], "integer": 1, "number": 1, "boolean": False, "null": None}
    if kind in plain:
        return plain[kind]
    formats = {"uri": "https://github.test/x", "date-time": "2026-02-02T12:00:00Z", "email": "x@github.test"}
    return formats.get(schema.get("format", ""), "x")


def _resolved(schema: Schema) -> Schema:
    while "$ref" in schema:
        found: Any = description()
        for step in schema["$ref"].removeprefix("#/").split("/"):
            found = found[step]
        schema = found
    return schema


def _validator(schema: Schema) -> Draft4Validator:
    return Draft4Validator({"components": description()["components"], "allOf": [schema]})
