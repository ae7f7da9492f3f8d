"""Prepares a repository for windows on GitHub: environments with their timers, and labels.

Only an administrator can: a workflow's own token never has administration: write. Corrections are read back,
because GitHub accepts rules in a private repository and then ignores them.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import partial
from typing import Any
from urllib.parse import quote

from github import GithubException

from deploy_verdict.actions.repository.setup_requirements import (
    MOST_REVIEWERS,
    Environment,
    LabelToCreate,
    RepositorySetup,
    SetupDifferences,
    WantedSetup,
    by_hand,
    differences,
    notes,
    wanted_environments,
)
from deploy_verdict.base.errors import ProviderError, UsageError
from deploy_verdict.github import Connection
from deploy_verdict.github.connection import RepositoryApi
from deploy_verdict.github.destinations import TRACKING
from deploy_verdict.model import VerdictOutcome
from deploy_verdict.plan import Plan
from deploy_verdict.publish.service_marks import labels_of, service_of

NEEDS = "administration: write and issues: write"


@dataclass(frozen=True, kw_only=True)
class Setup:
    """What was done, and what is left to do; `ok` when nothing is."""

    repository: str
    done: tuple[str, ...]
    left: SetupDifferences
    notes: tuple[str, ...]
    by_hand: tuple[str, ...]

    @property
    def ok(self) -> bool:
        return not self.left.lines

    def lines(self) -> list[str]:
        """Return the result as lines to print."""
        lines = [*self.done, *self.left.lines]
        lines += [f"note: {note}" for note in self.notes] + [f"by hand: {step}" for step in self.by_hand]
        return [*lines, f"{self.repository}: {'ready' if self.ok else 'not ready'}"]

    def counts(self) -> dict[str, object]:
        """Return the result for --json."""
        return {
            "repository": self.repository,
            "ok": self.ok,
            "done": self.done,
            "missing": self.left.missing,
            "differs": self.left.differs,
            "notes": self.notes,
            "by_hand": self.by_hand,
        }


class Preparation:
    """One repository, checked and corrected. Raises ProviderError for whatever GitHub refuses."""

    def __init__(self, connection: Connection, *, enterprise: bool) -> None:
        self._api = RepositoryApi(connection)
        self._enterprise = enterprise

    def prepared(self, plan: Plan, plan_path: str, reviewers: frozenset[str], *, check_only: bool) -> Setup:
        """Check, correct what is missing or differs unless `check_only`, and check again."""
        wanted = WantedSetup(environments=wanted_environments(plan, reviewers), labels=wanted_labels(plan))
        present = self._present()
        timers = present.timers_work(enterprise=self._enterprise)
        left, done = differences(plan, wanted, present, timers=timers), []
        if not check_only and (left.environments or left.labels):
            done = [self._put(environment) for environment in left.environments]
            done += [self._put_label(label, present) for label in left.labels]
            present = self._present()
            left = differences(plan, wanted, present, timers=timers)
        return Setup(
            repository=self._api.repository.full_name,
            done=tuple(done),
            left=left,
            notes=notes(plan, present, timers=timers),
            by_hand=by_hand(plan, plan_path),
        )

    def reviewers(self, logins: Iterable[str], ids: Iterable[int]) -> frozenset[str]:
        """Return reviewers as the rules name them; raise UsageError for one without read access."""
        found = {f"User {identity}" for identity in ids} | {f"User {self._id_of(login)}" for login in logins}
        if len(found) > MOST_REVIEWERS:
            raise UsageError(f"--reviewer: GitHub takes at most {MOST_REVIEWERS} — name fewer")
        return frozenset(found)

    def _id_of(self, login: str) -> int:
        answer = self._api.json(
            "GET", f"/collaborators/{quote(login, safe='')}/permission", f"the reviewer {login}"
        )
        if answer.get("permission") == "none" or not answer.get("user"):
            raise UsageError(
                f"--reviewer {login}: cannot read {self._api.repository.full_name} — invite them first"
            )
        return int(answer["user"]["id"])

    def _present(self) -> RepositorySetup:
        found = self._api.caller.call("the labels", lambda: list(self._api.repository.get_labels()))
        labels = [
            LabelToCreate(name=label.name, color=label.color, description=label.description or "")
            for label in found
        ]
        return RepositorySetup(
            private=bool(self._api.repository.private),
            visibility=str(self._api.repository.visibility or "private"),
            environments={item.name: item for item in map(_environment, self._api.environments())},
            labels={label.name.lower(): label for label in labels},
        )

    def _put(self, wanted: Environment) -> str:
        kinds = [reviewer.split(" ") for reviewer in sorted(wanted.reviewers)]
        body = {
            "wait_timer": wanted.timer_min,
            "prevent_self_review": not wanted.open_to_self,
            "reviewers": [{"type": kind, "id": int(identity)} for kind, identity in kinds] or None,
            # A deployment event may come without a branch, which a policy would refuse.
            "deployment_branch_policy": None,
        }
        self._api.json("PUT", f"/environments/{wanted.name}", f"the environment {wanted.name}", body)
        timer = f", wait timer {wanted.timer_min} min" if wanted.timer_min else ""
        return f"set: environment {wanted.name}{timer}"

    def _put_label(self, wanted: LabelToCreate, present: RepositorySetup) -> str:
        fields = {"name": wanted.name, "color": wanted.color, "description": wanted.description}
        what, done = f"the label {wanted.name}", f"set: label {wanted.name}"
        found = present.labels.get(wanted.name.lower())
        if found is not None:
            label = self._api.caller.call(what, partial(self._api.repository.get_label, found.name))
            self._api.caller.call(what, partial(label.edit, **fields))
            return done
        try:
            self._api.caller.call(what, partial(self._api.repository.create_label, **fields))
        except ProviderError as error:
            # A write whose answer was lost is repeated, and then the label exists already.
            if not _is_there_already(error):
                raise
        return done


def wanted_labels(plan: Plan) -> tuple[LabelToCreate, ...]:
    """Return the tracking issue's label, and the service's label for each outcome."""
    labels = labels_of(service_of(plan.service.name, plan.name))
    return tuple(
        LabelToCreate(name=label.name, color=label.color, description=label.description)
        for label in (TRACKING, *(labels[outcome] for outcome in VerdictOutcome))
    )


def _environment(row: dict[str, Any]) -> Environment:
    rules = {rule.get("type"): rule for rule in row.get("protection_rules") or []}
    approval = rules.get("required_reviewers", {})
    people = approval.get("reviewers") or []
    return Environment(
        name=row["name"],
        timer_min=rules.get("wait_timer", {}).get("wait_timer") or 0,
        reviewers=frozenset(f"{item['type']} {item['reviewer']['id']}" for item in people),
        open_to_self=not approval.get("prevent_self_review"),
        branch_policy="some branches only" if row.get("deployment_branch_policy") else "none",
    )


def _is_there_already(error: ProviderError) -> bool:
    cause = error.__cause__
    if not isinstance(cause, GithubException) or cause.status != 422 or not isinstance(cause.data, dict):
        return False
    return any(item.get("code") == "already_exists" for item in cause.data.get("errors") or [])
