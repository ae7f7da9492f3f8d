"""docs/plan/grammar.md holds the grammar whole and true; the schema says of each key what it is.

That every example of the page is read is held by tests/test_docs.py.
"""

import json
import re

import jsonschema
import pytest

from tests.pages import PAGES, blocks
from tests.running import ROOT

# Held current by test_json_schemas.
SCHEMA = json.loads((ROOT / "schemas/plan.schema.json").read_text())
PAGE = PAGES["docs/plan/grammar.md"]
PARTS = {"Plan": SCHEMA, **SCHEMA["$defs"]}
KEYS = [(model, key) for model, part in PARTS.items() for key in part.get("properties", {})]


def test_the_page_is_short():
    assert len(PAGE.splitlines()) < 200


def test_every_key_of_the_schema_stands_in_the_page():
    text = "\n".join(blocks(PAGE, "yaml")) + re.sub(r"```.*?```", "", PAGE, flags=re.DOTALL)
    lacking = {key for _, key in KEYS if not re.search(rf"(?<![\w$.]){re.escape(key)}(?:`|:|,| or )", text)}
    assert not lacking, f"add them to docs/plan/grammar.md: {sorted(lacking)}"


def test_the_schema_describes_every_key():
    lacking = [f"{m}.{k}" for m, k in KEYS if not PARTS[m]["properties"][k].get("description")]
    assert not lacking, f"add a description to the field, or a row to plan/reading/key_help.py: {lacking}"


@pytest.mark.parametrize("model", PARTS)
def test_every_example_of_the_schema_is_valid(model):
    for key, field in PARTS[model].get("properties", {}).items():
        rest = {name: value for name, value in field.items() if name != "examples"}
        for example in field.get("examples", ()):
            jsonschema.Draft202012Validator({**rest, "$defs": SCHEMA["$defs"]}).validate(example)
            assert key
