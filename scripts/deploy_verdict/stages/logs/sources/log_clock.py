"""A log's times, corrected by what the canary found out about its clock. Pure."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Protocol

from deploy_verdict.model import Fault
from deploy_verdict.stages.logs.counting.review import LogSource
from deploy_verdict.stages.logs.lines.alike import Repeats
from deploy_verdict.stages.logs.lines.source_lines import SourceLine


class LineWatch(Protocol):
    """Something that is shown every line."""

    def add(self, line: SourceLine) -> None:
        """Take in a line."""

    def add_repeats(self, repeats: Repeats) -> None:
        """Take in lines that repeat earlier ones."""


class WatchedSource:
    """A source whose lines are shown to watches as they pass, with times corrected by `ahead`."""

    def __init__(self, source: LogSource, *watches: LineWatch, ahead: timedelta = timedelta(0)) -> None:
        self._source, self._watches, self._ahead = source, watches, ahead

    @property
    def name(self) -> str:
        """The name of the source."""
        return self._source.name

    @property
    def fault(self) -> Fault | None:
        """The fault of the source."""
        return self._source.fault

    @property
    def incomplete(self) -> tuple[str, ...]:
        """What the source lacks."""
        return self._source.incomplete

    def lines(self) -> Iterator[SourceLine | Repeats]:
        """Yield the source's lines."""
        for line in self._source.lines():
            if not isinstance(line, Repeats):
                yield self._seen(line)
            elif self._ahead:
                yield from map(self._seen, line)
            else:
                for watch in self._watches:
                    watch.add_repeats(line)
                yield line

    def _seen(self, line: SourceLine) -> SourceLine:
        if self._ahead and line.at is not None:
            line = line._replace(at=line.at - self._ahead)
        for watch in self._watches:
            watch.add(line)
        return line
