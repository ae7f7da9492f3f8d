"""A workflow's runs on GitHub (list, cancel, start), and the wait timers of environments.

Uses only documented operations of GitHub's REST API (docs.github.com/rest/actions).
"""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

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

    @property
    def workflow(self) -> str:
        """The name of its workflow's file, "" if GitHub does not give it."""
        return self.path.partition("@")[0].rpartition("/")[2]


def split_title(title: str) -> tuple[str, str]:
    """Split a run's name into the label and the commit or deployment; any other name has neither."""
    label, separator, what = title.rpartition(SEPARATOR)
    return (label, what) if separator and label != BY_HAND else ("", "")


PER_PAGE = 100
# GitHub returns at most a thousand runs for a search by status or date.
MOST_PAGES = 10


class WorkflowRuns:
    """The runs of one repository. Raises ProviderError for whatever GitHub refuses."""

    def __init__(
        self, connection: Connection, *, clock: Clock | None = None, tell: Tell = lambda line: None
    ) -> None:
        self._api = RepositoryApi(connection, clock=clock, tell=tell)

    @property
    def private(self) -> bool:
        """Whether minutes are billed; in public repositories they are not."""
        return bool(self._api.repository.private)

    @property
    def default_branch(self) -> str:
        return str(self._api.repository.default_branch)

    def run(self, run_id: int) -> WorkflowRun:
        return _run(self._api.json("GET", f"/actions/runs/{run_id}", "the run"))

    def unfinished(self, workflow: str) -> tuple[WorkflowRun, ...]:
        """Return every run of a workflow's file that has not ended, however many ended ones are newer."""
        found = {run.id: run for status in UNFINISHED for run in self._listed(workflow, status=status)}
        return tuple(found[identity] for identity in sorted(found, reverse=True))

    def newer(self, workflow: str, run_id: int) -> tuple[WorkflowRun, ...]:
        """Return the runs of a workflow's file that were started after a run, newest first."""
        found: list[WorkflowRun] = []
        for run in self._listed(workflow):
            if run.id <= run_id:
                break
            found.append(run)
        return tuple(found)

    def since(self, workflow: str, moment: datetime) -> tuple[WorkflowRun, ...]:
        """Return the runs of a workflow's file since a day, newest first."""
        return tuple(self._listed(workflow, created=f">={moment:%Y-%m-%d}"))

    def _listed(self, workflow: str, **search: str) -> Iterator[WorkflowRun]:
        """Yield runs newest first, requesting pages as needed; skipped and refused runs are included."""
        for page in range(1, MOST_PAGES + 1):
            query = urlencode({**search, "per_page": PER_PAGE, "page": page})
            answer = self._api.json("GET", f"/actions/workflows/{workflow}/runs?{query}", "the runs")
            rows = answer.get("workflow_runs")
            rows = rows if isinstance(rows, list) else []
            yield from map(_run, rows)
            if len(rows) < PER_PAGE:
                return

    def opened_window(self, run_id: int) -> bool:
        """Whether a run's gate has opened a window, which it keeps as the artifact window-a<attempt>."""
        answer = self._api.json("GET", f"/actions/runs/{run_id}/artifacts?per_page=100", "a run's artifacts")
        rows = answer.get("artifacts")
        names = [row.get("name") for row in rows if isinstance(row, dict)] if isinstance(rows, list) else []
        return any(isinstance(name, str) and name.startswith("window-") for name in names)

    def cancel(self, run_id: int) -> None:
        """Cancel a run; its jobs with `if: always()` still run."""
        self._api.json("POST", f"/actions/runs/{run_id}/cancel", "the end of a run")

    def dispatch(self, workflow: str, ref: str, inputs: Mapping[str, str]) -> None:
        """Start a run by workflow_dispatch."""
        body = {"ref": ref, "inputs": dict(inputs)}
        self._api.json("POST", f"/actions/workflows/{workflow}/dispatches", "a new run", body)

    def statuses(self, commit: str) -> list[object]:
        """Return the newest commit status of each context."""
        answer = self._api.json("GET", f"/commits/{commit}/status?per_page=100", "the commit's statuses")
        rows = answer.get("statuses")
        return rows if isinstance(rows, list) else []

    def set_status(self, commit: str, context: str, state: str, description: str) -> None:
        """Set one context's status on a commit."""
        body = {"state": state, "context": context, "description": description}
        self._api.json("POST", f"/statuses/{commit}", "a commit status", body)

    def timers(self) -> dict[str, int]:
        """Return the environments that have a wait timer, with its minutes."""
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
