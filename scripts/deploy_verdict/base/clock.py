"""Time as an argument: the wall clock, and a window's pace on it.

`--speed N` divides the waits between samples and readings, never request timeouts or latencies.
"""

import threading
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Protocol


class Clock(Protocol):
    """Time as collectors read it; tests pass a clock that they advance themselves."""

    def now(self) -> datetime:
        """Return the time of day, in UTC."""

    def monotonic_s(self) -> float:
        """Return seconds that never go backwards, for durations."""

    def sleep(self, seconds: float) -> None:
        """Wait; return at once if `seconds` is zero or negative."""


class Stop:
    """Whether a person or the runner requested a stop; checked between two steps."""

    def __init__(self) -> None:
        self._event = threading.Event()

    def request(self) -> None:
        """Request to stop; waits end at once."""
        self._event.set()

    @property
    def requested(self) -> bool:
        """Whether a stop was requested."""
        return self._event.is_set()

    def wait(self, seconds: float) -> None:
        """Sleep until the time is up or a stop is requested."""
        if seconds > 0:
            self._event.wait(seconds)


class WallClock:
    """The machine's own clock; its sleeps end when a stop is requested."""

    def __init__(self, stop: Stop | None = None) -> None:
        self._stop = stop or Stop()

    def now(self) -> datetime:
        return datetime.now(UTC)

    def monotonic_s(self) -> float:
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        self._stop.wait(seconds)


@dataclass(frozen=True, kw_only=True)
class Pace:
    """Plan time on a clock: seconds of the plan since T0, and waits until one of them.

    Anchored once to the monotonic clock, so that a step of the machine's clock moves no sample.
    """

    clock: Clock
    t0: datetime
    speed: float
    anchor_s: float

    @classmethod
    def starting(cls, clock: Clock, t0: datetime, speed: float) -> "Pace":
        """Anchor T0 (which lies in the past when a window is resumed) to the monotonic clock.

        A T0 in the future means that the machine's clock was set back; it counts as now.
        """
        since_t0_s = max(0.0, (clock.now() - t0).total_seconds())
        return cls(clock=clock, t0=t0, speed=speed, anchor_s=clock.monotonic_s() - since_t0_s)

    def offset_s(self) -> float:
        """Return the seconds of plan time since T0."""
        return (self.clock.monotonic_s() - self.anchor_s) * self.speed

    def wait_until(self, offset_s: float) -> None:
        """Sleep until T0 + offset_s of plan time; return at once when that has passed."""
        self.clock.sleep((offset_s - self.offset_s()) / self.speed)
