"""What the suite's tests share: a context on a real service, and a plan read with the real loader."""

from datetime import UTC, datetime

from deploy_verdict.base.clock import Pace, Stop, WallClock
from deploy_verdict.http.probe import Probe
from deploy_verdict.redaction.redactor import Redactor
from deploy_verdict.stages.context import Context
from tests.plans import plan_of

DECLARED = "routes: [/take, /leave, /clean, /new], harmless: {worker: any, note: any}"
MAY_WRITE = f"test_data: {{may_write: {{spool: [T1, F9]}}, {DECLARED}}}\n"
TAKE = "{name: take, post: /take, json: {spool: T1, worker: 1}, expect: {status: 200}}"
LEAVE = "{name: leave, post: /leave, json: {spool: T1, worker: 1}, accept: [{status: 200}, {status: 400}]}"

# A suite of one test that takes and leaves a spool; %s is the spool to leave.
CYCLE = """
e2e:
  before_each: [{name: who, get: /workers, expect: {status: 200}, capture: {id: $.id}}]
  tests:
    - name: cycle
      steps:
        - {name: take, post: /take, json: {spool: T1, worker: "{id}"}, expect: {status: 200}}
        - {name: leave, post: /leave, json: {spool: %s}, expect: {status: 200}}
      cleanup: [{name: clean, post: /clean, json: {spool: T1}, expect: {status: 200}}]
"""


def context_of(text, base_url, *, tell=lambda line: None, secrets=None, head=MAY_WRITE):
    """A context whose plan has the sections of `text`."""
    clock = WallClock()
    redactor = Redactor(secrets or {})
    plan = plan_of(head + text, base_url=base_url)
    return Context(
        plan=plan,
        probe=Probe(base_url=base_url, timeout_s=5.0, max_body_bytes=10_000, clock=clock, redactor=redactor),
        pace=Pace.starting(clock, datetime.now(UTC), 600),
        stop=Stop(),
        tell=tell,
        redact=redactor.text,
    )
