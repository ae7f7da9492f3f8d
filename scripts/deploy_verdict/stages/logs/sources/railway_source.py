"""The deployment's complete log, as Railway keeps it, as a source for the log review."""

import json
import tempfile
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta
from typing import IO

from deploy_verdict.model import Fault
from deploy_verdict.railway import LogEntry, RailwayClient, RailwayError, deploy_log
from deploy_verdict.railway.paging import PAGE, LogGapError, pages
from deploy_verdict.stages.logs.lines.line_reader import LEARN_BYTES, LEARN_LINES, LineReader
from deploy_verdict.stages.logs.lines.source_lines import SourceLine, without_colours

RETENTION_DAYS = {"free": 7, "trial": 7, "hobby": 7, "pro": 30, "enterprise": 90}
_SHORTEST_DAYS = 7


class RailwaySource:
    """Reads each deployment's log backwards into a temporary file, then yields the lines oldest first.

    It reads from the first line, start-up lines included, or from `start`, up to `end`. `tier` is the
    workspace's tier, which decides how long a log is kept; if it is not known, the shortest time is assumed.
    """

    def __init__(
        self,
        railway: RailwayClient,
        deployment_ids: Sequence[str],
        *,
        end: datetime,
        window_start: datetime,
        tier: str | None = None,
        start: datetime | None = None,
        tell: Callable[[str], None],
    ) -> None:
        self.name = f"Railway's log of {', '.join(identity[:8] for identity in deployment_ids)}"
        self.fault: Fault | None = None
        self.incomplete: tuple[str, ...] = ()
        self._railway, self._ids = railway, tuple(deployment_ids)
        self._start, self._end = start, end
        self._tell = tell
        self._check_retention(window_start, tier)

    def _check_retention(self, window_start: datetime, tier: str | None) -> None:
        days = RETENTION_DAYS.get(tier or "", _SHORTEST_DAYS)
        if self._end - window_start > timedelta(days=days):
            whose = f"the tier {tier}" if tier else "the shortest tier; set railway.tier"
            self._lack(f"Railway keeps logs for {days} days ({whose}), and the window began before that")

    def _lack(self, reason: str) -> None:
        self.incomplete = (*self.incomplete, reason)

    def lines(self) -> Iterator[SourceLine]:
        """Yield the lines of all deployments, oldest first, merged by their time."""
        with tempfile.TemporaryFile("w+b") as file:
            merged = [self._spilled(file, identity) for identity in self._ids]
            yield from _merged([_read_back(file, places, LineReader(self._end)) for places in merged])

    def _spilled(self, file: IO[bytes], deployment_id: str) -> list[tuple[int, int]]:
        """Write a log into the file; return where each of its pages lies, the oldest first."""
        places: list[tuple[int, int]] = []
        count = 0

        def ask(until: datetime, limit: int) -> Sequence[LogEntry]:
            return deploy_log(self._railway, deployment_id, start=self._start, end=until, limit=limit)

        try:
            for found in pages(ask, _identity, start=self._start, end=self._end, limit=PAGE):
                begin = file.seek(0, 2)
                for entry in found:
                    file.write(_written(entry))
                places.append((begin, file.tell()))
                count += len(found)
                if count > PAGE:
                    self._tell(
                        f"logs: {count} lines of deployment {deployment_id[:8]} read from Railway so far"
                    )
        except RailwayError as error:
            self.fault = self.fault or error.fault
        except LogGapError as error:
            self._lack(str(error))
        return places[::-1]


def _identity(entry: LogEntry) -> tuple[str, str, str | None]:
    return entry.timestamp, entry.message, entry.instance


def _written(entry: LogEntry) -> bytes:
    structured = bool(entry.attributes.keys() - {"level"})
    attributes = [
        f"{name}={json.dumps(value, ensure_ascii=True)}"
        for name, value in entry.attributes.items()
        if name != "level"
    ]
    text = "\n".join([without_colours(entry.message), *attributes])
    at = entry.at.isoformat() if entry.at else None
    return json.dumps([at, entry.severity, structured, text], ensure_ascii=True).encode() + b"\n"


def _read_back(
    file: IO[bytes], places: Sequence[tuple[int, int]], reader: LineReader
) -> Iterator[SourceLine]:
    if places:
        file.seek(places[0][0])
        firsts = file.read(min(LEARN_BYTES, places[0][1] - places[0][0])).splitlines(keepends=True)
        reader.learn([json.loads(raw)[-1] for raw in firsts[:LEARN_LINES] if raw.endswith(b"\n")])
    for begin, end in places:
        place = begin
        while place < end:
            # Several logs are read from one file in turn, so each seeks its own place again.
            file.seek(place)
            raw = file.readline()
            place += len(raw)
            at, severity, structured, text = json.loads(raw)
            moment = datetime.fromisoformat(at) if at else None
            yield reader.of_platform(text, moment, severity, structured=structured)


def _merged(logs: Sequence[Iterator[SourceLine]]) -> Iterator[SourceLine]:
    """Yield the lines of several logs by time; a line without a time stays behind the line before it."""
    heads = [(next(log, None), log) for log in logs]
    while True:
        waiting = [(head, log) for head, log in heads if head is not None]
        if not waiting:
            return
        first = min(waiting, key=lambda item: item[0].at.timestamp() if item[0].at else 0.0)
        yield first[0]
        heads = [(next(log, None), log) if log is first[1] else (head, log) for head, log in heads]
