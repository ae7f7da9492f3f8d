"""Readers with a planted bug, as a control that the fuzzer finds one."""

import time

from tests.fuzz.limits import most_s

_HELD = []


def planted_crash(data):
    if data[:2] == b"ab":
        raise KeyError("planted")


def planted_hang(data):
    if len(data) > 1:
        took_s = 2 * most_s()
        until_s = time.process_time() + took_s
        while time.process_time() < until_s:
            pass


def planted_hog(data):
    if len(data) > 1:
        _HELD.append(b"x" * 250_000_000)


PLANTED = {"planted-crash": planted_crash, "planted-hang": planted_hang, "planted-hog": planted_hog}
