"""A clock that a test turns itself: sleeping moves it, and nothing waits."""

from datetime import UTC, datetime, timedelta


class TurnedClock:
    """Starts at a fixed moment; `slept` holds every wait."""

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
