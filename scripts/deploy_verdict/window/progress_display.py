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
    """Prints lines; in a terminal also shows how far the window is and when the next sample is due."""

    def __init__(self, stream: TextIO | None = None) -> None:
        # Not a default argument: by now stderr passes the redactor.
        self._stream = stream or sys.stderr
        self._pace: Pace | None = None
        self._length_s, self._scheduled, self._done = 0.0, 0, 0
        self._next_s: float | None = None
        self._live: Live | None = None

    def of(self, pace: Pace, length_s: float, scheduled: int) -> Self:
        """Follow a window: its pace, its length in plan seconds, and how many samples it has."""
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
            if isinstance(self._stream, Guarded):
                self._stream.flush()
                self._stream.keeps_escapes = False

    def tell(self, line: str) -> None:
        """Print one line that stays, with the offset of plan time."""
        # Always one line: no escapes for the terminal, no commands for GitHub's runner.
        text = f"{shown_offset(self._now_s()):>11}  {' '.join(visible(line).splitlines())}"
        if self._live is not None:
            self._live.console.print(text, markup=False, highlight=False)
        else:
            print(text, file=self._stream, flush=True)

    def due(self, offset_s: float) -> None:
        """Note that the next sample is due at this offset."""
        self._next_s = offset_s

    def took(self) -> None:
        """Count one sample."""
        self._done += 1

    def _now_s(self) -> float:
        return max(0.0, self._pace.offset_s()) if self._pace else 0.0

    def _bar(self) -> Any:
        from rich.columns import Columns  # noqa: PLC0415
        from rich.progress_bar import ProgressBar  # noqa: PLC0415

        now_s = min(self._now_s(), self._length_s)
        text = f"{shown_offset(now_s)} of {shown_offset(self._length_s)}"
        text += f" · {self._done}/{self._scheduled} samples"
        if self._next_s is not None and self._next_s > now_s:
            text += f" · next in {shown_duration(self._next_s - now_s)}"
        return Columns([ProgressBar(total=self._length_s, completed=now_s, width=30), text])
