"""The relay's log: every line passes the redactor, also those of the server and of libraries."""

import logging
import threading
from typing import TextIO

from deploy_verdict.redaction.redactor import Redactor


class _Redacting(logging.Formatter):
    """Redacts the whole line, its traceback too."""

    def __init__(self, redactor: Redactor) -> None:
        super().__init__("%(asctime)s %(levelname)s %(message)s")
        self._redactor = redactor

    def format(self, record: logging.LogRecord) -> str:
        return self._redactor.text(super().format(record))


def log_to(stream: TextIO, redactor: Redactor) -> None:
    """Send all logs of the process to a stream, and what ends a thread too."""
    handler = logging.StreamHandler(stream)
    handler.setFormatter(_Redacting(redactor))
    logging.basicConfig(level=logging.INFO, handlers=[handler], force=True)
    threading.excepthook = _ended


def _ended(what: threading.ExceptHookArgs) -> None:
    logging.getLogger("relay").critical("a thread ended: %s", what.exc_type.__name__, exc_info=what.exc_value)
