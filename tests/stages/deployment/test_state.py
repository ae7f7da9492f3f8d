"""What each state at the platform means: only what is live in every respect is live."""

from datetime import timedelta

import pytest

from deploy_verdict.model import Deployment, DeploymentObservation, Fault, Instance, Subject, Whose
from deploy_verdict.stages.deployment.state import KNOWN, State, before, same_commit, standing
from tests.bundles import SUBJECT, T0

RUNNING = (Instance(id="i1", status="RUNNING"),)


def deployment(status="SUCCESS", **more):
    fields = {"id": "d1", "commit": "f0ec7b5aaaa", "created_at": T0, "stopped": False, "instances": RUNNING}
    return Deployment(status=status, **{**fields, **more})


def look(subject=None, active="itself", **more):
    subject = deployment() if subject is None else subject
    active = (subject,) if active == "itself" else active
    return DeploymentObservation(offset_s=0.0, at=T0, deployment=subject, active=active, **more)


def state(observation):
    return standing(observation, SUBJECT).state


EXPECTED = {
    "QUEUED": State.IN_FLIGHT,
    "INITIALIZING": State.IN_FLIGHT,
    "WAITING": State.IN_FLIGHT,
    "BUILDING": State.IN_FLIGHT,
    "DEPLOYING": State.IN_FLIGHT,
    "NEEDS_APPROVAL": State.PARKED,
    "SUCCESS": State.LIVE,
    "SLEEPING": State.LIVE,
    "FAILED": State.FAILED,
    "CRASHED": State.CRASHED,
    "SKIPPED": State.SKIPPED,
    "REMOVING": State.GONE,
    "REMOVED": State.GONE,
}


def test_all_statuses_of_the_platform_are_known():
    assert set(EXPECTED) == set(KNOWN)


@pytest.mark.parametrize("status", EXPECTED)
def test_each_status(status):
    active = () if status in ("REMOVED", "REMOVING") else "itself"
    assert state(look(deployment(status), active)) is EXPECTED[status]


@pytest.mark.parametrize("status", ["ACTIVE", "success", "", "CANCELLED", "SUCCESS "])
def test_an_unknown_status_is_not_known(status):
    stands = standing(look(deployment(status)), SUBJECT)
    assert stands.state is State.UNKNOWN
    assert "does not know" in stands.words


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"stopped": None}, "does not say whether its instances have stopped"),
        ({"instances": None}, "lists no instance"),
        ({"instances": ()}, "lists no instance"),
        ({"instances": (Instance(id="i", status="EXITED"),)}, "EXITED"),
        ({"instances": (Instance(id="i", status="WARMING"),)}, "none of its instances is RUNNING"),
        (
            {"instances": (Instance(id="i", status="INITIALIZING"),)},
            "none of its instances is RUNNING (INITIALIZING)",
        ),
    ],
)
def test_success_alone_is_not_believed(change, words):
    stands = standing(look(deployment(**change)), SUBJECT)
    assert stands.state is State.UNKNOWN
    assert words in stands.words


def test_success_whose_instances_have_stopped_has_stopped():
    """A process that exits with 0 leaves SUCCESS behind."""
    gone = deployment(stopped=True, instances=(Instance(id="i", status="EXITED"),))
    assert state(look(gone)) is State.STOPPED


def test_success_with_a_crashed_instance_has_crashed():
    both = (*RUNNING, Instance(id="i2", status="CRASHED"))
    assert state(look(deployment(instances=both))) is State.CRASHED


def test_unread_active_deployments_make_it_unknown():
    assert state(look(active=None)) is State.UNKNOWN


def test_no_active_deployment_at_all():
    assert state(look(active=())) is State.GONE


def test_another_commit_in_its_place_supersedes_it():
    other = deployment(id="d2", commit="1234567bbbb", created_at=T0 + timedelta(hours=1))
    for status in ("SUCCESS", "REMOVED", "REMOVING"):
        stands = standing(look(deployment(status), (other,)), SUBJECT)
        assert stands.state is State.SUPERSEDED
        assert "d2 of commit 1234567b" in stands.words


def test_a_newer_one_beside_it_supersedes_it():
    newer = deployment(id="d2", commit="1234567bbbb", created_at=T0 + timedelta(hours=1))
    assert state(look(deployment(), (deployment(), newer))) is State.SUPERSEDED


def test_an_older_one_beside_it_is_the_overlap():
    older = deployment(id="d0", commit="0badbad", created_at=T0 - timedelta(hours=1))
    assert state(look(deployment(), (older, deployment()))) is State.LIVE


def test_the_same_commit_deployed_again_is_no_new_release():
    again = deployment(id="d2", created_at=T0 + timedelta(hours=1))
    stands = standing(look(deployment("REMOVED"), (again,)), SUBJECT)
    assert stands.state is State.LIVE
    assert "deployed again" in stands.words


@pytest.mark.parametrize(
    "change", [{"stopped": True}, {"stopped": None}, {"status": "CRASHED"}, {"instances": ()}]
)
def test_the_same_commit_deployed_again_must_be_live_too(change):
    again = deployment(**{"id": "d2", "created_at": T0 + timedelta(hours=1), **change})
    assert state(look(deployment("REMOVED"), (again,))) is not State.LIVE


def test_unknown_commits_are_never_the_same():
    one = deployment("REMOVED", commit=None)
    again = deployment(id="d2", commit=None, created_at=T0 + timedelta(hours=1))
    assert state(look(one, (again,))) is State.SUPERSEDED


def test_a_provider_that_refuses_leaves_it_unknown():
    fault = Fault(kind="rate-limited", whose=Whose.PROVIDER, detail="429")
    assert state(look(fault=fault)) is State.UNKNOWN


def test_no_deployment_found():
    nothing = DeploymentObservation(offset_s=0.0, at=T0)
    stands = standing(nothing, Subject(target="http://x", commit="abcdef1234"))
    assert stands.state is State.UNKNOWN
    assert "no deployment of abcdef12" in stands.words


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("f0ec7b5", "f0ec7b5aaaa", True),
        ("F0EC7B5AAAA", "f0ec7b5", True),
        ("f0ec7b5", "f0ec7b6", False),
        ("f0ec", "f0ec7b5", False),
        (None, None, False),
        ("", "", False),
    ],
)
def test_commits_are_compared_by_their_beginning(one, other, same):
    assert same_commit(one, other) is same


def older(identity, status="REMOVED", commit="0badbad1111", minutes=60):
    return deployment(status, id=identity, commit=commit, created_at=T0 - timedelta(minutes=minutes))


@pytest.mark.parametrize(
    ("recent", "expected"),
    [
        ([older("a", minutes=90), older("b", minutes=60)], "b"),
        ([older("a"), older("skipped", "SKIPPED", minutes=5), older("failed", "FAILED", minutes=6)], "a"),
        ([older("crashed", "CRASHED", minutes=5), older("a")], "crashed"),
        ([older("same code again", commit="f0ec7b5aaaa", minutes=5), older("a")], "a"),
        ([older("of no commit", commit=None)], "of no commit"),
        ([older("newer", minutes=-5)], None),
        ([deployment()], None),
        ([], None),
    ],
)
def test_what_served_before_a_deployment(recent, expected):
    found = before(deployment(), recent)
    assert (found.id if found else None) == expected
