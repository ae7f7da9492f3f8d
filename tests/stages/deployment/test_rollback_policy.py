"""Rollback options: only a deployment judged STABLE is recommended, and nothing out of missing data."""

from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from deploy_verdict.model import Deployment, DeploymentObservation, Fault, Judged, Whose
from deploy_verdict.plan import Railway
from deploy_verdict.stages.deployment.rollback_policy import readiness
from tests.bundles import T0

GOOD, BAD = "3c1d9a2aaaa", "0badbadbbbb"


def deployment(identity, hours_before, commit, **more):
    fields = {"status": "REMOVED", "can_rollback": True, "created_at": T0 - timedelta(hours=hours_before)}
    return Deployment(id=identity, commit=commit, **{**fields, **more})


SUBJECT = deployment("d3", 0, "f0ec7b5cccc", status="SUCCESS")
INCIDENT = deployment("d2", 5, BAD)
BEFORE = deployment("d1", 48, GOOD)


def judged(identity, outcome, *, days_before=1.0, commit=None):
    return Judged(
        deployment=identity, commit=commit, outcome=outcome, judged_at=T0 - timedelta(days=days_before)
    )


STABLE = judged("d1", "stable")


def ready(*recent, verdicts=(STABLE,), now=T0, active=(SUBJECT,), **plan):
    observation = DeploymentObservation(
        offset_s=0.0,
        at=T0,
        deployment=SUBJECT,
        active=active,
        recent=recent or (SUBJECT, INCIDENT, BEFORE),
        recent_whole=True,
        judged=verdicts,
    )
    return readiness(observation, Railway(**plan), now)


def target(found):
    return found.recommended.deployment.id if found.recommended else None


def refused(found, identity):
    return next(item.refused for item in found.candidates if item.deployment.id == identity)


def test_the_newest_that_was_judged_stable_is_recommended():
    found = ready()
    assert target(found) == "d1"
    assert found.advice == "Roll back to deployment d1 of commit 3c1d9a2a, judged STABLE"
    assert [item.id for item in found.commits_lost] == ["d3", "d2"]


def test_what_serves_already_is_no_rollback_option():
    """After a failed build, what was live before goes on serving."""
    found = ready(active=(BEFORE.model_copy(update={"status": "SUCCESS"}),))
    assert target(found) is None
    assert found.advice.startswith("Nothing to roll back: deployment d1 of commit 3c1d9a2a is serving")
    assert refused(found, "d1") == "it is serving already"


def test_nobodys_verdict_is_no_proof():
    found = ready(verdicts=())
    assert target(found) is None
    assert found.advice.startswith("Roll forward: no earlier deployment is known to be good. If you know")
    assert [item.deployment.id for item in found.unproven] == ["d2", "d1"]


@pytest.mark.parametrize("outcome", ["critical", "attention", "inconclusive", "STABLE", "", "good"])
def test_what_was_judged_anything_but_stable_is_refused(outcome):
    found = ready(verdicts=(judged("d1", outcome),))
    assert target(found) is None
    assert "this tool judged it" in refused(found, "d1")


def test_the_newest_verdict_counts():
    later = judged("d1", "critical", days_before=0.5)
    assert target(ready(verdicts=(STABLE, later))) is None
    assert target(ready(verdicts=(later, STABLE))) is None


def test_a_verdict_on_the_commit_counts_for_its_deployments():
    assert target(ready(verdicts=(judged("gone", "stable", commit=GOOD[:7]),))) == "d1"
    assert target(ready(verdicts=(STABLE, judged("gone", "critical", commit=GOOD, days_before=0.1)))) is None


@pytest.mark.parametrize("known_bad", ["3c1d9a2", "3C1D9A2AAAA", "3c1d9a2aaaaffff"])
def test_a_known_bad_commit_is_never_recommended(known_bad):
    found = ready(known_bad=(known_bad,))
    assert target(found) is None
    assert "known as bad" in refused(found, "d1") or "known bad" in refused(found, "d1")


@pytest.mark.parametrize("can_rollback", [False, None])
def test_the_platform_must_say_that_it_can(can_rollback):
    assert target(ready(SUBJECT, deployment("d1", 48, GOOD, can_rollback=can_rollback))) is None


@pytest.mark.parametrize(
    "status", ["FAILED", "CRASHED", "SKIPPED", "BUILDING", "QUEUED", "NEEDS_APPROVAL", "ODD"]
)
def test_what_was_never_live_is_no_candidate(status):
    assert target(ready(SUBJECT, deployment("d1", 48, GOOD, status=status))) is None


def test_the_commit_under_watch_is_no_rollback_option():
    same = deployment("d1", 48, SUBJECT.commit)
    assert target(ready(SUBJECT, same)) is None


def test_what_came_later_is_no_rollback_option():
    later = deployment("d9", -1, GOOD)
    assert target(ready(later, SUBJECT, verdicts=(judged("d9", "stable"),))) is None


@pytest.mark.parametrize(
    ("tier", "hours", "told"), [("hobby", 60, "d1"), ("hobby", 80, None), ("pro", 80, "d1")]
)
def test_an_image_that_is_gone_is_no_target(tier, hours, told):
    """It was removed when the incident's deployment came, five hours before T0."""
    assert target(ready(tier=tier, now=T0 + timedelta(hours=hours - 5))) == told


def test_without_a_tier_both_ends_are_told():
    kept = ready().recommended.kept_until
    removed = INCIDENT.created_at
    assert kept == (removed + timedelta(hours=24), removed + timedelta(hours=360))


@pytest.mark.parametrize(
    "change",
    [
        {"fault": Fault(kind="x", whose=Whose.PROVIDER, detail="refused")},
        {"deployment": None},
        {"deployment": SUBJECT.model_copy(update={"created_at": None})},
        {"recent": ()},
    ],
)
def test_nothing_is_recommended_out_of_missing_data(change):
    observation = DeploymentObservation(
        offset_s=0.0, at=T0, deployment=SUBJECT, active=(SUBJECT,), recent=(SUBJECT, BEFORE), judged=(STABLE,)
    ).model_copy(update=change)
    found = readiness(observation, Railway(), T0)
    assert (found.recommended, found.unproven) == (None, ())
    assert found.advice.startswith("Not known: ")


def test_nobody_looked():
    assert readiness(None, None, T0).advice == "Not known: no sample of the platform at T+0"


def test_a_list_that_is_not_whole_is_told():
    observation = DeploymentObservation(
        offset_s=0.0, at=T0, deployment=SUBJECT, active=(SUBJECT,), recent=(SUBJECT, BEFORE), judged=(STABLE,)
    )
    assert "Only the newest 2 deployments were listed." in readiness(observation, Railway(), T0).notes


STATUSES = ["SUCCESS", "REMOVED", "FAILED", "CRASHED", "SKIPPED", "QUEUED"]


@settings(max_examples=300, deadline=None)
@given(
    rows=st.lists(
        st.tuples(
            st.sampled_from(STATUSES),
            st.sampled_from([GOOD, BAD, None]),
            st.sampled_from([True, False, None]),
            st.integers(-5, 400),
        ),
        max_size=6,
    ),
    verdicts=st.lists(st.tuples(st.sampled_from(["d0", "d1", None]), st.sampled_from([GOOD, BAD, None]),
                                st.sampled_from(["stable", "critical"]), st.integers(0, 9)), max_size=4),
)  # fmt: skip
def test_a_recommendation_always_has_its_proof(rows, verdicts):
    recent = [
        deployment(f"d{n}", hours, commit, status=status, can_rollback=can)
        for n, (status, commit, can, hours) in enumerate(rows)
    ]
    known = tuple(
        judged(identity, outcome, commit=commit, days_before=days)
        for identity, commit, outcome, days in verdicts
    )
    found = ready(SUBJECT, *recent, verdicts=known, known_bad=(BAD[:7],)).recommended
    if found is not None:
        item = found.deployment
        assert item.can_rollback is True
        assert item.commit != BAD
        assert item.status in ("SUCCESS", "REMOVED")
        assert item.created_at < SUBJECT.created_at
        assert found.judged.outcome == "stable"
