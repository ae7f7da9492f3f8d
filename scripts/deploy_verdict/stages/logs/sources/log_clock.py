"""A log's times, put right by what the canary found of its clock. Pure."""

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
        """Take in lines that are like ones before."""


class WatchedSource:
    """A source whose lines are shown to others as they pass, with their times corrected by `ahead`."""

    def __init__(self, source: LogSource, *watches: LineWatch, ahead: timedelta = timedelta(0)) -> None:
        self._source, self._watches, self._ahead = source, watches, ahead

    @property
    def name(self) -> str:
        """The source's own."""
        return self._source.name

    @property
    def fault(self) -> Fault | None:
        """The source's own."""
        return self._source.fault

    @property
    def incomplete(self) -> tuple[str, ...]:
        """The source's own."""
        return self._source.incomplete

    def lines(self) -> Iterator[SourceLine | Repeats]:
        """The source's lines."""
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
