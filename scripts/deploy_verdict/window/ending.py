"""The end of a window that one process watched: verdict, report, and the run as a column to keep. Shell."""

from dataclasses import dataclass
from pathlib import Path

from deploy_verdict.model import Verdict
from deploy_verdict.window.captured_runs import keep_capture, with_captures
from deploy_verdict.window.session import Session, finish
from deploy_verdict.window.verdicts import read_bundle, remember_verdict, write_reports, write_verdict
from deploy_verdict.window.watch import Watched


@dataclass(frozen=True, kw_only=True)
class Ended:
    """What came of it."""

    verdict: Verdict
    report: Path


def end_window(session: Session, watched: Watched, plan: Path, capture: Path | None) -> Ended:
    """Judge and render; a whole window is closed and, where asked, kept as a captured run."""
    file = session.file.model_copy(update={"ended": watched.ended})
    bundle = with_captures(read_bundle(session.plan, session.out, file, file.left_out), plan.parent)
    now = session.pace.clock.now()
    verdict = write_verdict(bundle, session.out, now, interrupted=not watched.whole)
    report = write_reports(bundle, verdict, session.out, now)
    remember_verdict(bundle, verdict, session.history)
    if watched.whole:
        finish(session.out, file)
        if capture is not None:
            keep_capture(bundle, verdict, capture)
            session.tell(f"kept as {capture}")
    else:
        session.tell("stopped before the window's end; the same command goes on with it")
    return Ended(verdict=verdict, report=report)
