"""Keeps comment.json: which comment is a window's and what it said last, so that later jobs need not search.

The gate writes it, and later jobs receive it with the window. It saves requests to GitHub: the comment is
edited when there is news, otherwise every quarter of an hour.
"""

from datetime import datetime, timedelta
from pathlib import Path
from typing import Literal

from pydantic import AwareDatetime, ValidationError

from deploy_verdict.base.atomic_files import remove
from deploy_verdict.github import Destination
from deploy_verdict.model import Record, VerdictOutcome
from deploy_verdict.publish.comment_state import CommentState
from deploy_verdict.window.directory.evidence_store import write_json

COMMENT_FILE = "comment.json"
EDITED_EVERY = timedelta(minutes=15)


class RememberedComment(Record):
    """Where the comment is, and the parts of its last text whose change would be news."""

    window: str
    length_s: float
    number: int
    kind: str
    others: tuple[int, ...] = ()
    id: int
    url: str
    state: Literal["progress", "lost", "final"]
    outcome: VerdictOutcome | None = None
    failed: int = 0
    posted_at: AwareDatetime

    @property
    def place(self) -> Destination:
        """Where the comment is."""
        return Destination(number=self.number, kind=self.kind, others=self.others)

    def says(self, state: CommentState, now: datetime, speed: float) -> bool:
        """Whether the comment already says this: nothing new failed, and the comment is recent."""
        same = (self.state, self.outcome, self.failed) == (state.state, state.outcome, state.failed)
        return same and self.length_s == state.length_s and now - self.posted_at < EDITED_EVERY / speed


def remembered_comment(out: Path, window: str) -> RememberedComment | None:
    """Read the comment of this window; None if none is known."""
    try:
        found = RememberedComment.model_validate_json((out / COMMENT_FILE).read_bytes())
    except (OSError, ValidationError):
        return None
    return found if found.window == window else None


def remember_comment(out: Path, comment: RememberedComment) -> None:
    """Write it for the jobs and steps that follow; raise EvidenceError."""
    write_json(out / COMMENT_FILE, comment)


def forget_comment(out: Path) -> None:
    """Remove it, so that the next step posts whatever it has to say."""
    remove(out / COMMENT_FILE)
