"""A small plan with recorded answers, in which each test spoils one thing."""

import json

from deploy_verdict.plan import Answer
from deploy_verdict.prove import RecordedIncident, Recordings, prove
from deploy_verdict.prove.command import log_reader
from tests.plans import plan_of

PLAN = """\
health:
  - name: api
    get: /api
    expect: {status: 200, $.state: healthy, $.busy: "< 15", $.items: {type: array, length: 1}}
never: [{status: 500..599}]
pools: [{name: db, get: /stats, used: $.busy, limit: $.size}]
logs: {must_not_appear: [Too many connections], must_appear: [{text: started, within: log}]}
criteria: [{name: Pool, target: t, findings: [pools/db/band], actual: pools/db/used_peak}]
"""
HEALTHY_LOG = ("2026-02-02T12:00:00Z INFO started", "2026-02-02T12:00:09Z INFO GET /api 200")
INCIDENT_LOG = ("2026-02-02T12:00:00Z INFO started", "2026-02-02T12:00:09Z ERROR Too many connections")


def answers(*bodies, status=200):
    return tuple(Answer(status=status, body=json.dumps(body)) for body in bodies)


def healthy(**more):
    api = {"state": "healthy", "busy": 3, "items": [1], **more}
    return {"api": answers(api), "db": answers({"busy": 2, "size": 20}, {"busy": 3, "size": 20})}


def incident(**more):
    api = {"state": "unhealthy", "busy": 20, "items": [1], **more}
    return RecordedIncident(
        name="crisis", answers={"api": answers(api), "db": answers({"busy": 20, "size": 20})}
    )


def proofs(text=PLAN, *, good=None, bad=None, incidents=None, **logs):
    """The proof of each row of the plan, by the row's text."""
    recorded = Recordings(
        healthy=healthy() if good is None else good,
        incidents=(incident() if bad is None else bad,) if incidents is None else incidents,
        **{"healthy_log": HEALTHY_LOG, "incident_log": INCIDENT_LOG, **logs},
    )
    plan = plan_of(text)
    return {row.text: row for row in prove(plan, recorded, log_reader(plan.logs))}
