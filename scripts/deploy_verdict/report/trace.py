"""Where everything comes from: coverage, files, and who judged which window under which plan. Pure."""

from dataclasses import dataclass

from deploy_verdict.base.units import shown_offset
from deploy_verdict.evidence.bundle import Bundle
from deploy_verdict.markup.labels import moment, planned_moment
from deploy_verdict.markup.markdown import Safe
from deploy_verdict.markup.tables import Table
from deploy_verdict.model import Verdict
from deploy_verdict.report.coverage_strip import strip

MAX_SLOTS = 50
MAX_FILES = 60


@dataclass(frozen=True, kw_only=True)
class Trace:
    """The closing section."""

    coverage: str
    strip: Safe | None
    slots: Table | None
    slots_hidden: int
    files: tuple[str, ...]
    files_hidden: int
    unreadable: tuple[tuple[str, str], ...]
    facts: tuple[tuple[str, str], ...]


def trace(bundle: Bundle, verdict: Verdict, tool_version: str) -> Trace:
    """Every slot that was not simply taken is told."""
    holes = [slot for slot in verdict.coverage.slots if slot.state != "taken"]
    rows = tuple(
        (
            slot.stage,
            shown_offset(slot.offset_s),
            planned_moment(bundle.window, slot.offset_s),
            slot.state,
            slot.note,
        )
        for slot in holes[:MAX_SLOTS]
    )
    names = [item.name for item in bundle.loaded]
    return Trace(
        coverage=f"{verdict.coverage.taken} of {verdict.coverage.planned} scheduled samples were taken",
        strip=strip(verdict),
        slots=Table(headers=("Stage", "Offset", "Due", "State", "Note"), rows=rows) if rows else None,
        slots_hidden=max(0, len(holes) - MAX_SLOTS),
        files=tuple(names[:MAX_FILES]),
        files_hidden=max(0, len(names) - MAX_FILES),
        unreadable=tuple((item.name, item.reason) for item in bundle.unreadable),
        facts=_facts(bundle, verdict, tool_version),
    )


def _facts(bundle: Bundle, verdict: Verdict, tool_version: str) -> tuple[tuple[str, str], ...]:
    subject = bundle.subject
    facts = {
        "Target": subject.target,
        "Service": subject.service,
        "Environment": subject.environment,
        "Commit": subject.commit,
        "Window": bundle.window.id,
        "Plan": bundle.plan.name,
        "Plan sha256": bundle.plan.sha256,
        "Judged": f"{moment(verdict.judged_at)} by deploy-verdict {verdict.tool_version}",
        "Report by": f"deploy-verdict {tool_version}",
        "Run": next((item.evidence.run_url for item in bundle.loaded if item.evidence.run_url), None),
    }
    return tuple((name, value) for name, value in facts.items() if value)
