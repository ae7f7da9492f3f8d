"""The repository, asked for once, and the operations for which PyGithub has no name."""

import logging
from typing import Any

from github import Auth, Github
from github.Repository import Repository

from deploy_verdict.base.clock import Clock, WallClock
from deploy_verdict.base.errors import ProviderError
from deploy_verdict.github.connection import Connection
from deploy_verdict.github.retry import Asker, Tell
from deploy_verdict.github.transport import open_door


def opened_repository(connection: Connection, *, clock: Clock | None, tell: Tell) -> tuple[Asker, Repository]:
    """Raises ProviderError where GitHub refuses it."""
    # PyGithub tells refusals on stderr by itself; here they are told once, in our words.
    logging.getLogger("github").addHandler(logging.NullHandler())
    is_made = open_door(connection.timeout_s)
    client = Github(
        auth=Auth.Token(connection.token),
        base_url=connection.api_url,
        # It would repeat a POST whose answer was lost: the asker looks first.
        retry=None,
        per_page=100,
        user_agent="deploy-verdict",
        seconds_between_requests=None,
        seconds_between_writes=None,
    )
    is_made()
    asker = Asker(clock or WallClock(), tell, connection.token, connection.needs)
    return asker, asker.ask("the repository", lambda: client.get_repo(connection.repository))


class Api:
    """One repository's REST API. Raises ProviderError for whatever GitHub refuses."""

    def __init__(
        self, connection: Connection, *, clock: Clock | None = None, tell: Tell = lambda line: None
    ) -> None:
        self.asker, self.repository = opened_repository(connection, clock=clock, tell=tell)

    def json(self, method: str, path: str, what: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        """The answer's object, empty where there is none; `path` is below the repository's."""
        url, requester = f"{self.repository.url}{path}", self.repository.requester
        _, answer = self.asker.ask(what, lambda: requester.requestJsonAndCheck(method, url, input=body))
        if answer is not None and not isinstance(answer, dict):
            raise ProviderError(f"GitHub's answer to {what} is not an object")
        return answer or {}

    def environments(self) -> list[dict[str, Any]]:
        """Every environment with its protection rules, through all pages."""
        found: list[dict[str, Any]] = []
        while True:
            page = len(found) // 100 + 1
            answer = self.json("GET", f"/environments?per_page=100&page={page}", "the environments")
            rows = answer.get("environments") or []
            found += rows
            if len(rows) < 100:
                return found
