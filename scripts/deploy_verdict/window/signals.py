"""Ctrl-C and SIGTERM as a request to stop."""

import signal
import sys
from types import FrameType

from deploy_verdict.base.clock import Stop


def stop_on_signals() -> Stop:
    """The first Ctrl-C or SIGTERM stops after the request in flight; the second stops at once."""
    stop = Stop()

    def on_signal(number: int, frame: FrameType | None) -> None:
        if stop.requested:
            raise KeyboardInterrupt
        print("stopping after the request in flight; press Ctrl-C again to stop at once", file=sys.stderr)
        stop.request()

    signal.signal(signal.SIGINT, on_signal)
    signal.signal(signal.SIGTERM, on_signal)
    return stop
