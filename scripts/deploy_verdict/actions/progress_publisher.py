"""Posting after each sample of a job: in a process of its own, so that GitHub delays no sample."""

import subprocess
import sys
from argparse import Namespace
from collections.abc import Callable
from pathlib import Path

from deploy_verdict.actions.progress import ENDED_FILE

PACKAGE = Path(__file__).resolve().parents[1]
ENDS_WITHIN_S = 60.0


class ProgressPublisher:
    """Runs `deploy-verdict ci progress` as a process of its own, one at a time."""

    def __init__(self, options: Namespace, tell: Callable[[str], None]) -> None:
        where = ["--plan", str(options.plan), "--out", str(options.out)]
        # The package run as a folder: nothing of the working directory is taken for a module of ours.
        self._command = [sys.executable, str(PACKAGE), "ci", "progress", *where]
        self._tell, self._ended = tell, options.out / ENDED_FILE
        self._process: subprocess.Popen[bytes] | None = None
        self._waits = False

    def publish(self) -> bool:
        """Start an update, or have one follow the one that runs; whether the window has ended."""
        if self._process is None or self._process.poll() is not None:
            # Its output belongs in the job's log, not in our result on stdout.
            self._process = subprocess.Popen(self._command, stdout=sys.stderr)
            self._waits = False
        else:
            self._waits = True
        return self.window_ended

    @property
    def window_ended(self) -> bool:
        """Whether an update has found that nothing is left to watch."""
        return bool(self._ended.is_file())

    def end(self) -> None:
        """Wait for the last update, for a minute at most, and make the one that had to wait."""
        if self._process is None:
            return
        self._wait(self._process)
        if self._waits:
            self._waits = False
            self._process = subprocess.Popen(self._command, stdout=sys.stderr)
            self._wait(self._process)

    def _wait(self, process: "subprocess.Popen[bytes]") -> None:
        try:
            process.wait(ENDS_WITHIN_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            self._tell(f"comment not updated: timed out after {ENDS_WITHIN_S:.0f} s")
