"""Reads the relay's settings from variables; each mistake says what to write.

Also where accepted events are kept, and whether they outlive the container.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from deploy_verdict.base.errors import UsageError
from deploy_verdict.relay.payload import Hint

SHORTEST_SECRET = 16
LOOPBACK = ("127.0.0.1", "localhost", "::1")


@dataclass(frozen=True, kw_only=True)
class RelaySettings:
    """The relay's settings; `services` and `environments` are ids or names in lower case."""

    secret: str = field(repr=False)
    token: str = field(repr=False)
    repository: str
    services: frozenset[str]
    environments: frozenset[str]
    api_url: str
    event_type: str
    first_pause_s: float
    grace_s: float
    body_within_s: float

    def wants(self, hint: Hint) -> bool:
        """Whether a deployment belongs to a configured service and environment."""
        services = {value.lower() for value in (hint.service, hint.service_name) if value}
        environments = {value.lower() for value in (hint.environment, hint.environment_name) if value}
        return bool(services & self.services) and bool(environments & self.environments)


def settings_from(environment: Mapping[str, str]) -> RelaySettings:
    """Read all settings; raise UsageError with every mistake at once."""
    mistakes: list[str] = []

    def needed(name: str, hint: str) -> str:
        value = environment.get(name, "").strip()
        if not value.strip(", "):
            mistakes.append(f"{name} is not set — {hint}")
        return value

    def listed(name: str, hint: str) -> frozenset[str]:
        return frozenset(part.strip().lower() for part in needed(name, hint).split(",") if part.strip())

    repository = needed("RELAY_REPOSITORY", "owner/name of the repository whose workflow verifies")
    if repository and not re.fullmatch(r"[A-Za-z0-9_.-]+/[A-Za-z0-9_.-]+", repository):
        mistakes.append(f"RELAY_REPOSITORY: {repository!r} is not owner/name")
    settings = RelaySettings(
        secret=_secret(environment, mistakes),
        token=_token(environment, mistakes),
        repository=repository,
        services=listed("RELAY_SERVICES", "ids or names of the services to verify, separated by commas"),
        environments=listed("RELAY_ENVIRONMENTS", "ids or names of the environments, such as production"),
        api_url=_address(environment.get("GITHUB_API_URL", "").strip() or "https://api.github.com", mistakes),
        event_type=environment.get("RELAY_EVENT_TYPE", "").strip() or "deployment-verify",
        first_pause_s=_seconds(environment, "RELAY_FIRST_PAUSE_S", 2.0, mistakes),
        grace_s=_seconds(environment, "RELAY_GRACE_S", 180.0, mistakes),
        body_within_s=_seconds(environment, "RELAY_BODY_WITHIN_S", 10.0, mistakes),
    )
    if len(settings.event_type) > 100:
        mistakes.append("RELAY_EVENT_TYPE is longer than 100 characters, which GitHub refuses")
    if mistakes:
        raise UsageError("\n".join(mistakes))
    return settings


def _secret(environment: Mapping[str, str], mistakes: list[str]) -> str:
    secret = environment.get("RELAY_SECRET", "").strip()
    if not secret:
        mistakes.append("RELAY_SECRET is not set — a random text, also in the webhook's address")
    elif len(secret) < SHORTEST_SECRET:
        mistakes.append(f"RELAY_SECRET is shorter than {SHORTEST_SECRET} characters — make a longer one")
    elif not re.fullmatch(r"[A-Za-z0-9._~-]+", secret):
        mistakes.append("RELAY_SECRET goes into an address — use only letters, digits and . _ ~ -")
    return secret


def _token(environment: Mapping[str, str], mistakes: list[str]) -> str:
    token = environment.get("RELAY_GITHUB_TOKEN", "").strip() or environment.get("GITHUB_TOKEN", "").strip()
    if not token:
        mistakes.append("RELAY_GITHUB_TOKEN is not set — a token with contents: write on that repository")
    elif not re.fullmatch(r"[!-~]+", token):
        mistakes.append("RELAY_GITHUB_TOKEN has characters that no token has — copy it again")
    return token


def _address(text: str, mistakes: list[str]) -> str:
    """Check the token's address: https, or this machine. Never show it, as it may hold a token."""
    try:
        parts = urlsplit(text)
        is_good = parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in LOOPBACK)
        is_good = is_good and bool(parts.hostname) and "@" not in parts.netloc
    except ValueError:
        is_good = False
    if not is_good or re.search(r"[\s?#]", text):
        mistakes.append("GITHUB_API_URL is not an https address — write one such as https://api.github.com")
    return text


def _seconds(environment: Mapping[str, str], name: str, default: float, mistakes: list[str]) -> float:
    text = environment.get(name, "").strip()
    try:
        value = float(text) if text else default
    except ValueError:
        value = -1.0
    if not 0 < value < 86400:
        mistakes.append(f"{name}: {text!r} is not a number of seconds")
    return value


DEFAULT_FOLDER, DATABASE = "/data", "relay.sqlite3"
MOUNT = "RAILWAY_VOLUME_MOUNT_PATH"
# Railway sets these only in a running deployment; project and service may be set on a laptop too.
_IN_A_DEPLOYMENT = ("RAILWAY_DEPLOYMENT_ID", "RAILWAY_REPLICA_ID")


@dataclass(frozen=True, kw_only=True)
class EventPlace:
    """The database's file; `volume` is the mount path of the Railway volume that holds it, None elsewhere."""

    database: Path
    volume: str | None = None

    @property
    def words(self) -> str:
        """The place in words, for the log."""
        return f"{self.database}" + (f", on the volume at {self.volume}" if self.volume else "")

    def as_counts(self) -> dict[str, Any]:
        """Return the place for /healthz."""
        return {"kept_in": str(self.database), "volume": self.volume}


def event_place(environment: Mapping[str, str], given: Path | None) -> EventPlace:
    """Return the file for the events; raise UsageError on Railway if it is not on a volume.

    A container's own disk ends with the container, so the next deployment would lose accepted events.
    """
    mount = environment.get(MOUNT, "").strip()
    database = given or Path(mount or DEFAULT_FOLDER) / DATABASE
    if not any(environment.get(name, "").strip() for name in _IN_A_DEPLOYMENT):
        return EventPlace(database=database)
    if not mount:
        raise UsageError(
            "no volume is mounted, so accepted events would be lost with this container — attach a volume to "
            f"this service on Railway with the mount path {DEFAULT_FOLDER}, then deploy again"
        )
    if not database.resolve().is_relative_to(Path(mount).resolve()):
        raise UsageError(
            f"--database {database} is not on the volume, which is mounted at {mount} — leave --database out"
        )
    return EventPlace(database=database, volume=mount)
