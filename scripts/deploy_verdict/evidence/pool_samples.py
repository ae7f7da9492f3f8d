"""A pool's bursts as numbers: per sample the mean, the floor and the peak of its readings. Pure.

A reading counts only when both numbers can be read and make sense; what cannot be read has a reason.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from deploy_verdict.expect import Lacking, fault_text, select_json, shown
from deploy_verdict.expect.selectors import type_name
from deploy_verdict.model import BurstObservation, Loaded, Reading
from deploy_verdict.plan import Plan, Pool

# How findings say that the gauge they rest on is not believed.
DOUBTED = "the gauge cannot be trusted"
# Numbers of connections are integers; a utilization may have been rounded or cut to whole percents.
ROUNDED_USED, ROUNDED_PERCENT = 0.5, 1.0


@dataclass(frozen=True)
class PoolLevel:
    """One reading as numbers: connections in use, and the pool's size."""

    used: float
    limit: float
    free: float | None = None
    utilization: float | None = None

    @property
    def percent(self) -> float:
        """Utilization as the pool's own share, 0 to 100."""
        return 100 * self.used / self.limit

    @property
    def contradiction(self) -> str | None:
        """How the gauge's numbers disagree, or None; a utilization may be in percent or from 0 to 1."""
        if self.free is not None and abs(self.used + self.free - self.limit) > ROUNDED_USED:
            return f"{self.used:g} used and {self.free:g} free do not add up to {self.limit:g}"
        stated = self.utilization
        if (
            stated is not None
            and min(abs(stated - self.percent), abs(100 * stated - self.percent)) > ROUNDED_PERCENT
        ):
            return f"utilization {stated:g}, but {self.used:g} of {self.limit:g} are {self.percent:.1f} %"
        return None


@dataclass(frozen=True, kw_only=True)
class PoolSample:
    """One planned sample. `levels` are its good readings; `reasons` say why others are not."""

    offset_s: float
    pointer: str | None
    actual_offset_s: float | None
    planned_readings: int
    readings: int
    levels: tuple[PoolLevel, ...]
    reasons: tuple[str, ...]
    target_failed: bool
    unreadable: int = 0
    interrupted: bool = False

    @property
    def mean_used(self) -> float:
        return sum(level.used for level in self.levels) / len(self.levels)

    @property
    def peak_used(self) -> float:
        return max(level.used for level in self.levels)

    @property
    def floor_used(self) -> float:
        return min(level.used for level in self.levels)

    @property
    def mean_percent(self) -> float:
        return sum(level.percent for level in self.levels) / len(self.levels)

    @property
    def peak_percent(self) -> float:
        return max(level.percent for level in self.levels)


_Burst = tuple[str, BurstObservation]


def pool_samples(plan: Plan, pool: Pool, loaded: Iterable[Loaded]) -> tuple[PoolSample, ...]:
    """One entry for each planned offset, in order; without evidence it has no pointer and no levels.

    The readings of all attempts count: a second try does not undo what the first one found.
    """
    found: dict[float, list[_Burst]] = {}
    for item in sorted(loaded, key=lambda item: item.evidence.attempt):
        for pointer, observation in item.pointed():
            if isinstance(observation, BurstObservation) and observation.check == pool.name:
                found.setdefault(observation.offset_s, []).append((pointer, observation))
    return tuple(_sample(pool, offset_s, found.get(offset_s, [])) for offset_s in plan.window.pool_offsets_s)


def _sample(pool: Pool, offset_s: float, bursts: list[_Burst]) -> PoolSample:
    readings = [reading for _, burst in bursts for reading in burst.readings]
    results = _levels(pool, readings)
    reasons = Counter(result for result in results if isinstance(result, str))
    stated = tuple(f"{reason} ({count}×)" for reason, count in reasons.most_common(3))
    complete = [item for item in bursts if not item[1].interrupted] or bursts
    pointer, burst = complete[-1] if complete else (None, None)
    return PoolSample(
        offset_s=offset_s,
        pointer=pointer,
        actual_offset_s=burst.actual_offset_s if burst else None,
        planned_readings=pool.burst.readings,
        readings=len(readings),
        levels=tuple(result for result in results if isinstance(result, PoolLevel)),
        reasons=stated if bursts else ("the sample was missed",),
        target_failed=any(
            reading.fault and reading.fault.whose in ("target", "edge") for reading in readings
        ),
        unreadable=sum(
            isinstance(result, str) and reading.fault is None
            for result, reading in zip(results, readings, strict=True)
        ),
        interrupted=burst.interrupted if burst else False,
    )


def _levels(pool: Pool, readings: Iterable[Reading]) -> list[PoolLevel | str]:
    """As level_of, but once for readings that are alike: a gauge has few different answers."""
    known: dict[tuple[object, ...], PoolLevel | str] = {}
    found = []
    for reading in readings:
        key = reading.status, reading.body, reading.fault
        if key not in known:
            known[key] = level_of(pool, reading)
        found.append(known[key])
    return found


def level_of(pool: Pool, reading: Reading) -> PoolLevel | str:
    """A reading's numbers, or why it has none."""
    if reading.fault is not None:
        return fault_text(reading.fault)
    if reading.status is None or not 200 <= reading.status < 300:
        return f"the answer's status is {reading.status}"
    selectors = (pool.used, pool.limit, pool.free, pool.utilization)
    numbers = [None if selector is None else _number(selector, reading.body) for selector in selectors]
    for number in numbers:
        if isinstance(number, str):
            return number
    used, limit, free, utilization = (None if number is None else float(number) for number in numbers)
    if used is None or limit is None:
        return f"{pool.used} and {pool.limit} are not both present"
    if limit <= 0:
        return f"{pool.limit} is {shown(limit)}, so there is no pool to use"
    if used < 0:
        return f"{pool.used} is {shown(used)}, which is below zero"
    return PoolLevel(used, limit, free, utilization)


def _number(selector: str, body: str | None) -> float | str:
    found = select_json(selector, body)
    if isinstance(found, Lacking):
        return found.reason
    if len(found.several) > 1:
        return f"{selector} selects {len(found.several)} values, and one is needed"
    if isinstance(found.value, bool) or not isinstance(found.value, int | float):
        return f"{selector} is {type_name(found.value)}, not a number"
    try:
        return float(found.value)
    except OverflowError:
        return f"{selector} is a number of {len(str(found.value))} digits"
