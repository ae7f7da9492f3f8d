"""Reads a plan's text into a Plan, or reports all its mistakes at once with line and column. Pure.

The environment is passed in: `${NAME}`, `${NAME:-default}` and `${TODAY}` are filled from it; `$${` is a
literal `${`.
"""

import difflib
import hashlib
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from pydantic import ValidationError

from deploy_verdict.base.errors import PlanError, Problem
from deploy_verdict.base.units import shown_duration
from deploy_verdict.plan.checks.cross_checks import cross_check, unknown_answers
from deploy_verdict.plan.checks.horizon import with_provable_times
from deploy_verdict.plan.plan import Plan, plan_model
from deploy_verdict.plan.reading.other_words import other_word
from deploy_verdict.plan.reading.override import changed
from deploy_verdict.plan.reading.positioned_yaml import Document, Path, read_nodes
from deploy_verdict.plan.reading.shape_words import (
    SHAPES,
    empty_message,
    missing_message,
    model_in,
    shape_message,
)
from deploy_verdict.plan.sections.fixtures import Answer, Recording

MAX_PLAN_BYTES = 250_000
_VARIABLE = re.compile(r"\$\$\{|\$\{([A-Za-z_][A-Za-z0-9_]*)(?::-([^}]*))?\}|\$\{[^}]*\}?")
# Stands in for each section that a plan must have, so that the others can be cross-checked.
_STAND_INS = {"version": 1, "name": "plan", "service": {"base_url": "http://localhost"}}
_BOUNDS = {
    "greater_than": "more than",
    "greater_than_equal": "at least",
    "less_than": "less than",
    "less_than_equal": "at most",
}


def read_plan(
    data: bytes, path: str, environment: Mapping[str, str], today: str, changes: Sequence[str] = ()
) -> Plan:
    """Read a plan from a file's bytes; raise PlanError with every mistake that can be found.

    `changes` are PATH=VALUE (override.py); a changed plan has another sha256.
    """
    return read_placed_plan(data, path, environment, today, changes)[0]


def read_placed_plan(
    data: bytes, path: str, environment: Mapping[str, str], today: str, changes: Sequence[str] = ()
) -> tuple[Plan, Document]:
    """Read a plan like read_plan, and return it with the place of everything in the file."""
    text = _text(data, path)
    document = read_nodes(text, lambda raw: fill(raw, environment, today))
    for change in changes:
        document.value = changed(document.value, change)
    plan = _validated(document)
    if plan is not None:
        plan = with_provable_times(plan)
        for location, message in (*cross_check(plan), *_open_secrets(plan, document)):
            document.add(document.place(location), message)
    if document.problems or plan is None:
        raise PlanError(path, document.first_at_each_place())
    version = b"\n".join((data, *map(str.encode, changes)))
    return plan.model_copy(update={"sha256": hashlib.sha256(version).hexdigest()}), document


def _open_secrets(plan: Plan, document: Document) -> Iterator[tuple[Path, str]]:
    """Yield each secret written in the plan itself, which others read."""
    for path, auth in plan.auths.items():
        for place in auth.secret_places():
            where = (*path, *place)
            if where in document.values and where not in document.from_variables:
                name = re.sub(r"[^A-Z0-9]+", "_", str(place[-1]).upper()).strip("_")
                name = {"BEARER": "API_TOKEN", "BASIC": "BASIC_AUTH"}.get(name, name)
                text = (
                    f'a secret stands in the plan — write {place[-1]}: "${{{name}}}", and set {name} in the'
                )
                yield where, f"{text} environment, in .env, or as a secret on GitHub"


def read_recording(data: bytes, path: str, plan: Plan) -> Mapping[str, tuple[Answer, ...]]:
    """Read a file of recorded answers for a plan; raise PlanError with every mistake in it."""
    document = read_nodes(_text(data, path), lambda raw: raw)
    if not isinstance(document.value, dict) and not document.problems:
        document.add(document.place(()), "recorded answers must be a mapping: `NAME: {status: 200, json: …}`")
    answers: Mapping[str, tuple[Answer, ...]] = {}
    if not document.problems:
        try:
            answers = Recording.model_validate({"answers": document.value}).answers
        except ValidationError as error:
            for detail in error.errors(include_url=False):
                _note(detail, document)
        for name, message in unknown_answers(plan, document.value):
            document.add(document.place((name,), key=True), message)
    if document.problems:
        raise PlanError(path, document.first_at_each_place())
    return answers


def fill(raw: str, environment: Mapping[str, str], today: str) -> str:
    """Replace variables in one text; raise ValueError, which says how to set a missing one."""

    def value(match: re.Match[str]) -> str:
        if match.group(0) == "$${":
            return "${"
        name, default = match.group(1), match.group(2)
        if name is None and match.group(0).startswith("${window."):
            # Filled when the request is sent; the cross-check refuses it elsewhere.
            return match.group(0)
        if name is None:
            raise ValueError(_not_a_variable(match.group(0)))
        if name == "TODAY":
            return today
        if environment.get(name):
            return environment[name]
        if default is None:
            raise ValueError(f"{name} is not set — set it (also in .env), or write ${{{name}:-default}}")
        return default

    return _VARIABLE.sub(value, raw)


def _not_a_variable(found: str) -> str:
    if found.startswith("${{"):
        words = found.strip("${ }").split(".")
        name = words[-1] if re.fullmatch(r"\w+", words[-1]) else "NAME"
        text = f"GitHub fills ${{{{ … }}}} in workflows, not in plans — write ${{{name}}}"
        return f"{text}, and give it to the job as a secret or in its env"
    return f"'{found}' is not a variable — write ${{NAME}} or ${{NAME:-default}}"


def _text(data: bytes, path: str) -> str:
    def refuse(message: str) -> PlanError:
        return PlanError(path, (Problem(line=1, column=1, message=message),))

    if len(data) > MAX_PLAN_BYTES:
        raise refuse(f"{len(data)} bytes — a plan has at most {MAX_PLAN_BYTES}; is this the right file?")
    if b"\0" in data:
        raise refuse("this is a binary file, not a plan")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        message = f"byte {error.start} is not UTF-8 — save the plan as UTF-8"
        raise PlanError(path, (Problem(line=line, column=1, message=message),)) from error


def _validated(document: Document) -> Plan | None:
    if document.value is None and document.problems:
        return None
    if not isinstance(document.value, dict):
        document.add(document.place(()), "a plan must be a mapping — start with `version: 1`")
        return None
    try:
        return plan_model().model_validate(document.value)
    except ValidationError as error:
        details = error.errors(include_url=False)
        broken = [_note(detail, document) for detail in details if not _follows(detail, details)]
        _cross_check_rest(document, broken)
        return None


def _follows(detail: Any, details: Sequence[Any]) -> bool:
    """Whether a list is too short only because its members are wrong, which is no mistake of its own."""
    place = detail["loc"]
    return detail["type"] == "too_short" and any(
        len(other["loc"]) > len(place) and other["loc"][: len(place)] == place for other in details
    )


def _note(detail: Any, document: Document) -> Path:
    """Record one of pydantic's errors in our words; return its path in the document."""
    location = _existing(detail["loc"], document)
    unknown = detail["type"] == "extra_forbidden"
    document.add(document.place(location, key=unknown), _message(detail, location, document))
    return location


def _cross_check_rest(document: Document, broken: Sequence[Path]) -> None:
    """Cross-check the sections without mistakes, and drop messages that depend on the others."""
    lost = {str(path[0]) for path in broken if path}
    sections = {name: section for name, section in document.value.items() if name not in lost}
    try:
        plan = plan_model().model_validate({**_STAND_INS, **sections})
    except ValidationError:
        return
    names = lost.union(*(_names(document.value.get(section)) for section in lost))
    for location, message in cross_check(plan):
        if location and not any(_mentions(message, name) for name in names):
            document.add(document.place(location), message)


def _names(value: Any) -> Iterator[str]:
    """Yield the names by which other sections may refer to parts of a section."""
    if isinstance(value, dict):
        name = value.get("name") or value.get("text") or value.get("regex")
        if isinstance(name, str):
            yield name
    for item in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from _names(item)


def _mentions(message: str, name: str) -> bool:
    return re.search(rf"(?<![\w-]){re.escape(name)}(?![\w-])", message) is not None


def _existing(location: tuple[int | str, ...], document: Document) -> Path:
    """Return the part of pydantic's location that exists in the file (it also names union members)."""
    path: Path = ()
    for step in location:
        if (*path, step) in document.values or (*path, step) in document.keys:
            path = (*path, step)
    return path


def _message(detail: Any, location: Path, document: Document) -> str:
    name, kind = str(detail["loc"][-1]) if detail["loc"] else "the plan", detail["type"]
    if kind == "value_error":
        return str(detail["ctx"]["error"])
    if kind in SHAPES and detail["loc"]:
        is_secret = _holds_secret(detail, location, document)
        return shape_message(kind, _place(detail), detail["input"], _model_of(detail), is_secret=is_secret)
    if kind in _BOUNDS:
        return _bound(name, detail, location, document)
    if kind == "extra_forbidden":
        return _unknown_key(name, detail)
    if kind == "missing":
        return missing_message(name, location, _model_of(detail))
    if kind in ("literal_error", "enum"):
        return _not_one_of(name, detail)
    if kind == "too_short":
        return empty_message(name, _model_of(detail))
    return f"'{name}': {detail['msg']}"


def _holds_secret(detail: Any, location: Path, document: Document) -> bool:
    """Whether a value may hold a secret: it comes from a variable, or its key names a credential."""
    inside = any(path[: len(location)] == location for path in document.from_variables)
    named = {str(step) for step in detail["loc"]} | set(_keys(detail["input"]))
    return inside or bool(named & {"auth", "headers", "password", "token", "form"})


def _keys(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        yield from map(str, value)
    for item in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from _keys(item)


def _unknown_key(name: str, detail: Any) -> str:
    taught = other_word(name, _model_of(detail))
    return f"unknown key '{name}'{f' — {taught}' if taught else _suggestion(name, detail)}"


def _not_one_of(name: str, detail: Any) -> str:
    place = _place(detail)
    key = next((step for step in reversed(place) if isinstance(step, str)), name)
    if key == "auth":
        teach = 'write service: {auth: {bearer: "${API_TOKEN}"}}, for all of them'
        return f"'auth' at one request is none, or left out — {teach}"
    if key == "at":
        return "'at' takes no such value — write at: every sample, or some of them: [0m, 60m]"
    return f"'{key}' is {detail['input']!r} — write {detail['ctx']['expected']}"


def _place(detail: Any) -> Path:
    """Return a value's path without the members of a union that pydantic also names."""
    return tuple(step for step in detail["loc"] if isinstance(step, int) or _is_key(step))


def _is_key(step: str) -> bool:
    # pydantic also names types, such as "list[str]", "tuple[Pattern, ...]" and "LogPattern".
    return re.fullmatch(r"[a-z_$][\w.$-]*", step) is not None and step not in ("str", "int", "float", "bool")


def _bound(name: str, detail: Any, location: Path, document: Document) -> str:
    """Report a value beyond its bound, both in the plan's own units."""
    bound = next(iter(detail["ctx"].values()))
    raw = _raw(document.value, location)
    if isinstance(raw, str) and re.search(r"\d(ms|s|m|h)$", raw):
        return f"'{name}' is {raw} — write {_BOUNDS[detail['type']]} {shown_duration(bound)}"
    return f"'{name}' is {detail['input']!r} — write {_BOUNDS[detail['type']]} {bound:g}"


def _raw(value: Any, location: Path) -> Any:
    for step in location:
        value = value[step]
    return value


def _suggestion(name: str, detail: Any) -> str:
    from_model = _known_names(detail)
    close = difflib.get_close_matches(name, from_model, n=1)
    if close:
        return f" — did you mean '{close[0]}'?"
    return f" — known: {', '.join(sorted(from_model))}" if from_model else " — remove it"


def _known_names(detail: Any) -> list[str]:
    """Return the keys of the model at this place."""
    model = _model_of(detail)
    return [f.alias or n for n, f in model.model_fields.items() if not f.exclude] if model else []


def _model_of(detail: Any) -> Any:
    """Find the model that has this place's key, by walking the models along the location."""
    model: Any = plan_model()
    steps = [step for step in detail["loc"] if not isinstance(step, int)]
    for step in steps[:-1]:
        field = next((f for n, f in model.model_fields.items() if step in (n, f.alias)), None)
        inside = model_in(field.annotation) if field is not None else None
        if inside is None:
            return None
        model = inside
    return model
