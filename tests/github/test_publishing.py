"""A judged window posted on a GitHub that answers after GitHub's own OpenAPI description."""

import pytest

from demo.github.hub import Hub
from demo.github.serving import REPOSITORY, TOKEN, github
from deploy_verdict.base.errors import ProviderError
from deploy_verdict.github import Connection, Destination, GitHub, marker_of
from tests.github.windows import COMMIT, PLAN, ours, published, window  # noqa: F401  # PLAN: for tests/demo
from tests.running import script


def test_on_the_named_issue_one_comment_that_is_updated(tmp_path, hub):
    base, _ = window(tmp_path)
    with published(hub) as publish:
        first = publish(base, "--number", 1)
        assert (first.returncode, first.stderr) == (0, ""), first.stderr
        again = publish(base, "--number", 1)
    assert again.stdout == first.stdout
    assert len(hub.comments[1]) == 1
    body = hub.comments[1][0]["body"]
    assert body.startswith("<!-- deploy-verdict:small.d-1 -->\n<!-- deploy-verdict-state {")
    assert body.splitlines()[2].startswith("## ✅ STABLE")
    assert "<summary>Success criteria verification</summary>\n\n" in body
    assert hub.issues[1]["labels"] == ["verdict small: stable"]
    assert hub.issues[1]["state"] == "open"
    told = [(row["sha"], row["state"], row["context"]) for row in hub.statuses]
    assert told == [(COMMIT, "success", "deploy-verdict/small")] * 2


def test_else_on_the_pull_request_of_the_deployed_commit(tmp_path, hub):
    base, _ = window(tmp_path)
    hub.add_issue(7)
    hub.pulls[COMMIT] = [3, 7]
    with published(hub) as publish:
        assert publish(base).returncode == 0
    assert len(ours(hub, 7)) == 1


def test_else_on_one_tracking_issue_closed_when_stable_and_reopened_when_not(tmp_path, hub):
    base, _ = window(tmp_path / "good")
    bad, _ = window(tmp_path / "bad", status=500)
    with published(hub) as publish:
        assert publish(base).returncode == 0
        assert (hub.issues[2]["state"], hub.issues[2]["labels"]) == (
            "closed",
            ["deploy-verdict", "verdict small: stable"],
        )
        assert publish(bad).returncode == 0
    assert set(hub.issues) == {1, 2}
    assert len(ours(hub, 2)) == 1
    assert "CRITICAL ISSUES" in ours(hub, 2)[0]
    assert (hub.issues[2]["state"], hub.issues[2]["labels"]) == (
        "open",
        ["deploy-verdict", "verdict small: critical"],
    )
    assert [row["state"] for row in hub.statuses] == ["success", "failure"]


def test_a_marker_that_somebody_else_quotes_is_not_ours(tmp_path, hub):
    base, _ = window(tmp_path)
    quoted = hub.add_comment(1, f"{marker_of('small.d-1')} as the bot wrote", author="mallory")
    with published(hub) as publish:
        assert publish(base, "--number", 1).returncode == 0
    assert quoted["body"].endswith("as the bot wrote")
    assert len(hub.comments[1]) == 2


def test_our_comment_is_found_on_the_last_of_many_pages(tmp_path, hub):
    base, _ = window(tmp_path)
    for number in range(250):
        hub.add_comment(1, f"comment {number}", author="somebody")
    mine = hub.add_comment(1, f"{marker_of('small.d-1')}\nin progress")
    with published(hub) as publish:
        assert publish(base, "--number", 1).returncode == 0
    assert len(hub.comments[1]) == 251
    assert "STABLE" in mine["body"]


def test_what_two_jobs_wrote_at_once_becomes_one(tmp_path, hub):
    base, _ = window(tmp_path)
    first = hub.add_comment(1, f"{marker_of('small.d-1')}\none")
    hub.add_comment(1, f"{marker_of('small.d-1')}\ntwo")
    with published(hub) as publish:
        assert publish(base, "--number", 1).returncode == 0
    assert [row["id"] for row in hub.comments[1]] == [first["id"]]
    assert "STABLE" in first["body"]


@pytest.mark.parametrize("number", [1, 99], ids=["locked", "not there"])
def test_a_place_that_refuses_does_not_cost_the_report(tmp_path, hub, number):
    base, _ = window(tmp_path)
    hub.locked.add(1)
    with published(hub) as publish:
        done = publish(base, "--number", number)
    assert done.returncode == 0, done.stderr
    assert "using the tracking issue instead" in done.stderr
    assert len(ours(hub, max(hub.issues))) == 1


def test_a_wrong_token_is_told(tmp_path, hub):
    base, _ = window(tmp_path)
    with published(hub) as publish:
        done = publish(base, GITHUB_TOKEN="wrong-token-of-a-test")
    assert done.returncode == 3
    assert "HTTP 401" in done.stderr
    assert "wrong-token-of-a-test" not in done.stderr + done.stdout


@pytest.mark.parametrize(
    ("variable", "told"),
    [
        ("GITHUB_REPOSITORY", "GITHUB_REPOSITORY is not set — set it to owner/name"),
        ("GITHUB_TOKEN", "GITHUB_TOKEN is not set"),
    ],
)
def test_settings_that_are_missing(tmp_path, hub, variable, told):
    base, _ = window(tmp_path)
    with published(hub) as publish:
        done = publish(base, **{variable: ""})
    assert (done.returncode, told in done.stderr) == (2, True)


def test_without_a_whole_commit_no_status_is_set_and_it_is_told(tmp_path, hub):
    base, _ = window(tmp_path, commit="f0ec7b5")
    with published(hub) as publish:
        done = publish(base, "--number", 1)
    assert done.returncode == 0
    assert "no commit status set" in done.stderr
    assert hub.statuses == []


def test_the_summary_and_annotations_come_also_when_github_refuses(tmp_path, hub):
    base, _ = window(tmp_path, status=500)
    summary = tmp_path / "summary.md"
    with published(hub) as publish:
        done = publish(base, GITHUB_TOKEN="wrong", GITHUB_STEP_SUMMARY=str(summary), GITHUB_ACTIONS="true")
    assert done.returncode == 3
    assert "CRITICAL ISSUES" in summary.read_text()
    assert done.stdout.startswith("::error title=P1 health/api::expected: status = 200; found: 500")


def test_dry_run_asks_nothing(tmp_path):
    base, _ = window(tmp_path)
    done = script("publish_report", *base, "--dry-run")
    assert done.returncode == 0
    assert done.stdout.startswith("## ✅ STABLE")


def test_a_comment_that_vanishes_is_no_success(hub):
    class Forgetful(Hub):
        def add_comment(self, number, body, author="x"):
            return {"id": 1, "body": body, "author": author}

    forgetful = Forgetful()
    forgetful.add_issue(1)
    with github(forgetful) as url:
        connection = Connection(repository=REPOSITORY, token=TOKEN, api_url=url, author=forgetful.author)
        with pytest.raises(ProviderError, match="that is not there"):
            GitHub(connection).put_comment(Destination(number=1, kind="named"), "d-1", "body")
