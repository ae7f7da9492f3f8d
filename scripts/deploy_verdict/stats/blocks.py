"""Groups a window's samples into blocks of about 15 minutes, without the warm-up. Pure.

A trend is tested on blocks, never on single readings: readings seconds apart are not independent, and a test
that assumes it raises false alarms in 20 to 40 % of healthy windows (simulated; the model is in
docs/explanation/calibration.md). A burst every 15 minutes is a block by itself.
"""

from collections.abc import Sequence

WARM_UP_S = 900.0
BLOCK_S = 900.0
FEWEST_BLOCKS = 4
MOST_BLOCKS = 96
# A window of one hour gets as many blocks as one of two hours, so that a steep leak can show in it.
USUAL_BLOCKS = 7
SLACK = 1e-9

Offsets = tuple[float, ...]


def block_offsets(
    offsets_s: Sequence[float], warm_up_s: float = WARM_UP_S, block_s: float = BLOCK_S
) -> tuple[Offsets, ...]:
    """Return the offsets after the warm-up (seconds), by block. A remainder joins the block before it."""
    counted = [offset_s for offset_s in offsets_s if offset_s >= warm_up_s - SLACK]
    if not counted:
        return ()
    span_s = counted[-1] - warm_up_s
    length_s = max(min(block_s, span_s / USUAL_BLOCKS), span_s / MOST_BLOCKS, SLACK)
    found: dict[int, list[float]] = {}
    for offset_s in counted:
        found.setdefault(int((offset_s - warm_up_s) / length_s + SLACK), []).append(offset_s)
    blocks: list[tuple[int, list[float]]] = []
    for number, offsets in sorted(found.items()):
        before = blocks[-1] if blocks else None
        if before and before[0] == number - 1 and 2 * len(offsets) < len(before[1]):
            before[1].extend(offsets)
        else:
            blocks.append((number, offsets))
    return tuple(tuple(offsets) for _, offsets in blocks)


def counted_h(blocks: Sequence[Offsets]) -> float:
    """Return the hours from the first block's middle to the last one's, over which a rise counts."""
    if not blocks:
        return 0.0
    first, last = ((offsets[0] + offsets[-1]) / 2 for offsets in (blocks[0], blocks[-1]))
    return (last - first) / 3600
