"""Retries within a budget: how many, after which pause, and what to check before repeating a write.

A write whose response was lost may have taken effect, so its effect is checked before it is sent again.
"""

import math
import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeVar

from deploy_verdict.base.clock import Clock
from deploy_verdict.base.errors import ProviderError

Result = TypeVar("Result")
# Longer than every pause of ours; a float would overflow at a thousand doublings.
_MOST_DOUBLINGS = 12


class AttemptError(ProviderError):
    """A failed attempt: make at most `most_tries`, the next one after at least `after_s` seconds.

    `is_lost`: the request may have taken effect. `is_cut_short`: only the budget ended the attempt. `tries`
    is how many there were.
    """

    def __init__(
        self, message: str, *, most_tries: float = 1, after_s: float | None = None, is_lost: bool = True
    ) -> None:
        super().__init__(message)
        self.most_tries, self.after_s, self.is_lost = most_tries, after_s, is_lost
        self.is_cut_short, self.tries = False, 1


@dataclass(frozen=True, kw_only=True)
class Backoff:
    """Pauses that double up to `longest_s`; `jitter` is the random share of a pause."""

    first_s: float
    longest_s: float = math.inf
    jitter: float = 0.0
    # Whether a pause that the other side requests always counts, or only if it is longer than ours.
    is_request_exact: bool = False

    def pause_s(self, tries: int, requested_s: float | None = None) -> float:
        """Return the pause in seconds after that many attempts."""
        if self.is_request_exact and requested_s is not None:
            return requested_s
        pause_s = min(self.longest_s, self.first_s * 2.0 ** min(tries - 1, _MOST_DOUBLINGS))
        # So that several jobs do not retry in step.
        pause_s *= random.uniform(1.0 - self.jitter, 1.0)  # noqa: S311  # not a secret
        return max(pause_s, requested_s or 0.0)


class Retry:
    """Attempts that share one budget; `left_s` remains of it for failed attempts and pauses."""

    def __init__(
        self,
        clock: Clock,
        backoff: Backoff,
        budget_s: float,
        before_pause: Callable[[AttemptError, float], None] = lambda error, pause_s: None,
    ) -> None:
        self.left_s = budget_s
        self._clock, self._backoff, self._before_pause = clock, backoff, before_pause

    def call(
        self, attempt: Callable[[], Result], *, effect: Callable[[], Result | None] | None = None
    ) -> Result:
        """Return the result of the first success; raise the last AttemptError, and any other error at once.

        `effect` finds what a write whose response was lost has created; None if it created nothing.
        """
        tries, latest = 0, None
        while True:
            tries += 1
            began_s = self._clock.monotonic_s()
            try:
                return attempt()
            except AttemptError as error:
                # An attempt that the budget cut short says less than the one before it.
                latest = latest if latest and error.is_cut_short else error
            self.left_s -= self._clock.monotonic_s() - began_s
            latest.tries = tries
            pause_s = self._backoff.pause_s(tries, latest.after_s)
            if tries >= latest.most_tries or pause_s > self.left_s:
                raise latest
            self._before_pause(latest, pause_s)
            self.left_s -= pause_s
            self._clock.sleep(pause_s)
            if effect and latest.is_lost and (found := effect()) is not None:
                return found


def lowered(headers: Mapping[str, str]) -> dict[str, str]:
    """Return headers by their names in lower case."""
    return {name.lower(): value for name, value in headers.items()}


def retry_after_s(headers: Mapping[str, str]) -> float | None:
    """Return Retry-After in seconds; None if it is not a number, such as a date."""
    return _seconds(headers, "retry-after")


def requested_pause_s(status: int | None, headers: Mapping[str, str], now_s: float) -> float | None:
    """Return the pause that GitHub requests: Retry-After, or until its spent limit resets; else None."""
    after_s, reset_s = retry_after_s(headers), _seconds(headers, "x-ratelimit-reset")
    if after_s is not None or reset_s is None or not is_limit_spent(status, headers):
        return after_s
    return max(0.0, reset_s - now_s)


def is_limit_spent(status: int | None, headers: Mapping[str, str]) -> bool:
    """Return whether a refusal says that no requests are left."""
    return status in (403, 429) and lowered(headers).get("x-ratelimit-remaining") == "0"


def _seconds(headers: Mapping[str, str], name: str) -> float | None:
    try:
        seconds = float(lowered(headers).get(name, ""))
    except ValueError:
        return None
    return seconds if 0 <= seconds < math.inf else None
