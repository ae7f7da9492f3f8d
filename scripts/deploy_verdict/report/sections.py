"""A comment within GitHub's limit: whole sections fold away, and nothing is cut inside a block. Pure."""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import jinja2

from deploy_verdict.markup.markdown import Safe, label, one_line

# The first goes first. What failed, what was asked and what follows from it stay longest.
LEFT_OUT_FIRST = (
    "evidence",
    "baseline",
    "performance",
    "way_back",
    "health",
    "logs",
    "traffic",
    "resources",
    "deployment",
    "e2e",
    "pools",
    "recommendations",
    "criteria",
    "issues",
    "conclusion",
)
_FENCE = re.compile(r"^(\s*(?:[-*+] +|\d+[.)] +)?)(`{3,}(?=[^`]*$)|~{3,})")
_ADDRESS = re.compile(r"https?://[^\s()<>\[\]`|]+")
CUT = "*Cut here, as this place takes no more.*"


@dataclass(frozen=True, kw_only=True)
class Section:
    """One part of the report: `key` is its place in LEFT_OUT_FIRST, `title` what its fold is called."""

    key: str
    title: str
    text: str


def characters(text: str) -> int:
    """As the strictest count has it: what lies beyond 16 bits counts twice."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def utf8_bytes(text: str) -> int:
    """For places whose limit is in bytes."""
    return len(text.encode("utf-8", "surrogatepass"))


def linked(words: str, address: str | None) -> Safe:
    """A link, where the address is one; else the words as code."""
    whole = address is not None and _ADDRESS.fullmatch(address)
    return Safe(f"[{words}]({address})" if whole else f"`{words}`")


def folded(head: str, sections: Sequence[Section], limit: int) -> str:
    """The head, and each section folded below it as far as `limit` characters allow."""
    kept, dropped = list(sections), list[Section]()
    text = _assembled(head, kept, dropped)
    for key in LEFT_OUT_FIRST:
        if characters(text) <= limit:
            return text
        dropped += [section for section in kept if section.key == key]
        kept = [section for section in kept if section.key != key]
        text = _assembled(head, kept, dropped)
    return cut(text, limit)


def _assembled(head: str, kept: Sequence[Section], dropped: Sequence[Section]) -> str:
    parts = [head.rstrip("\n")]
    if dropped:
        names = ", ".join(one_line(label(section.title), 60) for section in dropped)
        parts.append(f"Left out here, as a comment takes no more, but in the full report: {names}.")
    parts += [_fold(section) for section in kept]
    return "\n\n".join(parts) + "\n"


def _fold(section: Section) -> str:
    # Without the blank lines GitHub would read what is inside as HTML.
    title = label(section.title)
    return f"<details>\n<summary>{title}</summary>\n\n{section.text.strip()}\n\n</details>"


def cut(text: str, limit: int, size: Callable[[str], int] = characters) -> str:
    """The first lines that fit, with a fence and folds closed that stand open there, and a word about it."""
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
    """What stands open after a line."""

    def __init__(self) -> None:
        self._fence, self._indent, self._folds = "", "", 0

    def read(self, line: str) -> None:
        found = _FENCE.match(line)
        if self._fence:
            mark = line.strip()
            if mark and set(mark) == {self._fence[0]} and len(mark) >= len(self._fence):
                self._fence = ""
        elif found:
            # In a list the fence is closed at the item's own indent.
            self._indent, self._fence = " " * len(found.group(1)), found.group(2)
        elif line.strip() == "<details>":
            self._folds += 1
        elif line.strip() == "</details>":
            self._folds = max(0, self._folds - 1)

    def closing(self) -> str:
        fence = f"{self._indent}{self._fence}\n" if self._fence else ""
        return f"{fence}\n{CUT}\n" + "\n</details>\n" * self._folds


# As the report has them: key, what the fold is called, template. Pools come one by one.
_PARTS = (
    ("deployment", "Railway deployment", "deployment"),
    ("way_back", "The way back", "way_back"),
    ("health", "Health checks", "health"),
    ("e2e", "E2E test results", "e2e"),
    ("pools", "Pools", "pool"),
    ("logs", "Backend error logs", "logs"),
    ("traffic", "Real traffic", "traffic"),
    ("resources", "Resources", "resources"),
    ("performance", "API performance", "performance"),
    ("issues", "Issues detected", "issues"),
    ("baseline", "Comparison with crisis baseline", "baseline"),
    ("criteria", "Success criteria verification", "criteria"),
    ("recommendations", "Recommendations", "recommendations"),
    ("conclusion", "Conclusion", "conclusion"),
    ("evidence", "Evidence", "evidence"),
)
_ONLY_WHERE_ASKED = ("way_back", "traffic", "resources")


def sections(environment: jinja2.Environment, context: dict[str, Any]) -> Iterator[Section]:
    """In the order of the report; what the plan does not ask for has no section."""
    for key, title, template in _PARTS:
        if key in _ONLY_WHERE_ASKED and context[key] is None:
            continue
        if key == "pools":
            for pool in context["pools"]:
                text = _rendered(environment, template, {**context, "pool": pool})
                yield Section(key=key, title=f"{pool.title} connection pool", text=text)
        else:
            yield Section(key=key, title=title, text=_rendered(environment, template, context))


def _rendered(environment: jinja2.Environment, template: str, context: dict[str, Any]) -> str:
    """Without its own heading, which the fold's name repeats."""
    text = environment.get_template(f"report/{template}.md.j2").render(context)
    first, _, rest = text.partition("\n")
    return (rest if first.startswith("#") else text).strip("\n")
