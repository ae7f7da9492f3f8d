"""What an entry of the edge's HTTP log says: whose request it was, and who answered it. Pure."""

from deploy_verdict.railway import HttpEntry

_OURS = "deploy-verdict/"
_NO_ERROR = ("", "[]", "null", "{}")


def is_ours(entry: HttpEntry) -> bool:
    """Return whether this tool sent the request."""
    return entry.user_agent.startswith(_OURS)


def has_upstream_error(entry: HttpEntry) -> bool:
    """Return whether the edge recorded an error reaching the service."""
    return entry.upstream_errors.strip() not in _NO_ERROR


def is_fallback(entry: HttpEntry) -> bool:
    """Return whether the edge answered in the service's place; responseDetails is set only then."""
    return entry.status in (404, 502) and entry.response_details.strip() not in _NO_ERROR
