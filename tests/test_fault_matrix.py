"""Every trouble of demo/toxic, met for real: docs/reference/faults.md says what happens (`make matrix`)."""

import re
import subprocess
import sys

import pytest

from demo.toxic.troubles import TROUBLES
from tests.matrix.table import (
    COLUMNS,
    MOST_MB,
    PAGE,
    ROOT,
    WORDS,
    broken_bounds,
    cells_of,
    names_of,
    scrubbed,
    shown,
)

ROWS = {
    row[0].strip("` "): dict(zip(COLUMNS, (cell.strip() for cell in row[2:]), strict=True))
    for row in (
        line.strip().strip("|").split(" | ")
        for line in PAGE.read_text().splitlines()
        if line.startswith("| `")
    )
}

# Whole answers at once: only the words show which of several reasons was found.
STEADY = (
    "429",
    "deep",
    "empty",
    "html",
    "keys-twice",
    "nan",
    "infinite",
    "huge",
    "digits",
    "list",
    "redirect-loop",
    "moved-loop",
    "redirect-away",
)

# Of each kind one: good, refused, silent, cut off, wrong in content, elsewhere, and the runner's own clock.
SHORT = ("none", "refused", "no-answer", "reset", "nan", "redirect-away", "clock")


def halves(column):
    """A column in two, so that two cores have something to do."""
    names = names_of(column)
    return names[::2], names[1::2]


@pytest.mark.waits
@pytest.mark.complete
@pytest.mark.parametrize("half", [0, 1])
@pytest.mark.parametrize("column", COLUMNS)
def test_each_trouble_ends_in_time_with_a_typed_fault_and_a_report(column, half, tmp_path):
    assert_it_is_as_the_page_says(column, halves(column)[half], tmp_path)


@pytest.mark.waits
@pytest.mark.parametrize("column", COLUMNS)
def test_one_trouble_of_each_kind(column, tmp_path):
    """The short form for `make test`."""
    assert_it_is_as_the_page_says(column, SHORT, tmp_path)


def assert_it_is_as_the_page_says(column, names, tmp_path):
    cells = cells_of(column, tmp_path, names)
    assert [f"{cell['name']}: {words}" for cell in cells for words in broken_bounds(column, cell)] == []
    found = {cell["name"]: steady(cell["name"], shown(cell)) for cell in cells}
    assert found == {name: steady(name, ROWS[name][column]) for name in names}


def steady(name, text):
    """A cell's fault and outcome; and the sentence that tells it, where no time can run out before.

    How far an exchange had come when its time was up depends on the machine, so there the words may differ.
    """
    return text if name in STEADY else re.sub(r" <sub>.*</sub>", "", text)


def test_a_column_is_not_charged_with_the_memory_of_who_started_it():
    """It was: in CI a worker of 440 MB made every cell break its bound."""
    ballast = b"x" * (2 * MOST_MB * 2**20)
    env = scrubbed({"PYTHONPATH": f"{ROOT}:{ROOT}/scripts"})
    asked = "from tests.matrix.child import peak_mb; print(peak_mb())"
    done = subprocess.run(
        [sys.executable, "-c", asked], capture_output=True, text=True, check=True, cwd=ROOT, env=env
    )
    assert 10 < float(done.stdout) < MOST_MB < len(ballast) / 2**20


def test_the_page_has_a_row_for_each_trouble():
    assert list(ROWS) == list(WORDS)
    assert set(TROUBLES) < set(WORDS)


@pytest.mark.parametrize("name", sorted(set(TROUBLES) - {"none", "tls", "http-1.0"}))
def test_no_trouble_is_green(name):
    """Missing is never green: what is broken is STABLE nowhere, and nothing is said to be published."""
    green = {
        column for column in COLUMNS if "STABLE" in ROWS[name][column] or "published" in ROWS[name][column]
    }
    assert green == set()


@pytest.mark.parametrize(
    ("cell", "words"),
    [
        ({"slowest_s": 3.1}, "more than 3 s"),
        ({"took_s": 99.0}, "it took 99.0 s"),
        ({"peak_mb": MOST_MB + 1}, "MB"),
        ({"report": False}, "no report"),
        ({"trapped": True}, "was followed"),
    ],
)
def test_a_broken_promise_is_told(cell, words):
    good = {"slowest_s": 1.0, "took_s": 1.0, "peak_mb": 90, "report": True, "trapped": False}
    assert list(broken_bounds("service", good)) == []
    assert words in next(iter(broken_bounds("service", good | cell)))
