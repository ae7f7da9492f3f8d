"""How the demo's Railway misbehaves beside its faults, one field for each way; all off by default."""

from collections.abc import Iterable
from dataclasses import dataclass, field, fields

SLEEPING = ("listed", "unlisted", "stopped")
SHAPES = (
    "and SLEEPING listed as active, SLEEPING and unlisted, or SUCCESS and stopped: listed, unlisted, stopped"
)


@dataclass(kw_only=True)
class Switches:
    """What each one does is told by MEANINGS."""

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

    def take(self, name: str) -> bool:
        """Whether a counted switch is on, which uses up one of its N."""
        left: int = getattr(self, name)
        if left > 0:
            setattr(self, name, left - 1)
        return left > 0


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
    """From "NAME=VALUE" or, for one that is on or off, "NAME"; raises ValueError, which tells."""
    made = Switches()
    kinds = {item.name: type(getattr(made, item.name)) for item in fields(made)}
    for word in words:
        name, equals, text = word.partition("=")
        if name not in kinds:
            raise ValueError(f"there is no switch {name!r}; there are {', '.join(kinds)}")
        kind = kinds[name]
        if (kind is bool) is bool(equals):
            raise ValueError(f"{word}: {name} takes {MEANINGS[name].strip()}")
        value: object = set(text.split(",")) if kind is set else True if kind is bool else kind(text)
        setattr(made, name, value)
    if made.sleeping not in ("", *SLEEPING):
        raise ValueError(f"sleeping={made.sleeping}: it takes {', '.join(SLEEPING)}")
    return made
