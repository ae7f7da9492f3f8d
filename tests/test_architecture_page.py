"""ARCHITECTURE.md draws the tree as it is, and one reading's way as a real one goes it."""

import re

import pytest

from tests import rooms
from tests.pages import coded, rows, section
from tests.running import ROOT

PACKAGE = ROOT / "scripts" / "deploy_verdict"
TREE = rows(section("ARCHITECTURE.md", "## The tree"))
STEPS = {
    "### Open and sample: `deploy-verdict sample pools`": ("open", "sample pools"),
    "### Judge: `deploy-verdict judge`": ("judge",),
    "### Publish: `deploy-verdict publish`": ("publish --dry-run",),
}


def test_every_folder_has_its_row():
    shown = {name.rstrip("/") for row in TREE for name in coded(row[0])}
    assert shown == {path.parent.name for path in PACKAGE.glob("*/__init__.py")}


@pytest.mark.parametrize("row", TREE, ids=lambda row: row[0])
def test_the_folders_below_a_folder_are_named_in_its_row(row):
    below = {path.parent.name for name in coded(row[0]) for path in PACKAGE.glob(f"{name}*/__init__.py")}
    named = {name.rstrip("/") for name in coded(row[1]) if name.endswith("/")}
    assert named == below


@pytest.fixture(scope="module")
def passed():
    """The modules that a real reading passes, by step."""
    return rooms.traced()


@pytest.mark.parametrize("title", STEPS)
def test_a_readings_way_is_the_one_it_goes(title, passed):
    real = {module for step in STEPS[title] for module in passed[step]}
    table = rows(section("ARCHITECTURE.md", title))
    assert len(table) >= 6
    ways = [(*coded(module), *coded(function)) for module, function, _ in table]
    assert [path for path, _ in ways if path not in real] == []
    assert [(path, name) for path, name in ways if not defined(path, name)] == []


def defined(path, name):
    return re.search(rf"^ *(def|class) {name}\b", (PACKAGE / path).read_text(), re.MULTILINE)
