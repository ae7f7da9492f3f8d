"""Where an overlong line is cut: at the end of a word, so that no piece holds half of a secret. Pure.

The pieces overlap by OVERLAP_BYTES. Each ends with a whole word of what they share, and the next one begins
with one of it: nothing is lost, and no word is cut in two. Where no space stands for so long, as in packed
JSON, quotes and commas end a word.
"""

import re

OVERLAP_BYTES = 1024
_ENDS = (re.compile(rb"[ \t]"), re.compile(rb"[\",]"))


def without_half_word(raw: bytes) -> bytes:
    """A piece up to its last whole word; all but the shared part, where that is one word."""
    ends = _ends(raw[-OVERLAP_BYTES:])
    return raw[: max(0, len(raw) - OVERLAP_BYTES) + (ends[-1] if ends else 0)]


def from_whole_word(raw: bytes) -> bytes:
    """What the next piece repeats of this one: from the first whole word of the shared part."""
    shared = raw[-OVERLAP_BYTES:]
    return shared[(_ends(shared) or [0])[0] :]


def _ends(shared: bytes) -> list[int]:
    """The places after each word's end."""
    return next(filter(None, ([found.end() for found in end.finditer(shared)] for end in _ENDS)), [])
