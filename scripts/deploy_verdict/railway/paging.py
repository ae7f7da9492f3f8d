"""Pages backwards through a log without a cursor: newest lines first, without gap or duplicate.

Each page is the newest `limit` entries up to a moment. The next page ends a little later than the oldest
entry so far, at a full millisecond, so that no line of that moment is lost, whether the API's bound includes
it or not. Repeated lines are dropped by counting: two equal lines in one page are two lines.
"""

from collections import Counter
from collections.abc import Callable, Hashable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Protocol, TypeVar

from deploy_verdict.railway import RailwayError

PAGE = 5000
_LEAST = 20
_MILLISECOND = timedelta(milliseconds=1)


class Dated(Protocol):
    """An entry of a log."""

    @property
    def at(self) -> datetime | None:
        """Its time; None if it could not be read."""


Entry = TypeVar("Entry", bound=Dated)


class LogGapError(Exception):
    """The log cannot be read any further back; the text says why."""


def pages(
    ask: Callable[[datetime, int], Sequence[Entry]],
    identity: Callable[[Entry], Hashable],
    *,
    start: datetime | None,
    end: datetime,
    limit: int = PAGE,
) -> Iterator[list[Entry]]:
    """Yield pages, newest first, each oldest line first; raise LogGapError if lines must be missing.

    `ask(until, limit)` returns the newest `limit` entries up to `until`, oldest first. Its errors are raised,
    but a page that is too large is first requested again in smaller ones.
    """
    until = end
    seam: Counter[Hashable] = Counter()
    while True:
        try:
            got = list(ask(until, limit))
        except RailwayError as error:
            if error.fault.kind != "too-large" or limit <= _LEAST:
                raise
            limit //= 4
            continue
        fresh = _without(got, seam, identity)
        if fresh:
            yield fresh
        dated = [entry.at for entry in got if entry.at is not None]
        if got and not dated:
            raise LogGapError("a page of the log has no readable time")
        if len(got) < limit:
            return
        oldest = min(dated)
        if start is not None and oldest < start:
            return
        following = _after(oldest)
        if following >= until:
            raise LogGapError(
                f"{limit} lines or more within a millisecond, at {oldest:%H:%M:%S.%f}: some may be missing"
            )
        # What the next page will contain again.
        seam = Counter(identity(entry) for entry in got if entry.at is None or entry.at <= following)
        until = following


def _without(
    got: Sequence[Entry], seam: "Counter[Hashable]", identity: Callable[[Entry], Hashable]
) -> list[Entry]:
    """Return the page without the entries of the previous page."""
    known = seam.copy()
    fresh = []
    for entry in reversed(got):
        key = identity(entry)
        if known[key] > 0:
            known[key] -= 1
        else:
            fresh.append(entry)
    return fresh[::-1]


def _after(at: datetime) -> datetime:
    """Return the next full millisecond, as the API takes no finer times."""
    at = at.astimezone(UTC)
    return at.replace(microsecond=at.microsecond // 1000 * 1000) + _MILLISECOND
