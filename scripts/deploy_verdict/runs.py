"""Runs of the workflow at GitHub: which are under way, ending one, starting one, and the wait timers.

Asks only operations of GitHub's REST API (docs.github.com/rest/actions), through PyGithub's requester.
"""

from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from deploy_verdict.errors import ProviderError
from deploy_verdict.github import Connection, asked, repository_of
from deploy_verdict.rivals import Run

PER_PAGE = 50


class Runs:
    """The runs of one repository. Raises ProviderError for whatever GitHub refuses."""

    def __init__(self, connection: Connection) -> None:
        self._repository = repository_of(connection)

    @property
    def private(self) -> bool:
        """Whether minutes are billed: in public repositories they are not."""
        return asked("the repository", lambda: bool(self._repository.private))

    @property
    def default_branch(self) -> str:
        return asked("the repository", lambda: str(self._repository.default_branch))

    def run(self, run_id: int) -> Run:
        return _run(self._ask("GET", f"/actions/runs/{run_id}", "the run"))

    def newest(self, workflow: str) -> tuple[Run, ...]:
        """The newest runs of a workflow's file, newest first."""
        found = self._ask("GET", f"/actions/workflows/{workflow}/runs?per_page={PER_PAGE}", "the runs")
        rows = found.get("workflow_runs") if isinstance(found, dict) else None
        return tuple(_run(row) for row in rows) if isinstance(rows, list) else ()

    def cancel(self, run_id: int) -> None:
        """Ask GitHub to end a run; its jobs that always run still do."""
        self._ask("POST", f"/actions/runs/{run_id}/cancel", "the end of a run")

    def dispatch(self, workflow: str, ref: str, inputs: Mapping[str, str]) -> None:
        """Start a run by workflow_dispatch."""
        body = {"ref": ref, "inputs": dict(inputs)}
        self._ask("POST", f"/actions/workflows/{workflow}/dispatches", "a new run", body)

    def statuses(self, commit: str) -> list[object]:
        """The newest commit status of each context."""
        answer = self._ask("GET", f"/commits/{commit}/status?per_page=100", "the commit's statuses")
        rows = answer.get("statuses") if isinstance(answer, dict) else None
        return rows if isinstance(rows, list) else []

    def timers(self) -> dict[str, int]:
        """Environments that have a wait timer, and its minutes."""
        return {
            name: rule["wait_timer"]
            for name, rules in self._environments().items()
            for rule in rules
            if rule.get("type") == "wait_timer" and isinstance(rule.get("wait_timer"), int)
        }

    def has_reviewers(self, environment: str) -> bool:
        """Whether an environment lets nobody in without a reviewer's consent."""
        rules = self._environments().get(environment, [])
        return any(rule.get("type") == "required_reviewers" and rule.get("reviewers") for rule in rules)

    def _environments(self) -> dict[str, list[dict[str, Any]]]:
        found: dict[str, list[dict[str, Any]]] = {}
        for page in range(1, 11):
            answer = self._ask("GET", f"/environments?per_page=100&page={page}", "the environments")
            rows = answer.get("environments") or [] if isinstance(answer, dict) else []
            found |= {row["name"]: row.get("protection_rules") or [] for row in rows}
            if len(rows) < 100:
                break
        return found

    def _ask(self, method: str, path: str, what: str, body: dict[str, Any] | None = None) -> Any:
        repository = self._repository
        _, answer = asked(
            what,
            lambda: repository.requester.requestJsonAndCheck(method, f"{repository.url}{path}", input=body),
        )
        return answer


def _run(row: Any) -> Run:
    try:
        return Run.model_validate(row)
    except ValidationError as error:
        raise ProviderError("GitHub told of a run in a shape that is not known") from error
