"""The state of the demo's GitHub: one repository, which the endpoints (issues, actions, …) read and write."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from demo.github.switches import Switches

BOT = "github-actions[bot]"
REPOSITORY = "example/zeues"
WORKFLOW = "post-deploy.yml"
COLOR = "ededed"
Row = dict[str, Any]


def _clock() -> datetime:
    return datetime.now(UTC)


@dataclass(kw_only=True)
class Hub:
    """The state. `mistakes` are requests that GitHub's description does not know or accept."""

    repository: str = REPOSITORY
    private: bool = False
    visibility: str | None = None
    default_branch: str = "main"
    head: tuple[str, str] = ("0" * 40, "2026-02-02T12:00:00Z")
    author: str = BOT
    commit_author: str = "sescanella"
    issues: dict[int, Row] = field(default_factory=dict)
    comments: dict[int, list[Row]] = field(default_factory=dict)
    locked: set[int] = field(default_factory=set)
    labels: dict[str, Row] = field(default_factory=dict)
    pulls: dict[str, list[int]] = field(default_factory=dict)
    statuses: list[Row] = field(default_factory=list)
    environments: dict[str, Row] = field(default_factory=dict)
    workflows: list[str] = field(default_factory=lambda: [WORKFLOW])
    disabled: set[str] = field(default_factory=set)
    runs: dict[int, Row] = field(default_factory=dict)
    jobs: dict[int, list[Row]] = field(default_factory=dict)
    artifacts: list[Row] = field(default_factory=list)
    dispatches: list[Row] = field(default_factory=list)
    deployments: list[Row] = field(default_factory=list)
    permissions: dict[str, str] = field(default_factory=dict)
    switches: Switches = field(default_factory=Switches)
    mistakes: list[str] = field(default_factory=list)
    requests: list[tuple[str, str]] = field(default_factory=list)
    next_id: int = 1000
    base_url: str = ""
    clock: Callable[[], datetime] = _clock

    def new_id(self) -> int:
        """Return a new id; ids grow."""
        self.next_id += 1
        return self.next_id

    def now(self) -> str:
        """Return the time as GitHub writes it."""
        return self.clock().strftime("%Y-%m-%dT%H:%M:%SZ")

    def add_issue(
        self, number: int, *, body: str = "", author: str = BOT, labels: tuple[str, ...] = (), title: str = ""
    ) -> Row:
        """Add an issue, or the issue side of a pull request."""
        now = self.now()
        self.issues[number] = {
            "number": number,
            "body": body,
            "state": "open",
            "author": author,
            "labels": [self.add_label(label)["name"] for label in labels],
            "assignees": [],
            "title": title or f"issue {number}",
            "created_at": now,
            "updated_at": now,
        }
        self.comments.setdefault(number, [])
        return self.issues[number]

    def add_comment(self, number: int, body: str, author: str = BOT) -> Row:
        """Add a comment by `author`."""
        now = self.now()
        row = {"id": self.new_id(), "body": body, "author": author, "created_at": now, "updated_at": now}
        self.comments[number].append(row)
        return row

    def add_label(self, name: str, *, color: str = COLOR, description: str | None = None) -> Row:
        """Add a label of the repository; an existing one stays as it is."""
        found = self.label(name)
        if found is None:
            found = {"id": self.new_id(), "name": name, "color": color, "description": description}
            self.labels[name] = found
        return found

    def label(self, name: str) -> Row | None:
        """Find a label by its name, in any case."""
        return next((row for row in self.labels.values() if row["name"].lower() == name.lower()), None)

    def add_run(  # noqa: PLR0913  # keywords, for tests to name what they are about
        self,
        identity: int | None = None,
        *,
        workflow: str = WORKFLOW,
        display_title: str = "",
        status: str = "completed",
        conclusion: str | None = None,
        event: str = "workflow_dispatch",
        head_sha: str = "0" * 40,
        created_at: str | None = None,
        attempt: int = 1,
    ) -> Row:
        """Add a run of a workflow; a completed one without a conclusion was a success."""
        identity = self.new_id() if identity is None else identity
        if workflow not in self.workflows:
            self.workflows.append(workflow)
        self.runs[identity] = {
            "id": identity,
            "workflow": workflow,
            "display_title": display_title or workflow.removesuffix(".yml"),
            "status": status,
            "conclusion": conclusion or ("success" if status == "completed" else None),
            "event": event,
            "head_sha": head_sha,
            "created_at": created_at or self.now(),
            "attempt": attempt,
        }
        self.jobs.setdefault(identity, [])
        return self.runs[identity]

    def add_job(
        self, run_id: int, name: str, *, status: str = "completed", conclusion: str | None = None
    ) -> Row:
        """Add a job of a run's current attempt."""
        ended = "success" if status == "completed" else None
        row = {"id": self.new_id(), "name": name, "status": status, "conclusion": conclusion or ended}
        row |= {"attempt": self.runs[run_id]["attempt"], "created_at": self.now()}
        self.jobs[run_id].append(row)
        return row

    def add_artifact(
        self, run_id: int, name: str, *, files: Mapping[str, str] | None = None, expired: bool = False
    ) -> Row:
        """Add an artifact of a run; `files` is its archive's content, by name."""
        row = {"id": self.new_id(), "run_id": run_id, "name": name, "files": dict(files or {})}
        row |= {"expired": expired, "created_at": self.now()}
        self.artifacts.append(row)
        return row

    def add_environment(
        self, name: str, wait_timer: int | None = None, reviewers: tuple[str, ...] = ()
    ) -> Row:
        """Add an environment with its protection rules; the timer is in minutes, reviewers are logins."""
        now = self.now()
        row = {"id": self.new_id(), "wait_timer": wait_timer, "reviewers": list(reviewers)}
        self.environments[name] = row | {"created_at": now, "updated_at": now}
        return self.environments[name]
