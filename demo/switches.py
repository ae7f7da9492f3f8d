"""How a demo's platform misbehaves, in words: "NAME=VALUE", or "NAME" for an on-off switch."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, fields
from typing import TypeVar


@dataclass(kw_only=True)
class CountedSwitches:
    """The switches; whole numbers count down: "the next N"."""

    def take(self, name: str) -> bool:
        """Whether a counted switch is on; if so, use up one of its N."""
        left: int = getattr(self, name)
        if left > 0:
            setattr(self, name, left - 1)
        return left > 0


Made = TypeVar("Made", bound=CountedSwitches)


def set_by_words(
    made: Made,
    words: Iterable[str],
    meanings: Mapping[str, str],
    allowed: Mapping[str, Collection[str]],
) -> Made:
    """Return `made` with these switches set; raise ValueError with what is allowed.

    `allowed` has the words that a text or a set may contain.
    """
    kinds = {item.name: type(getattr(made, item.name)) for item in fields(made)}
    for word in words:
        name, equals, text = word.partition("=")
        if name not in kinds:
            raise ValueError(f"there is no switch {name!r}; there are {', '.join(kinds)}")
        value = _value(name, kinds[name], text if equals else None, allowed.get(name))
        if value is None:
            raise ValueError(f"{word}: {name} takes {meanings[name].strip()}")
        setattr(made, name, value)
    return made


def _value(name: str, kind: type, text: str | None, allowed: Collection[str] | None) -> object:
    """Parse a value; None if the text is not of that kind."""
    if text is None or kind is bool:
        return True if text is None and kind is bool else None
    if kind in (int, float):
        try:
            number = kind(text)
        except ValueError as error:
            raise ValueError(f"{name}={text}: a number belongs there, such as {name}=2") from error
        return number if 0 <= number < float("inf") else None
    items = set(text.split(",")) if kind is set else {text}
    if allowed is not None and not items <= set(allowed):
        return None
    return items if kind is set else text
