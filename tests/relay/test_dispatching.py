"""What the relay makes of GitHub's answers, over real sockets."""

from datetime import UTC, datetime, timedelta

import pytest

from tests.relay.github import github
from tests.relay.process import current, free_port, relay


def test_github_that_is_down_for_a_while_is_waited_for(tmp_path):
    port = free_port()
    with relay(tmp_path, f"http://127.0.0.1:{port}") as running:
        assert running.post(current()).status_code == 202
        running.until(lambda told: told["waiting"] == 1 and told["reasons"])
    with github() as hub, relay(tmp_path, hub.url) as running:
        running.until(lambda told: told["sent"] == 1)
        assert hub.deployments() == ["d-1"]


@pytest.mark.parametrize(
    "answers",
    [
        [(403, {"Retry-After": "0"}, False), (429, {}, False)],
        [(500, {}, False), (502, {}, False)],
    ],
    ids=["rate limit", "5xx that took nothing"],
)
def test_passing_trouble_of_github_is_tried_again(tmp_path, hub, answers):
    hub.answers = list(answers)
    with relay(tmp_path, hub.url, RELAY_GRACE_S="0.3") as running:
        running.post(current())
        running.until(lambda told: told["sent"] == 1)
    assert hub.deployments() == ["d-1"]


@pytest.mark.parametrize("status", [500, None], ids=["5xx", "no answer"])
def test_what_github_took_without_saying_so_is_not_sent_again(tmp_path, hub, status):
    hub.answers = [(status, {}, True)]
    with relay(tmp_path, hub.url) as running:
        running.post(current())
        running.until(lambda told: told["sent"] == 1)
    assert hub.deployments() == ["d-1"]


@pytest.mark.parametrize("status", [401, 403, 404, 422])
def test_what_github_refuses_for_good_is_parked_with_its_reason(tmp_path, hub, status):
    hub.answers = [(status, {}, False)]
    with relay(tmp_path, hub.url) as running:
        running.post(current())
        told = running.until(lambda told: told["parked"] == 1)
        assert f"HTTP {status}" in told["reasons"]["d-1"]
    # A restart tries again, once the token is mended.
    with relay(tmp_path, hub.url) as running:
        running.until(lambda told: told["sent"] == 1)
    assert hub.deployments() == ["d-1"]


def test_while_the_list_of_runs_cannot_be_read_nothing_is_sent_again(tmp_path, hub):
    hub.answers, hub.runs_status = [(None, {}, True)], 500
    with relay(tmp_path, hub.url, RELAY_GRACE_S="0.2") as running:
        running.post(current())
        running.until(lambda told: "cannot be read" in told["reasons"].get("d-1", ""))
        assert hub.deployments() == ["d-1"]
        hub.runs_status = 200
        running.until(lambda told: told["sent"] == 1)
    assert hub.deployments() == ["d-1"]


@pytest.mark.parametrize("status", [301, 307, 400, 410])
def test_other_refusals_are_parked_and_no_redirect_is_followed(tmp_path, hub, status):
    with github() as elsewhere:
        hub.answers = [(status, {"Location": elsewhere.url + "/repos/example/zeues/dispatches"}, False)]
        with relay(tmp_path, hub.url) as running:
            running.post(current())
            told = running.until(lambda told: told["parked"] == 1)
            assert f"HTTP {status}" in told["reasons"]["d-1"]
        assert elsewhere.asked.empty()


def test_an_answer_that_is_no_answer_of_github_counts_for_nothing(tmp_path, hub):
    hub.answers = [(200, {}, False)]
    with relay(tmp_path, hub.url, RELAY_GRACE_S="0.3") as running:
        running.post(current())
        running.until(lambda told: told["sent"] == 1)
    assert hub.deployments() == ["d-1"]


def test_a_long_retry_after_holds_also_across_a_restart(tmp_path, hub):
    hub.answers = [(429, {"Retry-After": "3000"}, False)]
    for _ in range(2):
        with relay(tmp_path, hub.url) as running:
            running.post(current())
            told = running.until(lambda told: "HTTP 429" in told["reasons"].get("d-1", ""))
            assert told["waiting"] == 1
            # Another event overtakes it: the dispatcher does work.
            running.post(current("d-2"))
            running.until(lambda told: told["sent"] == 1)
    assert hub.deployments() == ["d-2"]


def test_a_run_of_a_similar_id_is_not_taken_for_it(tmp_path, hub):
    hub.add_run("Verify d-10")
    hub.add_run("Verify x-d-1")
    hub.answers = [(500, {}, False)]
    with relay(tmp_path, hub.url, RELAY_GRACE_S="0.3") as running:
        running.post(current("d-1"))
        running.until(lambda told: told["sent"] == 1)
    assert hub.deployments() == ["d-1"]


def test_its_run_is_found_on_a_later_page(tmp_path, hub):
    hub.answers = [(500, {}, True)]
    hub.free.clear()
    with relay(tmp_path, hub.url, RELAY_GRACE_S="0.3") as running:
        running.post(current("d-1"))
        assert hub.asked.get(timeout=30) == ("POST", 500)
        later = datetime.now(UTC) + timedelta(minutes=5)
        for number in range(250):
            hub.add_run(f"Verify other-{number}", later)
        hub.free.set()
        running.until(lambda told: told["sent"] == 1)
    assert hub.deployments() == ["d-1"]


def test_more_runs_than_github_shows_is_not_an_answer(tmp_path, hub):
    hub.answers = [(500, {}, True)]
    hub.free.clear()
    with relay(tmp_path, hub.url, RELAY_GRACE_S="0.2") as running:
        running.post(current("d-1"))
        assert hub.asked.get(timeout=30) == ("POST", 500)
        later = datetime.now(UTC) + timedelta(minutes=5)
        for number in range(1000):
            hub.add_run(f"Verify other-{number}", later)
        hub.free.set()
        running.until(lambda told: "cannot tell whether it arrived" in told["reasons"].get("d-1", ""))
    assert hub.deployments() == ["d-1"]
