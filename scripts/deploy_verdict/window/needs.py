"""What the evidence so far says an exposure still needs."""

from deploy_verdict.evidence.bundle import bundled
from deploy_verdict.evidence.platform_views import readings_of
from deploy_verdict.model import (
    TopUpObservation,
)
from deploy_verdict.plan import Exposure
from deploy_verdict.stages.exposure.collect import Need
from deploy_verdict.stages.exposure.judge import our_runs
from deploy_verdict.window.evidence_store import read_evidence
from deploy_verdict.window.session import Session


def needing(session: Session, asked: Exposure) -> Need:
    """Others' runs are not known yet, and need not be believed: only ours count here.

    One that went wrong stays wrong, so that more of them would prove nothing.
    """
    file = session.file
    files = read_evidence(session.evidence_dir)
    bundle = bundled(session.plan, file.window, file.subject, files, left_out=file.left_out)
    seen = [item for _, item in readings_of(bundle, "top_up", TopUpObservation) if item.check == asked.name]
    runs = our_runs(bundle, asked)
    return Need(
        clean=runs.clean,
        earlier=sum(item.done + item.failed for item in seen),
        never=f"{runs.bad} of {runs.clean + runs.bad} runs went wrong before it" if runs.bad else "",
    )
