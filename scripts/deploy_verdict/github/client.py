"""One repository as the publisher needs it: a destination, one comment there, labels, its state, a status."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property, partial
from typing import Any

from github.GitAuthor import GitAuthor
from github.Issue import Issue
from github.IssueComment import IssueComment
from github.NamedUser import NamedUser
from github.Repository import Repository

from deploy_verdict.base.clock import Clock
from deploy_verdict.base.errors import ProviderError
from deploy_verdict.github.caller import RefusedError, Tell, refusing_odd_answers
from deploy_verdict.github.comments import CommentRef, OneComment
from deploy_verdict.github.connection import Connection, opened_client
from deploy_verdict.github.destinations import Destination, Destinations, IssueLabel, is_by, marker_of
from deploy_verdict.redaction.output_guard import cleaned

MAX_DESCRIPTION = 140


@dataclass(frozen=True, kw_only=True)
class BranchHead:
    """A branch's newest commit; `at` is when it was committed or merged."""

    branch: str
    sha: str
    at: datetime


@dataclass(frozen=True, kw_only=True)
class IssueRef:
    """An issue of ours; `is_ours` is false if the text there was kept."""

    url: str
    author: str
    is_ours: bool


def _no_rank(body: str) -> int:
    """Rank every text equally, so that the newest counts."""
    return 0


class GitHub:
    """The publisher's client. Raises ProviderError for whatever GitHub refuses or does not answer in time."""

    def __init__(
        self, connection: Connection, *, clock: Clock | None = None, tell: Tell = lambda line: None
    ) -> None:
        self._author, self._name, self._tell = connection.author, connection.repository, tell
        self._known: dict[tuple[int, str], int] = {}
        self._caller, self._client = opened_client(connection, clock=clock, tell=tell)

    @cached_property
    def _repository(self) -> Repository:
        """The repository, requested on first use: a comment with a known id needs none."""
        return self._caller.call("the repository", lambda: self._client.get_repo(self._name))

    @cached_property
    def _unread_repository(self) -> Repository:
        """The repository by its address alone; PyGithub requests further parts when they are read."""
        return self._client.withLazy(lazy=True).get_repo(self._name)

    @cached_property
    def _destinations(self) -> Destinations:
        return Destinations(self._caller, self._repository, self._author, self._tell)

    @refusing_odd_answers
    def destination(self, *, number: int | None, commit: str | None, key: str, title: str) -> Destination:
        """Return the named issue, else the newest pull request of the commit, else the tracking issue."""
        return self._destinations.destination(number=number, commit=commit, key=key, title=title)

    @refusing_odd_answers
    def tracking_issue(self, key: str, title: str) -> Destination:
        """Find or open the one issue of a deployment."""
        return self._destinations.tracking_issue(key, title)

    @refusing_odd_answers
    def known_tracking_issue(self, key: str) -> tuple[Destination, bool] | None:
        """Return the existing tracking issue and whether it is open; None if none was opened."""
        return self._destinations.known_tracking_issue(key)

    @refusing_odd_answers
    def put_issue(self, key: str, title: str, body: str, keeps: Callable[[str], bool]) -> IssueRef:
        """Open or update the issue of this key, unless `keeps` accepts the text that is there.

        Raise UsageError if another author has it already.
        """
        self._destinations.refuse_foreign(key)
        text = cleaned(f"{marker_of(key)}\n{body}")
        issue = self._destinations.own_issue(key, title, text)
        is_kept = keeps(issue.body or "")
        if not is_kept and (issue.body or "").replace("\r\n", "\n").rstrip() != text.rstrip():
            self._caller.call("the issue's text", lambda: issue.edit(body=text))
        return IssueRef(
            url=issue.html_url, author=issue.user.login if issue.user else "", is_ours=not is_kept
        )

    @refusing_odd_answers
    def head_of(self, branch: str | None) -> BranchHead:
        """Return the newest commit of a branch, or of the default branch."""
        name = branch or str(self._repository.default_branch)
        commit = self._caller.call(f"the branch {name}", lambda: self._repository.get_commit(name))
        # Nullable in GitHub's OpenAPI description, though every known commit has one.
        committer: GitAuthor | None = commit.commit.committer
        if committer is None:
            raise ProviderError(f"GitHub says of {name}'s newest commit, {commit.sha[:8]}, no time")
        at = committer.date
        return BranchHead(branch=name, sha=commit.sha, at=at if at.tzinfo else at.replace(tzinfo=UTC))

    @refusing_odd_answers
    def put_comment(
        self,
        destination: Destination,
        key: str,
        body: str,
        rank: Callable[[str], Any] = _no_rank,
        *,
        is_passing: bool = False,
    ) -> CommentRef:
        """Write or update our one comment, unless a text of a higher rank is there already.

        `rank` gets complete comments, with their markers. A text that `is_passing` is not defended: it is not
        read again after writing, as whoever overwrites it knows more.
        """
        # The existing text is compared with this one, so both must have passed the redactor.
        text = cleaned(f"{marker_of(key)}\n{body}")
        comment = self._comment(destination, key).keep(text, rank, is_passing=is_passing)
        self.remember(destination, key, comment.id)
        return comment

    def remember(self, destination: Destination, key: str, comment: int) -> None:
        """Remember which comment is ours, so that it need not be searched for."""
        self._known[destination.number, key] = comment

    @refusing_odd_answers
    def claim_comment(self, destination: Destination, key: str, body: Callable[[], str]) -> CommentRef:
        """Write a comment that may exist only once; `is_ours` if this call wrote it.

        `body` is called only if there is none yet.
        """
        claimed = self._comment(destination, key).claim(lambda: cleaned(f"{marker_of(key)}\n{body()}"))
        self.remember(destination, key, claimed.id)
        return claimed

    @refusing_odd_answers
    def author_of(self, commit: str) -> str | None:
        """Return the login of a commit's author; None if GitHub knows none."""
        found = self._caller.call(
            "the commit's author", lambda: self._unread_repository.get_commit(commit).author
        )
        return found.login if found else None

    @refusing_odd_answers
    def assign(self, destination: Destination, logins: tuple[str, ...]) -> None:
        """Add assignees to an issue; GitHub ignores those whom it cannot assign."""
        issue = self._issue(destination)
        present = [user.login for user in issue.assignees]
        more: list[NamedUser | str] = [login for login in logins if login not in present]
        if more:
            self._caller.call("assignees", lambda: issue.edit(assignees=[*present, *more]))

    @refusing_odd_answers
    def comment_body(self, destination: Destination, key: str) -> str | None:
        """Return the text of our comment, the oldest if there are two; None if there is none."""
        return next((comment.body or "" for comment in self._comment(destination, key).found()), None)

    @refusing_odd_answers
    def label(
        self, destination: Destination, wanted: IssueLabel | None, all_of_ours: tuple[str, ...]
    ) -> None:
        """Put one of our labels on an issue (None: no label), and remove the others."""
        issue = self._issue(destination)
        present = self._caller.call("its labels", lambda: {label.name for label in issue.labels})
        if wanted is not None and wanted.name not in present:
            self._destinations.ensure(wanted)
            self._caller.call("a label", partial(issue.add_to_labels, wanted.name))
        for name in all_of_ours:
            if name in present and (wanted is None or name != wanted.name):
                self._remove_label(issue, name)

    def _remove_label(self, issue: Issue, name: str) -> None:
        try:
            self._caller.call("a label", partial(issue.remove_from_labels, name))
        except RefusedError as error:
            # Someone else removed it, or this is the second try after a lost answer.
            if error.status != 404:
                raise

    @refusing_odd_answers
    def set_open(self, destination: Destination, *, is_open: bool) -> None:
        """Close or reopen a tracking issue; another issue is not ours to close."""
        if destination.kind != "tracking issue":
            return
        issue = self._issue(destination)
        wanted = "open" if is_open else "closed"
        if issue.state != wanted:
            self._caller.call("the tracking issue", lambda: issue.edit(state=wanted))

    @refusing_odd_answers
    def set_status(self, commit: str, state: str, description: str, url: str | None, *, context: str) -> None:
        """Set one context's status on the deployed commit: pending, success, failure or error."""
        more = {"target_url": url} if url else {}
        text = (
            description if len(description) <= MAX_DESCRIPTION else f"{description[: MAX_DESCRIPTION - 1]}…"
        )
        # Repeating this write is harmless: the newest status counts.
        self._caller.call(
            "a commit status",
            lambda: self._client.requester.requestJsonAndCheck(
                "POST",
                f"/repos/{self._name}/statuses/{commit}",
                input={"state": state, "description": text, "context": context, **more},
            ),
        )

    def _comment(self, destination: Destination, key: str) -> OneComment:
        known = self._known.get((destination.number, key))
        return OneComment(
            self._caller,
            lambda: self._unread_repository.get_issue(destination.number),
            partial(is_by, self._author, marker_of(key)),
            known=None if known is None else partial(self._comment_by_id, known),
        )

    def _comment_by_id(self, identity: int) -> IssueComment:
        url, requester = f"/repos/{self._name}/issues/comments/{identity}", self._client.requester
        headers, data = requester.requestJsonAndCheck("GET", url)
        return IssueComment(requester, headers, data, completed=True)

    def _issue(self, destination: Destination) -> Issue:
        number = destination.number
        return self._caller.call(f"#{number}", lambda: self._unread_repository.get_issue(number).complete())
