"""A small part of docs/explanation/calibration.md made again, and the page held to what it says."""

import re
import statistics
from collections import Counter

import pytest

from deploy_verdict.stages.pools.judge_growth import pool_growth
from tests.calibration.__main__ import BEGIN, END, PAGE, SEED, WINDOWS
from tests.calibration.cells import FALSE_STABLE, LEAKS, NEVER, USES, Cell, cells
from tests.calibration.judging import MODES, by_pool_judge, by_whole_judge, samples_of, times_of
from tests.calibration.running import counted, random_for
from tests.calibration.table import HEADS, OUTCOMES, TITLES, Row, interval, line, row_of, shown
from tests.calibration.traffic import World, simulated
from tests.running import ROOT

BY_NAME = {(cell.mode, cell.name): cell for cell in cells()}


def page_rows():
    """The table's rows: sampled, what is true, four shares with their intervals, target."""
    text = PAGE.read_text().split(BEGIN)[1].split(END)[0]
    found = [row.strip("| ").split(" | ") for row in text.splitlines() if row.startswith("| ")]
    return {(row[0], row[1]): row for row in found if row[0] != HEADS[0]}


def shares(row):
    """Percent and interval of each outcome."""
    return [tuple(map(float, re.findall(r"[\d.]+", cell))) for cell in row[2:6]]


def test_the_page_has_every_cell_in_its_order():
    expected = [key for group in TITLES for key, cell in BY_NAME.items() if cell.group == group]
    assert list(page_rows()) == expected
    assert f"{len(BY_NAME)} cells of {WINDOWS:,} windows each, seed {SEED}" in PAGE.read_text()


def test_each_row_says_whether_its_target_is_met():
    for key, row in page_rows().items():
        cell = BY_NAME[key]
        counts = [round(share * WINDOWS / 100) for share, _, _ in shares(row)]
        met = Row(cell, tuple(counts)).met
        told = {None: "", True: f"{cell.target}: met", False: f"{cell.target}: **missed**"}[met]
        assert (row[6] if len(row) > 6 else "").strip() == told, key


SAMPLE = (
    ("bursts", "quiet, steady"),
    ("bursts", "busy, steady"),
    ("bursts", "busy, doubling traffic, requests known"),
    ("bursts", "quiet, 3.6/h (full in 5.0 h)"),
    ("bursts", "busy, 2.8/h (full in 5.0 h)"),
    ("bursts", "busy, 9/h (full in 1.6 h)"),
    ("every 60 s", "quiet, 3.6/h (full in 5.0 h)"),
    ("bursts", "dead gauge, from T+60 on"),
    ("bursts", "1 % errors (500)"),
    ("bursts every 60 s", "busy, steady"),
    ("bursts", "quiet, steady, and cycles"),
    ("bursts", "busy, 2.8/h (full in 5.0 h), and cycles"),
    ("bursts", "1 requests/s of others, 1 % answered 5xx"),
    ("bursts", "0.1 requests/s of others, 0 % answered 5xx"),
    ("bursts", "the claimed code answers at once"),
    ("bursts", "older code answers for 30 s (mean), then the claimed"),
    ("bursts", "older code answers throughout"),
)


# `make test` makes every other cell of the sample.
@pytest.mark.parametrize(
    "key",
    [
        pytest.param(key, marks=[] if number % 2 == 0 else pytest.mark.complete, id=" ".join(key))
        for number, key in enumerate(SAMPLE)
    ],
)
def test_windows_made_again_fit_the_page(key):
    """The first hundred windows of the cell, as the page's own run had them: within chance of its shares."""
    cell = BY_NAME[key]
    number = 20 if cell.whole else 100
    outcomes = counted(cell, SEED, number)
    for name, (_, low, high) in zip(OUTCOMES, shares(page_rows()[key]), strict=True):
        seen_low, seen_high = interval(outcomes[name], number)
        assert 100 * seen_low <= high, (name, outcomes)
        assert low <= 100 * seen_high, (name, outcomes)


def test_the_same_seed_gives_the_same_windows_and_another_gives_others():
    cell = BY_NAME["bursts", "busy, 1/h (full in 14.0 h)"]
    assert counted(cell, "a", 30) == counted(cell, "a", 30)
    draws = {random_for(cell, seed, chunk).integers(1 << 60) for seed in "ab" for chunk in (0, 1)}
    assert len(draws) == 4


def test_both_ways_to_the_judge_give_the_same_outcome():
    """Samples handed to the judge of pools, and evidence through the whole judge."""
    seen = Counter()
    for leak in (0.0, 2.0, 5.0):
        cell = Cell(group="x", name=f"{leak}", mode="bursts", world=World(use=4.0, leak=leak))
        rng = random_for(cell, "both", 0)
        for gauge in simulated(cell.world, times_of("bursts"), 8, rng).gauge:
            outcome = by_pool_judge("bursts", gauge)
            assert by_whole_judge(gauge, rng) == outcome
            seen[outcome] += 1
    assert len(seen) >= 3


def test_the_simulated_pool_is_what_it_is_said_to_be():
    """Means, leaked connections and the limit of 20; four standard errors of 400 windows."""
    cell = Cell(group="x", name="model", mode="bursts", world=World(use=6.0, leak=3.0))
    gauge = simulated(cell.world, times_of("bursts"), 400, random_for(cell, "model", 0)).gauge
    assert abs(gauge[:, 0].mean() - 6.0) < 4 * (6 / 400) ** 0.5
    assert abs(gauge[:, -1].mean() - 12.0) < 4 * (12 / 400) ** 0.5 + 0.1
    assert gauge.max() == 20


@pytest.mark.parametrize("use", [2.0, 6.0])
def test_what_a_window_says_it_could_have_seen_is_seen_by_four_in_five(use):
    """The rate that healthy windows tell, leaked in other windows: found in 80 %, give or take 10."""
    told = statistics.median(seen.detectable for seen in grown(World(use=use), 60))
    found = grown(World(use=use, leak=told), 250)
    assert 0.7 <= sum(seen.p < 0.05 for seen in found) / len(found) <= 0.9


def grown(world, windows):
    cell = Cell(group="x", name=f"power {world.leak:.1f}", mode="bursts", world=world)
    gauges = simulated(world, times_of("bursts"), windows, random_for(cell, "power", 0)).gauge
    return [pool_growth(samples_of("bursts", gauge))[1] for gauge in gauges]


def test_every_mode_is_in_the_table_with_leaks_that_fill_the_pool_within_five_hours():
    for mode in MODES:
        mine = [cell for cell in cells() if cell.mode == mode and cell.target == FALSE_STABLE]
        assert len(mine) >= len(USES) * 3
        assert {cell.world.leak for cell in mine} - {*LEAKS} == {3.6, 2.8}
    assert sum(cell.target == NEVER for cell in cells()) >= 10


def test_intervals_are_exact_and_not_nothing_at_zero():
    """None of 2,000 leaves 0.2 % possible (Clopper-Pearson, two-sided)."""
    assert shown(0, 2000) == "0 (0.0–0.2)"
    assert shown(2000, 2000) == "100 (99.8–100.0)"
    assert shown(100, 2000) == "5 (4.1–6.0)"


def test_a_missed_target_is_said():
    cell = BY_NAME["bursts", "busy, 9/h (full in 1.6 h)"]
    missed = row_of(cell, Counter(stable=6, critical=94))
    assert line(missed).endswith("| at most 5 % STABLE: **missed** |")
    assert line(row_of(cell, Counter(stable=5, critical=95))).endswith("| at most 5 % STABLE: met |")


def test_the_limits_quote_the_page():
    """Each row of the table of limits is a row of the page, without the intervals."""
    page = (ROOT / "docs" / "explanation" / "limits.md").read_text()
    text = page.split("## How far to believe STABLE\n")[1].split("\n## ")[0]
    quoted = [row.strip("| ").split(" | ") for row in text.splitlines() if row.startswith("| ")][1:]
    assert len(quoted) >= 6
    for mode, name, *told in quoted:
        row = page_rows()[mode.strip(), name.strip()]
        assert [cell.strip() for cell in told] == [f"{share:g} %" for share, _, _ in shares(row)], name
