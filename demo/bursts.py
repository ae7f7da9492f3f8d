"""Counts which burst of readings a request for stats belongs to. Pure.

Faults "at the third sample" must not depend on the clock: on a busy machine samples come late, and the load
at T+0 is read as often as time allows. But a burst's 30 readings follow each other with no other request of
ours between them, on whatever connections they come.
"""

from dataclasses import dataclass

# A burst has 30. On a busy machine a load is read up to 12 times while it runs, as often after it, and once
# before the next round.
FEWEST_READINGS = 28


@dataclass(kw_only=True)
class Bursts:
    """Counts our consecutive requests for stats. Not thread-safe: only the event loop uses it."""

    _found: int = 0
    _reading: int = 0

    def interrupted(self) -> None:
        """Record another request of ours, which ends the burst before it."""
        self._reading = 0

    def place(self) -> tuple[int, int]:
        """Return the number of the burst and of the reading in it, both from 1.

        A request on its own has the number of the burst after it.
        """
        self._reading += 1
        if self._reading == FEWEST_READINGS:
            self._found += 1
        return self._found + (self._reading < FEWEST_READINGS), self._reading
