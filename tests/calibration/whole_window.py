"""Whole healthy windows of plans/zeues.yml: evidence of every stage as the collectors write it, and judge().

A recorded window of the demo (record_window.py) gives what has no numbers: the deployment, the document of
the code, the suite, the exercise. The rest is simulated around one load of models.py, which moves pools,
response times, requests of others and memory together, with the noise that healthy services have (Noise).

Two lines of the plan allow no noise at all, and are replaced: logs.max_errors, and traffic.max_5xx, by its
default. Loads that break the plan's own lines are left out: it wants 20 connections of one process.
"""

import itertools
import json
import math
import re
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from email.utils import format_datetime
from functools import cache
from pathlib import Path

import numpy as np

from deploy_verdict.evidence.bundle import bundled
from deploy_verdict.evidence.platform.platform_views import own_answered
from deploy_verdict.model import (
    Attempt,
    BurstObservation,
    Evidence,
    Fault,
    Loaded,
    LogObservation,
    MetricsObservation,
    Outcome,
    PathTraffic,
    Point,
    Reading,
    Series,
    Subject,
    TemplateCount,
    TrafficObservation,
    Whose,
)
from deploy_verdict.model.observations import INTERIM
from deploy_verdict.model.window import evidence_name
from deploy_verdict.plan import read_plan
from deploy_verdict.verdict.judge import judge
from tests.bundles import T0, window_of
from tests.calibration.judging import ONE_PROCESS, SERVER, as_sampled
from tests.calibration.known_errors import KnownErrors, minutes_of
from tests.calibration.models import MINUTES_S, Model, simulated
from tests.calibration.traffic import SIZE, WINDOW_S
from tests.running import ROOT

RECORDED = Path(__file__).with_name("recorded_window.json")
NO_NOISE_FITS = {"max_errors: 0\n": "", "max_5xx: 0%": "max_5xx: 1%"}
LOADS = (
    "steady, quiet",
    "steady, busy",
    "ramp",
    "diurnal",
    "autocorrelated",
    "on and off",
    "cron",
    "long-lived",
    "nearly idle",
    "lazy growth",
)
HOUR_S, PARTS = 3600.0, 8
EDGE = Fault(
    kind="edge", whose=Whose.EDGE, detail="the edge answered 502 in place of the service (x-railway-fallback)"
)
USUAL_MS = {"system-health": 120.0, "pool-stats": 40.0, "workers": 80.0, "tomar": 200.0, "completar": 220.0}
# Of each route of others: its share of their requests, and its median response time.
ROUTES = {
    ("GET", "/api/workers"): (0.45, 80.0),
    ("GET", "/api/history/{id}"): (0.3, 60.0),
    ("POST", "/api/occupation/tomar"): (0.12, 200.0),
    ("POST", "/api/occupation/completar"): (0.09, 220.0),
    ("GET", "/api/health"): (0.04, 120.0),
}
REFUSED = {"401": 0.02, "404": 0.01}
BEAT_S, JITTER = 30.0, 0.2
# Within the plan's limit of 2 s, which it wants every answer to keep.
SLOW_MS = (500.0, 1200.0)


@dataclass(frozen=True, kw_only=True)
class Noise:
    """What a healthy service and the way to it do. Shares are of requests.

    `edge`: our requests that read which the edge answers 502 at first, and the service at the second try.
    `others_edge`: the same of others, who try no second time. `slow`: answers that take a second longer.
    `errors`: kinds of errors that the log had before, too. `busy`, `idle`: requests of others by minute.
    """

    edge: float = 0.01
    others_edge: float = 0.001
    slow: float = 0.003
    spread: float = 0.5
    errors: tuple[KnownErrors, ...] = (KnownErrors(per_h=6.0, burst=2.0), KnownErrors(per_h=12.0, burst=4.0))
    per_minute: tuple[float, ...] = (10.0, 300.0)
    memory_gb: float = 0.4


USUAL = Noise()


@cache
def plan_for(mode):
    text = (ROOT / "plans" / "zeues.yml").read_text()
    for zero, usual in NO_NOISE_FITS.items():
        assert text.count(zero) == 1
        text = text.replace(zero, usual)
    ids = dict.fromkeys(("RAILWAY_PROJECT_ID", "RAILWAY_SERVICE_ID"), "00000000-0000-4000-8000-000000000000")
    known = {**ids, "TARGET_URL": "http://service.test"}
    if mode == SERVER:
        known["REDIS_PUBLIC_URL"] = "redis://db.test"
    plan = read_plan(text.encode(), "zeues.yml", known, f"{T0:%Y-%m-%d}")
    return as_sampled(plan, mode)


@cache
def recorded():
    return json.loads(RECORDED.read_text())


@cache
def subject():
    return Subject.model_validate(recorded()["deployment.T+000"]["subject"])


def at(offset_s):
    return T0 + timedelta(seconds=float(offset_s))


_TIME = re.compile(r'"(\d{4}-\d\d-\d\dT[\d:.]+Z)"')


@cache
def moved(name, offset_s):
    """A recorded file's observations as if its sample had been taken then, at the pace of a clock.

    What lies before T0 keeps its distance from it; times of the log go with the plan's.
    """
    file = recorded()[name]
    t0, begun = (datetime.fromisoformat(text) for text in (file["window"]["t0"], file["started_at"]))
    speed = file["window"]["speed"]
    by_plan = file["stage"] in ("logs", "traffic", "metrics")

    def time(found):
        then = datetime.fromisoformat(found[1])
        after_s = (then - t0).total_seconds()
        if after_s >= 0:
            own_s = offset_s + (then - begun).total_seconds()
            after_s = min(after_s * speed, WINDOW_S) if by_plan else max(0.0, own_s)
        return f'"{at(after_s).isoformat()}"'

    text = _TIME.sub(time, json.dumps(file["observations"]))
    text = text.replace(f"{name}.a1", evidence_name(file["stage"], offset_s, 1).removesuffix(".json"))
    return _at_offset(json.loads(text), offset_s)


def _at_offset(observations, offset_s):
    return [{**item, "offset_s": offset_s} if "offset_s" in item else item for item in observations]


def file_of(plan, stage, observations, offset_s):
    fields = {
        "stage": stage,
        "subject": subject(),
        "window": window_of(plan),
        "plan_name": plan.name,
        "plan_sha256": plan.sha256,
        "tool_version": "0",
        "attempt": 1,
        "offset_s": offset_s,
        "planned_at": at(offset_s),
        "started_at": at(offset_s),
        "finished_at": at(offset_s + 60),
        "observations": tuple(observations),
    }
    return Loaded(name=evidence_name(stage, offset_s, 1), evidence=Evidence(**fields))


@cache
def unchanging(mode):
    """The deployment at each sample, the suite at each of its times, and the exercise."""
    plan = plan_for(mode)
    files = [file_of(plan, "exercise", moved("exercise.T+000", 0.0), 0.0)]
    for at_s in plan.window.offsets_s:
        name = "T+000" if not at_s else "T+120" if at_s == WINDOW_S else "T+015"
        files.append(file_of(plan, "deployment", moved(f"deployment.{name}", at_s), at_s))
    files += [file_of(plan, "e2e", moved("e2e.T+000", at_s), at_s) for at_s in plan.e2e.at]
    return tuple(files)


@dataclass(kw_only=True)
class World:
    """One window: the load by minute as a share of its mean, the gauges at their times, and its noise."""

    mode: str
    noise: Noise
    rng: np.random.Generator
    per_minute: float
    requests_known: bool
    times_s: np.ndarray
    gauge: np.ndarray
    server: np.ndarray
    minutes: np.ndarray
    level: np.ndarray = field(init=False)

    def __post_init__(self):
        self.level = self.minutes / max(1.0, self.minutes.mean())

    def level_at(self, at_s):
        return float(np.interp(at_s, MINUTES_S, self.level))

    def used_at(self, at_s):
        return int(self.gauge[min(len(self.gauge) - 1, np.searchsorted(self.times_s, at_s))])

    def elapsed_ms(self, check, at_s):
        """Log-normal, longer under load, and now and then slow."""
        usual = USUAL_MS[check] * math.sqrt(max(0.1, self.level_at(at_s)))
        slow = self.rng.uniform(*SLOW_MS) if self.rng.random() < self.noise.slow else 0.0
        return float(usual * self.rng.lognormal(0, self.noise.spread) + slow)

    def edge_errs(self):
        return self.rng.random() < self.noise.edge


def window_outcome(mode, load, rng, noise=USUAL):
    """The verdict of one healthy window, and what was not a pass."""
    plan = plan_for(mode)
    bursts = [(at_s, plan.burst_at(plan.pools[0], at_s)) for at_s in plan.window.pool_offsets_s]
    times_s = np.array([at_s + n * burst.every for at_s, burst in bursts for n in range(burst.readings)])
    seen = simulated(Model(load), times_s, 1, rng)
    world = World(
        mode=mode,
        noise=noise,
        rng=rng,
        per_minute=float(rng.choice(noise.per_minute)),
        requests_known=rng.random() < 0.5,
        times_s=times_s,
        gauge=seen.gauge[0],
        server=seen.server[0],
        minutes=seen.requests[0].astype(float),
    )
    bundle = whole_window(plan, world)
    verdict = judge(bundle, judged_at=at(WINDOW_S + 300), tool_version="0")
    bad = [item for item in verdict.findings if item.outcome is not Outcome.PASS]
    return verdict.outcome.value, bad


def whole_window(plan, world):
    files = [*unchanging(world.mode)]
    files += [file_of(plan, "health", health(plan, world, at_s), at_s) for at_s in plan.health_offsets_s]
    files += pools(plan, world)
    if world.mode in (ONE_PROCESS, SERVER):
        files += heartbeat(plan, world)
    minutes = requests_by_minute(world)
    looks = [at_s for at_s in plan.window.offsets_s if at_s]
    memory = memory_of(world)
    for since_s, at_s in zip([0.0, *looks], looks, strict=False):
        ends = at_s >= WINDOW_S
        files.append(file_of(plan, "logs", logs(world, since_s, at_s, complete=ends), at_s))
        files.append(file_of(plan, "metrics", [metrics(world, minutes, memory, at_s, complete=ends)], at_s))
    own = own_answered(bundled(plan, window_of(plan), subject(), files))
    for since_s, at_s in zip([0.0, *looks], looks, strict=False):
        found = traffic(world, minutes, own, 0.0 if at_s >= WINDOW_S else since_s, at_s)
        files.append(file_of(plan, "traffic", found, at_s))
    return bundled(plan, window_of(plan), subject(), files)


def health(plan, world, at_s):
    """The checks that are due, by the first sample's answers; at T+0 the code and the claims too."""
    known = moved("health.T+000", at_s)
    if not at_s:
        return [_answered(world, item, at_s) for item in known]
    due = {check.name for check in plan.checks_at(at_s)}
    return [_answered(world, item, at_s) for item in known if item["kind"] == "http" and item["check"] in due]


def _answered(world, item, at_s):
    """A recorded answer with this window's time, use and edge."""
    if item["kind"] != "http":
        return item
    check = item["check"]
    item = {**item, "elapsed_ms": world.elapsed_ms(check, at_s), "body": _body(item["body"], world, at_s)}
    item["headers"] = {**item["headers"], "date": format_datetime(at(at_s), usegmt=True)}
    if item["method"] != "GET" or not world.edge_errs():
        return item
    first = Attempt(at=item["at"], elapsed_ms=5.0, fault=EDGE)
    second = Attempt(at=item["at"], elapsed_ms=item["elapsed_ms"], fault=None)
    return {**item, "attempts": (first, second)}


def _body(text, world, at_s):
    body = json.loads(text)
    pool = body.get("details", {}).get("redis_pool_stats", body)
    if "active_connections" in pool:
        pool.update(_pool(world.used_at(at_s)))
    if "timestamp" in body:
        body["timestamp"] = at(at_s).isoformat()
    return json.dumps(body)


def _pool(used):
    return {
        "max_connections": SIZE,
        "active_connections": used,
        "available_connections": SIZE - used,
        "utilization_percent": 100 * used / SIZE,
        "alert": "HIGH_UTILIZATION" if used > 0.8 * SIZE else None,
    }


def pools(plan, world):
    """Each sample's bursts; at the regular ones the checks beside them."""
    start = 0
    for at_s in plan.window.pool_offsets_s:
        observations = []
        for pool in plan.pools:
            burst = plan.burst_at(pool, at_s)
            ends = start + burst.readings
            asked = pool.asks is None or world.mode == SERVER
            used = (world.server if pool.asks else world.gauge)[start:ends] if asked else ()
            readings = [
                _reading(world, pool, at_s + n * burst.every, int(value)) for n, value in enumerate(used)
            ]
            observations.append(
                BurstObservation(
                    check=pool.name,
                    offset_s=at_s,
                    actual_offset_s=at_s,
                    at=at(at_s),
                    url="redis://db.test" if pool.asks else f"http://service.test{pool.path}",
                    readings=readings,
                    not_asked=not asked,
                )
            )
        start = ends
        if at_s in plan.window.offsets_s:
            known = moved("pools.T+000", at_s)
            observations += [_answered(world, item, at_s) for item in known if item["kind"] == "http"]
            observations += [item for item in known if item["kind"] == "ledger"]
        yield file_of(plan, "pools", observations, at_s)


@cache
def _gauge_text(used):
    return json.dumps(_pool(used))


@cache
def _server_text(used):
    state = {"born": "16d2", "up_s": 86_400, "own": 1, "redis_version": "7.0.15", "rejected_connections": 0}
    return json.dumps({**state, "connected_clients": used + 1, "clients": used + 1, "maxclients": 10_000})


def _reading(world, pool, at_s, used):
    if pool.asks:
        return Reading(offset_s=at_s, body=_server_text(used), elapsed_ms=3.0)
    first = EDGE if world.edge_errs() else None
    return Reading(
        offset_s=at_s,
        status=200,
        body=_gauge_text(used),
        elapsed_ms=15.0,
        new_connection=True,
        first_try=first,
    )


def heartbeat(plan, world):
    """Every half a minute or so, in files of the stretch that ends with each sample."""
    times_s = np.cumsum(BEAT_S * world.rng.uniform(1 - JITTER, 1 + JITTER, 320))
    template = next(item for item in moved("health.T+000", 0.0) if item.get("check") == plan.beat.name)
    looks = [at_s for at_s in plan.window.offsets_s if at_s]
    for since_s, until_s in zip([0.0, *looks], looks, strict=False):
        beats = [
            _answered(world, {**template, "offset_s": float(at_s), "at": at(at_s).isoformat()}, at_s)
            for at_s in times_s[(times_s > since_s) & (times_s <= until_s)]
        ]
        yield file_of(plan, "heartbeat", beats, until_s)


def logs(world, since_s, until_s, *, complete):
    """What was new at a sample; at the end the complete log, the hour before, and this deployment's start."""
    if not complete:
        found = moved("logs.T+015", until_s)
        return [{**item, "start": at(since_s), "end": at(until_s)} for item in found]
    observations = []
    known = [_errors(world, kind, HOUR_S, number, -HOUR_S) for number, kind in enumerate(world.noise.errors)]
    now = [
        _errors(world, kind, WINDOW_S, number, 0.0) if before else None
        for number, (kind, before) in enumerate(zip(world.noise.errors, known, strict=True))
    ]
    for item in moved("logs.T+120", until_s):
        changed = {"start": T0, "end": at(WINDOW_S)} if item["check"] == "log" else {}
        if not item["log"] and item["check"] in ("log", "baseline"):
            kinds = [kind for kind in (now if item["check"] == "log" else known) if kind]
            # Those that the demo's crisis left in the hour before are none of a healthy service.
            usual = [kind for kind in item["templates"] if kind["kind"] != "error"]
            levels = {**item["levels"], "ERROR": sum(kind.count for kind in kinds)}
            changed |= {"templates": [*usual, *kinds], "levels": levels, "errors": []}
        observations.append(LogObservation.model_validate({**item, **changed}))
    return observations


def _errors(world, kind, length_s, number, start_s):
    minutes = minutes_of(kind, kind.per_h, length_s, world.rng)
    if not minutes:
        return None
    line = f"ERROR backend.kind{chr(97 + number)}: the connection was reset"
    return TemplateCount(
        template=line,
        kind="error",
        count=sum(minutes.values()),
        first_at=at(start_s + 60 * min(minutes)),
        last_at=at(start_s + 60 * max(minutes)),
        minutes=len(minutes),
        spells=sum(minute - 1 not in minutes for minute in minutes),
        most_in_minute=max(minutes.values()),
        level="ERROR",
        example=line,
    )


def requests_by_minute(world):
    """Of others, as a share of their mean: in the hour before, which was usual, and in the window."""
    before = np.full(60, world.level.mean())
    return np.concatenate([before, world.level[:-1]])


def _statuses(world, requests):
    shares = {status: share * world.rng.uniform(0.5, 1.5) for status, share in REFUSED.items()}
    shares["502"] = world.noise.others_edge
    good = 1 - sum(shares.values())
    counts = world.rng.multinomial(requests, [*shares.values(), good])
    return Counter({status: int(n) for status, n in zip([*shares, "200"], counts, strict=True) if n})


def traffic(world, minutes, own, since_s, until_s):
    """The edge's log since the sample before; at the end of the complete window, with the hour before."""
    complete = until_s >= WINDOW_S
    found = [_edge_log(world, minutes, "traffic" if complete else INTERIM, since_s, until_s, own)]
    kept = moved("traffic.T+120", until_s)
    previous = next(item for item in kept if item["kind"] == "previous_traffic")
    found.append({**previous, "start": T0, "end": at(until_s)})
    if complete:
        found.append(_edge_log(world, minutes, "before", -HOUR_S, 0.0, 0))
    return found


def _edge_log(world, minutes, check, since_s, until_s, own):
    paths = []
    edges = np.linspace((since_s + HOUR_S) / 60, (until_s + HOUR_S) / 60, PARTS + 1)
    for (method, path), (share, median_ms) in ROUTES.items():
        parts = []
        for first, last in itertools.pairwise(edges):
            mean = world.per_minute * share * minutes[int(first) : max(int(first) + 1, int(last))].mean()
            parts.append(_statuses(world, int(world.rng.poisson(mean * (last - first)))))
        total = sum(parts, Counter())
        if not total:
            continue
        # The 95th percentile of so many log-normal times, and now and then a slow one.
        times = median_ms * world.rng.lognormal(0, world.noise.spread, total.total())
        times += (world.rng.random(len(times)) < world.noise.slow) * world.rng.uniform(*SLOW_MS, len(times))
        p50, p95, p99 = np.percentile(times, (50, 95, 99))
        paths.append(
            PathTraffic(
                method=method,
                path=path,
                requests=total.total(),
                statuses=dict(total),
                parts=tuple(dict(part) for part in parts),
                edge_fallbacks=total["502"],
                p50_ms=float(p50),
                p95_ms=float(p95),
                p99_ms=float(p99),
            )
        )
    requests = sum(path.requests for path in paths)
    ours = round(own * (until_s - since_s) / WINDOW_S) if check != "before" else 0
    return TrafficObservation(
        check=check,
        source="Railway's HTTP log",
        start=at(since_s),
        end=at(until_s + 30),
        entries_read=requests + ours,
        own_requests=ours,
        requests=requests,
        first_at=at(since_s),
        last_at=at(until_s),
        paths=tuple(paths),
    )


def memory_of(world):
    """By minute: what a process fills in its first minutes, and a wandering of one in a hundred."""
    gb = world.noise.memory_gb
    kept, now, found = math.exp(-1 / 10), 0.0, []
    for at_s in MINUTES_S:
        now = kept * now + 0.01 * math.sqrt(1 - kept**2) * world.rng.normal()
        found.append(gb * (1 + now) * (1 - 0.2 * math.exp(-at_s / 180)))
    return found


def metrics(world, minutes, memory, until_s, *, complete):
    """Memory by minute; requests, ours among them, where the platform counts them."""
    points = [Point(offset_s=float(at_s), value=gb) for at_s, gb in zip(MINUTES_S, memory, strict=True)]
    limit = [Point(offset_s=float(at_s), value=1.0) for at_s in MINUTES_S]
    series = {"memory_gb": points, "memory_limit_gb": limit}
    if world.requests_known:
        counts = world.rng.poisson(world.per_minute * np.append(minutes[60:], minutes[-1]))
        series["http_200"] = [
            Point(offset_s=float(at_s), value=float(count))
            for at_s, count in zip(MINUTES_S, counts, strict=True)
        ]
    own = subject().deployment
    return MetricsObservation(
        check="metrics" if complete else INTERIM,
        start=T0,
        end=at(until_s),
        every_s=60.0,
        series=tuple(
            Series(
                name=name,
                deployment=own,
                points=tuple(point for point in found if point.offset_s <= until_s),
            )
            for name, found in series.items()
        ),
    )
