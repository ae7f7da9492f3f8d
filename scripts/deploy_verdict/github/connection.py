"""Connects to a repository and its REST API, from the variables that every GitHub Actions job has."""

import logging
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from github import Auth, Github
from github.Repository import Repository

from deploy_verdict.base.clock import Clock, WallClock
from deploy_verdict.base.errors import ProviderError, UsageError
from deploy_verdict.github.caller import RetryingCaller, Tell
from deploy_verdict.github.transport import bounded_connections

API_URL = "https://api.github.com"
ACTIONS_BOT = "github-actions[bot]"
PUBLISHING = "issues: write, pull-requests: write or statuses: write"


@dataclass(frozen=True, kw_only=True)
class Connection:
    """How to reach a repository; `author` is whose comments are ours, `needs` the token's permissions.

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
    """Read GITHUB_REPOSITORY, GITHUB_TOKEN and GITHUB_API_URL; raise UsageError."""
    repository = environment.get("GITHUB_REPOSITORY", "").strip()
    token = environment.get("GITHUB_TOKEN", "").strip() or environment.get("GH_TOKEN", "").strip()
    if not re.fullmatch(r"[\w.-]+/[\w.-]+", repository):
        raise UsageError("GITHUB_REPOSITORY is not set — set it to owner/name")
    if not token:
        raise UsageError(f"GITHUB_TOKEN is not set — it needs {needs}")
    return Connection(
        repository=repository,
        token=token,
        api_url=environment.get("GITHUB_API_URL", "").strip().rstrip("/") or API_URL,
        author=author or ACTIONS_BOT,
        needs=needs,
    )


def opened_client(
    connection: Connection, *, clock: Clock | None, tell: Tell
) -> tuple[RetryingCaller, Github]:
    """Create a client; nothing is requested yet."""
    # PyGithub logs refusals to stderr itself; here each is reported once, in our words.
    logging.getLogger("github").addHandler(logging.NullHandler())
    with bounded_connections(connection.timeout_s):
        client = Github(
            auth=Auth.Token(connection.token),
            base_url=connection.api_url,
            # PyGithub would repeat a POST whose answer was lost; our caller checks for its effect first.
            retry=None,
            per_page=100,
            user_agent="deploy-verdict",
            seconds_between_requests=None,
            seconds_between_writes=None,
        )
    return RetryingCaller(clock or WallClock(), tell, connection.token, connection.needs), client


def opened_repository(
    connection: Connection, *, clock: Clock | None, tell: Tell
) -> tuple[RetryingCaller, Repository]:
    """Request the repository once; raise ProviderError if GitHub refuses it."""
    caller, client = opened_client(connection, clock=clock, tell=tell)
    return caller, caller.call("the repository", lambda: client.get_repo(connection.repository))


class RepositoryApi:
    """The operations for which PyGithub has no method. Raises ProviderError for whatever GitHub refuses."""

    def __init__(
        self, connection: Connection, *, clock: Clock | None = None, tell: Tell = lambda line: None
    ) -> None:
        self.caller, self.repository = opened_repository(connection, clock=clock, tell=tell)

    def json(self, method: str, path: str, what: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        """Return the answer's object, empty if there is none; `path` is below the repository's."""
        url, requester = f"{self.repository.url}{path}", self.repository.requester
        _, answer = self.caller.call(what, lambda: requester.requestJsonAndCheck(method, url, input=body))
        if answer is not None and not isinstance(answer, dict):
            raise ProviderError(f"GitHub's answer to {what} is not an object")
        return answer or {}

    def environments(self) -> list[dict[str, Any]]:
        """Return every environment with its protection rules, from all pages."""
        found: list[dict[str, Any]] = []
        while True:
            page = len(found) // 100 + 1
            answer = self.json("GET", f"/environments?per_page=100&page={page}", "the environments")
            rows = answer.get("environments") or []
            found += rows
            if len(rows) < 100:
                return found
