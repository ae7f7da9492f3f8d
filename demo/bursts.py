"""Which burst of readings a request for stats belongs to. Pure.

What happens "at the third sample" must not depend on the clock: on a busy machine the samples come late, and
the load at T+0 is read as often as there is time. But a burst's 30 readings follow each other with nothing of
ours between them, on whatever connections they come.
"""

from dataclasses import dataclass

# A burst has 30. On a busy machine a load is read up to 12 times while it runs, as often after it, and once
# before the next round.
FEWEST_READINGS = 28


@dataclass(kw_only=True)
class Bursts:
    """Counts our requests for stats that follow each other. Not safe for threads: the event loop's own."""

    _found: int = 0
    _reading: int = 0

    def interrupted(self) -> None:
        """Another request of ours: what follows is no part of the burst before it."""
        self._reading = 0

    def place(self) -> tuple[int, int]:
        """The numbers of the burst and of the reading in it, both from 1.

        A request that comes alone shares its number with the burst after it.
        """
        self._reading += 1
        if self._reading == FEWEST_READINGS:
            self._found += 1
        return self._found + (self._reading < FEWEST_READINGS), self._reading
