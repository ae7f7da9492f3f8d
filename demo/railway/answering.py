"""Executing documents against Railway's real schema; a field without an answer of ours is an error."""

from collections.abc import Callable
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

from graphql import (
    DocumentNode,
    GraphQLError,
    GraphQLResolveInfo,
    GraphQLSchema,
    GraphQLSyntaxError,
    build_schema,
    execute_sync,
    parse,
    validate,
)

from demo.railway import ids
from demo.railway import logs as log_rows
from demo.railway import metrics as metric_rows
from demo.railway.story import Row, Story

SCHEMA = Path(__file__).with_name("schema.graphql")
Answer = tuple[int, dict[str, Any]]


@cache
def schema() -> GraphQLSchema:
    """The whole public schema, as it was printed."""
    return build_schema(SCHEMA.read_text(encoding="utf-8"), assume_valid=True)


def answer(story: Story, query: Any, variables: Any, *, is_project_token: bool) -> Answer:
    """An HTTP status and a body: 400 for what does not parse or validate, else 200, errors or not."""
    try:
        document = parse(query if isinstance(query, str) else "")
    except GraphQLSyntaxError as error:
        return 400, _errors([error], "GRAPHQL_PARSE_FAILED")
    mistakes = validate(schema(), document)
    if mistakes:
        return 400, _errors(mistakes, "GRAPHQL_VALIDATION_FAILED")
    return 200, _executed(story, document, variables, is_project_token)


def _executed(story: Story, document: DocumentNode, variables: Any, is_project_token: bool) -> dict[str, Any]:
    resolvers = _Resolvers(story, is_project_token)
    result = execute_sync(
        schema(),
        document,
        variable_values=variables if isinstance(variables, dict) else {},
        field_resolver=resolvers.resolve,
    )
    body: dict[str, Any] = {"data": result.data}
    if result.errors:
        body |= _errors(result.errors, "INTERNAL_SERVER_ERROR")
    return body


def _errors(errors: list[Any], code: str) -> dict[str, Any]:
    told = [
        {"message": error.message, "extensions": {"code": code}, "traceId": "000000000000demo"}
        for error in errors
    ]
    return {"errors": told}


class _Resolvers:
    """One function for each field of Query and Mutation that the demo knows; rows answer for the rest."""

    def __init__(self, story: Story, is_project_token: bool) -> None:
        self._story, self._is_project_token = story, is_project_token
        self._known: dict[str, Callable[..., Any]] = {
            "projectToken": self._project_token,
            "environments": lambda **_: _connection([{"id": ids.ENVIRONMENT_ID, "name": ids.ENVIRONMENT}]),
            "deployments": self._deployments,
            "deployment": self._deployment,
            "serviceInstance": self._service,
            "deploymentEvents": self._events,
            "buildLogs": self._build_log,
            "deploymentLogs": self._deploy_log,
            "httpLogs": self._http_log,
            "metrics": self._metrics,
            "httpMetricsGroupedByStatus": self._by_status,
            "httpDurationMetrics": self._durations,
            "deploymentRollback": self._rollback,
        }

    def resolve(self, source: Any, info: GraphQLResolveInfo[Any], **arguments: Any) -> Any:
        if info.parent_type.name in ("Query", "Mutation"):
            if info.field_name not in self._known:
                raise GraphQLError("Problem processing request")
            return self._known[info.field_name](**arguments)
        if info.field_name not in source:
            raise GraphQLError("Problem processing request")
        return source[info.field_name]

    def _project_token(self) -> Row:
        if not self._is_project_token:
            raise GraphQLError("Project Token not found")
        return {
            "projectId": ids.PROJECT_ID,
            "environmentId": ids.ENVIRONMENT_ID,
            "environment": {"name": ids.ENVIRONMENT},
        }

    def _deployment(self, id: str) -> Row:  # noqa: A002  # the API's name
        return self._one(id)

    def _one(self, identity: str) -> Row:
        rows = [row for row in self._story.deployments() if row["id"] == identity]
        if not rows:
            raise GraphQLError("Deployment not found")
        return rows[0]

    def _deployments(self, input: Row, first: int = 20, after: str | None = None, **_: Any) -> Row:  # noqa: A002
        if input.get("serviceId") not in (None, ids.SERVICE_ID):
            raise GraphQLError("Not Authorized")
        wanted = input.get("status") or {}
        rows = [
            row
            for row in self._story.deployments()
            if row["status"] in (wanted.get("in") or [row["status"]])
            and row["status"] not in (wanted.get("notIn") or [])
        ]
        return _connection(rows, first, after)

    def _service(self, environmentId: str, serviceId: str) -> Row:  # noqa: N803  # the API's names
        if (environmentId, serviceId) != (ids.ENVIRONMENT_ID, ids.SERVICE_ID):
            raise GraphQLError("ServiceInstance not found")
        return {
            "serviceId": ids.SERVICE_ID,
            "serviceName": "zeues-backend",
            "healthcheckPath": "/api/health",
            "healthcheckTimeout": 300,
            "overlapSeconds": 20,
            "drainingSeconds": 10,
            "sleepApplication": False,
            "numReplicas": 1,
            "domains": {"customDomains": [], "serviceDomains": [{"domain": "zeues.up.railway.app"}]},
            "source": {"image": None, "repo": "example/zeues"},
            "activeDeployments": self._story.active(),
            "latestDeployment": self._story.deployments()[0],
        }

    def _events(self, id: str, **_: Any) -> Row:  # noqa: A002
        row = self._one(id)
        failed = row["status"] == "FAILED"
        payload = {
            "attempt": 1,
            "maxAttempts": 1,
            "error": "build failed with exit code 1" if failed else None,
        }
        payload |= {"reason": None, "detail": None}
        steps = ["BUILD_IMAGE"] if failed else ["BUILD_IMAGE", "CREATE_CONTAINER", "HEALTHCHECK"]
        times = {"createdAt": row["createdAt"], "completedAt": row["updatedAt"]}
        return _connection([{"step": step, **times, "payload": payload} for step in steps])

    def _build_log(self, deploymentId: str, limit: int | None = None, **_: Any) -> list[Row]:  # noqa: N803
        self._one(deploymentId)
        return log_rows.build_log(self._story, limit)

    def _deploy_log(
        self,
        deploymentId: str,  # noqa: N803
        startDate: Any = None,  # noqa: N803
        endDate: Any = None,  # noqa: N803
        limit: int | None = None,
        **_: Any,
    ) -> list[Row]:
        return log_rows.deploy_log(self._story, deploymentId, _moment(startDate), _moment(endDate), limit)

    def _http_log(
        self,
        deploymentId: str,  # noqa: N803
        beforeDate: Any = None,  # noqa: N803
        anchorDate: Any = None,  # noqa: N803
        beforeLimit: int | None = None,  # noqa: N803
        **_: Any,
    ) -> list[Row]:
        start, end = _moment(beforeDate), _moment(anchorDate)
        return log_rows.http_log(self._story, deploymentId, start, end, beforeLimit)

    def _metrics(
        self,
        startDate: Any,  # noqa: N803
        measurements: list[str],
        endDate: Any = None,  # noqa: N803
        sampleRateSeconds: int = 60,  # noqa: N803
        **_: Any,
    ) -> list[Row]:
        start, end = _moment(startDate), _moment(endDate)
        return metric_rows.metrics(
            self._story, measurements, start or _now(), end or _now(), sampleRateSeconds
        )

    def _by_status(self, startDate: Any, endDate: Any, stepSeconds: int = 60, **_: Any) -> list[Row]:  # noqa: N803
        return metric_rows.by_status(
            self._story, _moment(startDate) or _now(), _moment(endDate) or _now(), stepSeconds
        )

    def _durations(self, startDate: Any, endDate: Any, stepSeconds: int = 60, **_: Any) -> Row:  # noqa: N803
        return metric_rows.durations(
            self._story, _moment(startDate) or _now(), _moment(endDate) or _now(), stepSeconds
        )

    def _rollback(self, id: str) -> bool:  # noqa: A002
        target = self._one(id)
        if not target["canRollback"]:
            raise GraphQLError("Deployment cannot be rolled back to")
        self._story.roll_back(target)
        return True


def _connection(rows: list[Row], first: int = 20, after: str | None = None) -> Row:
    start = int(after) if after else 0
    page = rows[start : start + first]
    end = start + len(page)
    return {
        "edges": [{"node": row, "cursor": str(start + number + 1)} for number, row in enumerate(page)],
        "pageInfo": {"endCursor": str(end) if page else None, "hasNextPage": end < len(rows)},
    }


def _moment(value: Any) -> datetime | None:
    return datetime.fromisoformat(value) if isinstance(value, str) else None


def _now() -> datetime:
    return datetime.now(UTC)
