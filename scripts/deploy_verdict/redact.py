"""The one redactor: what must not leave the process is replaced before anything is written. Pure.

Secrets are the values of the environment's variables with telling names, in the forms in which they
travel (plain, URL-encoded, JSON-escaped, base64), and what has the shape of a credential.
"""

import base64
import json
import re
from collections.abc import Iterable, Mapping
from urllib.parse import quote

_TELLING = re.compile(
    r"TOKEN|SECRET|PASSWORD|PASSWD|CREDENTIAL|PRIVATE|API_?KEY|ACCESS_?KEY|AUTH|COOKIE|DSN|WEBHOOK|REDIS_URL|DATABASE_URL|DOTENV|_NOTIFY"
)
_SHORTEST = 6
_SHAPES = re.compile(
    r"(?P<userinfo>(?<=://)[^/\s:@\"']*:[^/\s@\"']+(?=@))"
    r"|(?P<bearer>(?<=earer )[A-Za-z0-9._~+/=-]{8,})"
    r"|(?P<github>\b(?:gh[pousr]_[A-Za-z0-9]{20,}|github_pat_[A-Za-z0-9_]{20,}))"
    r"|(?P<jwt>\beyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]*)"
    r"|(?P<slack>\bxox[abposr]-[A-Za-z0-9-]{10,}|hooks\.slack\.com/services/[A-Za-z0-9/]+)"
)
_HEADERS = {
    "authorization",
    "cookie",
    "set-cookie",
    "proxy-authorization",
    "x-api-key",
    "project-access-token",
}


def is_secret(name: str) -> bool:
    """Whether a variable's name tells that its value is secret."""
    return _TELLING.search(name.upper()) is not None


class Redactor:
    """Replaces secrets in texts; built once from the environment, then handed to all that writes."""

    def __init__(self, secrets: Mapping[str, str]) -> None:
        self._names = {form: name for name, value in secrets.items() for form in _forms(value)}
        longest_first = sorted(self._names, key=len, reverse=True)
        self._values = re.compile("|".join(map(re.escape, longest_first))) if longest_first else None

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> "Redactor":
        """Take the variables whose names tell that they are secret."""
        telling = {name: value for name, value in environment.items() if is_secret(name)}
        return cls({name: value for name, value in telling.items() if len(value) >= _SHORTEST})

    def text(self, text: str) -> str:
        """The text without secrets; each stands as [redacted:NAME]."""
        if self._values is not None:
            text = self._values.sub(lambda match: f"[redacted:{self._names[match.group(0)]}]", text)
        return _SHAPES.sub(lambda match: f"[redacted:{match.lastgroup}]", text)

    def headers(self, headers: Iterable[tuple[str, str]]) -> dict[str, str]:
        """Headers without secrets; those that carry credentials lose their whole value."""
        return {
            name: "[redacted]" if name.lower() in _HEADERS else self.text(value) for name, value in headers
        }


def _forms(value: str) -> set[str]:
    data = value.encode()
    forms = {value, quote(value, safe=""), json.dumps(value)[1:-1], base64.b64encode(data).decode()}
    return {form for form in forms if len(form) >= _SHORTEST}
