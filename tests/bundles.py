"""Evidence built by hand for the tests of the verdict and the report: a window's observations."""

import json
from datetime import UTC, datetime, timedelta

from deploy_verdict.evidence.bundle import bundled
from deploy_verdict.model import (
    BurstObservation,
    Evidence,
    Fault,
    HttpObservation,
    Loaded,
    Reading,
    Subject,
    Whose,
    WindowFrame,
)
from deploy_verdict.model.window import evidence_name

T0 = datetime(2026, 2, 2, 12, tzinfo=UTC)
SUBJECT = Subject(target="http://service.test")
REFUSED = Fault(kind="refused", whose=Whose.TARGET, detail="the connection was refused")
OUR_DNS = Fault(kind="dns", whose=Whose.RUNNER, detail="the host's name could not be resolved")


def window_of(plan, speed=1.0):
    return WindowFrame(
        id="w1", t0=T0, length_s=plan.window.length, offsets_s=plan.window.offsets_s, speed=speed
    )


def http(check, body=None, status=200, offset_s=0.0, **more):
    text = body if isinstance(body, str) or body is None else json.dumps(body)
    fields = {"at": T0, "method": "GET", "url": f"http://service.test/{check}", "request_id": "r"}
    if "fault" in more:
        status = more.pop("status", None)
    fields = {**fields, "elapsed_ms": 12.0, **more}
    return HttpObservation(check=check, offset_s=offset_s, status=status, body=text, **fields)


def burst(pool, values, offset_s=0.0, limit=20, interrupted=False):
    """A burst whose readings are given as numbers, raw bodies or faults."""
    return BurstObservation(
        check=pool,
        offset_s=offset_s,
        actual_offset_s=offset_s,
        at=T0,
        url="http://service.test/stats",
        readings=tuple(_reading(value, offset_s, limit) for value in values),
        interrupted=interrupted,
    )


def _reading(value, offset_s, limit):
    if isinstance(value, Fault):
        return Reading(offset_s=offset_s, fault=value)
    body = value if isinstance(value, str) else json.dumps({"used": value, "limit": limit})
    return Reading(offset_s=offset_s, status=200, body=body, elapsed_ms=3.0)


def loaded(plan, stage, observations, offset_s=0.0, attempt=1, **more):
    began = T0 + timedelta(seconds=offset_s)
    fields = {
        "stage": stage,
        "subject": SUBJECT,
        "window": window_of(plan),
        "plan_name": plan.name,
        "plan_sha256": plan.sha256,
        "tool_version": "0.1.0",
        "attempt": attempt,
        "offset_s": offset_s,
        "planned_at": began,
        "started_at": began,
        "finished_at": began,
        "observations": tuple(observations),
    }
    return Loaded(name=evidence_name(stage, offset_s, attempt), evidence=Evidence(**{**fields, **more}))


def bundle_of(plan, *files, left_out=(), **more):
    return bundled(plan, window_of(plan), SUBJECT, files, left_out=left_out, **more)
