"""Posts progress from a process of its own after each sample, so that GitHub delays no sample."""

import subprocess
import sys
import threading
import time
from argparse import Namespace
from collections.abc import Callable
from pathlib import Path

from deploy_verdict.actions.during.progress import ENDED_FILE

PACKAGE = Path(__file__).resolve().parents[2]
ENDS_WITHIN_S = 60.0
# Several short samples share an offset; one update serves them all.
AT_MOST_EVERY_S = 10.0


class ProgressPublisher:
    """Runs `deploy-verdict ci progress` as a separate process, one at a time."""

    def __init__(self, options: Namespace, tell: Callable[[str], None]) -> None:
        where = ["--plan", str(options.plan), "--out", str(options.out)]
        # Runs the package as a folder, so that modules of the working directory do not shadow ours.
        self._command = [sys.executable, str(PACKAGE), "ci", "progress", *where]
        self._tell, self._ended = tell, options.out / ENDED_FILE
        self._process: subprocess.Popen[bytes] | None = None
        self._timer: threading.Timer | None = None
        self._lock = threading.Lock()
        self._started_s = -AT_MOST_EVERY_S

    def publish(self) -> bool:
        """Start an update now, or soon after the previous one; return whether the window has ended."""
        wait_s = self._started_s + AT_MOST_EVERY_S - time.monotonic()
        if wait_s <= 0:
            self._start()
        elif self._timer is None:
            # A timer, because the next sample may take minutes and bad news must not wait for it.
            self._timer = threading.Timer(wait_s, self._start)
            self._timer.daemon = True
            self._timer.start()
        return self.window_ended

    @property
    def window_ended(self) -> bool:
        """Whether an update has found that nothing is left to watch."""
        return bool(self._ended.is_file())

    def _start(self) -> None:
        with self._lock:
            self._timer = None
            if self._process is not None:
                self._wait(self._process)
            self._started_s = time.monotonic()
            # Its output belongs in the job's log; stdout is for this command's result.
            self._process = subprocess.Popen(self._command, stdout=sys.stderr)

    def end(self) -> None:
        """Wait for the running update, at most a minute; the job's next step makes the last update."""
        if self._timer is not None:
            self._timer.cancel()
        with self._lock:
            if self._process is not None:
                self._wait(self._process)

    def _wait(self, process: "subprocess.Popen[bytes]") -> None:
        try:
            process.wait(ENDS_WITHIN_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            self._tell(f"comment not updated: timed out after {ENDS_WITHIN_S:.0f} s")
