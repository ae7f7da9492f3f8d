"""Which burst of readings a request for stats belongs to. Pure.

What happens "at the third sample" must not depend on the clock: on a busy machine the samples come late, and
the load at T+0 is read as often as there is time. But each burst keeps one connection, and has 30 readings.
"""

from dataclasses import dataclass, field


@dataclass(kw_only=True)
class Bursts:
    """Counts requests by their connection. Not safe for threads: the event loop's own."""

    _readings: dict[int, int] = field(default_factory=dict)
    _numbers: dict[int, int] = field(default_factory=dict)

    def place(self, port: int) -> tuple[int, int]:
        """The numbers of the burst and of the reading in it, both from 1; `port` is the client's.

        Only a second request makes a burst: one that comes alone shares its number with the burst after it.
        """
        reading = self._readings[port] = self._readings.get(port, 0) + 1
        if reading == 2:
            self._numbers[port] = len(self._numbers) + 1
        return self._numbers.get(port, len(self._numbers) + 1), reading
