"""How often was an operation really run in this window, and what error rate do those runs exclude? Pure.

Runs are our own requests of any stage, and those of others if the edge's log is trusted. A run is bad if the
service failed (a 5xx, no response, a response of the edge), and clean if it was done. A refusal (4xx) is
neither, as it may not have reached the operation. A step of an E2E test counts as its test was judged.
"""

from collections.abc import Iterator, Sequence

from deploy_verdict.base.units import shown_percent
from deploy_verdict.evidence.bundle import Bundle
from deploy_verdict.evidence.finding import Ruling, failed, passed, unknown
from deploy_verdict.evidence.platform.platform_views import readings_of
from deploy_verdict.evidence.stopped import stopped_by_p0
from deploy_verdict.model import (
    Finding,
    Outcome,
    TopUpObservation,
)
from deploy_verdict.plan import Exposure
from deploy_verdict.stages.exposure.runs import TOP_UP, OperationRuns, failed_runs, runs_of_path, runs_of_test
from deploy_verdict.stats.bounds import excluded_percent, possible_percent

STAGE = "exposure"


def judge_failed(bundle: Bundle, exposure: Exposure) -> Iterator[Finding]:
    """Fail if a top-up run went wrong, in the operation or beside it, as no other stage judges it."""
    runs = [run for run in failed_runs(bundle) if run.observation.check == exposure.name]
    wrong = [run for run in runs if run.result.outcome is Outcome.FAIL]
    for first in wrong[:1]:
        text = f"{len(wrong)} failed, the first: {first.result.actual}"
        ruling = failed(text, exposure.severity, "a top-up run failed")
        expectation = f"every run of {first.observation.of} gives what the plan expects"
        yield ruling.at(first.pointer).as_finding(STAGE, exposure.name, "top_up", expectation)


def judge_exposure(bundle: Bundle, findings: Sequence[Finding]) -> Iterator[Finding]:
    """Yield one finding for each operation; `findings` say whether the edge's log is trusted."""
    for exposure in bundle.plan.exposures:
        e2e = bundle.plan.e2e if exposure.test_name else None
        if e2e is not None and "e2e" in bundle.left_out:
            continue
        runs = runs_of_test(bundle, e2e, exposure) if e2e else runs_of_path(bundle, exposure, findings)
        text = f"{exposure.wanted} clean runs of {exposure.operation}"
        ruling = _judged(bundle, exposure, runs).at(runs.first_bad)
        yield ruling.as_finding(STAGE, exposure.name, "runs", text)
        if not runs.bad:
            yield from judge_failed(bundle, exposure)


def _judged(bundle: Bundle, exposure: Exposure, runs: OperationRuns) -> Ruling:
    total = runs.clean + runs.bad
    beside = f"; {runs.refused} more were refused (4xx), which do not count" if runs.refused else ""
    if runs.bad:
        share, most = shown_percent(100 * runs.bad / total), shown_percent(possible_percent(runs.bad, total))
        rate = f"{share} %, at most {most} % at 95 %"
        text = f"{runs.bad} of {total} runs{_shares(runs)} went wrong: {rate}{beside}"
        return failed(text, exposure.severity, "a watched operation failed")
    if not runs.clean:
        text = f"did not run in this window; {exposure.wanted} runs are required"
        return unknown(text + beside + _about_top_up(bundle, exposure))
    possible = possible_percent(runs.by_edge, runs.clean + runs.by_edge)
    excluded = f"so an error rate above {shown_percent(possible)} % is excluded at 95 %"
    answered = (
        f"; the edge answered {runs.by_edge} more, which traffic.max_5xx allows" if runs.by_edge else ""
    )
    text = f"ran {_times(runs.clean)}{_shares(runs)} without an error{answered}, {excluded}{beside}"
    if possible > excluded_percent(exposure.wanted):
        goal = f"above {shown_percent(excluded_percent(exposure.wanted))} %"
        more = f"{exposure.wanted - runs.clean} more would exclude rates {goal}"
        return unknown(f"{text}; {more}{_about_top_up(bundle, exposure) or _HELP}")
    left = [item.unrestored[0].reason for item in _top_ups(bundle, exposure) if item.unrestored]
    if left:
        return unknown(f"{text}; the top-up left its test entity unrestored: {left[0]}")
    return passed(text)


_HELP = ": extend the window, run the suite more often, or add a top_up"


def _times(count: int) -> str:
    return "once" if count == 1 else f"{count} times"


def _shares(runs: OperationRuns) -> str:
    """Describe whose runs these were, unless all of them were our usual ones."""
    ours = runs.clean + runs.bad - runs.others - runs.topped_up
    shares = [f"{runs.others} of others"] if runs.others else []
    shares += [f"{runs.topped_up} by our top-up"] if runs.topped_up else []
    return f" ({', '.join([f'{ours} ours', *shares])})" if shares else ""


def _about_top_up(bundle: Bundle, exposure: Exposure) -> str:
    """Describe why a top-up brought no more runs, if the plan has one."""
    if exposure.top_up is None:
        return ""
    top_ups = _top_ups(bundle, exposure)
    did_not = stopped_by_p0(bundle, TOP_UP) or "it did not run"
    return f" (top-up: {(top_ups[-1].ended or 'interrupted') if top_ups else did_not})"


def _top_ups(bundle: Bundle, exposure: Exposure) -> list[TopUpObservation]:
    return [item for _, item in readings_of(bundle, TOP_UP, TopUpObservation, exposure.name)]
