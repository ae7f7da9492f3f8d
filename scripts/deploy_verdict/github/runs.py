"""Runs of a workflow at GitHub: list them, cancel one, start one; and the wait timers of environments.

It uses only documented operations of GitHub's REST API (docs.github.com/rest/actions).
"""

from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from deploy_verdict.base.clock import Clock
from deploy_verdict.base.errors import ProviderError
from deploy_verdict.github.caller import Tell
from deploy_verdict.github.connection import Connection, RepositoryApi
from deploy_verdict.model import Record

SEPARATOR = " · "
BY_HAND = "verify by hand"
UNFINISHED = ("in_progress", "queued", "waiting", "pending", "requested")


class WorkflowRun(Record):
    """One run of a workflow; `display_title` is its run-name."""

    id: int
    display_title: str = ""
    status: str | None = None
    conclusion: str | None = None
    head_sha: str = ""
    event: str = ""
    run_attempt: int = 1
    html_url: str = ""
    path: str = ""

    @property
    def unfinished(self) -> bool:
        return self.status in UNFINISHED


def split_title(title: str) -> tuple[str, str]:
    """The label and the commit or deployment in a run's name; any other name has neither."""
    label, separator, what = title.rpartition(SEPARATOR)
    return (label, what) if separator and label != BY_HAND else ("", "")


PER_PAGE = 50


class WorkflowRuns:
    """The runs of one repository. Raises ProviderError for whatever GitHub refuses."""

    def __init__(
        self, connection: Connection, *, clock: Clock | None = None, tell: Tell = lambda line: None
    ) -> None:
        self._api = RepositoryApi(connection, clock=clock, tell=tell)

    @property
    def private(self) -> bool:
        """Whether minutes are billed: in public repositories they are not."""
        return bool(self._api.repository.private)

    @property
    def default_branch(self) -> str:
        return str(self._api.repository.default_branch)

    def run(self, run_id: int) -> WorkflowRun:
        return _run(self._api.json("GET", f"/actions/runs/{run_id}", "the run"))

    def newest(self, workflow: str) -> tuple[WorkflowRun, ...]:
        """The newest runs of a workflow's file, newest first."""
        found = self._api.json("GET", f"/actions/workflows/{workflow}/runs?per_page={PER_PAGE}", "the runs")
        rows = found.get("workflow_runs")
        return tuple(_run(row) for row in rows) if isinstance(rows, list) else ()

    def cancel(self, run_id: int) -> None:
        """Cancel a run; its jobs with `if: always()` still run."""
        self._api.json("POST", f"/actions/runs/{run_id}/cancel", "the end of a run")

    def dispatch(self, workflow: str, ref: str, inputs: Mapping[str, str]) -> None:
        """Start a run by workflow_dispatch."""
        body = {"ref": ref, "inputs": dict(inputs)}
        self._api.json("POST", f"/actions/workflows/{workflow}/dispatches", "a new run", body)

    def statuses(self, commit: str) -> list[object]:
        """The newest commit status of each context."""
        answer = self._api.json("GET", f"/commits/{commit}/status?per_page=100", "the commit's statuses")
        rows = answer.get("statuses")
        return rows if isinstance(rows, list) else []

    def set_status(self, commit: str, context: str, state: str, description: str) -> None:
        """Set one context's status on a commit."""
        body = {"state": state, "context": context, "description": description}
        self._api.json("POST", f"/statuses/{commit}", "a commit status", body)

    def timers(self) -> dict[str, int]:
        """Environments that have a wait timer, and its minutes."""
        return {
            name: rule["wait_timer"]
            for name, rules in self._rules().items()
            for rule in rules
            if rule.get("type") == "wait_timer" and isinstance(rule.get("wait_timer"), int)
        }

    def has_reviewers(self, environment: str) -> bool:
        """Whether jobs of an environment need a reviewer's approval."""
        rules = self._rules().get(environment, [])
        return any(rule.get("type") == "required_reviewers" and rule.get("reviewers") for rule in rules)

    def _rules(self) -> dict[str, list[dict[str, Any]]]:
        return {row["name"]: row.get("protection_rules") or [] for row in self._api.environments()}


def _run(row: Any) -> WorkflowRun:
    try:
        return WorkflowRun.model_validate(row)
    except ValidationError as error:
        raise ProviderError("GitHub describes a run in an unknown shape") from error
