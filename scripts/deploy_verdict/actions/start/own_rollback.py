"""Recognizes our own rollback in later events, so that it opens no window of its own.

A runner keeps nothing between runs, so the rollback's run leaves a commit status on the target's commit.
Railway does not document which events a rollback sends: a deployment on GitHub, a webhook, both or none.
"""

import re
from collections.abc import Iterable
from datetime import datetime, timedelta

from pydantic import AwareDatetime, ValidationError

from deploy_verdict.github.runs import WorkflowRun, WorkflowRuns, split_title
from deploy_verdict.model import Deployment, Record
from deploy_verdict.publish.service_marks import rollback_context
from deploy_verdict.stages.deployment.state import short

# A rollback builds nothing, so its events come within minutes.
HEARD_WITHIN = timedelta(minutes=30)
# The prefixes of the workflow's run names.
_VERIFY, _ROLL_BACK = "verify ", "roll back "
_AS = re.compile(r" as (\S+)$")


class _Mark(Record):
    context: str
    description: str | None = None
    updated_at: AwareDatetime


def mark_rollback(
    runs: WorkflowRuns, commit: str, service: str, *, subject: str, deployment: str | None
) -> None:
    """Record on the target's commit that we roll back to it; `deployment` once it is known."""
    words = f"deploy-verdict rolled back {short(subject)} to this commit"
    words += f" as {deployment}" if deployment else ""
    runs.set_status(commit, rollback_context(service), "success", words)


def rollback_at_work(runs: Iterable[WorkflowRun], own_title: str) -> str | None:
    """Return why an event without a commit is our own rollback's: its run is in progress on that environment.

    A run that waits for its reviewers has done nothing yet and does not count.
    """
    label = split_title(own_title)[0].removeprefix(_VERIFY)
    for run in runs:
        if label and run.status == "in_progress" and split_title(run.display_title)[0] == _ROLL_BACK + label:
            return f"run {run.id} rolls back now, and checks the service's health: {run.html_url}"
    return None


def own_rollback(
    statuses: Iterable[object], service: str, deployment: Deployment | None, now: datetime
) -> str | None:
    """Return why an event on that commit is our own rollback's; None if it is not, or unknown."""
    for row in statuses:
        try:
            mark = _Mark.model_validate(row)
        except ValidationError:
            continue
        if mark.context != rollback_context(service) or now - mark.updated_at > HEARD_WITHIN:
            continue
        named = _AS.search(mark.description or "")
        if deployment is not None and named and named[1] != deployment.id:
            # Someone has deployed the same commit since.
            continue
        return (
            f"it is our own rollback, requested by {mark.updated_at:%H:%M} UTC: its run checks the service's "
            "health, and no window opens on it"
        )
    return None
