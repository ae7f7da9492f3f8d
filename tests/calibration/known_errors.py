"""A known kind of error, simulated: bursts of lines in the hour before and in the window."""

from collections import Counter
from dataclasses import dataclass
from datetime import timedelta

from deploy_verdict.model import LogObservation, TemplateCount
from deploy_verdict.plan import LogRules
from deploy_verdict.stages.logs.judge_novelty import Earlier, judge_novelty
from tests.bundles import T0

BEFORE_S, WINDOW_S = 3600, 7200
RULES = LogRules.model_validate({"novelty": {}})
LINE = "ERROR redis: connection was reset"


@dataclass(frozen=True, kw_only=True)
class KnownErrors:
    """Bursts an hour, the lines of each in a minute (mean), and how many times as many bursts in the window.

    `lasting`: how many minutes in a row each burst takes (mean).
    """

    per_h: float
    burst: float
    times: float = 1.0
    lasting: float = 1.0


def outcome_of(errors, rng):
    """What the rule of frequency says of one window; a log without one before would be another rule's."""
    before = {}
    while not before:
        before = minutes_of(errors, errors.per_h, BEFORE_S, rng)
    now = minutes_of(errors, errors.per_h * errors.times, WINDOW_S, rng)
    earlier = Earlier(before=reading(before, -BEFORE_S, BEFORE_S, "baseline"))
    found = judge_novelty(RULES, reading(now, 0, WINDOW_S, "log"), earlier, ())
    outcome = next(item.outcome for item in found if item.rule == "frequency")
    return {"pass": "stable", "fail": "attention"}.get(outcome, "inconclusive")


def minutes_of(errors, per_h, length_s, rng):
    """How many lines in each minute that has any."""
    lines = Counter()
    for at_s in rng.uniform(0, length_s, rng.poisson(per_h * length_s / 3600)):
        for minute in range(int(at_s // 60), int(at_s // 60) + int(rng.geometric(1 / errors.lasting))):
            if minute * 60 < length_s:
                lines[minute] += int(rng.geometric(1 / errors.burst))
    return lines


def reading(minutes, start_s, length_s, check):
    start = T0 + timedelta(seconds=start_s)
    kind = TemplateCount(
        template=LINE, kind="error", count=sum(minutes.values()), first_at=start, last_at=start,
        minutes=len(minutes), spells=sum(minute - 1 not in minutes for minute in minutes),
        most_in_minute=max(minutes.values(), default=0), example=LINE,
    )  # fmt: skip
    return LogObservation(
        check=check, source="log", start=start, end=start + timedelta(seconds=length_s), first_at=start,
        lines_in_window=1000, templates=(kind,) if minutes else (),
    )  # fmt: skip
