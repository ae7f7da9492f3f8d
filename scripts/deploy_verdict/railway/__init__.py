"""Railway's public API: a client, and the queries of this tool."""

from deploy_verdict.railway.client import RailwayClient, Token, client_from
from deploy_verdict.railway.deployments import (
    NOT_DEPLOYED,
    ServiceIds,
    active_deployments,
    deployment,
    deployments,
    deployments_since,
    other_service,
    place,
    roll_back,
    service_settings,
    services_now,
    skipped,
    steps,
)
from deploy_verdict.railway.errors import RailwayError
from deploy_verdict.railway.measurements import (
    HttpEntry,
    LogEntry,
    Measured,
    build_log,
    deploy_log,
    http_log,
    http_metrics,
    metrics,
)

__all__ = [
    "NOT_DEPLOYED",
    "HttpEntry",
    "LogEntry",
    "Measured",
    "RailwayClient",
    "RailwayError",
    "ServiceIds",
    "Token",
    "active_deployments",
    "build_log",
    "client_from",
    "deploy_log",
    "deployment",
    "deployments",
    "deployments_since",
    "http_log",
    "http_metrics",
    "metrics",
    "other_service",
    "place",
    "roll_back",
    "service_settings",
    "services_now",
    "skipped",
    "steps",
]
