"""Counts a log's lines by their templates, which separates new kinds of lines from known ones. Pure.

Memory is bounded: of each kind a limited number of templates is kept, and lines beyond them are only counted.
So a flood of ordinary lines never displaces an error.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from deploy_verdict.base.log_templates import KnownTemplates, fingerprint, template_of
from deploy_verdict.model import UNPROVEN_LEVEL, LogLine, PatternCount, TemplateCount
from deploy_verdict.stages.logs.counting.unlevelled import may_be_error
from deploy_verdict.stages.logs.lines.entries import Entry

MAX_TEMPLATES = 500
MAX_EXAMPLE_CHARS = 500
# The quoted texts by which one template is split; beyond that, the quoted text simply varies.
MAX_QUOTED = 50
Kind = Literal["error", "unproven", "warning", "unlevelled", "other"]
_BY_WORDS_OF_QUOTES = ("error", "unproven", "warning")


@dataclass(slots=True)
class CountedTemplate:
    """One template, and when and how often it came."""

    template: str
    kind: Kind
    level: str | None
    example: str
    count: int = 0
    first: datetime | None = None
    last: datetime | None = None
    minutes: int = 0
    spells: int = 0
    most_in_minute: int = 0
    _minute: int = -1
    _in_minute: int = 0

    def add(self, at: datetime | None, minute: int) -> None:
        """Count one occurrence; `minute` is the minute of its time."""
        self.count += 1
        if at is None:
            return
        if self.first is None or at < self.first:
            self.first = at
        if self.last is None or at > self.last:
            self.last = at
        if minute != self._minute:
            self.spells += minute != self._minute + 1 or self._minute < 0
            self._minute, self._in_minute = minute, 0
            self.minutes += 1
        self._in_minute += 1
        self.most_in_minute = max(self.most_in_minute, self._in_minute)

    def add_repeats(self, count: int, first: datetime, last: datetime, minute: int) -> None:
        """Count several occurrences in one minute."""
        self.add(first, minute)
        self.last = max(last, self.last or last)
        self.count += count - 1
        self._in_minute += count - 1
        self.most_in_minute = max(self.most_in_minute, self._in_minute)

    def take_in(self, other: "CountedTemplate") -> None:
        """Add the counts of a template that is equal once redacted."""
        self.count += other.count
        self.minutes += other.minutes
        self.spells += other.spells
        self.most_in_minute = max(self.most_in_minute, other.most_in_minute)
        self.first = min(filter(None, (self.first, other.first)), default=None)
        self.last = max(filter(None, (self.last, other.last)), default=None)


class Templates:
    """The templates of the entries that are added, and how often those of the incident recurred.

    `minute_s`: how many real seconds a minute of plan time takes.
    """

    minute_s = 60.0

    def __init__(self, redact: Callable[[str], str], incident: Sequence[str], max_examples: int) -> None:
        self._redact, self._incident, self._max_examples = redact, tuple(incident), max_examples
        self._kinds: dict[Kind, dict[str, CountedTemplate]] = {
            "error": {},
            "unproven": {},
            "warning": {},
            "unlevelled": {},
            "other": {},
        }
        self._again = [CountedTemplate(template, "error", None, "") for template in incident]
        self._examples: dict[str, list[LogLine]] = {template: [] for template in incident}
        self._quoted: Counter[tuple[str, str]] = Counter()
        self._bare, self._by_words = KnownTemplates(), KnownTemplates(words_of_quotes=True)
        self.left_out: Counter[str] = Counter()

    def minute(self, at_s: float | None) -> int:
        """Return the minute of a time, in plan time; -1 without a time."""
        return int(at_s / self.minute_s) if at_s is not None else -1

    @property
    def is_plain(self) -> bool:
        """Whether only the template of an entry matters."""
        return not self._again

    def add(self, entry: Entry, at: datetime | None) -> CountedTemplate | None:
        """Count an entry of the window by its template; None if there are too many templates."""
        minute = self.minute(at.timestamp() if at is not None else None)
        kind = _kind(entry)
        by_words = kind in _BY_WORDS_OF_QUOTES
        known = self._kinds[kind]
        templates = self._by_words if by_words else self._bare
        template = templates.template_of(entry.text)
        counted = known.get(template)
        if counted is None and by_words and ("'" in template or '"' in template):
            bare = self._bare.template_of(entry.text)
            by_words = bare == template or self._quoted[kind, bare] < MAX_QUOTED
            if bare != template and len(known) < MAX_TEMPLATES:
                self._quoted[kind, bare] += 1
            template = template if by_words else bare
            counted = known.get(template)
        if counted is None and len(known) < MAX_TEMPLATES:
            counted = known[template] = self._first(entry, kind, by_words=by_words)
        if counted is None:
            self.left_out[kind] += 1
        else:
            counted.add(at, minute)
        if self._again:
            bare = self._bare.template_of(entry.text)
            for again in self._again:
                if again.template in bare:
                    self._count_again(again, entry, at, minute)
        return counted

    def _first(self, entry: Entry, kind: Kind, *, by_words: bool) -> CountedTemplate:
        # Templates are made of the redacted text: a mask may cut a secret so that it is no longer recognized.
        text = self._kept_text(entry)
        return CountedTemplate(template_of(text, words_of_quotes=by_words), kind, entry.level, _cut(text))

    def _kept_text(self, entry: Entry) -> str:
        return self._redact(entry.text.encode("utf-8", "replace").decode("utf-8"))

    def _count_again(self, again: CountedTemplate, entry: Entry, at: datetime | None, minute: int) -> None:
        again.add(at, minute)
        examples = self._examples[again.template]
        if len(examples) < self._max_examples:
            examples.append(LogLine(at=entry.at, level=entry.level, text=_cut(self._kept_text(entry))))

    def counted(self) -> tuple[TemplateCount, ...]:
        """Return every kept template; those that are equal once redacted are merged."""
        merged: dict[tuple[str, str], CountedTemplate] = {}
        for item in (item for kind in self._kinds.values() for item in kind.values()):
            first = merged.setdefault((item.kind, item.template), item)
            if first is not item:
                first.take_in(item)
        return tuple(
            TemplateCount(
                template=item.template,
                kind=item.kind,
                count=item.count,
                first_at=item.first,
                last_at=item.last,
                minutes=item.minutes,
                spells=item.spells,
                most_in_minute=item.most_in_minute,
                level=item.level,
                example=item.example,
            )
            for item in merged.values()
        )

    def incident_counts(self) -> tuple[PatternCount, ...]:
        """Return how often each template of the incident came, in the order of the plan."""
        return tuple(
            PatternCount(
                pattern=self._redact(again.template),
                sought=fingerprint(again.template),
                count=again.count,
                first_at=again.first,
                last_at=again.last,
                examples=tuple(self._examples[again.template]),
            )
            for again in self._again
        )


def _kind(entry: Entry) -> Kind:
    if entry.level == "INFO":
        return "other"
    if entry.level in ("ERROR", "CRITICAL"):
        return "error"
    if entry.level == UNPROVEN_LEVEL:
        return "unproven"
    if entry.level == "WARNING":
        return "warning"
    if entry.level is not None or entry.kind == "access":
        return "other"
    return "unproven" if may_be_error(entry.text[entry.message_at :]) else "unlevelled"


def _cut(text: str) -> str:
    """Return the head of an entry, and of a traceback its end too."""
    if len(text) <= MAX_EXAMPLE_CHARS:
        return text
    half = MAX_EXAMPLE_CHARS // 2
    return f"{text[:half]} … {text[3 - half :]}" if "\n" in text else f"{text[: MAX_EXAMPLE_CHARS - 1]}…"
