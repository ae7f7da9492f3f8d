"""SECURITY.md points to files and tests that are there, says what does not stop somebody, and is linked."""

import re

import pytest

from tests.running import ROOT

PAGE = (ROOT / "SECURITY.md").read_text()
PLACES = sorted(set(re.findall(r"(?:scripts|tests|docs|\.github|\.ci)/[\w./-]*\w", PAGE)))
ACTORS = re.split(r"\n### ", PAGE.split("## Who could do what")[1].split("\n## ")[0])[1:]


@pytest.mark.parametrize("place", PLACES)
def test_each_file_and_test_that_is_named_exists(place):
    assert (ROOT / place).is_file()


def test_it_names_enough_to_be_checked():
    assert len(PLACES) > 40


@pytest.mark.parametrize("actor", ACTORS, ids=lambda actor: actor.splitlines()[0][:30])
def test_each_actor_has_what_stops_them_by_a_test_and_what_does_not(actor):
    assert re.search(r"tests/\w", actor)
    assert re.search(r"What does not stop|Nothing here stops", actor)


def test_all_who_could_do_something_are_there():
    told = " ".join(actor.splitlines()[0].lower() for actor in ACTORS)
    for who in ("fork", "service", "railway", "github", "write access", "plan", "webhook", "dependency"):
        assert who in told


def test_each_make_target_and_setting_that_is_named_exists():
    targets = set(re.findall(r"^(\w+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    assert set(re.findall(r"`make (\w+)", PAGE)) <= targets
    assert "## How to report" in PAGE


def test_the_claims_about_workflows_hold():
    for path in (ROOT / ".github" / "workflows").glob("*.yml"):
        text = path.read_text()
        assert not re.search(r"^  (pull_request_target|issue_comment|issues):", text, re.MULTILINE), path.name


def test_the_readme_links_it():
    assert "(SECURITY.md)" in (ROOT / "README.md").read_text()
