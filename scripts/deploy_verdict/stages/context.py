"""What a collector is handed: the plan, a probe, the window's pace, and when to stop.

A collector writes what its stage observed, never an opinion about it, and touches nothing but its context.
The routes that the service documents are read once for all of its collectors.
"""

import copy
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from deploy_verdict.base.clock import Pace, Stop
from deploy_verdict.expect import Lacking
from deploy_verdict.expect.openapi import routes_of
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
from deploy_verdict.stages.write_ledger import Ledger

if TYPE_CHECKING:
    from deploy_verdict.railway import RailwayClient, ServiceIds

Keep = Callable[[tuple[Observation, ...]], None]

__all__ = ["MAX_DOCUMENT_BYTES", "Context", "DocumentedRoutes", "Keep", "Platform", "Stop"]

# An OpenAPI document with hundreds of endpoints is longer than the usual cap on a body.
MAX_DOCUMENT_BYTES = 8 * 1024 * 1024


@dataclass
class DocumentedRoutes:
    """The routes of the service.

    Empty if the plan names no document or it cannot be read: `lacking` says why.
    """

    lacking: str = ""
    _routes: tuple[str, ...] | None = field(default=None, repr=False)

    def of(self, context: "Context") -> tuple[str, ...]:
        """Return the routes as templates, such as /orders/{order_id}."""
        path = context.plan.test_data.openapi
        if path is None:
            return ()
        if self._routes is None:
            probe = copy.copy(context.probe)
            probe.max_body_bytes = MAX_DOCUMENT_BYTES
            exchange = probe.ask("GET", path, headers=context.plan.service.headers)
            found = (
                routes_of(exchange.body)
                if exchange.fault is None and exchange.status == 200
                else Lacking(exchange.fault.detail if exchange.fault else f"its status is {exchange.status}")
            )
            self._routes = () if isinstance(found, Lacking) else found
            if isinstance(found, Lacking):
                self.lacking = f"{path} shows no routes: {found.reason}"
        return self._routes


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
