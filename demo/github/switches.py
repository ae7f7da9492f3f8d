"""How the demo's GitHub misbehaves, one field for each way; all off by default."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from demo.switches import CountedSwitches, set_by_words

PERMISSIONS = ("issues", "statuses", "actions", "administration", "contents", "deployments")


@dataclass(kw_only=True)
class Switches(CountedSwitches):
    """The switches; MEANINGS explains each. Numbers count down: "the next N"."""

    bad_gateways: int = 0
    lost_answers: int = 0
    secondary_limits: int = 0
    primary_limit: bool = False
    forbidden: set[str] = field(default_factory=set)
    delete_comment_after_write: int = 0
    slow_s: float = 0.0


MEANINGS = {
    "bad_gateways": "N     the next N requests are not carried out: HTML with status 502",
    "lost_answers": "N     the next N writes are carried out, and then answered with 502",
    "secondary_limits": "N     the next N writes are refused: 403 with retry-after: 1",
    "primary_limit": "      every request is refused: 403, none remaining for an hour",
    "forbidden": f"A,B   the token lacks these permissions: {', '.join(PERMISSIONS)}",
    "delete_comment_after_write": "N     the next N new comments are deleted at once by somebody",
    "slow_s": "S     every answer takes S seconds",
}


def switches_from(words: Iterable[str]) -> Switches:
    """Parse "NAME=VALUE", or "NAME" for an on-off switch; raise ValueError with what is allowed."""
    return set_by_words(Switches(), words, MEANINGS, {"forbidden": PERMISSIONS})
