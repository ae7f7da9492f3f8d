"""Where each log of the plan is read: a file, the deployment's own log on the platform, or another service's.

Nothing here raises if the platform refuses: that becomes the source's fault.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from deploy_verdict.model import Fault, Loaded, LogAtT0, LogObservation, Whose, WindowFile
from deploy_verdict.plan import LogRules, Novelty, OtherLog
from deploy_verdict.stages.context import Context, Platform
from deploy_verdict.stages.deployment.state import before, deployment_readings
from deploy_verdict.stages.logs.counting.review import FileSource, LogSource, RefusedSource


@dataclass(frozen=True, kw_only=True)
class PlacedLog:
    """One log of the plan; `name` is "" for the service's own."""

    context: Context
    file: WindowFile
    name: str
    rules: LogRules

    @property
    def label(self) -> str:
        """Its name in lines of progress."""
        return f"logs ({self.name})" if self.name else "logs"

    @property
    def path(self) -> Path | None:
        """The file from which it is read; None if it is on the platform."""
        if isinstance(self.rules, OtherLog):
            return Path(self.rules.file) if self.rules.file else None
        return self.context.log

    @property
    def length(self) -> timedelta:
        """How much of the time before is compared with."""
        return timedelta(seconds=(self.rules.novelty or Novelty()).before)

    def of_window(self, end: datetime) -> LogSource:
        """Return the window's log: complete, or what is new of it."""
        since = self.context.since
        if self.path is not None:
            at_t0 = self._at_t0()
            return FileSource(
                self.path,
                undated_from_byte=at_t0.size if at_t0 else None,
                head_at_t0=at_t0.head if at_t0 else None,
                earlier=self._earlier(),
                only_new=since is not None,
                ends=end,
            )
        if isinstance(self.rules, OtherLog):
            return self._of_other_service(self.rules, since or self.file.window.t0, end)
        platform = self.context.platform
        if platform is None or platform.railway is None or not platform.deployment_ids:
            return RefusedSource(platform.fault if platform else None)
        return self._railway_source(platform, platform.deployment_ids, since, end)

    def of_time_before(self, end: datetime) -> LogSource:
        """Return the log of the time before `end`, which is the previous deployment's."""
        if self.path is not None:
            return FileSource(self.path, ends=end)
        if not isinstance(self.rules, OtherLog):
            return self._of_deployment_before(end)
        # The other service is unchanged: what changed is the deployment that uses it.
        return self._of_other_service(self.rules, end - self.length, end)

    def of_startup(self, start: datetime, end: datetime) -> LogSource:
        """Return the log of this deployment before T0."""
        if self.path is not None:
            return FileSource(self.path, ends=end)
        if isinstance(self.rules, OtherLog):
            return self._of_other_service(self.rules, start, end)
        platform = self.context.platform
        if platform is None or not platform.deployment_ids:
            return RefusedSource(platform.fault if platform else None)
        return self._railway_source(platform, platform.deployment_ids, start, end)

    def _earlier(self) -> tuple[LogAtT0, ...]:
        """Return the file as readings at earlier samples found it."""
        loaded = (item for item in self.context.evidence() if isinstance(item, Loaded))
        observations = (item for one in loaded for item in one.evidence.observations)
        found = (item for item in observations if isinstance(item, LogObservation) and item.log == self.name)
        return tuple(item.file for item in found if item.file is not None)

    def _at_t0(self) -> LogAtT0 | None:
        if self.name:
            return self.file.other_logs_at_t0.get(self.name)
        size = self.file.log_bytes_at_t0
        return None if size is None else LogAtT0(size=size, head=self.file.log_head_at_t0)

    def _of_other_service(self, other: OtherLog, start: datetime, end: datetime) -> LogSource:
        from deploy_verdict.railway import RailwayError, deployments_since, other_service  # noqa: PLC0415

        platform = self.context.platform
        if platform is None or platform.railway is None or platform.place is None or other.railway is None:
            fault = platform.fault if platform else None
            return RefusedSource(fault or _no_deployment("Railway cannot be queried — set its token"))
        try:
            where = other_service(platform.railway, platform.place, other.railway.service)
            found = deployments_since(platform.railway, where, start)
        except RailwayError as error:
            return RefusedSource(error.fault)
        if not found:
            return RefusedSource(_no_deployment(f"no deployment of {other.railway.service} has run"))
        return self._railway_source(platform, tuple(item.id for item in found), start, end)

    def _railway_source(
        self, platform: Platform, ids: tuple[str, ...], start: datetime | None, end: datetime
    ) -> LogSource:
        from deploy_verdict.stages.logs.sources.railway_source import RailwaySource  # noqa: PLC0415  # only with a platform

        railway = self.context.plan.railway
        if platform.railway is None:
            return RefusedSource(platform.fault)
        source = RailwaySource(
            platform.railway,
            ids,
            end=end,
            window_start=min(start or self.file.window.t0, self.file.window.t0),
            tier=railway.tier if railway else None,
            start=start,
            tell=self.context.tell,
        )
        if isinstance(self.rules, OtherLog) and self.rules.railway:
            source.name += f" ({self.rules.railway.service})"
        return source

    def deployed_at(self) -> datetime | None:
        """Return when the platform says that this deployment was created, or None."""
        readings = deployment_readings(self.context.evidence())
        deployment = next((item.deployment for item in readings if item.deployment), None)
        return deployment.created_at if deployment else None

    def _of_deployment_before(self, end: datetime) -> LogSource:
        platform = self.context.platform
        readings = deployment_readings(self.context.evidence())
        reading = next((item for item in readings if item.deployment and item.recent), None)
        if platform is None or platform.railway is None or reading is None or reading.deployment is None:
            fault = platform.fault if platform else None
            return RefusedSource(fault or _unknown("no sample of the deployment lists earlier ones"))
        earlier = before(reading.deployment, reading.recent)
        if earlier is None:
            return RefusedSource(_unknown("the platform lists none that was live"))
        return self._railway_source(platform, (earlier.id,), end - self.length, end)


def _unknown(reason: str) -> Fault:
    return _no_deployment(f"the deployment before this one is not known: {reason}")


def _no_deployment(detail: str) -> Fault:
    return Fault(kind="no-deployment", whose=Whose.PROVIDER, detail=detail)
