"""A signal that comes while a line is being printed."""

import subprocess
import sys

from tests.running import ROOT

PROGRAM = """
import io, signal, sys
from deploy_verdict.window.sampling.signals import stop_on_signals

class Raw(io.RawIOBase):
    def writable(self):
        return True
    def write(self, data):
        if not stop.requested:
            signal.raise_signal(signal.SIGTERM)
        return len(data)

stop = stop_on_signals()
sys.stderr = io.TextIOWrapper(io.BufferedWriter(Raw()), write_through=True)
print("waiting", file=sys.stderr, flush=True)
print(stop.requested)
"""


def test_a_signal_in_the_middle_of_a_line_stops_and_breaks_nothing():
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        env={"PYTHONPATH": str(ROOT / "scripts")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (0, "True\n"), done.stderr
    assert "stopping after the request in flight" in done.stderr
