"""Markdown tables by tabulate, with every cell made harmless; and long tables cut. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from tabulate import tabulate

from deploy_verdict.markup.markdown import Safe, cell, cell_code

MAX_ROWS = 200


class Code(str):
    """A cell that is shown as code throughout."""

    __slots__ = ()


@dataclass(frozen=True)
class Table:
    """Headers and rows of raw text."""

    headers: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


def table(content: Table) -> Safe:
    """Format a table for GitHub. Numbers stay as they are written: a commit called 1e10 is not a number."""
    rows = [list(map(_cell, row)) for row in content.rows]
    headers = [cell(header) for header in content.headers]
    return Safe(tabulate(rows, headers=headers, tablefmt="github", disable_numparse=True))


def _cell(item: str) -> str:
    if isinstance(item, Safe):
        return item
    return cell_code(item) if isinstance(item, Code) else cell(item)


def kept(count: int, worst: Iterable[int], limit: int = MAX_ROWS) -> Sequence[int]:
    """Return the rows that a long table keeps: the worst ones, and every n-th, first and last."""
    if count <= limit:
        return range(count)
    half = limit // 2
    step = -(-count // half)
    every = {*range(0, count, step), count - 1}
    return sorted(every | set(list(worst)[: limit - half]))
