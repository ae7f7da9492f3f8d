"""Earlier verdicts of this tool, one JSON line each: what a rollback must know about its target."""

import json
from pathlib import Path

from pydantic import AwareDatetime, ValidationError

from deploy_verdict.base.atomic_files import append_line
from deploy_verdict.model import Judged, Record, Subject, Verdict, dumped
from deploy_verdict.redaction.output_guard import cleaned_document

MOST_LINES = 10_000


class Remembered(Record):
    """One verdict: what it was about, and its outcome."""

    window: str
    plan: str
    target: str
    service: str | None = None
    environment: str | None = None
    deployment: str | None = None
    commit: str | None = None
    outcome: str
    interrupted: bool = False
    judged_at: AwareDatetime


def remember(path: Path, verdict: Verdict, deployment: str | None = None, commit: str | None = None) -> None:
    """Append a verdict; `deployment` and `commit` are what was found live. Raises EvidenceError."""
    subject = verdict.subject
    line = Remembered(
        window=verdict.window.id,
        plan=verdict.plan_name,
        target=subject.target,
        service=subject.service,
        environment=subject.environment,
        deployment=deployment or subject.deployment,
        commit=commit or subject.commit,
        outcome=verdict.outcome.value,
        interrupted=verdict.interrupted,
        judged_at=verdict.judged_at,
    )
    append(path, line)


def append(path: Path, line: Remembered) -> None:
    """Append one line to a history. Raises EvidenceError."""
    document = cleaned_document(dumped(line))
    append_line(path, json.dumps(document, ensure_ascii=False).encode("utf-8", "replace"))


def remembered(path: Path, subject: Subject) -> tuple[Remembered, ...]:
    """The lines on the same service and environment, oldest first; one that cannot be read is no verdict."""
    try:
        lines = path.read_bytes().splitlines()[-MOST_LINES:]
    except OSError:
        # None was kept yet, or none can be read: then no earlier deployment is known to be good.
        return ()
    found = [item for item in map(_read, lines) if item is not None]
    same = (subject.target, subject.environment)
    return tuple(item for item in found if (item.target, item.environment) == same)


def read_history(path: Path, subject: Subject) -> tuple[Judged, ...]:
    """The verdicts on the same service, oldest first."""
    return tuple(
        Judged(deployment=item.deployment, commit=item.commit, outcome=item.outcome, judged_at=item.judged_at)
        for item in remembered(path, subject)
    )


def _read(line: bytes) -> Remembered | None:
    try:
        return Remembered.model_validate_json(line)
    except ValidationError:
        return None
