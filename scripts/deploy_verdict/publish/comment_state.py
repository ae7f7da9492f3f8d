"""The state in our comments: a hidden line of JSON that tells the next writer which text wins. Pure.

The line is an HTML comment in a comment's second line, below the marker. A late writer must never replace a
newer text with an older one. So each comment carries its state, and states have a total order: every reader
of the same two picks the same one.
"""

import json
import re
from typing import Literal, TypeVar

from pydantic import Field, ValidationError

from deploy_verdict.github.client import MAX_DESCRIPTION
from deploy_verdict.model import Record, VerdictOutcome, dumped
from deploy_verdict.redaction.control_chars import visible


def status_line(text: str, environment: str | None) -> str:
    """Return the text with its environment, within the 140 characters that GitHub accepts."""
    tail = _tail(environment)
    room = MAX_DESCRIPTION - len(tail)
    return (text if len(text) <= room else f"{text[: room - 1]}…") + tail


def outcome_in(description: str, environment: str | None) -> VerdictOutcome | None:
    """Return the outcome in a status line of ours on this environment; None for any other line."""
    if not description.endswith(_tail(environment)):
        return None
    words = description.partition(":")[0]
    return next((outcome for outcome in VerdictOutcome if outcome.shown == words), None)


def tally_in(description: str) -> str | None:
    """Return the E2E suite's result in a line of ours, such as "7/8"; None if there is none."""
    found = _TALLY.search(description)
    return found.group(1) if found else None


def tally_words(tally: str | None) -> str:
    """Return what a line says about the suite, before its findings."""
    return f"E2E {tally}; " if tally else ""


def _tail(environment: str | None) -> str:
    # An environment's name is foreign text: it must neither hide anything nor start a new line.
    name = " ".join(visible(environment or "").split())
    return f" · {(name or 'no environment')[:60]}"


# Our own words start the line, so that foreign text is never read as a result.
_TALLY = re.compile(r"\A[A-Z ]{6,20}: E2E (\d{1,6}/\d{1,6}); ")
_NAME = "deploy-verdict-state"
BAD = (VerdictOutcome.ATTENTION, VerdictOutcome.CRITICAL)
Rank = tuple[int, str, float, int, int, int, int]


class CommentState(Record):
    """One comment's state.

    While in progress, `outcome` is what failed so far, or None; `failed` counts its issues. `line` is the
    text of the commit status.
    """

    run: str = ""
    attempt: int = 1
    state: Literal["progress", "lost", "final"]
    window: str
    length_s: float = Field(gt=0)
    taken: int = Field(ge=0)
    looks: int = Field(default=0, ge=0)
    outcome: VerdictOutcome | None = None
    failed: int = Field(default=0, ge=0)
    line: str = ""

    @property
    def rank(self) -> Rank:
        """The rank of the state; the higher one stays.

        A newer window (its id begins with T0) beats an older one, and a longer one (an extension) a shorter
        one. Within a window, final beats all else; then more samples (`taken`), then more samples of all
        stages (`looks`), then lost beats progress. Progress with more samples than a "lost" shows that the
        verifier is alive.
        """
        is_final = self.state == "final"
        progress = (0, 0, 0) if is_final else (self.taken, self.looks, int(self.state == "lost"))
        return 1, self.window, self.length_s, int(is_final), *progress

    @property
    def shown_outcome(self) -> VerdictOutcome | None:
        """The outcome that a label may show: nothing good before the end."""
        if self.state == "final":
            return self.outcome or VerdictOutcome.INCONCLUSIVE
        bad = self.outcome if self.outcome in BAD else None
        return bad or (VerdictOutcome.INCONCLUSIVE if self.state == "lost" else None)

    @property
    def status(self) -> str:
        """The commit status. A failed P0 or P1 stays failed, so it need not wait for the end."""
        if self.state == "progress":
            return "failure" if self.outcome is VerdictOutcome.CRITICAL else "pending"
        if self.state == "lost" or self.outcome in (None, VerdictOutcome.INCONCLUSIVE):
            return "error"
        return "success" if self.outcome is VerdictOutcome.STABLE else "failure"

    @property
    def is_open(self) -> bool | None:
        """Whether the tracking issue must be open; None leaves it as it is."""
        if self.state == "final":
            return self.outcome is not VerdictOutcome.STABLE
        return True if self.state == "lost" or self.outcome in BAD else None


NO_STATE: Rank = (0, "", 0.0, 0, 0, 0, 0)


def line_of(state: CommentState) -> str:
    """Return the hidden line of a comment."""
    return hidden(_NAME, state)


def state_in(comment: str | None) -> CommentState | None:
    """Read the state in a comment's second line; None if there is none or it is unreadable."""
    return hidden_in(comment, _NAME, CommentState)


def rank_in(comment: str | None) -> Rank:
    """Return the rank of a comment; one without a state ranks below all others."""
    state = state_in(comment)
    return state.rank if state else NO_STATE


Kept = TypeVar("Kept", bound=Record)


def hidden(name: str, record: Record) -> str:
    """Return the hidden line; no text in it can end the HTML comment."""
    text = json.dumps(dumped(record), separators=(", ", ": "))
    text = text.replace("--", "\\u002d\\u002d").replace("<", "\\u003c").replace(">", "\\u003e")
    return f"<!-- {name} {text} -->"


def hidden_in(comment: str | None, name: str, kind: type[Kept]) -> Kept | None:
    """Read the record in a comment's second line; None if there is none or it is unreadable."""
    lines = (comment or "").splitlines()[1:2]
    start, end = f"<!-- {name} ", " -->"
    if not lines or not (lines[0].startswith(start) and lines[0].rstrip().endswith(end)):
        return None
    try:
        return kind.model_validate_json(lines[0].rstrip()[len(start) : -len(end)])
    except ValidationError:
        return None
