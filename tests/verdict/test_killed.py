"""Killed at any look and resumed, a window's verdict is never better than that of the uninterrupted run."""

from functools import cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from deploy_verdict.evidence.bundle import bundled
from deploy_verdict.model import BurstObservation, Outcome, VerdictOutcome
from deploy_verdict.model.window import evidence_name
from deploy_verdict.plan import read_plan
from deploy_verdict.verdict.judge import judge, outcome_of
from deploy_verdict.window.directory.evidence_store import read_evidence
from deploy_verdict.window.directory.session import read_window
from tests.running import ROOT

CASES = ROOT / "tests" / "cases"
STORIES = (
    "healthy",
    "slow_leak",
    "pool_leak",
    "completar_bug",
    "lock_broken",
    "dead_gauge",
    "logs_with_errors",
)
# Asked of the whole window: without one look, what the others show may be too little to say it.
OF_THE_WHOLE = ("growth", "stability")
# From good to bad, as the members stand.
RANK = {outcome: number for number, outcome in enumerate(VerdictOutcome)}


@cache
def story(name):
    file = read_window(CASES / name)
    plan = read_plan((CASES / "plan.yml").read_bytes(), "plan.yml", {}, f"{file.window.t0:%Y-%m-%d}")
    files = read_evidence(CASES / name / "evidence")
    return plan, file, files, verdict_of(plan, file, files)


def verdict_of(plan, file, files):
    bundle = bundled(plan, file.window, file.subject, files, corrected_plan=True)
    return judge(bundle, judged_at=file.window.t0, tool_version="0")


def condemned_by(verdict):
    """The evidence each of which makes the verdict as bad as it is, alone."""
    return {
        finding.evidence.partition("#")[0]
        for finding in verdict.findings
        if finding.outcome is Outcome.FAIL and finding.evidence and finding.rule not in OF_THE_WHOLE
        if outcome_of([finding]) is verdict.outcome
    }


def begun(item, share):
    """What a killed process leaves of a look: a checkpoint with some of its observations, marked."""
    evidence = item.evidence
    kept = evidence.observations[: int(share * (len(evidence.observations) + 1))]
    cut = [
        observation.model_copy(
            update={
                "readings": observation.readings[: int(share * len(observation.readings))],
                "interrupted": True,
            }
        )
        if isinstance(observation, BurstObservation)
        else observation
        for observation in kept
    ]
    return item.model_copy(
        update={"evidence": evidence.model_copy(update={"observations": tuple(cut), "interrupted": True})}
    )


def again(item):
    """The same look, taken whole by the run that went on."""
    evidence = item.evidence
    name = evidence_name(evidence.stage, evidence.offset_s, 2)
    return item.model_copy(update={"name": name, "evidence": evidence.model_copy(update={"attempt": 2})})


@pytest.mark.parametrize("name", STORIES)
@given(at=st.integers(0, 12), share=st.floats(0, 1), retaken=st.booleans(), lost=st.integers(0, 3))
@settings(max_examples=30)
def test_killed_and_resumed_is_never_better(name, at, share, retaken, lost):
    """`lost` looks were due while nobody looked; what was begun is retaken, or not."""
    plan, file, files, verdict = story(name)
    whole = verdict.outcome
    at %= len(files)
    order = sorted(files, key=lambda item: (item.evidence.offset_s, item.evidence.started_at))
    lost = min(lost, len(order) - at - 1)
    killed, later = order[at], order[at + 1 + lost :]
    left = [*order[:at], begun(killed, share), *([again(killed)] if retaken else []), *later]
    outcome = verdict_of(plan, file, left).outcome
    assert outcome is not VerdictOutcome.STABLE or (whole is VerdictOutcome.STABLE and retaken and not lost)
    kept = {item.name for item in (*order[:at], *later)}
    if (retaken and not lost) or condemned_by(verdict) & kept:
        assert RANK[outcome] >= RANK[whole]


def test_the_whole_stories_end_as_they_are_told():
    assert story("healthy")[3].outcome is VerdictOutcome.STABLE
    assert story("pool_leak")[3].outcome is VerdictOutcome.CRITICAL


@pytest.mark.parametrize("name", ["pool_leak", "completar_bug", "lock_broken", "logs_with_errors"])
def test_these_stories_have_looks_that_condemn_alone(name):
    assert condemned_by(story(name)[3])
