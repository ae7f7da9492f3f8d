"""What each state at the platform means: only what is live in every respect is live."""

from datetime import timedelta

import pytest

from deploy_verdict.model import (
    Deployment,
    DeploymentObservation,
    Fault,
    Instance,
    Settings,
    Subject,
    Waking,
    Whose,
)
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


REPLICAS = [
    # What the platform lists of the instances, how many the settings want, and what that is.
    ("RUNNING RUNNING", 2, State.LIVE, "2 RUNNING"),
    ("RUNNING CRASHED", None, State.DEGRADED, "1 of 2 replicas (50 %) have crashed: 1 RUNNING, 1 CRASHED"),
    ("RUNNING RUNNING CRASHED", 3, State.DEGRADED, "1 of 3 replicas (33 %) have crashed"),
    ("RUNNING CRASHED CRASHED", 3, State.DEGRADED, "2 of 3 replicas (67 %)"),
    ("RUNNING RUNNING CRASHED", 2, State.DEGRADED, "1 of 3 replicas"),
    ("RUNNING EXITED", 2, State.DEGRADED, "1 of 2 replicas (50 %) have stopped"),
    ("RUNNING EXITED", None, State.DEGRADED, "1 of 2 replicas (50 %) have stopped"),
    ("RUNNING STOPPED", 1, State.LIVE, "1 RUNNING"),
    ("RUNNING REMOVED REMOVING", 1, State.LIVE, "instances 1 RUNNING"),
    ("RUNNING CRASHED REMOVED REMOVING", None, State.DEGRADED, "1 of 2 replicas (50 %)"),
    ("RUNNING RESTARTING", 2, State.UNKNOWN, "not all of its instances is RUNNING"),
    ("RUNNING INITIALIZING", 2, State.LIVE, "1 INITIALIZING"),
    ("CRASHED", 1, State.CRASHED, "its instances are 1 CRASHED"),
    ("CRASHED CRASHED", 2, State.CRASHED, "its instances are 2 CRASHED"),
    ("CRASHED RESTARTING", 2, State.CRASHED, "1 CRASHED, 1 RESTARTING"),
    ("CRASHED REMOVED", 1, State.CRASHED, "its instances are 1 CRASHED"),
    ("EXITED", 1, State.STOPPED, "its instances are 1 EXITED"),
    ("EXITED STOPPED", 2, State.STOPPED, "1 EXITED, 1 STOPPED"),
    ("EXITED INITIALIZING", 2, State.UNKNOWN, "none of its instances is RUNNING"),
    ("REMOVED REMOVING", 1, State.UNKNOWN, "lists no instance"),
]


@pytest.mark.parametrize(("listed", "wanted", "expected", "words"), REPLICAS)
def test_replicas_by_their_number(listed, wanted, expected, words):
    instances = tuple(Instance(id=str(n), status=word) for n, word in enumerate(listed.split()))
    stands = standing(look(deployment(instances=instances), settings=Settings(replicas=wanted)), SUBJECT)
    assert stands.state is expected
    assert words in stands.words


def test_crashed_with_a_replica_that_runs_is_degraded():
    """Railway's own tool calls it online (x/y crashed)."""
    both = (*RUNNING, Instance(id="i2", status="CRASHED"))
    assert state(look(deployment("CRASHED", instances=both))) is State.DEGRADED
    newer = deployment(id="d2", commit="1234567bbbb", created_at=T0 + timedelta(hours=1))
    assert state(look(deployment("CRASHED", instances=both), (newer,))) is State.CRASHED


WOKEN = Waking(was="x", path="/", took_s=1.5, answers=("HTTP 200",), is_awake=True)
NOT_WOKEN = Waking(was="x", path="/", took_s=60.0, answers=("no answer within 10 s",))
ASLEEP = {"stopped": True, "instances": (Instance(id="i", status="STOPPED"),)}
SLEEPS = Settings(sleeps=True)


@pytest.mark.parametrize(
    ("change", "active", "more", "expected", "words"),
    [
        ({"status": "SLEEPING"}, "itself", {}, State.LIVE, "live on request"),
        ({"status": "SLEEPING"}, (), {}, State.LIVE, "live on request"),
        ({"status": "SLEEPING"}, None, {}, State.LIVE, "live on request"),
        ({"status": "SLEEPING"}, (), {"waking": WOKEN}, State.LIVE, "was woken in 1.5 s"),
        (
            {"status": "SLEEPING"},
            (),
            {"waking": NOT_WOKEN},
            State.UNKNOWN,
            "did not wake it in 60 s: no answer",
        ),
        # What says SUCCESS may sleep or have ended: the answer to the waking decides.
        ({}, "itself", {"settings": SLEEPS, "waking": WOKEN}, State.LIVE, "was woken"),
        ({}, (), {"settings": SLEEPS, "waking": WOKEN}, State.LIVE, "was woken"),
        ({}, "itself", {"settings": SLEEPS}, State.UNKNOWN, "it sleeps, or has ended"),
        ({}, "itself", {"settings": SLEEPS, "waking": NOT_WOKEN}, State.STOPPED, "did not wake it"),
        ({}, "itself", {"settings": Settings(sleeps=False)}, State.STOPPED, "have stopped"),
        ({}, "itself", {"settings": Settings()}, State.STOPPED, "have stopped"),
        ({}, "itself", {"settings": Settings(), "waking": WOKEN}, State.UNKNOWN, "whether it sleeps"),
        ({}, (), {"waking": WOKEN}, State.UNKNOWN, "but the service answers"),
        ({}, (), {"waking": NOT_WOKEN}, State.STOPPED, "have stopped"),
        ({}, "itself", {"settings": Settings(sleeps=False), "waking": WOKEN}, State.STOPPED, "have stopped"),
        ({}, "itself", {}, State.STOPPED, "have stopped"),
    ],
)
def test_a_service_that_sleeps_is_live_and_one_that_ended_is_not(change, active, more, expected, words):
    stands = standing(look(deployment(**{"status": "SUCCESS", **ASLEEP, **change}), active, **more), SUBJECT)
    assert stands.state is expected
    assert words in stands.words


@pytest.mark.parametrize(
    ("change", "waking", "expected"),
    [
        ({}, None, State.LIVE),
        ({"status": "SLEEPING", **ASLEEP}, WOKEN, State.LIVE),
        ({"status": "SLEEPING", **ASLEEP}, NOT_WOKEN, State.UNKNOWN),
        (ASLEEP, NOT_WOKEN, State.STOPPED),
    ],
)
def test_the_same_commit_deployed_again_may_sleep_too(change, waking, expected):
    again = deployment(**{"status": "SUCCESS", "id": "d2", "created_at": T0 + timedelta(hours=1), **change})
    seen = look(deployment("REMOVED", **ASLEEP), (again,), settings=SLEEPS, waking=waking)
    assert standing(seen, SUBJECT).state is expected


@pytest.mark.parametrize(("minutes", "expected"), [(60, State.SUPERSEDED), (-60, State.LIVE)])
def test_a_sleeper_is_replaced_by_a_newer_one_only(minutes, expected):
    other = deployment(id="d2", commit="1234567bbbb", created_at=T0 + timedelta(minutes=minutes))
    assert state(look(deployment("SLEEPING"), (other,))) is expected


RETIRED = [
    ({"instances": None}, "Deployment.instances", State.LIVE, "live: SUCCESS"),
    (
        {"stopped": None},
        "Deployment.deploymentStopped",
        State.UNKNOWN,
        "no longer knows Deployment.deployment",
    ),
    ({"instances": None}, "Deployment.meta", State.UNKNOWN, "lists no instance"),
]


@pytest.mark.parametrize(("change", "field", "expected", "words"), RETIRED)
def test_a_retired_field_leaves_its_own_fact_unknown(change, field, expected, words):
    stands = standing(look(deployment(**change), retired=(field,)), SUBJECT)
    assert stands.state is expected
    assert words in stands.words


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
