"""Readers with a planted bug, as a control that the fuzzer finds one."""

import time

from tests.fuzz.limits import MOST_S

_HELD = []


def planted_crash(data):
    if data[:2] == b"ab":
        raise KeyError("planted")


def planted_hang(data):
    until_s = time.process_time() + MOST_S + 0.1
    while len(data) > 1 and time.process_time() < until_s:
        pass


def planted_hog(data):
    if len(data) > 1:
        _HELD.append(b"x" * 250_000_000)


PLANTED = {"planted-crash": planted_crash, "planted-hang": planted_hang, "planted-hog": planted_hog}
