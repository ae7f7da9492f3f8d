"""Ctrl-C and SIGTERM as a polite wish to stop. Shell."""

import signal
import sys
from types import FrameType

from deploy_verdict.base.clock import Stop


def stop_on_signals() -> Stop:
    """The first Ctrl-C or SIGTERM asks to stop after the request under way; the second ends at once."""
    stop = Stop()

    def on_signal(number: int, frame: FrameType | None) -> None:
        if stop.requested:
            raise KeyboardInterrupt
        print("stopping after the request under way; once more to stop at once", file=sys.stderr)
        stop.request()

    signal.signal(signal.SIGINT, on_signal)
    signal.signal(signal.SIGTERM, on_signal)
    return stop
