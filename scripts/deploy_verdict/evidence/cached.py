"""Whether an answer is a copy that a cache gave: it says nothing of the service now. Pure."""

import re
from collections.abc import Iterable, Iterator

from deploy_verdict.model import Exchange

_HIT = re.compile(r"(?i)\bhit\b")
_CACHES = ("x-cache", "cf-cache-status", "x-vercel-cache", "x-cache-status", "x-proxy-cache", "cache-status")
# Dates are of whole seconds: the same one, of answers so far apart, is one answer's.
APART_S = 3.0
Timed = tuple[int, Exchange]


def why_cached(exchange: Exchange) -> str | None:
    """What a header says of a cache; None where the service itself answered, as far as one can see."""
    headers = {name.lower(): value for name, value in exchange.headers.items()}
    age = headers.get("age", "").strip()
    if age.isdigit() and int(age) > 0:
        return f"Age: {age}"
    for name in _CACHES:
        if _HIT.search(headers.get(name, "")):
            return f"{name}: {headers[name]}"
    return None


def copies(exchanges: Iterable[Exchange]) -> Iterator[tuple[Exchange, str]]:
    """Every answer that is a copy, by its headers or by the date and body of an answer long before it."""
    first: dict[tuple[str, str], Exchange] = {}
    for exchange in sorted(exchanges, key=lambda item: item.at):
        if exchange.fault is not None or exchange.status is None:
            continue
        reason = why_cached(exchange)
        date = next((value for name, value in exchange.headers.items() if name.lower() == "date"), "")
        known = first.setdefault((date, exchange.body or ""), exchange) if date else exchange
        apart_s = (exchange.at - known.at).total_seconds()
        if reason is None and apart_s >= APART_S:
            reason = f"the same body and Date ({date}) as {apart_s:.0f} s before"
        if reason is not None:
            yield exchange, reason
