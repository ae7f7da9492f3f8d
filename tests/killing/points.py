"""One point (a pipeline's step, one of its operations, a fault), and the checks of the steps after it."""

import shutil
from dataclasses import dataclass

from tests.killing import checks
from tests.killing.injector import FAULTS
from tests.killing.world import BASE, NOTIFY, RUN

WATCH = "watch_deployment"


@dataclass(frozen=True)
class Point:
    """Where a fault is injected; if `abandoned`, nobody resumes and the watchdog finishes the run."""

    pipeline: str
    step: str
    at: int
    fault: str
    kind: str | None = None
    abandoned: bool = False

    def __str__(self):
        which = f"{self.kind} {self.at}" if self.kind else f"operation {self.at}"
        rest = ", abandoned" if self.abandoned else ""
        return f"{self.pipeline}: {self.step}, {self.fault} at {which}{rest}"


def drawn(chance, operations):
    """Draw a random point, with every step equally likely."""
    pipeline, step = chance.choice(list(operations))
    at = chance.randint(1, len(operations[pipeline, step]))
    # The watchdog handles only runs on GitHub that have opened a window.
    watched = pipeline == "jobs" and step != "ci gate"
    return Point(pipeline, step, at, chance.choice(FAULTS), abandoned=watched and chance.random() < 0.2)


def broken(place, point):
    """Run the step with its fault and check what is left; returns the process and the complete evidence."""
    before, rubbish = checks.taken(place), checks.rubbish(place)
    done = place.run(point.step, at=point.at, fault=point.fault, kind=point.kind)
    checks.ended_as_told(done)
    checks.nothing_is_half(place)
    checks.nothing_is_lost(place, before)
    checks.reported_is_there(place, point.step, done)
    checks.held_is_named(place)
    if point.fault in ("full", "term") and done.returncode not in checks.KILLED:
        # A process that was not killed removes its incomplete files.
        assert checks.rubbish(place) <= rubbish
    return done, checks.taken(place)


def resumed(place, step, before):
    """Run the same command again without the fault; it may refuse because the window is finished."""
    sent, noted = len(place.told), step == NOTIFY and checks.is_noted(place)
    done = place.run(step)
    finished = step == WATCH and done.returncode == 2 and "finished window" in done.stderr
    assert finished or done.returncode in checks.VERDICTS, (done.returncode, done.stderr)
    checks.nothing_is_half(place)
    checks.nothing_is_lost(place, before)
    checks.restored(place)
    if step == NOTIFY:
        checks.told_again_if_not_noted(place, done, sent, noted)


def gone_on(place, point, outcome):
    """Run the rest of the pipeline after the resumed step; returns the outcome."""
    names = list(place.pipeline)
    for step in names[names.index(point.step) + 1 :]:
        done = place.run(step)
        assert done.returncode in checks.VERDICTS, (step, done.returncode, done.stderr)
    checks.history_is_read(place)
    checks.restored(place)
    if NOTIFY in place.pipeline:
        checks.was_told(place, (1, 2) if point.step == NOTIFY else (1,))
    verdict = checks.never_better(place, outcome)
    checks.comment_is_final(place, verdict.value)
    return verdict


def looked_after(place):
    """Run the watchdog on an abandoned run."""
    place.hub.runs[RUN] |= {"status": "completed", "conclusion": "failure"}
    done = place.run("ci watchdog", arguments=("--run-id", str(RUN), "--out", "out"))
    assert done.returncode == 0, done.stderr
    checks.comment_is_final(place)


def settled_first(place):
    """Check that the next run settles what the dead one held, even of a step that writes nothing itself."""
    checks.held_is_named(place)
    done = place.run("sample metrics", arguments=BASE)
    assert done.returncode == 0, done.stderr
    checks.restored(place)


def run_point(world, point):
    """Check everything that must hold at a point; returns whether the fault was met, and the outcome."""
    place = world.before[point.pipeline, point.step].copied(world.new_folder())
    try:
        return _at(world, place, point)
    finally:
        shutil.rmtree(place.folder)


def _at(world, place, point):
    done, whole = broken(place, point)
    met = not done.operations or len(done.operations) >= point.at
    if point.abandoned:
        looked_after(place)
        settled_first(place)
        return met, None
    resumed(place, point.step, whole)
    return met, gone_on(place, point, world.outcome)
