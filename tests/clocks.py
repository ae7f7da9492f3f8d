"""A clock that advances only when a test sleeps on it or turns it."""

from datetime import UTC, datetime, timedelta


class TurnedClock:
    """A clock that starts at a fixed moment; `slept` lists the length of every sleep."""

    def __init__(self):
        self._at = datetime(2026, 2, 2, 12, tzinfo=UTC)
        self._s = 0.0
        self.slept = []

    def now(self):
        return self._at + timedelta(seconds=self._s)

    def monotonic_s(self):
        return self._s

    def sleep(self, seconds):
        self.slept.append(seconds)
        self._s += max(0.0, seconds)
