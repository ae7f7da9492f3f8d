"""Where the relay keeps accepted events, and whether they outlive its container."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from deploy_verdict.base.errors import UsageError

DEFAULT_FOLDER, DATABASE = "/data", "relay.sqlite3"
MOUNT = "RAILWAY_VOLUME_MOUNT_PATH"
# Railway sets these only in a running deployment; project and service may be set on a laptop too.
_IN_A_DEPLOYMENT = ("RAILWAY_DEPLOYMENT_ID", "RAILWAY_REPLICA_ID")


@dataclass(frozen=True, kw_only=True)
class EventPlace:
    """The database's file; `volume` is the mount path of the Railway volume that holds it, None elsewhere."""

    database: Path
    volume: str | None = None

    @property
    def words(self) -> str:
        """The place in words, for the log."""
        return f"{self.database}" + (f", on the volume at {self.volume}" if self.volume else "")

    def as_counts(self) -> dict[str, Any]:
        """Return the place for /healthz."""
        return {"kept_in": str(self.database), "volume": self.volume}


def event_place(environment: Mapping[str, str], given: Path | None) -> EventPlace:
    """Return the file for the events; raise UsageError on Railway if it is not on a volume.

    A container's own disk ends with the container, so the next deployment would lose accepted events.
    """
    mount = environment.get(MOUNT, "").strip()
    database = given or Path(mount or DEFAULT_FOLDER) / DATABASE
    if not any(environment.get(name, "").strip() for name in _IN_A_DEPLOYMENT):
        return EventPlace(database=database)
    if not mount:
        raise UsageError(
            "no volume is mounted, so accepted events would be lost with this container — attach a volume to "
            f"this service on Railway with the mount path {DEFAULT_FOLDER}, then deploy again"
        )
    if not database.resolve().is_relative_to(Path(mount).resolve()):
        raise UsageError(
            f"--database {database} is not on the volume, which is mounted at {mount} — leave --database out"
        )
    return EventPlace(database=database, volume=mount)
