"""Exposure: how often was an operation really run in this window, and what do that many runs exclude? Pure.

Runs are our own requests of any stage, and those of others as far as the edge's log is believed. A run is
bad when the service failed (a 5xx, no answer, an answer of the edge), and clean when it was done; a refusal
(4xx) is neither, as it need not have come to the operation. A step of an E2E test is as its test judged it.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from deploy_verdict.answers import all_sent, tallies
from deploy_verdict.bundle import Bundle
from deploy_verdict.judge.e2e_runs import observed, run_outcomes
from deploy_verdict.judge.finding import Result, made
from deploy_verdict.judge.rates import excluded_percent, possible_percent
from deploy_verdict.model import Finding, Outcome, PathTraffic, TrafficObservation
from deploy_verdict.plan import E2E, Exposure
from deploy_verdict.platform_looks import errors_of, readings_of
from deploy_verdict.steps import is_targets_trouble
from deploy_verdict.units import path_of

STAGE = "exposure"


@dataclass(frozen=True, kw_only=True)
class Runs:
    """How often an operation was run, and how often it went wrong; `others` of them were not ours."""

    clean: int
    bad: int
    others: int = 0
    refused: int = 0
    first_bad: str | None = None


def judge_exposure(bundle: Bundle, findings: Sequence[Finding]) -> Iterator[Finding]:
    """One finding for each operation; `findings` tell whether the edge's log is believed."""
    for asked in bundle.plan.exposure:
        e2e = bundle.plan.e2e if asked.test_name else None
        if e2e is not None and "e2e" in bundle.left_out:
            continue
        runs = _of_test(bundle, e2e, asked) if e2e is not None else _of_path(bundle, asked, findings)
        yield made(
            STAGE,
            (asked.name, "runs"),
            f"{asked.at_least} clean runs of {asked.operation}",
            _judged(asked, runs),
            because="an operation that was watched for this went wrong",
            evidence=runs.first_bad,
        )


def _judged(asked: Exposure, runs: Runs) -> Result:
    total = runs.clean + runs.bad
    who = f" ({total - runs.others} ours, {runs.others} of others)" if runs.others else ""
    beside = f"; {runs.refused} more were refused (4xx), which do not count" if runs.refused else ""
    if runs.bad:
        rate = f"{100 * runs.bad / total:.2g} %, at most {possible_percent(runs.bad, total):.2g} % at 95 %"
        return Outcome.FAIL, asked.severity, f"{runs.bad} of {total} runs{who} went wrong: {rate}{beside}"
    if not runs.clean:
        told = f"not run once in this window; {asked.at_least} runs are wanted"
        return Outcome.INCONCLUSIVE, None, told + beside
    excluded = f"error rates above {excluded_percent(runs.clean):.2g} % are excluded"
    told = f"{runs.clean} clean runs{who}: {excluded}{beside}"
    if runs.clean < asked.at_least:
        goal = f"above {excluded_percent(asked.at_least):.2g} %"
        more = f"{asked.at_least - runs.clean} more would exclude those {goal}"
        return Outcome.INCONCLUSIVE, None, f"{told}; {more}: extend the window, or run the suite oftener"
    return Outcome.PASS, None, told


def _of_path(bundle: Bundle, asked: Exposure, findings: Sequence[Finding]) -> Runs:
    """What never left, or did not come through on our side, is no run at all."""
    mine = [
        item
        for item in all_sent(bundle.loaded)
        if asked.is_met_by(item.exchange.method, path_of(item.exchange.url))
    ]
    bad = [item.pointer for item in mine if is_targets_trouble(item.exchange)]
    answered = [item.exchange.status or 0 for item in mine if item.exchange.fault is None]
    counted = [
        (int(status), count)
        for tally in tallies(bundle.loaded)
        if asked.is_met_by(tally.method, path_of(tally.url))
        for status, count in tally.answers.items()
        if status.isdigit()
    ]
    answered += [status for status, count in counted for _ in range(count)]
    others = _of_others(bundle, asked, findings)
    return Runs(
        clean=sum(status < 400 for status in answered) + others.clean,
        bad=len(bad) + others.bad,
        others=others.clean + others.bad,
        refused=sum(400 <= status < 500 for status in answered) + others.refused,
        first_bad=bad[0] if bad else others.first_bad,
    )


def _of_others(bundle: Bundle, asked: Exposure, findings: Sequence[Finding]) -> Runs:
    """The newest reading's runs, and the worst one's errors: a log may be cut in between.

    An error in a log with holes is an error all the same; clean runs count in one that is believed.
    """
    log = [item for item in findings if (item.stage, item.check) == ("traffic", "log")]
    believed = bool(log) and all(item.outcome is Outcome.PASS for item in log)
    clean, refused, bad, pointer = 0, 0, 0, None
    for name, seen in readings_of(bundle, "traffic", TrafficObservation):
        mine = [path for path in seen.paths if asked.is_met_by(path.method, path.path)]
        clean, refused = (sum(_answered(path, kinds) for path in mine) for kinds in ("23", "4"))
        wrong = sum(max(errors_of(path), path.edge_fallbacks) for path in mine)
        if wrong > bad:
            bad, pointer = wrong, name
    counted = (clean, refused) if believed else (0, 0)
    return Runs(clean=counted[0], refused=counted[1], bad=bad, first_bad=pointer)


def _answered(path: PathTraffic, kinds: str) -> int:
    return sum(count for status, count in path.statuses.items() if status[:1] in kinds and len(status) == 3)


def _of_test(bundle: Bundle, e2e: E2E, asked: Exposure) -> Runs:
    """Every attempt counts: each of them really ran. A run that proves nothing is neither clean nor bad."""
    files = [(item.name, item.evidence) for item in bundle.of_stage("e2e")]
    clean, bad = 0, []
    for test in e2e.tests:
        step = asked.step_of(test.name)
        if step is None:
            continue
        for pointer, observation in observed(test.name, files):
            for outcome in run_outcomes(test, e2e.before_each, observation, step, e2e.held_by):
                clean += outcome is Outcome.PASS
                bad += [pointer] if outcome is Outcome.FAIL else []
    return Runs(clean=clean, bad=len(bad), first_bad=bad[0] if bad else None)
