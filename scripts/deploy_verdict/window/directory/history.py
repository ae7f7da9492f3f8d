"""Keeps earlier verdicts, one JSON line each; a rollback chooses its target from them."""

import json
from pathlib import Path

from pydantic import ValidationError

from deploy_verdict.base.atomic_files import append_line
from deploy_verdict.evidence.measures import suite_tally
from deploy_verdict.model import EarlierVerdict, Judged, Subject, Verdict, VerdictOutcome, dumped
from deploy_verdict.redaction.output_guard import cleaned_document

MOST_LINES = 10_000


def append_to_history(
    path: Path,
    verdict: Verdict,
    deployment: str | None = None,
    commit: str | None = None,
    *,
    link: str | None = None,
) -> None:
    """Append a verdict; `deployment` and `commit` say what was live. Raise EvidenceError."""
    subject = verdict.subject
    line = EarlierVerdict(
        window=verdict.window.id,
        plan=verdict.plan_name,
        target=subject.target,
        service=subject.service,
        environment=subject.environment,
        deployment=deployment or subject.deployment,
        commit=commit or subject.commit,
        outcome=verdict.outcome.value,
        e2e=suite_tally(verdict),
        link=link,
        interrupted=verdict.interrupted,
        is_rehearsal=verdict.is_rehearsal,
        judged_at=verdict.judged_at,
    )
    append_verdict(path, line)


def append_verdict(path: Path, line: EarlierVerdict) -> None:
    """Append one line to a history; raise EvidenceError."""
    document = cleaned_document(dumped(line))
    append_line(path, json.dumps(document, ensure_ascii=False).encode("utf-8", "replace"))


def earlier_verdicts(path: Path, subject: Subject, plan: str) -> tuple[EarlierVerdict, ...]:
    """Return the verdicts on the same service and environment, oldest first; skip unreadable lines.

    A plan that does not name its service is matched by the plan's name.
    """
    try:
        lines = path.read_bytes().splitlines()[-MOST_LINES:]
    except OSError:
        # Without a readable history, no earlier deployment is known to be good.
        return ()
    found = [item for item in map(_read, lines) if item is not None]
    same = (subject.target, subject.environment, subject.service or plan)
    return tuple(item for item in found if (item.target, item.environment, item.service or item.plan) == same)


def read_history(path: Path, subject: Subject, plan: str) -> tuple[Judged, ...]:
    """Return the verdicts on the same service, oldest first, without the stable ones of a rehearsal."""
    return tuple(
        Judged(deployment=item.deployment, commit=item.commit, outcome=item.outcome, judged_at=item.judged_at)
        for item in earlier_verdicts(path, subject, plan)
        if not (item.is_rehearsal and item.outcome == VerdictOutcome.STABLE)
    )


def _read(line: bytes) -> EarlierVerdict | None:
    try:
        return EarlierVerdict.model_validate_json(line)
    except ValidationError:
        return None
