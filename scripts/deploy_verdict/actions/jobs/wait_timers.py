"""GitHub environments whose wait timers hold a sample's job back until it is due. Pure.

`deploy-verdict setup-github` creates these names and timers, and the gate chooses among them. A timer starts
when the gate ends, counts whole minutes, and costs nothing while it runs.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from itertools import pairwise

ENVIRONMENT_NOW = "verify-now"
ROLLBACK_ENVIRONMENT = "deploy-verdict-rollback"
# GitHub's limit: thirty days.
MAX_TIMER_MIN = 43_200
# Other environments may have reviewers, and a job there would wait for their approval.
_OURS = re.compile(r"verify-t\d{3,}", re.ASCII)


def environment_name(delay_min: int) -> str:
    """Return the environment for a sample due this many minutes after the gate, such as verify-t015."""
    return f"verify-t{delay_min:03d}"


def wait_timer_min(delay_min: int) -> int:
    """Return the timer for a delay: a minute less, which the gate takes; the sample job sleeps the rest."""
    return max(1, delay_min - 1)


def delays_min(
    offsets_s: Iterable[float], length_s: float, extend_to_s: float | None, tails_s: Iterable[float]
) -> tuple[int, ...]:
    """Return all delays that need an environment, sorted; the sample job sleeps any part of a minute.

    `offsets_s` are the window's samples. An extension continues from the window's end at the same interval
    until `extend_to_s`; the first tail waits from the end of the window or the extension, each further one
    from the previous tail. All of these count from T0. Without offsets only the tails wait.
    """
    offsets, tails = tuple(offsets_s), tuple(sorted(tails_s))
    ends_s = (length_s,) if extend_to_s is None else (length_s, max(length_s, extend_to_s))
    waits_s = [*offsets, *_extension(offsets, length_s, ends_s[-1]), *_tail_waits(tails, ends_s)]
    # The epsilon keeps float error from rounding down to the previous minute.
    minutes = {int(wait_s / 60 + 1e-6) for wait_s in waits_s}
    return tuple(sorted(minute for minute in minutes if 1 <= minute <= MAX_TIMER_MIN))


def _extension(offsets_s: tuple[float, ...], length_s: float, end_s: float) -> Iterator[float]:
    """Yield the extension's samples as waits from the window's end; the last is the extension's end."""
    if not offsets_s or end_s <= length_s:
        return
    steps = [later - earlier for earlier, later in pairwise(sorted(set(offsets_s)))]
    # One job takes samples that are less than a minute apart.
    every_s = max(60.0, min(steps, default=length_s))
    number = int(length_s / every_s + 1e-9) + 1
    while number * every_s < end_s:
        yield number * every_s - length_s
        number += 1
    yield end_s - length_s


def _tail_waits(tails_s: tuple[float, ...], ends_s: tuple[float, ...]) -> Iterator[float]:
    for end_s in ends_s:
        later = [tail for tail in tails_s if tail > end_s]
        yield from (later_s - earlier_s for earlier_s, later_s in pairwise([end_s, *later]))


def chosen_environment(remaining_s: float, known: Mapping[str, int], late_s: float = 120) -> str:
    """Return the environment with the longest timer that ends at most `late_s` after the remaining time.

    `known` maps a repository's environments to their timers in minutes; only names of `environment_name`
    count. Where none fits, return ENVIRONMENT_NOW, and the sample job sleeps.
    """
    fitting = [
        (timer_min, name)
        for name, timer_min in known.items()
        if _OURS.fullmatch(name) and 0 < timer_min * 60 <= remaining_s + late_s
    ]
    longest = max((timer_min for timer_min, _ in fitting), default=0)
    return min((name for timer_min, name in fitting if timer_min == longest), default=ENVIRONMENT_NOW)
