"""Reads when a token expires by its own word: the `exp` of a JWT. Pure; the signature is not checked."""

import base64
import json
import re
from datetime import UTC, datetime

_JWT = re.compile(r"\beyJ[\w-]+\.([\w-]+)\.[\w-]*")
# In the year 9999.
_LAST_S = 253_370_764_800


def token_end(text: str) -> datetime | None:
    """Return the expiry of the first JWT in a text; None if there is none, or it has no `exp`."""
    found = _JWT.search(text)
    try:
        claims = json.loads(base64.urlsafe_b64decode(f"{found[1]}===")) if found else None
    except (ValueError, RecursionError):
        return None
    end_s = claims.get("exp") if isinstance(claims, dict) else None
    if not isinstance(end_s, int | float) or not 0 < end_s < _LAST_S:
        return None
    return datetime.fromtimestamp(end_s, UTC)
