"""Our one comment on an issue: written, updated, and merged again if two jobs wrote two.

Two jobs may write at the same moment. Each checks its result until nothing is left to repair: both keep the
oldest comment, and the text that ranks highest.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from github.Issue import Issue
from github.IssueComment import IssueComment

from deploy_verdict.base.errors import ProviderError
from deploy_verdict.github.caller import RefusedError, RetryingCaller

# A round is one check and at most one kind of change; two writers need at most four.
MAX_ROUNDS = 10
# A comment that someone deletes is written only once more: the deletion may be intended.
MAX_CREATED = 2
Rank = Callable[[str], Any]


@dataclass(frozen=True, kw_only=True)
class CommentRef:
    """The comment that is there now; `is_ours` is false if a text of a higher rank stays.

    `before` is its text when it was found; None if it was new.
    """

    url: str
    body: str
    is_ours: bool
    id: int = 0
    before: str | None = None


class OneComment:
    """The one comment of an issue that `is_ours` recognizes; `known` fetches it by its id, if known."""

    def __init__(
        self,
        caller: RetryingCaller,
        issue: Callable[[], Issue],
        is_ours: Callable[[IssueComment], bool],
        *,
        known: Callable[[], IssueComment] | None = None,
    ) -> None:
        self._caller, self._get_issue, self._is_ours = caller, issue, is_ours
        self._known = known
        self._created: list[IssueComment] = []
        self._wrote = self._keeps_others = False

    @cached_property
    def _issue(self) -> Issue:
        return self._get_issue()

    def found(self) -> list[IssueComment]:
        """Return our comments, oldest first, from all pages; only the known one while it is still ours."""
        if self._known is not None:
            there = self._existing(self._known)
            if there is not None and self._is_ours(there):
                return [there]
            self._known = None
        every = self._caller.call("the comments", lambda: list(self._issue.get_comments()))
        ours = {comment.id: comment for comment in every if self._is_ours(comment)}
        for comment in self._created:
            # A list may lag behind, so fetch what we have just written by its id.
            if comment.id not in ours and (there := self._fetched(comment.id)):
                ours[there.id] = there
        return [ours[identity] for identity in sorted(ours)]

    def keep(self, text: str, rank: Rank, *, is_passing: bool = False) -> CommentRef:
        """Make `text` the one comment, unless the existing text ranks higher; raise ProviderError."""
        before: str | None = None
        for _ in range(MAX_ROUNDS):
            ours = self.found()
            if not ours:
                self._create(text)
                continue
            best = max((comment.body or "" for comment in ours), key=rank)
            before = before or (best if not self._created else None)
            # Of two texts of equal rank, ours is written once; after that the other one stays.
            wins = rank(text) > rank(best) or (rank(text) == rank(best) and not self._wrote)
            wanted = text if wins else best
            if not self._changed(ours, wanted) or (is_passing and len(ours) == 1):
                return CommentRef(
                    url=ours[0].html_url,
                    body=wanted,
                    is_ours=_same(wanted, text),
                    id=ours[0].id,
                    before=before,
                )
            self._wrote = self._wrote or wins
        raise ProviderError(
            f"the comment on #{self._issue.number} keeps changing — check who else writes to it"
        )

    def claim(self, text: Callable[[], str]) -> CommentRef:
        """Write the comment unless there is one; `is_ours` only for the one writer whose comment stays.

        Two jobs may write at the same moment: the oldest comment stays, and the other writer deletes its own.
        """
        ours = self.found()
        if not ours:
            self._create(text())
            ours = self.found()
        first, *others = ours
        created = {comment.id for comment in self._created}
        for comment in others:
            if comment.id in created:
                self._delete(comment)
        is_ours = first.id in created
        return CommentRef(url=first.html_url, body=first.body or "", is_ours=is_ours, id=first.id)

    def _create(self, text: str) -> None:
        if len(self._created) == MAX_CREATED:
            raise ProviderError(
                f"GitHub accepted a comment on #{self._issue.number} that is not there — check the issue"
            )
        created = self._caller.call(
            "a comment",
            lambda: self._issue.create_comment(text),
            effect=lambda: next(iter(self.found()), None),
        )
        self._created.append(created)
        self._wrote = True

    def _changed(self, ours: list[IssueComment], wanted: str) -> bool:
        """Make `wanted` the only comment; return whether that took a change, which must be checked again."""
        first, *others = ours
        if not _same(first.body or "", wanted):
            self._unless_gone("the comment", lambda: first.edit(wanted))
            return True
        if not others or self._keeps_others:
            return False
        for comment in others:
            self._delete(comment)
        return True

    def _delete(self, comment: IssueComment) -> None:
        try:
            self._unless_gone("a second comment of ours", comment.delete)
        except RefusedError:
            # The first comment is correct anyway.
            self._keeps_others = True

    def _unless_gone(self, what: str, change: Callable[[], None]) -> None:
        try:
            self._caller.call(what, change)
        except RefusedError as error:
            if error.status != 404:
                raise

    def _fetched(self, identity: int) -> IssueComment | None:
        return self._existing(lambda: self._issue.get_comment(identity).complete())

    def _existing(self, fetch: Callable[[], IssueComment]) -> IssueComment | None:
        try:
            return self._caller.call("our comment", fetch)
        except RefusedError as error:
            if error.status not in (404, 410):
                raise
            return None


def _same(one: str, other: str) -> bool:
    """Whether two texts are equal; GitHub may store other line ends than those sent."""
    return one.replace("\r\n", "\n").rstrip() == other.replace("\r\n", "\n").rstrip()
