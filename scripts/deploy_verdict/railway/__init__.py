"""Railway's public API: a client, and the questions that this tool asks."""

from deploy_verdict.railway.client import ENDPOINT, RailwayClient, Token, connected, token_from
from deploy_verdict.railway.deployments import (
    ServiceIds,
    ServiceNow,
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
    "ENDPOINT",
    "HttpEntry",
    "LogEntry",
    "Measured",
    "RailwayClient",
    "RailwayError",
    "ServiceIds",
    "ServiceNow",
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
    "token_from",
]
