"""Counts as a table: shares, their intervals, and whether a target is met."""

from dataclasses import dataclass

from tests.calibration.cells import FALSE_ALARM, FALSE_STABLE, NEVER, WITH_FLOOR, Cell

OUTCOMES = ("stable", "inconclusive", "attention", "critical")
LIMITS = {FALSE_ALARM: 0.03, FALSE_STABLE: 0.05, WITH_FLOOR: 0.01, NEVER: 0.0}
TITLES = {
    "healthy": "Healthy services",
    "leak": "Leaks, from the window alone",
    "other": "Long holds, spikes, and leaks in wandering traffic",
    "floor": "Leaks, from the window and 1,000 cycles of four requests at its end",
    "fault": "Faults of the gauge, of the samples and of the answers",
    "traffic": "Errors of others' requests, in the edge's log (at most 1 % allowed)",
    "refused": "Others who are turned away, against the hour before (one rule alone)",
    "between": "Between the samples, by a beat every 30 s (one rule alone)",
    "slower": "Answers that become slower, limit 2 s (one rule alone)",
    "code": "The code that answers, by its OpenAPI document",
    "known error": "A kind of error that was known before, by how often it comes",
}
HEADS = ("sampled", "what is true", "STABLE", "INCONCLUSIVE", "ATTENTION", "CRITICAL", "target")


@dataclass(frozen=True)
class Row:
    """One cell with its counts, by the names of OUTCOMES."""

    cell: Cell
    counts: tuple[int, ...]

    @property
    def windows(self):
        return sum(self.counts)

    @property
    def judged(self):
        """How many windows the target is about: alarms of a healthy service, STABLE of a bad one."""
        stable, _, attention, critical = self.counts
        return attention + critical if self.cell.target == FALSE_ALARM else stable

    @property
    def met(self):
        """None where there is no target."""
        limit = LIMITS.get(self.cell.target)
        return None if limit is None else self.judged <= limit * self.windows


def row_of(cell, outcomes):
    return Row(cell, tuple(outcomes[name] for name in OUTCOMES))


def interval(count, windows):
    """Clopper and Pearson (1934), 95 %: exact, and honest at 0."""
    from scipy import stats

    low = stats.beta.ppf(0.025, count, windows - count + 1) if count else 0.0
    high = stats.beta.ppf(0.975, count + 1, windows - count) if count < windows else 1.0
    return low, high


def shown(count, windows):
    """ "1.25 (0.8–1.8)": percent with its interval."""
    low, high = interval(count, windows)
    return f"{round(100 * count / windows, 2):g} ({100 * low:.1f}–{100 * high:.1f})"


def line(row):
    """A row in Markdown."""
    cells = [row.cell.mode, row.cell.name, *(shown(count, row.windows) for count in row.counts)]
    told = {None: "", True: f"{row.cell.target}: met", False: f"{row.cell.target}: **missed**"}
    return f"| {' | '.join([*cells, told[row.met]])} |"


def tables(rows):
    """All groups, each under its title."""
    for group, title in TITLES.items():
        mine = [row for row in rows if row.cell.group == group]
        if mine:
            yield f"### {title}\n"
            yield f"| {' | '.join(HEADS)} |"
            yield f"|{'---|' * len(HEADS)}"
            yield from (line(row) for row in mine)
            yield ""
