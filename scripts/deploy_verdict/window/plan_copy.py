"""A run's directory holds its plan, so that it can be judged again on its own. Shell.

What the plan needs from beside it goes along: the incident's lines, captured runs, and the values of
its variables, except those whose names tell that they are secret.
"""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from deploy_verdict.plan import Plan, incident_file
from deploy_verdict.redaction.redactor import Redactor, is_secret
from deploy_verdict.window.evidence_store import write_text

PLAN_FILE = "plan.yml"
_VARIABLE = re.compile(r"(?<!\$)\$\{([A-Za-z_][A-Za-z0-9_]*)")


def keep_plan(plan: Plan, path: Path, out: Path) -> None:
    """Copy a plan whole, with the files that it names; what is not there is told where it is missed."""
    kept = out / PLAN_FILE
    if kept.exists() and kept.samefile(path):
        return
    for name in beside(plan):
        if (path.parent / name).is_file():
            text = (path.parent / name).read_text(encoding="utf-8", errors="replace")
            write_text(out / name, text, as_it_is=True)
    write_text(kept, path.read_bytes().decode(), as_it_is=True)


def beside(plan: Plan) -> Iterator[str]:
    """The files that a plan names, by their paths beside it."""
    name = incident_file(plan)
    if name is not None:
        yield name
    yield from plan.baseline.captured.values() if plan.baseline else ()


def variables_of(path: Path, environment: Mapping[str, str]) -> dict[str, str]:
    """The variables that a plan takes up and their values, without secrets."""
    redactor = Redactor.from_environment(environment)
    names = dict.fromkeys(_VARIABLE.findall(path.read_text(encoding="utf-8-sig")))
    return {
        name: redactor.text(environment[name])
        for name in names
        if environment.get(name) and not is_secret(name) and name not in ("TODAY", "TARGET_URL")
    }


def refilled(path: Path, kept: Mapping[str, str]) -> dict[str, str]:
    """Values for a kept plan's variables; one that was not kept, as it is secret, reads as such."""
    names = dict.fromkeys(_VARIABLE.findall(path.read_text(encoding="utf-8-sig")))
    return {name: kept.get(name, "not-kept") for name in names if name != "TODAY"} | dict(kept)
