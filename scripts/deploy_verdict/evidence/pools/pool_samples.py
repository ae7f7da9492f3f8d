"""A pool's bursts as numbers: the mean, floor and peak of the readings of each sample. Pure.

A reading counts only if both numbers can be read and make sense; otherwise it has a reason.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache

from deploy_verdict.expect import Found, fault_text, read_json, shown
from deploy_verdict.expect.numbers import number_in
from deploy_verdict.model import BurstObservation, Loaded, Reading
from deploy_verdict.plan import Plan, Pool
from deploy_verdict.plan.sections.pools import Burst, Number
from deploy_verdict.stats.scatter import likeness

# Connections are counted in integers; a utilization may have been rounded or cut to whole percents.
ROUNDED_USED, ROUNDED_PERCENT = 0.5, 1.0


@dataclass(frozen=True)
class PoolLevel:
    """One reading as numbers: the connections in use, and the size of the pool."""

    used: float
    limit: float
    free: float | None = None
    utilization: float | None = None

    @property
    def percent(self) -> float:
        """The utilization in percent, from the two numbers."""
        return 100 * self.used / self.limit

    @property
    def contradiction(self) -> str | None:
        """How the gauge's numbers disagree, or None.

        A stated utilization may be in percent or from 0 to 1.
        """
        if self.free is not None and abs(self.used + self.free - self.limit) > ROUNDED_USED:
            return f"{self.used:g} used and {self.free:g} free do not add up to {self.limit:g}"
        stated = self.utilization
        if (
            stated is not None
            and min(abs(stated - self.percent), abs(100 * stated - self.percent)) > ROUNDED_PERCENT
        ):
            return f"utilization {stated:g}, but {self.used:g} of {self.limit:g} are {self.percent:.1f} %"
        return None


# The kind of fault of a server that refused us because all its connections were in use.
FULL = "full"


@dataclass(frozen=True, kw_only=True)
class ServerState:
    """What a server that was queried directly reports about itself; `born` changes only if it restarts."""

    born: str
    up_s: float
    at_s: float
    own: int
    refused: int | None = None
    memory: int | None = None
    most_memory: int | None = None
    evicts: bool = False


def state_of(reading: Reading) -> ServerState | None:
    """Return a server's state in one reading; None if it did not answer or reports no state."""
    document = read_json(reading.body) if reading.body else None
    facts = document.value if isinstance(document, Found) and isinstance(document.value, dict) else {}
    try:
        return ServerState(
            born=str(facts["born"]),
            up_s=float(facts["up_s"]),
            at_s=reading.offset_s,
            own=int(facts["own"]),
            refused=facts.get("rejected_connections"),
            memory=facts.get("used_memory"),
            most_memory=facts.get("maxmemory"),
            evicts=facts.get("maxmemory_policy", "noeviction") != "noeviction",
        )
    except (KeyError, TypeError, ValueError):
        return None


# The keys under which services name the process that answers. Prometheus clients export the metric by
# default.
_PROCESS_KEYS = ("pid", "process_id", "worker_pid", "worker_id", "instance_id", "hostname", "replica_id")
PROCESS_METRIC = "process_start_time_seconds"


# The number of values in a body that are compared between readings.
_MOST_VALUES = 40


@dataclass(frozen=True)
class ReadingValues:
    """Every field of one reading of a service with its value, and whether it began a new connection."""

    new_connection: bool
    values: tuple[tuple[str, str | float], ...]


@lru_cache(maxsize=256)
def _values_in(body: str | None) -> tuple[tuple[str, str | float], ...]:
    document = read_json(body) if body and body.lstrip().startswith("{") else None
    return tuple(_scalars(document.value, "$", 3))[:_MOST_VALUES] if isinstance(document, Found) else ()


def _scalars(value: object, path: str, depth: int) -> Iterator[tuple[str, str | float]]:
    if isinstance(value, str | float | int) and not isinstance(value, bool):
        yield path, value
    elif isinstance(value, dict) and depth:
        for key, item in value.items():
            yield from _scalars(item, f"{path}.{key}", depth - 1)


def _fields_of(reading: Reading, level: "PoolLevel | str") -> ReadingValues:
    numbers = () if isinstance(level, str) else (("used", level.used), ("limit", level.limit))
    return ReadingValues(reading.new_connection, (*numbers, *_values_in(reading.body)))


@lru_cache(maxsize=256)
def process_of(body: str | None) -> str | None:
    """Return which process of the service gave a response, by its body; None if it does not say."""
    if not body:
        return None
    if body.lstrip().startswith("{"):
        document = read_json(body)
        return _process_in(document.value, 3) if isinstance(document, Found) else None
    line = next((line for line in body.splitlines() if line.startswith(f"{PROCESS_METRIC} ")), None)
    return f"started {line.split()[1]}" if line and len(line.split()) > 1 else None


def _process_named(reading: Reading) -> str | None:
    """Return the instance that a header or the plan names, and the process in it."""
    instance = None if reading.instance is None else f"instance {reading.instance}"
    return ", ".join(filter(None, (instance, process_of(reading.body)))) or None


def _process_in(value: object, depth: int) -> str | None:
    if not isinstance(value, dict) or not depth:
        return None
    named = [
        f"{key} {value[key]}"
        for key in _PROCESS_KEYS
        if isinstance(value.get(key), str | int) and not isinstance(value.get(key), bool)
    ]
    if named:
        return ", ".join(named)
    return next((found for item in value.values() if (found := _process_in(item, depth - 1))), None)


@dataclass(frozen=True, kw_only=True)
class PoolSample:
    """One planned sample. `levels` are its good readings, `reasons` say why others are not good.

    The plan has `planned_readings` over `planned_s` seconds.
    """

    offset_s: float
    pointer: str | None
    actual_offset_s: float | None
    planned_readings: int
    readings: int
    levels: tuple[PoolLevel, ...]
    reasons: tuple[str, ...]
    target_failed: bool
    refused_as_full: int = 0
    unreadable: int = 0
    limited: int = 0
    states: tuple[ServerState, ...] = ()
    processes: tuple[str, ...] = ()
    reading_values: tuple[ReadingValues, ...] = ()
    not_asked: bool = False
    interrupted: bool = False
    planned_s: float = 0.0

    @property
    def mean_used(self) -> float:
        """The mean of the connections in use."""
        return sum(level.used for level in self.levels) / len(self.levels)

    @property
    def peak_used(self) -> float:
        """The most connections in use in any reading."""
        return max(level.used for level in self.levels)

    @property
    def floor_used(self) -> float:
        """The fewest connections in use in any reading."""
        return min(level.used for level in self.levels)

    @cached_property
    def percents(self) -> tuple[float, ...]:
        """The utilization in each good reading, in percent."""
        return tuple(level.percent for level in self.levels)

    @cached_property
    def likeness(self) -> float | None:
        """The correlation of neighbouring readings; None if nothing moves."""
        return likeness(self.percents)

    @property
    def mean_percent(self) -> float:
        """The mean utilization, in percent."""
        return sum(self.percents) / len(self.levels)

    @property
    def peak_percent(self) -> float:
        """The highest utilization in any reading, in percent."""
        return max(self.percents)


_Burst = tuple[str, BurstObservation]


def pool_samples(plan: Plan, pool: Pool, loaded: Iterable[Loaded]) -> tuple[PoolSample, ...]:
    """Return one sample for each planned offset, in order. Without evidence it has no pointer and no levels.

    The readings of all attempts count: a second attempt does not undo what the first one found.
    """
    found: dict[float, list[_Burst]] = {}
    for item in sorted(loaded, key=lambda item: item.evidence.attempt):
        for pointer, observation in item.pointed():
            if isinstance(observation, BurstObservation) and observation.check == pool.name:
                found.setdefault(observation.offset_s, []).append((pointer, observation))
    return tuple(
        _sample(pool, offset_s, plan.burst_at(pool, offset_s), found.get(offset_s, []))
        for offset_s in plan.window.pool_offsets_s
    )


def _sample(pool: Pool, offset_s: float, planned: Burst, bursts: list[_Burst]) -> PoolSample:
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
        planned_readings=planned.readings,
        planned_s=planned.for_,
        readings=len(readings),
        levels=tuple(result for result in results if isinstance(result, PoolLevel)),
        reasons=_reasons(stated, bursts),
        target_failed=any(fault.whose in ("target", "edge") for one in readings for fault in one.faults),
        refused_as_full=sum(any(fault.kind == FULL for fault in one.faults) for one in readings),
        unreadable=sum(
            isinstance(result, str) and not reading.faults
            for result, reading in zip(results, readings, strict=True)
        ),
        limited=sum(one.status == 429 for one in readings),
        states=tuple(state for one in readings if (state := state_of(one)) is not None) if pool.asks else (),
        processes=tuple(who for one in readings if (who := _process_named(one)) is not None),
        reading_values=() if pool.asks else tuple(map(_fields_of, readings, results)),
        not_asked=burst.not_asked if burst else False,
        interrupted=burst.interrupted if burst else False,
    )


def is_left_out(samples: Sequence[PoolSample]) -> bool:
    """Return whether the plan left the pool out, as the address of its server was empty at every sample."""
    return any(sample.not_asked for sample in samples) and not any(sample.readings for sample in samples)


def _reasons(stated: tuple[str, ...], bursts: list[_Burst]) -> tuple[str, ...]:
    if not bursts:
        return ("the sample was missed",)
    if all(burst.not_asked for _, burst in bursts):
        return ("the server's address was empty, so nobody asked it",)
    return stated


def _levels(pool: Pool, readings: Iterable[Reading]) -> list[PoolLevel | str]:
    """Apply level_of, once for equal readings: a gauge gives few different responses."""
    known: dict[tuple[object, ...], PoolLevel | str] = {}
    found = []
    for reading in readings:
        key = reading.status, reading.body, reading.body_truncated, reading.also, reading.fault
        if key not in known:
            known[key] = level_of(pool, reading)
        found.append(known[key])
    return found


def level_of(pool: Pool, reading: Reading) -> PoolLevel | str:
    """Return a reading's numbers, or why it has none."""
    for fault in reading.faults:
        return fault_text(fault)
    numbers: dict[str, float] = {}
    for key, number in pool.numbers:
        value = _number(pool, number, reading)
        if isinstance(value, str):
            return value
        numbers[key] = value
    used, limit = numbers["used"], numbers["limit"]
    if limit <= 0:
        return f"{pool.limit} is {shown(limit)}, so there is no pool to use"
    if used < 0:
        return f"{pool.used} is {shown(used)}, which is below zero"
    return PoolLevel(used, limit, numbers.get("free"), numbers.get("utilization"))


def _number(pool: Pool, number: Number, reading: Reading) -> float | str:
    """Return one number of a reading, or why it has none.

    A server that was queried directly has no status.
    """
    if number.get is None or number.get == pool.path:
        status, body, truncated = reading.status, reading.body, reading.body_truncated
    else:
        answer = next((answer for answer in reading.also if answer.path == number.get), None)
        if answer is None:
            return f"the evidence has no answer of {number.get}"
        status, body, truncated = answer.status, answer.body, answer.body_truncated
    if pool.asks is None and (status is None or not 200 <= status < 300):
        return f"the answer's status is {status}"
    return number_in(number.from_, body, truncated=truncated)
