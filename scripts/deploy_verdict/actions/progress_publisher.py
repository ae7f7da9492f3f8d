"""Updating the comment while a sample job runs: in a process of its own, so that GitHub delays no sample."""

import subprocess
import sys
from argparse import Namespace
from collections.abc import Callable
from pathlib import Path

PACKAGE = Path(__file__).resolve().parents[1]
ENDS_WITHIN_S = 60.0


class Beside:
    """Runs `deploy-verdict ci progress` as a process of its own, one at a time."""

    def __init__(self, options: Namespace, tell: Callable[[str], None]) -> None:
        where = ["--plan", str(options.plan), "--out", str(options.out)]
        # The package run as a folder: nothing of the working directory is taken for a module of ours.
        self._command = [sys.executable, str(PACKAGE), "ci", "progress", *where]
        self._tell = tell
        self._process: subprocess.Popen[bytes] | None = None

    def publish(self) -> None:
        """Start an update, unless an earlier one is still running."""
        if self._process is None or self._process.poll() is not None:
            # Its output belongs in the job's log, not in our result on stdout.
            self._process = subprocess.Popen(self._command, stdout=sys.stderr)

    def end(self) -> None:
        """Wait for the last update, for a minute at most."""
        if self._process is None:
            return
        try:
            self._process.wait(ENDS_WITHIN_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
            self._tell(f"comment not updated: timed out after {ENDS_WITHIN_S:.0f} s")
