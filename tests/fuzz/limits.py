"""The limits of every reader on any input: one second of work and 200 MB for the process."""

import functools
import time

from tests.matrix.child import peak_mb

MOST_S, MOST_MB = 1.0, 200.0


class HangError(AssertionError):
    """One input took longer than MOST_S."""


class HogError(AssertionError):
    """The process has used more than MOST_MB."""


def checked(target):
    """Wrap a target so that it raises HangError or HogError when it exceeds a limit.

    The time is the process's CPU time, so that a busy machine does not fail a reader. A reader that waits
    without working is ended by the fuzzer's own timeout, or by the test's.
    """

    @functools.wraps(target)
    def run(data):
        began_s = time.process_time()
        target(data)
        took_s = time.process_time() - began_s
        if took_s > MOST_S:
            raise HangError(f"{len(data)} bytes took {took_s:.1f} s of at most {MOST_S:g} s")
        peak = peak_mb()
        if peak > MOST_MB:
            raise HogError(f"the process held {peak:.0f} MB of at most {MOST_MB:g} MB")

    return run
