"""How a window's looks are spread over jobs: the matrix of sittings, its cost, and what it cannot see. Pure.

A sitting is one job; it takes one or more looks, each at its own absolute time T0 + offset. Billing rounds
each job up to a whole minute, and a job behind an environment's wait timer holds no runner while it waits
(docs.github.com: manage-environments, billing of Actions).
"""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Literal

from deploy_verdict.actions.wait_timers import ENVIRONMENT_NOW, chosen_environment
from deploy_verdict.plan import Plan

Mode = Literal["timer", "sleep", "single"]
SETUP_S = 25.0
MARGIN_MIN = 15
LONGEST_JOB_MIN = 360


@dataclass(frozen=True, kw_only=True)
class Sitting:
    """One job of the matrix; `offsets_s` are its looks in plan time, `wait_s` what it sleeps at most."""

    name: str
    offsets_s: tuple[float, ...]
    environment: str
    timeout_min: int
    wait_s: float

    def entry(self) -> dict[str, str | int]:
        """As the workflow's matrix takes it."""
        return {
            "sitting": self.name,
            "offsets": ",".join(f"{offset_s:g}s" for offset_s in self.offsets_s),
            "environment": self.environment,
            "timeout": self.timeout_min,
        }


@dataclass(frozen=True, kw_only=True)
class Choice:
    """The mode, and why; `by_auto` unless somebody asked for it."""

    mode: Mode
    because: str
    by_auto: bool


def chosen_mode(asked: str, *, fitting: int, wanted: int, private: bool) -> Choice:
    """What `auto` makes of the repository: wait timers where they are set up, else one long job.

    `wanted` looks are far enough away to want a wait timer, and `fitting` of them find one.
    """
    told = f"{fitting} of {wanted} looks that must wait have a wait timer"
    if asked == "timer":
        return Choice(mode="timer", because=told, by_auto=False)
    if asked == "sleep":
        return Choice(mode="sleep", because="asked for", by_auto=False)
    if asked == "single":
        return Choice(mode="single", because="asked for", by_auto=False)
    if fitting >= wanted:
        return Choice(mode="timer", because=told, by_auto=True)
    enterprise = "in a private repository that takes GitHub Enterprise"
    hint = enterprise if private else "run deploy-verdict setup-github"
    return Choice(mode="single", because=f"{told}; {hint}", by_auto=True)


def sittings(
    plan: Plan,
    offsets_s: tuple[float, ...],
    mode: Mode,
    *,
    elapsed_s: float,
    speed: float,
    known: Mapping[str, int],
) -> tuple[Sitting, ...]:
    """The jobs for the offsets that are still to come; `known` are environments and their minutes."""
    if not offsets_s:
        return ()
    if mode == "single":
        wait_s = max(0.0, (offsets_s[-1] - elapsed_s) / speed)
        return (_with_drives(plan, _sitting("all", offsets_s, ENVIRONMENT_NOW, wait_s)),)
    return tuple(_with_drives(plan, _one(offset_s, mode, elapsed_s, speed, known)) for offset_s in offsets_s)


def _with_drives(plan: Plan, sitting: Sitting) -> Sitting:
    """More time for the job that drives at the window's end."""
    if plan.window.end_s not in sitting.offsets_s:
        return sitting
    timeout_min = min(LONGEST_JOB_MIN, sitting.timeout_min + math.ceil(plan.drives_s / 60))
    return replace(sitting, timeout_min=timeout_min)


def _one(offset_s: float, mode: Mode, elapsed_s: float, speed: float, known: Mapping[str, int]) -> Sitting:
    remaining_s = max(0.0, (offset_s - elapsed_s) / speed)
    environment = chosen_environment(remaining_s, known) if mode == "timer" else ENVIRONMENT_NOW
    timer_s = known.get(environment, 0) * 60.0 if environment != ENVIRONMENT_NOW else 0.0
    name = f"{offset_s / 60:03.0f}" if offset_s % 60 == 0 else f"{offset_s / 60:07.3f}"
    return _sitting(name, (offset_s,), environment, max(0.0, remaining_s - timer_s))


def _sitting(name: str, offsets_s: tuple[float, ...], environment: str, wait_s: float) -> Sitting:
    timeout_min = min(LONGEST_JOB_MIN, math.ceil(wait_s / 60) + MARGIN_MIN)
    return Sitting(
        name=name, offsets_s=offsets_s, environment=environment, timeout_min=timeout_min, wait_s=wait_s
    )


def billed_min(plan: Plan, jobs: tuple[Sitting, ...]) -> int:
    """About how many minutes are billed: each job rounded up, with one each for gate, verify and report."""
    burst_s = sum(pool.burst.for_ for pool in plan.pools)
    return 3 + sum(math.ceil((SETUP_S + sitting.wait_s + burst_s) / 60) for sitting in jobs)


def sampling_words(plan: Plan, choice: Choice, jobs: tuple[Sitting, ...], *, private: bool) -> str:
    """The report's sentence on how it was sampled."""
    return " ".join(_words(plan, choice, jobs, private))


def _words(plan: Plan, choice: Choice, jobs: tuple[Sitting, ...], private: bool) -> Iterator[str]:
    how = {
        "timer": "one job for each look, each behind a wait timer",
        "sleep": "one job for each look, which sleeps until then",
        "single": "one job that sees the whole window",
    }[choice.mode]
    by = f"chosen by auto: {choice.because}" if choice.by_auto else choice.because
    minutes = billed_min(plan, jobs)
    cost = f"about {minutes} billed minutes" if private else "nothing is billed in a public repository"
    yield f"Sampled by {how} (mode {choice.mode}, {by}): {cost}."
    if choice.mode == "single":
        yield (
            f"The pool was sampled every {plan.window.dense_every:g} s. Had its runner died, the samples "
            "would have been lost."
        )
    else:
        yield "What came and went between two looks is not seen."
    held = sum(sitting.wait_s > 120 for sitting in jobs)
    if choice.mode == "timer" and held:
        yield f"For {held} looks no wait timer fits, so their jobs sleep."
