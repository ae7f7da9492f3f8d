"""Progress for people, on stderr: a live line in a terminal, plain lines elsewhere."""

import sys
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self, TextIO

from deploy_verdict.base.clock import Pace
from deploy_verdict.base.units import shown_duration, shown_offset
from deploy_verdict.redaction.control_chars import visible
from deploy_verdict.redaction.output_guard import Guarded

if TYPE_CHECKING:
    from rich.live import Live

REFRESH_PER_SECOND = 4


class ProgressDisplay:
    """Tells lines, and in a terminal shows how far the window is and when the next look comes."""

    def __init__(self, stream: TextIO | None = None) -> None:
        # Looked up when it is made: by then, what is told passes the redactor.
        self._stream = stream or sys.stderr
        self._pace: Pace | None = None
        self._length_s, self._planned, self._taken = 0.0, 0, 0
        self._next_s: float | None = None
        self._live: Live | None = None

    def of(self, pace: Pace, length_s: float, planned: int) -> Self:
        """Follow a window: its pace, its length in plan seconds, and how many looks it has."""
        self._pace, self._length_s, self._planned = pace, length_s, planned
        return self

    def __enter__(self) -> Self:
        if self._stream.isatty():
            from rich.console import Console  # noqa: PLC0415  # not loaded where nobody looks
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
            if isinstance(self._stream, Guarded):
                self._stream.flush()
                self._stream.keeps_escapes = False

    def tell(self, line: str) -> None:
        """One line that stays, with the offset of plan time at which it was told."""
        # One line, whatever stands in it: no escapes for the terminal, no commands for GitHub's runner.
        text = f"{shown_offset(self._now_s()):>11}  {' '.join(visible(line).splitlines())}"
        if self._live is not None:
            self._live.console.print(text, markup=False, highlight=False)
        else:
            print(text, file=self._stream, flush=True)

    def due(self, offset_s: float) -> None:
        """The next look is due at this offset."""
        self._next_s = offset_s

    def took(self) -> None:
        """One planned look was taken."""
        self._taken += 1

    def _now_s(self) -> float:
        return max(0.0, self._pace.offset_s()) if self._pace else 0.0

    def _bar(self) -> Any:
        from rich.columns import Columns  # noqa: PLC0415
        from rich.progress_bar import ProgressBar  # noqa: PLC0415

        now_s = min(self._now_s(), self._length_s)
        told = (
            f"{shown_offset(now_s)} of {shown_offset(self._length_s)} · {self._taken}/{self._planned} looks"
        )
        if self._next_s is not None and self._next_s > now_s:
            told += f" · next in {shown_duration(self._next_s - now_s)}"
        return Columns([ProgressBar(total=self._length_s, completed=now_s, width=30), told])
