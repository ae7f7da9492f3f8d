"""Shows progress on stderr: a live line in a terminal, plain lines elsewhere."""

import sys
from collections.abc import Sequence
from datetime import UTC, timedelta
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self, TextIO

from deploy_verdict.base.clock import Pace
from deploy_verdict.base.units import shown_duration, shown_offset
from deploy_verdict.model import Outcome
from deploy_verdict.redaction.control_chars import visible
from deploy_verdict.redaction.output_guard import Guarded

if TYPE_CHECKING:
    from rich.live import Live

REFRESH_PER_SECOND = 4
MARK = {Outcome.PASS: "✓", Outcome.FAIL: "✗", Outcome.INCONCLUSIVE: "?", None: "·"}
STYLE = {Outcome.PASS: "green", Outcome.FAIL: "bold red", Outcome.INCONCLUSIVE: "yellow", None: ""}
COLUMN = 11


class ProgressDisplay:
    """Prints lines; a terminal also shows what is running, how far the window is and what comes next."""

    def __init__(self, stream: TextIO | None = None) -> None:
        # Not a default argument, which would hold stderr from before the redactor wrapped it.
        self._stream = stream or sys.stderr
        self._pace: Pace | None = None
        self._length_s, self._scheduled, self._done = 0.0, 0, 0
        self._next: tuple[float, str] | None = None
        self._running = self._detail = ""
        self._live: Live | None = None

    def of(self, pace: Pace, length_s: float, scheduled: int) -> Self:
        """Follow a window: its pace, its length in plan seconds, and its number of samples."""
        self._pace, self._length_s, self._scheduled = pace, length_s, scheduled
        return self

    def __enter__(self) -> Self:
        if self._stream.isatty():
            from rich.console import Console  # noqa: PLC0415  # only in a terminal
            from rich.live import Live  # noqa: PLC0415

            console = Console(file=self._stream)
            self._live = Live(
                console=console,
                get_renderable=self._bar,
                refresh_per_second=REFRESH_PER_SECOND,
                transient=True,
            )
            if isinstance(self._stream, Guarded):
                self._stream.keeps_escapes = True
            self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._live is not None:
            self._live.stop()
            self._live = None
            if isinstance(self._stream, Guarded):
                # Still unredacted: the sequence that erases the line looks like the start of a secret.
                self._stream.finish()
                self._stream.keeps_escapes = False

    def tell(self, line: str) -> None:
        """Print a permanent line with the current offset."""
        self._print(shown_offset(self._now_s()), "", line)

    def result(self, offset_s: float, outcome: Outcome | None, line: str) -> None:
        """Print the result of a sample with its offset; without an outcome, its numbers."""
        self._print(shown_offset(offset_s), f"{MARK[outcome]} ", line, STYLE[outcome])

    def closing(self, line: str) -> None:
        """Print one of the last lines, without an offset."""
        self._print("", "", line)

    def detail(self, line: str) -> None:
        """Show a running sample's progress; a terminal drops it when the sample ends."""
        self._detail = line
        if self._live is None:
            self.tell(line)

    def runs(self, what: str) -> None:
        """Set what is running; an empty text means nothing is."""
        self._running, self._detail = what, ""

    def due(self, offset_s: float, stages: Sequence[str]) -> None:
        """Set when the next samples are due, and of which stages."""
        if self._next is not None and self._next[0] == offset_s:
            return
        self._next = offset_s, ", ".join(stages)
        if self._live is None and self._pace is not None and offset_s > self._now_s():
            self.tell(f"next: {self._next_words()}")

    def took(self) -> None:
        """Count one sample."""
        self._done += 1

    def _print(self, column: str, mark: str, line: str, style: str = "") -> None:
        # One line only: no escapes for the terminal, no commands for GitHub's runner.
        text = " ".join(visible(line).splitlines())
        if self._live is None:
            print(f"{column:>{COLUMN}}  {mark}{text}", file=self._stream, flush=True)
            return
        from rich.table import Table  # noqa: PLC0415
        from rich.text import Text  # noqa: PLC0415

        # A table row, so that a long line wraps below its own beginning.
        row = Table.grid(padding=(0, 1))
        row.add_column(width=COLUMN, justify="right", style="dim", no_wrap=True)
        row.add_column(width=1, style=style)
        row.add_column()
        row.add_row(column, mark.strip(), Text(text))
        self._live.console.print(row, highlight=False)

    def _now_s(self) -> float:
        return max(0.0, self._pace.offset_s()) if self._pace else 0.0

    def _next_words(self) -> str:
        """Say when the next samples are due: the clock time, and how long until then."""
        if self._next is None or self._pace is None:
            return ""
        offset_s, stages = self._next
        left_s = (offset_s - self._now_s()) / self._pace.speed
        at = (self._pace.clock.now() + timedelta(seconds=max(0.0, left_s))).astimezone(UTC)
        wait = f" (in {shown_duration(round(left_s))})" if left_s >= 1 else ""
        return f"{shown_offset(offset_s)} at {at:%H:%M:%S} UTC{wait}: {stages}"

    def _bar(self) -> Any:
        from rich.console import Group  # noqa: PLC0415
        from rich.progress_bar import ProgressBar  # noqa: PLC0415
        from rich.table import Table  # noqa: PLC0415
        from rich.text import Text  # noqa: PLC0415

        now_s = min(self._now_s(), self._length_s)
        text = f"{shown_offset(now_s)} of {shown_offset(self._length_s)}"
        text += f" · {self._done}/{self._scheduled} samples"
        if self._running:
            # The bar already shows the offset that the detail begins with.
            said = visible(self._detail.partition("min: ")[2] or self._detail)
            doing = f"now   {self._running}" + (f": {said}" if said else "")
        else:
            doing = f"next  {self._next_words()}"
        bar = ProgressBar(total=self._length_s, completed=now_s, width=30)
        row = Table.grid(padding=(0, 2))
        row.add_row(bar, Text(text, no_wrap=True))
        return Group(Text(doing, no_wrap=True, overflow="ellipsis"), row)
