"""WorkflowRuns on the same environment: who gives way to whom."""

from deploy_verdict.actions.concurrent_runs import concurrent_runs, superseded_words
from deploy_verdict.github.runs import WorkflowRun, split_title

LABEL = "verify zeues / production"


def run(number, what, label=LABEL, status="in_progress"):
    return WorkflowRun(id=number, display_title=f"{label} · {what}", status=status)


def test_the_older_run_on_another_commit_gives_way():
    own, older, newer = run(20, "bbb"), run(10, "aaa"), run(30, "ccc")
    found = concurrent_runs(own, [newer, own, older, run(11, "aaa", status="completed")])
    assert (found.same, found.older, found.newer) == (None, (older,), (newer,))


def test_the_same_commit_is_verified_once_by_the_run_that_came_first():
    own, first = run(20, "aaa"), run(10, "aaa")
    assert concurrent_runs(own, [own, first]).same == first
    assert concurrent_runs(first, [own, first]).same is None


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


def test_the_window_was_superseded_by_the_first_that_came_after():
    assert superseded_words([run(30, "ccc"), run(25, "bbb")]) == "superseded by the window on bbb (run 25)"
    assert superseded_words([]) is None
