"""The template of a log line: the line without the parts that vary. Pure.

The same line always gives the same template, whatever came before it: two logs are compared by equality.
Words stay, also quoted names (`KeyError: 'operacion'` is another error than `KeyError: 'spool'`); words with
a digit, long hex, e-mail addresses, query strings and quoted texts other than names become marks; of errors,
quoted texts keep their words. In doubt a word stays: two errors under one template hide one of them.
"""

import hashlib
import re
from collections.abc import Iterable
from functools import lru_cache, partial

NUMBER, TEXT = "<n>", "<text>"
MAX_CHARS = 300
FEWEST_LETTERS = 6
_STAMP = re.compile(
    r"\s*[\[(\"']?(?:19|20)\d\d[-/]\d\d[-/]\d\d[T ]\d\d:\d\d(?::\d\d(?:[.,]\d{1,9})?)?"
    r"(?:Z|[+-]\d\d:?\d\d| [+-]\d{4}| ?UTC| ?GMT)?[\])\"']?[\s,:|-]*"
)
_METHODS = "GET|POST|PUT|PATCH|DELETE|HEAD|OPTIONS"
_VARIABLE = re.compile(
    rf"(?P<method>\b(?:{_METHODS}) )(?P<path>\S*)"
    r"(?P<between>(?: HTTP/[\d.]+)?[\"']?,? (?:- |status[= :]+)?)(?P<status>[1-5]\d\d)(?![\w.])"
    r"|(?P<query>\?[\w.%-]+=[^\s\"']*)"
    rf"|(?<![=:\w])(?<![=:] )(?P<quoted>'[^'\n]{{1,200}}'|\"(?!(?:{_METHODS}) )[^\"\n]{{1,200}}\")"
    r"(?!\w)"
    r"|(?<![\w.+-])(?P<word>(?:[^\W\d]|[.+-])*+\d[\w.+-]*(?::\d[\w.]*)*|[a-f]{8,}(?!\w)|[\w-]{40,})"
)
_EMAIL = re.compile(r"(?<![\w.+-])[\w.+-]{1,64}@[\w-]+(?:\.[\w-]+)+")
_EXCEPTION = re.compile(r"[A-Z]\w*(?:Error|Exception|Warning|Exit|Interrupt)")
_PLAIN_NAME = re.compile(r"['\"][A-Za-z_]+(?:\.[A-Za-z_]+)*['\"]")
_TRACEBACK = "Traceback (most recent call last):"
_CHAINED = ("During handling of the above", "The above exception was the direct")
_RAISED = re.compile(r"[^\W\d]\w*(?:\.\w+)*(?::|$)")
_HARMLESS = re.compile(r"\W*(?:[\w.-]+\W+){0,2}?(?:INFO|DEBUG|TRACE|NOTICE|WARN|WARNING)\b", re.IGNORECASE)
_SPACE = re.compile(r"\s+")
ZEROED = bytes(48 if 48 <= byte <= 57 else byte for byte in range(256))
_MOST_SHAPES = 2048
_HEXADECIMAL = re.compile(rb"\b[a-f]{0,7}0[0a-f]{7,}(?:-[0a-f]{4,})*\b")
_SHAPE_OF_STAMP = re.compile(r"\s*[\[(\"']?0000(?=[-/]00[-/]00)")
_SHAPE_OF_STATUS = re.compile(r"(?<![\w.])000(?![\w.])")
_SHAPE_OF_NAME = re.compile(r"[A-Z](?=\w*0)\w*(?:Error|Exception|Warning|Exit|Interrupt)")
_NAMED = re.compile(r"^(?:\d+|[0-9a-fA-F-]{8,}|(?=.*\d).{4,})$")


def masked(line: str, *, words_of_quotes: bool = False) -> str:
    """One line without its leading time, and with marks for what varies.

    `words_of_quotes`: a quoted text keeps its words, as another one may tell of another error.
    """
    stamp = _STAMP.match(line)
    text = _SPACE.sub(" ", line[stamp.end() if stamp else 0 :][: 8 * MAX_CHARS].strip())
    if "@" in text:
        text = _EMAIL.sub(TEXT, text)
    return _VARIABLE.sub(_mark_words if words_of_quotes else _mark, text)[:MAX_CHARS]


@lru_cache(maxsize=4096)
def path_shape(path: str) -> str:
    """A path without its query, its ids as {id}, so that requests of one route are counted together."""
    parts = path.split("?", 1)[0].split("/")
    return "/".join("{id}" if _NAMED.match(part) else part for part in parts)[:200]


def message_lines(text: str) -> str:
    """The lines of an entry that say what happened: its first, and what its last traceback raised."""
    first, _, rest = text.lstrip().partition("\n")
    if not rest or _TRACEBACK not in text:
        return first
    raised = ""
    inside = first.endswith(_TRACEBACK)
    for line in rest.split("\n"):
        if line.strip().endswith(_TRACEBACK):
            inside = True
        elif inside and line[:1] not in (" ", "\t", "") and _RAISED.match(line):
            raised, inside = line, False
    return f"{first}\n{raised}" if raised else first


def template_of(text: str, *, words_of_quotes: bool = False) -> str:
    """The template of an entry, a traceback's with the exception that it ends with."""
    lines = message_lines(text).split("\n")
    return " ⏎ ".join(masked(line, words_of_quotes=words_of_quotes) for line in lines)


class KnownTemplates:
    """Templates by the shape of a line: its text with every digit as 0.

    Of two lines of one shape only the digits that a template shows can make a difference: a status, a year at
    the beginning, and those in an exception's name. A shape is therefore looked up with these.
    """

    def __init__(self, *, words_of_quotes: bool = False) -> None:
        self._template_of = partial(template_of, words_of_quotes=words_of_quotes)
        self._known: dict[bytes, str | tuple[tuple[int, ...], dict[str, str]]] = {}

    def template_of(self, text: str) -> str:
        """The same as template_of, and quicker for a line like one before."""
        if "\n" in text:
            if _TRACEBACK in text:
                return self._template_of(text)
            text = text.lstrip().partition("\n")[0]
        if not text.isascii():
            return self._template_of(text)
        shape = text.encode().translate(ZEROED)
        known = self._known.get(shape)
        if known is None:
            shape = without_ids(shape)
            known = self._known.get(shape)
        if isinstance(known, str):
            return known
        if known is None:
            template = self._template_of(text)
            if len(self._known) < _MOST_SHAPES and len(text) <= MAX_CHARS:
                places = shown_digits(shape.decode())
                self._known[shape] = (places, {self._digits(text, places): template}) if places else template
            return template
        places, templates = known
        digits = text[places[0]] if len(places) == 1 else self._digits(text, places)
        found = templates.get(digits)
        if found is None:
            found = templates[digits] = self._template_of(text)
        return found

    @staticmethod
    def _digits(text: str, places: tuple[int, ...]) -> str:
        return "".join([text[place] for place in places])


def without_ids(shape: bytes) -> bytes:
    """A shape with hexadecimal ids as zeros: these differ in letters, and a word with a digit is one mark."""
    return _HEXADECIMAL.sub(_zeros, shape)


def _zeros(match: "re.Match[bytes]") -> bytes:
    return b"0" * len(match[0])


def shown_digits(shape: str) -> tuple[int, ...]:
    """Where a template may show a digit of a line of this shape."""
    year = _SHAPE_OF_STAMP.match(shape)
    places = [year.end() - 4, year.end() - 3] if year is not None else []
    places += [status.start() for status in _SHAPE_OF_STATUS.finditer(shape)]
    for word in _SHAPE_OF_NAME.finditer(shape):
        places += [word.start() + place for place, letter in enumerate(word[0]) if letter == "0"]
    return tuple(places)


def fingerprint(template: str) -> str:
    """A hash that identifies a template whose text may have been redacted."""
    return hashlib.sha256(template.encode("utf-8", "replace")).hexdigest()[:16]


def incident_templates(lines: Iterable[str]) -> tuple[str, ...]:
    """The templates of an incident's own lines: no frames, no headers, no line of a level below error.

    Raises ValueError for a line that any log would contain.
    """
    found: dict[str, None] = {}
    for line in lines:
        bare = line.strip()
        if not bare or line[0] in " \t" or bare.endswith(_TRACEBACK) or bare.startswith(_CHAINED):
            continue
        stamp = _STAMP.match(line)
        if _HARMLESS.match(line[stamp.end() if stamp else 0 :]):
            continue
        template = masked(line)
        if sum(map(str.isalpha, re.sub(r"<\w+>", "", template))) < FEWEST_LETTERS:
            raise ValueError(f"{bare[:60]!r} has too few words to be recognized — write the line as logged")
        found[template] = None
    return tuple(found)


def _mark_words(match: "re.Match[str]") -> str:
    quoted = match["quoted"]
    if quoted is None or _PLAIN_NAME.fullmatch(quoted):
        return _mark(match)
    return quoted[0] + _VARIABLE.sub(_mark_words, quoted[1:-1]) + quoted[-1]


def _mark(match: "re.Match[str]") -> str:
    if match["status"]:
        # 500 is another line than 200, and 501 is not.
        path = _VARIABLE.sub(_mark, match["path"])
        between = re.sub(r"[\d.]*\d", NUMBER, match["between"])
        return f"{match['method']}{path}{between}{match['status'][0]}xx"
    if match["query"]:
        return f"?{TEXT}"
    if match["quoted"]:
        return match["quoted"] if _PLAIN_NAME.fullmatch(match["quoted"]) else TEXT
    word = match["word"]
    # One mark for numbers and ids, so that an id of digits alone gives the same template.
    return word if _EXCEPTION.fullmatch(word) else NUMBER + ("." if word.endswith(".") else "")
