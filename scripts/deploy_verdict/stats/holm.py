"""Several tests at once: each further one is another chance of a false alarm. Pure.

The family is the growth of a plan's pools, one p for each pool (judge/pool_growth.py). Not in it:

- floor and mean of one pool: two views of the same readings, not two chances. Their smaller p is taken as it
  is, and held back by the rise, for which both must speak; so the calibration counts its false alarms.
- memory: one series, of another resource and measured by the platform, with a finding of its own. It keeps
  its own 5 %, as every other stage does: in the family, each further pool would make a memory leak harder to
  see. A plan with pools and memory has two such tests.
"""

from collections.abc import Sequence


def holm(p_values: Sequence[float]) -> tuple[float, ...]:
    """Holm (1979): the same p values, raised so that all together keep the level of one test."""
    order = sorted(range(len(p_values)), key=lambda index: p_values[index])
    adjusted = [1.0] * len(p_values)
    largest = 0.0
    for rank, index in enumerate(order):
        largest = max(largest, min(1.0, (len(p_values) - rank) * p_values[index]))
        adjusted[index] = largest
    return tuple(adjusted)
