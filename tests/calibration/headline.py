"""The headline: what the judge is worth on the models of models.py, over a stated mixture of windows.

Seven of ten windows are of healthy services, each load as often as any other; three are broken, each kind of
fault as often as any other, and within a kind each load and rate. Found is a fault that alarms (ATTENTION or
CRITICAL); a gauge that cannot be believed is also found where the verdict is INCONCLUSIVE and says so.
"""

import hashlib
import statistics
from collections import Counter, defaultdict
from dataclasses import asdict, dataclass, field

import numpy as np

from deploy_verdict.evidence.bundle import Bundle
from deploy_verdict.evidence.pools.pool_samples import PoolLevel, PoolSample, ServerState
from deploy_verdict.model import Outcome
from deploy_verdict.stages.pools.judge import judge_pools
from deploy_verdict.verdict.judge import outcome_of
from tests.bundles import SUBJECT, window_of
from tests.calibration.judging import JOBS, ONE_PROCESS, SERVER, by_sample, counts_of, plan_for, times_of
from tests.calibration.models import HALVES, HELD_OUT, models, simulated

HEALTHY_SHARE = 0.7
SAMPLED = (JOBS, ONE_PROCESS, SERVER)
GAUGE_FAULTS = ("frozen from T+45", "capped below its limit", "wrong utilization")
LOOK_EVERY_S = 900.0
# One window in so many is also judged at each of its looks.
LOOKED_AT = 4
ALARMS = ("attention", "critical")


@dataclass
class Counts:
    """What came of one model's windows: outcomes, those found, and when each alarm was first seen."""

    outcomes: Counter = field(default_factory=Counter)
    found: int = 0
    looked_at: int = 0
    early: int = 0
    first_s: list = field(default_factory=list)
    rules: Counter = field(default_factory=Counter)

    @property
    def windows(self):
        return self.outcomes.total()


def counted(model, mode, seed, windows):
    """So many windows of one model, judged."""
    name = f"{seed}/{model.load.half}/{model.name}/{mode}"
    rng = np.random.default_rng(int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], "big"))
    counts = Counts()
    seen = simulated(model, times_of(mode), windows, rng)
    for index in range(windows):
        samples = samples_of(mode, seen, index)
        requests = seen.requests[index].tolist() if index % 2 else None
        findings = judged(mode, samples, requests)
        outcome = outcome_of(findings).value
        counts.outcomes[outcome] += 1
        bad = {f"{item.rule} {item.outcome.value}" for item in findings if item.outcome is not Outcome.PASS}
        counts.rules.update(bad)
        gauge = model.fault is not None and model.fault.kind in GAUGE_FAULTS
        doubted = any(item.rule == "gauge" and item.outcome is not Outcome.PASS for item in findings)
        counts.found += outcome in ALARMS or (gauge and doubted)
        if index % LOOKED_AT == 0:
            first_s = first_alarm_s(mode, samples, requests)
            counts.looked_at += 1
            counts.early += first_s is not None
            counts.first_s += [first_s] if first_s is not None else []
    return counts


def first_alarm_s(mode, samples, requests):
    """The first of the looks, a quarter of an hour apart, whose verdict is an alarm; None where none is."""
    looks = {LOOK_EVERY_S * number for number in range(9)}
    for look_s in sorted(looks):
        taken = tuple(item if item.offset_s <= look_s else _missed(item) for item in samples)
        known = None if requests is None else requests[: int(look_s // 60) + 1]
        if outcome_of(judged(mode, taken, known)).value in ALARMS:
            return look_s
    return None


def judged(mode, samples, requests):
    plan = plan_for(mode)
    bundle = Bundle(
        plan=plan, window=window_of(plan), subject=SUBJECT, loaded=counts_of(plan, requests), unreadable=(),
        left_out=(), samples={"redis": samples},
    )  # fmt: skip
    return tuple(judge_pools(bundle))


def _missed(sample):
    return PoolSample(
        offset_s=sample.offset_s, pointer=None, actual_offset_s=None, readings=0,
        planned_readings=sample.planned_readings, levels=(), reasons=("the sample was missed",),
        target_failed=False,
    )  # fmt: skip


def samples_of(mode, seen, index):
    """One window's readings as samples; a process tells its number in every other pair of windows."""
    plan = plan_for(mode)
    offsets_s = plan.window.pool_offsets_s
    asked = mode == SERVER
    rows = [by_sample(mode, part[index]) for part in (seen.server if asked else seen.gauge, seen.limit)]
    processes = by_sample(mode, seen.process[index])
    told = index % 4 < 2 and not asked
    stated = {} if seen.utilization is None or asked else {"utilization": seen.utilization}
    return tuple(
        PoolSample(
            offset_s=offset_s, pointer="p", actual_offset_s=offset_s, planned_readings=len(used),
            levels=tuple(_level(*pair, **stated) for pair in zip(used, limit, strict=True)),
            readings=len(used), reasons=(), target_failed=False,
            processes=tuple(f"pid {who}" for who in process) if told else (),
            states=(STATE,) if asked else (), planned_s=plan.burst_at(plan.pools[0], offset_s).for_,
        )
        for offset_s, used, limit, process in zip(offsets_s, *rows, processes, strict=True)
    )  # fmt: skip


# Of a server that runs on, and counts our own connection too.
STATE = ServerState(born="1", up_s=86_400.0, at_s=0.0, own=1)
_LEVELS = {}


def _level(used, limit, utilization=None):
    """`utilization` is the share of its true value that the gauge tells."""
    key = used, limit, utilization
    if key not in _LEVELS:
        stated = None if utilization is None else 100 * utilization * used / limit
        _LEVELS[key] = PoolLevel(float(used), float(limit), None, stated)
    return _LEVELS[key]


@dataclass(frozen=True, kw_only=True)
class Headline:
    """Shares in percent, and the median of the first alarm of a broken service, in minutes."""

    precision: float
    recall: float
    inconclusive: float
    undecided: float
    faults_among_stable: float
    healthy_alarms: float
    healthy_stable: float
    healthy_looks: float
    first_alarm_min: float
    leaks_by_90: float


def _undecided(counts):
    """INCONCLUSIVE where that is not the answer: of a gauge that cannot be believed it is."""
    alarms = sum(counts.outcomes[name] for name in ALARMS)
    return counts.outcomes["inconclusive"] - max(0, counts.found - alarms)


def headline(found, half, *, within_h=np.inf):
    """Of {model: Counts}, one half; leaks that take longer than `within_h` to fill the pool are left out."""
    mine = {model: counts for model, counts in found.items() if model.load.half == half}
    healthy = [(1.0, model, counts) for model, counts in mine.items() if model.fault is None]
    kinds = defaultdict(list)
    for model, counts in mine.items():
        if model.fault is not None and (not model.fault.rate or model.fills_in_h <= within_h):
            kinds[model.fault.kind].append((model, counts))
    broken = [(1 / len(rows), *row) for rows in kinds.values() for row in rows]

    def share(rows, of):
        return sum(w * of(counts) / counts.windows for w, _, counts in rows) / sum(w for w, _, _ in rows)

    def both(of):
        return HEALTHY_SHARE * share(healthy, of), (1 - HEALTHY_SHARE) * share(broken, of)

    alarms = share(healthy, lambda item: sum(item.outcomes[name] for name in ALARMS))
    recall = share(broken, lambda item: item.found)
    told, true = HEALTHY_SHARE * alarms, (1 - HEALTHY_SHARE) * recall
    good, bad = both(lambda item: item.outcomes["stable"])
    looked = sum(counts.looked_at for _, _, counts in healthy)
    harmful = [counts for _, model, counts in broken if model.fault.rate > 0 and model.fills_in_h <= 6]
    return Headline(
        precision=100 * true / (true + told) if true else 0.0,
        recall=100 * recall,
        inconclusive=100 * sum(both(lambda item: item.outcomes["inconclusive"])),
        undecided=100 * sum(both(_undecided)),
        faults_among_stable=100 * bad / (good + bad) if good + bad else 0.0,
        healthy_alarms=100 * alarms,
        healthy_stable=100 * good / HEALTHY_SHARE,
        healthy_looks=100 * sum(counts.early for _, _, counts in healthy) / max(1, looked),
        first_alarm_min=statistics.median(
            [at / 60 for _, _, counts in broken for at in counts.first_s] or [float("nan")]
        ),
        leaks_by_90=100 * sum(at <= 5400 for item in harmful for at in item.first_s)
        / max(1, sum(item.looked_at for item in harmful)),
    )  # fmt: skip


# So many windows of each model, healthy and broken: few healthy ones weigh 70 %.
WINDOWS = {JOBS: (64, 16), ONE_PROCESS: (24, 4), SERVER: (24, 4)}
SHOWN = {
    "precision": "precision", "recall": "recall", "inconclusive": "INCONCLUSIVE",
    "undecided": "of them not the right answer", "faults_among_stable": "faults among STABLE",
    "healthy_alarms": "healthy alarms", "healthy_stable": "healthy STABLE",
    "healthy_looks": "healthy alarms at any sample", "leaks_by_90": "leaks full within 6 h found by T+90",
}  # fmt: skip


def every_headline(seed, pool):
    """One entry for each way to sample and half: all faults, and without leaks slower than `safe_for`."""
    rows = []
    for mode in SAMPLED:
        mine = models_of(mode)
        jobs = [(model, mode, seed, WINDOWS[mode][model.fault is not None]) for model in mine]
        found = dict(zip(mine, pool.map(_counted, jobs, chunksize=4), strict=True))
        for half in HALVES:
            for name, within_h in (("all", np.inf), ("within safe_for", SAFE_FOR_H)):
                figures = asdict(headline(found, half, within_h=within_h))
                rounded = {key: round(value, 1) for key, value in figures.items()}
                rows.append({"sampled": mode, "half": half, "leaks": name, **rounded})
    return rows


def models_of(mode):
    """Those that such sampling can meet: a server's own count has no faults of a gauge."""
    return [
        model
        for model in models()
        if mode != SERVER or model.fault is None or model.fault.kind not in GAUGE_FAULTS
    ]


SAFE_FOR_H = 6


def _counted(job):
    return counted(*job)


def table(rows):
    """The page's table, a column for each way to sample and half."""
    columns = [row for row in rows if row["leaks"] == "all"]
    heads = [f"{row['sampled']}, {row['half']}" for row in columns]
    yield f"| | {' | '.join(heads)} |"
    yield f"|---|{'---|' * len(columns)}"
    for key, name in SHOWN.items():
        yield f"| {name} | {' | '.join(f'{row[key]:g} %' for row in columns)} |"
    firsts = [f"T+{row['first_alarm_min']:g}" for row in columns]
    yield f"| median first alarm | {' | '.join(firsts)} |"


def in_readme(rows):
    """One line for each way to sample, of the half that was held out."""
    for row in rows:
        if row["half"] == HELD_OUT and row["leaks"] == "all":
            yield (
                f"{row['sampled']}: precision {row['precision']:.0f} %, recall {row['recall']:.0f} %, "
                f"{row['inconclusive']:.0f} % INCONCLUSIVE, {row['faults_among_stable']:.1f} % of STABLE are "
                f"faults, first alarm at T+{row['first_alarm_min']:.0f} (median)"
            )
