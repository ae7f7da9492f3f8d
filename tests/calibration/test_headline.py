"""The headline's models are what they say, and README and the page print what was counted."""

import json

import numpy as np
import pytest

from tests.calibration.__main__ import HEADLINE, HEADLINE_BEGIN, HEADLINE_END, PAGE
from tests.calibration.headline import Counts, counted, headline, in_readme, table
from tests.calibration.judging import times_of
from tests.calibration.models import CHOSEN, HALVES, HELD_OUT, LEAKS, models, simulated
from tests.calibration.traffic import SIZE
from tests.running import ROOT

MODELS = {(model.load.half, model.name): model for model in models()}
TIMES_S = times_of("bursts")


def gauge(half, name, windows=30):
    return simulated(MODELS[half, name], TIMES_S, windows, np.random.default_rng(7))


def test_readme_and_the_page_print_what_was_counted():
    rows = json.loads(HEADLINE.read_text())["rows"]
    readme = (ROOT / "README.md").read_text()
    lines = list(in_readme(rows))
    assert len(lines) == 3
    assert all(line in readme for line in lines)
    assert PAGE.read_text().split(HEADLINE_BEGIN)[1].split(HEADLINE_END)[0].strip() == "\n".join(table(rows))


def test_each_load_leaks_at_every_rate_in_both_halves():
    for half in HALVES:
        healthy = {
            model.load.name for model in MODELS.values() if model.load.half == half and not model.fault
        }
        assert len(healthy) == 13
        for rate in LEAKS:
            assert {name for name in healthy if (half, f"{name}: leak {rate:g}/h") in MODELS} == healthy


@pytest.mark.parametrize("half", HALVES)
def test_the_models_are_what_they_are_said_to_be(half):
    assert (np.diff(gauge(half, "running maximum").gauge, axis=1) >= 0).all()
    assert gauge(half, "steady, quiet: capped below its limit").gauge.max() in (10, 12)
    still = gauge(half, "steady, busy: frozen from T+45").gauge[:, TIMES_S >= 2700]
    assert (still == still[:, :1]).all()
    assert {20, 40} == set(np.unique(gauge(half, "scale-out, limit doubled").limit))
    leaked = gauge(half, "nearly idle: leak 8/h").gauge[:, -1].mean()
    assert leaked == pytest.approx(16, abs=2)
    ramp = gauge(half, "ramp", 400).gauge
    assert ramp[:, -30:].mean() / ramp[:, :30].mean() > 1.2
    assert gauge(half, "steady, quiet").gauge.max() < SIZE


def test_the_same_seed_gives_the_same_counts():
    model = MODELS[CHOSEN, "cron: leak 4/h"]
    one, two = (counted(model, "bursts", "a", 4) for _ in range(2))
    assert (one.outcomes, one.found, one.first_s) == (two.outcomes, two.found, two.first_s)


def test_the_headline_is_of_the_stated_mixture():
    """One healthy load alarms in half of its windows, one kind of fault is found always and one never."""
    found = {}
    for name, alarms, stable in (
        ("steady, quiet", 0, 10),
        ("steady, busy", 5, 5),
        ("steady, quiet: leak 8/h", 10, 0),
        ("steady, quiet: step", 0, 10),
    ):
        counts = Counts(found=alarms)
        counts.outcomes.update({"attention": alarms, "stable": stable})
        found[MODELS[HELD_OUT, name]] = counts
    seen = headline(found, HELD_OUT)
    assert (seen.recall, seen.healthy_alarms) == (50, 25)
    assert seen.precision == pytest.approx(100 * 0.15 / (0.15 + 0.7 * 0.25))
    assert seen.faults_among_stable == pytest.approx(100 * 0.15 / (0.15 + 0.7 * 0.75))
