"""Settings that all tests share."""

from hypothesis import HealthCheck, settings

# Timings are benchmarks, never assertions; and the same examples every time, so that CI does not flicker.
settings.register_profile(
    "ours", deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow], database=None
)
settings.load_profile("ours")
