"""The exercise of a pool's gauge in one line: what was sent, and where it is told. Pure."""

from deploy_verdict.bundle import Bundle
from deploy_verdict.model import ExerciseObservation
from deploy_verdict.plan import Pool
from deploy_verdict.platform_looks import readings_of
from deploy_verdict.report.words import counted


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
