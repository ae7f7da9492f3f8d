"""Merged but not live: which commits are missing, and the one issue that says so, over real sockets."""

from datetime import UTC, datetime, timedelta

import pytest

from demo.github.hub import Hub
from demo.github.serving import TOKEN, github
from demo.railway import ids
from demo.running import running
from deploy_verdict.actions.start.merged_not_live import gap_of
from deploy_verdict.github.client import BranchHead
from deploy_verdict.model import Deployment
from tests.running import ROOT, script

NOW = datetime(2026, 2, 2, 12, 0, tzinfo=UTC)
LIVE, HEAD, OTHER = "1" * 40, "2" * 40, "3" * 40
UNCHANGED, CHECKS = "No changes to watched files", "CI check suite failed"


def deployed(status, commit, hours_ago, reason=None):
    at = NOW - timedelta(hours=hours_ago)
    return Deployment(id=f"d-{hours_ago}", status=status, commit=commit, created_at=at, skipped_reason=reason)


NOW_LIVE = deployed("SUCCESS", LIVE, 9)


@pytest.mark.parametrize(
    ("recent", "live", "since_h", "newest"),
    [
        # Nothing of it was ever deployed: the commit's own time counts.
        ([NOW_LIVE], NOW_LIVE, 1, None),
        ([deployed("FAILED", HEAD, 3), NOW_LIVE], NOW_LIVE, 3, "d-3"),
        ([deployed("SKIPPED", HEAD, 3, CHECKS), NOW_LIVE], NOW_LIVE, 3, "d-3"),
        ([deployed("BUILDING", HEAD, 0.1), NOW_LIVE], NOW_LIVE, 0.1, "d-0.1"),
        # Stuck since the first one that failed, whatever came after it.
        ([deployed("BUILDING", HEAD, 1), deployed("FAILED", OTHER, 5), NOW_LIVE], NOW_LIVE, 5, "d-1"),
        (
            [deployed("SKIPPED", HEAD, 1, UNCHANGED), deployed("FAILED", OTHER, 5), NOW_LIVE],
            NOW_LIVE,
            5,
            "d-5",
        ),
        # A redeployment of what is live that failed leaves nothing behind.
        ([deployed("FAILED", LIVE, 5), NOW_LIVE], NOW_LIVE, 1, None),
        # Rolled back: the head was live before.
        ([NOW_LIVE, deployed("REMOVED", HEAD, 20)], NOW_LIVE, 9, "d-20"),
        ([deployed("REMOVED", HEAD, 4), deployed("REMOVED", OTHER, 5), NOW_LIVE], NOW_LIVE, 4, "d-4"),
        ([deployed("CRASHED", HEAD, 2), deployed("REMOVED", LIVE, 90)], None, 2, "d-2"),
        ([], None, 1, None),
    ],
)
def test_a_commit_that_is_missing(recent, live, since_h, newest):
    head = BranchHead(branch="main", sha=HEAD, at=NOW - timedelta(hours=1))
    gap = gap_of(head, live, recent)
    assert gap.since == NOW - timedelta(hours=since_h)
    assert (gap.newest and gap.newest.id) == newest


@pytest.mark.parametrize(
    ("recent", "live"),
    [
        ([], deployed("SUCCESS", HEAD, 1)),
        ([], deployed("SLEEPING", HEAD[:8], 1)),
        # Other services of the repository: 500 commits that changed nothing of this one.
        (
            [deployed("SKIPPED", HEAD, 1, UNCHANGED), deployed("SKIPPED", OTHER, 2, UNCHANGED), NOW_LIVE],
            NOW_LIVE,
        ),
    ],
)
def test_nothing_is_missing(recent, live):
    assert gap_of(BranchHead(branch="main", sha=HEAD, at=NOW), live, recent) is None


def compared(hub, backend, plan, *, head, hours_ago):
    hub.head = (head, f"{datetime.now(UTC) - timedelta(hours=hours_ago):%Y-%m-%dT%H:%M:%SZ}")
    with github(hub) as url:
        environment = {"GITHUB_API_URL": url, "GITHUB_REPOSITORY": hub.repository, "GITHUB_TOKEN": TOKEN,
                       "TARGET_URL": backend.base_url}  # fmt: skip
        done = script("ci not-live", "--plan", plan,
                      environment={**backend.environment, **environment})  # fmt: skip
    assert (done.returncode, hub.mistakes) == (0, []), done.stderr
    return done.stdout


@pytest.fixture
def plan(tmp_path):
    """plans/zeues.yml with people to tell, one of them without the @."""
    path, text = tmp_path / "plan.yml", (ROOT / "plans" / "zeues.yml").read_text()
    path.write_text(text + '\ngithub: {notify: [sescanella, "@org/on-call"]}\n')
    return path


def test_one_issue_is_opened_updated_and_closed(tmp_path, plan):
    hub = Hub()
    with running(log=tmp_path / "backend.log") as backend:
        assert "that concerns it is live" in compared(hub, backend, plan, head=ids.LIVE_COMMIT, hours_ago=9)
        assert "is not live yet, since" in compared(hub, backend, plan, head=ids.NEXT_COMMIT, hours_ago=1)
        assert hub.issues == {}
        for _ in range(2):
            assert "main (77aa1b2c) is merged but not live: #" in compared(
                hub, backend, plan, head=ids.NEXT_COMMIT, hours_ago=3
            )
        ((number, issue),) = hub.issues.items()
        assert (issue["title"], issue["state"]) == ("zeues-backend: merged but not live", "open")
        (comment,) = hub.comments[number]
        assert (
            "`77aa1b2c` is the newest commit of main, and **is not live: deployment `d0000005`"
            in comment["body"]
        )
        assert "cc @sescanella @org/on-call" in comment["body"]
        assert "Railway has no deployment of it: autodeploy may have stopped" in comment["body"]
        assert "is live again; #" in compared(hub, backend, plan, head=ids.LIVE_COMMIT, hours_ago=4)
    assert (issue["state"], len(hub.comments[number])) == ("closed", 1)


def test_a_build_that_failed_just_now_is_within_its_time(tmp_path, plan):
    hub = Hub()
    with running("railway-failed-build", log=tmp_path / "backend.log") as backend:
        # Its build failed minutes ago, and that is within github.live_within.
        assert "is not live yet" in compared(hub, backend, plan, head=ids.LIVE_COMMIT, hours_ago=3)
