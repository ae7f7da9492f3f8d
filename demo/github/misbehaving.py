"""Applies the switches to a request: refuses it, or loses its answer."""

from demo.github.calls import Answer, Call, refused
from demo.github.hub import Hub
from demo.github.repository import LIMIT
from demo.github.routes import permission_needed

UNICORN = """<!DOCTYPE html>
<html>
  <head><meta charset="utf-8"><title>Unicorn! &middot; GitHub</title></head>
  <body>
    <p><strong>We had issues producing the response to your request.</strong></p>
    <p>Sorry about that. Please try refreshing and contact us if the problem persists.</p>
  </body>
</html>
"""
SECONDARY = "You have exceeded a secondary rate limit. Please wait a few minutes before you try again."


def bad_gateway() -> Answer:
    """Return GitHub's own page for a request that its front could not pass on, or whose answer it lost."""
    return Answer(status=502, html=UNICORN)


def unheard(hub: Hub) -> Answer | None:
    """Return the answer to a request that never reaches an endpoint, whatever it is; None if it does."""
    if hub.switches.take("bad_gateways"):
        return bad_gateway()
    if not hub.switches.primary_limit:
        return None
    spent = {"X-RateLimit-Remaining": "0", "X-RateLimit-Used": str(LIMIT)}
    return refused(403, f"API rate limit exceeded for {hub.repository}.", headers=spent)


def refusal(hub: Hub, call: Call) -> Answer | None:
    """Return why a request that GitHub understands is not carried out; None if it is."""
    if _writes(call) and hub.switches.take("secondary_limits"):
        return refused(403, SECONDARY, headers={"Retry-After": "1"})
    if permission_needed(call) in hub.switches.forbidden:
        return refused(403, "Resource not accessible by integration")
    return None


def carried_out(hub: Hub, call: Call, given: Answer) -> Answer:
    """Return the endpoint's answer, unless it is lost on its way."""
    if _writes(call) and given.status < 300 and hub.switches.take("lost_answers"):
        return bad_gateway()
    return given


def _writes(call: Call) -> bool:
    return call.operation.method != "get"
