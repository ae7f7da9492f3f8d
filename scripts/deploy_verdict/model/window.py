"""The window: T0, length, offsets, and how late a sample may be. Pure."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from deploy_verdict.model import WindowFrame

# What a window at higher speed tolerates: the seconds that a process takes to start, and more real seconds
# while these amount to less than an hour of plan time.
START_S, REAL_SLACK_S, MOST_SLACK_S = 10.0, 120.0, 3600.0
# Platforms often cut times to seconds: a line from 12:00:00.7 says 12:00:00. And the reading of the complete
# window begins when its last sample ends, by another clock than the window's.
CUT_TIMES = timedelta(seconds=1)


def window_frame(
    *, t0: datetime, length_s: float, offsets_s: Iterable[float], speed: float, seed: str
) -> WindowFrame:
    """Return a window that opens at t0 (UTC).

    `seed` (the plan's hash) keeps the ids of two plans distinct.
    """
    return WindowFrame(
        id=f"{t0:%Y%m%dT%H%M%SZ}-{seed[:6]}",
        t0=t0,
        length_s=length_s,
        offsets_s=tuple(offsets_s),
        speed=speed,
    )


def evidence_name(stage: str, offset_s: float, attempt: int) -> str:
    """Return a name such as pools.T+030.a1.json; an offset between two minutes keeps its fraction."""
    minutes = offset_s / 60
    text = f"{minutes:03.0f}" if abs(minutes - round(minutes)) < 1e-6 else f"{minutes:07.3f}"
    return f"{stage}.T+{text}.a{attempt}.json"


def plan_time(window: WindowFrame, offset_s: float) -> datetime:
    """Return T0 + offset as the report shows it, at any speed."""
    return window.t0 + timedelta(seconds=offset_s)


def wall_end(window: WindowFrame) -> datetime:
    """Return when the window ends on the wall clock."""
    return window.t0 + timedelta(seconds=window.length_s / window.speed)


def tolerance_s(window: WindowFrame, offset_s: float = 0.0) -> float:
    """Return how late a sample may be and still count for its offset: half the interval, in plan seconds.

    A sample after the window's end, hours after the previous one, may be late by half of that. At higher
    speed some real seconds are allowed too, as the machine's own delays weigh more there; at most an hour of
    plan time, unless a process needs longer to start.
    """
    gaps = [b - a for a, b in zip(window.offsets_s, window.offsets_s[1:], strict=False)]
    before = [earlier for earlier in window.offsets_s if earlier < offset_s]
    own = offset_s - before[-1] if before and offset_s in window.offsets_s else 0.0
    half = max(min(gaps), own) / 2 if gaps else window.length_s / 2
    return (
        half
        if window.speed <= 1
        else max(half, START_S * window.speed, min(REAL_SLACK_S * window.speed, MOST_SLACK_S))
    )
