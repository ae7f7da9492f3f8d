"""What a stage is: when it is due, what it queries, how it is judged, what people read of it.

The stages themselves are the rows of registry.py.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from deploy_verdict.plan import Plan

Offsets = tuple[float, ...]


class Asks(StrEnum):
    """What a stage's samples query."""

    SERVICE = "service"
    PLATFORM = "platform"
    LOG = "log"  # a file, or the platform if none was given
    NOBODY = "nobody"  # no samples: it is judged by the evidence of other stages


class Due(StrEnum):
    """When a stage's samples are taken."""

    OFFSETS = "at its offsets"
    DRIVE = "driven at the window's end, one after the other"
    BETWEEN = "between the samples, where one process waits for them"
    END = "read at the window's end, of the complete window, and at each sample what is new since the last"


class Late(StrEnum):
    """What happens to a sample that is late by more than half an interval."""

    MISSED = "not taken: it would show another moment"
    TAKEN_LATE = "taken, and does not count"
    COUNTS = "counts: it shows no particular moment"


@dataclass(frozen=True, kw_only=True)
class Section:
    """One section of the report.

    `view` returns None if there is nothing to show; with `is_each` it returns several, one section each.
    `part` is the chapter. If a comment is too long, the section with the lowest `drop_rank` goes first.
    """

    key: str
    title: str
    template: str
    view: str
    part: str
    drop_rank: int
    is_optional: bool = False
    is_each: bool = False


@dataclass(frozen=True, kw_only=True)
class Stage:
    """One stage: a row of the registry. It names its functions: "stages.pools.judge:judge_pools"."""

    # The name in evidence files and for --without; people read `title`.
    name: str
    title: str
    # The model of its section of the plan, if plan/plan.py has none.
    section: str | None = None
    # A word for --without that covers several stages.
    group: str = ""

    # --- when and whom it samples ---
    is_planned: Callable[[Plan], bool] = lambda plan: False
    offsets_s: Callable[[Plan], Offsets] = lambda plan: ()
    asks: Asks = Asks.NOBODY
    due: Due = Due.OFFSETS
    late: Late = Late.COUNTS
    # The order of stages at one offset.
    turn: int = 0
    # Whether the sample at an offset writes to the service or loads it: an earlier P0 then stops it
    # (escalation.keep_writing).
    writes: Callable[[Plan, float], bool] = lambda plan, offset_s: False
    # It loads the service, so its responses and times say nothing of ordinary requests.
    is_load: bool = False
    # (context, offset_s, keep) -> observations.
    collect: str | None = None
    # plan -> (requests, writes) of the complete window.
    requests: str | None = None

    # --- how it is judged ---
    # (bundle, findings of the stages judged before it) -> findings.
    judge: str | None = None
    # The stage whose evidence it judges. "" means the evidence of all stages, if the plan has this one.
    judged_with: str | None = None
    # It needs the findings of all other stages.
    judged_last: bool = False
    # Stages whose modules it may import.
    builds_on: tuple[str, ...] = ()
    # One sample may show what no later sample undoes.
    can_alarm: bool = False
    # Rules that raise no alarm, as later samples may still change their outcome.
    settled_at_end: tuple[str, ...] = ()
    # Among equally severe findings of one cause, that of the stage with the lowest rank leads.
    lead_rank: int = 99
    # Its findings carry names of rules in the plan, and their reason says little without the name.
    names_rules: bool = False

    # --- what people read of it ---
    # Its sections of the report.
    sections: tuple[Section, ...] = ()
    # (bundle, verdict, offset_s) -> the outcome of one sample and the number that matters, for a terminal.
    in_short: str | None = None
    # What to check by hand if the platform did not answer.
    by_hand: str = ""
    # What the plan lacks, if somebody samples this stage without having it in the plan.
    missing: str = ""
    # What `sample STAGE --help` says about it.
    sampling: str = ""


# The chapters of the report; report.md.j2 has their headings.
VERIFICATION, SUITE, MONITORING = PARTS = ("verification", "suite", "monitoring")
