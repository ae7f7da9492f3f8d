"""Bringing the comment up to date while a sitting goes on: beside it, so that GitHub delays no sample."""

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
        """Begin to publish; while an earlier one is under way, leave it to that one."""
        if self._process is None or self._process.poll() is not None:
            # What it prints belongs to the job's log, not to our result on stdout.
            self._process = subprocess.Popen(self._command, stdout=sys.stderr)

    def end(self) -> None:
        """Wait for the last one, and no longer than a minute."""
        if self._process is None:
            return
        try:
            self._process.wait(ENDS_WITHIN_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
            self._tell("the comment could not be brought up to date in time")
