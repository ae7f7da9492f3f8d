"""Continues the window of an earlier run, longer or with one more sample; and drops that sample."""

from itertools import chain
from pathlib import Path

from deploy_verdict.base.atomic_files import put_aside
from deploy_verdict.base.errors import EvidenceError, UsageError
from deploy_verdict.base.units import shown_duration
from deploy_verdict.follow_up.policy import grown_layout
from deploy_verdict.model import DeploymentObservation, Layout, Loaded, WindowFile
from deploy_verdict.model.window import evidence_name
from deploy_verdict.plan import Plan, laid_out, own_layout
from deploy_verdict.stages.deployment.state import State, standing
from deploy_verdict.window.directory.evidence_store import read_attempts, write_json
from deploy_verdict.window.directory.session import WINDOW_FILE, read_window

GIVEN_UP = "given-up"
REPLACED = (State.GONE, State.SUPERSEDED)


def grown(out: Path, plan: Plan, kind: str) -> WindowFile:
    """Extend the window of a directory and write it; raise UsageError if there is nothing to extend."""
    file = _window(out)
    if file.plan_sha256 != plan.sha256:
        raise UsageError(f"{out}: not the plan of this window — check out the commit that it was opened with")
    layout = grown_layout(plan, file.layout or own_layout(plan), kind)
    if layout is None:
        raise UsageError(f"the plan has no further {kind} for this window")
    return _laid_out(out, file, plan, layout)


def _window(out: Path) -> WindowFile:
    file = read_window(out)
    if file is None:
        raise EvidenceError(f"{out}/{WINDOW_FILE}: no window was opened here")
    return file


def _laid_out(out: Path, file: WindowFile, plan: Plan, layout: Layout) -> WindowFile:
    section = laid_out(plan, layout).window
    earlier = tuple(dict.fromkeys((*file.window.earlier_lengths_s, file.window.length_s)))
    update = {"length_s": section.length, "offsets_s": section.offsets_s, "earlier_lengths_s": earlier}
    window = file.window.model_copy(update=update)
    file = file.model_copy(update={"window": window, "layout": layout, "finished": False, "ended": None})
    write_json(out / WINDOW_FILE, file)
    return file


def give_up_tail(out: Path, plan: Plan, because: str | None = None) -> str | None:
    """Drop the later sample if another deployment has taken over since; return why, or None.

    A later release says nothing about the one that was judged. The sample's evidence is put aside. `because`
    drops the sample for another reason.
    """
    file = _window(out)
    layout = file.layout
    if layout is None or not layout.tails_s:
        return None
    offset_s = layout.tails_s[-1]
    reason = because or _replaced_at(out, file, offset_s)
    if reason is None:
        return None
    for stage in plan.stages:
        for path in (out / "evidence").glob(evidence_name(stage, offset_s, 1).replace(".a1.", ".a*.")):
            put_aside(path, out / GIVEN_UP)
    remark = f"The sample at T+{shown_duration(offset_s)} was dropped: {reason}."
    kept = layout.model_copy(update={"tails_s": layout.tails_s[:-1], "over": True})
    file = file.model_copy(update={"remarks": (*file.remarks, remark)})
    _laid_out(out, file, plan, kept)
    return remark


def _replaced_at(out: Path, file: WindowFile, offset_s: float) -> str | None:
    # Includes evidence put aside by a run that was killed before it recorded that in the window.
    attempts = [read_attempts(out / name, "deployment", offset_s) for name in ("evidence", GIVEN_UP)]
    for item in chain(*attempts):
        for observation in item.evidence.observations if isinstance(item, Loaded) else ():
            if isinstance(observation, DeploymentObservation):
                stands = standing(observation, file.subject)
                if stands.state in REPLACED:
                    return stands.words
    return None
