"""Prints the result of each sample, and raises the alarm at the first failure for good."""

from collections.abc import Callable, Iterable, Iterator

from deploy_verdict import __version__
from deploy_verdict.evidence.bundle import Bundle
from deploy_verdict.markup.labels import severity_of, worst_severity
from deploy_verdict.markup.markdown import one_line
from deploy_verdict.model import Finding, Outcome, Verdict
from deploy_verdict.stages.registry import function, named
from deploy_verdict.stages.stage import Stage
from deploy_verdict.verdict.alarm import alarming, unanswered, why_ended
from deploy_verdict.verdict.judge import judge
from deploy_verdict.window.directory.session import Session
from deploy_verdict.window.judge_directory import read_bundle
from deploy_verdict.window.sampling.progress_display import ProgressDisplay

OnAlarm = Callable[[Bundle, Verdict], None]
MOST_LINES = 5
ACTUAL_CHARACTERS, EXPECTED_CHARACTERS = 120, 80
# Sped up, a sample takes less time than judging it, so judging each would delay the next.
JUDGED_EVERY_S = 1.0


class SampleResults:
    """Judges the evidence so far after each sample, and prints that sample's result.

    A failing sample is printed each time; a failure that belongs to no sample is printed once. With
    `keep_watching`, a service that is down from T+0 on does not end the window.
    """

    def __init__(
        self, session: Session, display: ProgressDisplay, on_alarm: OnAlarm, *, keep_watching: bool
    ) -> None:
        self._session, self._display, self._on_alarm = session, display, on_alarm
        self._keep_watching = keep_watching
        self._known: set[tuple[str, ...]] = set()
        self._waiting: list[tuple[Stage, float]] = []
        self._alarmed = False
        self._judged_s: float | None = None

    def after(self, stage: str, offset_s: float) -> str | None:
        """Print this sample's result; return why the window ends now, or None."""
        session = self._session
        self._waiting.append((named(stage), offset_s))
        now_s = session.pace.clock.monotonic_s()
        # At T+0 each sample is judged, so that a service down from the start is reported at once.
        is_sped_up = session.file.window.speed > 1 and offset_s > 0
        if is_sped_up and self._judged_s is not None and now_s - self._judged_s < JUDGED_EVERY_S:
            return None
        return self.rest()

    def rest(self) -> str | None:
        """Print the results still waiting to be judged; return why the window ends now, or None."""
        if not self._waiting:
            return None
        session = self._session
        bundle = read_bundle(session.plan, session.out, session.file, session.file.left_out)
        verdict = judge(bundle, judged_at=session.pace.clock.now(), tool_version=__version__)
        self._show(bundle, verdict)
        if not self._alarmed and alarming(verdict.findings):
            self._alarmed = True
            self._display.tell("ALARM: critical so far, and no later sample can undo it")
            self._on_alarm(bundle, verdict)
        self._judged_s = session.pace.clock.monotonic_s()
        ended = why_ended(bundle, verdict)
        if ended is not None or self._keep_watching:
            return ended
        down = unanswered(bundle, verdict)
        if down is not None:
            self._display.tell(
                "down from T+0 on, so there is nothing to watch — to watch it all the same, "
                "add --keep-watching and choose another --out"
            )
        return down

    def _show(self, bundle: Bundle, verdict: Verdict) -> None:
        shown: set[tuple[str, ...]] = set()
        for row, offset_s in self._waiting:
            mine = [item for item in verdict.findings if (item.stage, item.offset_s) == (row.name, offset_s)]
            shown.update(_identity(item) for item in mine)
            for outcome, line in _lines_of(row, offset_s, mine, bundle, verdict):
                self._display.result(offset_s, outcome, line)
        failed = [item for item in verdict.findings if item.outcome is Outcome.FAIL]
        new = [item for item in failed if _identity(item) not in self._known | shown]
        self._known.update(_identity(item) for item in failed)
        newest_s = self._waiting[-1][1]
        for line in _cut(_failures(new)):
            self._display.result(newest_s, Outcome.FAIL, line)
        self._waiting.clear()


def _identity(finding: Finding) -> tuple[str, ...]:
    return (finding.stage, finding.check, finding.rule, finding.expectation)


def _lines_of(
    row: Stage, offset_s: float, mine: list[Finding], bundle: Bundle, verdict: Verdict
) -> Iterator[tuple[Outcome | None, str]]:
    """Yield a line for each check that failed or is inconclusive at one sample, and the sample's numbers."""
    failed = [item for item in mine if item.outcome is Outcome.FAIL]
    failing = {item.check for item in failed}
    unknown = [item for item in mine if item.outcome is Outcome.INCONCLUSIVE and item.check not in failing]
    for line in _cut(_failures(failed)):
        yield Outcome.FAIL, line
    for line in _cut(_failures(unknown)):
        yield Outcome.INCONCLUSIVE, line
    if row.in_short is not None:
        outcome, words = function(row.in_short)(bundle, verdict, offset_s)
        if not (failed or unknown) or outcome is Outcome.PASS:
            yield None if failed or unknown else outcome, f"{row.name}: {words}"
    elif not failed and not unknown:
        words = next((item.actual for item in mine), "done")
        yield Outcome.PASS, f"{row.name}: {one_line(words, ACTUAL_CHARACTERS)}"


def _cut(lines: Iterable[str]) -> Iterator[str]:
    """Yield the first MOST_LINES lines, and how many more there are."""
    every = list(lines)
    yield from every[:MOST_LINES]
    if len(every) > MOST_LINES:
        yield f"and {len(every) - MOST_LINES} more"


def _failures(findings: Iterable[Finding]) -> Iterator[str]:
    """Yield one line for each check with its worst finding; checks with the same message share a line."""
    of_check: dict[tuple[str, str], list[Finding]] = {}
    for item in findings:
        of_check.setdefault((item.stage, item.check), []).append(item)
    of_text: dict[tuple[str, str], list[Finding]] = {}
    for (stage, _), found in of_check.items():
        worst = min(found, key=severity_of)
        # "No answer" needs no expectation, and reads the same for every check.
        same = worst.actual if worst.actual.startswith("no answer") else _found(worst)
        of_text.setdefault((stage, same), []).append(worst)
    for (stage, text), found in of_text.items():
        names = ", ".join(item.check for item in found)
        severity = f" ({worst_severity(found)})" if found[0].outcome is Outcome.FAIL else ""
        name = stage if names == stage else f"{stage} {names}"
        yield f"{name}: {text}{severity}"


def _found(finding: Finding) -> str:
    """Return the actual value with the expected one; name a selector once."""
    actual = one_line(finding.actual, ACTUAL_CHARACTERS)
    expected = one_line(finding.expectation, EXPECTED_CHARACTERS)
    if finding.expectation.startswith(finding.rule):
        wanted = one_line(finding.expectation.removeprefix(finding.rule).strip(), EXPECTED_CHARACTERS)
        return f"{finding.rule} is {actual}, expected {wanted}"
    return f"{actual}; expected: {expected}"
