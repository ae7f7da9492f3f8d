"""How a row of the table of formats is written, and how it becomes an expression.

A row describes how a line begins: where its time and its level stand. The message is what follows. `{any}`,
`{iso}` and the like stand for the ways of writing a time (times.py), `{word}` for a level in capitals,
`{small}` for one in small letters, `{bracketed}` for one in brackets, in any case. A row with `rest` is a
wrapper: a line of its own follows, whose level counts. Each row's samples are its test.

Digits in a row's expression stand for any digits: lines that differ only in digits are read alike.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import count
from typing import Literal

from deploy_verdict.stages.logs.lines.levels import DEBUG, INFO, LOCALISED, NAMED, WARNING, WORDS, named_level
from deploy_verdict.stages.logs.lines.times import ANY_TIME, TIMES

Kind = Literal["line", "access", "crash"]


@dataclass(frozen=True)
class Sample:
    """A line of `writer`, and what must be read of it; `at` is the UTC time on 2026-02-02."""

    writer: str
    line: str
    level: str | None = None
    at: str | None = "12:00:00.123"


@dataclass(frozen=True, eq=False)
class Format:
    """One format. `level_of` maps the text in the level's place to a level.

    `awaits_level`: the level stands at the start of the next line. `agreed` names what a single line leaves
    open: such a row counts only if a `share` of the log's first lines, of those that no other row reads, has
    this form, or one line matches `shown_by`. It is tried on what is left after the time and the wrappers.
    """

    name: str
    line: str
    samples: tuple[Sample, ...]
    level_of: Callable[[str], str | None] = named_level
    kind: Kind = "line"
    rest: bool = False
    awaits_level: bool = False
    agreed: str = ""
    share: float = 0.5
    shown_by: str | None = None

    @cached_property
    def regex(self) -> "re.Pattern[str]":
        """The compiled expression. Its groups are named time… and level…; none of them must take part."""
        text = self.line
        for name, regex in _PARTS.items():
            text = text.replace(f"{{{name}}}", regex)
        number = count()
        named = re.sub(r"\(\?P<(time|level)\d*>", lambda found: f"(?P<{found[1]}{next(number)}>", text)
        return re.compile(named, re.ASCII)


def any_of(words: Mapping[str, str]) -> str:
    """Return an alternative of words, the longest first."""
    return "|".join(sorted(map(re.escape, words), key=len, reverse=True))


_CASE = r"(?i:{})"
_HARMLESS = {word: level for word, level in WORDS.items() if level in (INFO, DEBUG, WARNING)}
IN_BRACKETS = {word: level for word, level in NAMED.items() if word not in ("ALL", *"EFACWINDVT")}
# The level must end here: ERROR_PAGE is not one.
_ENDS = r"(?=[\s:;|,/\])>(\"]|$)"
# What stands between time and level: threads, process ids, logger names followed by a separator.
_COLUMN = (
    r"(?:\[[^\[\]\n]{0,80}\]|\([^()\n]{1,60}\)|<[^<>\n]{1,60}>|\{[^{}\n]{0,60}\}|#?[0-9]{1,20}"
    r"|[\w.$/@#:*-]{1,80}(?=\t| +[-|] )|\w{1,20}(?=\|)|[\w./$-]{1,80}(?::[\w<>]{1,60})?:[0-9]{1,6}(?=:? )"
    r"|[\w.-]{1,60} (?=[\w.-]{1,60}\[[0-9]{1,7}\] )|TID-\w{1,12}|Main(?= )|Srv [0-9]+|[\w-]{36}(?=\t)"
    r"|[\w.]{1,40}=[^\s\"=]{1,60}(?= )|[a-z_][\w-]{0,40}[0-9./\[][\w./\[\]-]{0,60}(?= )"
    r"|(?:Main(?:Thread|Process)|Thread-[\w ()-]{1,40}?|(?:ForkPoolWorker|SpawnProcess|Dummy)-[0-9]+)(?= )"
    r"|[\w.]{1,60} ▶(?= )"
    r"|[\w.-]{1,80}(?=:(?:" + any_of(WORDS) + r")[:\s])"
    r"|[\w./-]{1,80}:[0-9]{1,6}:[\w.*()]{1,60}\(\)(?= )|[a-z][\w.-]{0,60}(?= +(?:" + any_of(WORDS) + r") ))"
)
_PARTS = {
    "columns": rf"(?:{_COLUMN}[ \t:,|-]*+){{0,6}}?",
    "word": rf"(?P<level>(?:{any_of(WORDS)})(?:[+-][0-9]{{1,3}})?){_ENDS}",
    "bracketed": rf"[\[<({{] ?(?P<level1>{_CASE.format(any_of(IN_BRACKETS))}) *[\])>}}]",
    # A single letter is a level only if no word follows.
    "letter": rf"\[(?P<level4>[DIWEFCNVT])\](?! *\[?(?:{any_of(WORDS)})\b)",
    "localised": rf"(?P<level>{any_of(LOCALISED)})",
    # "panic: " begins a crash of Go.
    "small": rf"(?P<level2>{any_of({word.lower(): '' for word in WORDS if word != 'PANIC'})})",
    "harmless": rf"(?P<level3>{any_of({word.lower(): '' for word in _HARMLESS})})(?=\s)",
    "any": f"(?P<time>{ANY_TIME})",
    **{name: f"(?P<time>{regex})" for name, regex in TIMES.items()},
    "method": r"(?:GET|HEAD|POST|PUT|PATCH|DELETE|OPTIONS|TRACE|CONNECT)",
}
