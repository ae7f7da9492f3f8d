"""The cells of the table: what is true of the service, how it is sampled, and what may come of it."""

from collections.abc import Callable
from dataclasses import dataclass, field

from tests.calibration import faults
from tests.calibration.beside import Others
from tests.calibration.between import beats, refused, slower
from tests.calibration.judging import MODES
from tests.calibration.known_errors import KnownErrors
from tests.calibration.traffic import SIZE, World

USES = {"quiet": 2.0, "busy": 6.0}
LEAKS = (0.5, 1.0, 2.0, 3.0, 4.0, 6.0, 9.0)
# Windows of 121 bursts or 721 samples take ten times as long to judge: the cells that say most.
SLOW, FEWER_LEAKS = ("bursts every 60 s", "every 10 s"), (1.0, 4.0, 9.0)
FALSE_ALARM, FALSE_STABLE, NEVER = "at most 3 % alarms", "at most 5 % STABLE", "no STABLE"
WITH_FLOOR = "at most 1 % STABLE"


@dataclass(frozen=True, kw_only=True)
class Cell:
    """One row: `spoil`, `median_ms`, `others` and `stale` send it the whole way through judge().

    `between` judges one rule alone.
    """

    group: str
    name: str
    mode: str
    world: World
    target: str = ""
    spoil: Callable | None = None
    median_ms: float | None = None
    others: Others | None = None
    stale: bool | float | None = None
    errors: KnownErrors | None = None
    floor: bool = False
    whole: bool = field(default=False)
    between: Callable | None = None


def fills_in(use, hours):
    """The leak that fills the free slots in so many hours."""
    return (SIZE - use) / hours


def cells():
    """Every cell, in the order of the table."""
    of_modes = (cell for mode in MODES for cell in (*_healthy(mode), *_leaks(mode), *_odd(mode)))
    return (*of_modes, *_driven(), *_faults(), *_beside(), *_known_errors(), *_between())


def _healthy(mode):
    for name, use in USES.items():
        steady = World(use=use)
        yield Cell(group="healthy", name=f"{name}, steady", mode=mode, world=steady, target=FALSE_ALARM)
        for shape in ("warm-up", "wandering", "doubling"):
            yield Cell(
                group="healthy", name=f"{name}, {shape} traffic", mode=mode, world=World(use=use, shape=shape)
            )
        for shape in () if mode in SLOW else ("wandering", "doubling"):
            world = World(use=use, shape=shape, counted_requests=True)
            yield Cell(
                group="healthy", name=f"{name}, {shape} traffic, requests known", mode=mode, world=world
            )


def _leaks(mode):
    for name, use in USES.items():
        for rate in sorted((*(FEWER_LEAKS if mode in SLOW else LEAKS), fills_in(use, 5))):
            hours = (SIZE - use) / rate
            target = FALSE_STABLE if hours <= 5 else ""
            yield Cell(
                group="leak", name=f"{name}, {rate:g}/h (full in {hours:.1f} h)", mode=mode,
                world=World(use=use, leak=rate), target=target,
            )  # fmt: skip


def _driven():
    """Windows of bursts with 1,000 cycles at their end, whose requests leak as often as everybody's."""
    for name, use in USES.items():
        healthy = World(use=use)
        yield Cell(
            group="floor", name=f"{name}, steady, and cycles", mode="bursts", world=healthy,
            target=FALSE_ALARM, floor=True,
        )  # fmt: skip
        for rate in (1.0, fills_in(use, 5), 6.0, 9.0):
            hours = (SIZE - use) / rate
            yield Cell(
                group="floor", name=f"{name}, {rate:g}/h (full in {hours:.1f} h), and cycles", mode="bursts",
                world=World(use=use, leak=rate), target=WITH_FLOOR if hours <= 5 else "", floor=True,
            )  # fmt: skip


def _odd(mode):
    held = World(use=6.0, hold_s=30.0)
    yield Cell(group="other", name="busy, connections held 30 s", mode=mode, world=held, target=FALSE_ALARM)
    leaking = World(use=6.0, hold_s=30.0, leak=fills_in(6.0, 5))
    yield Cell(group="other", name="the same, leak 2.8/h (full in 5.0 h)", mode=mode, world=leaking)
    for name, use in () if mode in SLOW else USES.items():
        spikes = World(use=use, spike_every_s=300.0)
        yield Cell(group="other", name=f"{name}, 20 s of +10 each 5 min", mode=mode, world=spikes)
    wandering = World(use=6.0, shape="wandering", leak=fills_in(6.0, 5))
    yield Cell(group="other", name="busy, wandering, leak 2.8/h (full in 5.0 h)", mode=mode, world=wandering)


def _faults():
    busy = World(use=6.0)
    spoiled = {
        "dead gauge, from T+0 on": (faults.dead_from(0), NEVER),
        "dead gauge, from T+60 on": (faults.dead_from(4), NEVER),
        "dead gauge, from T+105 on": (faults.dead_from(7), NEVER),
        "field missing in all answers": (faults.field_missing, NEVER),
        "field null in 1 of 270 answers": (faults.field_missing_once, NEVER),
        "pool exhausted during 1 burst": (faults.exhausted_for_a_burst, NEVER),
        "pool exhausted in 1 reading": (faults.exhausted_once, NEVER),
        "1 of 9 bursts lost": (faults.lost(1), NEVER),
        "last burst lost": (faults.last_lost, NEVER),
        "5 % of readings lost by our network": (faults.not_asked(0.05), ""),
        "1 % of connections refused": (faults.refused(0.01), ""),
        "0.1 % errors (500)": (faults.errors(0.001), ""),
        "1 % errors (500)": (faults.errors(0.01), ""),
        "10 % errors (500)": (faults.errors(0.1), NEVER),
    }
    yield Cell(group="fault", name="none", mode="bursts", world=busy, whole=True, target=FALSE_ALARM)
    for name, (spoil, target) in spoiled.items():
        yield Cell(
            group="fault", name=name, mode="bursts", world=busy, spoil=spoil, target=target, whole=True
        )
    single = {
        "dead gauge, from T+0 on": faults.dead_from(0),
        "dead gauge, from T+60 on": faults.dead_from(60),
        "field missing in all answers": faults.field_missing,
        "field null in 1 of 121 answers": faults.field_missing_once,
        "pool exhausted in 1 reading": faults.exhausted_once,
        "10 % errors (500)": faults.errors(0.1),
    }
    for name, spoil in single.items():
        yield Cell(
            group="fault", name=name, mode="every 60 s", world=busy, spoil=spoil, target=NEVER, whole=True
        )
    for mode in SLOW:
        dead = faults.dead_from(0)
        yield Cell(
            group="fault", name="dead gauge, from T+0 on", mode=mode, world=busy, spoil=dead, target=NEVER,
            whole=True,
        )  # fmt: skip
    for median_ms in (250, 1000, 2000):
        name = f"responses of {median_ms} ms (median; limit 2 s)"
        yield Cell(group="fault", name=name, mode="bursts", world=busy, median_ms=median_ms, whole=True)


def _beside():
    """Everybody's requests, and the code that answers."""
    busy = World(use=6.0)
    for per_s in (1.0, 0.1, 0.02):
        for share in (0.0, 0.001, 0.005, 0.01, 0.02, 0.05):
            healthy, bad = share == 0 and per_s == 1, share >= 0.01
            yield Cell(
                group="traffic", name=f"{per_s:g} requests/s of others, {100 * share:g} % answered 5xx",
                mode="bursts", world=busy, others=Others(per_s=per_s, share=share), whole=True,
                target=NEVER if bad else FALSE_ALARM if healthy else "",
            )  # fmt: skip
    codes = {
        "the claimed code answers at once": (0.0, FALSE_ALARM),
        "older code answers for 30 s (mean), then the claimed": (30.0, FALSE_ALARM),
        "older code answers for 5 min (mean; 3 min are allowed)": (300.0, ""),
        "older code answers throughout": (True, NEVER),
    }
    for name, (stale, target) in codes.items():
        yield Cell(group="code", name=name, mode="bursts", world=busy, stale=stale, target=target, whole=True)


def _known_errors():
    """A kind of error that the hour before had too, as often or more often."""
    for times, target in {1: FALSE_ALARM, 3: "", 10: "", 30: "", 100: FALSE_STABLE}.items():
        for per_h in (2, 20):
            for burst in (1, 20):
                often = "as often" if times == 1 else f"{times} times as often"
                yield Cell(
                    group="known error",
                    name=f"{per_h} bursts/h before of {burst} lines (mean), then {often}",
                    mode="log", world=World(use=0.0), target=target,
                    errors=KnownErrors(per_h=per_h, burst=burst, times=times),
                )  # fmt: skip
    for times, target in {1: FALSE_ALARM, 10: ""}.items():
        often = "as often" if times == 1 else f"{times} times as often"
        yield Cell(
            group="known error",
            name=f"2 troubles/h before of 5 minutes (mean), then {often}",
            mode="log", world=World(use=0.0), target=target,
            errors=KnownErrors(per_h=2, burst=5, times=times, lasting=5.0),
        )  # fmt: skip


def _between():
    """What others are refused, what comes and goes between the samples, and answers that become slower."""
    cells = {
        "refused": {
            "1 requests/s, 2 % answered 401 and 1 % 404, as before": (refused(1.0, {}), FALSE_ALARM),
            "0.05 requests/s, the same": (refused(0.05, {}), FALSE_ALARM),
            "1 requests/s, shares that wander by half": (refused(1.0, {}, wander=0.5), FALSE_ALARM),
            "0.1 requests/s, every 401 from T+10 on": (
                refused(0.1, {"401": 1.0}, routes=1, from_s=600),
                NEVER,
            ),
            "0.1 requests/s, the same, nothing known of before": (
                refused(0.1, {"401": 1.0}, routes=1, from_s=600, is_known=False),
                NEVER,
            ),
            "1 requests/s, 30 % answered 429": (refused(1.0, {"429": 0.3}, routes=1), NEVER),
            "1 requests/s, one of ten routes gone (404)": (refused(1.0, {"404": 1.0}, routes=10), NEVER),
            "1 requests/s, 401 from 2 to 5 %": (refused(1.0, {"401": 0.05}, routes=1), ""),
        },
        "between": {
            "0.3 % of beats fail": (beats(0.003), FALSE_ALARM),
            "2 % of beats fail": (beats(0.02), ""),
            "10 % of beats fail": (beats(0.1), NEVER),
            "down for 1 min": (beats(outage_s=60.0), ""),
            "down for 2 min": (beats(outage_s=120.0), NEVER),
            "down for 9 of each 15 min": (beats(outage_s=540.0, every_s=900.0), NEVER),
        },
        "slower": {
            "responses of 100 ms": (slower(100, 100), FALSE_ALARM),
            "responses of 400 ms, with a wave of 40 %": (slower(400, 400, wave=0.4), FALSE_ALARM),
            "responses from 0.1 to 1.9 s": (slower(100, 1900), NEVER),
            "responses from 0.3 to 0.9 s": (slower(300, 900), ""),
        },
    }
    for group, named in cells.items():
        for name, (between, target) in named.items():
            yield Cell(
                group=group, name=name, mode="bursts", world=World(use=2.0), between=between, target=target
            )
