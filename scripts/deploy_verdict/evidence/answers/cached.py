"""Whether an answer is a copy that a cache gave: it says nothing of the service now. Pure."""

import re
from collections.abc import Iterable, Iterator

from deploy_verdict.model import Exchange

# Also TCP_MEM_HIT; not hit-for-pass, which is no copy.
_HIT = re.compile(r"(?i)(?<![a-z])(hit|stale|updating|prerender|fresh)(?![a-z]|-for)")
_CACHES = (
    "x-cache",
    "cf-cache-status",
    "x-vercel-cache",
    "x-cache-status",
    "x-proxy-cache",
    "x-fastcgi-cache",
    "x-nextjs-cache",
    "x-drupal-cache",
    "x-rack-cache",
    "x-litespeed-cache",
    "x-edge-cache",
    "cdn-cache",
    "cache-status",
)
_YES = re.compile(r"(?i)1|true|yes|hit")
# Dates are of whole seconds: the same one, of answers so far apart, is one answer's.
APART_S = 3.0
Timed = tuple[int, Exchange]


def why_cached(exchange: Exchange) -> str | None:
    """What a header says of a cache; None where the service itself answered, as far as one can see."""
    headers = {name.lower(): value for name, value in exchange.headers.items()}
    age = headers.get("age", "").strip()
    if re.fullmatch(r"\d+(\.\d+)?", age) and float(age) > 0:
        return f"Age: {age}"
    for name in ("x-from-cache", "x-cached"):
        if _YES.fullmatch(headers.get(name, "").strip()):
            return f"{name}: {headers[name]}"
    if re.search(r"[1-9]", headers.get("x-cache-hits", "")):
        return f"x-cache-hits: {headers['x-cache-hits']}"
    if len(headers.get("x-varnish", "").split()) > 1:
        return f"x-varnish: {headers['x-varnish']}, which names the request that it is a copy of"
    if headers.get("warning", "").startswith(("110", "111")):
        return f"Warning: {headers['warning'][:60]}"
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
