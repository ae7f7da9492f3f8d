"""Railway's public API: a client, and the questions that this tool asks."""

from deploy_verdict.railway.client import RailwayClient, Token, connected
from deploy_verdict.railway.deployments import (
    ServiceIds,
    deployment,
    deployments,
    place,
    roll_back,
    service_now,
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
    "HttpEntry",
    "LogEntry",
    "Measured",
    "RailwayClient",
    "RailwayError",
    "ServiceIds",
    "Token",
    "build_log",
    "connected",
    "deploy_log",
    "deployment",
    "deployments",
    "http_log",
    "http_metrics",
    "metrics",
    "place",
    "roll_back",
    "service_now",
    "steps",
]
