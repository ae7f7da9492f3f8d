"""Which instance gave a response, if it says so, and among how many a broken one could hide. Pure."""

import math
from collections import Counter

from deploy_verdict.evidence.bundle import Bundle
from deploy_verdict.expect import Found, select
from deploy_verdict.model import BurstObservation, Exchange, HttpObservation
from deploy_verdict.plan import Plan

# Headers in which proxies and frameworks name the instance behind them; none names a node of an edge.
KNOWN_HEADERS = (
    "x-instance-id",
    "x-instance",
    "x-replica-id",
    "x-pod-name",
    "x-pod",
    "x-backend-server",
    "x-container-id",
)
LONGEST_NAME = 80


def instance_of(plan: Plan, exchange: Exchange) -> str | None:
    """Return the instance by the plan's selector, or by a known header; None if neither names one."""
    if exchange.status is None:
        return None
    wanted = plan.service.instance
    for selector in [wanted] if wanted else [f"header.{name}" for name in KNOWN_HEADERS]:
        found = select(selector, exchange)
        if isinstance(found, Found) and isinstance(found.value, str | int) and str(found.value):
            return str(found.value)[:LONGEST_NAME]
    return None


def answers_by_instance(bundle: Bundle) -> Counter[str]:
    """Return how many responses each instance gave, of those that name it."""
    found: Counter[str] = Counter()
    for item in bundle.loaded:
        for observation in item.evidence.observations:
            if isinstance(observation, HttpObservation):
                if not bundle.plan.is_ours(bundle.plan.host_of(observation.url)):
                    continue
                found.update(filter(None, [instance_of(bundle.plan, observation)]))
            elif isinstance(observation, BurstObservation):
                found.update(reading.instance for reading in observation.readings if reading.instance)
    return found


def fewest_asked(bundle: Bundle) -> tuple[str, int] | None:
    """Return the read-only health check with the fewest responses, and how many it has.

    Each of them had a connection of its own.
    """
    asked: Counter[str] = Counter()
    for item in bundle.loaded:
        for observation in item.evidence.observations:
            if isinstance(observation, HttpObservation) and observation.status is not None:
                asked[observation.check] += 1
    counts = [
        (asked[check.name], check.name)
        for check in bundle.plan.health
        if not check.writes and bundle.plan.is_ours(check.host)
    ]
    return (min(counts)[1], min(counts)[0]) if counts and min(counts)[0] else None


def most_instances(asked: int) -> int:
    """Return how many instances there may be for a broken one to show in `asked` responses (at 95 %)."""
    return math.floor(1 / (1 - math.pow(0.05, 1 / asked)) + 1e-9)
