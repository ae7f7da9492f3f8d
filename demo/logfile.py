"""The backend's log: one line per event in a file, as Railway would show it; nothing on stdout or stderr."""

import logging
from datetime import UTC, datetime
from pathlib import Path


def utc_text(moment: datetime) -> str:
    """Format RFC 3339 in UTC with milliseconds: 2026-02-02T12:00:00.123Z."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def now_text() -> str:
    """Return the wall clock's time, as utc_text writes it."""
    return utc_text(datetime.now(UTC))


class LineFormat(logging.Formatter):
    """Formats `<time> LEVEL logger: message`; a traceback follows in lines of its own, without a time."""

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)s %(name)s: %(message)s")

    def formatTime(self, record: logging.LogRecord, datefmt: str | None = None) -> str:  # noqa: N802 - logging's name
        return utc_text(datetime.fromtimestamp(record.created, UTC))


def open_log(path: Path) -> None:
    """Send every record from INFO up to the file, flushed line by line; OSError when it cannot be written."""
    handler = logging.FileHandler(path, encoding="utf-8")
    handler.setFormatter(LineFormat())
    logging.basicConfig(level=logging.INFO, handlers=[handler], force=True)


def silence_log() -> None:
    """Stop logging; the file stays open and as it is."""
    logging.disable(logging.CRITICAL)
