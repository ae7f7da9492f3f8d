"""Stops the tool's own writes after a P0: the suite, load, cycles and top-ups. Reading goes on.

A broken service is not written to any further. What was already written is still restored: a test cleans up
as part of its run, and restore_leftovers.py cleans up after a run that died.
"""

from deploy_verdict import __version__
from deploy_verdict.base.units import shown_offset
from deploy_verdict.evidence.bundle import bundled
from deploy_verdict.evidence.stopped import stop_words
from deploy_verdict.model import Finding, Loaded, Outcome, Severity, StoppedObservation
from deploy_verdict.stages.stage import Stage
from deploy_verdict.window.directory.evidence_store import read_evidence
from deploy_verdict.window.directory.session import Session


def why_stopped(session: Session, row: Stage, offset_s: float) -> StoppedObservation | None:
    """Return the reason not to take this sample, as its evidence; None if it is to be taken.

    A sample after the window's end writes again: it shows whether the trouble is over.
    """
    plan, file = session.plan, session.file
    if plan.escalation.keep_writing or offset_s > plan.window.end_s or not row.writes(plan, offset_s):
        return None
    # Only a stage that writes needs the judge.
    from deploy_verdict.verdict.judge import judge  # noqa: PLC0415

    files = read_evidence(session.evidence_dir)
    bundle = bundled(plan, file.window, file.subject, files, left_out=file.left_out)
    now = session.pace.clock.now()
    verdict = judge(bundle, judged_at=now, tool_version=__version__)
    failed = next((finding for finding in verdict.findings if _is_p0(finding)), None)
    if failed is None:
        return None
    stopped = StoppedObservation(
        check=f"{failed.stage}/{failed.check}/{failed.rule}",
        offset_s=offset_s,
        at=now,
        failed_at_s=_seen_at_s(bundle.loaded, failed),
    )
    session.tell(f"{row.name} {shown_offset(offset_s)}: {stop_words(stopped)}")
    return stopped


def _is_p0(finding: Finding) -> bool:
    return finding.outcome is Outcome.FAIL and finding.severity is Severity.P0


def _seen_at_s(loaded: tuple[Loaded, ...], finding: Finding) -> float | None:
    """Return the offset of the sample that shows a finding; a pointer begins with its file's name."""
    if finding.offset_s is not None:
        return finding.offset_s
    name = (finding.evidence or "").partition("#")[0]
    return next((item.evidence.offset_s for item in loaded if item.name == name), None)
