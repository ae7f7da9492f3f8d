"""GitHub, through PyGithub: where a report goes, one comment that is brought up to date, one status.

What is ours is known by a marker and by its author, through all pages: a marker alone could be quoted.
"""

import logging
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import TypeVar

from github import Auth, Github, GithubException
from github.Issue import Issue
from github.IssueComment import IssueComment
from github.Repository import Repository

from deploy_verdict.errors import ProviderError, UsageError
from deploy_verdict.github_door import Limits, Unanswered, open_door

API_URL = "https://api.github.com"
ACTIONS_BOT = "github-actions[bot]"
LABEL = "deploy-verdict"
CONTEXT = "deploy-verdict"
MAX_DESCRIPTION = 140
_GONE = (403, 404, 410, 422)
STUMBLES = (AssertionError, RuntimeError, ValueError, TypeError, AttributeError, LookupError)
Result = TypeVar("Result")


@dataclass(frozen=True, kw_only=True)
class Destination:
    """Where the comment goes: kind is "named", "pull request" or "tracking issue"."""

    number: int
    kind: str


@dataclass(frozen=True, kw_only=True)
class Connection:
    """How to reach a repository; `author` is whose comments are ours."""

    repository: str
    token: str
    api_url: str
    author: str
    limits: Limits = field(default_factory=Limits)

    def __repr__(self) -> str:
        return f"Connection({self.repository})"


def connection_from(environment: Mapping[str, str], author: str | None = None) -> Connection:
    """From GITHUB_REPOSITORY, GITHUB_TOKEN and GITHUB_API_URL; raises UsageError."""
    repository = environment.get("GITHUB_REPOSITORY", "").strip()
    token = environment.get("GITHUB_TOKEN", "").strip() or environment.get("GH_TOKEN", "").strip()
    if not re.fullmatch(r"[\w.-]+/[\w.-]+", repository):
        raise UsageError("GITHUB_REPOSITORY is not set to owner/name — say which repository to publish to")
    if not token:
        raise UsageError("GITHUB_TOKEN is not set — publishing needs issues: write and statuses: write")
    return Connection(
        repository=repository,
        token=token,
        api_url=environment.get("GITHUB_API_URL", "").strip().rstrip("/") or API_URL,
        author=author or ACTIONS_BOT,
    )


def marker_of(key: str) -> str:
    """The hidden line by which our own text is found again; `key` is a deployment's or window's id."""
    harmless = re.sub(r"[^A-Za-z0-9._-]", "-", key)[:100]
    return f"<!-- deploy-verdict:{harmless} -->"


def repository_of(connection: Connection) -> Repository:
    """The repository, asked for once; raises ProviderError."""
    # PyGithub tells refusals on stderr by itself; here they are told once, in our words.
    logging.getLogger("github").addHandler(logging.NullHandler())
    # Bounded: a publisher that waits for an hour is a report that does not come.
    is_made = open_door(connection.limits)
    client = Github(
        auth=Auth.Token(connection.token),
        base_url=connection.api_url,
        retry=None,
        per_page=100,
        user_agent="deploy-verdict",
        seconds_between_requests=None,
        seconds_between_writes=None,
    )
    is_made()
    return asked("the repository", lambda: client.get_repo(connection.repository))


class GitHub:
    """One repository. Raises ProviderError for whatever GitHub refuses."""

    def __init__(self, connection: Connection) -> None:
        self._repository = repository_of(connection)
        self._author = connection.author

    def destination(self, *, number: int | None, commit: str | None, key: str, title: str) -> Destination:
        """The named issue; else the newest pull request of the commit; else the tracking issue."""
        if number is not None:
            return Destination(number=number, kind="named")
        if commit is not None:
            pulls = asked("its pull requests", lambda: self._repository.get_commit(commit).get_pulls())
            numbers = asked("its pull requests", lambda: [pull.number for pull in pulls])
            if numbers:
                return Destination(number=max(numbers), kind="pull request")
        return self.tracking_issue(key, title)

    def tracking_issue(self, key: str, title: str) -> Destination:
        """The one issue of a deployment, found by label, marker and author, or opened."""
        marker = marker_of(key)
        found = asked("the tracking issues", lambda: self._repository.get_issues(state="all", labels=[LABEL]))
        mine = asked(
            "the tracking issues", lambda: [issue.number for issue in found if self._is_mine(issue, marker)]
        )
        if mine:
            return Destination(number=min(mine), kind="tracking issue")
        body = f"{marker}\nThis issue follows one deployment; the comment below is brought up to date."
        number = asked(
            "a tracking issue", lambda: self._repository.create_issue(title, body=body, labels=[LABEL]).number
        )
        return Destination(number=number, kind="tracking issue")

    def say(self, destination: Destination, key: str, body: str) -> str:
        """Write or update our one comment; returns its address. What is there twice becomes one."""
        issue, marker = self._issue(destination), marker_of(key)
        text = f"{marker}\n{body}"
        mine = self._comments(issue, marker)
        if not mine:
            asked("a comment", lambda: issue.create_comment(text))
            # Another job may have written at the same moment: both look again, and both keep the oldest.
            mine = self._comments(issue, marker)
        if not mine:
            raise ProviderError(
                f"GitHub took a comment on #{destination.number} that is not there — look at it"
            )
        first, *others = mine
        if asked("the comment", lambda: first.body) != text:
            asked("the comment", lambda: first.edit(text))
        for comment in others:
            asked("a second comment of ours", comment.delete)
        return asked("the comment's address", lambda: first.html_url)

    def label(self, destination: Destination, wanted: str, all_of_ours: tuple[str, ...]) -> None:
        """Put one label of ours on an issue, and take the others off."""
        issue = self._issue(destination)
        present = asked("its labels", lambda: {label.name for label in issue.labels})
        for name in all_of_ours:
            if name in present and name != wanted:
                asked("a label", partial(issue.remove_from_labels, name))
        if wanted not in present:
            asked("a label", lambda: issue.add_to_labels(wanted))

    def set_open(self, destination: Destination, *, is_open: bool) -> None:
        """Close or reopen a tracking issue; another issue is not ours to close."""
        issue = self._issue(destination)
        wanted = "open" if is_open else "closed"
        if destination.kind == "tracking issue" and asked("its state", lambda: issue.state) != wanted:
            asked("the tracking issue", lambda: issue.edit(state=wanted))

    def set_status(self, commit: str, state: str, description: str, url: str | None) -> None:
        """One status on the deployed commit: state is pending, success, failure or error."""
        more = {"target_url": url} if url else {}
        told = (
            description if len(description) <= MAX_DESCRIPTION else f"{description[: MAX_DESCRIPTION - 1]}…"
        )
        asked(
            "a commit status",
            lambda: self._repository.get_commit(commit).create_status(
                state, description=told, context=CONTEXT, **more
            ),
        )

    def _issue(self, destination: Destination) -> Issue:
        return asked(f"#{destination.number}", lambda: self._repository.get_issue(destination.number))

    def _comments(self, issue: Issue, marker: str) -> list[IssueComment]:
        """Ours, the oldest first. All that is read of an answer is read in a question: it may be odd."""
        found = asked("the comments", issue.get_comments)
        mine = asked("the comments", lambda: [item for item in found if self._is_mine(item, marker)])
        return asked("the comments", lambda: sorted(mine, key=lambda comment: comment.id))

    def _is_mine(self, item: Issue | IssueComment, marker: str) -> bool:
        author = item.user.login if item.user else ""
        return author == self._author and (item.body or "").startswith(marker)


def is_refused_place(error: ProviderError) -> bool:
    """Whether a place cannot be written to (locked, gone, not ours), so that another one may be."""
    cause = error.__cause__
    return isinstance(cause, GithubException) and cause.status in _GONE


def asked(what: str, question: Callable[[], Result]) -> Result:
    """Ask GitHub; whatever goes wrong becomes a ProviderError that says what was asked for."""
    try:
        return question()
    except GithubException as error:
        message = error.data.get("message") if isinstance(error.data, dict) else None
        told = f"GitHub answered HTTP {error.status} to {what}: {message or 'no reason is given'}"
        raise ProviderError(f"{told}{_hint(error.status)}") from error
    except Unanswered as error:
        raise ProviderError(f"GitHub could not be asked for {what}: {error}") from error
    except STUMBLES as error:
        # PyGithub's own checks (an answer must not send us, and the token, to another host), and what
        # becomes of an answer of another shape: only its code runs in a question.
        told = f"{type(error).__name__}: {error}"[:200]
        raise ProviderError(f"GitHub's answer to {what} cannot be used ({told})") from error


def _hint(status: int) -> str:
    hints = {
        401: " — the token is wrong or expired",
        403: " — the token may lack issues: write, pull-requests: write or statuses: write",
        404: " — there is none, or the token may not see it",
    }
    return hints.get(status, "")
