"""Runs on the same environment: who gives way to whom, on a GitHub with hundreds of other runs in between."""

import pytest

from demo.github.hub import Hub
from demo.github.serving import TOKEN, github
from deploy_verdict.actions.start.concurrent_runs import (
    DECIDED_WITHIN_S,
    concurrent_runs,
    first_with_window,
    superseded_words,
    superseding,
)
from deploy_verdict.github import Connection
from deploy_verdict.github.runs import WorkflowRun, WorkflowRuns, split_title
from tests.clocks import TurnedClock

LABEL = "verify zeues / production"
WORKFLOW = "post-deploy.yml"


def run(number, what, label=LABEL, status="in_progress"):
    return WorkflowRun(id=number, display_title=f"{label} · {what}", status=status)


def test_the_older_run_on_another_commit_gives_way():
    own, older, newer = run(20, "bbb"), run(10, "aaa"), run(30, "ccc")
    found = concurrent_runs(own, [newer, own, older, run(11, "aaa", status="completed")])
    assert (found.same, found.older) == ((), (older,))


def test_the_same_commit_is_verified_once_by_the_run_that_came_first():
    own, first = run(20, "aaa"), run(10, "aaa")
    assert concurrent_runs(own, [own, first]).same == (first,)
    assert concurrent_runs(first, [own, first]).same == ()


def test_another_environment_and_runs_by_hand_are_no_rivals():
    own = run(20, "bbb")
    assert concurrent_runs(own, [run(10, "aaa", label="verify zeues / staging")]).older == ()
    by_hand = run(21, "21", label="verify by hand")
    assert concurrent_runs(by_hand, [run(10, "10", label="verify by hand")]).older == ()
    assert (
        concurrent_runs(
            WorkflowRun(id=1, display_title="CI"), [WorkflowRun(id=0, display_title="CI", status="queued")]
        ).older
        == ()
    )


def test_a_label_may_hold_the_separator():
    assert split_title("verify a · b / production · aaa") == ("verify a · b / production", "aaa")


@pytest.fixture
def hub():
    made = Hub()
    yield made
    assert made.mistakes == []


@pytest.fixture
def runs(hub):
    with github(hub) as url:
        connection = Connection(repository=hub.repository, token=TOKEN, api_url=url, author=hub.author)
        yield WorkflowRuns(connection)


def crowd(hub, first, count=300):
    """Runs of refused and skipped events, as each deployment leaves them."""
    for number in range(count):
        conclusion = "skipped" if number % 2 else "success"
        hub.add_run(first + number, display_title=f"{LABEL} · {'e' * 40}", conclusion=conclusion)


@pytest.mark.parametrize("status", ["queued", "in_progress", "waiting", "pending", "requested"])
def test_an_unfinished_run_is_found_behind_300_newer_ones(hub, runs, status):
    hub.add_run(10, display_title=f"{LABEL} · aaa", status=status)
    crowd(hub, 100)
    own = WorkflowRun(id=900, display_title=f"{LABEL} · bbb", status="in_progress")
    assert [run.id for run in concurrent_runs(own, runs.unfinished(WORKFLOW)).older] == [10]


def test_all_runs_that_are_newer_are_paged_through_and_no_older_one(hub, runs):
    crowd(hub, 100)
    newer = runs.newer(WORKFLOW, 149)
    assert (len(newer), newer[0].id, newer[-1].id) == (250, 399, 150)
    assert sum(path.endswith("/runs") for _, path in hub.requests) == 3


def test_a_window_was_superseded_by_the_first_later_run_that_opened_one(hub, runs):
    ended = WorkflowRun(id=10, display_title=f"{LABEL} · aaa", status="completed", conclusion="cancelled")
    for number in range(100, 400):
        hub.add_run(number, display_title=f"{LABEL} · {'e' * 40}", conclusion="skipped")
    hub.add_run(50, display_title=f"{LABEL} · refused")
    hub.add_run(60, display_title=f"{LABEL} · bbb", status="in_progress")
    hub.add_artifact(60, "window-a1")
    hub.add_run(55, display_title="verify zeues / staging · ddd", status="in_progress")
    hub.add_artifact(55, "window-a1")
    assert superseding(runs, ended, WORKFLOW) == "superseded by the window on bbb (run 60)"


def test_the_run_that_is_about_to_open_its_window_superseded_it_too(hub, runs):
    ended = WorkflowRun(id=10, display_title=f"{LABEL} · aaa", status="completed", conclusion="cancelled")
    assert superseding(runs, ended, WORKFLOW) is None
    hub.add_run(50, display_title=f"{LABEL} · refused")
    assert superseding(runs, ended, WORKFLOW) is None
    hub.add_run(60, display_title=f"{LABEL} · bbb", status="in_progress")
    assert superseding(runs, ended, WORKFLOW) == "superseded by the window on bbb (run 60)"
    assert superseded_words(run(25, "bbb")) == "superseded by the window on bbb (run 25)"


class EventfulClock(TurnedClock):
    """On which something happens at GitHub while somebody waits."""

    def __init__(self, events):
        super().__init__()
        self._events = list(events)

    def sleep(self, seconds):
        super().sleep(seconds)
        if self._events:
            self._events.pop(0)()


def decided(hub, runs, *events):
    clock, told = EventfulClock(events), []
    candidates = [run(number, "aaa") for number in sorted(hub.runs, reverse=True)]
    return first_with_window(runs, candidates, clock=clock, tell=told.append), clock, told


def test_a_run_with_a_window_is_there_at_once(hub, runs):
    hub.add_run(10, display_title=f"{LABEL} · aaa", status="in_progress")
    hub.add_artifact(10, "window-a1")
    found, clock, _ = decided(hub, runs)
    assert (found.id, clock.slept) == (10, [])


def test_a_run_that_is_deciding_is_waited_for_until_it_has_a_window(hub, runs):
    hub.add_run(10, display_title=f"{LABEL} · aaa", status="in_progress")
    found, clock, told = decided(hub, runs, lambda: None, lambda: hub.add_artifact(10, "window-a1"))
    assert (found.id, clock.slept) == (10, [10.0, 20.0])
    assert told[0] == "run 10 of the same environment is still deciding; asking again in 10 s"


def test_a_run_that_then_says_not_ours_is_none(hub, runs):
    """It was the event of another service: whoever gave way to it would leave nobody."""
    row = hub.add_run(10, display_title=f"{LABEL} · aaa", status="in_progress")
    found, _, _ = decided(hub, runs, lambda: row.update(status="completed", conclusion="success"))
    assert found is None


def test_a_run_that_was_cancelled_with_its_window_is_none(hub, runs):
    hub.add_run(10, display_title=f"{LABEL} · aaa", status="completed", conclusion="cancelled")
    hub.add_artifact(10, "window-a1")
    assert decided(hub, runs)[0] is None


def test_a_run_that_never_decides_is_not_waited_for_without_end(hub, runs):
    hub.add_run(10, display_title=f"{LABEL} · aaa", status="in_progress")
    found, clock, told = decided(hub, runs)
    assert found is None
    assert sum(clock.slept) <= DECIDED_WITHIN_S
    assert told[-1] == "run 10 has not decided within 10 min; not waiting longer"
    assert len(hub.requests) < 40
