"""The traffic stage: everybody's requests as the edge logged them, ours counted apart; no opinions."""

from collections.abc import Iterator, Sequence
from datetime import datetime

from deploy_verdict.model import Fault, TrafficObservation, Whose
from deploy_verdict.railway import HttpEntry, Railway, RailwayError, http_log
from deploy_verdict.stages.context import Context, Platform
from deploy_verdict.stages.logs.paging import PAGE, HoleError, pages
from deploy_verdict.stages.traffic.collect import TrafficTally


def read_traffic(context: Context, *, page: int = PAGE) -> tuple[TrafficObservation]:
    """One reading of the whole window, of the subject and its successors of the same commit."""
    platform = context.platform
    end = context.pace.clock.now()
    start = context.pace.t0
    if platform is None or platform.railway is None or not platform.deployment_ids:
        return (_unread(platform, start, end),)
    tally = TrafficTally(window_id=platform.window.id, redact=context.redact, start=start, end=end)
    fault: Fault | None = None
    incomplete: list[str] = []
    for identity in platform.deployment_ids:
        try:
            for found in _pages(platform.railway, identity, start, end, page):
                for entry in found:
                    tally.add(entry)
                context.tell(f"traffic: {tally.entries} requests read from Railway so far")
        except RailwayError as error:
            fault = fault or error.fault
        except HoleError as error:
            incomplete.append(str(error))
    ids = ", ".join(identity[:8] for identity in platform.deployment_ids)
    return (tally.observation(f"Railway's HTTP log of {ids}", fault=fault, incomplete=tuple(incomplete)),)


def _pages(
    railway: Railway, identity: str, start: datetime, end: datetime, page: int
) -> Iterator[Sequence[HttpEntry]]:
    def ask(until: datetime, limit: int) -> Sequence[HttpEntry]:
        return http_log(railway, identity, start=start, end=until, limit=limit)

    return pages(ask, lambda entry: (entry.timestamp, entry.request_id), start=start, end=end, limit=page)


def _unread(platform: Platform | None, start: datetime, end: datetime) -> TrafficObservation:
    detail = "no deployment of this window is known, so there is no HTTP log of it to read"
    unknown = Fault(kind="no-deployment", whose=Whose.PROVIDER, detail=detail)
    fault = (platform.fault if platform else None) or unknown
    return TrafficObservation(source="Railway", start=start, end=end, fault=fault)
