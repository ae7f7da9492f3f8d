"""Can a pool's gauge be trusted? Pure.

It must not contradict itself or other responses, and must show our load: the exercise proves it, or leaves it
unknown with the reason.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby

from deploy_verdict.base.units import shown_offset
from deploy_verdict.evidence.bundle import Bundle
from deploy_verdict.evidence.finding import Ruling, passed, unknown
from deploy_verdict.evidence.platform.platform_views import readings_of
from deploy_verdict.evidence.pools.exercise_rounds import FEWEST_ROUNDS, Response, response_of, step_of
from deploy_verdict.evidence.pools.pool_samples import PoolSample
from deploy_verdict.evidence.processes.several_processes import several_processes
from deploy_verdict.evidence.stopped import stopped_by_p0
from deploy_verdict.model import ExerciseObservation, Finding, Outcome
from deploy_verdict.plan import Exercise, Pool
from deploy_verdict.stats.bounds import least_percent

# Two numbers in one response may be read moments apart, so single readings may disagree.
TORN_SHARE = 0.05
# A series this long with this many changes does not repeat in the next sample by itself.
SERIES, CHANGES = 20, 4
# A server's count that moved by this much moved by more than one client that came and went.
CLEAR_MOVE = 2.0
ASK_THE_SERVER = "add a pool that asks the server itself (redis: or postgres:), and name it in server:"
ADD_A_PROOF = "add exercise: to the pool, or a pool that asks the server itself (redis: or postgres:)"
RESTING = ("band", "exhaustion", "growth", "stability", "floor")
SAYS_FULL = re.compile(
    r"(?i)no connections? available|too many connections|max(imum)? number of (clients|connections)"
    r"|pool (is |was )?(exhausted|full|timed out)|queuepool limit|remaining connection slots"
    r"|(could not|couldn't|cannot|timeout|timed out)\W.{0,40}(get|getting|acquir\w+|waiting for) (an? )?conn"
)


def judge_gauge(bundle: Bundle, pool: Pool) -> Ruling:
    """Judge whether the gauge can be trusted, at the sample or the exercise that decides it."""
    samples = bundle.samples[pool.name]
    if pool.asks is not None:
        return _server_gauge(samples)
    server = bundle.samples.get(pool.server or "", ())
    doubts = (
        _disagreement(samples),
        _room_while_failing(bundle, pool),
        _replay(samples),
        _beyond_its_server(samples, server),
        _flat_top(samples, server),
    )
    doubt = next((doubt for doubt in doubts if doubt is not None), None) or _several_pools(samples, server)
    return doubt or _trusted(bundle, pool, judge_movement(samples), server)


def _trusted(bundle: Bundle, pool: Pool, movement: "Movement", server: Sequence[PoolSample]) -> Ruling:
    """Judge a gauge without a contradiction: by our own load, by its server's count, or by having moved."""
    if pool.exercise is None:
        if movement.ruling.outcome is Outcome.PASS:
            return movement.ruling
        if not movement.is_still:
            return movement.ruling
        unproven = replace(movement.ruling, actual=f"{movement.ruling.actual}; {ADD_A_PROOF}")
        return _still_beside(movement, server) or unproven
    exercise = _judge_exercise(bundle, pool, pool.exercise)
    if exercise.outcome is not Outcome.PASS:
        beside = _too_short_beside(bundle, pool, movement, server) or _still_beside(movement, server)
        return beside or exercise
    if movement.ruling.outcome is not Outcome.PASS and not movement.never:
        return movement.ruling
    return replace(exercise, actual=f"{exercise.actual}; {movement.ruling.actual.partition(':')[0]}")


ANSWERED_SHARE = 0.8
LARGEST_AT_ONCE = 32


def _judge_exercise(bundle: Bundle, pool: Pool, exercise: Exercise) -> Ruling:
    """Judge whether the newest complete exercise proves the gauge: pass or inconclusive, never a fail."""
    found = readings_of(bundle, "exercise", ExerciseObservation, pool.name)
    if not found:
        stopped = stopped_by_p0(bundle, "exercise")
        return unknown(f"our load was not sent: {stopped or 'the evidence holds none'}")
    complete = [item for item in found if not item[1].interrupted] or found
    pointer, observed = complete[-1]
    reason = _unfit(observed, exercise)
    return (unknown(reason) if reason else shown_by(pool, exercise, observed)).at(pointer)


def _silent_response(bundle: Bundle, pool: Pool) -> Response | None:
    """Return what the rounds showed, if our load ran as planned and they do not refute the gauge."""
    found = [seen for _, seen in readings_of(bundle, "exercise", ExerciseObservation, pool.name)]
    if pool.exercise is None or not found or found[-1].interrupted or _unfit(found[-1], pool.exercise):
        return None
    response = response_of(pool, pool.exercise, found[-1].rounds)
    return response if response.is_enough and not response.is_against else None


def _unfit(observed: ExerciseObservation, exercise: Exercise) -> str | None:
    """Return why the exercise proves nothing, whatever the gauge showed, or None."""
    if observed.held_back:
        return f"our load was held back: {observed.held_back}"
    if observed.interrupted:
        return f"our load was interrupted after {len(observed.rounds)} rounds"
    bad = [answer for answer in observed.answers if answer.fault is not None or (answer.status or 599) >= 500]
    good = len(observed.answers) - len(bad)
    sent = max(exercise.rounds, len(observed.rounds)) * exercise.in_a_round
    if good < ANSWERED_SHARE * sent:
        first = bad[0] if bad else None
        why = first.fault.detail if first and first.fault else f"status {first.status}" if first else ""
        text = f"only {good} of the {sent} requests of our load were answered"
        return f"{text} ({why})" if why else text
    return None


def shown_by(pool: Pool, exercise: Exercise, observed: ExerciseObservation) -> Ruling:
    """Judge what the rounds show of the gauge."""
    response = response_of(pool, exercise, observed.rounds)
    if not response.is_enough:
        count = f"{len(response.differences)} of {len(observed.rounds)} rounds of load"
        return unknown(f"{count} can be read; the test needs {FEWEST_ROUNDS}")
    load = f"{observed.at_once} requests at once"
    if response.is_proven:
        return passed(f"{load} raised it from {response.rest:.1f} to {response.busy:.1f}")
    step = step_of(pool, observed.at_once, observed.rounds)
    if step is not None:
        return passed(f"{load} raised it from {step[0]:g} to {step[1]:g}, and it stayed there")
    return unknown(_not_shown(load, observed.at_once, response))


def _not_shown(load: str, at_once: int, response: Response) -> str:
    count = len(response.differences)
    text = f"{load} did not show in it ({response.busy:.1f} with them, {response.rest:.1f} without)"
    if response.is_against:
        text += f", although it moved in {response.moved} of {count} rounds"
        return f"{text}: it is a copy, or they use no connection of this pool"
    if response.silent:
        text += ": they may be too short to be seen from outside"
        if response.silent == count:
            text += f"; all {count} rounds showed nothing"
        else:
            text += f"; {response.silent} of {count} rounds showed nothing, and the others went both ways"
    else:
        text += f": not beyond chance, as others moved it too, in all {count} rounds"
    more = f"try at_once: {min(2 * at_once, LARGEST_AT_ONCE)}, or " if at_once < LARGEST_AT_ONCE else "try "
    return f"{text}; {more}the server's own count (redis: or postgres:)"


def rests_on_doubt(finding: Finding, gauge: Finding) -> bool:
    """Return whether a finding is a pass that rests on an untrusted gauge.

    The finding about the gauge then says all. What such a gauge shows to be bad stays bad.
    """
    is_good = finding.outcome is Outcome.PASS and finding.rule in RESTING
    return is_good and gauge.outcome is not Outcome.PASS


def _server_gauge(samples: Sequence[PoolSample]) -> Ruling:
    """Judge a server that was queried directly: it must count our own connection."""
    states = [state for sample in samples for state in sample.states]
    if not states:
        why = next((reason for sample in samples for reason in sample.reasons), "it was not asked")
        return unknown(f"the server did not say: {why}").at(samples[0].pointer if samples else None)
    if min(state.own for state in states) < 1:
        return unknown("the server does not count our own connection, so it may not count others")
    return passed("the server itself counts; our own connection was among them, and is left out")


def _beyond_its_server(samples: Sequence[PoolSample], server: Sequence[PoolSample]) -> Ruling | None:
    """Find samples with more in use than the server has connections."""
    pairs = [(one, two) for one, two in zip(samples, server, strict=False) if one.levels and two.levels]
    beyond = [(one, two) for one, two in pairs if one.floor_used > two.peak_used + 0.5]
    if len(beyond) < 2:
        return None
    one, two = beyond[0]
    text = f"it showed {one.floor_used:g} in use at {shown_offset(one.offset_s)}, while the server had only "
    text += f"{two.peak_used:g} connections: it is a copy, or of another pool"
    return unknown(text).at(one.pointer, one.offset_s)


def _several_pools(samples: Sequence[PoolSample], server: Sequence[PoolSample]) -> Ruling | None:
    """Judge responses of several processes, each with its own pool. Only their server's count covers all."""
    several = several_processes(samples)
    if several is None:
        return None
    where = several.sample.pointer, several.sample.offset_s
    if several.restarted:
        return unknown(f"{several.text}: it restarted, or several answer in turn").at(*where)
    text = f"{several.text}, each of its own pool"
    if server and all(sample.levels for sample in server):
        return passed(f"{text}; their server's own count covers all of them").at(*where)
    missing = "their server could not be asked at every sample" if server else ASK_THE_SERVER
    return unknown(f"{text}: {missing}").at(*where)


# A gauge reads its highest value this often, and this many times as often as the value below, only if
# something cuts it off. Healthy gauges of any load read it in a few of a hundred readings.
TOP_SHARE, TOP_TIMES, TOP_RUNS, TOP_VALUES = 0.15, 2.0, 8, 3
BY_CHANCE = 0.001


def _flat_top(samples: Sequence[PoolSample], server: Sequence[PoolSample]) -> Ruling | None:
    """Find a gauge that keeps returning to one value below its limit and never exceeds it."""
    levels = [(level.used, level.limit, sample) for sample in samples for level in sample.levels]
    if not levels or any(sample.levels for sample in server):
        return None
    used = [value for value, _, _ in levels]
    top = max(used)
    at_top, below = used.count(top), sum(top - 1 <= value < top for value in used)
    runs = sum(value == top for value, _ in groupby(used))
    is_flat = at_top >= max(TOP_SHARE * len(used), TOP_TIMES * below)
    # With few readings, twice as many at the top is chance.
    is_flat = is_flat and least_percent(at_top, at_top + below, BY_CHANCE) > 50
    if (
        not is_flat
        or runs < TOP_RUNS
        or len(set(used)) < TOP_VALUES
        or top >= max(size for _, size, _ in levels)
    ):
        return None
    sample = next(sample for value, _, sample in levels if value == top)
    text = f"it read {top:g} in {at_top} of {len(used)} readings and never more, though its limit is "
    text += f"{levels[-1][1]:g}: it is cut off there, so it cannot show a full pool; {ASK_THE_SERVER}"
    return unknown(text).at(sample.pointer, sample.offset_s)


def _still_beside(movement: "Movement", server: Sequence[PoolSample]) -> Ruling | None:
    """Judge a gauge that stands still, by its server's own count: as idle as that, or dead."""
    used = [level.used for sample in server for level in sample.levels]
    if not movement.is_still or not used or any(not sample.levels for sample in server):
        return None
    low, high = min(used), max(used)
    where, text = movement.ruling, movement.ruling.actual.partition(":")[0]
    if high - low >= CLEAR_MOVE:
        text += f", while its server's own count went from {low:g} to {high:g}: it is dead, or tells of one "
        return unknown(f"{text}of several processes").at(where.evidence, where.offset_s)
    stood = f"{low:g}" if low == high else f"{low:g} to {high:g}"
    return passed(f"{text}, and its server's own count stood at {stood} too").at(
        where.evidence, where.offset_s
    )


def _too_short_beside(
    bundle: Bundle, pool: Pool, movement: "Movement", server: Sequence[PoolSample]
) -> Ruling | None:
    """Pass a gauge for which our load was too short: it moved with other load, or showed ours in some rounds.

    In the second case it may stand still afterwards if its server does: the connections that our load made
    the pool open stay open.
    """
    response = _silent_response(bundle, pool)
    if response is None or not server or any(not sample.levels for sample in server):
        return None
    used = [level.used for sample in server[1:] for level in sample.levels]
    if movement.is_still:
        shown = sum(item > 0 for item in response.differences)
        if not shown or min(response.differences) < 0 or not used or max(used) - min(used) >= CLEAR_MOVE:
            return None
        text = f"our load showed in {shown} of {len(response.differences)} rounds; after it, "
        where = movement.ruling
        still = f"{text}{where.actual.partition(':')[0]}, and its server's own count at {max(used):g}"
        return passed(still).at(where.evidence, where.offset_s)
    if movement.ruling.outcome is not Outcome.PASS:
        return None
    peak = max(level.used for sample in server for level in sample.levels)
    text = f"{movement.ruling.actual}, below its server's own count (at most {peak:g})"
    return passed(f"{text}; our load was too short to be read from outside")


def _disagreement(samples: Sequence[PoolSample]) -> Ruling | None:
    """Find a gauge whose numbers contradict each other."""
    levels = [(level, sample) for sample in samples for level in sample.levels]
    bad = [(level.contradiction, sample) for level, sample in levels if level.contradiction]
    if len(bad) < max(2.0, TORN_SHARE * len(levels)):
        return None
    first, sample = bad[0]
    share = f"all {len(levels)}" if len(bad) == len(levels) else f"{len(bad)} of {len(levels)}"
    text = f"its numbers contradict each other in {share} readings: {first}"
    return unknown(f"{text} (at {shown_offset(sample.offset_s)})").at(sample.pointer, sample.offset_s)


def _room_while_failing(bundle: Bundle, pool: Pool) -> Ruling | None:
    """Find responses that say the pool is full at moments when every gauge shows room."""
    refusals = [
        (item, sample)
        for item in bundle.sent
        if (item.exchange.status or 0) >= 500 and SAYS_FULL.search(item.exchange.body or "")
        for sample in _room_at(bundle, pool, item.offset_s)
    ]
    if not refusals:
        return None
    item, sample = refusals[0]
    match = SAYS_FULL.search(item.exchange.body or "")
    first_at = shown_offset(item.offset_s)
    text = f'{len(refusals)} answers said "{match.group(0) if match else ""}" (first at {first_at})'
    level = max(sample.levels, key=lambda level: level.percent)
    text += f" while it showed at most {level.used:g} of {level.limit:g}"
    return unknown(text).at(sample.pointer, sample.offset_s)


def _room_at(bundle: Bundle, pool: Pool, offset_s: float) -> Iterator[PoolSample]:
    """Yield the sample before that moment, unless it or the next one, of any pool, explains a full pool.

    A pool that fills up between two samples shows it only in the second.
    """
    before = {
        name: [sample for sample in samples if sample.offset_s <= offset_s][-1:]
        for name, samples in bundle.samples.items()
    }
    after = {
        name: [sample for sample in samples if sample.offset_s > offset_s][:1]
        for name, samples in bundle.samples.items()
    }
    high = any(
        sample.levels and sample.peak_percent >= other.attention
        for other in bundle.plan.pools
        for sample in (*before[other.name], *after[other.name])
    )
    yield from (sample for sample in before[pool.name] if sample.levels and not high)


def _replay(samples: Sequence[PoolSample]) -> Ruling | None:
    """Find a gauge that repeats the same series of numbers in every sample."""
    series = [tuple(level.used for level in sample.levels) for sample in samples if sample.levels]
    changes = sum(a != b for a, b in zip(series[0], series[0][1:], strict=False)) if series else 0
    if len(series) < 3 or len(series[0]) < SERIES or changes < CHANGES or len(set(series)) > 1:
        return None
    first = next(sample for sample in samples if sample.levels)
    text = f"all {len(series)} samples hold the same {len(series[0])} readings: it replays a recording"
    return unknown(text).at(first.pointer, first.offset_s)


# A gauge that has moved counts as frozen if it stands still at the end for this many readings, and for three
# times as many as ever before in the window, unless it rests at its lowest value, as an idle pool does.
FROZEN_READINGS = 20
FROZEN_TIMES = 3


@dataclass(frozen=True)
class Movement:
    """How the readings of a window move. `never`: not at all. `is_still`: not at the end."""

    ruling: Ruling
    never: bool = False
    is_still: bool = False


def judge_movement(samples: Sequence[PoolSample]) -> Movement:
    """Judge whether consecutive readings move. A gauge that has moved may rest at its lowest value."""
    readings = [(level.used, sample) for sample in samples for level in sample.levels]
    if len(readings) < 2:
        return Movement(unknown("too few readings to see it move"))
    runs = [list(run) for _, run in groupby(readings, key=lambda reading: reading[0])]
    last_value, since = runs[-1][0]
    if len(runs) == 1:
        text = f"it stayed at {last_value:g} in all {len(readings)} readings"
        text += ": a gauge that never moves proves nothing"
        return Movement(unknown(text).at(since.pointer, since.offset_s), never=True, is_still=True)
    values = [value for value, _ in readings]
    between = f"between {min(values):g} and {max(values):g}"
    if len(runs[-1]) < max(FROZEN_READINGS, FROZEN_TIMES * max(len(run) for run in runs[:-1])):
        return Movement(passed(between))
    text = f"from {shown_offset(since.offset_s)} on it stayed at {last_value:g}"
    text += f" in all {len(runs[-1])} readings"
    if last_value == min(values):
        return Movement(passed(f"{between}; {text}, its lowest"), is_still=True)
    text += ", after it had moved: it may be frozen"
    return Movement(unknown(text).at(since.pointer, since.offset_s), is_still=True)
