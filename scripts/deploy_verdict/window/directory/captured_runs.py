"""Saves captured runs beside the plan, and reads those that the plan's baseline names."""

import re
from dataclasses import replace
from pathlib import Path

from pydantic import ValidationError

from deploy_verdict.base.errors import EvidenceError, UsageError
from deploy_verdict.evidence.bundle import Bundle
from deploy_verdict.evidence.measures import captured
from deploy_verdict.model import CapturedRun, Verdict
from deploy_verdict.window.directory.evidence_store import write_json

FOLDER = "captures"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,60}")


def capture_path(plan: Path, name: str | None) -> Path | None:
    """Return the path for a captured run of this name; raise UsageError if the file exists already."""
    if name is None:
        return None
    if not _NAME.fullmatch(name):
        raise UsageError(f"--capture {name!r}: write a name of letters, digits, - and _, such as crisis")
    path = plan.parent / FOLDER / f"{name}.json"
    if path.exists():
        raise UsageError(f"{path} already exists — choose another name, or remove it")
    return path


def keep_capture(bundle: Bundle, verdict: Verdict, path: Path) -> None:
    """Save this run's measurements as a captured run."""
    write_json(path, captured(bundle, verdict, path.stem))


def read_capture(path: Path) -> CapturedRun:
    """Read one captured run; raise EvidenceError with the reason."""
    try:
        return CapturedRun.model_validate_json(path.read_bytes())
    except OSError as error:
        raise EvidenceError(f"{path}: cannot be read ({error.strerror})") from error
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        place = "/".join(map(str, first["loc"]))
        raise EvidenceError(f"{path}: is not a captured run ({place}: {first['msg']})") from error


def with_captures(bundle: Bundle, folder: Path) -> Bundle:
    """Add the captured runs that the plan's baseline names, or for each the reason why it cannot be read."""
    found: dict[str, CapturedRun | str] = {}
    for column, name in (bundle.plan.baseline.captured if bundle.plan.baseline else {}).items():
        try:
            found[column] = read_capture(folder / name)
        except EvidenceError as error:
            found[column] = str(error).replace(f"{folder}/", "")
    return replace(bundle, captures=found)
