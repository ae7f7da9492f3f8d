"""How the demo's GitHub misbehaves, one field for each way; all off by default."""

from collections.abc import Iterable
from dataclasses import dataclass, field, fields

PERMISSIONS = ("issues", "statuses", "actions", "administration", "contents", "deployments")


@dataclass(kw_only=True)
class Switches:
    """Numbers count down: "the next N". What each one does is told by MEANINGS."""

    bad_gateways: int = 0
    lost_answers: int = 0
    secondary_limits: int = 0
    primary_limit: bool = False
    forbidden: set[str] = field(default_factory=set)
    delete_comment_after_write: int = 0
    slow_s: float = 0.0

    def take(self, name: str) -> bool:
        """Whether a counted switch is on, which uses up one of its N."""
        left: int = getattr(self, name)
        if left > 0:
            setattr(self, name, left - 1)
        return left > 0


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
    """From "NAME=VALUE" or, for one that is on or off, "NAME"; raises ValueError, which tells."""
    made = Switches()
    kinds = {item.name: type(getattr(made, item.name)) for item in fields(made)}
    for word in words:
        name, equals, text = word.partition("=")
        if name not in kinds:
            raise ValueError(f"there is no switch {name!r}; there are {', '.join(kinds)}")
        setattr(made, name, _value(name, kinds[name], text if equals else None))
    return made


def _value(name: str, kind: type, text: str | None) -> object:
    if kind is bool and text is None:
        return True
    try:
        if kind is int and text and int(text) >= 0:
            return int(text)
        if kind is float and text and 0 <= float(text) < float("inf"):
            return float(text)
    except ValueError as error:
        raise ValueError(f"{name}={text}: a number belongs there, such as {name}=2") from error
    permissions = set((text or "").split(","))
    if kind is set and permissions <= set(PERMISSIONS):
        return permissions
    raise ValueError(f"{name}{'' if text is None else f'={text}'}: {name} takes {MEANINGS[name].strip()}")
