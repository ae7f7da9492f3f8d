"""`ci preview`: one comment on the pull request, edited, with the lines to add."""

import json

import pytest

from demo.github.hub import Hub
from demo.github.serving import REPOSITORY, TOKEN, github
from tests.running import script

PLAN = """
version: 1
name: shop
service: {base_url: "${SHOP_URL}", name: shop}
health: [{name: api, get: /, expect: {status: 200}}]
pools: [{name: db, get: /p, used: $.a, limit: $.b}]
"""


@pytest.fixture
def hub():
    made = Hub()
    made.add_issue(7, body="a pull request", author="someone")
    yield made
    assert made.mistakes == []


def previewed(tmp_path, url, plan=PLAN, *more):
    (tmp_path / "plan.yml").write_text(plan)
    (tmp_path / "event.json").write_text(json.dumps({"pull_request": {"number": 7}}))
    environment = {
        "GITHUB_API_URL": url,
        "GITHUB_REPOSITORY": REPOSITORY,
        "GITHUB_TOKEN": TOKEN,
        "GITHUB_EVENT_PATH": str(tmp_path / "event.json"),
        "GITHUB_STEP_SUMMARY": str(tmp_path / "summary.md"),
    }
    return script("ci preview", "--plan", tmp_path / "plan.yml", *more, environment=environment)


def test_it_is_one_comment_that_is_edited(tmp_path, hub):
    with github(hub) as url:
        first = previewed(tmp_path, url)
        again = previewed(tmp_path, url, PLAN.replace("{status: 200}", "{status: 200, $.ok: true}"))
    assert (first.returncode, again.returncode) == (0, 0), first.stderr + again.stderr
    (comment,) = hub.comments[7]
    assert "nothing proves its gauge" in comment["body"]
    assert "`exercise: {ask: [api], at_once: 6}`" in comment["body"]
    assert "only the status is read" not in comment["body"]
    assert "no writes" in comment["body"]


def test_a_plan_with_mistakes_is_said_in_the_same_place(tmp_path, hub):
    with github(hub) as url:
        assert previewed(tmp_path, url).returncode == 0
        done = previewed(tmp_path, url, PLAN.replace("used:", "uzed:"))
    assert done.returncode == 2
    (comment,) = hub.comments[7]
    assert "no window would open" in comment["body"]
    assert "did you mean 'used'?" in comment["body"]


def test_without_github_it_is_printed(tmp_path):
    done = previewed(tmp_path, "http://127.0.0.1:9", PLAN, "--dry-run")
    assert done.returncode == 0
    assert "### After the deployment" in done.stdout
