"""Plans the jobs that take a window's samples: the matrix, its cost, and what it cannot observe. Pure.

A sample job takes one or more samples, each at its own absolute time T0 + offset. Billing rounds each job up
to a full minute, and a job behind an environment's wait timer holds no runner while it waits
(docs.github.com: manage-environments, billing of Actions).
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from deploy_verdict.actions.jobs.wait_timers import ENVIRONMENT_NOW, chosen_environment, environment_name
from deploy_verdict.plan import Plan
from deploy_verdict.window.sampling.schedule import offsets_of

Mode = Literal["timer", "sleep", "single"]
# SETUP_S: two checkouts, Python and the cached requirements, two artifacts. SUITE_S: eight tests over the
# internet.
SETUP_S = 25.0
SUITE_S = 15.0
MARGIN_MIN = 15
# Limits of a job on a hosted runner (6 h) and of a matrix (256 jobs): docs.github.com, "Actions limits".
LONGEST_JOB_MIN = 360
LONGEST_WATCH_MIN = LONGEST_JOB_MIN - 10
MOST_JOBS = 256
EVERY_SAMPLE = "all"


@dataclass(frozen=True, kw_only=True)
class SampleJob:
    """One job of the matrix: its samples' offsets in plan time, and how long it sleeps.

    `wait_s` is the sleep that remains after the environment's timer. `timeout_min` suffices without the timer
    too, as an administrator may remove it after the gate.
    """

    name: str
    offsets_s: tuple[float, ...]
    environment: str
    timeout_min: int
    wait_s: float


@dataclass(frozen=True, kw_only=True)
class Choice:
    """The mode, and why; `by_auto` unless it was requested."""

    mode: Mode
    because: str
    by_auto: bool


def chosen_mode(requested: str, *, fitting: int, wanted: int, private: bool) -> Choice:
    """Return the requested mode; `auto` chooses wait timers if they are set up, else one long job.

    `wanted` samples are far enough away to need a wait timer, and `fitting` of them have one.
    """
    reason = f"{fitting} of {wanted} samples that must wait have a wait timer"
    if requested == "timer":
        return Choice(mode="timer", because=reason, by_auto=False)
    if requested == "sleep":
        return Choice(mode="sleep", because="requested", by_auto=False)
    if requested == "single":
        return Choice(mode="single", because="requested", by_auto=False)
    if fitting >= wanted:
        return Choice(mode="timer", because=reason, by_auto=True)
    hint = (
        "in a private repository that needs GitHub Enterprise"
        if private
        else "run deploy-verdict setup-github"
    )
    return Choice(mode="single", because=f"{reason}; {hint}", by_auto=True)


def sample_jobs(
    plan: Plan,
    offsets_s: tuple[float, ...],
    mode: Mode,
    *,
    elapsed_s: float,
    speed: float,
    known: Mapping[str, int],
) -> tuple[SampleJob, ...]:
    """Return the jobs for the offsets still to come; `known` maps environments to their timers in minutes."""
    if not offsets_s:
        return ()
    if mode == "single":
        wait_s = max(0.0, (offsets_s[-1] - elapsed_s) / speed)
        return (_with_drives(plan, _sample_job(EVERY_SAMPLE, offsets_s, ENVIRONMENT_NOW, wait_s, wait_s)),)
    return tuple(_with_drives(plan, _one(offset_s, mode, elapsed_s, speed, known)) for offset_s in offsets_s)


def _with_drives(plan: Plan, job: SampleJob) -> SampleJob:
    """Extend the timeout of the job that takes the window's last sample, which also drives load."""
    if plan.window.end_s not in job.offsets_s:
        return job
    timeout_min = min(LONGEST_JOB_MIN, job.timeout_min + math.ceil(plan.drives_s / 60))
    return replace(job, timeout_min=timeout_min)


def _one(offset_s: float, mode: Mode, elapsed_s: float, speed: float, known: Mapping[str, int]) -> SampleJob:
    remaining_s = max(0.0, (offset_s - elapsed_s) / speed)
    environment = chosen_environment(remaining_s, known) if mode == "timer" else ENVIRONMENT_NOW
    timer_s = known.get(environment, 0) * 60.0 if environment != ENVIRONMENT_NOW else 0.0
    name = sample_name(offset_s)
    return _sample_job(name, (offset_s,), environment, max(0.0, remaining_s - timer_s), remaining_s)


def sample_name(offset_s: float) -> str:
    """Return a sample job's name, its offset in minutes: 015, or 007.500."""
    return f"{offset_s / 60:03.0f}" if offset_s % 60 == 0 else f"{offset_s / 60:07.3f}"


def _sample_job(
    name: str, offsets_s: tuple[float, ...], environment: str, wait_s: float, remaining_s: float
) -> SampleJob:
    timeout_min = min(LONGEST_JOB_MIN, math.ceil(remaining_s / 60) + MARGIN_MIN)
    return SampleJob(
        name=name, offsets_s=offsets_s, environment=environment, timeout_min=timeout_min, wait_s=wait_s
    )


def billed_min(plan: Plan, jobs: tuple[SampleJob, ...]) -> int:
    """Estimate the billed minutes: each job rounded up, plus one each for gate and report."""
    return 2 + sum(math.ceil(_seconds(plan, job) / 60) for job in jobs)


def later_billed_min(plan: Plan) -> int:
    """Estimate the billed minutes of each later sample: one job with gate, samples, suite and report."""
    burst_s = max((pool.burst.for_ for pool in plan.pools), default=0.0)
    return math.ceil((SETUP_S + burst_s + (SUITE_S if plan.e2e is not None else 0.0)) / 60)


def _seconds(plan: Plan, job: SampleJob) -> float:
    """Estimate how long a job runs: its setup or its wait, whichever is longer, then its samples."""
    at_s = job.offsets_s[-1]
    taken_s = max((plan.burst_at(pool, at_s).for_ for pool in plan.pools), default=0.0)
    if 0.0 in job.offsets_s:
        taken_s += sum(pool.exercise.for_ for pool in plan.pools if pool.exercise is not None)
    if plan.e2e is not None and set(plan.e2e.at) & set(job.offsets_s):
        taken_s += SUITE_S
    # The setup runs while the sample is not yet due.
    return max(SETUP_S, job.wait_s) + taken_s


def refusal(jobs: Sequence[SampleJob]) -> str | None:
    """Return why GitHub cannot hold these jobs, with the number; None if it can."""
    if len(jobs) > MOST_JOBS:
        return (
            f"the window needs {len(jobs)} sample jobs, and GitHub's matrix holds {MOST_JOBS} — take fewer "
            "samples (window.sample_every), a shorter window, or window.mode: single"
        )
    longest_s = max((job.wait_s for job in jobs if job.environment == ENVIRONMENT_NOW), default=0.0)
    if longest_s > LONGEST_WATCH_MIN * 60:
        return (
            f"a sample job would run for {longest_s / 60:.0f} minutes, and GitHub ends a job after "
            f"{LONGEST_JOB_MIN} ({LONGEST_WATCH_MIN} with its setup) — set up wait timers "
            "(deploy-verdict setup-github), or take a shorter window"
        )
    return None


def refusal_of(plan: Plan) -> str | None:
    """Return why GitHub cannot hold a plan's window in its mode (with `auto`, in any); None if it can."""
    modes: tuple[Mode, ...] = ("timer", "single") if plan.window.mode == "auto" else (plan.window.mode,)
    # Assumes the timers that a plan wants: setup-github creates one for each offset.
    offsets_s = offsets_of(plan, dense=False)
    waits_s = {environment_name(int(offset_s / 60)): int(offset_s / 60) for offset_s in offsets_s}
    reasons = [
        refusal(sample_jobs(plan, offsets_s, mode, elapsed_s=0.0, speed=1.0, known=waits_s)) for mode in modes
    ]
    return reasons[0] if all(reasons) else None


def sampling_words(plan: Plan, choice: Choice, jobs: tuple[SampleJob, ...], *, private: bool) -> str:
    """Write the report's sentences on how the window was sampled."""
    return " ".join(_words(plan, choice, jobs, private))


def _words(plan: Plan, choice: Choice, jobs: tuple[SampleJob, ...], private: bool) -> Iterator[str]:
    how = {
        "timer": "one job for each sample, each behind a wait timer",
        "sleep": "one job for each sample, which sleeps until then",
        "single": "one long-running job",
    }[choice.mode]
    by = f"chosen by auto: {choice.because}" if choice.by_auto else choice.because
    minutes = billed_min(plan, jobs)
    cost = f"about {minutes} billed minutes" if private else "nothing is billed in a public repository"
    yield f"Sampled by {how} (mode {choice.mode}, {by}): {cost}."
    if choice.mode == "single":
        if plan.window.dense_s is not None:
            yield f"The pool was sampled every {plan.window.dense_s:g} s."
        yield "Had its runner died, the samples would have been lost."
    else:
        yield "What came and went between two samples is not observed."
    asleep = sum(job.wait_s > 120 for job in jobs)
    if choice.mode == "timer" and asleep:
        yield f"No wait timer fits {asleep} of the samples, so their jobs sleep."
