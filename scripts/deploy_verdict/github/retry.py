"""Questions to GitHub, patient within a bound: what it answers badly is asked again, or told.

A write that must not be done twice is never just repeated: when its answer was lost, its effect is
looked for first.
"""

from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar

import requests
from github import BadAttributeException, GithubException, RateLimitExceededException

from deploy_verdict.base.clock import Clock
from deploy_verdict.base.errors import ProviderError
from deploy_verdict.github.transport import LostError

# A publisher that waits for an hour is a report that does not come.
MAX_WAIT_S = 120.0
MAX_TRIES = 5
# What GitHub advises when it names no time.
LIMIT_WAIT_S = 60.0
MAX_TOLD = 300
STUMBLES = (RuntimeError, ValueError, TypeError, AttributeError, LookupError)
Result = TypeVar("Result")
Parameters = ParamSpec("Parameters")
Tell = Callable[[str], None]


class RefusedError(ProviderError):
    """GitHub understood, and said no: asking again would not help."""

    def __init__(self, told: str, status: int) -> None:
        super().__init__(told)
        self.status = status


class _PassingError(ProviderError):
    """Trouble that may pass. `wait_s` is what GitHub asks for; `lost`: it may have taken effect."""

    def __init__(self, told: str, *, wait_s: float | None = None, lost: bool = True) -> None:
        super().__init__(told)
        self.wait_s, self.lost = wait_s, lost


class Asker:
    """Asks one question after the other; what it waits in all, and loses in vain, is bounded."""

    def __init__(self, clock: Clock, tell: Tell, secret: str, needs: str) -> None:
        self._clock, self._tell, self._secret, self._needs = clock, tell, secret, needs
        self._left_s = MAX_WAIT_S

    def ask(
        self,
        what: str,
        question: Callable[[], Result],
        *,
        found: Callable[[], Result | None] | None = None,
    ) -> Result:
        """The answer; raises ProviderError.

        `found` looks for the effect of a write whose answer was lost. Leave it out only for what does
        no harm when it is done twice.
        """
        tries = 0
        while True:
            tries += 1
            began_s = self._clock.monotonic_s()
            try:
                return self._asked(what, question)
            except _PassingError as trouble:
                self._left_s -= self._clock.monotonic_s() - began_s
                self._wait(trouble, tries)
                there = found() if found and trouble.lost else None
            if there is not None:
                return there

    def _wait(self, trouble: _PassingError, tries: int) -> None:
        wait_s = 2.0 ** (tries - 1) if trouble.wait_s is None else trouble.wait_s
        if trouble.wait_s is None and tries == MAX_TRIES:
            raise ProviderError(f"{trouble} ({tries} times)") from trouble
        if wait_s > self._left_s:
            told = (
                f"{trouble}; it asks to wait {wait_s:.0f} s" if trouble.wait_s is not None else f"{trouble}"
            )
            left = f"of {MAX_WAIT_S:.0f} s for waiting {max(self._left_s, 0):.0f} s are left"
            raise ProviderError(f"{told}, and {left}") from trouble
        self._tell(f"{trouble}; asking again in {wait_s:.0f} s")
        self._left_s -= wait_s
        self._clock.sleep(wait_s)

    def _asked(self, what: str, question: Callable[[], Result]) -> Result:
        try:
            return question()
        except GithubException as error:
            raise self._trouble(what, error) from error
        except AssertionError as error:
            # PyGithub's own check: an answer must not send us, and the token, to another host.
            told = self._told(str(error))
            raise ProviderError(f"GitHub's answer to {what} points to another host ({told})") from error
        except BadAttributeException as error:
            raise ProviderError(f"GitHub's answer to {what} is not what GitHub answers") from error
        except LostError as error:
            raise _PassingError(f"GitHub could not be asked for {what}: {self._told(str(error))}") from error
        except requests.RequestException as error:
            raise ProviderError(f"GitHub could not be asked for {what}: {self._told(str(error))}") from error
        except STUMBLES as error:
            # What becomes of an answer of another shape: a question reads nothing but GitHub's answer.
            told = self._told(f"{type(error).__name__}: {error}")
            raise ProviderError(f"GitHub's answer to {what} cannot be used ({told})") from error

    def _trouble(self, what: str, error: GithubException) -> ProviderError:
        message = error.data.get("message") if isinstance(error.data, dict) else None
        reason = self._told(message) if isinstance(message, str) else "no reason is given"
        told = f"GitHub answered HTTP {error.status} to {what}: {reason}"
        if error.status >= 500:
            return _PassingError(told)
        wait_s = _limit_wait_s(error, self._clock)
        if wait_s is not None:
            return _PassingError(f"{told} (a rate limit)", wait_s=wait_s, lost=False)
        return RefusedError(f"{told}{_hint(error.status, self._needs)}", error.status)

    def _told(self, text: str) -> str:
        """Another's words in one line, and the token never in them."""
        return " ".join(text.replace(self._secret, "***").split())[:MAX_TOLD]


def understood(method: Callable[Parameters, Result]) -> Callable[Parameters, Result]:
    """For what reads an answer outside of a question: PyGithub checks a field, or asks for it, when read."""

    @wraps(method)
    def careful(*arguments: Parameters.args, **more: Parameters.kwargs) -> Result:
        try:
            return method(*arguments, **more)
        except (GithubException, BadAttributeException, requests.RequestException) as error:
            told = " ".join(str(error).split())[:MAX_TOLD]
            raise ProviderError(f"GitHub's answer cannot be used ({type(error).__name__}: {told})") from error

    return careful


def _limit_wait_s(error: GithubException, clock: Clock) -> float | None:
    """How long a rate limit asks to wait; None where the refusal is not about a rate."""
    headers = {name.lower(): text for name, text in (error.headers or {}).items()}
    if error.status not in (403, 429):
        return None
    after = _number(headers.get("retry-after"))
    if after is not None:
        return max(1.0, after)
    reset = _number(headers.get("x-ratelimit-reset"))
    if headers.get("x-ratelimit-remaining") == "0" and reset is not None:
        return max(1.0, reset - clock.now().timestamp())
    is_limit = error.status == 429 or isinstance(error, RateLimitExceededException)
    return LIMIT_WAIT_S if is_limit else None


def _number(text: str | None) -> float | None:
    return float(text) if text is not None and text.strip().isdecimal() else None


def _hint(status: int, needs: str) -> str:
    hints = {
        401: " — the token is wrong or expired",
        403: f" — the token may lack {needs}",
        404: " — there is none, or the token may not see it",
    }
    return hints.get(status, "")
