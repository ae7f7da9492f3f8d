"""How the demo's Railway misbehaves apart from its faults, one field for each way; all off by default."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from demo.switches import CountedSwitches, set_by_words

SLEEPING = ("listed", "unlisted", "stopped")
SHAPES = (
    "and SLEEPING listed as active, SLEEPING and unlisted, or SUCCESS and stopped: listed, unlisted, stopped"
)


@dataclass(kw_only=True)
class Switches(CountedSwitches):
    """The switches; MEANINGS explains each."""

    retired: set[str] = field(default_factory=set)
    no_locations: bool = False
    skipped: int = 0
    cancelled: int = 0
    subject_skipped: bool = False
    sleeping: str = ""
    waking_s: float = 0.0
    replicas: str = ""
    edge_limited: int = 0
    agent_refused: bool = False
    hourly: int = 0
    others: str = ""
    rollback: str = "new"


MEANINGS = {
    "retired": "A,B   the API no longer knows these fields or values, such as Deployment.canRollback",
    "no_locations": "      a refusal of validation does not say where in the document",
    "skipped": "N     the newest N records were SKIPPED, each for a commit of its own (watch paths)",
    "cancelled": "N     the N records behind those were CANCELLED, a status that is in no schema",
    "subject_skipped": "      what is live elsewhere was SKIPPED here; what was live before serves",
    "sleeping": f"W     asleep until it is asked, {SHAPES}",
    "waking_s": "S     for S seconds after the first request the edge answers in its place",
    "replicas": "A,B   the states of the live deployment's instances, such as RUNNING,CRASHED",
    "edge_limited": "N     the next N requests are answered by Cloudflare: 429, error code 1015",
    "agent_refused": "      every request is answered by Cloudflare: 403, error code 1010",
    "hourly": "N     requests an hour: Free has 100, of which the answers' headers speak",
    "rollback": "W     a rollback's record: new, bare (without a commit), or same (the target's own id)",
    "others": "W     somebody else's deployment was made a minute ago and has this status",
}


def switches_from(words: Iterable[str]) -> Switches:
    """Parse "NAME=VALUE", or "NAME" for an on-off switch; raise ValueError with what is allowed."""
    return set_by_words(Switches(), words, MEANINGS, {"sleeping": ("", *SLEEPING)})
