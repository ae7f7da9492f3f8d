"""The limits of every reader on any input: one second of work and 200 MB for the process."""

import functools
import time

import yaml

from tests.matrix.child import peak_mb

MOST_S, MOST_MB = 1.0, 200.0
# A second of the machine on which the limit was set is three times what PyYAML takes for this text there.
_PEER_TEXT, _PEER_TIMES = "- {a: 1, b: [c, 'd']}\n" * 2300, 3


class HangError(AssertionError):
    """One input took longer than `most_s()`."""


class HogError(AssertionError):
    """The process has used more than MOST_MB."""


def most_s():
    """MOST_S, or on a slower or busy machine three times what PyYAML takes for one text just now."""
    return max(MOST_S, _PEER_TIMES * _took_s(yaml.safe_load, _PEER_TEXT))


def _took_s(function, argument):
    began_s = time.process_time()
    function(argument)
    return time.process_time() - began_s


def checked(target):
    """Wrap a target so that it raises HangError or HogError when it exceeds a limit.

    The time is the process's CPU time, so that waiting for other processes does not fail a reader; and as a
    CPU second of a busy machine does less, a reader beyond the limit is measured against PyYAML there and
    then. A reader that waits without working is ended by the fuzzer's own timeout, or by the test's.
    """

    @functools.wraps(target)
    def run(data):
        took_s = _took_s(target, data)
        if took_s > MOST_S and took_s > (allowed_s := most_s()):
            raise HangError(f"{len(data)} bytes took {took_s:.1f} s of at most {allowed_s:.1f} s")
        peak = peak_mb()
        if peak > MOST_MB:
            raise HogError(f"the process held {peak:.0f} MB of at most {MOST_MB:g} MB")

    return run
