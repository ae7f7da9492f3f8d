"""comment.json: which comment is a window's, and what it said last, so that a later job need not search.

The gate writes it, and the jobs after it get it with the window. A window asks GitHub little: its comment is
edited when there is news, and otherwise once in a quarter of an hour.
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
    """Where the comment is, and what of its last text would be news if it changed."""

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
        """Whether the comment says this already, near enough: nothing new failed, and it is not old."""
        same = (self.state, self.outcome, self.failed) == (state.state, state.outcome, state.failed)
        return same and self.length_s == state.length_s and now - self.posted_at < EDITED_EVERY / speed


def remembered_comment(out: Path, window: str) -> RememberedComment | None:
    """The comment of this window; None where none is known."""
    try:
        found = RememberedComment.model_validate_json((out / COMMENT_FILE).read_bytes())
    except (OSError, ValidationError):
        return None
    return found if found.window == window else None


def remember_comment(out: Path, comment: RememberedComment) -> None:
    """Write it for the jobs and steps that follow. Raises EvidenceError."""
    write_json(out / COMMENT_FILE, comment)


def forget_comment(out: Path) -> None:
    """Let the next step post whatever it has to say."""
    remove(out / COMMENT_FILE)
