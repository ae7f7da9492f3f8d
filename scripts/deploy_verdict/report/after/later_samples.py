"""Compares the samples after the window's end with the window itself, in a table. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass

from deploy_verdict.base.units import shown_duration
from deploy_verdict.evidence.bundle import Bundle
from deploy_verdict.evidence.measures import NOT_MEASURED, NOT_RUN
from deploy_verdict.evidence.platform.platform_views import readings_of
from deploy_verdict.markup.labels import counted
from deploy_verdict.markup.tables import Table
from deploy_verdict.model import CaseObservation, Loaded, LogObservation, Outcome, Verdict, VerdictOutcome
from deploy_verdict.model.logs import COMPLETE
from deploy_verdict.plan import layout_of
from deploy_verdict.stages.e2e.judge import runs_passed

MOST_POOLS = 3


@dataclass(frozen=True, kw_only=True)
class Stretch:
    """The window, or the time since the previous sample; in plan seconds since T0."""

    name: str
    after_s: float
    until_s: float

    def has(self, offset_s: float) -> bool:
        """Whether a sample lies in this stretch."""
        return self.after_s < offset_s <= self.until_s


@dataclass(frozen=True, kw_only=True)
class LaterSamples:
    """The table, and what the newest sample means for the tracking issue."""

    table: Table
    what_follows: str


def later_samples(bundle: Bundle, verdict: Verdict) -> LaterSamples | None:
    """Return the later samples; None if the window has none after its end."""
    layout = layout_of(bundle.plan)
    if layout is None or not layout.tails_s:
        return None
    ends_s = (layout.length_s, *layout.tails_s)
    names = (f"until T+{shown_duration(ends_s[0])}", *(f"T+{shown_duration(end_s)}" for end_s in ends_s[1:]))
    after_s = (-1e9, *ends_s[:-1])
    stretches = [
        Stretch(name=name, after_s=start_s, until_s=end_s)
        for name, start_s, end_s in zip(names, after_s, ends_s, strict=True)
    ]
    pools = bundle.plan.pools[:MOST_POOLS]
    headers = ("Sample", "E2E", *(f"{pool.title or pool.name}, peak" for pool in pools))
    rows = tuple(
        (
            stretch.name,
            _suite(bundle, stretch),
            *(_peak(bundle, pool.name, stretch) for pool in pools),
            _unanswered(bundle, stretch),
            _log_errors(bundle, stretch),
            _failed(verdict, stretch),
        )
        for stretch in stretches
    )
    table = Table(headers=(*headers, "5xx or no answer", "ERROR lines", "Failed checks"), rows=rows)
    follows = _what_follows(bundle, verdict, ends_s[-1], is_over=layout.over)
    return LaterSamples(table=table, what_follows=" ".join(follows))


def _suite(bundle: Bundle, stretch: Stretch) -> str:
    """Count the tests that passed every run of the stretch; an unknown result does not count as passed."""
    e2e, files = bundle.plan.e2e, _files(bundle, "e2e", stretch)
    if e2e is None:
        return "not in the plan"
    at = tuple(offset_s for offset_s in e2e.at if stretch.has(offset_s))
    plan = bundle.plan.model_copy(update={"e2e": e2e.model_copy(update={"at": at})})
    tests = runs_passed(plan, [(item.name, item.evidence) for item in files]) if at else ()
    results = [row.outcome for row in tests]
    cases: dict[str, bool] = {}
    for _, case in readings_of(bundle, "e2e", CaseObservation):
        if stretch.has(case.offset_s):
            cases[case.check] = cases.get(case.check, True) and case.result in ("passed", "flaky")
    total = len(results) + len(cases)
    if not files or not total:
        return NOT_RUN
    passed = results.count(Outcome.PASS) + sum(cases.values())
    unknown = results.count(Outcome.INCONCLUSIVE)
    return f"{passed}/{total}" + (f" ({unknown} not known)" if unknown else "")


def _files(bundle: Bundle, stage: str, stretch: Stretch) -> list[Loaded]:
    return [item for item in bundle.of_stage(stage) if stretch.has(item.evidence.offset_s)]


def _peak(bundle: Bundle, pool: str, stretch: Stretch) -> str:
    good = [item for item in bundle.samples.get(pool, ()) if item.levels and stretch.has(item.offset_s)]
    return f"{max(item.peak_percent for item in good):.1f}%" if good else NOT_MEASURED


def _unanswered(bundle: Bundle, stretch: Stretch) -> str:
    sent = [item.exchange for item in bundle.sent if stretch.has(item.offset_s)]
    bad = sum(item.fault is not None or (item.status or 599) >= 500 for item in sent)
    return f"{bad:,} of {len(sent):,}" if sent else NOT_MEASURED


def _log_errors(bundle: Bundle, stretch: Stretch) -> str:
    """Return the errors counted at the end of the stretch minus those counted before it."""
    now = _errors_at(bundle, stretch.until_s)
    before = _errors_at(bundle, stretch.after_s) if stretch.after_s >= 0 else 0
    if now is None or before is None or now < before:
        return NOT_MEASURED
    return f"{now - before:,}"


def _errors_at(bundle: Bundle, offset_s: float) -> int | None:
    """Return the ERROR and CRITICAL lines since T0; None if the log was unreadable or had no line."""
    found = readings_of(bundle, "logs", LogObservation, COMPLETE, offset_s=offset_s)
    own = [item for _, item in found if not item.log]
    if not own or own[-1].fault is not None or not own[-1].lines_in_window:
        return None
    return sum(own[-1].levels.get(level, 0) for level in ("ERROR", "CRITICAL"))


def _failed(verdict: Verdict, stretch: Stretch) -> str:
    """Count the failed findings that name a moment of the stretch."""
    return str(
        sum(
            item.outcome is Outcome.FAIL and item.offset_s is not None and stretch.has(item.offset_s)
            for item in verdict.findings
        )
    )


def _what_follows(bundle: Bundle, verdict: Verdict, last_s: float, *, is_over: bool) -> Iterator[str]:
    following_s = sorted(tail_s for tail_s in bundle.plan.escalation.tail_checks if tail_s > last_s)
    if following_s and not is_over and not verdict.ended:
        yield f"Next sample at T+{shown_duration(following_s[0])}."
    else:
        yield f"T+{shown_duration(last_s)} was the last sample."
    if verdict.outcome is VerdictOutcome.STABLE:
        yield "All is well, so a tracking issue is closed."
    else:
        bad = [item for item in verdict.findings if item.outcome is not Outcome.PASS]
        yield f"{counted(len(bad), 'check')} of the window did not pass, so a tracking issue is open."
