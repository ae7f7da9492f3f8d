"""A GitHub that misbehaves: one comment stands there in the end, or it is told why not."""

import threading
from itertools import pairwise

import pytest

from demo.github.hub import Hub
from deploy_verdict.base.errors import ProviderError
from deploy_verdict.github import Connection, marker_of
from deploy_verdict.github.caller import MAX_TRIES, MAX_WAIT_S
from deploy_verdict.github.destinations import TRACKING
from deploy_verdict.publish.comment_state import state_in
from tests.github.windows import COMMIT, PLAN, jobs, opened, ours, published, window


@pytest.fixture
def out(tmp_path):
    return window(tmp_path / "good")[1]


@pytest.fixture
def bad(tmp_path):
    return window(tmp_path / "bad", status=500)[1]


def writes(hub, kind):
    return [request for request in hub.requests if request[0] == "POST" and request[1].endswith(kind)]


def test_bad_gateways_are_asked_again_and_told(out, hub):
    with jobs(hub) as job:
        made = job()
        hub.switches.bad_gateways = 3
        made.final(out)
    assert made.clock.slept == [1, 2, 4]
    assert made.told[0].startswith("GitHub answered HTTP 502 to")
    assert len(ours(hub, 1)) == 1


def test_a_github_that_is_down_ends_within_a_bound(out, hub):
    with jobs(hub) as job:
        made = job()
        hub.switches.bad_gateways = 10_000
        with pytest.raises(ProviderError, match=rf"HTTP 502 .* \(after {MAX_TRIES} tries\)"):
            made.final(out)
    assert sum(made.clock.slept) <= MAX_WAIT_S


@pytest.mark.parametrize("lost", range(1, 9))
def test_whatever_answers_are_lost_there_is_one_comment(out, hub, lost):
    """The write was done, and then answered with 502: a repeated POST would be a second comment."""
    with jobs(hub) as job:
        made = job()
        hub.switches.lost_answers = lost
        made.final(out, number=None)
    assert set(hub.issues) == {1, 2}
    assert len(hub.comments[2]) == 1
    assert hub.comments[1] == []
    assert "STABLE" in ours(hub, 2)[0]


@pytest.mark.parametrize("number", [1, None])
def test_one_lost_answer_means_one_post(out, hub, number):
    with jobs(hub) as job:
        made = job()
        hub.add_label(TRACKING.name)
        hub.switches.lost_answers = 1
        made.final(out, number=number)
    assert len(writes(hub, "/comments")) == 1
    assert len(writes(hub, "/issues")) == (number is None)


def test_a_secondary_limit_is_obeyed(out, hub):
    with jobs(hub) as job:
        made = job()
        hub.switches.secondary_limits = 4
        made.final(out)
    assert made.clock.slept == [1, 1, 1, 1]
    assert "a rate limit" in made.told[0]
    assert len(ours(hub, 1)) == 1


def test_a_secondary_limit_that_does_not_end_is_told(out, hub):
    with jobs(hub) as job:
        made = job()
        hub.switches.secondary_limits = 10_000
        with pytest.raises(ProviderError, match=r"a rate limit.*; 0 s of the 120 s retry budget left"):
            made.final(out)
    assert sum(made.clock.slept) <= MAX_WAIT_S


def test_a_limit_that_lasts_longer_than_we_wait_is_told_at_once(out, hub):
    with jobs(hub) as job:
        made = job()
        hub.switches.primary_limit = True
        with pytest.raises(ProviderError, match=r"a rate limit\); GitHub asks for a pause of \d+ s"):
            made.final(out)
    assert made.clock.slept == []


def test_a_comment_that_is_deleted_is_posted_anew_once(out, hub):
    with jobs(hub) as job:
        made = job()
        hub.switches.delete_comment_after_write = 1
        made.final(out)
    assert len(ours(hub, 1)) == 1
    assert len(writes(hub, "/comments")) == 2


@pytest.mark.parametrize("missing", [{"statuses"}, {"statuses", "actions"}])
def test_a_status_that_is_forbidden_costs_nothing_else(tmp_path, hub, missing):
    base, _ = window(tmp_path)
    hub.switches.forbidden = missing
    with published(hub) as publish:
        done = publish(base, "--number", 1)
    assert done.returncode == 0
    assert "HTTP 403 to a commit status" in done.stderr
    assert len(ours(hub, 1)) == 1
    assert hub.issues[1]["labels"] == ["verdict small: stable"]


def test_where_no_comment_may_be_written_the_status_still_is_and_it_ends_with_3(tmp_path, hub):
    base, _ = window(tmp_path, status=500)
    hub.switches.forbidden = {"issues"}
    with published(hub) as publish:
        done = publish(base, "--number", 1)
    assert done.returncode == 3
    assert "HTTP 403" in done.stderr
    assert [row["state"] for row in hub.statuses] == ["failure"]


def test_labels_that_may_not_be_made_cost_nothing(out, hub):
    """The demo's GitHub knows no right to labels alone, so the client refuses them itself."""
    with jobs(hub) as job:
        made = job()
        made.client.label = _refuse
        made.final(out)
    assert "no labels today" in made.told
    assert len(ours(hub, 1)) == 1
    assert [row["state"] for row in hub.statuses] == ["success"]


def _refuse(*arguments):
    raise ProviderError("no labels today")


def test_our_labels_are_made_with_colour_and_words(out, hub):
    with jobs(hub) as job:
        job().final(out, number=None)
    made = {row["name"]: row for row in hub.labels.values()}
    assert set(made) == {"deploy-verdict", "verdict small: stable"}
    assert all(row["color"] != "ededed" and row["description"] for row in made.values())


def test_a_label_of_the_owner_keeps_its_colour(out, hub):
    hub.add_label("verdict small: stable", color="123456")
    with jobs(hub) as job:
        job().final(out)
    assert hub.labels["verdict small: stable"]["color"] == "123456"
    assert hub.issues[1]["labels"] == ["verdict small: stable"]


def test_three_hundred_comments_of_others(bad, hub):
    for number in range(300):
        hub.add_comment(
            1, f"{marker_of('small.d-1')} quoted" if number % 50 == 0 else "words", author="somebody"
        )
    with jobs(hub) as job:
        job().progress(bad)
        job().final(bad)
        job().final(bad)
    mine = [row for row in hub.comments[1] if row["author"] == hub.author]
    assert len(mine) == 1
    assert len(hub.comments[1]) == 301


def test_the_newest_open_or_merged_pull_request_and_the_others_are_mentioned(out, hub):
    for number in (3, 7, 9):
        hub.add_issue(number)
    hub.issues[9]["state"] = "closed"
    hub.pulls[COMMIT] = [3, 9, 7]
    with jobs(hub) as job:
        job().final(out, number=None)
    (body,) = ours(hub, 7)
    assert body.endswith("The deployed commit is also in #3.\n")
    assert hub.comments[9] == []


def test_the_tracking_issue_names_what_it_follows(tmp_path, hub):
    _, out = opened(tmp_path, offsets=(0.0,))
    with jobs(hub) as job:
        job().progress(out, number=None)
    row = hub.issues[2]
    assert row["title"] == "Post-deployment verification: zeues-backend in production (f0ec7b5a)"
    assert row["body"].startswith(marker_of("zeues-backend.d-1"))
    assert row["labels"] == ["deploy-verdict"]


def test_a_tracking_issue_that_was_opened_twice_becomes_one(out, hub):
    body = f"{marker_of('small.d-1')}\nThis issue follows one deployment"
    hub.add_issue(5, body=body, labels=(TRACKING.name,))
    hub.add_issue(6, body=body, labels=(TRACKING.name,))
    with jobs(hub) as job:
        job().final(out, number=None)
    assert len(ours(hub, 5)) == 1
    assert hub.comments[6] == []
    assert (hub.issues[6]["state"], hub.issues[6]["labels"]) == ("closed", [])
    assert "#5 follows this deployment" in hub.issues[6]["body"]


def test_a_named_issue_is_never_closed_nor_opened(out, bad, hub):
    with jobs(hub) as job:
        job().final(out)
        assert hub.issues[1]["state"] == "open"
        hub.issues[1]["state"] = "closed"
        job().final(bad)
    assert hub.issues[1]["state"] == "closed"


def test_a_closed_tracking_issue_is_opened_by_progress_that_failed(tmp_path, out, hub):
    """The next window on the same deployment: what is bad so far opens it again, before its end."""
    with jobs(hub) as job:
        job().final(out, number=None)
        assert hub.issues[2]["state"] == "closed"
        body = hub.comments[2][0]["body"]
        state = state_in(body)
        hub.comments[2][0]["body"] = body.replace(state.window, "20250101T000000Z-aaaaaa")
        _, again = opened(tmp_path / "again", PLAN, offsets=(0.0,), status=500)
        job().progress(again, number=None)
    assert hub.issues[2]["state"] == "open"
    assert hub.issues[2]["labels"] == ["deploy-verdict", "verdict small: critical"]


def test_neither_our_words_nor_githubs_hold_the_token(hub, out):
    connection = Connection(repository="o/r", token="secret-token", api_url="http://x.test", author="a")
    assert "secret-token" not in repr(connection)
    with jobs(hub) as job:
        made = job()
        echo = f"no\n::error::you sent {'demo-github-token'}"
        trouble = made.client._caller._words(echo)
    assert trouble == "no ::error::you sent ***"


@pytest.mark.parametrize("kinds", [("final", "progress"), ("progress", "final"), ("final", "final")])
def test_two_jobs_that_write_at_once(tmp_path, hub, kinds):
    """Whatever the order of their requests: one issue, one comment, and the final one's words and marks."""
    _, out = window(tmp_path, status=500)
    for _ in range(4):
        with jobs(hub) as job:
            both = [job(), job()]
            threads = [
                threading.Thread(target=getattr(made, kind), args=(out, None))
                for made, kind in zip(both, kinds, strict=True)
            ]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
        tracked = [row for row in hub.issues.values() if TRACKING.name in row["labels"]]
        assert len(tracked) == 1
        (body,) = ours(hub, tracked[0]["number"])
        assert "CRITICAL ISSUES" in body.splitlines()[2]
        assert state_in(body).state == "final"
        assert tracked[0]["labels"] == ["deploy-verdict", "verdict small: critical"]
        assert hub.statuses[-1]["state"] == "failure"
        del hub.issues[tracked[0]["number"]]


class Interleaved:
    """Lets one job run between two requests of another: after its n-th, the whole of `other` happens."""

    def __init__(self, hub, after, other):
        self._hub, self._after, self._other, self._seen = hub, after, other, 0

    def wrap(self, publisher):
        ask = publisher.client._caller._attempt

        def asked(what, question):
            answer = ask(what, question)
            self._seen += 1
            if self._seen == self._after:
                self._other()
            return answer

        publisher.client._caller._attempt = asked
        return publisher


@pytest.mark.parametrize("number", [1, None])
def test_a_final_job_between_any_two_requests_of_progress(tmp_path, number):
    """Late progress may set its status after the final one: then it looks again, and puts it right."""
    _, out = window(tmp_path)
    after, done = 0, False
    while not done:
        after += 1
        hub = Hub()
        hub.add_issue(1, author="sescanella")
        ran = []
        with jobs(hub) as job:

            def final(job=job, ran=ran):
                ran.append(job().final(out, number=number))

            Interleaved(hub, after, final).wrap(job()).progress(out, number=number)
        done = not ran
        if ran:
            place = max(hub.issues) if number is None else 1
            live = [row["number"] for row in hub.issues.values() if TRACKING.name in row["labels"]]
            place = live[0] if number is None else place
            (body,) = ours(hub, place)
            assert state_in(body).state == "final", after
            assert hub.statuses[-1]["state"] == "success", after
            assert "verdict small: stable" in hub.issues[place]["labels"], after
    assert after > 5


def test_the_waits_of_one_question_grow(out, hub):
    with jobs(hub) as job:
        made = job()
        hub.switches.bad_gateways = MAX_TRIES - 1
        made.final(out)
    assert all(second == 2 * first for first, second in pairwise(made.clock.slept))
