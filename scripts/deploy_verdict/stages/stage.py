"""What a stage is: when it is due, whom it asks, how it is judged, what people read of it.

The stages themselves are rows of registry.py.
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
    """Whom a stage's samples ask."""

    SERVICE = "service"
    PLATFORM = "platform"
    LOG = "log"  # a file, or the platform where none is given
    NOBODY = "nobody"  # it takes no samples: it is judged from the evidence of others


class Due(StrEnum):
    """When its samples are taken."""

    OFFSETS = "at its offsets"
    DRIVE = "driven at the window's end, one after the other"
    BETWEEN = "between the samples, where one process waits for them"
    END = "read at the window's end, of the complete window, and at each sample what is new since the last"


class Late(StrEnum):
    """What becomes of a sample that is more than half an interval late."""

    MISSED = "not taken: it would show another moment"
    TAKEN_LATE = "taken, and does not count"
    COUNTS = "counts: it shows no particular moment"


@dataclass(frozen=True, kw_only=True)
class Section:
    """One section of the report: `view` gives None where there is nothing to show.

    `part` is the chapter it stands in; with `is_each` the view is several, with a section for each.
    `drop_rank`: of a comment that is too long, the lowest goes first.
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
    """One stage: a row of the registry. Functions stand in it by name: "stages.pools.judge:judge_pools"."""

    # As its evidence files and --without have it; `title` is what people read.
    name: str
    title: str
    # The model of its section of the plan, where plan/plan.py has none of its own.
    section: str | None = None
    # Another word for --without.
    group: str = ""

    # --- when and whom it samples ---
    is_planned: Callable[[Plan], bool] = lambda plan: False
    offsets_s: Callable[[Plan], Offsets] = lambda plan: ()
    asks: Asks = Asks.NOBODY
    due: Due = Due.OFFSETS
    late: Late = Late.COUNTS
    # The order of samples at one offset.
    turn: int = 0
    # Whether the sample at an offset writes to the service or loads it: a P0 before it ends that
    # (escalation.keep_writing).
    writes: Callable[[Plan, float], bool] = lambda plan, offset_s: False
    # It loads the service, so that its answers and times say nothing of ordinary requests.
    is_load: bool = False
    # (context, offset_s, keep) -> observations.
    collect: str | None = None
    # plan -> (requests, writes) of a complete window.
    requests: str | None = None

    # --- how it is judged ---
    # (bundle, findings of the stages judged before it) -> findings.
    judge: str | None = None
    # The stage whose evidence it judges; "" for that of all, where it is planned.
    judged_with: str | None = None
    # It needs the findings of all others.
    judged_last: bool = False
    # Stages whose modules it may import.
    builds_on: tuple[str, ...] = ()
    # One sample can show what no later one undoes.
    can_alarm: bool = False
    # Its rules that later samples may still change, so that they raise no alarm.
    settled_at_end: tuple[str, ...] = ()
    # Of equally severe findings of one cause, the lowest stage's leads.
    lead_rank: int = 99
    # Its findings are named by rules of the plan, whose reason says little without the name.
    names_rules: bool = False

    # --- what people read of it ---
    # Its part of the report.
    sections: tuple[Section, ...] = ()
    # (bundle, verdict, offset_s) -> what one sample came to and the number that matters, for a terminal.
    in_short: str | None = None
    # What to do where the platform did not say.
    by_hand: str = ""
    # What a plan without it lacks, where sampling it is then a mistake.
    missing: str = ""
    # What `sample STAGE --help` says of it.
    sampling: str = ""


# The chapters of the report in which stages stand; report.md.j2 has their headings.
VERIFICATION, SUITE, MONITORING = PARTS = ("verification", "suite", "monitoring")
