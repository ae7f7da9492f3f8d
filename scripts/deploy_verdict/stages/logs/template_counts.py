"""Counting a log's lines by their templates, which separates new kinds of lines from known ones. Pure.

Memory is bounded: of each kind so many templates are kept, and lines beyond them only counted; a flood
of ordinary lines therefore never drives out an error.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from deploy_verdict.base.log_templates import KnownTemplates, fingerprint, template_of
from deploy_verdict.model import UNPROVEN_LEVEL, LogLine, PatternCount, TemplateCount
from deploy_verdict.stages.logs.entries import Entry
from deploy_verdict.stages.logs.unlevelled import may_be_error

MAX_TEMPLATES = 500
MAX_EXAMPLE_CHARS = 500
Kind = Literal["error", "unproven", "unlevelled", "other"]


@dataclass(slots=True)
class _Template:
    template: str
    kind: Kind
    level: str | None
    example: str
    count: int = 0
    first: datetime | None = None
    last: datetime | None = None

    def add(self, at: datetime | None, count: int = 1) -> None:
        self.count += count
        if at is None:
            return
        if self.first is None or self.last is None:
            self.first = self.last = at
        elif at > self.last:
            self.last = at
        elif at < self.first:
            self.first = at


class Templates:
    """The templates of the entries that are added, and how often the incident's came again."""

    def __init__(self, redact: Callable[[str], str], incident: Sequence[str], max_examples: int) -> None:
        self._redact, self._incident, self._max_examples = redact, tuple(incident), max_examples
        self._kinds: dict[Kind, dict[str, _Template]] = {
            "error": {},
            "unproven": {},
            "unlevelled": {},
            "other": {},
        }
        self._again = [_Template(template, "error", None, "") for template in incident]
        self._examples: dict[str, list[LogLine]] = {template: [] for template in incident}
        self._templates = KnownTemplates()
        self.left_out: Counter[str] = Counter()

    def add(self, entry: Entry, at: datetime | None) -> None:
        """Count an entry of the window."""
        template, kind = self._templates.template_of(entry.text), _kind(entry)
        known = self._kinds[kind]
        counted = known.get(template)
        if counted is None and len(known) < MAX_TEMPLATES:
            counted = known[template] = self._first(entry, kind)
        if counted is None:
            self.left_out[kind] += 1
        else:
            counted.add(at)
        for again in self._again:
            if again.template in template:
                self._count_again(again, entry, at)

    def _first(self, entry: Entry, kind: Kind) -> _Template:
        # What is kept is made of the redacted text: a mask may cut a secret so that it is not known again.
        text = self._kept_text(entry)
        return _Template(template_of(text), kind, entry.level, _cut(text))

    def _kept_text(self, entry: Entry) -> str:
        return self._redact(entry.text.encode("utf-8", "replace").decode("utf-8"))

    def _count_again(self, again: _Template, entry: Entry, at: datetime | None) -> None:
        again.add(at)
        examples = self._examples[again.template]
        if len(examples) < self._max_examples:
            examples.append(LogLine(at=entry.at, level=entry.level, text=_cut(self._kept_text(entry))))

    def counted(self) -> tuple[TemplateCount, ...]:
        """Every template that was kept; those that are one once they are redacted are counted as one."""
        merged: dict[tuple[str, str], _Template] = {}
        for item in (item for kind in self._kinds.values() for item in kind.values()):
            first = merged.setdefault((item.kind, item.template), item)
            if first is not item:
                first.add(item.first, item.count)
                first.add(item.last, 0)
        return tuple(
            TemplateCount(
                template=item.template,
                kind=item.kind,
                count=item.count,
                first_at=item.first,
                last_at=item.last,
                level=item.level,
                example=item.example,
            )
            for item in merged.values()
        )

    def incident_counts(self) -> tuple[PatternCount, ...]:
        """How often each of the incident's templates came, in the order of the plan."""
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
    if entry.level is not None or entry.kind == "access":
        return "other"
    return "unproven" if may_be_error(entry.text[entry.message_at :]) else "unlevelled"


def _cut(text: str) -> str:
    """The head of an entry, and of a traceback its end too."""
    if len(text) <= MAX_EXAMPLE_CHARS:
        return text
    half = MAX_EXAMPLE_CHARS // 2
    return f"{text[:half]} … {text[3 - half :]}" if "\n" in text else f"{text[: MAX_EXAMPLE_CHARS - 1]}…"
