"""Copies the plan into a run's directory, so that the directory can be judged again on its own.

The files that the plan names (the incident's lines, captured runs) go with it, and the values of its
variables except those whose names mark them as secret.
"""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from deploy_verdict.plan import Plan, incident_file
from deploy_verdict.redaction.redactor import Redactor, is_secret
from deploy_verdict.window.directory.evidence_store import write_text

PLAN_FILE = "plan.yml"
_VARIABLE = re.compile(r"(?<!\$)\$\{([A-Za-z_][A-Za-z0-9_]*)")


def keep_plan(plan: Plan, path: Path, out: Path) -> None:
    """Copy a plan and the files that it names; a missing file is reported by whoever reads it."""
    kept = out / PLAN_FILE
    if kept.exists() and kept.samefile(path):
        return
    for name in beside(plan):
        if (path.parent / name).is_file():
            text = (path.parent / name).read_text(encoding="utf-8", errors="replace")
            write_text(out / name, text, as_it_is=True)
    write_text(kept, path.read_bytes().decode(), as_it_is=True)


def beside(plan: Plan) -> Iterator[str]:
    """Yield the files that a plan names, as paths relative to the plan."""
    name = incident_file(plan)
    if name is not None:
        yield name
    yield from plan.baseline.captured.values() if plan.baseline else ()


def variables_of(path: Path, environment: Mapping[str, str]) -> dict[str, str]:
    """Return the variables that a plan uses with their values, redacted and without secret ones."""
    redactor = Redactor.from_environment(environment)
    names = dict.fromkeys(_VARIABLE.findall(path.read_text(encoding="utf-8-sig")))
    return {
        name: redactor.text(environment[name])
        for name in names
        if environment.get(name) and not is_secret(name) and name not in ("TODAY", "TARGET_URL")
    }


def kept_variables(path: Path, kept: Mapping[str, str]) -> dict[str, str]:
    """Return values for a copied plan's variables; one whose value was not kept reads "not-kept"."""
    names = dict.fromkeys(_VARIABLE.findall(path.read_text(encoding="utf-8-sig")))
    return {name: kept.get(name, "not-kept") for name in names if name != "TODAY"} | dict(kept)
