"""Our one comment on an issue: written, brought up to date, and made one again where it became two.

Two jobs may write at the same moment. Each looks again at what it has done until nothing is left to
repair: both keep the oldest comment, and of all texts the one that ranks highest.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from github.Issue import Issue
from github.IssueComment import IssueComment

from deploy_verdict.base.errors import ProviderError
from deploy_verdict.github.caller import RefusedError, RetryingCaller

# Each round is a look and at most one kind of change; two writers are at rest after four.
MAX_ROUNDS = 10
# One that somebody deletes is written anew, once: it may be meant.
MAX_CREATED = 2
Rank = Callable[[str], Any]


@dataclass(frozen=True, kw_only=True)
class CommentRef:
    """What stands there now; `is_ours` is false where a text of a higher rank was left as it is."""

    url: str
    body: str
    is_ours: bool


class OneComment:
    """The one comment of an issue that `is_mine` knows."""

    def __init__(self, caller: RetryingCaller, issue: Issue, is_mine: Callable[[IssueComment], bool]) -> None:
        self._caller, self._issue, self._is_mine = caller, issue, is_mine
        self._created: list[IssueComment] = []
        self._wrote = self._keeps_others = False

    def found(self) -> list[IssueComment]:
        """Ours, the oldest first, through all pages."""
        every = self._caller.call("the comments", lambda: list(self._issue.get_comments()))
        mine = {comment.id: comment for comment in every if self._is_mine(comment)}
        for comment in self._created:
            # A list may lag behind: what we have just written is fetched by its id.
            if comment.id not in mine and (there := self._fetched(comment.id)):
                mine[there.id] = there
        return [mine[identity] for identity in sorted(mine)]

    def keep(self, text: str, rank: Rank) -> CommentRef:
        """Make `text` the one comment, unless what stands there ranks higher; raises ProviderError."""
        for _ in range(MAX_ROUNDS):
            mine = self.found()
            if not mine:
                self._create(text)
                continue
            best = max((comment.body or "" for comment in mine), key=rank)
            # Of two texts of one rank the first change is ours, and then the other's stays.
            is_ours = rank(text) > rank(best) or (rank(text) == rank(best) and not self._wrote)
            wanted = text if is_ours else best
            if not self._changed(mine, wanted):
                return CommentRef(url=mine[0].html_url, body=wanted, is_ours=_same(wanted, text))
            self._wrote = self._wrote or is_ours
        raise ProviderError(f"the comment on #{self._issue.number} is changed again and again — look at it")

    def _create(self, text: str) -> None:
        if len(self._created) == MAX_CREATED:
            raise ProviderError(
                f"GitHub took a comment on #{self._issue.number} that is not there — look at it"
            )
        made = self._caller.call(
            "a comment",
            lambda: self._issue.create_comment(text),
            effect=lambda: next(iter(self.found()), None),
        )
        self._created.append(made)
        self._wrote = True

    def _changed(self, mine: list[IssueComment], wanted: str) -> bool:
        """Whether something had to be done, so that it must be looked at again."""
        first, *others = mine
        if not _same(first.body or "", wanted):
            self._done_or_gone("the comment", lambda: first.edit(wanted))
            return True
        if not others or self._keeps_others:
            return False
        for comment in others:
            self._delete(comment)
        return True

    def _delete(self, comment: IssueComment) -> None:
        try:
            self._done_or_gone("a second comment of ours", comment.delete)
        except RefusedError:
            # The first one is right all the same.
            self._keeps_others = True

    def _done_or_gone(self, what: str, change: Callable[[], None]) -> None:
        try:
            self._caller.call(what, change)
        except RefusedError as error:
            if error.status != 404:
                raise

    def _fetched(self, identity: int) -> IssueComment | None:
        try:
            return self._caller.call("our comment", lambda: self._issue.get_comment(identity))
        except RefusedError as error:
            if error.status not in (404, 410):
                raise
            return None


def _same(one: str, other: str) -> bool:
    """GitHub may store other line ends than it was sent."""
    return one.replace("\r\n", "\n").rstrip() == other.replace("\r\n", "\n").rstrip()
