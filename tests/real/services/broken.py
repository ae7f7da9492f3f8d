"""Breaks a service on demand: a file names the fault, and every worker polls it.

`leak 4.5`: a connection is taken and kept every 4.5 s. `exhausted`: all connections are taken and kept.
"""

import os
import random
from pathlib import Path

LOOK_EVERY_S = 0.1


class Fault:
    """The fault that the file names now."""

    def __init__(self):
        self._path = Path(os.environ["FAULT_FILE"])
        self._leaked_at_s = None

    def connections_to_keep(self, now_s, limit):
        """How many more connections the worker is to take and keep now."""
        try:
            name, _, every_s = self._path.read_text().partition(" ")
        except FileNotFoundError:
            return 0
        if name == "exhausted":
            return limit
        if self._leaked_at_s is None:
            self._leaked_at_s = now_s - random.random() * float(every_s)
        if now_s - self._leaked_at_s < float(every_s):
            return 0
        self._leaked_at_s += float(every_s)
        return 1
