"""Calls GitHub with retries within a budget, and words each refusal."""

import math
from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar

import requests
from github import BadAttributeException, GithubException, RateLimitExceededException

from deploy_verdict.base.clock import Clock
from deploy_verdict.base.errors import ProviderError
from deploy_verdict.github.transport import LostError
from deploy_verdict.http.retry import AttemptError, Backoff, Retry, requested_pause_s

# Longer limits are not waited for: nobody waits an hour for a report.
MAX_WAIT_S = 120.0
MAX_TRIES = 5
# GitHub's advice for a limit without a time.
LIMIT_WAIT_S = 60.0
MAX_WORDS = 300
_BACKOFF = Backoff(first_s=1.0, is_request_exact=True)
STUMBLES = (RuntimeError, ValueError, TypeError, AttributeError, LookupError)
Result = TypeVar("Result")
Parameters = ParamSpec("Parameters")
Tell = Callable[[str], None]


class RefusedError(ProviderError):
    """GitHub refused the request: another try would not help."""

    def __init__(self, message: str, status: int) -> None:
        super().__init__(message)
        self.status = status


class RetryingCaller:
    """Makes one call after another; all their pauses and failed attempts share one budget."""

    def __init__(self, clock: Clock, tell: Tell, secret: str, needs: str) -> None:
        self._clock, self._secret, self._needs = clock, secret, needs
        self._retry = Retry(
            clock,
            _BACKOFF,
            MAX_WAIT_S,
            lambda error, pause_s: tell(f"{error}; retrying in {pause_s:.0f} s"),
        )

    def call(
        self,
        what: str,
        call: Callable[[], Result],
        *,
        effect: Callable[[], Result | None] | None = None,
    ) -> Result:
        """Make a call with retries and return its answer; raise ProviderError.

        `effect` finds what a write whose answer was lost has created. Leave it out only if repeating the
        write is harmless.
        """
        try:
            return self._retry.call(lambda: self._attempt(what, call), effect=effect)
        except AttemptError as error:
            raise ProviderError(self._why_given_up(error)) from error

    def _why_given_up(self, error: AttemptError) -> str:
        if error.tries >= error.most_tries:
            return f"{error} (after {error.tries} tries)"
        wish = f"; GitHub asks for a pause of {error.after_s:.0f} s" if error.after_s is not None else ""
        left_s = max(self._retry.left_s, 0)
        return f"{error}{wish}; {left_s:.0f} s of the {MAX_WAIT_S:.0f} s retry budget left"

    def _attempt(self, what: str, call: Callable[[], Result]) -> Result:
        try:
            return call()
        except GithubException as error:
            raise self._error_of(what, error) from error
        except AssertionError as error:
            # PyGithub's own check: an answer must not send us and the token to another host.
            words = self._words(error)
            raise ProviderError(f"GitHub's answer to {what} points to another host ({words})") from error
        except BadAttributeException as error:
            raise ProviderError(f"GitHub's answer to {what} has an unexpected shape") from error
        except LostError as error:
            message = f"could not ask GitHub for {what}: {self._words(error)}"
            raise AttemptError(message, most_tries=MAX_TRIES) from error
        except requests.RequestException as error:
            raise ProviderError(f"could not ask GitHub for {what}: {self._words(error)}") from error
        except STUMBLES as error:
            # The call reads nothing but GitHub's answer, so that has an unexpected shape.
            words = self._words(f"{type(error).__name__}: {error}")
            raise ProviderError(f"GitHub's answer to {what} cannot be used ({words})") from error

    def _error_of(self, what: str, error: GithubException) -> ProviderError:
        message = error.data.get("message") if isinstance(error.data, dict) else None
        reason = self._words(message) if isinstance(message, str) else "no reason given"
        words = f"GitHub answered HTTP {error.status} to {what}: {reason}"
        if error.status >= 500:
            return AttemptError(words, most_tries=MAX_TRIES)
        wait_s = _limit_wait_s(error, self._clock)
        if wait_s is not None:
            # Only the budget bounds these tries: GitHub itself says when to come back.
            return AttemptError(f"{words} (a rate limit)", most_tries=math.inf, after_s=wait_s, is_lost=False)
        return RefusedError(f"{words}{_hint(error.status, self._needs)}", error.status)

    def _words(self, text: object) -> str:
        """Return foreign text on one line, without the token."""
        return " ".join(str(text).replace(self._secret, "***").split())[:MAX_WORDS]


def refusing_odd_answers(method: Callable[Parameters, Result]) -> Callable[Parameters, Result]:
    """Turn errors in reading an answer into ProviderError: PyGithub reads some fields only then."""

    @wraps(method)
    def checked(*arguments: Parameters.args, **more: Parameters.kwargs) -> Result:
        try:
            return method(*arguments, **more)
        except (GithubException, BadAttributeException, requests.RequestException) as error:
            words = " ".join(str(error).split())[:MAX_WORDS]
            raise ProviderError(
                f"GitHub's answer cannot be used ({type(error).__name__}: {words})"
            ) from error

    return checked


def _limit_wait_s(error: GithubException, clock: Clock) -> float | None:
    """Return the pause that a rate limit requires; None if the refusal is not a rate limit."""
    if error.status not in (403, 429):
        return None
    requested_s = requested_pause_s(error.status, error.headers or {}, clock.now().timestamp())
    if requested_s is not None:
        return max(1.0, requested_s)
    is_limit = error.status == 429 or isinstance(error, RateLimitExceededException)
    return LIMIT_WAIT_S if is_limit else None


def _hint(status: int, needs: str) -> str:
    hints = {
        401: " — the token is wrong or expired",
        403: f" — the token may lack {needs}",
        404: " — it does not exist, or the token may not read it",
    }
    return hints.get(status, "")
