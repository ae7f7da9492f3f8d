"""Probes a Railway token and writes the result to one file: what it may read, shapes, sizes and delays."""

import json
import secrets
from argparse import Namespace
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from deploy_verdict import __version__
from deploy_verdict.base.atomic_files import write_complete
from deploy_verdict.base.clock import WallClock
from deploy_verdict.base.errors import ProviderError
from deploy_verdict.github.caller import Tell
from deploy_verdict.http.probe import Probe
from deploy_verdict.plan import Plan
from deploy_verdict.railway.connection import connect_to_service
from deploy_verdict.railway.token_probe import SCHEMA, TokenProbe
from deploy_verdict.redaction.output_guard import cleaned_document
from deploy_verdict.redaction.redactor import Redactor
from deploy_verdict.window.directory.plan_file import environment_for, load_plan


def probed(options: Namespace, tell: Tell) -> tuple[Path, list[str]]:
    """Write the file; return its path and its content as lines. Raise ProviderError without a connection."""
    clock = WallClock()
    plan = load_plan(options.plan, clock.now(), options.target)
    environment = environment_for(options.plan)
    redactor = Redactor.from_environment(environment)
    connection = connect_to_service(plan, environment, clock=clock, redactor=redactor)
    if connection.client is None or connection.place is None:
        reason = connection.fault.detail if connection.fault else "no connection"
        raise ProviderError(f"Railway: {reason}")
    began = clock.now()
    asks = TokenProbe(railway=connection.client, place=connection.place, clock=clock)
    facts = asks.answers()
    if asks.live is not None:
        tell("our own request is on its way; waiting for it in the logs")
        facts["delays"] = _delays(plan, asks, asks.live, redactor, options.wait)
    document: dict[str, Any] = {
        "schema": SCHEMA,
        "tool_version": __version__,
        "at": began.isoformat(timespec="seconds"),
        "token": {"kind": connection.client.token.kind, "variable": connection.client.token.variable},
        "requests": asks.requests,
        "facts": facts,
        "queries": asks.queries,
    }
    text = json.dumps(cleaned_document(document), indent=2, ensure_ascii=False)
    write_complete(options.out, redactor.text(text) + "\n")
    return options.out, list(_lines(document))


def _delays(plan: Plan, asks: TokenProbe, live: str, redactor: Redactor, wait_s: float) -> dict[str, Any]:
    mark = f"probe-{secrets.token_hex(6)}"
    service = Probe(
        base_url=plan.service.base_url,
        timeout_s=plan.service.timeout,
        max_body_bytes=65536,
        clock=asks.clock,
        redactor=redactor,
        headers={"User-Agent": f"deploy-verdict/{__version__} ({mark})"},
    )
    path = next((check.path for check in plan.health if check.method == "GET" and check.host is None), "/")
    sent_at = asks.clock.now()
    exchange = service.ask("GET", f"{path}{'&' if '?' in path else '?'}{mark}", headers=plan.service.headers)
    answered = {"service_answered": exchange.status}
    return {**answered, **asks.delays(live, mark, sent_at, wait_s)}


def _lines(document: dict[str, Any]) -> Iterator[str]:
    for item in document["queries"]:
        outcome = "answered" if item["answered"] else f"refused: {item['reason']}"
        yield f"{item['query']}: {outcome} ({item['elapsed_ms']} ms)"
    for name, value in document["facts"].items():
        yield f"{name}: {json.dumps(value)}"
    yield f"{document['requests']} requests"
