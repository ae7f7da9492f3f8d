"""Coverage: every look that the plan asks for, and whether it was taken. Pure."""

from collections.abc import Iterator

from deploy_verdict.base.units import shown_duration, shown_offset
from deploy_verdict.evidence.bundle import Bundle
from deploy_verdict.model import Coverage, Finding, Loaded, Outcome, Slot
from deploy_verdict.model.window import tolerance_s
from deploy_verdict.stages.registry import Late, asking_service, named

MENTIONED_S = 60.0


def covered(bundle: Bundle) -> Coverage:
    """One slot for each planned look of the stages that were not left out."""
    looks: dict[tuple[str, float], list[Loaded]] = {}
    for item in sorted(bundle.loaded, key=lambda item: item.evidence.attempt):
        looks.setdefault((item.evidence.stage, item.evidence.offset_s), []).append(item)
    slots = tuple(
        _slot(bundle, stage, offset_s, tolerance_s(bundle.window, offset_s), looks.get((stage, offset_s), []))
        for stage, offset_s in _planned(bundle)
    )
    return Coverage(planned=len(slots), taken=sum(slot.state == "taken" for slot in slots), slots=slots)


def _planned(bundle: Bundle) -> Iterator[tuple[str, float]]:
    offsets_s = bundle.plan.planned_offsets_s
    for stage in bundle.stages:
        yield from ((stage, offset_s) for offset_s in offsets_s[stage])


def _slot(bundle: Bundle, stage: str, offset_s: float, allowed_s: float, mine: list[Loaded]) -> Slot:
    whole = [item for item in mine if not item.evidence.interrupted]
    if not mine:
        return Slot(stage=stage, offset_s=offset_s, state="missing", note="there is no evidence of it")
    if not whole:
        return Slot(stage=stage, offset_s=offset_s, state="partial", note="it was interrupted")
    newest = whole[-1]
    late_s = _late_s(bundle, newest, offset_s)
    notes = [f"attempt {newest.evidence.attempt} of {len(mine)}"] if len(mine) > 1 else []
    if abs(late_s) >= max(MENTIONED_S, bundle.window.speed):
        notes.append(f"{shown_duration(abs(late_s))} {'late' if late_s > 0 else 'early'}")
    state = "late" if abs(late_s) > allowed_s and named(stage).late is not Late.COUNTS else "taken"
    return Slot.model_validate(
        {"stage": stage, "offset_s": offset_s, "state": state, "note": ", ".join(notes)}
    )


def hole_in(coverage: Coverage) -> str | None:
    """Which planned requests were never sent, in words; None when all were. Logs send nothing."""
    slots = [slot for slot in coverage.slots if slot.stage in asking_service()]
    bad = [slot for slot in slots if slot.state in ("missing", "partial")]
    return f"{len(bad)} of {len(slots)} planned looks were not taken" if bad else None


def _late_s(bundle: Bundle, item: Loaded, offset_s: float) -> float:
    """Seconds of plan time between when the look was due and when it began."""
    real_s = (item.evidence.started_at - bundle.window.t0).total_seconds()
    return real_s * bundle.window.speed - offset_s


def judge_coverage(bundle: Bundle, coverage: Coverage) -> Iterator[Finding]:
    """One finding for each stage, and one for each file that is not evidence of this run."""
    for stage in bundle.stages:
        slots = [slot for slot in coverage.slots if slot.stage == stage]
        bad = [slot for slot in slots if slot.state != "taken"]
        taken = f"{len(slots) - len(bad)} of {len(slots)} taken"
        holes = ", ".join(f"{shown_offset(slot.offset_s)} {slot.state} ({slot.note})" for slot in bad[:5])
        yield Finding(
            stage=stage,
            check=stage,
            rule="coverage",
            expectation="every planned look is taken",
            outcome=Outcome.INCONCLUSIVE if bad else Outcome.PASS,
            expected=f"{len(slots)} looks",
            actual=f"{taken}: {holes}" if bad else taken,
            offset_s=bad[0].offset_s if bad else None,
        )
    for item in bundle.unreadable:
        yield Finding(
            stage="evidence",
            check=item.name,
            rule="readable",
            expectation="every evidence file can be read and belongs to this run",
            outcome=Outcome.INCONCLUSIVE,
            expected="evidence of this run",
            actual=item.reason,
            evidence=item.name,
        )
