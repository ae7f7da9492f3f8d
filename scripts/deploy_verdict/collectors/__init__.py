"""Collectors: each writes what one stage saw and never what to think of it.

They are handed everything they touch: the plan, a probe, the window's pace, and when to stop.
"""

from collections.abc import Callable
from dataclasses import dataclass

from deploy_verdict.clock import Pace, Stop
from deploy_verdict.plan import Plan
from deploy_verdict.probe import Probe

__all__ = ["Context", "Stop"]


@dataclass(frozen=True, kw_only=True)
class Context:
    """The world of a collector. `tell` takes one line of progress for people."""

    plan: Plan
    probe: Probe
    pace: Pace
    stop: Stop
    tell: Callable[[str], None]
    redact: Callable[[str], str]
