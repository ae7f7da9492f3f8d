"""The deployment stage judged: live at every look, the commit asked for, the plan's claims."""

from datetime import timedelta

import pytest

from deploy_verdict.evidence.bundle import bundled
from deploy_verdict.model import (
    Deployment,
    DeploymentObservation,
    Fault,
    Instance,
    Outcome,
    Settings,
    Severity,
    Whose,
)
from deploy_verdict.verdict.judge import judge
from tests.bundles import SUBJECT, T0, http, loaded, window_of
from tests.plans import plan_of

PLAN = """
railway: {project: p, service: s}
window: {length: 30m, sample_every: 15m}
health: [{name: api, get: /api, at: [0m], expect: {status: 200}}]
claims:
  - {commit: f0ec7b5, title: the fix}
  - {commit: ac0502b, title: before it, shown_by: health/api}
  - {commit: b5acfc9, title: no proof}
"""
RUNNING = (Instance(id="i", status="RUNNING"),)
REFUSED = Fault(kind="rate-limited", whose=Whose.PROVIDER, detail="HTTP 429")


def deployment(**more):
    fields = {"id": "d1", "status": "SUCCESS", "commit": "f0ec7b5aaaa", "created_at": T0, "stopped": False}
    return Deployment(**{**fields, "instances": RUNNING, **more})


def look(offset_s=0.0, subject=None, **more):
    subject = subject or deployment()
    fields = {"active": (subject,), **more}
    return DeploymentObservation(offset_s=offset_s, at=T0, deployment=subject, **fields)


def verdict(*looks, commit=None, health=200, files=()):
    plan = plan_of(PLAN)
    subject = SUBJECT.model_copy(update={"commit": commit})
    taken = [loaded(plan, "deployment", [item], item.offset_s, subject=subject) for item in looks]
    taken.append(loaded(plan, "health", [http("api", {}, status=health)], subject=subject))
    bundle = bundled(plan, window_of(plan), subject, (*taken, *files))
    return judge(bundle, judged_at=T0, tool_version="0")


def rows(result, rule, check="deployment"):
    return [f for f in result.findings if (f.stage, f.check, f.rule) == ("deployment", check, rule)]


LIVE = [look(0.0), look(900.0), look(1800.0, recent=(deployment(),))]


def test_live_at_every_look():
    result = verdict(*LIVE)
    assert [row.outcome for row in rows(result, "live")] == [Outcome.PASS] * 3


def test_a_look_that_nobody_took_is_inconclusive():
    result = verdict(*LIVE[:2])
    assert [row.outcome for row in rows(result, "live")][-1] is Outcome.INCONCLUSIVE
    assert result.outcome == "inconclusive"


@pytest.mark.parametrize(
    ("change", "severity"),
    [
        ({"status": "FAILED"}, Severity.P1),
        ({"status": "CRASHED"}, Severity.P0),
        ({"stopped": True}, Severity.P0),
        ({"status": "SKIPPED"}, Severity.P1),
    ],
)
def test_a_deployment_that_ends_in_the_window_fails(change, severity):
    result = verdict(LIVE[0], look(900.0, deployment(**change)), LIVE[2])
    bad = rows(result, "live")[1]
    assert (bad.outcome, bad.severity) == (Outcome.FAIL, severity)
    assert bad.offset_s == 900.0


def test_what_follows_a_superseding_deployment_is_not_known():
    newer = deployment(id="d2", commit="1234567bbbb", created_at=T0 + timedelta(hours=1))
    result = verdict(LIVE[0], LIVE[1], look(1800.0, active=(newer,)))
    assert rows(result, "live")[2].outcome is Outcome.INCONCLUSIVE
    assert "replaced by deployment d2" in rows(result, "live")[2].actual
    assert result.outcome == "inconclusive"


def test_trouble_of_the_provider_is_inconclusive():
    result = verdict(LIVE[0], DeploymentObservation(offset_s=900.0, at=T0, fault=REFUSED), LIVE[2])
    assert rows(result, "live")[1].outcome is Outcome.INCONCLUSIVE
    assert "HTTP 429" in rows(result, "live")[1].actual


def test_a_fail_of_an_earlier_attempt_stays():
    plan = plan_of(PLAN)
    again = loaded(plan, "deployment", [look(900.0)], 900.0, attempt=2)
    result = verdict(LIVE[0], look(900.0, deployment(status="CRASHED")), LIVE[2], files=[again])
    assert rows(result, "live")[1].outcome is Outcome.FAIL


@pytest.mark.parametrize(
    ("asked", "deployed", "outcome"),
    [
        (None, "f0ec7b5aaaa", Outcome.PASS),
        (None, None, Outcome.PASS),
        ("f0ec7b5", "f0ec7b5aaaa", Outcome.PASS),
        ("f0ec7b5", "0badbad1111", Outcome.FAIL),
        ("f0ec7b5", None, Outcome.INCONCLUSIVE),
    ],
)
def test_the_commit_that_was_asked_for(asked, deployed, outcome):
    looks = [look(offset_s, deployment(commit=deployed)) for offset_s in (0.0, 900.0, 1800.0)]
    assert rows(verdict(*looks, commit=asked), "commit")[0].outcome is outcome


def test_a_claim_is_the_deployed_commit_or_shown_by_its_check():
    result = verdict(*LIVE)
    outcomes = [rows(result, "deployed", commit)[0].outcome for commit in ("f0ec7b5", "ac0502b", "b5acfc9")]
    assert outcomes == [Outcome.PASS, Outcome.PASS, Outcome.INCONCLUSIVE]


def test_a_claim_whose_check_fails_is_not_shown():
    result = verdict(*LIVE, health=500)
    assert rows(result, "deployed", "ac0502b")[0].outcome is Outcome.INCONCLUSIVE


def test_without_evidence_nothing_is_known():
    result = verdict()
    assert all(
        f.outcome is Outcome.INCONCLUSIVE
        for f in result.findings
        if f.stage == "deployment" and f.check != "ac0502b"
    )


def test_the_limits_tell_that_no_commit_is_known():
    looks = [look(offset_s, deployment(commit=None)) for offset_s in (0.0, 900.0, 1800.0)]
    assert any("knows no commit" in sentence for sentence in verdict(*looks).limits)
    assert not any("knows no commit" in sentence for sentence in verdict(*LIVE).limits)


def test_the_limits_tell_that_success_means_only_started():
    assert any(
        "SUCCESS only means that the container started" in s
        for s in verdict(look(settings=Settings())).limits
    )
    with_check = look(settings=Settings(healthcheck_path="/api/health"))
    assert not any("SUCCESS only means" in sentence for sentence in verdict(with_check).limits)


def between(status="REMOVED", **more):
    return deployment(
        id="d9", status=status, commit="1234567bbbb", **{"created_at": T0 + timedelta(hours=1), **more}
    )


def undisturbed(*recent, looks=LIVE[:2]):
    last = look(1800.0, recent=(*recent, deployment()))
    return rows(verdict(*looks, last), "undisturbed")[0]


def test_nobody_came_between():
    assert undisturbed().outcome is Outcome.PASS


@pytest.mark.parametrize("status", ["REMOVED", "REMOVING", "SUCCESS", "SLEEPING", "CRASHED"])
def test_a_release_that_came_and_went_between_two_looks_is_told(status):
    found = undisturbed(between(status))
    assert found.outcome is Outcome.INCONCLUSIVE
    assert "d9 of commit 1234567b was live too" in found.actual


def test_an_undated_release_could_have_come_between():
    assert undisturbed(between(created_at=None)).outcome is Outcome.INCONCLUSIVE


@pytest.mark.parametrize(
    "other",
    [
        between("FAILED"),
        between("SKIPPED"),
        between("BUILDING"),
        between(created_at=T0 - timedelta(hours=1)),
        deployment(id="d9", created_at=T0 + timedelta(hours=1)),
    ],
    ids=["failed", "skipped", "in flight", "before", "the same commit"],
)
def test_what_was_never_live_or_is_the_same_disturbs_nothing(other):
    assert undisturbed(other).outcome is Outcome.PASS


def test_without_the_list_at_the_end_nobody_knows():
    assert rows(verdict(*LIVE[:2], look(1800.0)), "undisturbed")[0].outcome is Outcome.INCONCLUSIVE
    assert rows(verdict(*LIVE[:2]), "undisturbed")[0].outcome is Outcome.INCONCLUSIVE


def test_looks_at_different_deployments_are_no_one_window():
    """Where Railway could not be asked at first, each look takes the newest: it may be another one."""
    other = look(900.0, deployment(id="d2", commit="1234567bbbb"))
    assert "different deployments" in undisturbed(looks=[LIVE[0], other]).actual


def test_a_commit_whose_deployment_failed_is_not_deployed():
    result = verdict(*(look(offset_s, deployment(status="FAILED")) for offset_s in (0.0, 900.0, 1800.0)))
    assert rows(result, "commit")[0].outcome is Outcome.INCONCLUSIVE
    for commit in ("f0ec7b5", "ac0502b"):
        assert rows(result, "deployed", commit)[0].outcome is Outcome.INCONCLUSIVE
