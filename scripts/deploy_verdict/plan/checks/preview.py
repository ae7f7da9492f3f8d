"""Counts what a plan will do before it runs. Pure."""

import math
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from typing import Any

from deploy_verdict.base.units import shown_duration
from deploy_verdict.plan.checks.cross_checks import requests_of_plan, steps_of
from deploy_verdict.plan.checks.horizon import Horizon, horizons
from deploy_verdict.plan.checks.references import finding_names
from deploy_verdict.plan.checks.unwatched import unwatched
from deploy_verdict.plan.layout import densely, laid_out, layout_of, own_layout, spread_out
from deploy_verdict.plan.plan import Plan
from deploy_verdict.plan.sections.claims import ASK_AGAIN_S, IN_A_ROW
from deploy_verdict.plan.sections.e2e import Step
from deploy_verdict.plan.sections.exposure import Exposure, TopUp
from deploy_verdict.plan.sections.pools import MOST_FAILED, Burst, Exercise, Pool, ReturnToFloor
from deploy_verdict.plan.writes.write_guard import known_entities, known_refusals
from deploy_verdict.stages.registry import function, sampled

# The shortest time between two beats, as a share of `every` (heartbeat.py's jitter).
FEWEST_BEATS = 0.8


@dataclass(frozen=True, kw_only=True)
class Preview:
    """Counts for one complete window. Requests are upper bounds, as a failed step ends its test early.

    A single process that waits for the window's end also samples the pools in between.
    """

    stages: tuple[str, ...]
    samples: int
    readings_per_sample: int
    suite_runs: int
    tests: int
    requests: dict[str, int]
    writes: int
    wall_s: float
    platform_requests: int = 0
    samples_between: int = 0
    readings_between: int = 0
    writes_to: dict[str, tuple[str, ...]] = field(default_factory=dict)
    not_sent: tuple[str, ...] = ()

    @property
    def total_requests(self) -> int:
        """The number of requests to the service."""
        return sum(self.requests.values())

    def counts(self) -> dict[str, Any]:
        """Return all counts, for --json."""
        return {**asdict(self), "total_requests": self.total_requests}


def preview_lines(plan: Plan, counts: Preview) -> Iterator[str]:
    """Yield the counts as lines to print."""
    per_stage = ", ".join(f"{stage} {count}" for stage, count in counts.requests.items() if count)
    yield f"{plan.name}: the plan is valid. On {plan.service.base_url} it will:"
    yield f"  check        {', '.join(counts.stages)}"
    yield f"  take         {shown_duration(counts.wall_s)}"
    sent = f"{counts.total_requests} requests ({per_stage}), {counts.writes} of them writes"
    yield f"  send         at most {sent}"
    if counts.platform_requests:
        yield f"  ask Railway  about {counts.platform_requests} times, and once for each 5,000 lines of a log"
    yield from _writing_lines(plan, counts)
    if counts.writes:
        yield f"  after a P0   {_after_p0(plan)}"
    if counts.samples:
        yield f"  sample       {counts.samples} times, {counts.readings_per_sample} readings each"
    if counts.samples_between:
        each = f"{counts.samples_between} times, {counts.readings_between} readings each"
        yield f"  in between   {each}, where one process waits anyway (window.dense_every)"
    yield from _spread_lines(plan, counts)
    yield from map(_server_line, (pool for pool in plan.pools if pool.asks is not None))
    for horizon in horizons(plan):
        yield f"  prove        {_provable(horizon)}"
    if counts.suite_runs:
        yield f"  run          {_suite_words(plan, counts)}"
    for exposure in plan.exposures:
        if exposure.top_up is not None:
            yield f"  top up       {_top_up_words(exposure, exposure.top_up)}"
    for words in unwatched(plan):
        yield f"  not watch    {words}"
    yield f"  judge        {len(set(finding_names(plan)))} expectations and {len(plan.criteria)} criteria"


def _spread_lines(plan: Plan, counts: "Preview") -> Iterator[str]:
    """Say how separate jobs on GitHub spread the same readings."""
    spread_s = spread_out(plan, own_layout(plan), is_free=True).spread_s
    if counts.samples and spread_s is not None:
        each = f"each but the first over {shown_duration(spread_s)}"
        jobs = shown_duration(spread_s * (counts.samples - 1))
        where = "" if plan.window.spread is not None else ", where their minutes are not billed"
        yield f"  in jobs      {each}, {jobs} of jobs in all{where} (window.spread)"


def _suite_words(plan: Plan, counts: "Preview") -> str:
    """Say what the suite runs, and how often."""
    command = plan.e2e.command if plan.e2e else ()
    tests = f"{counts.tests} E2E test{'' if counts.tests == 1 else 's'}" if counts.tests else ""
    suite = f"`{' '.join(command)}`" if command else ""
    times = "once" if counts.suite_runs == 1 else f"{counts.suite_runs} times"
    return f"{' and '.join(filter(None, (tests, suite)))}, {times}"


def _server_line(pool: Pool) -> str:
    what = f"{pool.burst.readings} times at each sample ({pool.name}), by commands that only read"
    if not pool.address:
        what = f"nothing: the address of {pool.name} is empty, so it is left out"
    return f"  ask {pool.asks:<9}{what}"


def _writing_lines(plan: Plan, counts: Preview) -> Iterator[str]:
    if plan.test_data.may_write:
        entities = "; ".join(f"{k} {', '.join(map(str, v))}" for k, v in plan.test_data.may_write.items())
        yield f"  write only   {entities}"
    for request, touched in counts.writes_to.items():
        yield f"    {request}: {', '.join(touched) or 'what the OpenAPI document says its path names'}"
    for refusal in counts.not_sent:
        yield f"  NOT send     {refusal}"


def _after_p0(plan: Plan) -> str:
    if plan.escalation.keep_writing:
        return "go on writing (escalation.keep_writing)"
    return "write no more, and go on reading; escalation.keep_writing: true goes on writing"


def _top_up_words(exposure: Exposure, how: TopUp) -> str:
    takes = shown_duration(how.at_most * how.every)
    runs = f"{exposure.operation} with runs of {how.of} until {exposure.wanted} are clean"
    return f"{runs}, at most {how.at_most} in {takes}"


def _provable(horizon: Horizon) -> str:
    """Say what the window can at best prove about a pool's growth."""
    safe_for = shown_duration(horizon.pool.safe_for)
    if horizon.needs_free is None:
        return (
            f"nothing about {horizon.pool.name}'s growth: {horizon.blocks} blocks after the warm-up are too "
            "few, so the verdict is inconclusive at best"
        )
    return f"that {horizon.pool.name} lasts {safe_for}, if at least {horizon.needs_free} connections are free"


Counts = tuple[int, int]


def preview(plan: Plan) -> Preview:
    """Count the requests of every stage, and the writes among them."""
    samples = len(plan.window.offsets_s)
    dense = plan if layout_of(plan) else laid_out(plan, densely(plan, own_layout(plan)))
    between_s = [at_s for at_s in dense.window.pool_offsets_s if at_s not in plan.window.offsets_s]
    counts = {
        stage.name: function(stage.requests)(dense) for stage in sampled() if stage.requests is not None
    }
    longest_burst_s = max((pool.burst.for_ for pool in plan.pools), default=0.0)
    return Preview(
        stages=plan.stages,
        samples=samples if plan.pools else 0,
        readings_per_sample=_readings(plan, 0.0),
        suite_runs=len(plan.e2e.at) if plan.e2e else 0,
        tests=len(plan.e2e.tests) if plan.e2e else 0,
        requests={name: requests for name, (requests, _) in counts.items()},
        writes=sum(writes for _, writes in counts.values()),
        wall_s=plan.window.length + longest_burst_s + _drives_s(plan),
        platform_requests=_platform(plan, samples),
        samples_between=len(between_s) if plan.pools else 0,
        readings_between=_readings(dense, between_s[0]) if between_s else 0,
        **_written(plan),
    )


def _written(plan: Plan) -> dict[str, Any]:
    """Return what each request may write, and why the write guard refuses others."""
    writes_to: dict[str, dict[str, None]] = {}
    not_sent: dict[str, None] = {}
    for _, request in requests_of_plan(plan):
        found = known_refusals(request, plan.test_data, plan.headers_of(request))
        refused = dict.fromkeys(one.text for one in found)
        not_sent |= refused
        if request.writes and not refused:
            touched = dict.fromkeys(known_entities(request, plan.test_data))
            writes_to.setdefault(f"{request.method} {request.path}", {}).update(touched)
    return {
        "writes_to": {name: tuple(touched) for name, touched in writes_to.items()},
        "not_sent": tuple(not_sent),
    }


def health_requests(plan: Plan) -> Counts:
    """Count the requests and writes of the health checks, and of the documents that show claims."""
    times = [(check, len(plan.check_offsets_s(check))) for check in plan.health]
    writes = sum(count for check, count in times if check.writes)
    return sum(count for _, count in times) + _fingerprints(plan), writes


def heartbeat_requests(plan: Plan) -> Counts:
    """Count the beats of a single process at the shortest distance that the jitter allows."""
    if plan.heartbeat is None or plan.beat is None:
        return 0, 0
    return math.ceil(plan.window.length / (plan.heartbeat.every * FEWEST_BEATS)), 0


def e2e_requests(plan: Plan) -> Counts:
    """Count the requests and writes of all runs of the suite."""
    runs = len(plan.e2e.at) if plan.e2e else 0
    steps, writes = _suite(plan)
    return steps * runs, writes * runs


def pool_requests(plan: Plan) -> Counts:
    """Count the requests and writes of all samples: each burst, and the checks beside the regular ones."""
    window, samples = plan.window, len(plan.window.offsets_s)
    beside = [plan.check(name) for pool in plan.pools for name in pool.beside]
    bursts = [(pool, plan.burst_at(pool, at_s)) for pool in plan.pools for at_s in window.pool_offsets_s]
    readings = sum(_requests(pool, burst) for pool, burst in bursts)
    return readings + samples * len(beside), samples * sum(check.writes for check in beside)


def _readings(plan: Plan, offset_s: float) -> int:
    return sum(plan.burst_at(pool, offset_s).readings for pool in plan.pools)


def _requests(pool: Pool, burst: Burst) -> int:
    """Count the requests of one burst to the service; a pool read at its server sends none."""
    return 0 if pool.asks else burst.readings * (1 + len(pool.other_paths))


def exercise_requests(plan: Plan) -> Counts:
    """Count the requests and writes of every exercise, and of the requests repeated after it."""
    loads = [(pool.exercise, _exercise_writes(plan, pool.exercise)) for pool in plan.pools if pool.exercise]
    requests = sum(load.requests + load.readings + sum(sent) for load, sent in loads)
    writes = sum(math.ceil(load.requests * sum(sent) / len(sent)) + sum(sent) for load, sent in loads)
    return requests, writes


def floor_requests(plan: Plan) -> Counts:
    """Count the requests and writes of all cycles."""
    drives = [(pool, pool.return_to_floor) for pool in plan.pools if pool.return_to_floor is not None]
    requests = sum(_driven(plan, drive) + 2 * _requests(pool, pool.burst) for pool, drive in drives)
    return requests, sum(_driven(plan, drive) for _, drive in drives)


def top_up_requests(plan: Plan) -> Counts:
    """Count the requests and writes of all top-ups."""
    counts = [_topped_up(plan, exposure.top_up) for exposure in plan.exposures if exposure.top_up is not None]
    return sum(requests for requests, _ in counts), sum(writes for _, writes in counts)


def _exercise_writes(plan: Plan, load: Exercise) -> list[bool]:
    """Return for each request of an exercise whether it writes; each is sent once more after the load."""
    return [plan.to_ask(name).writes for name in load.ask]


def _driven(plan: Plan, drive: ReturnToFloor) -> int:
    """Count the requests of all cycles at most; each of them may write."""
    test, before_each = plan.test_of(drive.test)
    return drive.cycles * len(test.steps) + len(before_each) + len(test.start) + len(test.cleanup)


def _topped_up(plan: Plan, how: TopUp) -> tuple[int, int]:
    """Count the requests and writes of all runs at most; each failed run has its cleanup."""
    stage, name = how.part
    if stage == "health":
        return how.at_most, how.at_most * plan.check(name).writes
    test, before_each = plan.test_of(name)
    beside = (*before_each, *test.start, *test.cleanup * (1 + MOST_FAILED))
    sent = [_step(step) for step in test.steps] * how.at_most + [_step(step) for step in beside]
    return sum(count for count, _ in sent), sum(writing for _, writing in sent)


def _drives_s(plan: Plan) -> float:
    """Return how long the drives at the window's end take as planned; `limit` caps a return to floor."""
    drives = ((pool, pool.return_to_floor) for pool in plan.pools if pool.return_to_floor is not None)
    floors = (
        min(drive.limit, _driven(plan, drive) / drive.rate) + drive.settle + 2 * pool.burst.for_
        for pool, drive in drives
    )
    top_ups = (exposure.top_up for exposure in plan.exposures if exposure.top_up is not None)
    return sum(floors) + sum(how.at_most * how.every for how in top_ups)


def _fingerprints(plan: Plan) -> int:
    """Count the requests that show the claims, at most; the claims share one wait for the new code."""
    shown = IN_A_ROW * sum(claim.openapi is not None for claim in plan.claims) + len(plan.awaited)
    return shown + int(plan.fresh_within_s / ASK_AGAIN_S) if shown else 0


def _platform(plan: Plan, samples: int) -> int:
    """Count Railway's requests: two for the ids, one for the subject, two a sample, four at the ends.

    Log, edge log and metrics add one each at the samples between and at the end, where metrics add two.
    """
    if plan.railway is None:
        return 0
    asked = sum(section is not None for section in (plan.logs, plan.traffic, plan.metrics))
    return 3 + 2 * samples + 4 + asked * max(0, samples - 2) + asked + (plan.metrics is not None)


def _suite(plan: Plan) -> tuple[int, int]:
    """Count the requests and writes of one run of the declared suite."""
    if plan.e2e is None:
        return 0, 0
    requests = writes = 0
    for path, step in steps_of(plan):
        times = len(plan.e2e.tests) if "before_each" in path else 1
        count, writing = _step(step)
        requests, writes = requests + count * times, writes + writing * times
    return requests, writes


def _step(step: Step) -> tuple[int, int]:
    if step.together is None:
        return 1, int(step.writes)
    writing = sum(request.writes for request in step.together.requests) * step.together.times
    return step.together.size, writing
