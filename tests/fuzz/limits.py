"""What no input may make a reader do: take more than a second, or take the process above 200 MB."""

import functools
import time

from tests.matrix.child import peak_mb

MOST_S, MOST_MB = 1.0, 200.0


class HangError(AssertionError):
    """One input took longer than MOST_S."""


class HogError(AssertionError):
    """The process has held more than MOST_MB."""


def checked(target):
    """The target, which raises HangError or HogError besides what it raises itself.

    The processor's time and not the clock's: other processes on the machine are not the reader's doing.
    What waits instead of working is ended by the fuzzer's own limit, or by the test's.
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
