"""Reads earlier verdicts from GitHub: the service's commit statuses on earlier deployments.

A runner keeps nothing between runs, but GitHub keeps the statuses. One counts only for the service that its
context names, and for the environment that ends its description.
"""

from collections.abc import Callable, Iterator
from pathlib import Path

from pydantic import AwareDatetime, ValidationError

from deploy_verdict.base.errors import ProviderError
from deploy_verdict.model import EarlierVerdict, Record, VerdictOutcome
from deploy_verdict.publish.comment_state import outcome_in, tally_in
from deploy_verdict.publish.service_marks import service_of, status_context
from deploy_verdict.railway import RailwayError, deployments
from deploy_verdict.window.directory.history import append_verdict
from deploy_verdict.window.directory.session import Session

MOST_COMMITS = 12
Statuses = Callable[[str], list[object]]


class Status(Record):
    """One commit status."""

    context: str
    state: str
    description: str | None = None
    target_url: str | None = None
    updated_at: AwareDatetime


def append_earlier_verdicts(session: Session, statuses: Statuses, path: Path) -> int:
    """Append the earlier verdicts that GitHub keeps to a history; return how many."""
    found = list(_verdicts(session, statuses))
    for line in found:
        append_verdict(path, line)
    return len(found)


def _verdicts(session: Session, statuses: Statuses) -> Iterator[EarlierVerdict]:
    subject, plan = session.file.subject, session.plan
    context = status_context(service_of(plan.service.name, plan.name))
    for deployment, commit in _earlier(session):
        for row in _statuses(session, statuses, commit):
            outcome = _outcome(row, context, subject.environment)
            if outcome is not None:
                yield EarlierVerdict(
                    window="github",
                    plan=plan.name,
                    target=subject.target,
                    service=subject.service,
                    environment=subject.environment,
                    deployment=deployment,
                    commit=commit,
                    outcome=outcome.value,
                    e2e=tally_in(row.description or ""),
                    link=row.target_url,
                    judged_at=row.updated_at,
                )


def _earlier(session: Session) -> list[tuple[str, str]]:
    """Return deployments of the service with a full commit SHA, each commit once, newest first."""
    railway, own = session.railway, session.file.subject.commit
    if railway.client is None or railway.place is None:
        return []
    try:
        listed, _ = deployments(railway.client, railway.place)
    except RailwayError as error:
        session.tell(f"cannot list earlier deployments: {error.fault.detail}")
        return []
    found: dict[str, str] = {}
    for item in listed:
        if item.commit and len(item.commit) == 40 and item.commit != own:
            found.setdefault(item.commit, item.id)
    return [(identity, commit) for commit, identity in found.items()][:MOST_COMMITS]


def _statuses(session: Session, statuses: Statuses, commit: str) -> list[Status]:
    try:
        rows = statuses(commit)
    except ProviderError as error:
        session.tell(f"cannot read the earlier verdict on {commit[:8]}: {error}")
        return []
    return [status for status in map(_status, rows) if status is not None]


def _status(row: object) -> Status | None:
    try:
        return Status.model_validate(row)
    except ValidationError:
        return None


def _outcome(status: Status, context: str, environment: str | None) -> VerdictOutcome | None:
    if status.context != context or status.state == "pending":
        return None
    outcome = outcome_in(status.description or "", environment)
    # The state and the description must agree.
    return outcome if outcome is not None and (status.state == "success") == (outcome == "stable") else None
