"""How often the operations that the plan names were really run. Pure."""

from dataclasses import dataclass

from deploy_verdict.evidence.bundle import Bundle
from deploy_verdict.markup.labels import MARK
from deploy_verdict.markup.tables import Table
from deploy_verdict.model import Verdict

LEFT_OUT = "not judged: its stage was left out"


@dataclass(frozen=True, kw_only=True)
class ShownExposure:
    """The section: one row for each operation of the plan."""

    table: Table


def shown_exposure(bundle: Bundle, verdict: Verdict) -> ShownExposure | None:
    """None where the plan asks for no exposure."""
    if not bundle.plan.exposures:
        return None
    found = {item.check: item for item in verdict.findings if item.stage == "exposure"}
    rows = []
    for asked in bundle.plan.exposures:
        finding = found.get(asked.name)
        seen = (finding.actual, MARK[finding.outcome]) if finding else (LEFT_OUT, "❔")
        rows.append((asked.name, asked.operation, f"{asked.wanted:,}", *seen))
    return ShownExposure(
        table=Table(headers=("Name", "Operation", "Clean Runs Wanted", "Seen", "Status"), rows=tuple(rows))
    )
