"""Requests the addresses where services usually report how they are. Reads only.

Every request is a GET without a body. Of an OpenAPI document, only addresses that by their names only read
are requested.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

from deploy_verdict.adopt.openapi_reads import document_of, safe_reads
from deploy_verdict.model import Exchange

Ask = Callable[[str], Exchange]

# No service has this address; whatever answers here answers everywhere.
CONTROL = "/deploy-verdict/no-such-page"
HOME = "/"
# In order of preference: readiness with its dependencies before mere liveness.
HEALTH = (
    "/actuator/health", "/health", "/api/health", "/healthz", "/ht/?format=json", "/readyz", "/health/ready",
    "/ready", "/-/ready", "/api/healthz", "/_health", "/__heartbeat__", "/healthcheck", "/health-check",
    "/api/status", "/status", "/-/healthy", "/livez", "/health/live", "/up", "/alive", "/ping", "/api/ping",
    "/-/ping", "/v2/health/ready",
)  # fmt: skip
DOCUMENTS = (
    "/openapi.json", "/api/openapi.json", "/v3/api-docs", "/api-json", "/swagger.json", "/docs/openapi.json",
    "/swagger/v1/swagger.json", "/api-docs", "/spec.json", "/docs/swagger.json", "/v2/docs/dataplane.json",
)  # fmt: skip
METRICS = ("/metrics", "/actuator/prometheus", "/api/metrics")
VERSIONS = ("/version", "/api/version", "/version.json", "/actuator/info", "/-/versions.json")
POOLS = ("/pool", "/pool-stats", "/api/pool", "/stats", "/api/stats", "/debug/pool")
HIKARI = tuple(f"/actuator/metrics/hikaricp.connections.{name}" for name in ("active", "max"))
MOST_READS = 6


@dataclass(frozen=True, kw_only=True)
class Survey:
    """All answers by their paths. `document` is the path of the OpenAPI document, if there is one."""

    answers: dict[str, Exchange]
    document: str | None = None
    reads: tuple[str, ...] = ()
    log_lines: tuple[str, ...] = field(default=())

    @property
    def answers_everywhere(self) -> bool:
        """Whether an unknown address gets a 200, as from a single-page application."""
        return self.answers[CONTROL].status == 200

    def found(self, path: str) -> Exchange | None:
        """Return an answer; None if there is no such page, or only the page that is everywhere."""
        answer = self.answers.get(path)
        if answer is None or answer.status in (None, 404, 405, 406, 410, 501) or answer.fault is not None:
            return None
        if self.answers_everywhere:
            control = self.answers[CONTROL]
            if answer.body == control.body or (is_html(answer) and is_html(control)):
                return None
        return answer


def survey(ask: Ask, log: Callable[[], tuple[str, ...]] = tuple) -> Survey:
    """Request all addresses, one after another; a missing answer is recorded as such.

    `log` returns the log's last lines. It is called at the end, when our own requests are in the log.
    """
    answers = {CONTROL: ask(CONTROL)}
    if answers[CONTROL].status is None:
        # Nobody is there; forty more requests would show the same.
        return Survey(answers=answers)
    for path in (HOME, *HEALTH, *METRICS, *POOLS, *VERSIONS):
        answers[path] = ask(path)
    if (answers["/actuator/health"].status or 404) != 404:
        answers |= {path: ask(path) for path in HIKARI}
    document: str | None = None
    reads: tuple[str, ...] = ()
    for path in DOCUMENTS:
        answers[path] = ask(path)
        tree = document_of(answers[path])
        if tree is not None:
            document = path
            reads = tuple(read for read in safe_reads(tree) if read not in answers)[:MOST_READS]
            answers |= {read: ask(read) for read in reads}
            break
    return Survey(answers=answers, document=document, reads=reads, log_lines=log())


def is_html(answer: Exchange) -> bool:
    """Whether the body is an HTML page."""
    start = (answer.body or "").lstrip()[:200].lower()
    return start.startswith(("<!doctype", "<html")) or "<head" in start
