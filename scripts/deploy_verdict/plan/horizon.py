"""Can this window prove what a pool's `safe_for` asks? Told before the window, not after it. Pure.

No leak seen in W hours excludes only those of more than 3/W an hour. What is free must outlast `safe_for` at
that rate: it takes more than 3 × safe_for / W free connections, whatever the readings will be.

Memory's `safe_for` is not checked here: memory does not come one by one, so its bound has no least such as
3/W, and memory that falls through the window is below any rate. Only the readings can tell.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass

from deploy_verdict.base.units import shown_duration
from deploy_verdict.plan.plan import Plan
from deploy_verdict.plan.sections.pools import Pool
from deploy_verdict.stats.blocks import FEWEST_BLOCKS, WARM_UP_S, block_offsets, counted_h
from deploy_verdict.stats.bounds import NO_EVENT

STEP_S = 900.0


@dataclass(frozen=True, kw_only=True)
class Horizon:
    """What it takes to call one pool flat. `needs_free` is None where the window is too short for a trend."""

    pool: Pool
    blocks: int
    hours: float
    size: float | None

    @property
    def needs_free(self) -> int | None:
        """So many free connections are the fewest that can be proven to last."""
        if self.blocks < FEWEST_BLOCKS:
            return None
        return math.floor(NO_EVENT * self.pool.safe_for / 3600 / self.hours) + 1

    @property
    def problem(self) -> str | None:
        """Why no reading could ever prove it, with what would make it provable; None where one could."""
        if self.size is None or self.needs_free is None or self.needs_free <= self.size:
            return None
        longest_s = 3600 * self.size * self.hours / NO_EVENT
        window_s = WARM_UP_S + NO_EVENT * self.pool.safe_for / self.size
        safe_for, counted = shown_duration(self.pool.safe_for), shown_duration(3600 * self.hours)
        shorter = shown_duration(math.floor(longest_s / STEP_S) * STEP_S)
        longer = shown_duration(math.ceil(window_s / STEP_S) * STEP_S)
        return (
            f"{safe_for} cannot be proven, not even of a pool of {self.size:g} of which nothing is used: "
            f"{counted} without a leak exclude only more than {NO_EVENT / self.hours:.1f} an hour — write "
            f"{shorter} or less, or watch for {longer} or more, or drive requests and compare the floors "
            "when they are done"
        )


def horizons(plan: Plan) -> Iterator[Horizon]:
    """One for each pool."""
    blocks = block_offsets(plan.window.pool_offsets_s)
    for pool in plan.pools:
        yield Horizon(pool=pool, blocks=len(blocks), hours=counted_h(blocks), size=_size(plan, pool))


def _size(plan: Plan, pool: Pool) -> float | None:
    """The pool's size where the plan tells it: a check on its path that wants a number as the limit."""
    for check in plan.health:
        lines = check.expect.lines if check.expect is not None else ()
        for line in lines:
            wanted = line.matcher.equals
            if (check.method, check.path, line.selector) == ("GET", pool.path, pool.limit) and (
                isinstance(wanted, int | float) and not isinstance(wanted, bool)
            ):
                return float(wanted)
    return None
