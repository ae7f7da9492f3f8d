"""The demo's GitHub misbehaves as its switches say, and no more than that."""

import threading
import time

import pytest

from demo.github.hub import Hub
from demo.github.switches import MEANINGS, Switches, switches_from
from tests.demo.github_client import SHA, served

WRITE = ("POST", "/issues/1/comments", {"body": "x"})


@pytest.fixture
def api():
    hub = Hub()
    hub.add_issue(1)
    with served(hub) as client:
        yield client
    assert hub.mistakes == []


def test_all_switches_are_off_and_have_a_meaning():
    assert vars(Switches()) == {
        "bad_gateways": 0,
        "lost_answers": 0,
        "secondary_limits": 0,
        "primary_limit": False,
        "forbidden": set(),
        "delete_comment_after_write": 0,
        "slow_s": 0.0,
    }
    assert set(MEANINGS) == set(vars(Switches()))


def test_bad_gateways_are_html_and_nothing_is_carried_out(api):
    api.hub.switches.bad_gateways = 2
    first = api.ask(*WRITE)
    assert (first.status_code, first.headers["Content-Type"]) == (502, "text/html; charset=utf-8")
    assert "Unicorn" in first.text
    assert api.ask("GET", "/issues/1").status_code == 502
    assert api.hub.comments[1] == []
    assert api.ask(*WRITE).status_code == 201


def test_lost_answers_are_of_writes_that_were_carried_out(api):
    api.hub.switches.lost_answers = 1
    assert api.ask("GET", "/issues/1").status_code == 200
    assert api.ask("POST", "/issues/99/comments", {"body": "x"}).status_code == 404
    lost = api.ask(*WRITE)
    assert (lost.status_code, "Unicorn" in lost.text) == (502, True)
    assert len(api.hub.comments[1]) == 1
    assert api.ask(*WRITE).status_code == 201


def test_a_secondary_limit_refuses_writes_and_says_when_to_come_again(api):
    api.hub.switches.secondary_limits = 1
    assert api.ask("GET", "/issues/1").status_code == 200
    refused = api.ask(*WRITE)
    assert (refused.status_code, refused.headers["retry-after"]) == (403, "1")
    assert refused.json()["message"].startswith("You have exceeded a secondary rate limit. Please wait")
    assert api.hub.comments[1] == []
    assert api.ask(*WRITE).status_code == 201


def test_the_primary_limit_refuses_everything_for_an_hour(api):
    api.hub.switches.primary_limit = True
    for request in (WRITE, ("GET", "/issues/1")):
        refused = api.ask(*request)
        assert (refused.status_code, refused.headers["x-ratelimit-remaining"]) == (403, "0")
        assert int(refused.headers["x-ratelimit-reset"]) > time.time() + 3000
        assert refused.json()["message"].startswith("API rate limit exceeded")
    api.hub.switches.primary_limit = False
    assert int(api.ask("GET", "/issues/1").headers["x-ratelimit-remaining"]) > 0


@pytest.mark.parametrize(
    ("permission", "method", "path", "body"),
    [
        ("issues", *WRITE),
        ("issues", "POST", "/issues", {"title": "x"}),
        ("issues", "POST", "/labels", {"name": "x"}),
        ("issues", "PATCH", "/issues/1", {"state": "closed"}),
        ("statuses", "POST", f"/statuses/{SHA}", {"state": "success"}),
        ("actions", "POST", "/actions/runs/7/cancel", None),
        ("actions", "POST", "/actions/workflows/post-deploy.yml/dispatches", {"ref": "main"}),
        ("administration", "PUT", "/environments/x", {"wait_timer": 1}),
        ("contents", "POST", "/dispatches", {"event_type": "x"}),
    ],
)
def test_a_token_without_a_permission(api, permission, method, path, body):
    api.hub.add_run(7, status="queued")
    others = set(switches_from(["forbidden=issues,statuses,actions,administration,contents"]).forbidden)
    api.hub.switches.forbidden = {permission}
    refused = api.ask(method, path, body)
    assert (refused.status_code, refused.json()["message"]) == (403, "Resource not accessible by integration")
    assert api.ask("GET", "/issues/1").status_code == 200
    api.hub.switches.forbidden = others - {permission}
    assert api.ask(method, path, body).status_code < 300


def test_a_new_comment_is_deleted_by_somebody(api):
    api.hub.switches.delete_comment_after_write = 1
    made = api.ask(*WRITE)
    assert made.status_code == 201
    assert api.ask("GET", made.json()["url"]).status_code == 404
    assert api.ask(*WRITE).status_code == 201
    assert len(api.get("/issues/1/comments")) == 1


def test_a_slow_answer_does_not_hold_up_the_end():
    arrived, answers = threading.Event(), []

    class Noticing(Switches):
        def __getattribute__(self, name):
            if name == "slow_s":
                arrived.set()
            return super().__getattribute__(name)

    hub = Hub(switches=Noticing(slow_s=3600.0))
    hub.add_issue(1)
    arrived.clear()
    with served(hub) as client:
        asking = threading.Thread(target=lambda: answers.append(client.ask("GET", "/issues/1").status_code))
        asking.start()
        assert arrived.wait(10)
        assert answers == []
    asking.join()
    assert answers == [200]


def test_every_request_is_noted(api):
    api.get("/issues/1/comments", page=1)
    api.ask(*WRITE)
    path = f"/repos/{api.hub.repository}/issues/1/comments"
    assert api.hub.requests == [("GET", path), ("POST", path)]


def test_switches_from_words():
    words = ["bad_gateways=2", "primary_limit", "forbidden=issues,actions", "slow_s=0.5"]
    made = Switches(bad_gateways=2, primary_limit=True, forbidden={"issues", "actions"}, slow_s=0.5)
    assert switches_from(words) == made


@pytest.mark.parametrize(
    ("word", "told"),
    [
        ("nothing", "there is no switch 'nothing'; there are bad_gateways"),
        ("bad_gateways", "bad_gateways: bad_gateways takes N"),
        ("bad_gateways=x", "bad_gateways=x: a number belongs there"),
        ("bad_gateways=-1", "bad_gateways=-1: bad_gateways takes N"),
        ("slow_s=inf", "slow_s=inf: slow_s takes S"),
        ("forbidden=isues", "forbidden=isues: forbidden takes A,B"),
        ("primary_limit=1", "primary_limit=1: primary_limit takes"),
    ],
)
def test_a_word_that_is_no_switch_is_told(word, told):
    with pytest.raises(ValueError, match="^" + told.replace("(", r"\(")):
        switches_from([word])
