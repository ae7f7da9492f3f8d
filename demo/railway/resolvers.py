"""A method for each field of Query and Mutation that the demo knows."""

# ruff: noqa: A002, N803  # the arguments' names are the API's
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from graphql import GraphQLError, GraphQLResolveInfo

from demo.railway import ids, place
from demo.railway import logs as log_rows
from demo.railway import metrics as metric_rows
from demo.railway.arguments import connection, insist_known, insist_ours, moment
from demo.railway.story import Row, Story


class Resolvers:
    """The answers of one request; below Query and Mutation, the rows themselves answer."""

    def __init__(self, story: Story, is_project_token: bool) -> None:
        self._story, self._is_project_token = story, is_project_token
        self._known: dict[str, Callable[..., Any]] = {
            "projectToken": self._project_token,
            "environments": self._environments,
            "project": self._project,
            "environment": self._environment,
            "deployments": self._deployments,
            "deployment": self._deployment,
            "serviceInstance": self._service,
            "deploymentEvents": self._events,
            "deploymentTriggers": self._triggers,
            "buildLogs": self._build_log,
            "deploymentLogs": self._deploy_log,
            "httpLogs": self._http_log,
            "metrics": self._metrics,
            "httpMetricsGroupedByStatus": self._by_status,
            "httpDurationMetrics": self._durations,
            "deploymentRollback": self._rollback,
        }

    def resolve(self, source: Any, info: GraphQLResolveInfo[Any], **arguments: Any) -> Any:
        """Resolve a field; raise GraphQLError for one that the demo lacks, never return a false null."""
        if info.parent_type.name in ("Query", "Mutation"):
            if info.field_name not in self._known:
                raise GraphQLError("Problem processing request")
            return self._known[info.field_name](**arguments)
        if info.field_name not in source:
            raise GraphQLError("Problem processing request")
        found = source[info.field_name]
        return found(**arguments) if callable(found) else found

    def _project_token(self) -> Row:
        if not self._is_project_token:
            raise GraphQLError("Project Token not found")
        return place.PROJECT_TOKEN

    def _project(self, id: str) -> Row:
        insist_ours({"projectId": id})
        services = (place.SERVICE, place.REDIS)
        return place.PROJECT | {"services": lambda first, after=None: connection(services, first, after)}

    def _environments(
        self,
        projectId: str,
        first: int | None = None,
        after: str | None = None,
        isEphemeral: bool | None = None,
        **more: Any,
    ) -> Row:
        insist_known(more)
        insist_ours({"projectId": projectId})
        return connection([] if isEphemeral else [place.ENVIRONMENT], first, after)

    def _environment(self, id: str, projectId: str | None = None) -> Row:
        insist_ours({"projectId": projectId, "environmentId": id})
        return place.ENVIRONMENT

    def _of_service(self, service: str | None) -> list[Row]:
        return [self._story.redis()] if service == ids.REDIS_SERVICE_ID else self._story.deployments()

    def _deployment(self, id: str) -> Row:
        rows = [*self._story.deployments(), self._story.redis()]
        found = next((row for row in rows if row["id"] == id), None)
        if found is None:
            raise GraphQLError("Deployment not found")
        return found

    def _deployments(
        self, input: Row, first: int | None = None, after: str | None = None, **more: Any
    ) -> Row:
        insist_known(more)
        insist_ours(input, or_others=True)
        wanted = input.get("status") or {}
        only, never = wanted.get("in"), wanted.get("notIn") or ()
        retired = self._story.records.switches.retired
        rows = [
            row
            for row in self._of_service(input.get("serviceId"))
            if (only is None or row["status"] in only) and row["status"] not in never
            if f"DeploymentStatus.{row['status']}" not in retired
        ]
        return connection(rows, first, after)

    def _service(self, environmentId: str, serviceId: str) -> Row:
        insist_ours({"environmentId": environmentId, "serviceId": serviceId})
        switches = self._story.records.switches
        settings: Row = {"sleepApplication": bool(switches.sleeping)}
        # The demo's time runs faster, and a container that may go on for 30 s would outlive a window of 12.
        for name in ("overlapSeconds", "drainingSeconds"):
            settings[name] = int(place.INSTANCE[name] / self._story.speed)
        if switches.replicas:
            settings["numReplicas"] = len(switches.replicas.split(","))
        now = {"activeDeployments": self._story.active(), "latestDeployment": self._story.deployments()[0]}
        return place.INSTANCE | settings | now

    def _events(self, id: str, first: int | None = None, after: str | None = None, **more: Any) -> Row:
        insist_known(more)
        return connection(_steps(self._deployment(id)), first, after)

    def _triggers(self, first: int | None = None, after: str | None = None, **more: Any) -> Row:
        insist_known(more, "projectId", "environmentId", "serviceId")
        insist_ours(more)
        trigger = {**place.TRIGGER, "checkSuites": self._story.habits.waits_for_ci}
        return connection([trigger], first, after)

    def _build_log(
        self,
        deploymentId: str,
        startDate: Any = None,
        endDate: Any = None,
        limit: int | None = None,
        filter: str | None = None,
    ) -> list[Row]:
        insist_known({"filter": filter or None})
        window = log_rows.Window(start=moment(startDate), end=moment(endDate))
        return log_rows.build_log(self._deployment(deploymentId), window, limit)

    def _deploy_log(
        self,
        deploymentId: str,
        startDate: Any = None,
        endDate: Any = None,
        limit: int | None = None,
        filter: str | None = None,
    ) -> list[Row]:
        insist_known({"filter": filter or None})
        window = log_rows.Window(start=moment(startDate), end=moment(endDate))
        return log_rows.deploy_log(self._story, self._deployment(deploymentId)["id"], window, limit)

    def _http_log(
        self,
        deploymentId: str,
        beforeDate: Any = None,
        anchorDate: Any = None,
        afterDate: Any = None,
        filter: str | None = None,
        **limits: int | None,
    ) -> list[Row]:
        insist_known({"filter": filter or None})
        before = log_rows.Window(start=moment(beforeDate), end=moment(anchorDate or afterDate))
        after = log_rows.Window(start=moment(anchorDate), end=moment(afterDate))
        identity = self._deployment(deploymentId)["id"]
        return log_rows.http_log(self._story, identity, before, after, limits)

    def _metrics(
        self,
        startDate: Any,
        measurements: list[str],
        endDate: Any = None,
        sampleRateSeconds: int = 60,
        groupBy: list[str] | None = None,
        **more: Any,
    ) -> list[Row]:
        insist_known(more, "projectId", "environmentId", "serviceId", "averagingWindowSeconds")
        insist_ours(more)
        window = metric_rows.Span(
            start=moment(startDate) or _now(), end=moment(endDate) or _now(), every_s=sampleRateSeconds
        )
        return metric_rows.metrics(self._story, measurements, window, groupBy or [])

    def _by_status(self, startDate: Any, endDate: Any, stepSeconds: int = 60, **more: Any) -> list[Row]:
        insist_ours(more)
        window = metric_rows.Span(
            start=moment(startDate) or _now(), end=moment(endDate) or _now(), every_s=stepSeconds
        )
        return metric_rows.by_status(self._story, window, more)

    def _durations(self, startDate: Any, endDate: Any, stepSeconds: int = 60, **more: Any) -> Row:
        insist_ours(more)
        window = metric_rows.Span(
            start=moment(startDate) or _now(), end=moment(endDate) or _now(), every_s=stepSeconds
        )
        return metric_rows.durations(self._story, window, more)

    def _rollback(self, id: str) -> bool:
        target = self._deployment(id)
        if not target["canRollback"]:
            raise GraphQLError("Deployment cannot be rolled back to")
        self._story.roll_back(target)
        return True


_STEPS = {"FAILED": ("BUILD_IMAGE",), "BUILDING": ("BUILD_IMAGE",), "SKIPPED": (), "QUEUED": ()}
_ALL_STEPS = ("BUILD_IMAGE", "CREATE_CONTAINER", "HEALTHCHECK")


def _steps(row: Row) -> list[Row]:
    """Return the steps of a deployment; a failed build is the last one."""
    failed = row["status"] == "FAILED"
    ended = None if row["status"] == "BUILDING" else row["updatedAt"]
    payload = {
        "attempt": 1,
        "maxAttempts": 1,
        "error": "build failed with exit code 1" if failed else None,
        "reason": None,
        "detail": None,
        "skipped": False,
    }
    return [
        {
            "id": f"{row['id']}/{step}",
            "step": step,
            "createdAt": row["createdAt"],
            "completedAt": ended,
            "payload": payload,
        }
        for step in _STEPS.get(row["status"], _ALL_STEPS)
    ]


def _now() -> datetime:
    return datetime.now(UTC)
