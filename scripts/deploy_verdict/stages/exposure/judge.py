"""Exposure: how often was an operation really run in this window, and what do that many runs exclude? Pure.

Runs are our own requests of any stage, and those of others as far as the edge's log is believed. A run is
bad when the service failed (a 5xx, no answer, an answer of the edge), and clean when it was done; a refusal
(4xx) is neither, as it need not have come to the operation. A step of an E2E test is as its test judged it.
"""

from collections.abc import Iterator, Sequence

from deploy_verdict.evidence.bundle import Bundle
from deploy_verdict.evidence.finding import Result, made
from deploy_verdict.evidence.platform_views import readings_of
from deploy_verdict.model import (
    Finding,
    Outcome,
    TopUpObservation,
)
from deploy_verdict.plan import Exposure
from deploy_verdict.stages.exposure.runs import TOP_UP, OperationRuns, failed_runs, runs_of_path, runs_of_test
from deploy_verdict.stats.bounds import excluded_percent, possible_percent

STAGE = "exposure"


def judge_failed(bundle: Bundle, asked: Exposure) -> Iterator[Finding]:
    """A run that went wrong, in the operation or beside it: nothing else looks at it."""
    mine = [run for run in failed_runs(bundle) if run.seen.check == asked.name]
    wrong = [run for run in mine if run.result.outcome is Outcome.FAIL]
    for first in wrong[:1]:
        yield made(
            STAGE,
            (asked.name, "top_up"),
            f"every run of {first.seen.of} gives what the plan expects",
            (Outcome.FAIL, asked.severity, f"{len(wrong)} went wrong, the first: {first.result.told}"),
            because="a run that was to top up an exposure went wrong",
            evidence=first.pointer,
        )


def judge_exposure(bundle: Bundle, findings: Sequence[Finding]) -> Iterator[Finding]:
    """One finding for each operation; `findings` tell whether the edge's log is believed."""
    for asked in bundle.plan.exposures:
        e2e = bundle.plan.e2e if asked.test_name else None
        if e2e is not None and "e2e" in bundle.left_out:
            continue
        runs = runs_of_test(bundle, e2e, asked) if e2e is not None else runs_of_path(bundle, asked, findings)
        yield made(
            STAGE,
            (asked.name, "runs"),
            f"{asked.wanted} clean runs of {asked.operation}",
            _judged(bundle, asked, runs),
            because="an operation that was watched for this went wrong",
            evidence=runs.first_bad,
        )
        if not runs.bad:
            yield from judge_failed(bundle, asked)


def _judged(bundle: Bundle, asked: Exposure, runs: OperationRuns) -> Result:
    total = runs.clean + runs.bad
    beside = f"; {runs.refused} more were refused (4xx), which do not count" if runs.refused else ""
    if runs.bad:
        rate = f"{100 * runs.bad / total:.2g} %, at most {possible_percent(runs.bad, total):.2g} % at 95 %"
        told = f"{runs.bad} of {total} runs{_whose(runs)} went wrong: {rate}{beside}"
        return Outcome.FAIL, asked.severity, told
    if not runs.clean:
        told = f"did not run once in this window; {asked.wanted} runs are wanted"
        return Outcome.INCONCLUSIVE, None, told + beside + _topped(bundle, asked)
    excluded = f"so an error rate above {excluded_percent(runs.clean):.2g} % is excluded at 95 %"
    told = f"ran {_times(runs.clean)}{_whose(runs)} without an error, {excluded}{beside}"
    if runs.clean < asked.wanted:
        goal = f"above {excluded_percent(asked.wanted):.2g} %"
        more = f"{asked.wanted - runs.clean} more would exclude those {goal}"
        return Outcome.INCONCLUSIVE, None, f"{told}; {more}{_topped(bundle, asked) or _HELP}"
    left = [item.unrestored[0].reason for item in _top_ups(bundle, asked) if item.unrestored]
    if left:
        return (
            Outcome.INCONCLUSIVE,
            None,
            f"{told}; the top-up left its test entity to be restored: {left[0]}",
        )
    return Outcome.PASS, None, told


_HELP = ": extend the window, run the suite oftener, or let it be topped up"


def _times(count: int) -> str:
    return "once" if count == 1 else f"{count} times"


def _whose(runs: OperationRuns) -> str:
    """Whose runs these were, where not all of them were our usual ones."""
    ours = runs.clean + runs.bad - runs.others - runs.topped_up
    told = [f"{runs.others} of others"] if runs.others else []
    told += [f"{runs.topped_up} by our top-up"] if runs.topped_up else []
    return f" ({', '.join([f'{ours} ours', *told])})" if told else ""


def _topped(bundle: Bundle, asked: Exposure) -> str:
    """Why a top-up brought no more, where one was asked for."""
    if asked.top_up is None:
        return ""
    seen = _top_ups(bundle, asked)
    return f" (the top-up: {(seen[-1].ended or 'it was interrupted') if seen else 'it was not run'})"


def _top_ups(bundle: Bundle, asked: Exposure) -> list[TopUpObservation]:
    seen = readings_of(bundle, TOP_UP, TopUpObservation)
    return [item for _, item in seen if item.check == asked.name]
