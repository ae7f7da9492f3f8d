"""Reads the plan's file with the environment that fills its variables, and copies it into a run's directory.

With the copy, the directory can be judged again on its own. The files that the plan names (the incident's
lines, captured runs) go with it, and the values of its variables except those whose names mark them as
secret.
"""

import os
import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from io import StringIO
from pathlib import Path

from deploy_verdict.base.errors import UsageError
from deploy_verdict.plan import Plan, checked_address, incident_file, with_incident, with_target
from deploy_verdict.plan.reading.positioned_yaml import Document
from deploy_verdict.plan.reading.reader import read_placed_plan
from deploy_verdict.redaction.output_guard import guard
from deploy_verdict.redaction.redactor import Redactor, is_secret
from deploy_verdict.window.directory.evidence_store import write_text


def environment_for(plan_path: Path) -> Mapping[str, str]:
    """Return the environment's variables; a .env here or beside the plan fills those that are not set.

    DEPLOY_VERDICT_DOTENV may hold the lines of a .env itself, so that one GitHub secret carries them all.
    """
    texts = [os.environ.get("DEPLOY_VERDICT_DOTENV", "")]
    texts += [path.read_text() for path in (plan_path.parent / ".env", Path(".env")) if path.is_file()]
    filled: dict[str, str] = {}
    for text in filter(None, texts):
        from dotenv import dotenv_values  # noqa: PLC0415  # only where there is something to read

        values = dotenv_values(stream=StringIO(text))
        filled |= {name: value for name, value in values.items() if value is not None}
    # GitHub passes an unset variable of a workflow as an empty text.
    merged = {**filled, **{name: value for name, value in os.environ.items() if value or name not in filled}}
    guard(merged)
    return merged


def load_plan(
    path: Path,
    today: datetime,
    target: str | None = None,
    *,
    variables: Mapping[str, str] | None = None,
    changes: Sequence[str] = (),
) -> Plan:
    """Read a plan from its file; `target` replaces its base_url.

    `variables` take precedence over the environment. `changes` are PATH=VALUE, as given to --what-if.
    """
    return load_placed_plan(path, today, target, variables=variables, changes=changes)[0]


def load_placed_plan(
    path: Path,
    today: datetime,
    target: str | None = None,
    *,
    variables: Mapping[str, str] | None = None,
    changes: Sequence[str] = (),
) -> tuple[Plan, Document]:
    """Read a plan like load_plan, and return it with the position of every value in the file."""
    try:
        data = path.read_bytes()
    except FileNotFoundError as error:
        raise UsageError(f"{path}: no such file — give a plan, such as plans/zeues.yml") from error
    except IsADirectoryError as error:
        raise UsageError(f"{path} is a directory — give the plan's file in it") from error
    except OSError as error:
        raise UsageError(f"{path}: cannot be read ({error.strerror})") from error
    environment = {**environment_for(path), **(variables or {})}
    if target is None:
        plan, document = read_placed_plan(data, str(path), environment, f"{today:%Y-%m-%d}", changes)
        return _guarded(_with_incident_file(plan, path), document)
    try:
        address = checked_address(target)
    except ValueError as error:
        raise UsageError(f"--target {error}") from error
    # A plan whose address is ${TARGET_URL} without a default needs only --target.
    environment["TARGET_URL"] = address
    plan, document = read_placed_plan(data, str(path), environment, f"{today:%Y-%m-%d}", changes)
    return _guarded(with_target(_with_incident_file(plan, path), address), document)


def _guarded(plan: Plan, document: Document) -> tuple[Plan, Document]:
    guard({}, plan.headers)
    return plan, document


def _with_incident_file(plan: Plan, path: Path) -> Plan:
    """Add the incident's lines if the plan keeps them in a file of their own."""
    name = incident_file(plan)
    if name is None:
        return plan
    file = path.parent / name
    try:
        return with_incident(plan, file.read_text(encoding="utf-8", errors="replace"))
    except OSError as error:
        raise UsageError(f"{file}: cannot be read ({error.strerror}); logs.incident names it") from error
    except ValueError as error:
        raise UsageError(f"{file}: {error}") from error


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
