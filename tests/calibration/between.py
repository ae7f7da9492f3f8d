"""What comes between the samples and to others, simulated: refusals, beats, and answers that become slower.

Each takes a random generator and gives the outcome of the rule, by the real judge.
"""

from collections import Counter
from datetime import timedelta
from functools import cache

import numpy as np

from deploy_verdict.evidence.answers.refusals import judge_refusals
from deploy_verdict.model import PathAnswers
from deploy_verdict.stages.heartbeat.judge import judge_heartbeat
from deploy_verdict.verdict.judge import outcome_of
from deploy_verdict.verdict.latency_drift import judge_latency
from tests.bundles import T0, bundle_of, http, loaded
from tests.calibration.traffic import WINDOW_S
from tests.plans import plan_of

PARTS, HOUR_S, ROUTES = 8, 3600.0, 3
USUAL = {"401": 0.02, "404": 0.01}
BEAT_S, JITTER = 30.0, 0.2
PLAN = plan_of('health: [{name: api, get: /api, expect: {status: 200, elapsed: "< 2s"}}]\n')


def refused(per_s, now, *, routes=ROUTES, wander=0.0, is_known=True, from_s=0.0):
    """`now`: statuses of the first route from a moment on; `wander` is how far the usual shares move."""

    def outcome(rng):
        def answers(length_s, changed):
            return [
                _path(f"/r{n}", list(_parts(rng, per_s / routes, length_s, wander, {} if n else changed)))
                for n in range(routes)
            ]

        before = answers(HOUR_S, {})
        during = answers(WINDOW_S, {status: (share, from_s) for status, share in now.items()})
        return _outcome(judge_refusals(during, before if is_known else None, {}))

    return outcome


def _parts(rng, per_s, length_s, wander, changed):
    """So many requests in each part; a share that wanders is another one in each."""
    for number in range(PARTS):
        shares = {status: share * rng.uniform(1 - wander, 1 + wander) for status, share in USUAL.items()}
        for status, (share, from_s) in changed.items():
            begun = min(1.0, max(0.0, number + 1 - from_s * PARTS / length_s))
            shares = {name: usual * (1 - begun * share) for name, usual in shares.items()}
            shares[status] = shares.get(status, 0.0) + begun * share
        good = max(0.0, 1 - sum(shares.values()))
        counts = rng.multinomial(rng.poisson(per_s * length_s / PARTS), [*shares.values(), good])
        yield {status: int(n) for status, n in zip([*shares, "200"], counts, strict=True) if n}


def _path(name, parts):
    total = sum((Counter(part) for part in parts), Counter())
    return PathAnswers(
        method="GET", path=name, requests=total.total(), statuses=dict(total), parts=tuple(parts)
    )


@cache
def _beat(status, second):
    return http("api", {}, status, float(second), at=T0 + timedelta(seconds=second), elapsed_ms=100.0)


def beats(share=0.0, *, outage_s=0.0, every_s=WINDOW_S):
    """A share of bad beats at random, and an outage of so many seconds, once or again and again."""

    def outcome(rng):
        times_s = np.cumsum(BEAT_S * rng.uniform(1 - JITTER, 1 + JITTER, 320))
        times_s = times_s[times_s < WINDOW_S]
        begin_s = rng.uniform(0, every_s - outage_s)
        down = ((times_s - begin_s) % every_s < outage_s) & (outage_s > 0)
        bad = down | (rng.random(len(times_s)) < share)
        found = [_beat(503 if is_bad else 200, int(at)) for at, is_bad in zip(times_s, bad, strict=True)]
        return outcome_of(list(judge_heartbeat(bundle_of(PLAN, loaded(PLAN, "heartbeat", found))))).value

    return outcome


def slower(first_ms, last_ms, *, spread=0.5, wave=0.0):
    """Lognormal times about a mean that goes from one to the other, with a wave of an hour on it."""

    def outcome(rng):
        times_s = np.arange(BEAT_S, WINDOW_S, BEAT_S)
        mean_ms = first_ms + (last_ms - first_ms) * times_s / WINDOW_S
        mean_ms = mean_ms * (1 + wave * np.sin(2 * np.pi * (times_s / HOUR_S + rng.random())))
        found = [
            _beat(200, int(at)).model_copy(update={"elapsed_ms": float(ms)})
            for at, ms in zip(times_s, mean_ms * rng.lognormal(0, spread, len(times_s)), strict=True)
        ]
        return outcome_of(list(judge_latency(bundle_of(PLAN, loaded(PLAN, "heartbeat", found))))).value

    return outcome


def _outcome(ruling):
    return outcome_of([ruling.as_finding("traffic", "all", "refused", "")]).value
