"""Adds the incident's log lines from their file beside the plan. Pure: the text is passed in."""

import hashlib

from pydantic import ValidationError

from deploy_verdict.plan.plan import Plan
from deploy_verdict.plan.sections.logs import Incident


def incident_file(plan: Plan) -> str | None:
    """Return the file that the plan names, or None."""
    return plan.logs.incident.file if plan.logs is not None and plan.logs.incident is not None else None


def with_incident(plan: Plan, text: str) -> Plan:
    """Return the plan with its file's lines, which change its sha256; raise ValueError for unusable lines."""
    if plan.logs is None or plan.logs.incident is None:
        return plan
    try:
        lines = Incident(lines=tuple(text.splitlines())).lines
    except ValidationError as error:
        raise ValueError(str(error.errors()[0]["msg"]).removeprefix("Value error, ")) from error
    incident = plan.logs.incident.model_copy(update={"lines": lines})
    both = f"{plan.sha256}\n{hashlib.sha256(text.encode()).hexdigest()}"
    return plan.model_copy(
        update={
            "logs": plan.logs.model_copy(update={"incident": incident}),
            "sha256": hashlib.sha256(both.encode()).hexdigest(),
        }
    )
