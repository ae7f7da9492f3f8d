"""Waits for the next sample and takes a heartbeat meanwhile.

Samples take seconds and lie minutes apart; only a beat sees what breaks and recovers in between. The time of
each beat is random, so that a periodic fault meets some of them.
"""

import random

from deploy_verdict.model import HttpObservation
from deploy_verdict.stages.heartbeat.collect import beat
from deploy_verdict.stages.write_ledger import Ledger
from deploy_verdict.window.directory.session import EvidenceFile, Session
from deploy_verdict.window.sampling.collect import context_of

STAGE = "heartbeat"
JITTER = 0.2
# Beats in a pause this long delay no sample.
SHORTEST_S = 5.0


class Heartbeat:
    """The beats of one process. Those between two offsets of the window share an evidence file."""

    def __init__(self, session: Session) -> None:
        plan = session.plan
        self._session, self._check = session, plan.beat
        left_out = STAGE in session.file.left_out
        self._every_s = None if left_out or plan.heartbeat is None else plan.heartbeat.every
        self._context = context_of(session, Ledger())
        self._next_s = 0.0
        self._file: EvidenceFile | None = None
        self._from_s, self._beats = 0.0, list[HttpObservation]()

    def wait_until(self, offset_s: float) -> None:
        """Wait for a moment of the window, taking a beat about every `heartbeat.every`.

        The first beat after a sample waits at least half that time, or half the pause if that is shorter.
        """
        pace, stop = self._session.pace, self._session.stop
        if self._check is None or self._every_s is None or offset_s > self._session.plan.window.end_s:
            pace.wait_until(offset_s)
            return
        now_s = pace.offset_s()
        pause_s = offset_s - now_s if offset_s - now_s >= SHORTEST_S else self._every_s
        self._next_s = max(self._next_s, now_s + min(self._drawn_s(self._every_s), pause_s) / 2)
        while self._next_s < offset_s and not stop.requested:
            pace.wait_until(self._next_s)
            if stop.requested:
                return
            self._take(beat(self._context, self._check))
            self._next_s = max(self._next_s, pace.offset_s()) + self._drawn_s(self._every_s)
        pace.wait_until(offset_s)
        if not stop.requested:
            self._close(offset_s)

    @staticmethod
    def _drawn_s(every_s: float) -> float:
        return every_s * random.uniform(1 - JITTER, 1 + JITTER)  # noqa: S311  # not a secret

    def _take(self, answer: HttpObservation) -> None:
        if self._file is None:
            starts = self._session.plan.window.offsets_s
            self._from_s = max((item for item in starts if item <= answer.offset_s), default=0.0)
            self._file = EvidenceFile(self._session, STAGE, self._from_s)
        self._beats.append(answer)
        self._file.save(tuple(self._beats), interrupted=True)

    def _close(self, offset_s: float) -> None:
        """Finish the evidence file once the next offset of the window is due."""
        ends = [item for item in self._session.plan.window.offsets_s if item > self._from_s]
        if self._file is not None and offset_s >= min(ends, default=0.0):
            self._file.save(tuple(self._beats), interrupted=False)
            self._file, self._beats = None, []
