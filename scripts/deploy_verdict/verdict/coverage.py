"""Coverage: every sample that the plan schedules, and whether it was taken. Pure."""

from collections.abc import Iterator

from deploy_verdict.base.units import shown_duration, shown_offset
from deploy_verdict.evidence.bundle import Bundle
from deploy_verdict.evidence.finding import passed, unknown
from deploy_verdict.evidence.stopped import stopped_at, stopped_in
from deploy_verdict.model import Coverage, Finding, Loaded, Slot
from deploy_verdict.model.window import tolerance_s
from deploy_verdict.stages.registry import asking_service, named
from deploy_verdict.stages.stage import Late

MENTIONED_S = 60.0


def covered(bundle: Bundle) -> Coverage:
    """Return one slot for each scheduled sample of the stages that were not left out.

    An interim reading of a log or of the platform is not a sample; the reading at the end is.
    """
    attempts: dict[tuple[str, float], list[Loaded]] = {}
    for item in sorted(bundle.loaded, key=lambda item: item.evidence.attempt):
        attempts.setdefault((item.evidence.stage, item.evidence.offset_s), []).append(item)
    slots = tuple(
        _slot(bundle, stage, offset_s, attempts.get((stage, offset_s), []))
        for stage, offset_s in _planned(bundle)
    )
    return Coverage(planned=len(slots), taken=sum(slot.state == "taken" for slot in slots), slots=slots)


def _planned(bundle: Bundle) -> Iterator[tuple[str, float]]:
    offsets_s = bundle.plan.planned_offsets_s
    for stage in bundle.stages:
        yield from ((stage, offset_s) for offset_s in offsets_s[stage])


def _slot(bundle: Bundle, stage: str, offset_s: float, attempts: list[Loaded]) -> Slot:
    stopped = stopped_at((item.evidence for item in attempts), stage, offset_s)
    attempts = [item for item in attempts if stopped_in(item.evidence) is None]
    complete = [item for item in attempts if not item.evidence.interrupted]
    if not attempts:
        return Slot(stage=stage, offset_s=offset_s, state="missing", note=stopped or "no evidence")
    if not complete:
        return Slot(stage=stage, offset_s=offset_s, state="partial", note="interrupted")
    newest = complete[-1]
    allowed_s = tolerance_s(bundle.window, offset_s) + bundle.plan.waits_s(stage, offset_s)
    late_s = _late_s(bundle, newest, offset_s)
    notes = [f"attempt {newest.evidence.attempt} of {len(attempts)}"] if len(attempts) > 1 else []
    if abs(late_s) >= max(MENTIONED_S, bundle.window.speed):
        notes.append(f"{shown_duration(abs(late_s))} {'late' if late_s > 0 else 'early'}")
    state = "late" if abs(late_s) > allowed_s and named(stage).late is not Late.COUNTS else "taken"
    return Slot.model_validate(
        {"stage": stage, "offset_s": offset_s, "state": state, "note": ", ".join(notes)}
    )


def missed_words(slot: Slot) -> str:
    """Return a text such as "T+75min 30 min late" or "T+15min missing: no evidence"."""
    when = shown_offset(slot.offset_s)
    if slot.state == "late" and (slot.note or "").endswith((" late", " early")):
        return f"{when} {slot.note}"
    return f"{when} {slot.state}" + (f": {slot.note}" if slot.note else "")


def missed_samples(coverage: Coverage) -> str | None:
    """Return how many scheduled samples of the service were missed, in words; None if none was."""
    slots = [slot for slot in coverage.slots if slot.stage in asking_service()]
    bad = [slot for slot in slots if slot.state in ("missing", "partial")]
    return f"{len(bad)} of {len(slots)} scheduled samples were missed" if bad else None


def _late_s(bundle: Bundle, item: Loaded, offset_s: float) -> float:
    """Return the plan seconds between when the sample was due and when it began."""
    real_s = (item.evidence.started_at - bundle.window.t0).total_seconds()
    return real_s * bundle.window.speed - offset_s


def judge_coverage(bundle: Bundle, coverage: Coverage) -> Iterator[Finding]:
    """Yield one finding for each stage, and one for each file that is not evidence of this run."""
    for stage in bundle.stages:
        slots = [slot for slot in coverage.slots if slot.stage == stage]
        if not slots:
            # The heartbeat runs between the samples and has no schedule.
            continue
        bad = [slot for slot in slots if slot.state != "taken"]
        taken = f"{len(slots) - len(bad)} of {len(slots)} taken"
        missed = ", ".join(map(missed_words, bad[:5]))
        ruling = unknown(f"{taken}: {missed}").at(None, bad[0].offset_s) if bad else passed(taken)
        expected = f"{len(slots)} sample{'s' if len(slots) > 1 else ''}"
        yield ruling.as_finding(
            stage, stage, "coverage", "every scheduled sample is taken", expected=expected
        )
    for item in bundle.unreadable:
        text = "every evidence file can be read and belongs to this run"
        ruling = unknown(item.reason).at(item.name)
        yield ruling.as_finding("evidence", item.name, "readable", text, expected="evidence of this run")
