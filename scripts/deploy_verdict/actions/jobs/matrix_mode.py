"""Chooses the jobs that take a window's samples: the mode, the matrix, and the report's remark on it."""

from collections.abc import Callable, Mapping

from deploy_verdict.actions.jobs.job_matrix import (
    MARGIN_MIN,
    Choice,
    SampleJob,
    chosen_mode,
    sample_jobs,
    sampling_words,
)
from deploy_verdict.actions.jobs.wait_timers import ENVIRONMENT_NOW, chosen_environment
from deploy_verdict.base.errors import ProviderError
from deploy_verdict.github.runs import WorkflowRuns
from deploy_verdict.model import Layout, WindowFile
from deploy_verdict.plan import densely, laid_out, own_layout, spread_out
from deploy_verdict.window.directory.evidence_store import write_json
from deploy_verdict.window.directory.session import WINDOW_FILE, Session
from deploy_verdict.window.sampling.schedule import offsets_of

Tell = Callable[[str], None]
SAMPLED = "Sampled by "
# A job that waits no longer than this needs no wait timer.
MOST_SLEEP_S = 120.0


def timers_of(runs: WorkflowRuns | None, tell: Tell) -> tuple[dict[str, int], bool]:
    """Return the repository's wait timers, and whether it is private; no timers if GitHub refuses."""
    if runs is None:
        return {}, True
    try:
        return runs.timers(), runs.private
    except ProviderError as error:
        tell(f"{error}; assuming a private repository without wait timers")
        return {}, True


def choose_jobs(
    session: Session, requested_mode: str, timers: Mapping[str, int], *, private: bool
) -> tuple[tuple[SampleJob, ...], Choice]:
    """Choose the mode, record it in window.json, and return the jobs for the samples still to come."""
    elapsed_s = session.pace.offset_s()
    layout = session.file.layout or own_layout(session.plan)
    coming = [
        offset_s
        for offset_s in offsets_of(laid_out(session.plan, layout), dense=False)
        if not _has_passed(session, offset_s)
    ]
    fitting, wanted = _timers_for(coming, elapsed_s, session, timers)
    choice = chosen_mode(requested_mode, fitting=fitting, wanted=wanted, private=private)
    if choice.mode == "single" and not layout.tails_s:
        layout = densely(session.plan, layout).model_copy(update={"one_job": True})
    elif choice.mode != "single":
        layout = spread_out(session.plan, layout, is_free=not private)
    plan = laid_out(session.plan, layout)
    dense = layout.dense_every_s is not None
    offsets_s = tuple(item for item in offsets_of(plan, dense=dense) if not _has_passed(session, item))
    jobs = sample_jobs(
        plan, offsets_s, choice.mode, elapsed_s=elapsed_s, speed=session.file.window.speed, known=timers
    )
    _keep(session, layout, sampling_words(plan, choice, jobs, private=private))
    return jobs, choice


def _has_passed(session: Session, offset_s: float) -> bool:
    """Whether a sample was due before the window was extended, so that it is taken already, or missed."""
    return bool(session.file.window.earlier_lengths_s) and offset_s <= max(
        length_s
        for length_s in session.file.window.earlier_lengths_s
        if length_s < session.file.window.length_s
    )


def _timers_for(
    coming: list[float], elapsed_s: float, session: Session, timers: Mapping[str, int]
) -> tuple[int, int]:
    """Return how many of the coming samples have a wait timer, and how many need one."""
    waits_s = [(offset_s - elapsed_s) / session.file.window.speed for offset_s in coming]
    wanting = [wait_s for wait_s in waits_s if wait_s > MOST_SLEEP_S]
    found = sum(chosen_environment(wait_s, timers) != ENVIRONMENT_NOW for wait_s in wanting)
    return found, len(wanting)


def _keep(session: Session, layout: Layout, remark: str) -> WindowFile:
    section = laid_out(session.plan, layout).window
    window = session.file.window.model_copy(
        update={"length_s": section.length, "offsets_s": section.offsets_s}
    )
    remarks = tuple(item for item in session.file.remarks if not item.startswith(SAMPLED))
    update = {"window": window, "layout": layout, "remarks": (*remarks, remark)}
    file = session.file.model_copy(update=update)
    write_json(session.out / WINDOW_FILE, file)
    return file


def matrix_outputs(jobs: tuple[SampleJob, ...]) -> dict[str, str]:
    """Return the gate's outputs for the workflow's matrix: lists joined by "," with the quotes.

    They contain no braces or brackets, because the runner drops an output that contains a line of a secret
    (it masks each line, Worker.cs), and a JSON secret has lines that are a single brace.
    """
    return {
        "samples": '","'.join(job.name for job in jobs),
        "environments": '","'.join(job.environment for job in jobs),
        "timeout": str(max((job.timeout_min for job in jobs), default=MARGIN_MIN)),
    }
