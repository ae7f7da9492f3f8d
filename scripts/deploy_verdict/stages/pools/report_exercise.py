"""What was sent to try a pool, a line each: the exercise of its gauge, and the return to floor. Pure."""

from deploy_verdict.base.units import shown_duration
from deploy_verdict.evidence.bundle import Bundle
from deploy_verdict.evidence.platform_views import readings_of
from deploy_verdict.markup.labels import counted
from deploy_verdict.model import ExerciseObservation, FloorObservation
from deploy_verdict.plan import Pool


def driven(bundle: Bundle, pool: Pool) -> tuple[tuple[str, str], ...]:
    """The return to floor; none for a pool that is not driven."""
    if pool.return_to_floor is None:
        return ()
    found = [item for item in readings_of(bundle, "floor", FloorObservation) if item[1].check == pool.name]
    if not found:
        return (("Return to floor", "not done"),)
    pointer, seen = found[-1]
    took = shown_duration(round(seen.took_s))
    told = f"{counted(seen.cycles, 'cycle')} of {pool.return_to_floor.test} in {took}"
    return (("Return to floor", f"{told} ({pointer})"),)


def exercised(bundle: Bundle, pool: Pool) -> tuple[tuple[str, str], ...]:
    """None for a pool that is not exercised; what came of it stands among the findings."""
    if pool.exercise is None:
        return ()
    found = [
        item for item in readings_of(bundle, "exercise", ExerciseObservation) if item[1].check == pool.name
    ]
    if not found:
        return (("Exercise of the gauge", "not done"),)
    pointer, seen = found[-1]
    answered = sum(answer.fault is None for answer in seen.answers)
    told = f"{counted(len(seen.rounds), 'round')} of {seen.at_once} requests at once, {answered:,} answered"
    return (("Exercise of the gauge", f"{told} ({pointer})"),)
