"""The relay's settings, from variables; each mistake is told with what to write."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from deploy_verdict.errors import UsageError
from deploy_verdict.relay.payload import Hint

SHORTEST_SECRET = 16


@dataclass(frozen=True, kw_only=True)
class Settings:
    """`services` and `environments` are ids or names in lower case; seconds where a name ends in _s."""

    secret: str = field(repr=False)
    token: str = field(repr=False)
    repository: str
    services: frozenset[str]
    environments: frozenset[str]
    api_url: str
    event_type: str
    first_pause_s: float
    grace_s: float

    def wants(self, hint: Hint) -> bool:
        """Whether a deployment is of a configured service and environment; unknown ones are not."""
        services = {value.lower() for value in (hint.service, hint.service_name) if value}
        environments = {value.lower() for value in (hint.environment, hint.environment_name) if value}
        return bool(services & self.services) and bool(environments & self.environments)


def settings_from(environment: Mapping[str, str]) -> Settings:
    """Read all settings; raises UsageError with every mistake at once."""
    mistakes: list[str] = []

    def needed(name: str, hint: str) -> str:
        value = environment.get(name, "").strip()
        if not value:
            mistakes.append(f"{name} is not set — {hint}")
        return value

    def listed(name: str, hint: str) -> frozenset[str]:
        return frozenset(part.strip().lower() for part in needed(name, hint).split(",") if part.strip())

    secret = needed("RELAY_SECRET", "a random text, also in the webhook's address")
    if secret and len(secret) < SHORTEST_SECRET:
        mistakes.append(f"RELAY_SECRET is shorter than {SHORTEST_SECRET} characters — make a longer one")
    repository = needed("RELAY_REPOSITORY", "owner/name of the repository whose workflow verifies")
    if repository and not re.fullmatch(r"[\w.-]+/[\w.-]+", repository):
        mistakes.append(f"RELAY_REPOSITORY: {repository!r} is not owner/name")
    settings = Settings(
        secret=secret,
        token=needed("RELAY_GITHUB_TOKEN", "a token with contents: write on that repository"),
        repository=repository,
        services=listed("RELAY_SERVICES", "ids or names of the services to verify, with commas"),
        environments=listed("RELAY_ENVIRONMENTS", "ids or names of the environments, such as production"),
        api_url=environment.get("GITHUB_API_URL", "").strip() or "https://api.github.com",
        event_type=environment.get("RELAY_EVENT_TYPE", "").strip() or "deployment-verify",
        first_pause_s=_seconds(environment, "RELAY_FIRST_PAUSE_S", 2.0, mistakes),
        grace_s=_seconds(environment, "RELAY_GRACE_S", 180.0, mistakes),
    )
    if len(settings.event_type) > 100:
        mistakes.append("RELAY_EVENT_TYPE is longer than 100 characters, which GitHub refuses")
    if mistakes:
        raise UsageError("\n".join(mistakes))
    return settings


def _seconds(environment: Mapping[str, str], name: str, default: float, mistakes: list[str]) -> float:
    text = environment.get(name, "").strip()
    try:
        value = float(text) if text else default
    except ValueError:
        value = -1.0
    if not 0 < value < 86400:
        mistakes.append(f"{name}: {text!r} is not a number of seconds")
    return value
