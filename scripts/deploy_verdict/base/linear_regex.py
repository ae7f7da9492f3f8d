"""Runs foreign regular expressions on foreign texts in time linear in the text.

RE2 runs them, which does not backtrack. They are written as Python's: syntax that RE2 reads differently is
translated, and what it cannot do (look-around, references to groups) is refused.
"""

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import re2  # type: ignore[import-untyped]

# What these mean in Python, where letters and digits are those of every script.
_CLASSES = {"w": r"\p{L}\p{M}\p{N}_", "d": r"\p{Nd}", "s": r"\s\x0b\x1c-\x1f\x85\p{Z}"}
_MOST_MEMORY = 32 << 20


class UnfitRegexError(ValueError):
    """An expression that cannot be run; the text says why and what to do."""


def turned(regex: str) -> str:
    """Translate an expression from Python's syntax to RE2's; ^ and $ match at each line."""
    parts, place, in_class = ["(?m)"], 0, False
    while place < len(regex):
        letter, pair = regex[place], regex[place : place + 2]
        width = 1
        if letter == "\\":
            parts.append(_escape(pair, in_class=in_class))
            width = 2
        elif in_class:
            in_class = letter != "]"
            parts.append("\\[" if letter == "[" else letter)
        elif letter == "[":
            in_class = True
            opened = re.compile(r"\[\^?\]?").match(regex, place)
            width = len(opened[0]) if opened is not None else 1
            parts.append(regex[place : place + width].replace("]", "\\]"))
        else:
            parts.append("{0," if pair == "{," else letter)
            width = 2 if pair == "{," else 1
        place += width
    return "".join(parts)


def _escape(pair: str, *, in_class: bool) -> str:
    kind = pair[1:]
    if kind == "Z":
        return r"\z"
    members = _CLASSES.get(kind.lower())
    if members is None:
        return pair
    if kind.islower():
        return members if in_class else f"[{members}]"
    return pair if in_class else f"[^{members}]"


# Where a digit of an expression is not literal, or any digit matches: escapes, [0-9], {2,3}.
_NO_LITERAL_DIGIT = re.compile(r"\\[^0-9xpPQ]|\[\^?0-9|(?<!\\)\{[0-9]*,?[0-9]*\}")
_UNDECIDED = re.compile(r"\\[xpPQ]|\[[^\]]*\{")


def is_blind_to_digits(regex: str) -> bool:
    """Whether an expression treats all digits alike, so that changing digits in a text changes no match.

    True is certain; False may be too cautious.
    """
    said = _NO_LITERAL_DIGIT.sub("", regex)
    return not any(map(str.isdigit, said)) and not _UNDECIDED.search(regex)


def check_regex(regex: str) -> None:
    """Raise UnfitRegexError for an expression that cannot be run."""
    LinearRegexes([regex]).found_in("")


class LinearRegexes:
    """Several expressions, searched for in one pass."""

    def __init__(self, regexes: Sequence[str]) -> None:
        self._regexes = tuple(regexes)
        self._match = _set_of(self._regexes).Match if regexes else None
        self._always = len(self._regexes)

    def found_in(self, text: str | bytes) -> list[int]:
        """Return the indexes of the expressions that match anywhere in a text, ascending."""
        if self._match is None:
            return []
        raw = text.encode("utf-8", "replace") if isinstance(text, str) else text
        found: list[int] = self._match(raw) or []
        if self._always not in found:
            raise UnfitRegexError(f"{self._regexes!r} need too much memory — write shorter ones")
        if len(found) == 1:
            return found[:0]
        found.remove(self._always)
        return sorted(found) if len(found) > 1 else found

    def span(self, place: int, text: str) -> tuple[int, int] | None:
        """Return where an expression first matches in a text, or None."""
        import re2  # noqa: PLC0415  # only where a plan has such expressions

        found = re2.compile(turned(self._regexes[place])).search(text)
        return None if found is None else (found.start(), found.end())


def _set_of(regexes: Sequence[str]) -> "re2.Set":
    import re2  # noqa: PLC0415  # only where a plan has such expressions

    options = re2.Options()
    options.max_mem, options.log_errors = _MOST_MEMORY, False
    found = re2.Set.SearchSet(options)
    for regex in regexes:
        try:
            found.Add(turned(regex))
        except re2.error as error:
            raise UnfitRegexError(
                f"{regex!r} cannot be run in linear time — write it without look-around, without references "
                "to groups, and without repeating what is repeated a thousand times"
            ) from error
    # This matches every text; if it is not found, RE2 gave up.
    found.Add("")
    found.Compile()
    return found
