"""Fits a comment into GitHub's limit: folds complete sections, and never cuts inside a block. Pure."""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import jinja2

from deploy_verdict.markup.markdown import Safe, label, one_line
from deploy_verdict.stages.registry import report_sections

_FENCE = re.compile(r"^(\s*(?:[-*+] +|\d+[.)] +)?)(`{3,}(?=[^`]*$)|~{3,})")
_ADDRESS = re.compile(r"https?://[^\s()<>\[\]`|]+")
CUT = "*Cut here: the size limit is reached.*"


@dataclass(frozen=True, kw_only=True)
class Fold:
    """One part of the comment; `title` names its fold, and the lowest `drop_rank` is dropped first."""

    key: str
    title: str
    text: str
    drop_rank: int


def characters(text: str) -> int:
    """Count UTF-16 code units, the strictest way to count: a character beyond 16 bits counts twice."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def utf8_bytes(text: str) -> int:
    """Count the UTF-8 bytes, for places whose limit is in bytes."""
    return len(text.encode("utf-8", "surrogatepass"))


def linked(words: str, address: str | None) -> Safe:
    """Return a link if the address is one, else the words as code."""
    return Safe(f"[{words}]({address})" if is_address(address) else f"`{words}`")


def is_address(text: str | None) -> bool:
    """Whether a text can be the address of a link as it is."""
    return text is not None and _ADDRESS.fullmatch(text) is not None


def folded(head: str, folds: Sequence[Fold], limit: int) -> str:
    """Return the head with each section folded below it, as far as `limit` characters allow."""
    kept, dropped = list(folds), list[Fold]()
    text = _assembled(head, kept, dropped)
    for rank in sorted({fold.drop_rank for fold in folds}):
        if characters(text) <= limit:
            return text
        dropped += [fold for fold in kept if fold.drop_rank == rank]
        kept = [fold for fold in kept if fold.drop_rank != rank]
        text = _assembled(head, kept, dropped)
    return cut(text, limit)


def _assembled(head: str, kept: Sequence[Fold], dropped: Sequence[Fold]) -> str:
    parts = [head.rstrip("\n")]
    if dropped:
        names = ", ".join(one_line(label(section.title), 60) for section in dropped)
        parts.append(f"Left out to fit the comment's size limit, see the full report: {names}.")
    parts += [_fold(section) for section in kept]
    return "\n\n".join(parts) + "\n"


def _fold(section: Fold) -> str:
    # Without the blank lines GitHub would read the content as HTML.
    title = label(section.title)
    return f"<details>\n<summary>{title}</summary>\n\n{section.text.strip()}\n\n</details>"


def cut(text: str, limit: int, size: Callable[[str], int] = characters) -> str:
    """Return the first lines that fit, close an open fence and folds, and add a line that says so."""
    if size(text) <= limit:
        return text
    open_ = _Open()
    used, count, best = 0, 0, ""
    lines = text.split("\n")
    for number, line in enumerate(lines, start=1):
        used += size(line) + 1
        if used > limit:
            break
        open_.read(line)
        closing = open_.closing()
        if used + size(closing) <= limit:
            count, best = number, closing
    return "\n".join(lines[:count]) + "\n" + best if count else ""


class _Open:
    """The fence and folds that are open after a line."""

    def __init__(self) -> None:
        self._fence, self._indent, self._folds = "", "", 0

    def read(self, line: str) -> None:
        found = _FENCE.match(line)
        if self._fence:
            mark = line.strip()
            if mark and set(mark) == {self._fence[0]} and len(mark) >= len(self._fence):
                self._fence = ""
        elif found:
            # In a list, the fence is closed at the item's own indent.
            self._indent, self._fence = " " * len(found.group(1)), found.group(2)
        elif line.strip() == "<details>":
            self._folds += 1
        elif line.strip() == "</details>":
            self._folds = max(0, self._folds - 1)

    def closing(self) -> str:
        fence = f"{self._indent}{self._fence}\n" if self._fence else ""
        return f"{fence}\n{CUT}\n" + "\n</details>\n" * self._folds


# The page's own parts, which follow the stages': key, title of the fold, and drop rank. The failures, the
# criteria and what follows from them stay longest.
_OWN = (
    ("issues", "Issues detected", 102),
    ("baseline", "Comparison with crisis baseline", 1),
    ("deployments", "Last deployments of this service", 2),
    ("criteria", "Success criteria verification", 101),
    ("recommendations", "Recommendations", 100),
    ("conclusion", "Conclusion", 103),
    ("evidence", "Evidence", 0),
)


FIRST = ("issues", "recommendations")
ROLLBACK, KEPT = "rollback_options", 99


def drop_order() -> tuple[str, ...]:
    """Return the keys of all parts, in the order in which a comment drops them."""
    ranks = {section.key: section.drop_rank for section in report_sections()}
    ranks |= {key: rank for key, _, rank in _OWN}
    return tuple(sorted(ranks, key=ranks.__getitem__))


def sections(environment: jinja2.Environment, context: dict[str, Any]) -> Iterator[Fold]:
    """Yield what is wrong and what to do, then the evidence; what is not in the plan has no section."""
    yield from _own(environment, context, [row for row in _OWN if row[0] in FIRST])
    for item in context["stage_sections"]:
        text = _rendered(environment, item.file, {**context, "view": item.view})
        # Needed to roll back, so it stays unless the deployment is good.
        keeps = context["is_bad"] and item.section.key == ROLLBACK
        rank = KEPT if keeps else item.section.drop_rank
        yield Fold(key=item.section.key, title=item.title, text=text, drop_rank=rank)
    yield from _own(environment, context, [row for row in _OWN if row[0] not in FIRST])


def _own(
    environment: jinja2.Environment, context: dict[str, Any], rows: Sequence[tuple[str, str, int]]
) -> Iterator[Fold]:
    for key, title, rank in rows:
        text = _rendered(environment, f"report/{key}.md.j2", context)
        # A first deployment has no earlier ones to list.
        if text:
            yield Fold(key=key, title=title, text=text, drop_rank=rank)


def _rendered(environment: jinja2.Environment, template: str, context: dict[str, Any]) -> str:
    """Render a template without its own heading, which the fold's title repeats."""
    text = environment.get_template(template).render(context)
    first, _, rest = text.partition("\n")
    return (rest if first.startswith("#") else text).strip("\n")
