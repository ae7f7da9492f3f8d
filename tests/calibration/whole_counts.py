"""How often a whole healthy window alarms, and by which rule: `make calibrate`, or with --whole alone."""

import hashlib
import math
from collections import Counter
from dataclasses import dataclass, field
from functools import cache

import numpy as np

from deploy_verdict.model import Outcome
from tests.calibration.headline import ALARMS, SAMPLED
from tests.calibration.judging import JOBS, ONE_PROCESS, SERVER
from tests.calibration.models import HALVES, loads
from tests.calibration.whole_window import LOADS, plan_for, window_outcome


@dataclass(kw_only=True)
class WholeCounts:
    """Healthy windows by outcome, and by rule those that alarm and those that stay INCONCLUSIVE.

    `inferred` counts windows that alarm by what the judge infers, not by a limit of the plan alone.
    """

    outcomes: Counter = field(default_factory=Counter)
    inferred: int = 0
    alarms: Counter = field(default_factory=Counter)
    unknown: Counter = field(default_factory=Counter)

    def add(self, other):
        self.outcomes += other.outcomes
        self.inferred += other.inferred
        self.alarms += other.alarms
        self.unknown += other.unknown


def counted(job):
    """So many windows of one load, judged; a rule counts once for each window that it spoils."""
    load, mode, seed, windows = job
    counts = WholeCounts()
    for number in range(windows):
        name = f"{seed}/{load.half}/{load.name}/{mode}/{number}"
        rng = np.random.default_rng(int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], "big"))
        outcome, bad = window_outcome(mode, load, rng)
        counts.outcomes[outcome] += 1
        if outcome in ALARMS:
            failed = [item for item in bad if item.outcome is Outcome.FAIL]
            counts.inferred += not all(map(reached_a_limit, failed))
            counts.alarms.update(set(map(rule_of, failed)))
        elif outcome == "inconclusive":
            counts.unknown.update({rule_of(item) for item in bad})
    return counts


def reached_a_limit(finding):
    """Whether the gauge reached what the plan itself forbids: the load did that, and no rule erred."""
    is_of_a_field = finding.rule in ("readings", "band") or finding.rule.startswith("$")
    return is_of_a_field or finding.check in _never_of_a_field()


@cache
def _never_of_a_field():
    """Names of the plan's never rules that compare a field, and neither a status nor a text."""
    rules = plan_for(JOBS).never
    return {rule.name for rule in rules if all(line.text.startswith("$") for line in rule.lines)}


def rule_of(finding):
    """A pool's or a path's rule, whichever it is."""
    of_path = finding.stage == "traffic" and finding.check not in ("all", "log")
    return " ".join((finding.stage, "path" if of_path else finding.check, finding.rule))


def wilson(count, windows):
    """Wilson's (1927) interval of a share, 95 %."""
    z = 1.959964
    middle = count + z * z / 2
    spread = z * math.sqrt(count * (windows - count) / windows + z * z / 4)
    return (middle - spread) / (windows + z * z), (middle + spread) / (windows + z * z)


# Of each load.
WINDOWS = {JOBS: 30, ONE_PROCESS: 15, SERVER: 15}


def whole_table(seed, pool, most):
    """A row for each way to sample and half of the loads."""
    yield "| sampled | loads | windows | alarms | inferred | of the alarms by | INCONCLUSIVE | of them by |"
    yield "|---|---|---|---|---|---|---|---|"
    for mode in SAMPLED:
        for half in HALVES:
            mine = [load for load in loads() if load.half == half and load.name in LOADS]
            total = WholeCounts()
            for counts in pool.map(counted, [(load, mode, seed, min(most, WINDOWS[mode])) for load in mine]):
                total.add(counts)
            number = total.outcomes.total()
            alarms = sum(total.outcomes[name] for name in ALARMS)
            unknown = total.outcomes["inconclusive"]
            cells = [
                mode,
                half,
                str(number),
                shown(alarms, number),
                shown(total.inferred, number),
                _by(total.alarms),
                shown(unknown, number),
                _by(total.unknown),
            ]
            yield f"| {' | '.join(cells)} |"


def shown(count, windows):
    """ "2.5 % (1.1–5.7)": a share and its interval."""
    low, high = wilson(count, windows)
    return f"{100 * count / windows:.1f} % ({100 * low:.1f}–{100 * high:.1f})"


MOST_NAMED = 4


def _by(rules):
    return ", ".join(f"{rule} {count}" for rule, count in rules.most_common(MOST_NAMED)) or "–"
