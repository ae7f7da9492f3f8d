"""Growth in words: effect, interval and power, never a bare p. Pure."""

from deploy_verdict.stages.traffic.traffic_change import TrafficChange
from deploy_verdict.stats.growth import Growth


def effect(growth: Growth, unit: str) -> str:
    """Such as "+0.1 connections/h (−0.3 … +0.6)"."""
    return f"{signed(growth.rate)} {unit}/h ({signed(growth.low)} … {signed(growth.high)})"


def with_power(growth: Growth, unit: str) -> str:
    """Such as "+0.1 connections/h (−0.3 … +0.6); this window could have seen 1.8/h with 80 % chance"."""
    seen = f"this window could have seen {growth.could_have_seen:.1f}/h with 80 % chance"
    return f"{effect(growth, unit)}; {seen}"


def signed(rate: float) -> str:
    """One decimal with its sign; never "-0.0"."""
    return f"{round(rate, 1) + 0.0:+.1f}".replace("-", "−")


def traffic_in_words(change: TrafficChange | None) -> str:
    """What is known of others' traffic, in either case."""
    return "traffic over time is not known" if change is None else change.told
