"""The only list of stages: one row each, in the order of plan, verdict and report.

Rows are data. A row names its functions ("stages.pools.judge:judge_pools"), and they are imported when they
are called: so this module imports only what a row is, and every module may read it. To add a stage, add a
folder beside this file and a row here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, Any

from deploy_verdict.stages.stage import (
    MONITORING,
    SUITE,
    VERIFICATION,
    Asks,
    Due,
    Late,
    Offsets,
    Section,
    Stage,
)

if TYPE_CHECKING:
    from deploy_verdict.plan import Plan


def _at_end(plan: Plan) -> Offsets:
    return (plan.window.length,)


def _asks_service(plan: Plan) -> bool:
    return any(stage.asks is Asks.SERVICE and stage.is_planned(plan) for stage in sampled())


STAGES: tuple[Stage, ...] = (
    Stage(
        name="deployment",
        title="the deployment on the platform",
        is_planned=lambda plan: plan.railway is not None,
        offsets_s=lambda plan: plan.window.offsets_s,
        asks=Asks.PLATFORM,
        late=Late.MISSED,
        turn=1,
        group="railway",
        collect="stages.deployment.collect:collect_deployment",
        judge="stages.deployment.judge:judge_deployment",
        judged_with="deployment",
        judged_last=True,
        sections=(
            Section(
                key="deployment",
                title="Railway deployment",
                template="deployment",
                view="stages.deployment.report:deployment",
                part=VERIFICATION,
                drop_rank=9,
            ),
            Section(
                key="rollback_options",
                title="Rollback options",
                template="rollback_options",
                view="stages.deployment.report:rollback_options",
                part=VERIFICATION,
                drop_rank=4,
                is_optional=True,
            ),
        ),
        builds_on=("logs",),
        can_alarm=True,
        lead_rank=1,
        by_hand="Check the deployment on the platform by hand: status, commit and build log",
        missing="no railway section",
        sampling=(
            "The first sample in a directory waits while the deployment is in flight (railway.wait in "
            "the plan), and opens the window when it is not. The deployment is named by --deployment "
            "or --commit, else it is the newest of the service."
        ),
    ),
    Stage(
        name="health",
        title="health checks",
        is_planned=lambda plan: bool(plan.health) or any(claim.openapi for claim in plan.claims),
        offsets_s=lambda plan: plan.health_offsets_s,
        asks=Asks.SERVICE,
        late=Late.TAKEN_LATE,
        turn=2,
        # The checks at T+0 are the verification itself: no earlier P0 stops them.
        writes=lambda plan, offset_s: offset_s > 0 and any(c.writes for c in plan.checks_at(offset_s)),
        collect="stages.health.collect:collect_health",
        requests="plan.checks.preview:health_requests",
        judge="stages.health.judge:judge_health",
        judged_with="health",
        in_short="stages.health.report:in_short",
        sections=(
            Section(
                key="health",
                title="Health checks",
                template="health",
                view="stages.health.report:health_checks",
                part=VERIFICATION,
                drop_rank=5,
            ),
        ),
        builds_on=("claims",),
        can_alarm=True,
        lead_rank=2,
    ),
    Stage(
        name="heartbeat",
        title="a request between the samples",
        is_planned=lambda plan: plan.beat is not None,
        asks=Asks.SERVICE,
        due=Due.BETWEEN,
        collect="stages.heartbeat.collect:beat",
        requests="plan.checks.preview:heartbeat_requests",
        judge="stages.heartbeat.judge:judge_heartbeat",
        judged_with="heartbeat",
        sections=(
            Section(
                key="heartbeat",
                title="Between the samples",
                template="heartbeat",
                view="stages.heartbeat.report:between_samples",
                part=MONITORING,
                drop_rank=0,
                is_optional=True,
            ),
        ),
        can_alarm=True,
        lead_rank=2,
    ),
    Stage(
        name="e2e",
        title="the E2E suite",
        is_planned=lambda plan: plan.e2e is not None,
        offsets_s=lambda plan: plan.e2e.at if plan.e2e else (),
        asks=Asks.SERVICE,
        late=Late.TAKEN_LATE,
        turn=6,
        # The run at T+0 is the verification itself: no earlier P0 stops it.
        writes=lambda plan, offset_s: offset_s > 0 and plan.e2e is not None and plan.e2e.writes,
        collect="stages.e2e.collect:run_suite",
        requests="plan.checks.preview:e2e_requests",
        judge="stages.e2e.judge:judge_suites",
        judged_with="e2e",
        in_short="stages.e2e.report:in_short",
        sections=(
            Section(
                key="e2e",
                title="E2E test results",
                template="e2e",
                view="stages.e2e.report:suite",
                part=SUITE,
                drop_rank=10,
            ),
        ),
        can_alarm=True,
        lead_rank=4,
        missing="no e2e section",
        sampling=(
            "JUnit XML is written beside it, for tools that read one; its results are the judge's, of "
            "this run."
        ),
    ),
    Stage(
        name="pools",
        title="connection pools",
        is_planned=lambda plan: bool(plan.pools),
        offsets_s=lambda plan: plan.window.pool_offsets_s,
        asks=Asks.SERVICE,
        late=Late.MISSED,
        turn=3,
        group="pools",
        collect="stages.pools.collect:take_sample",
        requests="plan.checks.preview:pool_requests",
        judge="stages.pools.judge:judge_pools_and_beside",
        judged_with="pools",
        in_short="stages.pools.report:in_short",
        sections=(
            Section(
                key="pools",
                title="connection pool",
                template="pools",
                view="stages.pools.report:shown_pools",
                part=MONITORING,
                drop_rank=11,
                is_each=True,
            ),
        ),
        builds_on=("health", "e2e"),
        can_alarm=True,
        settled_at_end=("growth", "stability", "gauge"),
        lead_rank=3,
        missing="no pools to sample",
        sampling=(
            "Waits for the offset's absolute time, however early it is started. Stop it at any "
            "moment; started again with the same --out it goes on and repeats nothing."
        ),
    ),
    Stage(
        name="exercise",
        title="a load that shows whether a pool's gauge moves",
        is_planned=lambda plan: any(pool.exercise is not None for pool in plan.pools),
        offsets_s=lambda plan: (0.0,),
        asks=Asks.SERVICE,
        late=Late.MISSED,
        turn=5,
        writes=lambda plan, offset_s: True,
        group="pools",
        collect="stages.pools.exercise:exercise",
        requests="plan.checks.preview:exercise_requests",
        is_load=True,
        missing="no pool with an exercise",
        sampling="The plan's `exercise` bounds it, and nothing is sent that could fill the pool.",
    ),
    Stage(
        name="floor",
        title="cycles after which a pool must return to its floor",
        is_planned=lambda plan: any(pool.return_to_floor is not None for pool in plan.pools),
        offsets_s=lambda plan: (plan.window.end_s,),
        asks=Asks.SERVICE,
        due=Due.DRIVE,
        turn=7,
        writes=lambda plan, offset_s: True,
        group="pools",
        collect="stages.pools.return_to_floor:return_to_floor",
        requests="plan.checks.preview:floor_requests",
        is_load=True,
        missing="no pool with return_to_floor",
        sampling=(
            "A pool's `return_to_floor` caps number, rate and time; only what test_data.may_write "
            "allows is written, and the test's cleanup runs whatever happens. Stop it at any moment."
        ),
    ),
    Stage(
        name="top_up",
        title="runs of our own for an operation that nobody ran often enough",
        is_planned=lambda plan: any(exposure.top_up is not None for exposure in plan.exposures),
        offsets_s=lambda plan: (plan.window.end_s,),
        asks=Asks.SERVICE,
        due=Due.DRIVE,
        turn=8,
        writes=lambda plan, offset_s: True,
        collect="stages.exposure.collect:top_up",
        requests="plan.checks.preview:top_up_requests",
        is_load=True,
        missing="no exposure with top_up",
        sampling=(
            "An exposure's `top_up` caps number, rate and time; only what test_data.may_write allows "
            "is written, and what the evidence holds is not run again. Stop it at any moment: the "
            "same command goes on."
        ),
    ),
    Stage(
        name="logs",
        title="the log review",
        is_planned=lambda plan: plan.logs is not None,
        offsets_s=_at_end,
        asks=Asks.LOG,
        due=Due.END,
        turn=4,
        collect="stages.logs.collect:collect_logs",
        judge="stages.logs.judge:judge_readings",
        judged_with="logs",
        in_short="stages.logs.report:in_short",
        sections=(
            Section(
                key="logs",
                title="Backend error logs",
                template="logs",
                view="stages.logs.report:logs",
                part=MONITORING,
                drop_rank=6,
            ),
        ),
        builds_on=("deployment",),
        can_alarm=True,
        lead_rank=6,
        names_rules=True,
        missing="no logs section",
        sampling="A file may be plain text or JSON lines, of any size; it is read as a stream.",
    ),
    Stage(
        name="traffic",
        title="everybody's requests, by the platform's HTTP log",
        is_planned=lambda plan: plan.traffic is not None,
        offsets_s=_at_end,
        asks=Asks.PLATFORM,
        due=Due.END,
        turn=4,
        group="railway",
        collect="stages.traffic.collect:collect_traffic",
        judge="stages.traffic.judge:judge_traffic",
        judged_with="traffic",
        in_short="stages.traffic.report:in_short",
        sections=(
            Section(
                key="traffic",
                title="Real traffic",
                template="traffic",
                view="stages.traffic.report:shown_traffic",
                part=MONITORING,
                drop_rank=7,
                is_optional=True,
            ),
        ),
        builds_on=("deployment",),
        can_alarm=True,
        lead_rank=7,
        names_rules=True,
        by_hand="Search the service's own log of the window for 5xx answers and slow paths by hand",
        missing="no traffic section — add `traffic: {}`",
        sampling="Requests are counted by path, our own probes apart.",
    ),
    Stage(
        name="metrics",
        title="memory and CPU, by the platform",
        is_planned=lambda plan: plan.metrics is not None,
        offsets_s=_at_end,
        asks=Asks.PLATFORM,
        due=Due.END,
        turn=4,
        group="railway",
        collect="stages.metrics.collect:collect_metrics",
        judge="stages.metrics.judge:judge_metrics",
        judged_with="metrics",
        in_short="stages.metrics.report:in_short",
        sections=(
            Section(
                key="metrics",
                title="Resources",
                template="metrics",
                view="stages.metrics.report:resources",
                part=MONITORING,
                drop_rank=8,
                is_optional=True,
            ),
        ),
        lead_rank=8,
        by_hand="Check the platform's metrics of the window by hand: memory against its limit",
        missing="no metrics section — add `metrics: {}`",
    ),
    Stage(
        name="services",
        title="other services of the project",
        is_planned=lambda plan: plan.railway is not None and bool(plan.railway.services),
        offsets_s=lambda plan: plan.window.offsets_s,
        asks=Asks.PLATFORM,
        late=Late.MISSED,
        turn=1,
        group="railway",
        collect="stages.services.collect:collect_services",
        judge="stages.services.judge:judge_services",
        judged_with="services",
        sections=(
            Section(
                key="services",
                title="Other services",
                template="services",
                view="stages.services.report:shown_services",
                part=MONITORING,
                drop_rank=1,
                is_optional=True,
            ),
        ),
        builds_on=("deployment", "logs", "metrics"),
        can_alarm=True,
        lead_rank=9,
        by_hand="Check the other services on the platform by hand: status, restarts, memory and log",
        missing="no other services — add `railway: {services: [redis]}`",
    ),
    Stage(
        name="claims",
        title="what the commits say they bring",
        # Judged by the responses to health checks and the previous deployment's HTTP log, so every plan has
        # it.
        is_planned=lambda plan: True,
        judge="stages.claims.judge:judge_claims",
        judged_with="",
        builds_on=("deployment",),
        can_alarm=True,
        lead_rank=0,
    ),
    Stage(
        name="never",
        title="what must never be answered",
        is_planned=lambda plan: bool(plan.never),
        judge="verdict.never_and_times:judge_never",
        judged_with="",
        can_alarm=True,
        lead_rank=5,
        names_rules=True,
    ),
    Stage(
        name="response_times",
        title="response times",
        is_planned=lambda plan: plan.response_times is not None,
        judge="verdict.never_and_times:judge_response_times",
        judged_with="",
        names_rules=True,
    ),
    Stage(
        name="latency",
        title="whether answers become slower",
        is_planned=lambda plan: any(not check.writes and plan.is_ours(check.host) for check in plan.health),
        judge="verdict.latency_drift:judge_latency",
        judged_with="",
        lead_rank=6,
    ),
    Stage(
        name="connections",
        title="whether the service could be reached",
        is_planned=_asks_service,
        judge="stages.heartbeat.judge_connections:judge_connections",
        judged_with="",
        can_alarm=True,
        lead_rank=2,
    ),
    Stage(
        name="restarts",
        title="whether the service was restarted",
        is_planned=_asks_service,
        judge="stages.heartbeat.judge_restarts:judge_restarts",
        judged_with="",
        lead_rank=5,
    ),
    Stage(
        name="exposure",
        title="how often each operation was run",
        is_planned=lambda plan: bool(plan.exposures),
        judge="stages.exposure.judge:judge_exposure",
        judged_with="",
        sections=(
            Section(
                key="exposure",
                title="Exposure",
                template="exposure",
                view="stages.exposure.report:shown_exposure",
                part=MONITORING,
                drop_rank=3,
                is_optional=True,
            ),
            Section(
                key="performance",
                title="API performance",
                template="performance",
                view="stages.exposure.report:performance",
                part=MONITORING,
                drop_rank=2,
            ),
        ),
        builds_on=("e2e", "health"),
    ),
    Stage(
        name="test_data",
        title="what this tool wrote and gave back",
        # A corrected plan may no longer allow what was written, so this is judged under any plan.
        is_planned=lambda plan: True,
        judge="stages.writes.judge:judge_ledger",
        judged_with="",
    ),
)


def named(name: str) -> Stage:
    """Return the stage of that name; raise KeyError if there is none."""
    for stage in STAGES:
        if stage.name == name:
            return stage
    raise KeyError(name)


@cache
def sampled() -> tuple[Stage, ...]:
    """Return the stages that take samples and write evidence."""
    return tuple(stage for stage in STAGES if stage.collect is not None)


def names() -> tuple[str, ...]:
    """Return the names of the stages that take samples, as --without and evidence files use them."""
    return tuple(stage.name for stage in sampled())


def planned(plan: Plan) -> dict[str, Offsets]:
    """Return the stages that the plan wants, by name, with the offsets of their samples in plan seconds."""
    return {stage.name: stage.offsets_s(plan) for stage in sampled() if stage.is_planned(plan)}


def during(plan: Plan) -> dict[str, Offsets]:
    """Return at which offsets (plan seconds) each stage is sampled or read, in their order at one offset.

    A stage that reads the complete window at its end also reads, at each sample, what is new by then. It runs
    before the stages that write, so that what it finds can stop them. The suite takes longest and runs last.
    """
    scheduled = planned(plan)
    between = tuple(offset_s for offset_s in plan.window.offsets_s if 0 < offset_s < plan.window.length)
    return {
        stage.name: between if stage.due is Due.END else scheduled[stage.name]
        for stage in sorted(sampled(), key=lambda stage: stage.turn)
        if stage.name in scheduled
    }


def at_end() -> tuple[Stage, ...]:
    """Return the stages that read the complete window at its end."""
    return tuple(stage for stage in sampled() if stage.due is Due.END)


def is_at_end(name: str) -> bool:
    """Return whether the stage of that name reads the complete window at its end."""
    return named(name).due is Due.END


def driven() -> tuple[str, ...]:
    """Return the names of the stages that drive the service at the window's end."""
    return tuple(stage.name for stage in sampled() if stage.due is Due.DRIVE)


def loads() -> tuple[str, ...]:
    """Return the stages whose requests queue up on purpose, so that they say nothing of ordinary ones."""
    return tuple(stage.name for stage in sampled() if stage.is_load)


def asking_service() -> tuple[str, ...]:
    """Return the names of the stages whose samples send requests to the service."""
    return tuple(stage.name for stage in sampled() if stage.asks is Asks.SERVICE)


def groups() -> dict[str, tuple[str, ...]]:
    """Return the words that --without accepts for several stages, with those stages."""
    known: dict[str, tuple[str, ...]] = {}
    for stage in sampled():
        if stage.group:
            known[stage.group] = (*known.get(stage.group, ()), stage.name)
    return known


def report_sections() -> Iterator[Section]:
    """Yield every section of the report, in the order of the stages."""
    for stage in STAGES:
        yield from stage.sections


def by_hand(name: str) -> str:
    """Return what to check by hand if the platform did not answer a stage; "" if there is nothing to say."""
    return next((stage.by_hand for stage in STAGES if stage.name == name), "")


def lead_rank(name: str) -> int:
    """Return the rank of a stage in a group of findings: the lowest one leads it.

    99 if the stage is unknown.
    """
    return next((stage.lead_rank for stage in STAGES if stage.name == name), 99)


def function(path: str) -> Callable[..., Any]:
    """Import the function of a row: "stages.pools.judge:judge_pools", below this package."""
    module, _, name = path.partition(":")
    found: Callable[..., Any] = getattr(import_module(f"deploy_verdict.{module}"), name)
    return found
