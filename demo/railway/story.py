"""The deployments of the demo's service, and how they change while the window runs."""

import threading
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from demo.faults import Fault
from demo.railway import ids, place
from demo.railway.habits import Habits
from demo.railway.records import Records
from demo.railway.switches import Switches

IN_FLIGHT_S = 3.0
CRASH_AFTER_S = 1800.0
SUPERSEDED_AFTER_S = 2700.0
ROLLBACK_STEP_S = 0.4
SKIPPED_REASON = "No changes to watched files"
COLLEAGUE = "Ana Colega"
OTHERS_COMMIT = "0e5e0e50ffee0000000000000000000000000d6"
Row = dict[str, Any]


@dataclass
class Story:
    """What Railway would say now. `guard` protects it, as requests come on several threads."""

    fault: Fault
    speed: float
    records: Records
    asked_at: datetime | None = None
    requests: int = 0
    habits: Habits = field(default_factory=Habits)
    rollbacks: list[tuple[datetime, Row]] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)
    switched_at: datetime = field(default_factory=lambda: datetime.now(UTC))
    guard: threading.Lock = field(default_factory=threading.Lock)

    def asked(self) -> int:
        """Count a request; the first one starts the deployment in flight."""
        with self.guard:
            self.asked_at = self.asked_at or datetime.now(UTC)
            self.requests += 1
            return self.requests

    def switch(self, switches: Switches) -> None:
        """Apply switches from now on, and reset the counts."""
        with self.guard:
            self.records.switch(switches)
            self.counts.clear()
            self.rollbacks.clear()
            self.switched_at = datetime.now(UTC)

    def count(self, operation: str) -> None:
        """Count a request of that operation."""
        with self.guard:
            self.counts[operation] += 1

    def since_switched(self) -> int:
        """Return the number of requests since the last switch."""
        return self.counts.total()

    def plan_s(self) -> float:
        """Return the plan time since the first probe; 0 before it."""
        if self.records.probed_at is None:
            return 0.0
        return (datetime.now(UTC) - self.records.probed_at).total_seconds() * self.speed

    def at_plan_s(self, offset_s: float) -> datetime:
        """Return the moment of a plan time, counted from the start if no probe has come yet."""
        begins = self.records.probed_at or self.records.started_at
        return begins + timedelta(seconds=offset_s / self.speed)

    def deployments(self) -> list[Row]:
        """Return the deployments, newest first."""
        rows = [*self._others(), *self._skipped(), self._live(), *self._before()]
        if self._is_superseded():
            rows.insert(0, self._row(ids.NEXT_ID, "SUCCESS", ids.NEXT_COMMIT, 0, "Next release"))
        for at, target in self.rollbacks:
            newest = self._rolled_back(at, target)
            rows = [row for row in rows if row["id"] != newest["id"]]
            # The old ones serve until the new one does.
            rows = [newest, *(map(_removed, rows) if newest["status"] == "SUCCESS" else rows)]
        return rows

    def redis(self) -> Row:
        """Return the one deployment of the project's Redis, which has run for a month."""
        row = self._row(ids.REDIS_ID, "SUCCESS", None, 43_200, "")
        return row | {
            "meta": {"image": "redis:7.4"},
            "serviceId": ids.REDIS_SERVICE_ID,
            "service": place.REDIS,
            "instances": [{"id": ids.REDIS_INSTANCE_ID, "status": "RUNNING"}],
        }

    def active(self) -> list[Row]:
        """Return what serves requests: the newest live deployment, an older one if the build failed."""
        sleeping = self.records.switches.sleeping
        if sleeping in ("unlisted", "stopped") and not self.records.is_awake():
            return []
        serving = ("SUCCESS", "SLEEPING")
        return [row for row in self.deployments() if row["status"] in serving][:1]

    def serving_id(self) -> str:
        """Return the deployment whose process this is: the live one, unless that was never built."""
        return ids.GOOD_ID if self._is_not_built() else ids.LIVE_ID

    def served_since(self, identity: str) -> datetime | None:
        """Return since when a deployment has logs; None if it never ran here."""
        if identity == self.serving_id():
            return self.records.started_at
        begun = (at for at, _ in self.rollbacks if _rollback_id(at) == identity)
        return next(begun, None)

    def roll_back(self, target: Row) -> None:
        """Begin a new deployment of the target's commit."""
        with self.guard:
            self.rollbacks.append((datetime.now(UTC), target))

    def _is_superseded(self) -> bool:
        return self.fault is Fault.RAILWAY_SUPERSEDED and self.plan_s() >= SUPERSEDED_AFTER_S

    def _is_not_built(self) -> bool:
        return self.fault is Fault.RAILWAY_FAILED_BUILD or self.records.switches.subject_skipped

    def _status(self) -> str:
        switches = self.records.switches
        if switches.subject_skipped:
            return "SKIPPED"
        if switches.sleeping in ("listed", "unlisted") and not self.records.is_awake():
            return "SLEEPING"
        if self.fault is Fault.RAILWAY_FAILED_BUILD:
            return "FAILED"
        if self.fault is Fault.RAILWAY_CRASH_LATER and self.plan_s() >= CRASH_AFTER_S:
            return "CRASHED"
        if self.fault is Fault.RAILWAY_IN_FLIGHT and self.asked_at is not None:
            waited_s = (datetime.now(UTC) - self.asked_at).total_seconds()
            return "BUILDING" if waited_s < IN_FLIGHT_S else "SUCCESS"
        return "REMOVED" if self._is_superseded() else "SUCCESS"

    def _live(self) -> Row:
        commit = None if self.fault is Fault.RAILWAY_NO_COMMIT else ids.LIVE_COMMIT
        row = self._row(ids.LIVE_ID, self._status(), commit, 4, "Add operacion to CompletarRequest")
        if self.fault is Fault.RAILWAY_STOPPED:
            row |= {"deploymentStopped": True, "instances": [_instance("EXITED")]}
        switches = self.records.switches
        if switches.sleeping and not self.records.is_awake():
            row |= {"deploymentStopped": True, "instances": [_instance("STOPPED")]}
        if switches.replicas:
            row["instances"] = [_instance(word) for word in switches.replicas.split(",")]
        if switches.subject_skipped:
            row["meta"]["skippedReason"] = SKIPPED_REASON
        if row["status"] == "CRASHED":
            crashed = _text(self.at_plan_s(CRASH_AFTER_S))
            row |= {"updatedAt": crashed, "statusUpdatedAt": crashed}
        return row

    def _good(self) -> Row:
        status = "SUCCESS" if self._is_not_built() else "REMOVED"
        return self._row(ids.GOOD_ID, status, ids.GOOD_COMMIT, 3000, "Before the crisis", rollback=True)

    def _before(self) -> list[Row]:
        rows = [
            self._row(
                ids.INCIDENT_ID,
                "REMOVED",
                ids.INCIDENT_COMMIT,
                120,
                "One Redis client per request",
                rollback=True,
            ),
            self._row(
                "d0000002-skipped", "SKIPPED", ids.INCIDENT_COMMIT, 121, "One Redis client per request"
            ),
            self._good(),
            self._row("d0000001-upload", "REMOVED", None, 9000, ""),
            self._row("d0000000-image", "REMOVED", None, 9500, ""),
        ]
        rows[1]["meta"]["skippedReason"] = SKIPPED_REASON
        rows[4]["meta"] = {"image": "ghcr.io/example/zeues:1"}
        return rows

    def _others(self) -> list[Row]:
        """Return a colleague's deployment, made a minute before the switch."""
        status = self.records.switches.others
        row = self._row("d0000009-others", status, OTHERS_COMMIT, 0, "Somebody else's")
        row |= {"createdAt": _text(self.switched_at - timedelta(minutes=1)), "creator": {"name": COLLEAGUE}}
        return [row] if status else []

    def _skipped(self) -> list[Row]:
        """Return the newer records that a monorepo's other commits leave since the live deployment."""
        switches = self.records.switches
        rows = []
        for number in range(switches.skipped + switches.cancelled):
            status = "SKIPPED" if number < switches.skipped else "CANCELLED"
            commit = f"5c1b{number:036x}"
            minutes = 3 * (1 + number) / (2 + switches.skipped + switches.cancelled)
            row = self._row(f"d-{status.lower()}-{number}", status, commit, minutes, "Another service")
            row["meta"]["skippedReason"] = SKIPPED_REASON if status == "SKIPPED" else None
            rows.append(row)
        return rows

    def _row(
        self,
        identity: str,
        status: str,
        commit: str | None,
        minutes_before: float,
        message: str,
        *,
        rollback: bool = False,
    ) -> Row:
        created = self.records.started_at - timedelta(minutes=minutes_before)
        if identity == ids.NEXT_ID:
            created = self.at_plan_s(SUPERSEDED_AFTER_S)
        meta: Row = {}
        if commit:
            meta = {
                "commitHash": commit,
                "branch": "main",
                "repo": place.REPOSITORY,
                "commitAuthor": "sescanella",
            }
            meta["commitMessage"] = message
        running = {"SUCCESS": ["RUNNING"], "CRASHED": ["CRASHED"]}.get(status, [])
        return {
            "id": identity,
            "status": status,
            "createdAt": _text(created),
            "updatedAt": _text(created + timedelta(seconds=90)),
            "statusUpdatedAt": _text(created + timedelta(seconds=90)),
            "meta": meta,
            "creator": {"name": "sescanella"} if commit else None,
            "canRollback": rollback or status == "SUCCESS",
            "canRedeploy": True,
            "deploymentStopped": status in ("REMOVED", "CRASHED", "FAILED", "SKIPPED"),
            "instances": [_instance(word) for word in running],
            "projectId": ids.PROJECT_ID,
            "environmentId": ids.ENVIRONMENT_ID,
            "serviceId": ids.SERVICE_ID,
            "snapshotId": f"s-{identity[:8]}",
            "diagnosis": None,
            "url": place.HOST,
            "staticUrl": place.HOST,
            "environment": place.ENVIRONMENT,
            "service": place.SERVICE,
        }

    def _rolled_back(self, at: datetime, target: Row) -> Row:
        age_s = (datetime.now(UTC) - at).total_seconds()
        states = ("QUEUED", "DEPLOYING", "SUCCESS")
        status = states[min(2, int(age_s / ROLLBACK_STEP_S))]
        shape = self.records.switches.rollback
        return {
            **target,
            "id": target["id"] if shape == "same" else _rollback_id(at),
            "meta": {} if shape == "bare" else target["meta"],
            "status": status,
            "createdAt": _text(at),
            "updatedAt": _text(at),
            "statusUpdatedAt": _text(at),
            "deploymentStopped": False,
            "instances": [_instance("RUNNING")] if status == "SUCCESS" else [],
        }


def _rollback_id(at: datetime) -> str:
    return f"d-rollback-{at:%H%M%S%f}"


def _removed(row: Row) -> Row:
    if row["status"] not in ("SUCCESS", "CRASHED", "DEPLOYING", "QUEUED"):
        return row
    return {**row, "status": "REMOVED", "deploymentStopped": True, "instances": []}


def _instance(status: str) -> Row:
    return {"id": ids.INSTANCE_ID, "status": status}


def _text(at: datetime) -> str:
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")
