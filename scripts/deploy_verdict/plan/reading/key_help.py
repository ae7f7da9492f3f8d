"""Descriptions and examples of the plan's keys, for editors, if the model's field has none. Pure.

`Model.key` is one model's key, `key` that of every model. An example is a value as a plan writes it.
"""

from typing import Any

Help = tuple[str, tuple[Any, ...]]

_PATH = "a path from the root, or host:/path with a host of `hosts`"
_JSON = {"tag_spool": "TEST-02"}
_LEVEL = {"when": "it is down", "actions": ["roll back"]}

KEY_HELP: dict[str, Help] = {
    "get": (_PATH, ("/api/health",)),
    "head": (_PATH, ("/api/health",)),
    "post": (f"{_PATH}; it may write only what test_data names", ("/api/orders",)),
    "put": (f"{_PATH}; it may write only what test_data names", ("/api/orders/TEST-1",)),
    "patch": (f"{_PATH}; it may write only what test_data names", ("/api/orders/TEST-1",)),
    "delete": (f"{_PATH}; it may write only what test_data names", ("/api/orders/TEST-1",)),
    "json": ("the JSON body", (_JSON,)),
    "query": ("parameters for the address, as they are; encoded when sent", ({"since": "${window.start}"},)),
    "form": ("the fields of a POST to another host that only asks", ({"query": "up"},)),
    "reads": ("paths of another host at which a POST only asks", (["/api/v2/query/scalar"],)),
    "headers": ("sent with the request; those with credentials are redacted", ({"X-Key": "${API_KEY}"},)),
    "timeout": ("from connect to the last byte", ("10s",)),
    "name": ("its name, unique in its section; other sections refer to it", ("api",)),
    "title": ("how the report calls it", ("Health of the API",)),
    "severity": ("how bad a fail is: P0 broken, P1 the fix does not hold, P2 attention", ("P1",)),
    "because": ("why it is there; the report shows it", ("500 errors were the incident",)),
    "expect": ("selectors and what must hold for each; without a status, 200 to 299", ({"$.status": "ok"},)),
    "accept": ("alternatives: one must hold completely", ([{"status": 200}, {"status": 409}],)),
    "Plan.version": ("of the grammar; always 1", (1,)),
    "Plan.name": ("the plan's name; it stands in the report", ("shop",)),
    "Plan.service": ("the service under watch", ({"base_url": "https://shop.example.com"},)),
    "Plan.railway": ("where it is deployed, if on Railway", ({"project": "${RAILWAY_PROJECT_ID:-}"},)),
    "Plan.hosts": ("other hosts that checks may read", ({"admin": "https://admin.example.com"},)),
    "Plan.window": ("how long to watch, and how often", ({"length": "2h", "sample_every": "15m"},)),
    "Plan.claims": ("what shows that the new code answers", ()),
    "Plan.test_data": ("what our requests may write; without it nothing is written", ()),
    "Plan.health": ("the checks that are sent at each sample", ()),
    "Plan.heartbeat": ("one request between the samples; null switches it off", ({"every": "30s"},)),
    "Plan.never": ("answers that must not occur", ([{"status": "500..599"}],)),
    "Plan.e2e": ("what users do, as tests of several steps", ()),
    "Plan.pools": ("connections, threads, queues: a gauge with a limit", ()),
    "Plan.logs": ("what the service's log must and must not say", ({"novelty": {"before": "1h"}},)),
    "Plan.traffic": ("everybody's requests, from Railway's edge", ({},)),
    "Plan.metrics": ("memory and CPU, from Railway", ({},)),
    "Plan.response_times": (
        "one limit for the times of some checks",
        ({"limit": "2s", "of": {"Health": "api"}},),
    ),
    "Plan.exposure": ("how often the repaired code must have run", ()),
    "Plan.criteria": ("the report's success table", ()),
    "Plan.baseline": ("a table of then and now", ()),
    "Plan.escalation": ("what follows a verdict: longer, later, back", ({"rollback": True},)),
    "Plan.report": ("words of yours in the report", ()),
    "Plan.github": ("on GitHub: who is told, and when a run is red", ({"notify": ["octocat"]},)),
    "Plan.notify": ("which verdicts are sent to people", ({"on": ["stable"]},)),
    "NotifySection.on": ("the verdicts", (["stable"],)),
    "Plan.fixtures": ("recorded answers that prove the plan: check --prove", ()),
    "Answer.status": ("the recorded status", (200,)),
    "Answer.headers": ("the recorded headers", ({"content-type": "application/json"},)),
    "Band.points": ("so many percentage points from the median", (10,)),
    "Baseline.columns": ("the columns' heads", (["Before", "In the incident"],)),
    "Baseline.rows": ("a row for each measure", ()),
    "BaselineRow.metric": ("what is measured", ("Connections",)),
    "BaselineRow.values": ("the values of earlier columns", (["12", "50"],)),
    "BaselineRow.now": ("the measure of this window", ("pools/db/used_mean",)),
    "Capture.from": ("the JSON path of the value", ("$.items[0].id",)),
    "Claim.commit": ("the commit that brings it", ("f0ec7b5",)),
    "Claim.title": ("what it brings", ("the pool has 20 connections",)),
    "Claim.shown_by": ("the check that only the new code passes", ("health/pool-stats",)),
    "Claim.openapi": ("a field that only the new document has", ({"has": "Order.operation"},)),
    "Criterion.target": ("what was wanted, in words", ("below 80 %",)),
    "Criterion.findings": ("as stage/check or stage/*: as good as the worst", (["health/api"],)),
    "E2E.at": ("when the suite runs", (["0m", "60m"],)),
    "E2E.tests": ("the declared tests", ()),
    "Escalation.minor": ("what to do after NEEDS ATTENTION", (_LEVEL,)),
    "Escalation.major": ("what to do after INCONCLUSIVE or a P1", (_LEVEL,)),
    "Escalation.critical": ("what to do after CRITICAL ISSUES", (_LEVEL,)),
    "Exposure.name": ("its name in the report", ("orders",)),
    "FixtureLogs.healthy": ("log lines of a healthy time", (["all well"],)),
    "FixtureLogs.incident": ("log lines of the incident", (["ERROR Redis not responding"],)),
    "Fixtures.logs": ("recorded log lines", ()),
    "FollowUp.title": ("the heading", ("Next week",)),
    "FollowUp.items": ("what is to be done", (["raise the limit"],)),
    "FollowUpGroup.term": ("by when", ("short term",)),
    "FollowUpGroup.items": ("what is to be done", ([{"title": "Raise the limit"}],)),
    "Incident.lines": ("the incident's own log lines", (["ERROR Redis not responding"],)),
    "Incident.file": ("the file beside the plan that holds them", ("incident.log",)),
    "Level.when": ("the words for it in the report", ("one criterion is missed",)),
    "Level.actions": ("what people do then", (["look at the pool"],)),
    "LogPattern.text": ("the text that is sought", ("Too many connections",)),
    "LogPattern.regex": ("the regular expression that is sought", ('HTTP/1.1" 5\\d\\d',)),
    **{
        f"{log}.{key}": help_
        for log in ("Logs", "OtherLog")
        for key, help_ in (
            ("must_not_appear", ("lines that fail", (["Too many connections"],))),
            ("must_appear", ("lines that must be there", (["pool initialized"],))),
            ("canary", ("our own requests, which must stand in the log", ({"regex": "GET /health"},))),
            ("incident", ("the incident's lines: none of their kinds may come again", ())),
        )
    },
    "OtherLog.railway": ("another service of the project that logs it", ({"service": "Redis"},)),
    "Auth.login": ("a request whose token or cookies go with every later one", ()),
    "Host.base_url": ("the host's address", ("https://admin.example.com",)),
    "Host.auth": ("who we are there, as the service's auth", ()),
    "Of.user": ("the user that the connections log in with", ("web",)),
    "Pool.used": ("what is in use", ("$.pool.in_use",)),
    "Pool.limit": ("how much there is", ("$.pool.size",)),
    "Pool.burst": ("the readings of one sample", ({"for": "30s", "every": "1s"},)),
    "Pool.stays_within": ("how far samples may lie apart", ({"points": 10},)),
    "ReportSection.when_stable": ("what to do after STABLE", (["continue normal operations"],)),
    "ReportSection.when_issues": ("what to do after any other verdict", (["call the owner"],)),
    "ReportSection.follow_up": ("what is left to do after the window", ()),
    "ResponseTimes.of": ("label in the report, and the check's name", ({"Health": "api"},)),
    "Service.base_url": ("the service's address", ("${TARGET_URL:-https://shop.example.com}",)),
    "Service.name": ("the service's name, on GitHub too", ("shop-backend",)),
    "Step.capture": ("values of the answer for later steps, as {name}", ({"id": "$.id"},)),
    "Step.together": ("several requests at the same moment", ()),
    "Test.steps": ("the requests, in their order", ()),
    "Test.cleanup": ("sent whatever happened", ()),
    "TestData.may_write": ("the entities that may be written, by field", ({"order": ["TEST-1"]},)),
    "Together.requests": ("the requests that race", ()),
}


def with_help(schema: dict[str, Any]) -> dict[str, Any]:
    """Add to the plan's schema a description of every key, and examples."""
    for model, part in (("Plan", schema), *schema.get("$defs", {}).items()):
        for key, field in part.get("properties", {}).items():
            words, examples = KEY_HELP.get(f"{model}.{key}") or KEY_HELP.get(key) or ("", ())
            if words:
                field.setdefault("description", words)
            if examples:
                field.setdefault("examples", list(examples))
    return schema
