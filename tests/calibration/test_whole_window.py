"""Whole healthy windows: each part is there, a quiet one is STABLE, noise alarms seldom, faults always."""

import re
from collections import Counter
from dataclasses import replace

import numpy as np
import pytest

from tests.calibration.__main__ import PAGE, WHOLE_BEGIN, WHOLE_END
from tests.calibration.headline import ALARMS, SAMPLED
from tests.calibration.judging import JOBS
from tests.calibration.models import CHOSEN, HELD_OUT, loads
from tests.calibration.whole_counts import counted, reached_a_limit, wilson
from tests.calibration.whole_window import LOADS, USUAL, window_outcome

LOAD = {(load.half, load.name): load for load in loads()}
QUIET = LOAD[CHOSEN, "steady, quiet"]
STILL = replace(USUAL, edge=0.0, others_edge=0.0, slow=0.0)


@pytest.mark.parametrize("mode", SAMPLED)
def test_a_quiet_service_is_stable_in_every_part_of_the_plan(mode):
    outcome, bad = window_outcome(mode, QUIET, np.random.default_rng(3), STILL)
    assert (outcome, bad) == ("stable", [])


@pytest.mark.parametrize(
    ("fault", "rule"),
    [({"others_edge": 0.05}, "traffic all 5xx"), ({"edge": 0.2}, "connections service connects")],
)
def test_more_of_the_same_noise_alarms(fault, rule):
    outcome, bad = window_outcome(JOBS, QUIET, np.random.default_rng(3), replace(STILL, **fault))
    assert outcome in ALARMS
    assert rule in {f"{item.stage} {item.check} {item.rule}" for item in bad}
    assert not all(map(reached_a_limit, bad))


def test_an_alarm_at_a_limit_of_the_plan_is_not_inferred():
    """A busy pool of the held-out half was read at 16 and 17 of 20, where the plan wants less than 15."""
    counts = counted((LOAD[HELD_OUT, "steady, busy"], JOBS, "2027", 2))
    assert (sum(counts.outcomes[name] for name in ALARMS), counts.inferred) == (2, 0)
    assert counts.alarms["health pool-stats $.active_connections"] == 2
    assert counts.alarms["never pool nearly exhausted count"] == 1


def test_the_first_windows_of_the_page_alarm_as_seldom_as_it_says():
    """Of the held-out loads, made again: within chance of the page's share."""
    outcomes = Counter()
    for name in LOADS[::3]:
        outcomes += counted((LOAD[HELD_OUT, name], JOBS, "2026", 1)).outcomes
    low, high = wilson(sum(outcomes[name] for name in ALARMS), outcomes.total())
    rows = PAGE.read_text().split(WHOLE_BEGIN)[1].split(WHOLE_END)[0].splitlines()
    row = next(row for row in rows if row.startswith(f"| {JOBS} | {HELD_OUT} |"))
    share = float(re.findall(r"([\d.]+) % \(", row)[0]) / 100
    assert low <= share <= high, outcomes
