"""Turns Ctrl-C and SIGTERM into a request to stop."""

import os
import signal
from contextlib import suppress
from types import FrameType

from deploy_verdict.base.clock import Stop

STDERR = 2
STOPPING = b"stopping after the request in flight; press Ctrl-C again to stop at once\n"


def stop_on_signals() -> Stop:
    """Install handlers: the first Ctrl-C or SIGTERM stops after the request in flight, the second at once."""
    stop = Stop()

    def on_signal(number: int, frame: FrameType | None) -> None:
        if stop.requested:
            raise KeyboardInterrupt
        stop.request()
        # Not print: a signal may interrupt a print, and a stream cannot be re-entered.
        with suppress(OSError):
            os.write(STDERR, STOPPING)

    signal.signal(signal.SIGINT, on_signal)
    signal.signal(signal.SIGTERM, on_signal)
    return stop
