"""Chooses where a comment goes: the given issue, the pull request of the commit, or the tracking issue."""

import re
from dataclasses import dataclass
from functools import partial

from github.Issue import Issue
from github.IssueComment import IssueComment
from github.PullRequest import PullRequest
from github.Repository import Repository

from deploy_verdict.base.errors import ProviderError, UsageError
from deploy_verdict.github.caller import RefusedError, RetryingCaller, Tell

_REFUSES = (403, 404, 410, 422)
BODY = "This issue follows one deployment; the comment below is brought up to date."


@dataclass(frozen=True, kw_only=True)
class IssueLabel:
    """A label of ours, as it is created in a repository that lacks it."""

    name: str
    color: str
    description: str


TRACKING = IssueLabel(
    name="deploy-verdict", color="1f6feb", description="One deployment, followed for its window"
)


@dataclass(frozen=True, kw_only=True)
class Destination:
    """Where the comment goes; `kind` is "named", "pull request" or "tracking issue".

    `others` are further pull requests of the same commit.
    """

    number: int
    kind: str
    others: tuple[int, ...] = ()


def marker_of(key: str) -> str:
    """Return the hidden line that identifies our text; `key` is a deployment's or window's id."""
    harmless = re.sub(r"[^A-Za-z0-9._-]", "-", key)[:100]
    return f"<!-- deploy-verdict:{harmless} -->"


def is_by(author: str, marker: str, item: Issue | IssueComment) -> bool:
    """Whether a text is ours and has this marker: a marker alone could be quoted."""
    login = item.user.login if item.user else ""
    return login == author and (item.body or "").startswith(marker)


def is_refused_place(error: ProviderError) -> bool:
    """Whether a destination cannot be written to (locked, gone, not ours), so that another one may do."""
    return isinstance(error, RefusedError) and error.status in _REFUSES


class Destinations:
    """The destinations in one repository."""

    def __init__(self, caller: RetryingCaller, repository: Repository, author: str, tell: Tell) -> None:
        self._caller, self._repository, self._author, self._tell = caller, repository, author, tell

    def destination(self, *, number: int | None, commit: str | None, key: str, title: str) -> Destination:
        """Return the named issue, else the newest pull request of the commit, else the tracking issue."""
        if number is not None:
            return Destination(number=number, kind="named")
        pulls = self._pulls_of(commit)
        if pulls:
            return Destination(number=pulls[0], kind="pull request", others=pulls[1:])
        return self.tracking_issue(key, title)

    def _pulls_of(self, commit: str | None) -> tuple[int, ...]:
        """Return the commit's open or merged pull requests, newest first; none if GitHub refuses."""
        if commit is None:
            return ()
        try:
            pulls = self._caller.call(
                "the commit's pull requests",
                lambda: [
                    pull.number
                    for pull in self._repository.get_commit(commit).get_pulls()
                    if _is_open_or_merged(pull)
                ],
            )
        except ProviderError as error:
            # A commit of another repository, or a token that may not read them, must not cost the report.
            self._tell(f"{error}; cannot look up the pull request of {commit[:7]}")
            return ()
        return tuple(sorted(pulls, reverse=True))

    def tracking_issue(self, key: str, title: str) -> Destination:
        """Find the one issue of a deployment by label, marker and author, or open it."""
        found = self.own_issue(key, title, f"{marker_of(key)}\n{BODY}")
        return Destination(number=found.number, kind="tracking issue")

    def own_issue(self, key: str, title: str, body: str) -> Issue:
        """Return the one issue with this key's marker by our author, or a new one with this body."""
        marker = marker_of(key)
        ours = self._tracking(marker)
        if not ours:
            self.ensure(TRACKING)
            created = self._caller.call(
                "a tracking issue",
                lambda: self._repository.create_issue(title, body=body, labels=[TRACKING.name]),
                effect=lambda: next(iter(self._tracking(marker)), None),
            )
            # Another job may have opened one at the same moment: both check again, and both use the oldest.
            ours = self._tracking(marker) or [created]
        first, *others = ours
        for issue in others:
            self._withdraw(issue, first.number)
        return first

    def refuse_foreign(self, key: str) -> None:
        """Raise UsageError if another author's issue has this key, instead of opening a second one."""
        marker = marker_of(key)
        for issue in self._labelled():
            login = issue.user.login if issue.user else ""
            if (issue.body or "").startswith(marker) and login != self._author:
                raise UsageError(
                    f"#{issue.number} is this one, by {login} — if that is you, add --author {login}"
                )

    def known_tracking_issue(self, key: str) -> tuple[Destination, bool] | None:
        """Return the existing issue and whether it is open; None if none was opened."""
        found = next(iter(self._tracking(marker_of(key))), None)
        if found is None:
            return None
        return Destination(number=found.number, kind="tracking issue"), found.state == "open"

    def ensure(self, label: IssueLabel) -> None:
        """Create a label that is missing; a failure must not cost the report."""
        get, create = self._repository.get_label, self._repository.create_label
        try:
            try:
                self._caller.call("a label", lambda: get(label.name))
            except RefusedError:
                new = partial(create, label.name, label.color, label.description)
                self._caller.call("a new label", new)
        except ProviderError as error:
            self._tell(f"{error}; label not created")

    def _tracking(self, marker: str) -> list[Issue]:
        """Return our issues with this marker, oldest first."""
        ours = (issue for issue in self._labelled() if is_by(self._author, marker, issue))
        return sorted(ours, key=lambda issue: issue.number)

    def _labelled(self) -> list[Issue]:
        return self._caller.call(
            "the tracking issues",
            lambda: list(self._repository.get_issues(state="all", labels=[TRACKING.name])),
        )

    def _withdraw(self, issue: Issue, first: int) -> None:
        """Close the second issue and point to the first, as a token may not delete an issue."""
        body = f"Opened twice at the same moment: #{first} follows this deployment."
        try:
            self._caller.call(
                "a second tracking issue", lambda: issue.edit(body=body, state="closed", labels=[])
            )
        except ProviderError as error:
            self._tell(f"{error}; #{issue.number} stays open beside #{first}")


def _is_open_or_merged(pull: PullRequest) -> bool:
    return pull.state == "open" or pull.merged_at is not None
