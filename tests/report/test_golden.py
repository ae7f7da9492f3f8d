"""Whole reports, compared. UPDATE_GOLDEN=1 writes them anew; then read the diff."""

import os

import pytest

from tests.report.stories import HERE, STORIES

GOLDEN = HERE / "golden"


@pytest.mark.parametrize("name", STORIES)
@pytest.mark.parametrize("form", ["report", "comment"])
def test_the_whole_text(name, form):
    text = getattr(STORIES[name](), form)()
    path = GOLDEN / f"{name}.{form}.md"
    if os.environ.get("UPDATE_GOLDEN"):
        path.write_text(text, encoding="utf-8")
        pytest.fail(f"{path.name} updated, read the diff")
    assert text == path.read_text(encoding="utf-8")
