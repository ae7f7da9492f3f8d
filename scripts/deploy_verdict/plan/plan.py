"""The plan as the user wrote it, as frozen data; its grammar. Pure.

schemas/plan.schema.json is generated from these models, so field descriptions are what an editor shows.
"""

import hashlib
from functools import cache
from typing import Annotated, Any, Literal, Optional, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, JsonValue, ValidationError, create_model, model_validator

from deploy_verdict.base.units import Duration, Size, shown_duration
from deploy_verdict.expect import Expectation
from deploy_verdict.model import Severity
from deploy_verdict.plan.placeholders import spans_window
from deploy_verdict.plan.requests import (
    GOOD_STATUS,
    Expectations,
    Expecting,
    NeverRule,
    Part,
    Request,
    Selector,
    headers_in,
)
from deploy_verdict.plan.sections.access import AnyAuth, AnyHost, Auth, Host, checked_address
from deploy_verdict.plan.sections.claims import Claim, shown_by_check_alone
from deploy_verdict.plan.sections.e2e import E2E, Step, Test
from deploy_verdict.plan.sections.exposure import Exposure
from deploy_verdict.plan.sections.fixtures import Fixtures
from deploy_verdict.plan.sections.heartbeat import HeartbeatSection
from deploy_verdict.plan.sections.logs import Incident, Logs
from deploy_verdict.plan.sections.platforms import GitHubSection, Metrics, NotifySection, Railway, Traffic
from deploy_verdict.plan.sections.pools import Burst, Pool
from deploy_verdict.plan.sections.report import Baseline, Criterion, Escalation, ReportSection, ResponseTimes
from deploy_verdict.plan.sections.test_data import TestData
from deploy_verdict.stages.registry import STAGES, function, named, planned


def kept_body(size: int) -> int:
    """Return a body size up to MOST_BODY, as memory holds it as text too; raise ValueError."""
    if not 0 < size <= MOST_BODY:
        raise ValueError(f"{size} bytes — write a size from 1B to {MOST_BODY // 1024**2}MiB")
    return size


MAX_SAMPLES = 20_000
MOST_BODY = 2 * 1024**2
FRESH_SHARE = 0.4


def regular(length_s: float, every_s: float) -> tuple[float, ...]:
    """Return 0, every, 2 × every, … up to the length."""
    return tuple(index * every_s for index in range(int(length_s / every_s + 1e-9) + 1))


class Service(Part):
    """The service under watch."""

    base_url: Annotated[str, AfterValidator(checked_address)]
    name: str | None = None
    timeout: Duration = Field(default=10.0, gt=0, description="of one request, from connect to the last byte")
    max_body: Annotated[Size, AfterValidator(kept_body)] = Field(
        default=65536, description="bodies are cut here before anything is kept; at most 2MiB"
    )
    headers: dict[str, str] = Field(default={})
    auth: AnyAuth = Field(
        default=None,
        description='who we are, for every request: {bearer: "${API_TOKEN}"}, basic, header or login',
    )
    instance: Selector | None = Field(
        default=None,
        description="what tells the service's instances apart in an answer, such as header.X-Instance or "
        "$.instance",
    )
    fresh_within: Duration = Field(
        default=180.0, description="how long older code may still answer after T+0 before it counts as stale"
    )


class WindowSection(Part):
    """How long the window is, and how often the pools are sampled."""

    length: Duration = Field(default=7200.0, gt=0)
    sample_every: Duration = Field(default=900.0, gt=0)
    mode: Literal["auto", "timer", "sleep", "single"] = Field(
        default="auto",
        description="on GitHub: a job with a wait timer for each sample, sleeping jobs, or one long job",
    )
    dense_every: Duration = Field(
        default=60.0,
        gt=0,
        description="how often the pools are read where one process waits for the window's end",
    )
    spread: Duration | None = Field(
        default=None,
        description="over how long each sample after T+0 spreads its readings of the pools, where separate "
        "jobs take the samples: by default 5m where their minutes are not billed, else as burst says",
    )

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if self.sample_every > self.length:
            every, length = shown_duration(self.sample_every), shown_duration(self.length)
            raise ValueError(f"sample_every ({every}) is longer than the window ({length}) — make it shorter")
        if self.length / self.sample_every > MAX_SAMPLES:
            raise ValueError(
                f"that is more than {MAX_SAMPLES} samples — sample less often, or a shorter window"
            )
        return self

    @property
    def end_s(self) -> float:
        """The end of the window itself, whatever samples follow it."""
        return self.length

    @property
    def offsets_s(self) -> tuple[float, ...]:
        """The scheduled offsets: 0, every, …, length. Two hours every 15 minutes are nine samples."""
        return regular(self.length, self.sample_every)

    @property
    def pool_offsets_s(self) -> tuple[float, ...]:
        """When the pools are sampled."""
        return self.offsets_s

    @property
    def dense_s(self) -> float | None:
        """The time between two pool samples, if they are denser than the others; else None."""
        return None

    @property
    def spread_s(self) -> float | None:
        """How long a sample after T+0 reads the pools, if that is longer than their bursts; else None."""
        return None

    @property
    def claim_offsets_s(self) -> tuple[float, ...]:
        """When claims are checked; also when a check that writes is sent, unless the plan says more."""
        return (0.0,)


EVERY_SAMPLE = "every sample"
Moments = Literal["every sample"] | Annotated[tuple[Duration, ...], Field(strict=False, min_length=1)]


class Check(Expecting):
    """One health check."""

    name: str
    title: str | None = None
    severity: Severity = Field(default=Severity.P1, strict=False)
    at: Moments | None = Field(
        default=None,
        description="when it is sent: `every sample`, or offsets such as [0m, 60m]; default: every sample "
        "where it reads, T+0 where it writes",
    )

    @property
    def looks_at_status_only(self) -> bool:
        """Whether nothing in an answer's body could fail the check."""
        lines = [*(self.expect.lines if self.expect else ()), *(o for a in self.accept for o in a.lines)]
        around = ("status", "elapsed", "header.")
        return self.method != "HEAD" and all(line.selector.startswith(around) for line in lines)

    @property
    def without_headers(self) -> tuple[Expectation, ...]:
        """The lines of `expect` that concern no header."""
        lines = self.expect.lines if self.expect else ()
        return tuple(line for line in lines if not line.selector.startswith("header."))


class Plan(Part):
    """A complete plan."""

    version: Literal[1]
    name: str = Field(min_length=1)
    service: Service
    hosts: dict[str, AnyHost] = Field(
        default={}, description="other hosts that checks may read: {admin: https://admin.example.com}"
    )
    railway: Railway | None = None
    window: WindowSection = WindowSection()
    claims: tuple[Claim, ...] = Field(default=(), strict=False)
    test_data: TestData = TestData()
    health: tuple[Check, ...] = Field(default=(), strict=False)
    heartbeat: HeartbeatSection | None = HeartbeatSection()
    never: tuple[NeverRule, ...] = Field(default=(), strict=False)
    e2e: E2E | None = None
    pools: tuple[Pool, ...] = Field(default=(), strict=False)
    logs: Logs | None = None
    traffic: Traffic | None = None
    metrics: Metrics | None = None
    response_times: ResponseTimes | None = None
    exposure: tuple[Exposure, ...] = Field(default=(), strict=False)
    criteria: tuple[Criterion, ...] = Field(default=(), strict=False)
    baseline: Baseline | None = None
    escalation: Escalation = Escalation()
    report: ReportSection = ReportSection()
    github: GitHubSection = GitHubSection()
    notify: NotifySection = NotifySection()
    fixtures: Fixtures | None = None
    x_: JsonValue = Field(default=None, alias="x", description="a place for YAML anchors; not read")
    sha256: str = Field(default="", exclude=True, json_schema_extra={"readOnly": True})

    @model_validator(mode="after")
    def _declare_reads(self) -> Self:
        """Mark the POST checks on other hosts that the plan declares as reads."""
        kept = tuple(
            check.as_declared_read()
            if (host := self.hosts.get(check.host or "")) and host.declares_read(check.method, check.path)
            else check
            for check in self.health
        )
        object.__setattr__(self, "health", kept)
        return self

    @property
    def headers(self) -> tuple[tuple[str, str], ...]:
        """Every header that the plan sends, what `auth` holds, and the servers' passwords."""
        secrets = (secret for auth in self.auths.values() for secret in auth.secrets)
        of_servers = ((f"password of {pool.name}", text) for pool in self.pools for text in pool.credentials)
        return (*headers_in(self.model_dump()), *secrets, *of_servers)

    @property
    def auths(self) -> dict[tuple[str, ...], Auth]:
        """Each `auth` by its path in the plan."""
        sites: dict[tuple[str, ...], Service | Host] = {("service",): self.service}
        sites |= {("hosts", name): host for name, host in self.hosts.items()}
        return {(*path, "auth"): site.auth for path, site in sites.items() if site.auth is not None}

    def site(self, host: str | None) -> Service | Host:
        """Return the service, or another host by its name."""
        return self.service if host is None else self.hosts[host]

    def is_ours(self, host: str | None) -> bool:
        """Whether a host is part of the service, so that it must answer."""
        if host is not None and host not in self.hosts:
            return False  # the cross-check reports it
        if host is None or self.hosts[host].ours is not None:
            return host is None or bool(self.hosts[host].ours)
        names = (urlsplit(self.site(name).base_url).hostname for name in (host, None))
        return next(names) == next(names)

    def headers_of(self, request: Request) -> dict[str, str]:
        """Return the headers that go with a request, including its host's."""
        return {**self.site(request.host).headers, **request.headers}

    def url_of(self, request: Request) -> str:
        """Return the address that a request is sent to."""
        return self.site(request.host).base_url + request.path

    def host_of(self, url: str) -> str | None:
        """Return an address's host; an unknown one is the service's, as --target may move it."""
        bases = {**{host.base_url: name for name, host in self.hosts.items()}, self.service.base_url: None}
        fitting = [base for base in bases if url == base or url.startswith((f"{base}/", f"{base}?"))]
        return bases[max(fitting, key=len)] if fitting else None

    @property
    def stages(self) -> tuple[str, ...]:
        """The stages of this plan, in the order of the registry."""
        return tuple(self.planned_offsets_s)

    @property
    def planned_offsets_s(self) -> dict[str, tuple[float, ...]]:
        """When each stage is sampled; stages that read the complete window are read at its end."""
        return planned(self)

    @property
    def exposures(self) -> tuple[Exposure, ...]:
        """The exposures of the plan and of its claims; a claim's is named by its commit."""
        of_claims = ((claim.commit, claim.exposure) for claim in self.claims if claim.exposure)
        return (*self.exposure, *(Exposure(name=name, **dict(exposure)) for name, exposure in of_claims))

    @property
    def drives_s(self) -> float:
        """The longest that the drives at the window's end may take: returns to floor, and top-ups."""
        driven = ((pool.return_to_floor, pool.burst.for_) for pool in self.pools if pool.return_to_floor)
        top_ups = (item.top_up.limit for item in self.exposures if item.top_up is not None)
        return sum(drive.limit + drive.settle + 2 * burst_s for drive, burst_s in driven) + sum(top_ups)

    @property
    def fresh_within_s(self) -> float:
        """How long to wait for the new code, capped so that the T+0 sample is not too late to count."""
        return min(self.service.fresh_within, FRESH_SHARE * self.window.sample_every)

    def check_offsets_s(self, check: Check) -> tuple[float, ...]:
        """Return when a health check is sent on its own: every sample, or its own offsets; and all tails."""
        window = self.window
        if check.at == EVERY_SAMPLE or (check.at is None and not check.writes):
            # At T+0 none of the window has passed, so such a check would prove nothing.
            return tuple(item for item in window.offsets_s if item > 0 or not spans_window(check))
        wanted = check.at if isinstance(check.at, tuple) else ()
        own = tuple(offset_s for offset_s in wanted if offset_s <= window.end_s)
        tails = tuple(offset_s for offset_s in window.claim_offsets_s if offset_s > window.end_s)
        return tuple(sorted({*own, *tails})) if own else window.claim_offsets_s

    @property
    def health_offsets_s(self) -> tuple[float, ...]:
        """When the health stage has something to request: a check, or a document that shows a claim."""
        own = (offset_s for check in self.health for offset_s in self.check_offsets_s(check))
        documents = self.window.claim_offsets_s if any(claim.openapi for claim in self.claims) else ()
        return tuple(sorted({*own, *documents}))

    def checks_at(self, offset_s: float) -> tuple[Check, ...]:
        """Return the health checks due at an offset; at an offset that the plan lacks, those that read."""
        due = tuple(check for check in self.health if offset_s in self.check_offsets_s(check))
        if due or offset_s in self.health_offsets_s:
            return due
        return tuple(check for check in self.health if not check.writes)

    def answered_by(self, pool: Pool) -> tuple[Check, ...]:
        """Return the checks that send what a pool's readings send, and expect more than headers."""
        asked = pool.method, pool.path, pool.headers
        return tuple(
            check
            for check in self.health
            if (check.method, check.path, check.headers) == asked and check.without_headers
        )

    @property
    def beat(self) -> Check | None:
        """What a heartbeat requests: its own path, else the first health check that reads; None if off."""
        if self.heartbeat is None:
            return None
        if self.heartbeat.get is not None:
            return Check(name="heartbeat", get=self.heartbeat.get, expect=Expectations(lines=(GOOD_STATUS,)))
        own = (check for check in self.health if check.method == "GET" and self.is_ours(check.host))
        return next(own, None)

    @property
    def awaited(self) -> tuple[Check, ...]:
        """The checks that are repeated until they show a claim: they alone show it, and write nothing."""
        shown = shown_by_check_alone(self.claims)
        return tuple(check for check in self.health if check.name in shown and not check.writes)

    def check(self, name: str) -> Check:
        """Return the health check of that name; the cross-check guarantees that it exists."""
        return next(check for check in self.health if check.name == name)

    def to_ask(self, name: str) -> Request:
        """Return a health check by its name, or a GET of a path."""
        known = next((check for check in self.health if check.name == name), None)
        return known or Request(get=name)

    def burst_at(self, pool: Pool, offset_s: float) -> Burst:
        """Return how a pool is read at an offset.

        Between the regular samples: fewer readings over a longer time. In separate jobs: as many readings
        over a longer time, except at T+0, whose news is the most urgent. Else as the plan says.
        """
        dense_s, spread_s = self.window.dense_s, self.window.spread_s
        if dense_s is not None and offset_s not in self.window.offsets_s:
            return pool.burst.spread(dense_s)
        if spread_s is not None and 0 < offset_s <= self.window.end_s:
            return pool.burst.over(spread_s)
        return pool.burst

    def waits_s(self, stage: str, offset_s: float) -> float:
        """Return how much later a stage is due if a sample job spreads its pool readings before it."""
        if self.window.spread_s is None or named(stage).turn <= named("pools").turn:
            return 0.0
        longer_s = (self.burst_at(pool, offset_s).for_ - pool.burst.for_ for pool in self.pools)
        return max(longer_s, default=0.0)

    def test_of(self, name: str) -> tuple[Test, tuple[Step, ...]]:
        """Return an E2E test by its name with the steps before it; the cross-check ensures it exists."""
        tests = self.e2e.tests if self.e2e else ()
        before_each = self.e2e.before_each if self.e2e else ()
        return next(test for test in tests if test.name == name), before_each


def with_target(plan: Plan, address: str) -> Plan:
    """Return the plan for another address of the service, already checked."""
    service = plan.service.model_copy(update={"base_url": address})
    return plan.model_copy(update={"service": service})


def asked_once(plan: Plan) -> Plan:
    """Return the plan with every health check at T+0 only."""
    return plan.model_copy(
        update={"health": tuple(check.model_copy(update={"at": (0.0,)}) for check in plan.health)}
    )


def incident_file(plan: Plan) -> str | None:
    """Return the file that the plan names, or None."""
    return plan.logs.incident.file if plan.logs is not None and plan.logs.incident is not None else None


def with_incident(plan: Plan, text: str) -> Plan:
    """Return the plan with its file's lines, which change its sha256; raise ValueError for unusable lines."""
    if plan.logs is None or plan.logs.incident is None:
        return plan
    try:
        lines = Incident(lines=tuple(text.splitlines())).lines
    except ValidationError as error:
        raise ValueError(str(error.errors()[0]["msg"]).removeprefix("Value error, ")) from error
    incident = plan.logs.incident.model_copy(update={"lines": lines})
    both = f"{plan.sha256}\n{hashlib.sha256(text.encode()).hexdigest()}"
    return plan.model_copy(
        update={
            "logs": plan.logs.model_copy(update={"incident": incident}),
            "sha256": hashlib.sha256(both.encode()).hexdigest(),
        }
    )


@cache
def plan_model() -> type[Plan]:
    """Build the plan's model with the sections that stages bring along (`section` in the registry)."""
    brought = {stage.name: stage.section for stage in STAGES if stage.section is not None}
    more: dict[str, Any] = {}
    for name, path in brought.items():
        more[name] = (Optional[function(path)], None)  # noqa: UP045  # a type of run time
    return create_model("Plan", __base__=Plan, **more) if more else Plan
