"""Generates from the models the JSON Schemas of the files that others read or write. Pure."""

from typing import Any

from pydantic import BaseModel

from deploy_verdict.model import CapturedRun, Evidence, Verdict, WindowFile
from deploy_verdict.plan.plan import plan_model
from deploy_verdict.plan.reading.key_help import with_help

_MODELS: dict[str, type[BaseModel]] = {
    "plan": plan_model(),
    "evidence": Evidence,
    "verdict": Verdict,
    "window": WindowFile,
    "captured": CapturedRun,
}


def schemas() -> dict[str, dict[str, Any]]:
    """Return file name → schema."""
    return {f"{name}.schema.json": _schema(name, model) for name, model in _MODELS.items()}


def _schema(name: str, model: type[BaseModel]) -> dict[str, Any]:
    schema = model.model_json_schema(mode="validation", by_alias=True)
    schema.get("properties", {}).pop("sha256", None)
    if name == "plan":
        schema = with_help(schema)
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": f"deploy-verdict {name}",
        **{key: value for key, value in schema.items() if key != "title"},
    }
