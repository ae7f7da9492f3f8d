"""A window's measures as OpenMetrics text, each with its time, for Prometheus and Grafana. Pure.

A missing measurement has no sample. A dashboard shows "No data" for it, where a 0 would look good.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from deploy_verdict.evidence.answers.exchanges import at_offset
from deploy_verdict.evidence.bundle import Bundle
from deploy_verdict.evidence.measures import log_readings, suite_ran, suite_results
from deploy_verdict.evidence.platform.platform_views import (
    deployed,
    deployment_samples,
    points_of,
    readings_of,
)
from deploy_verdict.model import (
    MetricsObservation,
    Outcome,
    TestObservation,
    TrafficObservation,
    Verdict,
    VerdictOutcome,
)

if TYPE_CHECKING:
    from prometheus_client.metrics_core import Metric

PREFIX = "deploy_verdict"
QUANTILES = (0.5, 0.95, 0.99)
_BYTES_OF_GB, _SECONDS_OF_MS = 1e9, 0.001
# Measure → its type, unit and help text. Names end with their units, as OpenMetrics requires.
FAMILIES = {
    "window": ("info", "", "the window, its plan and the tool that judged it"),
    "window_length_seconds": ("gauge", "seconds", "how long the window was, in the plan's time"),
    "verdict": ("stateset", "", "the verdict: 1 at the one that holds"),
    "findings": ("counter", "", "findings of the verdict by stage, outcome and severity"),
    "samples": (
        "gauge",
        "",
        "scheduled samples by stage and state: taken, late, partial, missing, unreadable",
    ),
    "pool_used_mean": ("gauge", "", "connections in use, the mean of a sample's readings"),
    "pool_used_peak": ("gauge", "", "connections in use, the most of a sample's readings"),
    "pool_limit": ("gauge", "", "the pool's size"),
    "pool_utilization_peak_ratio": ("gauge", "ratio", "the peak as a share of the pool's size"),
    "requests": (
        "counter",
        "",
        "requests of this tool by stage, check and status, or the fault in its place",
    ),
    "response_seconds": ("gauge", "seconds", "how long each answer to this tool took"),
    "response_time_seconds": ("summary", "seconds", "how long answers took in the complete window"),
    "e2e_tests": ("gauge", "", "tests of the suite by outcome"),
    "e2e_success_ratio": ("gauge", "ratio", "share of the suite's tests that passed"),
    "e2e_test_seconds": ("gauge", "seconds", "how long each run of a declared test took"),
    "memory_bytes": ("gauge", "bytes", "memory in use, as the platform measured it"),
    "memory_limit_bytes": ("gauge", "bytes", "the memory's limit"),
    "cpu_cores": ("gauge", "cores", "processors in use, as the platform measured it"),
    "cpu_limit_cores": ("gauge", "cores", "the processors' limit"),
    "edge_response_seconds": (
        "gauge",
        "seconds",
        "answers to everybody at the platform's edge, by percentile",
    ),
    "traffic_requests": ("counter", "", "requests of others in the window, by method, path and status"),
    "traffic_response_seconds": ("gauge", "seconds", "answers to others in the window, by percentile"),
    "log_lines": ("counter", "", "lines of the log in the window, by level"),
    "log_patterns": ("counter", "", "lines of the log that a pattern of the plan found"),
}
_SERIES = {
    "memory_gb": ("memory_bytes", _BYTES_OF_GB),
    "memory_limit_gb": ("memory_limit_bytes", _BYTES_OF_GB),
    "cpu_vcpu": ("cpu_cores", 1.0),
    "cpu_limit_vcpu": ("cpu_limit_cores", 1.0),
}


@dataclass(frozen=True, kw_only=True)
class Sampled:
    """One value at one moment; `part` is the suffix of the sample's name, such as _total."""

    family: str
    value: float
    at: datetime
    labels: dict[str, str]
    part: str = ""


def openmetrics(bundle: Bundle, verdict: Verdict) -> str:
    """Format all measures of a window as OpenMetrics text."""
    from prometheus_client.openmetrics.exposition import generate_latest  # noqa: PLC0415  # slow to import

    text: bytes = generate_latest(_Families(bundle, verdict))  # type: ignore[no-untyped-call]
    return text.decode()


class _Families:
    """The measures by family, in the form of a registry's collector (prometheus_client)."""

    def __init__(self, bundle: Bundle, verdict: Verdict) -> None:
        self._found = (*_of_verdict(bundle, verdict), *_of_evidence(bundle, verdict))
        subject, live = verdict.subject, deployed(deployment_samples(bundle))
        common = {
            "service": subject.service or verdict.plan_name,
            "environment": subject.environment,
            "commit": subject.commit or (live.commit if live else None),
            "deployment": subject.deployment,
        }
        self._common = {name: value for name, value in common.items() if value}

    def collect(self) -> Iterator["Metric"]:
        """Yield each family that has samples; a series' points are adjacent, in order of time."""
        from prometheus_client.metrics_core import Metric  # noqa: PLC0415

        for name, (kind, unit, words) in FAMILIES.items():
            found = {
                (tuple(sorted(item.labels.items())), item.part, _at_s(item)): item
                for item in self._found
                if item.family == name
            }
            metric = Metric(f"{PREFIX}_{name}", words, kind, unit)
            for item in sorted(found.values(), key=lambda item: _place(item, metric.name)):
                labels = {**self._common, **item.labels}
                metric.add_sample(metric.name + item.part, labels, item.value, timestamp=_at_s(item))
            if metric.samples:
                yield metric


def _at_s(item: Sampled) -> float:
    """Return the sample's time in whole milliseconds, as Prometheus stores it."""
    return round(item.at.timestamp(), 3)


def _place(item: Sampled, name: str) -> tuple[object, ...]:
    """Return the sort key of a sample: those of one series are adjacent."""
    inner = ("quantile", name)
    series = sorted((key, value) for key, value in item.labels.items() if key not in inner)
    return series, item.at, item.part, [item.labels.get(key, "") for key in inner]


def _of_verdict(bundle: Bundle, verdict: Verdict) -> Iterator[Sampled]:
    window = bundle.window
    end = at_offset(window, window.length_s)
    said = {"window": window.id, "plan": verdict.plan_name, "tool_version": verdict.tool_version}
    yield Sampled(family="window", part="_info", value=1, at=end, labels=said)
    yield Sampled(family="window_length_seconds", value=window.length_s, at=end, labels={})
    for outcome in VerdictOutcome:
        state = {f"{PREFIX}_verdict": outcome.value}
        yield Sampled(family="verdict", value=int(outcome is verdict.outcome), at=end, labels=state)
    counts = Counter((item.stage, item.outcome.value, item.severity or "") for item in verdict.findings)
    for (stage, result, severity), count in counts.items():
        labels = {"stage": stage, "outcome": result, "severity": str(severity)}
        yield from _counted("findings", count, window.t0, end, labels)
    slots = Counter((slot.stage, slot.state) for slot in verdict.coverage.slots)
    for (stage, state_of), count in slots.items():
        labels = {"stage": stage, "state": state_of}
        yield Sampled(family="samples", value=count, at=end, labels=labels)


def _counted(
    family: str, count: float, start: datetime, end: datetime, labels: dict[str, str]
) -> Iterator[Sampled]:
    """Yield a counter that was 0 at the window's start."""
    yield Sampled(family=family, part="_total", value=0, at=start, labels=labels)
    yield Sampled(family=family, part="_total", value=count, at=end, labels=labels)


def _of_evidence(bundle: Bundle, verdict: Verdict) -> Iterator[Sampled]:
    yield from _pools(bundle)
    yield from _requests(bundle)
    yield from _suite(bundle, verdict)
    yield from _platform(bundle)
    yield from _traffic(bundle)
    yield from _log(bundle)


def _pools(bundle: Bundle) -> Iterator[Sampled]:
    for pool, samples in bundle.samples.items():
        for sample in samples:
            if not sample.levels:
                continue
            offset_s = sample.offset_s if sample.actual_offset_s is None else sample.actual_offset_s
            at, labels = at_offset(bundle.window, offset_s), {"pool": pool}
            values = {
                "pool_used_mean": sample.mean_used,
                "pool_used_peak": sample.peak_used,
                "pool_limit": max(level.limit for level in sample.levels),
                "pool_utilization_peak_ratio": sample.peak_percent / 100,
            }
            for family, value in values.items():
                yield Sampled(family=family, value=value, at=at, labels=labels)


def _requests(bundle: Bundle) -> Iterator[Sampled]:
    """Yield the growing counts, each answer's time, and the quantiles of all times."""
    counts: Counter[tuple[str, str, str]] = Counter()
    times: dict[tuple[str, str], list[float]] = {}
    for sent in sorted(bundle.sent, key=lambda sent: sent.exchange.at):
        exchange, labels = sent.exchange, {"stage": sent.stage, "check": sent.check or ""}
        status = exchange.fault.kind if exchange.fault else str(exchange.status)
        key = (sent.stage, sent.check or "", status)
        if key not in counts:
            start = {**labels, "status": status}
            yield Sampled(family="requests", part="_total", value=0, at=bundle.window.t0, labels=start)
        counts[key] += 1
        counted = {**labels, "status": status}
        yield Sampled(family="requests", part="_total", value=counts[key], at=exchange.at, labels=counted)
        if exchange.fault is None and exchange.elapsed_ms is not None:
            seconds = exchange.elapsed_ms * _SECONDS_OF_MS
            times.setdefault(key[:2], []).append(seconds)
            yield Sampled(family="response_seconds", value=seconds, at=exchange.at, labels=labels)
    end = at_offset(bundle.window, bundle.window.length_s)
    for (stage, check), values in times.items():
        yield from _summary(sorted(values), end, {"stage": stage, "check": check})


def _summary(values: Sequence[float], end: datetime, labels: dict[str, str]) -> Iterator[Sampled]:
    family = "response_time_seconds"
    for quantile in QUANTILES:
        rank = values[min(len(values) - 1, int(quantile * len(values)))]
        yield Sampled(family=family, value=rank, at=end, labels={**labels, "quantile": str(quantile)})
    yield Sampled(family=family, part="_count", value=len(values), at=end, labels=labels)
    yield Sampled(family=family, part="_sum", value=sum(values), at=end, labels=labels)


def _suite(bundle: Bundle, verdict: Verdict) -> Iterator[Sampled]:
    for item in bundle.of_stage("e2e"):
        for run in item.evidence.observations:
            if isinstance(run, TestObservation) and run.steps:
                seconds = run.elapsed_ms * _SECONDS_OF_MS
                yield Sampled(
                    family="e2e_test_seconds", value=seconds, at=run.at, labels={"check": run.check}
                )
    results = suite_results(bundle, verdict.findings)
    if not results or not suite_ran(bundle):
        return
    end = at_offset(bundle.window, bundle.window.length_s)
    counts = Counter(finding.outcome for finding in results)
    for outcome in Outcome:
        yield Sampled(family="e2e_tests", value=counts[outcome], at=end, labels={"outcome": outcome.value})
    ratio = counts[Outcome.PASS] / len(results)
    yield Sampled(family="e2e_success_ratio", value=ratio, at=end, labels={})


def _platform(bundle: Bundle) -> Iterator[Sampled]:
    readings = readings_of(bundle, "metrics", MetricsObservation, "metrics")
    reading, deployment = readings[-1][1] if readings else None, bundle.subject.deployment
    if reading is None or reading.fault is not None:
        return
    for name, (family, factor) in _SERIES.items():
        for point in points_of(reading, name, deployment):
            at = at_offset(bundle.window, point.offset_s)
            yield Sampled(family=family, value=point.value * factor, at=at, labels={})
    for percentile in ("p50", "p95", "p99"):
        for point in points_of(reading, f"http_{percentile}_ms", deployment):
            at, seconds = at_offset(bundle.window, point.offset_s), point.value * _SECONDS_OF_MS
            labels = {"percentile": percentile}
            yield Sampled(family="edge_response_seconds", value=seconds, at=at, labels=labels)


def _traffic(bundle: Bundle) -> Iterator[Sampled]:
    readings = readings_of(bundle, "traffic", TrafficObservation, "traffic")
    reading = readings[-1][1] if readings else None
    if reading is None or reading.fault is not None:
        return
    for path in reading.paths:
        labels = {"method": path.method, "path": path.path}
        for status, count in path.statuses.items():
            of_status = {**labels, "status": status}
            yield from _counted("traffic_requests", count, reading.start, reading.end, of_status)
        for percentile in ("p50", "p95", "p99"):
            value_ms = getattr(path, f"{percentile}_ms")
            if value_ms is not None:
                seconds, of_it = value_ms * _SECONDS_OF_MS, {**labels, "percentile": percentile}
                yield Sampled(family="traffic_response_seconds", value=seconds, at=reading.end, labels=of_it)


def _log(bundle: Bundle) -> Iterator[Sampled]:
    others = bundle.plan.logs.sources if bundle.plan.logs else ()
    for name in ("", *(other.name for other in others)):
        readings = log_readings(bundle, name)
        reading = readings[-1][1] if readings else None
        if reading is None or reading.fault is not None or not reading.lines_in_window:
            continue
        for level, count in reading.levels.items():
            labels = {"log": name or "service", "level": level}
            yield from _counted("log_lines", count, reading.start, reading.end, labels)
        for pattern in reading.patterns:
            labels = {"log": name or "service", "pattern": pattern.pattern}
            yield from _counted("log_patterns", pattern.count, reading.start, reading.end, labels)
