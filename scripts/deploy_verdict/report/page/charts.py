"""The page's charts: each pool, latency, memory, and the traffic of others. Pure."""

import statistics
from collections import defaultdict
from collections.abc import Iterator, Sequence

from deploy_verdict.base.units import shown_duration
from deploy_verdict.evidence.answers.exchanges import to_check
from deploy_verdict.evidence.bundle import Bundle
from deploy_verdict.evidence.platform.platform_views import points_of, readings_of
from deploy_verdict.markup.labels import counted
from deploy_verdict.model import MetricsObservation, RootCause, TrafficObservation
from deploy_verdict.plan import Pool
from deploy_verdict.report.page.plots import Curve, DrawnPlot, LimitLine, Plot, drawn

# More lines could not be told apart in one chart.
LOOKS = ("one", "two", "three", "four", "five", "six")
_GROUPS = (("2xx and 3xx", "good", "23"), ("4xx", "odd", "4"), ("5xx", "bad", "5"))


def charts(bundle: Bundle, causes: Sequence[RootCause]) -> tuple[DrawnPlot, ...]:
    """Return the charts that the evidence has readings for."""
    plots = (
        *(_pool(bundle, pool) for pool in bundle.plan.pools),
        _latency(bundle),
        _memory(bundle),
        _traffic(bundle),
    )
    return tuple(drawn(plot, causes, bundle.window.length_s) for plot in plots if plot is not None)


def _pool(bundle: Bundle, pool: Pool) -> Plot | None:
    samples = bundle.samples.get(pool.name, ())
    if not any(sample.levels for sample in samples):
        return None
    peaks: dict[float, float | None] = {}
    means: dict[float, float | None] = {}
    said = {}
    for sample in samples:
        known = bool(sample.levels)
        peaks[sample.offset_s] = sample.peak_percent if known else None
        means[sample.offset_s] = sample.mean_percent if known else None
        if known:
            said[sample.offset_s] = (
                f"peak {sample.peak_percent:.0f} % ({sample.peak_used:g} of {sample.levels[-1].limit:g}), "
                f"mean {sample.mean_percent:.0f} %, {counted(len(sample.levels), 'reading')}"
            )
        else:
            said[sample.offset_s] = f"no reading: {'; '.join(sample.reasons) or 'unknown why'}"
    return Plot(
        title=f"{pool.title or pool.name} pool",
        unit="% in use",
        series=(Curve(name="peak", look="one", values=peaks), Curve(name="mean", look="two", values=means)),
        said=said,
        limits=_attention_and_critical(pool.attention, pool.critical),
        least_top=100.0,
    )


def _attention_and_critical(attention: float, critical: float) -> tuple[LimitLine, ...]:
    return (
        LimitLine(name=f"attention at {attention:g} %", look="attention", value=attention),
        LimitLine(name=f"critical at {critical:g} %", look="critical", value=critical),
    )


def _latency(bundle: Bundle) -> Plot | None:
    """Plot each sample's slowest answer, for the checks whose times the plan limits, or for all."""
    section = bundle.plan.response_times
    names = section.of if section else {check.name: check.name for check in bundle.plan.health}
    every = {label: _times(bundle, name) for label, name in list(names.items())[: len(LOOKS)]}
    offsets_s = sorted({at_s for times in every.values() for at_s in times})
    # A check without an answer at a sample has a gap there.
    series = [
        Curve(
            name=label, look=look, values={at_s: max(times.get(at_s, ()), default=None) for at_s in offsets_s}
        )
        for look, (label, times) in zip(LOOKS, every.items(), strict=False)
        if times
    ]
    parts = defaultdict(list)
    for label, times in every.items():
        for at_s, found in times.items():
            many = f", median {statistics.median(found):.0f} of {len(found)}" if len(found) > 1 else ""
            parts[at_s].append(f"{label} {max(found):.0f} ms{many}")
    if not series:
        return None
    hidden = len(names) - len(LOOKS)
    limit_ms = 1000 * section.limit if section else 0.0
    limits = (LimitLine(name=f"limit {limit_ms:g} ms", look="critical", value=limit_ms),) if section else ()
    return Plot(
        title="Response times",
        unit="ms, the slowest answer of each sample",
        series=tuple(series),
        said={at_s: "; ".join(texts) for at_s, texts in parts.items()},
        limits=limits,
        note=f"{counted(hidden, 'more check')} not drawn." if hidden > 0 else "",
    )


def _times(bundle: Bundle, check: str) -> dict[float, list[float]]:
    times: dict[float, list[float]] = defaultdict(list)
    for sent in to_check(bundle.plan, check, bundle.sent):
        if sent.exchange.fault is None and sent.exchange.elapsed_ms is not None:
            times[sent.offset_s].append(sent.exchange.elapsed_ms)
    return times


def _memory(bundle: Bundle) -> Plot | None:
    section = bundle.plan.metrics
    readings = readings_of(bundle, "metrics", MetricsObservation, "metrics")
    if section is None or not readings:
        return None
    deployment = bundle.subject.deployment
    used = points_of(readings[-1][1], "memory_gb", deployment)
    limits = [
        item.value for item in points_of(readings[-1][1], "memory_limit_gb", deployment) if item.value > 0
    ]
    if not used:
        return None
    if not limits:
        values: dict[float, float | None] = {max(0.0, point.offset_s): point.value for point in used}
        said = {max(0.0, point.offset_s): f"{point.value:.3g} GB, limit not known" for point in used}
        curve = Curve(name="memory", look="one", values=values)
        return Plot(title="Memory", unit="GB", series=(curve,), said=said)
    limit = min(limits)
    return Plot(
        title="Memory",
        unit=f"% of {limit:g} GB",
        series=(
            Curve(
                name="memory",
                look="one",
                values={max(0.0, point.offset_s): 100 * point.value / limit for point in used},
            ),
        ),
        said={
            max(0.0, p.offset_s): f"{100 * p.value / limit:.0f} % ({p.value:.3g} of {limit:g} GB)"
            for p in used
        },
        limits=_attention_and_critical(section.memory_attention, section.memory_critical),
        least_top=100.0,
    )


def _traffic(bundle: Bundle) -> Plot | None:
    """Plot the answers to others by class, in the equal intervals in which the evidence counts them."""
    readings = readings_of(bundle, "traffic", TrafficObservation, "traffic")
    paths = readings[-1][1].paths if readings else ()
    parts = max((len(path.parts) for path in paths), default=0)
    if not parts:
        return None
    counts = [[0] * parts for _ in _GROUPS]
    for path in paths:
        for index, statuses in enumerate(path.parts):
            for status, count in statuses.items():
                for group, (_, _, firsts) in enumerate(_GROUPS):
                    counts[group][index] += count if status[:1] in firsts else 0
    middles = [bundle.window.length_s * (index + 0.5) / parts for index in range(parts)]
    return Plot(
        title="Requests by others",
        unit=f"in each {shown_duration(bundle.window.length_s / parts)}",
        series=tuple(
            Curve(name=name, look=look, values=dict(zip(middles, counts[group], strict=True)))
            for group, (name, look, _) in enumerate(_GROUPS)
        ),
        said={
            at_s: ", ".join(_classes([row[index] for row in counts])) for index, at_s in enumerate(middles)
        },
        is_stacked=True,
    )


def _classes(counts: Sequence[int]) -> Iterator[str]:
    for (name, _, _), count in zip(_GROUPS, counts, strict=True):
        yield f"{name}: {count:,}"
