"""Lays a plan out differently: another length, denser samples, samples after the window's end. Pure."""

from deploy_verdict.model import Layout
from deploy_verdict.plan.plan import Plan, WindowSection, regular


class LaidOut(WindowSection):
    """A window section whose offsets come from a layout; `length` reaches to the last sample."""

    layout: Layout

    @property
    def offsets_s(self) -> tuple[float, ...]:
        """The regular samples, then the tails."""
        return (*regular(self.layout.length_s, self.layout.every_s), *self.layout.tails_s)

    @property
    def pool_offsets_s(self) -> tuple[float, ...]:
        """When the pools are sampled: more often than the rest if one process takes all samples."""
        if self.dense_s is None:
            return self.offsets_s
        return tuple(sorted({*self.offsets_s, *regular(self.layout.length_s, self.dense_s)}))

    @property
    def dense_s(self) -> float | None:
        return self.layout.dense_every_s

    @property
    def spread_s(self) -> float | None:
        return self.layout.spread_s

    @property
    def end_s(self) -> float:
        """The end of the regular samples; tails come after it."""
        return self.layout.length_s

    @property
    def claim_offsets_s(self) -> tuple[float, ...]:
        """T+0 and each tail."""
        return (0.0, *self.layout.tails_s)


def laid_out(plan: Plan, layout: Layout | None) -> Plan:
    """Give the plan a layout's window; the suite runs at its offsets within it, and at the ends."""
    if layout is None:
        return plan
    window = LaidOut.model_construct(
        length=max(layout.length_s, *layout.tails_s, 0.0),
        sample_every=layout.every_s,
        mode=plan.window.mode,
        dense_every=plan.window.dense_every,
        spread=plan.window.spread,
        layout=layout,
    )
    changed: dict[str, object] = {"window": window}
    if plan.e2e is not None:
        at = tuple(offset_s for offset_s in plan.e2e.at if offset_s <= layout.length_s)
        if not at or layout.extended:
            at = tuple(dict.fromkeys((*at, layout.length_s)))
        at = tuple(dict.fromkeys((*at, *layout.tails_s)))
        changed["e2e"] = plan.e2e.model_copy(update={"at": at})
    return plan.model_copy(update=changed)


def layout_of(plan: Plan) -> Layout | None:
    """Return the layout of a plan from `laid_out`; None for any other plan."""
    return plan.window.layout if isinstance(plan.window, LaidOut) else None


# A cap on the pool samples: a longer window is sampled less densely.
MOST_DENSE = 360


def densely(plan: Plan, layout: Layout) -> Layout:
    """Add pool samples between the regular ones, for a process that waits anyway.

    They are never so close that two bursts overlap. A plan whose `dense_every` is its `sample_every` gets
    none.
    """
    if not plan.pools:
        return layout
    longest_s = max(pool.burst.for_ for pool in plan.pools)
    dense_s = max(plan.window.dense_every, longest_s, layout.length_s / MOST_DENSE)
    return layout.model_copy(update={"dense_every_s": dense_s}) if dense_s < layout.every_s else layout


# In seconds, and as a share of the time between two samples: a job needs the rest for its other stages.
FREE_SPREAD_S, LONGEST_SPREAD = 300.0, 1 / 3


def spread_out(plan: Plan, layout: Layout, *, is_free: bool) -> Layout:
    """Spread each sample's pool readings over a longer time, if separate jobs take the samples.

    The same readings over five minutes find 5 more of 100 faults than over 30 s, but cost five times the
    minutes (docs/explanation/calibration.md). So unless the plan says otherwise, they are spread only if
    minutes are not billed.
    """
    usual_s = FREE_SPREAD_S if is_free else 0.0
    wanted_s = usual_s if plan.window.spread is None else plan.window.spread
    spread_s = min(wanted_s, LONGEST_SPREAD * layout.every_s)
    if all(pool.burst.over(spread_s) == pool.burst for pool in plan.pools):
        return layout
    return layout.model_copy(update={"spread_s": spread_s})


def own_layout(plan: Plan) -> Layout:
    """Return the layout of the plan's own window."""
    return Layout(length_s=plan.window.length, every_s=plan.window.sample_every)


def of_length(plan: Plan, length_s: float) -> Layout:
    """Return the plan's own layout with another length, sampled at its end at least."""
    own = own_layout(plan)
    return own.model_copy(update={"length_s": length_s, "every_s": min(own.every_s, length_s)})
