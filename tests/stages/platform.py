"""A context for collectors, on a real HTTP server that answers for Railway as a test says."""

import json
from contextlib import contextmanager

from deploy_verdict.base.clock import Pace, Stop
from deploy_verdict.http.probe import Probe
from deploy_verdict.model import Subject
from deploy_verdict.railway import RailwayClient, ServiceIds, Token
from deploy_verdict.redaction.redactor import Redactor
from deploy_verdict.stages.context import Context, Platform
from tests.bundles import T0, window_of
from tests.clocks import TurnedClock
from tests.plans import plan_of
from tests.servers import raw_server

PLACE = ServiceIds(project_id="p", environment_id="e", service_id="s")
PLAN = """
railway: {project: p, service: s}
window: {length: 30m, sample_every: 15m}
health: [{name: api, get: /api, expect: {status: 200}}]
traffic: {}
metrics: {}
"""


@contextmanager
def answering(answers):
    """A Railway: `answers(operation, variables)` returns data, a list of errors, or (status, bytes)."""

    def converse(connection, head, stop):
        length = int(head.lower().split(b"content-length:")[1].split(b"\r\n")[0])
        body = head.split(b"\r\n\r\n", 1)[1]
        while len(body) < length:
            body += connection.recv(65536)
        asked = json.loads(body)
        told = answers(asked["operationName"], asked["variables"])
        status, data = told if isinstance(told, tuple) else (200, told)
        if isinstance(data, list):
            data = {"data": None, "errors": [{"message": text} for text in data]}
        elif isinstance(data, dict):
            data = {"data": data}
        raw = data if isinstance(data, bytes) else json.dumps(data).encode()
        connection.sendall(
            f"HTTP/1.1 {status} x\r\nContent-Length: {len(raw)}\r\nConnection: close\r\n\r\n".encode() + raw
        )

    with raw_server(converse) as url:
        yield url


@contextmanager
def context_on(answers, *, subject=None, ids=("d1",), redactor=None, fault=None, **more):
    """A context whose Railway answers with `answers`."""
    clock, redactor = TurnedClock(), redactor or Redactor({})
    plan = plan_of(PLAN)
    with answering(answers) as url:
        token = Token(value="token-of-tests", kind="project", variable="RAILWAY_TOKEN")
        railway = RailwayClient(token, url=url, clock=clock, redactor=redactor, budget_s=1.0)
        probe = Probe(
            base_url="http://127.0.0.1:1", timeout_s=1.0, max_body_bytes=1000, clock=clock, redactor=redactor
        )
        platform = Platform(
            railway=None if fault else railway,
            place=None if fault else PLACE,
            fault=fault,
            subject=subject or Subject(target="http://service.test"),
            window=window_of(plan),
            deployment_ids=ids,
            **more,
        )
        yield Context(
            plan=plan,
            probe=probe,
            pace=Pace.starting(clock, T0, 1.0),
            stop=Stop(),
            tell=lambda line: None,
            redact=redactor.text,
            platform=platform,
        )


def row(identity="d1", status="SUCCESS", commit="f0ec7b5aaaa", **more):
    """A deployment in Railway's JSON."""
    meta = {"commitHash": commit, "branch": "main"} if commit else {}
    return {
        "id": identity,
        "status": status,
        "createdAt": "2026-02-02T11:00:00.000Z",
        "updatedAt": "2026-02-02T11:01:00.000Z",
        "statusUpdatedAt": None,
        "meta": meta,
        "deploymentStopped": False,
        "canRollback": True,
        "canRedeploy": True,
        "instances": [{"id": "i", "status": "RUNNING"}],
        "projectId": "p",
        "environmentId": "e",
        "serviceId": "s",
        "snapshotId": None,
        **more,
    }


def listed(*rows):
    """A connection of Railway's GraphQL, with one page."""
    return {"edges": [{"node": item} for item in rows], "pageInfo": {"endCursor": None, "hasNextPage": False}}


def service(*active, **more):
    """A service instance with its active deployments."""
    return {
        "serviceName": "x",
        "activeDeployments": list(active),
        "domains": None,
        **more,
    }
