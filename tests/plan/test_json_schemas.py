"""schemas/ is what the models say, and accepts what it should."""

import json
from pathlib import Path

import jsonschema
import pytest
import yaml

from deploy_verdict.plan.reading.json_schemas import schemas

ROOT = Path(__file__).resolve().parents[2]


def test_each_schema_is_current():
    """When this fails: make schemas."""
    written = {path.name: json.loads(path.read_text()) for path in (ROOT / "schemas").glob("*.json")}
    assert written == schemas()
    for schema in written.values():
        jsonschema.Draft202012Validator.check_schema(schema)


def plan_errors(plan):
    validator = jsonschema.Draft202012Validator(json.loads((ROOT / "schemas/plan.schema.json").read_text()))
    # JSON keys are texts; YAML reads {200: 1} with a number.
    return [error.message for error in validator.iter_errors(json.loads(json.dumps(plan)))]


def test_an_editor_accepts_plans_zeues():
    assert plan_errors(yaml.safe_load((ROOT / "plans" / "zeues.yml").read_text())) == []


@pytest.mark.parametrize(
    "change",
    [
        {"wndow": {}},
        {"version": 2},
        {"window": {"length": 2}},
        {"health": [{"name": "a", "get": "/x", "expect": {}}]},
        {"health": [{"name": "a", "get": "/x", "expect": {"stauts": 200}}]},
        {"health": [{"name": "a", "get": "/x", "expect": {"$.a": {"belw": 1}}}]},
        {"never": [{"because": "x", "stauts": 1}]},
        {"pools": [{"name": "p"}]},
    ],
)
def test_an_editor_marks_a_mistake(change):
    good = {"version": 1, "name": "x", "service": {"base_url": "http://x"}}
    assert plan_errors(good) == []
    assert plan_errors({**good, **change})
