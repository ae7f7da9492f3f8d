"""Types what Railway's API can return instead of an answer as faults. Pure.

Each is the provider's trouble or one of our settings, never the deployed service's.
"""

import re
from collections.abc import Mapping
from typing import Any

from deploy_verdict.base.strict_json import NotJSONError, strict_json
from deploy_verdict.http.retry import AttemptError, lowered, retry_after_s
from deploy_verdict.model import Exchange, Fault, Whose
from deploy_verdict.railway.allowance import HOURLY
from deploy_verdict.railway.retired_fields import RetiredField, retired_in

# How often to try on a fault. The first two rows may pass at any moment; the last was observed both as
# passing and as lasting.
_MOST_TRIES = {
    **dict.fromkeys(("rate-limited", "unavailable", "timeout", "refused", "reset", "closed"), 6),
    **dict.fromkeys(("connect-timeout", "unreachable", "dns"), 6),
    **dict.fromkeys(("refused-query", "protocol", "edge-refused", "edge-limited", "partial"), 2),
}
_MAX_WORDS = 400
_CLOUDFLARE = re.compile(r"error code: ?1015|error 1015|cloudflare", re.IGNORECASE)
ADDRESS_ADVICE = (
    "and not the account: whatever else runs there counts, as on a shared runner, and a ban can last a "
    "day — run the job again, which takes another runner, or use a runner of your own"
)
CLIENT_ADVICE = (
    "run the job again, which takes another runner; if it stays, see whether a proxy changes the User-Agent"
)


class RailwayError(AttemptError):
    """Railway refused us, or did not answer; `uncertain` means that a write may still have taken effect.

    `retired` are the fields of our query that Railway no longer knows.
    """

    def __init__(
        self,
        fault: Fault,
        *,
        after_s: float | None = None,
        uncertain: bool = False,
        retired: tuple[RetiredField, ...] = (),
    ) -> None:
        super().__init__(
            f"Railway: {fault.detail}", most_tries=_MOST_TRIES.get(fault.kind, 1), after_s=after_s
        )
        self.fault, self.uncertain, self.retired = fault, uncertain, retired


def provider_error(kind: str, detail: str, **more: Any) -> RailwayError:
    """Return an error whose fault is the provider's."""
    fault = Fault(
        kind=kind,
        whose=Whose.PROVIDER,
        detail=detail[:_MAX_WORDS],
        retry_after_s=more.get("after_s"),
    )
    return RailwayError(fault, **more)


def our_error(kind: str, detail: str) -> RailwayError:
    """Return an error whose fault is in our settings."""
    return RailwayError(Fault(kind=kind, whose=Whose.US, detail=detail))


def data_of(exchange: Exchange) -> dict[str, Any]:
    """Return the answer's data; raise RailwayError if there is none."""
    if exchange.fault is not None and exchange.fault.kind != "edge":
        # An answer that broke off counts as none, even with a status.
        whose = exchange.fault.whose if exchange.fault.whose in (Whose.RUNNER, Whose.US) else Whose.PROVIDER
        detail = f"Railway's API: {exchange.fault.detail}"
        raise RailwayError(Fault(kind=exchange.fault.kind, whose=whose, detail=detail))
    # Before the body is read, which need not be JSON.
    if exchange.status == 429:
        raise _rate_limited(exchange)
    document, unreadable = _json(exchange)
    if exchange.status in (401, 403):
        raise _forbidden(exchange, document)
    errors = document.get("errors") if isinstance(document, dict) else None
    if exchange.status == 400 or "GRAPHQL_VALIDATION_FAILED" in _codes(errors):
        words = _messages(errors) or _beginning(exchange)
        detail = f"Railway's API refused our query (HTTP {exchange.status}): {words}"
        raise provider_error("invalid-query", detail, retired=retired_in(errors))
    if exchange.status is None or exchange.status >= 500:
        raise provider_error("unavailable", f"Railway's API answered HTTP {exchange.status}")
    if exchange.body_truncated:
        # A second answer would be as large.
        raise provider_error("too-large", "Railway's answer is too large to be read")
    if exchange.status != 200 or not isinstance(document, dict):
        reason = f" ({unreadable})" if unreadable and unreadable.startswith("it ") else ""
        detail = (
            f"Railway's API answered HTTP {exchange.status} with {_beginning(exchange)}, which is not "
            f"GraphQL{reason}"
        )
        raise provider_error("protocol", detail)
    data = document.get("data")
    if errors:
        raise _refused(errors, partial=isinstance(data, dict) and any(data.values()))
    if not isinstance(data, dict):
        raise provider_error("protocol", "Railway's answer has neither data nor errors")
    return data


def _json(exchange: Exchange) -> tuple[Any, str | None]:
    """Return the document, or why there is none; ambiguous JSON counts as none."""
    try:
        return strict_json(exchange.body or ""), None
    except NotJSONError as error:
        return None, str(error)


def _beginning(exchange: Exchange) -> str:
    return repr(" ".join((exchange.body or "nothing").split())[:80])


def _rate_limited(exchange: Exchange) -> RailwayError:
    headers = lowered(exchange.headers)
    after_s = retry_after_s(headers)
    if "x-ratelimit-limit" not in headers and _CLOUDFLARE.search(exchange.body or ""):
        what = f"Cloudflare before Railway's API limits this address (HTTP 429, {_beginning(exchange)})"
        return provider_error("edge-limited", f"{what}, {ADDRESS_ADVICE}", after_s=after_s)
    detail = "too many requests for this account (HTTP 429)"
    detail += f"; it says to wait {after_s:g} s" if after_s is not None else ""
    limit, left = headers.get("x-ratelimit-limit"), headers.get("x-ratelimit-remaining")
    detail += f" ({(left or '0')[:12]} of {limit[:12]} requests left)" if limit else ""
    if limit is not None and limit.isdigit() and int(limit) <= HOURLY["free"]:
        detail += (
            " — a free workspace has 100 an hour for its tools: take fewer samples (window.sample_every)"
        )
    return provider_error("rate-limited", detail, after_s=after_s)


def _forbidden(exchange: Exchange, document: Any) -> RailwayError:
    body = exchange.body or ""
    if "error code: 1010" in body:
        detail = (
            f"Cloudflare before Railway's API refuses this client (HTTP {exchange.status}, "
            f"error code: 1010); this says nothing about the token — {CLIENT_ADVICE}"
        )
        return provider_error("edge-refused", detail)
    if not isinstance(document, dict) or "error code:" in body:
        detail = (
            f"the edge before Railway's API refused us (HTTP {exchange.status}, {_beginning(exchange)}); "
            "this says nothing about the token"
        )
        return provider_error("edge-refused", detail)
    return _unauthorized(_messages(document.get("errors")) or f"HTTP {exchange.status}")


def _unauthorized(message: str) -> RailwayError:
    detail = f"{message} — the token is wrong, expired, or may not see this project, environment or service"
    return provider_error("unauthorized", detail)


def _refused(errors: Any, *, partial: bool) -> RailwayError:
    """Classify the errors of an HTTP 200 by their words: the codes do not show failed authorization."""
    message = _messages(errors) or "errors without a message"
    words, codes = message.casefold(), _codes(errors)
    if "UNAUTHENTICATED" in codes:
        return provider_error("unauthorized", f"{message} — the token is empty or not one of Railway's")
    if "not authorized" in words or "project token not found" in words:
        return _unauthorized(message)
    if "two factor authentication required" in words:
        return provider_error("unauthorized", f"{message} — turn it on for the token's owner")
    if "rate limit" in words or "too quickly" in words:
        return provider_error("rate-limited", message)
    if "problem processing request" in words:
        return provider_error("refused-query", f"{message} (an unknown id, or a passing fault of Railway)")
    if "not found" in words:
        return provider_error("not-found", message)
    return provider_error("partial" if partial else "refused-query", message)


def _messages(errors: Any) -> str:
    """Return the messages with their trace ids, which Railway's support asks for."""
    messages = []
    for error in errors if isinstance(errors, list) else ():
        if isinstance(error, Mapping) and isinstance(error.get("message"), str):
            trace = error.get("traceId")
            suffix = f" (trace {trace[:64]})" if isinstance(trace, str) else ""
            messages.append(error["message"][:200] + suffix)
    return "; ".join(messages[:3])


def _codes(errors: Any) -> set[str]:
    extensions = (
        error.get("extensions")
        for error in (errors if isinstance(errors, list) else ())
        if isinstance(error, Mapping)
    )
    return {str(item.get("code")) for item in extensions if isinstance(item, Mapping)}
