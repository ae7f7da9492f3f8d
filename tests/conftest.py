"""Settings that all tests share."""

from hypothesis import HealthCheck, settings

from demo import running
from tests.examples import ASKED, at_least
from tests.running import FRESH, demo

# Timings are benchmarks, never assertions; and the same examples every time, so that CI does not flicker.
settings.register_profile(
    "ours", deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow], database=None
)
# `make properties`: ten thousand examples each, and no less.
settings.register_profile("thorough", settings.get_profile("ours"), max_examples=at_least(100))
settings.load_profile("thorough" if ASKED else "ours")

if not FRESH:
    running.started = demo
