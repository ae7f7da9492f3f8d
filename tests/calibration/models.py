"""Loads and faults as services have them, by many windows at once: what the headline is counted on.

Each kind of load and of fault is there twice, with other numbers: one half of the models is for choosing
rules, the other is held out and only judges them. Nothing here is of the cells in cells.py, whose pool is
steady but for one thing.

Every second window's requests are known, by minute; every second pair of windows tells which process
answers.
"""

from dataclasses import dataclass, field

import numpy as np

from tests.calibration.traffic import SIZE, WINDOW_S

CHOSEN, HELD_OUT = "chosen", "held out"
HALVES = (CHOSEN, HELD_OUT)
MINUTES_S = np.arange(0.0, WINDOW_S + 60, 60)
REQUESTS_PER_MINUTE = 300.0
LEAKS = (0.5, 1.0, 2.0, 4.0, 8.0)


@dataclass(frozen=True, kw_only=True)
class Load:
    """One healthy service. `use` is the mean of connections in use, each held for `holds_s` (a mix)."""

    name: str
    half: str
    use: float
    shape: str = "steady"
    by: float = 0.0
    every_s: tuple[float, float] = (0.0, 0.0)
    holds_s: tuple[float, ...] = (2.0,)
    extra: str = ""


@dataclass(frozen=True, kw_only=True)
class Fault:
    """What breaks. `rate` is of leaks, for each hour."""

    kind: str
    rate: float = 0.0
    by: float = 0.0


@dataclass(frozen=True)
class Model:
    """One row: a load, broken or not."""

    load: Load
    fault: Fault | None = None

    @property
    def name(self):
        return (
            self.load.name
            if self.fault is None
            else f"{self.load.name}: {self.fault.kind}"
            + (f" {self.fault.rate:g}/h" if self.fault.rate else "")
        )

    @property
    def fills_in_h(self):
        """Hours until a leak fills the pool; infinity where nothing leaks."""
        rate = self.fault.rate if self.fault else 0.0
        return (SIZE - self.load.use) / rate if rate else np.inf


@dataclass(kw_only=True)
class Seen:
    """Many windows, a row each: the gauge and its limit at each reading, and what else is known.

    `server` is the count of the server itself, of all processes and exact, whatever the gauge makes of it.
    """

    gauge: np.ndarray
    limit: np.ndarray
    requests: np.ndarray
    process: np.ndarray
    server: np.ndarray = field(init=False)
    utilization: float | None = field(default=None)


def _loads(half, quiet, busy, *, ramp, diurnal_s, ar1_s, on_off_s, cron_s, holds_s, idle, lazy_s, grown):
    yield Load(name="steady, quiet", half=half, use=quiet)
    yield Load(name="steady, busy", half=half, use=busy)
    yield Load(name="ramp", half=half, use=quiet, shape="ramp", by=ramp)
    yield Load(name="diurnal", half=half, use=busy - 2, shape="diurnal", by=0.3, every_s=diurnal_s)
    yield Load(name="autocorrelated", half=half, use=busy - 1, shape="ar1", by=0.3, every_s=ar1_s)
    yield Load(name="on and off", half=half, use=quiet, shape="on-off", by=0.7, every_s=on_off_s)
    yield Load(name="cron", half=half, use=quiet, extra="cron", by=6, every_s=cron_s)
    yield Load(name="long-lived", half=half, use=busy - 1, holds_s=holds_s)
    yield Load(name="nearly idle", half=half, use=idle)
    yield Load(name="lazy growth", half=half, use=1.0, extra="lazy", by=6, every_s=lazy_s)
    yield Load(name="scale-out, limit doubled", half=half, use=quiet, extra="doubled", by=grown)
    yield Load(name="scale-out, limit fixed", half=half, use=quiet, extra="fixed", by=grown)
    yield Load(name="running maximum", half=half, use=quiet, extra="maximum")


def loads():
    """Those for choosing, then those held out."""
    yield from _loads(
        CHOSEN, 2.5, 6.0, ramp=0.35, diurnal_s=(4 * 3600, 8 * 3600), ar1_s=(300, 300), on_off_s=(300, 900),
        cron_s=(1800, 1800), holds_s=(60, 300, 1800), idle=0.15, lazy_s=(1200, 1200), grown=3,
    )  # fmt: skip
    yield from _loads(
        HELD_OUT, 3.5, 7.0, ramp=0.35, diurnal_s=(3 * 3600, 12 * 3600), ar1_s=(120, 1200),
        on_off_s=(600, 1200), cron_s=(2700, 3600), holds_s=(120, 900), idle=0.4, lazy_s=(600, 2400), grown=2,
    )  # fmt: skip


def models():
    """Healthy ones, leaks on each, and every other fault on the loads that do not hide it by their nature."""
    for load in loads():
        yield Model(load)
        for rate in LEAKS:
            yield Model(load, Fault(kind="leak", rate=rate))
    for load in loads():
        if load.name in ("steady, quiet", "steady, busy", "diurnal", "autocorrelated", "long-lived"):
            for rate in (2.0, 4.0, 8.0):
                yield Model(load, Fault(kind="leak in clumps", rate=rate))
            yield Model(load, Fault(kind="leak and restart", rate=8.0))
            yield Model(load, Fault(kind="20 s of exhaustion"))
            yield Model(load, Fault(kind="step", by=5 if load.half == CHOSEN else 6))
            yield Model(load, Fault(kind="frozen from T+45"))
            yield Model(load, Fault(kind="capped below its limit", by=12 if load.half == CHOSEN else 10))
            yield Model(load, Fault(kind="wrong utilization"))


def simulated(model, times_s, windows, rng):
    """The gauge at these times in so many windows, each drawn anew."""
    load, fault = model.load, model.fault
    at_minutes = _level(load, windows, rng)
    if fault is not None and fault.kind.startswith("capped"):
        at_minutes = at_minutes * (fault.by + 3) / load.use
    level = np.stack([np.interp(times_s, MINUTES_S, row) for row in at_minutes])
    used = _in_use(load, level, times_s, rng) + _extra(load, windows, times_s, rng)
    limit = np.full(used.shape, SIZE)
    process = np.full(used.shape, 1)
    if load.extra in ("doubled", "fixed"):
        after = times_s >= rng.uniform(1800, 5400, (windows, 1))
        used = used + after * int(load.by)
        process = np.where(after & (rng.random(used.shape) < 0.5), 2, 1)
        limit = np.where(after, 2 * SIZE, SIZE) if load.extra == "doubled" else limit
    seen = Seen(
        gauge=used, limit=limit, requests=rng.poisson(REQUESTS_PER_MINUTE * at_minutes), process=process
    )
    if fault is not None:
        _break(seen, fault, times_s, rng)
    seen.server = seen.gauge = np.minimum(seen.gauge, seen.limit)
    if fault is not None:
        _spoil(seen, fault, times_s)
    if load.extra == "maximum":
        seen.gauge = np.maximum.accumulate(seen.gauge, axis=1)
    return seen


def _break(seen, fault, times_s, rng):
    windows = len(seen.gauge)
    if fault.rate:
        seen.gauge = seen.gauge + _leaked(seen, fault, times_s, rng)
    if fault.kind == "20 s of exhaustion":
        start = rng.uniform(0, WINDOW_S, (windows, 1))
        seen.gauge = seen.gauge + 3 * SIZE * ((times_s >= start) & (times_s < start + 20))
    if fault.kind == "step":
        seen.gauge = seen.gauge + int(fault.by) * (times_s >= rng.uniform(1200, 6000, (windows, 1)))


def _spoil(seen, fault, times_s):
    """What only the gauge gets wrong."""
    if fault.kind.startswith("frozen"):
        still = int(np.searchsorted(times_s, 2700.0))
        seen.gauge = np.where(times_s >= 2700.0, seen.gauge[:, still : still + 1], seen.gauge)
    if fault.kind.startswith("capped"):
        seen.gauge = np.minimum(seen.gauge, int(fault.by))
    if fault.kind == "wrong utilization":
        seen.utilization = 0.5


def _leaked(seen, fault, times_s, rng):
    """Never given back, but for a restart; a clump leaks two to four at once."""
    gaps_h = np.diff(times_s, prepend=0.0) / 3600
    clumps = fault.kind == "leak in clumps"
    events = rng.poisson(fault.rate * gaps_h / (3 if clumps else 1), seen.gauge.shape)
    leaked = np.cumsum(events * (rng.integers(2, 5, events.shape) if clumps else 1), axis=1)
    if fault.kind != "leak and restart":
        return leaked
    after = times_s >= rng.uniform(2700, 4500, (len(leaked), 1))
    before = np.max(np.where(after, 0, leaked), axis=1, keepdims=True)
    seen.process = np.where(after, 2, 1)
    return np.where(after, leaked - before, leaked)


def _in_use(load, level, times_s, rng):
    """An M/M/infinity queue for each length of hold: each gives back with rate 1 / hold."""
    gaps_s, found = np.diff(times_s, prepend=0.0), 0
    for hold_s in load.holds_s:
        means = load.use * level / len(load.holds_s)
        now = rng.poisson(means[:, 0])
        rows = [now]
        for index in range(1, level.shape[1]):
            kept = np.exp(-gaps_s[index] / hold_s)
            now = rng.binomial(now, kept) + rng.poisson(means[:, index] * (1 - kept))
            rows.append(now)
        found = found + np.stack(rows, axis=1)
    return found


def _extra(load, windows, times_s, rng):
    if load.extra == "cron":
        every_s = rng.uniform(*load.every_s, (windows, 1))
        return int(load.by) * ((times_s + rng.uniform(0, 1, (windows, 1)) * every_s) % every_s < 180)
    if load.extra == "lazy":
        memory_s = rng.uniform(*load.every_s, (windows, 1))
        opened = [times_s >= memory_s * rng.exponential(1, (windows, 1)) for _ in range(int(load.by))]
        return np.sum(opened, axis=0)
    return 0


def _level(load, windows, rng):
    """Traffic by minute as a share of its mean."""
    level = np.ones((windows, len(MINUTES_S)))
    if load.shape == "ramp":
        return level * (1 + load.by * MINUTES_S / WINDOW_S)
    if load.shape == "diurnal":
        period_s = rng.uniform(*load.every_s, (windows, 1))
        return 1 + load.by * np.sin(2 * np.pi * (MINUTES_S / period_s + rng.uniform(0, 1, (windows, 1))))
    if load.shape == "ar1":
        return _autocorrelated(load, windows, rng)
    if load.shape == "on-off":
        return np.stack([_on_off(load, rng) for _ in range(windows)])
    return level


def _autocorrelated(load, windows, rng):
    memory_s = rng.uniform(*load.every_s, windows)
    kept = np.exp(-60 / memory_s)
    found = [rng.normal(0, load.by, windows)]
    for _ in MINUTES_S[1:]:
        found.append(kept * found[-1] + load.by * np.sqrt(1 - kept**2) * rng.normal(size=windows))
    return np.maximum(0.05, 1 + np.stack(found, axis=1))


def _on_off(load, rng):
    """On and off in turn, each for a time of its own."""
    is_on, until_s, row = rng.random() < 0.5, rng.uniform(0, load.every_s[1]), []
    for at_s in MINUTES_S:
        while at_s >= until_s:
            is_on, until_s = not is_on, until_s + rng.uniform(*load.every_s)
        row.append(1 + load.by if is_on else 1 - load.by)
    return np.array(row)
