"""The repository, asked for once, and who asks it everything else."""

import logging

from github import Auth, Github
from github.Repository import Repository

from deploy_verdict.clock import Clock, WallClock
from deploy_verdict.github.asking import Asker, Tell
from deploy_verdict.github.connecting import Connection


def opened_repository(connection: Connection, *, clock: Clock | None, tell: Tell) -> tuple[Asker, Repository]:
    """Raises ProviderError where GitHub refuses it."""
    # PyGithub tells refusals on stderr by itself; here they are told once, in our words.
    logging.getLogger("github").addHandler(logging.NullHandler())
    client = Github(
        auth=Auth.Token(connection.token),
        base_url=connection.api_url,
        timeout=20,
        # It would repeat a POST whose answer was lost: the asker looks first.
        retry=None,
        per_page=100,
        user_agent="deploy-verdict",
        seconds_between_requests=None,
        seconds_between_writes=None,
    )
    asker = Asker(clock or WallClock(), tell, connection.token)
    return asker, asker.ask("the repository", lambda: client.get_repo(connection.repository))
