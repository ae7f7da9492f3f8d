"""What a repository needs before a window can open there, and what it lacks. Pure."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from deploy_verdict.actions.jobs.job_matrix import Mode, billed_min, sample_jobs
from deploy_verdict.actions.jobs.wait_timers import (
    ENVIRONMENT_NOW,
    ROLLBACK_ENVIRONMENT,
    delays_min,
    environment_name,
    wait_timer_min,
)
from deploy_verdict.follow_up.policy import extended_length_s
from deploy_verdict.plan import Plan, own_layout
from deploy_verdict.window.sampling.schedule import offsets_of

MOST_REVIEWERS = 6
DEFAULT_PLAN = "plans/zeues.yml"


@dataclass(frozen=True, kw_only=True)
class Environment:
    """An environment with its rules. `reviewers` are ids, such as "User 1" or "Team 1"."""

    name: str
    timer_min: int = 0
    reviewers: frozenset[str] = frozenset()
    open_to_self: bool = True
    branch_policy: str = "none"

    def rules(self) -> Mapping[str, str]:
        """Return its rules by name, as texts."""
        reviewers = ", ".join(sorted(self.reviewers)) or "none"
        return {
            "wait timer": str(self.timer_min),
            "required reviewers": reviewers,
            "self-review": "allowed" if self.open_to_self or not self.reviewers else "refused",
            "branch policy": self.branch_policy,
        }


@dataclass(frozen=True, kw_only=True)
class LabelToCreate:
    """A label; GitHub compares names and colours case-insensitively."""

    name: str
    color: str
    description: str

    def rules(self) -> Mapping[str, str]:
        """Return what can differ from the wanted label."""
        return {"colour": self.color.lower(), "description": self.description}


@dataclass(frozen=True, kw_only=True)
class RepositorySetup:
    """What a repository has; `labels` are keyed by name in lower case."""

    private: bool
    visibility: str
    environments: Mapping[str, Environment]
    labels: Mapping[str, LabelToCreate]

    def timers_work(self, *, enterprise: bool) -> bool:
        """Whether environments can have rules; the visibility "internal" exists on Enterprise only."""
        return not self.private or enterprise or self.visibility == "internal"


@dataclass(frozen=True, kw_only=True)
class WantedSetup:
    """What a repository should have."""

    environments: tuple[Environment, ...]
    labels: tuple[LabelToCreate, ...]


@dataclass(frozen=True, kw_only=True)
class SetupDifferences:
    """What is missing or differs, and the lines that say so."""

    environments: tuple[Environment, ...] = ()
    labels: tuple[LabelToCreate, ...] = ()
    missing: tuple[str, ...] = ()
    differs: tuple[str, ...] = ()

    @property
    def lines(self) -> tuple[str, ...]:
        return (
            *(f"missing: {line}" for line in self.missing),
            *(f"differs: {line}" for line in self.differs),
        )


def wanted_environments(plan: Plan, reviewers: frozenset[str]) -> tuple[Environment, ...]:
    """Return one for each delay; the rollback's only with reviewers, as else it holds nobody back."""
    timed = (
        Environment(name=environment_name(delay), timer_min=wait_timer_min(delay))
        for delay in wanted_delays_min(plan)
    )
    rollback = (Environment(name=ROLLBACK_ENVIRONMENT, reviewers=reviewers),) if reviewers else ()
    return (Environment(name=ENVIRONMENT_NOW), *timed, *rollback)


def wanted_delays_min(plan: Plan) -> tuple[int, ...]:
    """Return all delays of a plan: its samples, its extension, its tails; only the tails if jobs sleep."""
    window, tails_s = plan.window, plan.escalation.tail_checks
    timed = window.mode in ("auto", "timer")
    pace_s = window.offsets_s if timed else ()
    extended_s = extended_length_s(plan, own_layout(plan))
    regular = delays_min(pace_s, window.length, extended_s, tails_s)
    # The suite may run between the samples.
    between = delays_min(offsets_of(plan, dense=False), window.length, None, ()) if timed else ()
    return tuple(sorted({*regular, *between}))


def differences(
    plan: Plan, wanted: WantedSetup, present: RepositorySetup, *, timers: bool
) -> SetupDifferences:
    """Return what is missing or differs; environments only if they can have rules."""
    lines: dict[str, list[str]] = {"missing": [], "differs": []}
    environments = [
        item
        for item in (wanted.environments if timers else ())
        if _differs(f"environment {item.name}", item, present.environments.get(item.name), lines)
    ]
    labels = [
        item
        for item in wanted.labels
        if _differs(f"label {item.name}", item, present.labels.get(item.name.lower()), lines)
    ]
    for kind, line in _open_rollback(plan, wanted, present) if timers else ():
        lines[kind].append(line)
    return SetupDifferences(
        environments=tuple(environments),
        labels=tuple(labels),
        missing=tuple(lines["missing"]),
        differs=tuple(lines["differs"]),
    )


def _differs(
    what: str,
    wanted: Environment | LabelToCreate,
    found: Environment | LabelToCreate | None,
    lines: dict[str, list[str]],
) -> bool:
    """Whether something must be created or corrected; the reason is added to `lines`."""
    if found is None:
        lines["missing"].append(what)
        return True
    actual = found.rules()
    differing = [
        f"{what}: {rule} is {actual[rule]}, should be {should}"
        for rule, should in wanted.rules().items()
        if actual[rule] != should
    ]
    lines["differs"] += differing
    return bool(differing)


def _open_rollback(plan: Plan, wanted: WantedSetup, present: RepositorySetup) -> Iterator[tuple[str, str]]:
    """Yield the missing protection of the rollback's environment.

    GitHub creates an environment that a job names without any rule, so that anyone may pass.
    """
    found = present.environments.get(ROLLBACK_ENVIRONMENT)
    what = f"environment {ROLLBACK_ENVIRONMENT}"
    if any(environment.name == ROLLBACK_ENVIRONMENT for environment in wanted.environments):
        return
    if found is not None and not found.reviewers:
        yield "differs", f"{what}: required reviewers is none — give --reviewer LOGIN"
    elif found is None and plan.escalation.rollback:
        yield "missing", f"{what}: the plan allows a rollback — give --reviewer LOGIN, who may approve it"


def notes(plan: Plan, present: RepositorySetup, *, timers: bool) -> tuple[str, ...]:
    """Return what a person should know about this repository."""
    if not timers:
        return (_without_timers(plan, present),)
    if ROLLBACK_ENVIRONMENT in present.environments:
        return ()
    return (
        f"environment {ROLLBACK_ENVIRONMENT} does not exist: it is created only with --reviewer, because "
        "without reviewers a rollback would run without approval",
    )


def _without_timers(plan: Plan, present: RepositorySetup) -> str:
    single, sleep = _billed(plan, "single"), _billed(plan, "sleep")
    return (
        f"this repository is {present.visibility}, so no environment was set up: wait timers and required "
        "reviewers need a public repository or GitHub Enterprise (if you have it: --enterprise). Use "
        "window.mode: single, one job that watches the complete window: about "
        f"{single} billed minutes (${single * 0.006:.2f}) each time, {2000 // single} windows in the 2,000 "
        f"minutes of GitHub Free, {3000 // single} in the 3,000 of Pro and Team; mode sleep takes {sleep}. "
        "No rollback is offered"
    )


def _billed(plan: Plan, mode: Mode) -> int:
    offsets_s = offsets_of(plan, dense=False)
    return billed_min(plan, sample_jobs(plan, offsets_s, mode, elapsed_s=0.0, speed=1.0, known={}))


def by_hand(plan: Plan, plan_path: str) -> tuple[str, ...]:
    """Return the steps that setup can neither do nor check, as GitHub shows nobody a secret's value."""
    steps = []
    if plan_path != DEFAULT_PLAN:
        steps.append(f"variable DEPLOY_VERDICT_PLAN: the plan's path in the repository, here {plan_path}")
    if plan.railway is not None:
        steps += [
            "variables RAILWAY_PROJECT_ID and RAILWAY_SERVICE_ID: the plan reads them",
            "secret RAILWAY_TOKEN: a project token of Railway; check by hand that it is set",
        ]
    if plan.github.environment:
        steps.append(
            f"GitHub's deployments must have the environment {plan.github.environment!r}, as the plan says"
        )
    steps.append(
        "secret DEPLOY_VERDICT_NOTIFY: Apprise addresses, only if you want notifications of bad verdicts"
    )
    return tuple(steps)
