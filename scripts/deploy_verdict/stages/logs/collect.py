"""Reads each log of the plan: in the window, and in the time before the deployment.

During the window it reads only what is new, and only the window's logs.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from deploy_verdict.base.linear_regex import LinearRegexes
from deploy_verdict.base.units import shown_duration, shown_offset
from deploy_verdict.evidence.answers.exchanges import own_requests
from deploy_verdict.model import CanaryReading, Loaded, LogObservation
from deploy_verdict.model.logs import COMPLETE, STARTUP, DeployedBy
from deploy_verdict.model.observations import INTERIM
from deploy_verdict.model.window import CUT_TIMES
from deploy_verdict.stages.context import Context, Keep
from deploy_verdict.stages.logs.counting.canary import WRONG_CLOCK_S, CanaryLines
from deploy_verdict.stages.logs.counting.review import FileSource, LogSource, review, review_before
from deploy_verdict.stages.logs.counting.starts import StartLines
from deploy_verdict.stages.logs.sources.log_clock import WatchedSource
from deploy_verdict.stages.logs.sources.log_sources import PlacedLog

# A start later than this after T0, in the plan's minutes, is a restart.
SETTLED_MINUTES = 5


def collect_logs(context: Context, offset_s: float, keep: Keep) -> tuple[LogObservation, ...]:
    """Review each log of the plan: completely at the window's end, before that what is new."""
    logs, file = context.plan.logs, context.file
    if logs is None or file is None:
        return ()
    observed: tuple[LogObservation, ...] = ()
    for name, rules in logs.asked(file.left_out):
        log = PlacedLog(context=context, file=file, name=name, rules=rules)
        # Save the window's own log before another one is read.
        read = _Reading(log, context.pace.clock.now())
        observed += (read.of_window(offset_s),)
        keep(observed)
        if context.since is None:
            for observation in read.of_times_before():
                observed += (observation,)
                keep(observed)
    return observed


@dataclass
class _Reading:
    """The readings of one log. `ahead` is how far its clock is ahead of ours, once that is known.

    `deployed_at`: when its deployment began, before T0, and `deployed_by` what says so.
    """

    log: PlacedLog
    end: datetime
    ahead: timedelta = timedelta(0)
    deployed_at: datetime | None = None
    deployed_by: DeployedBy | None = None

    def of_window(self, offset_s: float) -> LogObservation:
        context = self.log.context
        observation = self._reviewed()
        if context.since is None and self._is_wrong(observation.canary):
            observation = self._reviewed()
        count = f"{observation.lines_in_window} lines"
        if context.since is None:
            context.tell(f"{self.log.label}: {count} of the window in {observation.source}")
        else:
            new = f"{count} since {context.since:%H:%M:%SZ} in {observation.source}"
            context.tell(f"{self.log.label} {shown_offset(offset_s)}: {new}")
        return observation

    def _is_wrong(self, canary: CanaryReading | None) -> bool:
        """Return whether the log's clock must be corrected, and note by how much.

        The platform's own never is.
        """
        ahead_s = canary.clock_ahead_s if canary else None
        if ahead_s is None or abs(ahead_s) < WRONG_CLOCK_S or self.log.path is None:
            return False
        self.ahead = timedelta(seconds=ahead_s)
        return True

    def _reviewed(self) -> LogObservation:
        log, context, window = self.log, self.log.context, self.log.file.window
        source = log.of_window(self.end)
        canary = self._canary()
        starts = StartLines(log.rules.starts, window.t0)
        watches = [canary, starts] if canary is not None else [starts]
        observation = review(
            log.rules,
            WatchedSource(source, *watches, ahead=self.ahead),
            start=context.since or window.t0,
            end=self.end,
            speed=window.speed,
            redact=context.redact,
            check=INTERIM if context.since else COMPLETE,
        )
        self._name_start(starts.began_at())
        minute = timedelta(seconds=60 / window.speed)
        settled = max(window.t0 + SETTLED_MINUTES * minute, context.since or window.t0)
        counted = canary.reading() if canary is not None else None
        notes = observation.notes
        if self.ahead:
            notes += (
                f"the log's clock is {_shown(self.ahead)} ours, by our own requests: its times are corrected",
            )
        return observation.model_copy(
            update={
                "log": log.name,
                "canary": counted,
                "restarts": starts.starts(settled, self.end, minute),
                "worker_starts": starts.starts(settled, self.end, minute, of_workers=True),
                "deployed_at": self.deployed_at,
                "deployed_by": self.deployed_by,
                "file": source.read if isinstance(source, FileSource) else None,
                "notes": notes,
            }
        )

    def _canary(self) -> CanaryLines | None:
        """Return what watches for the lines of our own requests, if the plan describes them."""
        log, window = self.log, self.log.file.window
        if log.rules.canary is None:
            return None
        start = self.log.context.since or window.t0
        loaded = [item for item in log.context.evidence() if isinstance(item, Loaded)]
        own = [
            item
            for item in own_requests(log.context.plan, loaded)
            if start - CUT_TIMES <= item.sent_at and item.ended_at <= self.end
        ]
        search = LinearRegexes((log.rules.canary.regex,)).found_in
        return CanaryLines(own, search, window_id=window.id, start=start, end=self.end)

    def _name_start(self, said_at: datetime | None) -> None:
        """Note when this deployment began: by the plan's line, the platform, or a common start-up line."""
        platform_at = self.log.deployed_at()
        is_named = self.log.rules.starts is not None
        if said_at is not None and self.log.path is not None and (is_named or platform_at is None):
            self.deployed_at, self.deployed_by = said_at, "plan" if is_named else "start line"
        elif platform_at is not None:
            self.deployed_at, self.deployed_by = platform_at, "platform"

    def of_times_before(self) -> Iterator[LogObservation]:
        """Yield the readings of the time before the deployment, and of what this one logged before T0.

        The time before is in the same file, or in the log of the deployment that served until then.
        """
        # The window's own reading starts slightly before T0.
        until = self.log.file.window.t0 - 2 * CUT_TIMES
        end = min(until, self.deployed_at) if self.deployed_at else until
        earlier = self._reviewed_before(self.log.of_time_before(end), end - self.log.length, end)
        text = (
            earlier.fault.detail if earlier.fault else f"{earlier.lines_in_window} lines in {earlier.source}"
        )
        self.log.context.tell(f"{self.log.label} before the deployment: {text}")
        yield earlier
        if end < until:
            startup = self._reviewed_before(self.log.of_startup(end, until), end, until)
            yield startup.model_copy(update={"check": STARTUP})

    def _reviewed_before(self, source: LogSource, start: datetime, end: datetime) -> LogObservation:
        starts = StartLines(self.log.rules.starts, self.log.file.window.t0)
        found = review_before(
            self.log.rules,
            WatchedSource(source, starts, ahead=self.ahead),
            start=start,
            end=end,
            redact=self.log.context.redact,
        )
        minute = timedelta(minutes=1)
        return found.model_copy(
            update={
                "log": self.log.name,
                "restarts": starts.starts(start, end, minute),
                "worker_starts": starts.starts(start, end, minute, of_workers=True),
            }
        )


def _shown(ahead: timedelta) -> str:
    seconds = ahead.total_seconds()
    return f"{shown_duration(abs(round(seconds, 1)))} {'ahead of' if seconds > 0 else 'behind'}"
