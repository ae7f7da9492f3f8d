"""Decides before the window whether it can prove what a pool's `safe_for` requires. Pure.

No leak in W hours excludes only rates above 3/W an hour (the rule of three, at 95 %). At that rate the free
connections must outlast `safe_for`, so more than 3 × safe_for / W must be free, whatever the readings.

Memory's `safe_for` is not checked here. Memory has no smallest step, so its bound has no minimum such as 3/W;
only the readings can decide.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass

from deploy_verdict.base.units import shown_duration
from deploy_verdict.expect.numbers import parse_number
from deploy_verdict.plan.plan import Plan
from deploy_verdict.plan.sections.pools import Pool
from deploy_verdict.stats.blocks import FEWEST_BLOCKS, WARM_UP_S, block_offsets, counted_h
from deploy_verdict.stats.bounds import NO_EVENT

STEP_S = 900.0
# The free share assumed for a constant limit without a safe_for, as of a pool of 20 that must last 6 h.
FREE_SHARE = 0.55


@dataclass(frozen=True, kw_only=True)
class Horizon:
    """What growth of one pool a window can exclude."""

    pool: Pool
    blocks: int
    hours: float
    size: float | None

    @property
    def needs_free(self) -> int | None:
        """The fewest free connections that can be proven to last; None if the window is too short."""
        if self.blocks < FEWEST_BLOCKS:
            return None
        return math.floor(NO_EVENT * self.pool.safe_for / 3600 / self.hours) + 1

    @property
    def problem(self) -> str | None:
        """Why no reading could prove `safe_for`, and what to write instead; None if one could."""
        if self.size is None or self.needs_free is None or self.needs_free <= self.size:
            return None
        longest_s = 3600 * self.size * self.hours / NO_EVENT
        window_s = WARM_UP_S + NO_EVENT * self.pool.safe_for / self.size
        safe_for, counted = shown_duration(self.pool.safe_for), shown_duration(3600 * self.hours)
        shorter = shown_duration(math.floor(longest_s / STEP_S) * STEP_S)
        longer = shown_duration(math.ceil(window_s / STEP_S) * STEP_S)
        return (
            f"this window cannot prove {safe_for}, not even for an idle pool of {self.size:g}: "
            f"{counted} without a leak exclude only more than {NO_EVENT / self.hours:.1f} an hour — write "
            f"{shorter} or less, or watch for {longer} or more, or drive requests with return_to_floor"
        )


def with_provable_times(plan: Plan) -> Plan:
    """Shorten a default `safe_for` that is too long for the pool's constant limit.

    The verdict states the shorter time. A time that the plan does write stays, and may be refused.
    """
    pools = list(plan.pools)
    for place, horizon in enumerate(horizons(plan)):
        pool, size = horizon.pool, horizon.size
        is_open = pool.limit.is_constant and "safe_for" not in pool.model_fields_set
        if not is_open or size is None or horizon.needs_free is None:
            continue
        longest_s = 3600 * (math.ceil(FREE_SHARE * size) - 1e-9) * horizon.hours / NO_EVENT
        shorter_s = math.floor(longest_s / STEP_S) * STEP_S
        if STEP_S <= shorter_s < pool.safe_for:
            pools[place] = pool.model_copy(update={"safe_for": shorter_s})
    return plan.model_copy(update={"pools": tuple(pools)})


def horizons(plan: Plan) -> Iterator[Horizon]:
    """Yield one horizon for each pool."""
    blocks = block_offsets(plan.window.pool_offsets_s)
    for pool in plan.pools:
        yield Horizon(pool=pool, blocks=len(blocks), hours=counted_h(blocks), size=_size(plan, pool))


def _size(plan: Plan, pool: Pool) -> float | None:
    """Return the pool's size: its constant limit, or the number that a check on the same path expects."""
    if pool.limit.is_constant:
        return sum(term.sign * float(term.what) for term in parse_number(pool.limit.from_))
    for check in plan.health:
        lines = check.expect.lines if check.expect is not None else ()
        for line in lines:
            wanted = line.matcher.equals
            if (check.method, check.host, check.path, line.selector) == (
                "GET",
                pool.host,
                pool.limit.get or pool.path,
                pool.limit.from_,
            ) and (isinstance(wanted, int | float) and not isinstance(wanted, bool)):
                return float(wanted)
    return None
