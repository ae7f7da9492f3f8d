"""Limits how fast and how often Railway's API is called.

Cloudflare in front of it accepts 10 requests a second from one address if they carry no query string, and
Hobby allows an account as many. Each answer states the hourly limit, which all tools of the account share.
"""

from collections import deque
from collections.abc import Mapping

from deploy_verdict.base.clock import Clock
from deploy_verdict.http.retry import lowered

PER_SECOND = 10
HOURLY = {"free": 100, "trial": 100, "hobby": 1000, "pro": 10_000, "enterprise": 10_000}
HOUR_S = 3600.0
# Polling may use this share of what is left; the rest is for the samples, and for others.
_SHARE = 0.5
_LONGEST_PAUSE_S = 300.0
# A larger reset value is a time in Unix seconds, or above _UNIX_MS in milliseconds.
_UNIX_S, _UNIX_MS = 1e9, 1e12


class Allowance:
    """What is left of an hour's requests, known from the plan's tier or from the answers."""

    def __init__(self, clock: Clock, hourly: int | None = None) -> None:
        self._clock = clock
        self._starts: deque[float] = deque(maxlen=PER_SECOND)
        self.limit: int | None = hourly
        self.left: int | None = hourly
        self._ends_s = clock.monotonic_s() + HOUR_S

    def wait_turn(self) -> None:
        """Wait before a request, so that no second has more than ten."""
        if len(self._starts) == PER_SECOND:
            pause_s = self._starts[0] + 1.0 - self._clock.monotonic_s()
            if pause_s > 0:
                self._clock.sleep(pause_s)
        self._starts.append(self._clock.monotonic_s())
        if self.left is not None:
            self.left = max(0, self.left - 1)

    def learn(self, headers: Mapping[str, str]) -> None:
        """Update the allowance from an answer's headers."""
        told = lowered(headers)
        limit, left = (_count(told.get(f"x-ratelimit-{name}")) for name in ("limit", "remaining"))
        if limit is None or left is None:
            return
        self.limit, self.left = limit, left
        reset = _count(told.get("x-ratelimit-reset"))
        if reset is None:
            return
        now_s = self._clock.now().timestamp()
        in_s = (
            reset / 1000 - now_s if reset > _UNIX_MS else reset - now_s if reset > _UNIX_S else float(reset)
        )
        self._ends_s = self._clock.monotonic_s() + min(max(0.0, in_s), 24 * HOUR_S)

    def pause_s(self, usual_s: float) -> float:
        """Return the pause between two polls: the usual one, or one that leaves half of the requests."""
        if self.left is None:
            return usual_s
        over_s = max(0.0, self._ends_s - self._clock.monotonic_s())
        return max(usual_s, min(_LONGEST_PAUSE_S, over_s / max(1.0, _SHARE * self.left)))


def _count(text: str | None) -> int | None:
    return int(text) if text is not None and text.isascii() and text.isdigit() and len(text) < 16 else None
