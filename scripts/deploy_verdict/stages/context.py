"""What a collector is handed: the plan, a probe, the window's pace, and when to stop.

A collector writes what its stage observed, never an opinion about it, and touches nothing but its context.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from deploy_verdict.base.clock import Pace, Stop
from deploy_verdict.http.probe import Probe
from deploy_verdict.model import (
    Fault,
    Judged,
    Loaded,
    Observation,
    Subject,
    Unreadable,
    WindowFile,
    WindowFrame,
)
from deploy_verdict.plan import Plan
from deploy_verdict.stages.documented_routes import DocumentedRoutes
from deploy_verdict.stages.write_ledger import Ledger

if TYPE_CHECKING:
    from deploy_verdict.railway import RailwayClient, ServiceIds

Keep = Callable[[tuple[Observation, ...]], None]

__all__ = ["Context", "Keep", "Platform", "Stop"]


@dataclass(frozen=True, kw_only=True)
class Platform:
    """What the stages that query the platform are handed.

    Without `railway`, `fault` says why. `deployment_ids` are the subject and its successors of the same
    commit, as samples found them, oldest first. `judged` are this tool's earlier verdicts on the service.
    """

    railway: "RailwayClient | None"
    place: "ServiceIds | None"
    fault: Fault | None
    subject: Subject
    window: WindowFrame
    deployment_ids: tuple[str, ...] = ()
    judged: tuple[Judged, ...] = ()
    waited_s: float = 0.0


@dataclass(frozen=True, kw_only=True)
class Context:
    """What a collector is handed.

    `tell` takes one line of progress for people. `evidence` reads what the window has so far. `log` is the
    service's log file, if one was given. `since` is set for a source that is read in parts: only what is
    newer is new; None means all of it.
    """

    plan: Plan
    probe: Probe
    pace: Pace
    stop: Stop
    tell: Callable[[str], None]
    redact: Callable[[str], str]
    platform: Platform | None = None
    ledger: Ledger = field(default_factory=Ledger)
    documented: DocumentedRoutes = field(default_factory=DocumentedRoutes)
    file: WindowFile | None = None
    evidence: Callable[[], Iterable[Loaded | Unreadable]] = tuple
    log: Path | None = None
    since: datetime | None = None
