"""Other services of the project in the report: one line for each rule. Pure."""

from dataclasses import dataclass
from datetime import datetime

from deploy_verdict.evidence.bundle import Bundle
from deploy_verdict.markup.labels import files_of, not_checked
from deploy_verdict.markup.lines import Line, lines
from deploy_verdict.model import Verdict


@dataclass(frozen=True, kw_only=True)
class OtherServices:
    """The section; `reason` says why nothing is known."""

    reason: str
    lines: tuple[Line, ...]
    files: str


def shown_services(bundle: Bundle, verdict: Verdict, generated_at: datetime) -> OtherServices | None:
    """Return the section; None if the plan names no other services."""
    if bundle.plan.railway is None or not bundle.plan.railway.services:
        return None
    return OtherServices(
        reason=not_checked(bundle, "services") or "",
        lines=lines(finding for finding in verdict.findings if finding.stage == "services"),
        files=files_of(bundle, "services"),
    )
