"""Maps keys of other tools, by the section where people write them, to this tool's keys. Pure."""

import re
from typing import Any

_AUTH = 'write auth: {bearer: "${API_TOKEN}"}, or basic, header, login'
_AT_SAMPLES = "a check is asked at every sample: window: {sample_every: 15m}; heartbeat: {every: 30s}"
_LINES = "write expect: and what must hold, such as {status: 200, $.ok: true}"
_IN_PATH = "write it into the path: get: /api/items?page=1"
_CHECKS = "write health: [{name: api, get: /health}]"
_DRAFT = "a plan is a file of its own; deploy-verdict init URL drafts one"
_WINDOW = "write window: {length: 2h, sample_every: 15m}"
_PROMETHEUS = (
    "write hosts: {prom: https://prometheus.example.com}, and a check with get: prom:/api/v1/query?query=up "
    "(docs/guide/access.md)"
)
_NOTIFY = (
    "set the variable DEPLOY_VERDICT_NOTIFY (docs/guide/notifications.md), or write github: {notify: [NAME]}"
)
# Shared by all models that are requests.
_REQUEST = {
    "url": "write get: and the path, such as get: /api/health",
    "host": "write hosts: {admin: https://admin.example.com}, and get: admin:/metrics to ask it",
    "status": "write expect: {status: 200}",
    "elapsed": 'write expect: {elapsed: "< 2s"}',
    "method": "write the method as the key, and the path: get: /api/health",
    "path": "write it with its method: get: /api/health",
    "body": "write json: and the JSON body",
    "data": "write json: and the JSON body",
    **dict.fromkeys(("every", "interval"), _AT_SAMPLES),
    **dict.fromkeys(("query", "params"), _IN_PATH),
    **dict.fromkeys(("check", "checks", "assert", "assertions", "expected", "assertion"), _LINES),
    "retries": "remove it: a connect that fails is tried once more by itself, and an answer counts as it is",
    "thresholds": 'write expect: {elapsed: "< 2s"}, or response_times: for several checks',
}
_OF_SECTION: dict[str, dict[str, str]] = {
    "Plan": {
        "auth": 'write service: {auth: {bearer: "${API_TOKEN}"}}; auth: none is for one request without it',
        **dict.fromkeys(
            ("url", "target", "base_url"), 'write service: {base_url: "https://shop.example.com"}'
        ),
        **dict.fromkeys(("checks", "tests", "endpoints", "probes", "monitors"), _CHECKS),
        **dict.fromkeys(("jobs", "on", "steps", "runs-on"), f"this is a workflow's; {_DRAFT}"),
        **dict.fromkeys(("groups", "rules", "scrape_configs"), f"this is Prometheus's; {_DRAFT}"),
        **dict.fromkeys(("options", "scenarios", "vus", "stages"), f"no load is made here; {_CHECKS}"),
        "thresholds": "write response_times: {limit: 2s, of: {Health: api}}",
        **dict.fromkeys(("notifications", "slack", "alerts"), _NOTIFY),
        "rollback": "write escalation: {rollback: true}",
        "headers": "write service: {headers: {X-Client: verdict}}",
        **dict.fromkeys(("interval", "duration", "length", "every", "schedule"), _WINDOW),
        "timeout": "write service: {timeout: 10s}",
        "prometheus": _PROMETHEUS,
        **dict.fromkeys(
            ("redis", "postgres", "database"),
            'write pools: [{name: db, postgres: "${PG_URL}", used: active}]',
        ),
    },
    "Service": {
        **dict.fromkeys(("url", "host", "address", "target"), 'write base_url: "https://shop.example.com"'),
        **dict.fromkeys(("token", "bearer", "api_key", "basic", "login", "password"), _AUTH),
    },
    "WindowSection": {
        **dict.fromkeys(("duration", "for", "time"), "write length: 2h"),
        **dict.fromkeys(("interval", "every", "step", "period"), "write sample_every: 15m"),
    },
    "Pool": {
        **dict.fromkeys(
            ("metric", "value", "current", "active"), "write used: $.in_use, or used: prometheus: NAME"
        ),
        **dict.fromkeys(("max", "size", "total", "capacity"), "write limit: $.size, or a number"),
        **dict.fromkeys(("warn", "warning"), "write attention: 70%"),
        "crit": "write critical: 80%",
    },
    "Metrics": dict.fromkeys(("url", "query", "get", "prometheus"), f"these are Railway's; {_PROMETHEUS}"),
    "ResponseTimes": dict.fromkeys(("p95", "p99", "max"), "write limit: 2s, which each answer must keep"),
    "Logs": {
        **dict.fromkeys(
            ("file", "path"),
            "start watch with --logs app.log; a further log: sources: [{name: a, file: a.log}]",
        ),
        **dict.fromkeys(
            ("forbid", "deny", "patterns", "errors_match", "forbidden"), "write must_not_appear: [ERROR]"
        ),
        **dict.fromkeys(("require", "expect", "required"), "write must_appear: [pool initialized]"),
    },
    "LogPattern": {"pattern": 'write regex: "panic|fatal", or text: panic'},
    "Railway": {"token": "set the variable RAILWAY_TOKEN: a plan holds no secret (docs/guide/railway.md)"},
    "GitHubSection": {
        "token": "remove it: the workflow's own token is used",
        **dict.fromkeys(
            ("repo", "issue", "repository", "pull_request"), "remove it: a run knows its repository"
        ),
    },
    "E2E": dict.fromkeys(("steps", "name"), "write tests: [{name: Order, steps: […]}]"),
}


def other_word(key: str, model: Any) -> str | None:
    """Say what to write instead of another tool's key in this model; None for an unknown key."""
    if model is None:
        return None
    own = _OF_SECTION.get(model.__name__, {})
    return own.get(key) or (_REQUEST.get(key) if "get" in model.model_fields else None)


def line_of(text: str) -> str | None:
    """Rewrite a line in another tool's style (status == 200) as a plan has it; None if it is not one."""
    match = re.fullmatch(r"(\S+)\s*(==|=|is|equals)\s+(.+)", text.strip())
    return f"{match.group(1)}: {match.group(3)}" if match else None
