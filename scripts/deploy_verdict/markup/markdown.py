"""Makes foreign text harmless in Markdown: no tables broken, nobody mentioned, no HTML. Pure.

Raw text (bodies, log lines, addresses) belongs in code, where GitHub neither links nor mentions; a sentence
goes through `inline`, which puts only its risky words in code.
"""

import json
import re
from typing import Any

from deploy_verdict.redaction.control_chars import visible

WIDTH = 96


def shown_body(body: str) -> tuple[str, str]:
    """Return a body for a code block, and the block's language; what is not plain JSON stays as it came."""
    try:
        value = json.loads(body)
        json.dumps(value, allow_nan=False)
        return _laid_out(value, "", top=True), "json"
    except (ValueError, RecursionError):
        return body, "text"


def _laid_out(value: Any, margin: str, *, top: bool = False) -> str:
    flat = json.dumps(value, ensure_ascii=False)
    if not isinstance(value, dict | list) or not value or (not top and len(margin) + len(flat) <= WIDTH):
        return flat
    inner = f"{margin}  "
    if isinstance(value, dict):
        parts = [
            f"{inner}{json.dumps(key, ensure_ascii=False)}: {_laid_out(item, inner)}"
            for key, item in value.items()
        ]
    else:
        parts = [inner + _laid_out(item, inner) for item in value]
    opening, closing = "{}" if isinstance(value, dict) else "[]"
    return f"{opening}\n" + ",\n".join(parts) + f"\n{margin}{closing}"


_RISKY = re.compile(r"[@$]|#\d|://|www\.|GH-\d|mailto:|xmpp:", re.IGNORECASE)
_CODE = re.compile(r"(?<!`)`([^`]+)`(?!`)")
_ACTIVE = re.compile(r"[\\`*\[\]~|]|<(?=[A-Za-z/!?])|&(?=[#\w])|(?<![^\W_])_|_(?![^\W_])")
_STARTS_BLOCK = re.compile(r"[-+=>#:]|\d+(?=[.)]$)")
INLINE_CHARACTERS = 400
CELL_CHARACTERS = 240
BLOCK_CHARACTERS = 4000
BLOCK_LINES = 60


class Safe(str):
    """Markdown that is meant as it is; templates put everything else through `inline`."""

    __slots__ = ()


def clean(text: str) -> str:
    """Remove ANSI escapes, control, invisible and bidi characters, and break HTML comments."""
    return visible(text).replace("<!--", "<!- -").replace("-->", "-- >")


def one_line(text: str, limit: int = INLINE_CHARACTERS) -> str:
    """Return cleaned text on one line, white space collapsed, cut at `limit` characters."""
    # A generous first cut, so that no body of megabytes is cleaned for the sake of one line.
    line = " ".join(clean(text[: 8 * limit]).split())
    return line if len(line) <= limit and len(text) <= 8 * limit else f"{line[: limit - 1]}…"


def code(text: str, limit: int = INLINE_CHARACTERS) -> Safe:
    """Return one line as a code span whose fence is longer than any run of backticks in it."""
    return Safe(_code(one_line(text, limit)))


def _code(line: str) -> str:
    if not line:
        return "(empty)"
    fence = "`" * (_longest_run(line) + 1)
    pad = " " if "`" in (line[0], line[-1]) else ""
    return f"{fence}{pad}{line}{pad}{fence}"


def _longest_run(text: str) -> int:
    return max((len(run) for run in re.findall(r"`+", text)), default=0)


def inline(text: str, limit: int = INLINE_CHARACTERS) -> Safe:
    """Return one line for a paragraph or list item; backticks stay code, and risky words become code."""
    pieces = _marked(one_line(text, limit))
    if pieces and not pieces[0][0]:
        pieces[0] = False, _STARTS_BLOCK.sub(_escaped_start, pieces[0][1], count=1)
    return Safe(_joined([piece for _, piece in pieces]))


def cell(text: str, limit: int = CELL_CHARACTERS) -> Safe:
    """Return a table cell. GFM splits cells before it reads code, so a pipe is escaped in code as well."""
    pieces = [
        piece.replace("|", "\\|") if is_code else piece for is_code, piece in _marked(one_line(text, limit))
    ]
    return Safe(_joined(pieces))


def cell_code(text: str, limit: int = CELL_CHARACTERS) -> Safe:
    """Return a table cell that is code throughout."""
    return Safe(_code(one_line(text, limit)).replace("|", "\\|"))


def _marked(line: str) -> list[tuple[bool, str]]:
    """Return the line's pieces as Markdown, each with whether it is code."""
    marked: list[tuple[bool, str]] = []
    for number, part in enumerate(_CODE.split(line)):
        if number % 2:
            marked.append((True, _code(part)))
            continue
        for word in re.split(r"( )", part):
            if _RISKY.search(word):
                marked.append((True, _code(word)))
            elif word:
                marked.append((False, _ACTIVE.sub(r"\\\g<0>", word)))
    return marked


def _escaped_start(match: re.Match[str]) -> str:
    if match.start() != 0:
        return match.group(0)
    return f"{match.group(0)}\\" if match.group(0)[0].isdigit() else f"\\{match.group(0)}"


def _joined(pieces: list[str]) -> str:
    """Join the pieces; two adjacent code spans would merge, so a space goes between."""
    joined = ""
    for piece in pieces:
        joined += f" {piece}" if joined.endswith("`") and piece.startswith("`") else piece
    return joined.strip()


def fenced(text: str, language: str = "") -> Safe:
    """Return a code block that no backticks inside can end; a long text is cut, and says so."""
    # A generous first cut: several bytes of escapes may vanish for each character that stays.
    harmless = clean(text[: 4 * BLOCK_CHARACTERS]).rstrip()
    lines = harmless[:BLOCK_CHARACTERS].split("\n")[:BLOCK_LINES]
    body = "\n".join(line.rstrip() for line in lines)
    fence = "`" * max(3, _longest_run(body) + 1)
    block = f"{fence}{language}\n{body}\n{fence}"
    if len(text) <= 4 * BLOCK_CHARACTERS and len(body) >= len(
        "\n".join(map(str.rstrip, harmless.split("\n")))
    ):
        return Safe(block)
    return Safe(f"{block}\n\nCut here: the evidence has all {len(text):,} characters.")


def indented(text: str, width: int) -> Safe:
    """Indent every line but the first, as a list item's further lines must be."""
    return Safe(text.replace("\n", "\n" + " " * width))


def label(text: str) -> str:
    """Return a title for a Mermaid chart, with letters, digits and harmless signs only."""
    return " ".join(re.sub(r"[^\w .,%()+]", " ", one_line(text, 60)).split())
