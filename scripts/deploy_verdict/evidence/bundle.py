"""The evidence of a run with its plan: what belongs to this window, and why the rest does not. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from deploy_verdict.evidence.answers.exchanges import Sent, all_sent, sent_to_service
from deploy_verdict.evidence.pools.pool_samples import PoolSample, is_left_out, pool_samples
from deploy_verdict.model import (
    CapturedRun,
    EarlierVerdict,
    Evidence,
    Loaded,
    RollbackFile,
    SentNotification,
    Subject,
    Unreadable,
    WindowFrame,
)
from deploy_verdict.model.window import evidence_name
from deploy_verdict.plan import Plan


@dataclass(frozen=True, kw_only=True)
class Bundle:
    """All that the judge and the report read.

    `earlier` are verdicts on the same service, oldest first. `captures` are earlier runs by the baseline's
    column, or why one could not be read. `unasked` are pools that the plan left out because their server's
    address was empty; `plan` holds the others. `notified` and `rolled_back` are what the window's directory
    says was done about it.
    """

    plan: Plan
    window: WindowFrame
    subject: Subject
    loaded: tuple[Loaded, ...]
    unreadable: tuple[Unreadable, ...]
    left_out: tuple[str, ...]
    samples: dict[str, tuple[PoolSample, ...]]
    ended: str | None = None
    remarks: tuple[str, ...] = ()
    captures: Mapping[str, CapturedRun | str] = field(default_factory=dict)
    unasked: tuple[str, ...] = ()
    notified: SentNotification | None = None
    rolled_back: RollbackFile | None = None
    earlier: tuple[EarlierVerdict, ...] = ()

    @property
    def stages(self) -> tuple[str, ...]:
        """The plan's stages, without those that the operator left out."""
        return tuple(stage for stage in self.plan.stages if stage not in self.left_out)

    @cached_property
    def sent(self) -> tuple[Sent, ...]:
        """Every request of ours in the evidence."""
        return tuple(all_sent(self.loaded))

    @cached_property
    def sent_to_service(self) -> tuple[Sent, ...]:
        """Every request of ours to the service itself, as responses of other systems say nothing of it."""
        return tuple(sent_to_service(self.plan, self.loaded))

    def of_stage(self, stage: str) -> tuple[Loaded, ...]:
        """Return the evidence of one stage in the order of offset and attempt."""
        mine = (item for item in self.loaded if item.evidence.stage == stage)
        return tuple(sorted(mine, key=lambda item: (item.evidence.offset_s, item.evidence.attempt)))


def bundled(
    plan: Plan,
    window: WindowFrame,
    subject: Subject,
    files: Sequence[Loaded | Unreadable],
    *,
    left_out: Sequence[str] = (),
    corrected_plan: bool = False,
    ended: str | None = None,
) -> Bundle:
    """Keep the evidence of this window, plan and subject, and give the reason for all else.

    `corrected_plan` accepts evidence collected under another version of the same plan. `ended` says why the
    window was ended early.
    """
    loaded: list[Loaded] = []
    unreadable = [item for item in files if isinstance(item, Unreadable)]
    for item in files:
        if isinstance(item, Loaded) and item.evidence.stage not in left_out:
            reason = (
                _foreign(item.evidence, plan, subject, corrected_plan)
                or _of_another_window(item.evidence, window)
                or _misnamed(item)
            )
            if reason is None:
                loaded.append(item)
            else:
                unreadable.append(Unreadable(name=item.name, reason=reason))
    samples = {pool.name: pool_samples(plan, pool, loaded) for pool in plan.pools}
    unasked = tuple(name for name, found in samples.items() if is_left_out(found))
    pools = tuple(pool for pool in plan.pools if pool.name not in unasked)
    return Bundle(
        plan=plan.model_copy(update={"pools": pools}) if unasked else plan,
        window=window,
        subject=subject,
        loaded=tuple(loaded),
        unreadable=tuple(unreadable),
        left_out=tuple(left_out),
        samples={name: found for name, found in samples.items() if name not in unasked},
        ended=ended,
        unasked=unasked,
    )


def _misnamed(item: Loaded) -> str | None:
    """Return why the name of a file does not fit its content: it was copied or renamed."""
    expected = evidence_name(item.evidence.stage, item.evidence.offset_s, item.evidence.attempt)
    return None if expected == item.name else f"its name is not that of its content ({expected})"


def _of_another_window(evidence: Evidence, window: WindowFrame) -> str | None:
    seen = evidence.window
    if seen.id != window.id:
        return f"it is evidence of another window ({seen.id})"
    same_start = (seen.t0, seen.speed) == (window.t0, window.speed)
    if not same_start or seen.length_s not in (window.length_s, *window.earlier_lengths_s):
        return "it has another T0, length or speed of this window"
    return None


def _foreign(evidence: Evidence, plan: Plan, subject: Subject, corrected_plan: bool) -> str | None:
    if evidence.plan_name != plan.name:
        return f"it is evidence of another plan ({evidence.plan_name})"
    if evidence.plan_sha256 != plan.sha256 and not corrected_plan:
        return f"it is evidence of another version of the plan (sha256 {evidence.plan_sha256[:8]}…)"
    if evidence.subject.target != subject.target:
        return f"it is evidence of another target ({evidence.subject.target})"
    if evidence.subject.commit != subject.commit:
        return f"it is evidence of another commit ({evidence.subject.commit or 'none named'})"
    return None
