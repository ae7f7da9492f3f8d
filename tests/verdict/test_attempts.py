"""Stopped and gone on with: what a first attempt saw to fail is not undone by a second one."""

import pytest

from deploy_verdict.model import LogObservation, Outcome, PatternCount, VerdictOutcome
from deploy_verdict.verdict.judge import judge
from tests.bundles import T0, bundle_of, burst, http, loaded
from tests.plans import plan_of

HEALTH = plan_of("health: [{name: api, get: /api, at: [0m], expect: {status: 200}}]\n")


def verdict_of(plan, *files):
    return judge(bundle_of(plan, *files), judged_at=T0, tool_version="0.1.0")


@pytest.mark.parametrize("statuses", [(500, 200), (200, 500)])
def test_a_failed_check_stays_failed(statuses):
    files = [
        loaded(HEALTH, "health", [http("api", status=status)], attempt=number, interrupted=number == 1)
        for number, status in enumerate(statuses, 1)
    ]
    assert verdict_of(HEALTH, *files).outcome is VerdictOutcome.CRITICAL


def test_a_check_that_was_only_missing_is_made_good():
    begun = loaded(HEALTH, "health", [], interrupted=True)
    whole = loaded(HEALTH, "health", [http("api")], attempt=2)
    assert verdict_of(HEALTH, begun).outcome is VerdictOutcome.INCONCLUSIVE
    assert verdict_of(HEALTH, begun, whole).outcome is VerdictOutcome.STABLE


def test_an_exhausted_pool_of_an_interrupted_burst_stays_seen():
    plan = plan_of(
        "window: {length: 2h, sample_every: 20m}\n"
        "pools: [{name: p, get: /s, used: $.used, limit: $.limit, burst: {for: 3s, every: 1s}}]\n"
    )
    whole = [
        loaded(plan, "pools", [burst("p", [3, 4, 3], at)], at, attempt=2) for at in plan.window.offsets_s
    ]
    assert verdict_of(plan, *whole).outcome is VerdictOutcome.STABLE
    for readings, outcome in (([20, 20], VerdictOutcome.CRITICAL), ([20], VerdictOutcome.INCONCLUSIVE)):
        stopped = loaded(plan, "pools", [burst("p", readings, interrupted=True)], interrupted=True)
        assert verdict_of(plan, stopped, *whole).outcome is outcome


def test_a_crisis_line_of_an_earlier_reading_stays_seen():
    plan = plan_of("logs: {must_not_appear: [Too many connections]}\n")
    sought = plan.logs.must_not_appear[0].sought

    def reading(count, attempt):
        observation = LogObservation(
            source="x", start=T0, end=T0.replace(hour=14), lines_read=9, lines_in_window=9,
            patterns=(PatternCount(pattern="Too many connections", sought=sought, count=count),),
        )  # fmt: skip
        return loaded(plan, "logs", [observation], plan.window.length, attempt=attempt)

    verdict = verdict_of(plan, reading(1, 1), reading(0, 2))
    found = next(item for item in verdict.findings if item.check == "Too many connections")
    assert found.outcome is Outcome.FAIL


def test_evidence_under_another_name_is_not_believed():
    copy = loaded(HEALTH, "health", [http("api")]).model_copy(update={"name": "health.T+030.a1.json"})
    verdict = verdict_of(HEALTH, copy)
    assert verdict.outcome is VerdictOutcome.INCONCLUSIVE
    assert "its name is not that of its content" in verdict.findings[-1].actual


@pytest.mark.parametrize("change", [{"length_s": 1.0}, {"speed": 600.0}])
def test_evidence_of_another_frame_of_the_window_is_not_believed(change):
    other = loaded(HEALTH, "health", [http("api")])
    window = other.evidence.window.model_copy(update=change)
    evidence = other.evidence.model_copy(update={"window": window})
    verdict = verdict_of(HEALTH, other.model_copy(update={"evidence": evidence}))
    assert "another T0, length or speed" in verdict.findings[-1].actual


def test_a_never_rule_is_open_while_looks_are_missing():
    plan = plan_of(
        "health: [{name: api, get: /api, at: [0m], expect: {status: 200}}]\n"
        "never: [{status: 500..599}]\n"
        "response_times: {limit: 2s, of: {API: api}}\n"
        "e2e: {tests: [{name: t, steps: [{get: /x, expect: {status: 200}}]}]}\n"
    )
    verdict = verdict_of(plan, loaded(plan, "health", [http("api")]))
    for stage in ("never", "response_times"):
        found = next(item for item in verdict.findings if item.stage == stage)
        assert found.outcome is Outcome.INCONCLUSIVE
        assert found.actual.endswith("but 1 of 2 scheduled samples were missed")
