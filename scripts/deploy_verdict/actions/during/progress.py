"""The step after each sample on GitHub: the comment, the alarm, the end of a window without a subject.

The samples' own process runs it as a process of its own, so that GitHub delays no sample.
"""

import subprocess
import sys
import threading
import time
from argparse import Namespace
from collections.abc import Callable
from pathlib import Path

from deploy_verdict import __version__
from deploy_verdict.actions.during.alarm import desk_for, raise_alarm
from deploy_verdict.actions.start.run_record import fill_from_run
from deploy_verdict.base.errors import ProviderError
from deploy_verdict.github import GitHub, connection_from
from deploy_verdict.publish.comment_memory import forget_comment
from deploy_verdict.publish.posts import progress_post, run_from
from deploy_verdict.publish.publisher import publish_progress
from deploy_verdict.verdict.alarm import alarming, why_ended
from deploy_verdict.verdict.judge import judge
from deploy_verdict.window.directory.evidence_store import write_text
from deploy_verdict.window.directory.plan_file import environment_for
from deploy_verdict.window.judge_directory import judged_directory

ENDED_FILE = "ended.txt"


def post_progress(options: Namespace, tell: Callable[[str], None]) -> str:
    """Post progress, raise the alarm, end a window with nothing left to watch.

    Return the comment's address, or why there is none. Why the window ends is written to ENDED_FILE too,
    where the job that takes the samples reads it.
    """
    options.corrected_plan = True
    file = fill_from_run(options)
    if file is not None and file.kind == "tail":
        return "a later sample follows a final comment, which stays until the sample is judged"
    bundle, now = judged_directory(options)
    environment = environment_for(options.plan)
    here = run_from(environment, out=options.out)
    verdict = judge(bundle, judged_at=now, tool_version=__version__)
    ended = why_ended(bundle, verdict)
    if ended is not None:
        write_text(options.out / ENDED_FILE, ended)
    if options.dry_run:
        found = alarming(verdict.findings)
        alarm = [f"alarm: {found[0].stage}/{found[0].check}: {found[0].actual}"] if found else []
        return "\n".join([progress_post(bundle, now, here).text, *alarm])
    connection = connection_from(environment, options.author)
    github = GitHub(connection, tell=tell)
    url, trouble = "", None
    try:
        posted = publish_progress(github, bundle, now=now, run=here, tell=tell, number=options.number)
        url, is_news = posted.url, not posted.is_quiet
    except ProviderError as error:
        trouble, is_news = error, True
    desk = desk_for(connection, options, bundle, verdict, environment, tell, link=url or here.url)
    if is_news:
        # Where the comment said it already, people were notified then.
        try:
            raise_alarm(desk)
        except ProviderError as error:
            forget_comment(options.out)
            trouble = trouble or error
    if ended is not None and options.end_window and here.id.isdigit():
        tell(f"the window ends now: {ended}")
        try:
            desk.runs().cancel(int(here.id))
        except ProviderError as error:
            tell(f"{error}; the other jobs go on")
    if trouble is not None:
        raise trouble
    return url


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
