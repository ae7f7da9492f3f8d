"""Did the exercise show in a pool's gauge? Proven, or unknown with the reason. Pure."""

from deploy_verdict.evidence.bundle import Bundle
from deploy_verdict.evidence.finding import Ruling, passed, unknown
from deploy_verdict.evidence.platform.platform_views import readings_of
from deploy_verdict.evidence.pools.exercise_rounds import FEWEST_ROUNDS, Response, response_of, step_of
from deploy_verdict.evidence.stopped import stopped_by_p0
from deploy_verdict.model import ExerciseObservation
from deploy_verdict.plan import Exercise, Pool

ANSWERED_SHARE = 0.8
LARGEST_AT_ONCE = 32


def judge_exercise(bundle: Bundle, pool: Pool, exercise: Exercise) -> Ruling:
    """Judge whether the newest complete exercise proves the gauge: pass or inconclusive, never a fail."""
    found = readings_of(bundle, "exercise", ExerciseObservation, pool.name)
    if not found:
        stopped = stopped_by_p0(bundle, "exercise")
        return unknown(f"our load was not sent: {stopped or 'the evidence holds none'}")
    complete = [item for item in found if not item[1].interrupted] or found
    pointer, observed = complete[-1]
    reason = _unfit(observed, exercise)
    return (unknown(reason) if reason else shown_by(pool, exercise, observed)).at(pointer)


def silent_response(bundle: Bundle, pool: Pool) -> Response | None:
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
