"""A JSON Schema as a Markdown page: one table for each object, its fields' types linked to theirs."""

import json
import re
from itertools import groupby

from tests.running import ROOT

HEADS = {
    "plan": """\
# The plan, key by key

Generated from [schemas/plan.schema.json](../../schemas/plan.schema.json) by `make docs`; editors use the same
schema. [Writing a plan](../plan/writing.md) explains how, and [the grammar](../plan/grammar.md) shows every
key on one page.
""",
    "evidence": """\
# The evidence files, field by field

Generated from [schemas/evidence.schema.json](../../schemas/evidence.schema.json) by `make docs`. One file
holds one stage at one offset: `evidence/<stage>.T+<minutes>.a<attempt>.json`. It has observations and no
opinions. Names have their units: `_s` is seconds, `_ms` milliseconds, `offset_s` seconds of plan time since
T0.
""",
    "verdict": """\
# verdict.json, field by field

Generated from [schemas/verdict.schema.json](../../schemas/verdict.schema.json) by `make docs`.
[Verdicts](../explanation/verdicts.md) explains what an outcome means.
""",
}
ROOTS = {"plan": "Plan", "evidence": "Evidence", "verdict": "Verdict"}
DURATION, SHARE, SIZE = r"^ *(\d+", r"^\d+(\.\d+)? ?%$", r"(KiB|kB|MiB)"
OF_ITS_TYPE = ("a duration with its unit", "a share, such as", "a size, such as")
_REF = "#/$defs/"


def schema_page(name):
    """The page of schemas/NAME.schema.json."""
    schema = json.loads((ROOT / "schemas" / f"{name}.schema.json").read_text())
    objects = {ROOTS[name]: schema, **_in_order(schema)}
    sections = [_section(title, body) for title, body in objects.items() if title != "JsonValue"]
    return "\n".join([HEADS[name], *sections])


def _in_order(schema):
    """The definitions in the order in which a reader meets them, depth first."""
    found = {}

    def visit(node):
        for name in re.findall(r'"\$ref": "#/\$defs/(\w+)"', json.dumps(node)):
            if name not in found:
                found[name] = schema["$defs"][name]
                visit(found[name])

    visit(schema.get("properties", {}))
    return found


def _section(title, body):
    description = _escaped(" ".join(body.get("description", "").split()))
    lines = [f"## {title}", "", *([description, ""] if description else [])]
    if "enum" in body:
        return "\n".join([*lines, "One of: " + ", ".join(f"`{value}`" for value in body["enum"]) + ".", ""])
    if not {"properties", "patternProperties"} & body.keys():
        return "\n".join([*lines, f"Type: {_type(body)}.", ""])
    rows = [_row(body, name, field) for name, field in body.get("properties", {}).items()]
    table = ["| field | type | default | meaning |", "|---|---|---|---|"]
    # The verbs of a request, alike in all but their names, share a row.
    for rest, alike in groupby(rows, key=lambda row: row[1:]):
        names = ", ".join(f"`{row[0]}`" for row in alike)
        table.append(f"| {' | '.join([names, *rest])} |")
    if "patternProperties" in body:
        table.append(
            "| any selector | matcher |  | [selectors and matchers](../plan/selectors-and-matchers.md) |"
        )
    return "\n".join([*lines, *table, ""])


def _row(body, name, field):
    default = "required" if name in body.get("required", ()) else _default(field)
    meaning = " ".join(field.get("description", "").split())
    return name, _type(field), default, "" if meaning.startswith(OF_ITS_TYPE) else _escaped(meaning)


def _type(field):
    """A field's type in words, with a link where it is an object of ours."""
    if "$ref" in field:
        name = field["$ref"].removeprefix(_REF)
        return "any JSON value" if name == "JsonValue" else f"[{name}](#{name.lower()})"
    for several in ("anyOf", "oneOf"):
        if several in field:
            return " or ".join(dict.fromkeys(_type(item) for item in field[several]))
    if "const" in field:
        return f"`{json.dumps(field['const'])}`"
    if "enum" in field:
        return ", ".join(f"`{value}`" for value in field["enum"])
    if field.get("type") == "array":
        inner = field.get("items") or (field.get("prefixItems") or [{}])[0]
        return f"list of {_type(inner)}"
    if field.get("type") == "object":
        values = field.get("additionalProperties")
        return f"mapping to {_type(values)}" if isinstance(values, dict) else "mapping"
    return _scalar(field)


def _scalar(field):
    pattern = str(field.get("pattern", ""))
    if pattern.startswith(DURATION):
        return "duration"
    if pattern == SHARE:
        return "share, such as 70%"
    if re.search(SIZE, pattern):
        return "size"
    known = {"date-time": "time (UTC)", "string": "text", "boolean": "true or false", "null": "null"}
    return known.get(field.get("format", field.get("type", "")), field.get("type", "any"))


def _default(field):
    if "default" not in field:
        return ""
    value, kind = field["default"], _type(field)
    if isinstance(value, dict) and "](#" in kind:
        return "see there"
    if isinstance(value, list) and kind.startswith("list of "):
        return f"`[{', '.join(_written(item, kind) for item in value)}]`"
    return f"`{_written(value, kind)}`"


def _written(value, kind):
    """A default as a plan would have it: the schema has seconds, per cent and bytes."""
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        if "duration" in kind:
            return _duration(value)
        if "share" in kind:
            return f"{value:g}%"
        if "size" in kind and value % 1024 == 0:
            return f"{value // 1024}KiB"
    return json.dumps(value, ensure_ascii=False)


def _duration(seconds):
    if 0 < seconds < 1:
        return f"{seconds * 1000:g}ms"
    for unit, size_s in (("h", 3600), ("m", 60)):
        if seconds and seconds % size_s == 0:
            return f"{seconds / size_s:g}{unit}"
    return f"{seconds:g}s"


def _escaped(text):
    return text.replace("|", "\\|").replace("<", "&lt;")
