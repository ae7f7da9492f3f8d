"""Prints a plan's mistakes as JSON, for editors: file, line, column, what is wrong, what to write."""

from datetime import datetime
from pathlib import Path
from typing import Any

from deploy_verdict.base.errors import PlanError
from deploy_verdict.plan import Plan
from deploy_verdict.plan.reading.positioned_yaml import Document
from deploy_verdict.window.directory.plan_file import load_placed_plan
from deploy_verdict.window.directory.session import dumps


def placed_plan(
    path: Path, today: datetime, target: str | None = None, *, as_json: bool
) -> tuple[Plan, Document] | None:
    """Read a plan; with `as_json`, print its mistakes as JSON and return None."""
    try:
        return load_placed_plan(path, today, target)
    except PlanError as error:
        if not as_json:
            raise
        print(dumps({"valid": False, "problems": problems_json(error)}))
        return None


def problems_json(error: PlanError) -> list[dict[str, Any]]:
    """Return each mistake; its message is split at " — " into what is wrong and what to write."""
    parts = [(problem, problem.message.partition(" — ")) for problem in error.problems]
    return [
        {"file": error.path, "line": p.line, "column": p.column, "message": what, "write": write}
        for p, (what, _, write) in parts
    ]
