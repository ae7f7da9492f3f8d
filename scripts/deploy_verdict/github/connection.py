"""How to reach a repository: from the variables that every job of GitHub Actions has."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from deploy_verdict.base.errors import UsageError

API_URL = "https://api.github.com"
ACTIONS_BOT = "github-actions[bot]"
PUBLISHING = "issues: write, pull-requests: write or statuses: write"


@dataclass(frozen=True, kw_only=True)
class Connection:
    """How to reach a repository; `author` is whose comments are ours, `needs` what the token must be for.

    `timeout_s` bounds one request, from connect to the last byte.
    """

    repository: str
    token: str = field(repr=False)
    api_url: str
    author: str
    needs: str = PUBLISHING
    timeout_s: float = 20.0


def connection_from(
    environment: Mapping[str, str], author: str | None = None, needs: str = PUBLISHING
) -> Connection:
    """From GITHUB_REPOSITORY, GITHUB_TOKEN and GITHUB_API_URL; raises UsageError."""
    repository = environment.get("GITHUB_REPOSITORY", "").strip()
    token = environment.get("GITHUB_TOKEN", "").strip() or environment.get("GH_TOKEN", "").strip()
    if not re.fullmatch(r"[\w.-]+/[\w.-]+", repository):
        raise UsageError("GITHUB_REPOSITORY is not set to owner/name — say which repository is meant")
    if not token:
        raise UsageError(f"GITHUB_TOKEN is not set — it needs {needs}")
    return Connection(
        repository=repository,
        token=token,
        api_url=environment.get("GITHUB_API_URL", "").strip().rstrip("/") or API_URL,
        author=author or ACTIONS_BOT,
        needs=needs,
    )
