"""Reads and writes evidence files: complete or absent, one name for each stage, offset and attempt."""

import json
import re
from functools import lru_cache
from pathlib import Path
from typing import TypeVar

from pydantic import ValidationError

from deploy_verdict.base.atomic_files import write_complete
from deploy_verdict.base.errors import EvidenceError, UsageError
from deploy_verdict.base.strict_json import refuse_bomb
from deploy_verdict.model import Evidence, Loaded, Record, Unreadable, dumped
from deploy_verdict.model.window import evidence_name
from deploy_verdict.redaction.output_guard import cleaned, cleaned_document

Kept = TypeVar("Kept", bound=Record)
MAX_EVIDENCE_BYTES = 32 * 1024 * 1024
MOST_VALUES = 300_000
_NAME = re.compile(r"(?P<stage>[a-z0-9_]+)\.T\+(?P<minutes>\d{3,}(?:\.\d+)?)\.a(?P<attempt>\d+)\.json")


def next_attempt(directory: Path, stage: str, offset_s: float, at_least: int = 1) -> int:
    """Return the first attempt number that has no file, so that no run overwrites another's evidence."""
    attempt = at_least
    while (directory / evidence_name(stage, offset_s, attempt)).exists():
        attempt += 1
    return attempt


def write_json(path: Path, record: Record, *, durable: bool = True) -> None:
    """Write a record as JSON, completely or not at all and without secrets; raise EvidenceError."""
    document = cleaned_document(dumped(record))
    write_complete(path, json.dumps(document, ensure_ascii=False, indent=1) + "\n", durable=durable)


def write_text(path: Path, text: str, *, as_it_is: bool = False) -> None:
    """Write a text completely or not at all, and without secrets; raise EvidenceError.

    `as_it_is` skips redaction. It is for exact copies, such as a plan's, which names variables and not
    values.
    """
    write_complete(path, text if as_it_is else cleaned(text), durable=True)


def read_record(path: Path, kind: type[Kept], *, missing: str) -> Kept:
    """Read a record from its file; raise EvidenceError, or UsageError with `missing` for no file."""
    try:
        return kind.model_validate_json(path.read_bytes())
    except FileNotFoundError as error:
        raise UsageError(f"{path}: {missing}") from error
    except (OSError, ValidationError) as error:
        word = kind.__name__.removesuffix("File").lower()
        raise EvidenceError(f"{path}: cannot be read as a {word} ({type(error).__name__})") from error


def read_evidence(directory: Path) -> tuple[Loaded | Unreadable, ...]:
    """Read every evidence file of a directory, sorted by name; no directory gives none."""
    try:
        names = sorted(path.name for path in directory.iterdir() if path.suffix == ".json")
    except FileNotFoundError:
        return ()
    except OSError as error:
        raise EvidenceError(f"{directory}: cannot be read ({error.strerror})") from error
    return tuple(read_file(directory / name) for name in names)


def read_attempts(directory: Path, stage: str, offset_s: float) -> tuple[Loaded | Unreadable, ...]:
    """Read the evidence files of every attempt at one sample, and open no other file."""
    pattern = evidence_name(stage, offset_s, 1).replace(".a1.json", ".a*.json")
    return tuple(read_file(path) for path in sorted(directory.glob(pattern)))


def read_stage(directory: Path, stage: str) -> tuple[Loaded | Unreadable, ...]:
    """Read the evidence files of one stage, sorted by name, and open no other file."""
    return tuple(read_file(path) for path in sorted(directory.glob(f"{stage}.T+*.json")))


def read_file(path: Path) -> Loaded | Unreadable:
    """Read one evidence file, or say why it cannot be read."""
    if not _NAME.fullmatch(path.name):
        return Unreadable(name=path.name, reason="its name is not one of evidence (stage.T+000.a1.json)")
    try:
        found = path.stat()
        if found.st_size > MAX_EVIDENCE_BYTES:
            return Unreadable(name=path.name, reason=f"it is larger than {MAX_EVIDENCE_BYTES} bytes")
        return _parsed(path, (found.st_ino, found.st_mtime_ns, found.st_ctime_ns, found.st_size))
    except OSError as error:
        return Unreadable(name=path.name, reason=f"it cannot be read ({error.strerror})")


@lru_cache(maxsize=128)
def _parsed(path: Path, _as_of: tuple[int, ...]) -> Loaded | Unreadable:
    """Parse a file once per version: a window rereads all its evidence after each sample."""
    return parse_evidence(path.name, path.read_bytes())


def parse_evidence(name: str, data: bytes) -> Loaded | Unreadable:
    """Parse one file's bytes as evidence, or say why they are not."""
    try:
        refuse_bomb(data.decode("utf-8", "replace"), MOST_VALUES)
        document = json.loads(data)
        schema = document.get("schema") if isinstance(document, dict) else None
        if schema != "deploy-verdict/evidence/1":
            return Unreadable(name=name, reason=f"its schema is {schema!r}, not 'deploy-verdict/evidence/1'")
        return Loaded(name=name, evidence=Evidence.model_validate_json(data))
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        place = "/".join(str(step) for step in first["loc"])
        return Unreadable(name=name, reason=f"{place}: {first['msg']}")
    except (ValueError, RecursionError) as error:
        return Unreadable(name=name, reason=f"it is not complete JSON ({str(error)[:80]})")
