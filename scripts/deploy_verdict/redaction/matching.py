"""Finds secrets in a text, in whatever case they are written and however they are wrapped. Pure."""

import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache

from deploy_verdict.redaction.control_chars import HIDDEN
from deploy_verdict.redaction.derived_secrets import SHORTEST, is_token, parts_of
from deploy_verdict.redaction.secret_encodings import encodings_of, is_word, skeleton, skeletons_of

# How a long line may be broken: real line ends, and those of JSON, addresses and pages.
_BREAK = (
    r"(?:\r\n|[\n\r\x0b\x0c\x1c-\x1e\x85\u2028\u2029]|\\{1,8}r\\{1,8}n|\\{1,8}[rn]"
    r"|%0[dD]%0[aA]|%0[aA]|&#(?:1[03]|x0?[aAdD]);|<br ?/?>)"
)
_BREAKS = re.compile(rf"(?:[ \t]{{0,40}}{_BREAK}[ \t]{{0,40}})+|{HIDDEN.pattern}")
# The same with what a language or a mail puts around it: quotes, a backslash, "> ".
_SET = r"&(?:gt|quot|#39|#34|#[xX]27|#[xX]3[eE]);"
_SET_BREAKS = re.compile(
    rf"(?:(?:[ \t\"'+,=\\]|{_SET}){{0,12}}{_BREAK}(?:[ \t\"'+,|>#*$.]|{_SET}){{0,40}})+|{HIDDEN.pattern}"
)
_NO_PIECES = re.compile(r"\s|://|^\s*\w+=|^[\[{]")
_MARKS = "%\\&"
_PIECE, _GRAM = 8, 6
_LONG_TEXT = 4096
SHORTEST_BEGINNING = 4
BASIC_PLANE = 0x10000


@dataclass(frozen=True)
class Span:
    """A place in a text that belongs to a secret; if two overlap, the longer form gives the name."""

    start: int
    end: int
    name: str
    length: int


@dataclass(frozen=True)
class _View:
    """A text in the form in which it is compared, and the place in the original of each of its characters."""

    text: str
    places: Callable[[], Sequence[int]]


class Secrets:
    """The forms of some secrets, to be found in texts."""

    def __init__(self, secrets: Mapping[str, str], whole: Iterable[str] = ()) -> None:
        """Prepare the forms.

        `whole` names secrets that count only as they stand, such as a file of variables.
        """
        as_it_stands = frozenset(whole)
        forms: dict[str, str] = {}
        self._skeletons: dict[str, str] = {}
        self._pieces: dict[str, str] = {}
        for name, value in secrets.items():
            forms |= {lowered(form): name for form in encodings_of(value, is_whole=name in as_it_stands)}
            if name not in as_it_stands:
                self._skeletons |= dict.fromkeys(skeletons_of(value), name)
                self._pieces |= {
                    lowered(part): name
                    for part in parts_of(value)
                    if is_token(part) and not _NO_PIECES.search(part)
                }
        self.forms = [(form, forms[form]) for form in sorted(forms, key=len, reverse=True)]
        # A form with escapes cannot be in a text without its first escape, nor any form without its head.
        self._by_mark: dict[str, list[tuple[str, str]]] = {}
        self._by_head: dict[str, list[tuple[str, str]]] = {}
        for form, name in self.forms:
            self._by_mark.setdefault(_mark_of(form), []).append((form, name))
            self._by_head.setdefault(form[:SHORTEST], []).append((form, name))
        self._grams = {
            part[at : at + _GRAM]: (part, name)
            for part, name in self._pieces.items()
            for at in range(0, len(part) - _GRAM + 1, max(1, _shortest_piece(part) - _GRAM + 1))
        }

    def spans(self, text: str) -> list[Span]:
        """Return every place where a form stands, merged and in order."""
        if not self.forms:
            return []
        found = list(self._in_forms(_View(lowered(text), lambda: range(len(text)))))
        unbroken = _View(text, lambda: range(len(text)))
        if _BREAKS.search(text):
            unbroken = _without(text, _SET_BREAKS)
            for view in (_without(text, _BREAKS), unbroken):
                found += self._in_forms(_View(lowered(view.text), view.places))
        found += self._in_skeleton(unbroken)
        if "\x1b" in text:
            # An escape that begins a sequence for one reader is a single character for another.
            found += self.spans(text.replace("\x1b", "\u200b"))
        return _merged(found)

    def pieces(self, text: str) -> list[Span]:
        """Return every piece of a token too long to be chance, such as what a line break left of it."""
        low = lowered(text)
        return _merged(
            span
            for gram, (part, name) in self._grams.items()
            if gram in low
            for span in _pieces(low, gram, part, name)
            # Checked in its own case: inner capitals are not a word.
            if is_token(text[span.start : span.end].ljust(_PIECE, "x"))
        )

    def holds(self, text: str) -> str | None:
        """Return the name of a secret of which a form stands in a text, or None."""
        return next((span.name for span in (*self.spans(text), *self.pieces(text))), None)

    def broken_off(self, text: str) -> int:
        """Return how many of the last characters may be a secret that continues on the next line."""
        tail = text[-2 * len(self.forms[0][0]) :] if self.forms else ""
        starts = [len(tail)]
        for breaks in (_BREAKS, _SET_BREAKS):
            view = _without(lowered(tail), breaks)
            overlap = max((overlap_of(view.text, form) for form, _ in self.forms), default=0)
            if overlap >= SHORTEST_BEGINNING:
                starts.append(view.places()[len(view.text) - overlap])
        return len(tail) - min(starts)

    def _in_forms(self, view: _View) -> Iterator[Span]:
        for form, name in self._possible(view.text):
            if form in view.text:
                yield from _found(form, name, view)

    def _possible(self, text: str) -> Iterator[tuple[str, str]]:
        """Yield the forms that a text may hold, by their heads if it is short, else by their marks."""
        if len(text) < _LONG_TEXT:
            heads = {text[at : at + SHORTEST] for at in range(len(text) - SHORTEST + 1)}
            for head in heads & self._by_head.keys():
                yield from self._by_head[head]
        else:
            for mark, forms in self._by_mark.items():
                if mark in text:
                    yield from forms

    def _in_skeleton(self, view: _View) -> Iterator[Span]:
        words = skeleton(view.text)
        found = [form for form in self._skeletons if form in words]
        if not found:
            return

        @cache
        def places() -> Sequence[int]:
            return [place for place, char in zip(view.places(), view.text, strict=True) if is_word(char)]

        for form in found:
            yield from _found(form, self._skeletons[form], _View(words, places))


def _mark_of(form: str) -> str:
    """Return the beginning of its first escape; "" if it has none."""
    start = min((at for mark in _MARKS if (at := form.find(mark)) >= 0), default=len(form))
    return form[start : start + 4]


def overlap_of(text: str, form: str) -> int:
    """Return the length of the longest end of `text` that is a proper prefix of `form`."""
    tail = text[-(len(form) - 1) :]
    start = tail.find(form[0])
    while start >= 0:
        if form.startswith(tail[start:]):
            return len(tail) - start
        start = tail.find(form[0], start + 1)
    return 0


class _Lower(dict[int, str]):
    """Maps each character to lower case and normal width, if that is one character."""

    def __missing__(self, code: int) -> str:
        char = chr(code)
        low = unicodedata.normalize("NFKC", char).lower()
        low = low if len(low) == 1 else char
        # The other planes have a million characters: a text with each of them once would fill the memory.
        if code < BASIC_PLANE:
            self[code] = low
        return low


_LOWER = _Lower()


def lowered(text: str) -> str:
    """Return the text in lower case, with the same length."""
    return text.lower() if text.isascii() else text.translate(_LOWER)


def _shortest_piece(part: str) -> int:
    """Return the shortest part of a token that counts as a piece of it: half of a short one."""
    return max(_GRAM, min(_PIECE, len(part) // 2))


def _longest_piece(text: str, at: int, part: str, gram: str) -> tuple[int, int]:
    """Return the longest piece of the token around this place."""
    best = (at, at)
    origin = part.find(gram)
    while origin >= 0:
        start, end = at, at + len(gram)
        left, right = origin, origin + len(gram)
        while start and left and text[start - 1] == part[left - 1]:
            start, left = start - 1, left - 1
        while end < len(text) and right < len(part) and text[end] == part[right]:
            end, right = end + 1, right + 1
        best = max(best, (start, end), key=lambda span: span[1] - span[0])
        origin = part.find(gram, origin + 1)
    return best


def _pieces(text: str, gram: str, part: str, name: str) -> Iterator[Span]:
    at = text.find(gram)
    while at >= 0:
        start, end = _longest_piece(text, at, part, gram)
        if end - start >= _shortest_piece(part):
            yield Span(start, end, name, end - start)
        at = text.find(gram, end)


def _found(form: str, name: str, view: _View) -> Iterator[Span]:
    at = view.text.find(form)
    places = view.places() if at >= 0 else ()
    while at >= 0:
        yield Span(places[at], places[at + len(form) - 1] + 1, name, len(form))
        at = view.text.find(form, at + 1)


def _without(text: str, breaks: re.Pattern[str]) -> _View:
    """Return the text without its breaks."""

    @cache
    def places() -> Sequence[int]:
        kept: list[int] = []
        at = 0
        for match in breaks.finditer(text):
            kept += range(at, match.start())
            at = match.end()
        return [*kept, *range(at, len(text))]

    return _View(breaks.sub("", text), places)


def _merged(spans: Iterable[Span]) -> list[Span]:
    merged: list[Span] = []
    for span in sorted(spans, key=lambda one: (one.start, -one.end)):
        last = merged[-1] if merged else None
        if last is None or span.start >= last.end:
            merged.append(span)
            continue
        longer = max(last, span, key=lambda one: one.length)
        merged[-1] = Span(last.start, max(last.end, span.end), longer.name, longer.length)
    return merged
