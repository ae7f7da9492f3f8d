"""Pass or fail of each sample as it comes, on one machine; the first failure for good raises the alarm."""

from collections.abc import Callable

from deploy_verdict import __version__
from deploy_verdict.base.units import shown_offset
from deploy_verdict.evidence.bundle import Bundle
from deploy_verdict.markup.labels import counted, name_of, severity_of
from deploy_verdict.markup.markdown import one_line
from deploy_verdict.model import Finding, Outcome, Verdict
from deploy_verdict.verdict.alarm import alarming, why_ended
from deploy_verdict.verdict.judge import judge
from deploy_verdict.window.judge_directory import read_bundle
from deploy_verdict.window.session import Session

OnAlarm = Callable[[Bundle, Verdict], None]
MOST_FAILURES = 5
# Sped up, a sample takes less time than the judge: judging each would make the next ones late.
JUDGED_EVERY_S = 1.0


class SampleResults:
    """Judges the evidence so far after each sample; what failed before is not said again."""

    def __init__(self, session: Session, tell: Callable[[str], None], on_alarm: OnAlarm) -> None:
        self._session, self._tell, self._on_alarm = session, tell, on_alarm
        self._known: set[tuple[str, ...]] = set()
        self._alarmed = False
        self._judged_s: float | None = None

    def after(self, stage: str, offset_s: float) -> str | None:
        """Say how this sample went; returns why the window ends now, or None."""
        session = self._session
        now_s = session.pace.clock.monotonic_s()
        is_sped_up = session.file.window.speed > 1
        if is_sped_up and self._judged_s is not None and now_s - self._judged_s < JUDGED_EVERY_S:
            return None
        bundle = read_bundle(session.plan, session.out, session.file, session.file.left_out)
        verdict = judge(bundle, judged_at=session.pace.clock.now(), tool_version=__version__)
        failed = [item for item in verdict.findings if item.outcome is Outcome.FAIL]
        new = [item for item in failed if _identity(item) not in self._known]
        self._known.update(_identity(item) for item in new)
        where = f"{stage} {shown_offset(offset_s)}"
        for item in new[:MOST_FAILURES]:
            self._tell(
                f"{where}: FAIL {severity_of(item).value} {name_of(item)} — "
                f"expected: {one_line(item.expectation, 80)}; found: {one_line(item.actual, 120)}"
            )
        if len(new) > MOST_FAILURES:
            self._tell(f"{where}: and {len(new) - MOST_FAILURES} more failed")
        if not new:
            before = f"; {counted(len(failed), 'finding')} failed before" if failed else ""
            self._tell(f"{where}: nothing new failed{before}")
        if not self._alarmed and alarming(verdict.findings):
            self._alarmed = True
            self._tell("ALARM: critical so far, and no later sample can undo it")
            self._on_alarm(bundle, verdict)
        self._judged_s = session.pace.clock.monotonic_s()
        return why_ended(bundle, verdict)


def _identity(finding: Finding) -> tuple[str, ...]:
    return (finding.stage, finding.check, finding.rule, finding.expectation)
