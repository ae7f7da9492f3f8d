"""Draws utilization over time as a Mermaid xychart. Pure.

xychart-beta has no gaps, so only samples with readings are drawn; the caller names the others.
"""

import json
import math
from collections.abc import Mapping, Sequence

from deploy_verdict.evidence.pools.pool_samples import PoolSample
from deploy_verdict.markup.markdown import Safe, label
from deploy_verdict.markup.tables import kept
from deploy_verdict.plan import Pool

MAX_POINTS = 60
# A colour for each series, for GitHub's light and dark pages; Mermaid's own first colour is too pale on
# white.
COLOURS = {"peak": "#54aeff", "mean": "#8250df", "attention": "#bf8700", "critical": "#cf222e"}


def chart(pool: Pool, samples: Sequence[PoolSample]) -> Safe | None:
    """Draw peak, mean, and the limits for attention and critical; None with fewer than two points."""
    good = [sample for sample in samples if sample.levels]
    if len(good) < 2:
        return None
    worst = sorted(range(len(good)), key=lambda index: -good[index].peak_percent)[:5]
    shown = [good[index] for index in kept(len(good), worst, MAX_POINTS)]
    top = max(100, math.ceil(max(sample.peak_percent for sample in shown) / 10) * 10)
    series = (
        [sample.peak_percent for sample in shown],
        [sample.mean_percent for sample in shown],
        [pool.attention] * len(shown),
        [pool.critical] * len(shown),
    )
    return percents(
        f"{pool.title or pool.name} utilization in %",
        [sample.offset_s for sample in shown],
        dict(zip(COLOURS.values(), series, strict=True)),
        top,
    )


def percents(
    title: str, offsets_s: Sequence[float], series: Mapping[str, Sequence[float]], top: float = 100
) -> Safe:
    """Draw a line for each colour, over minutes after T0."""
    axis = ", ".join(f'"{round(offset_s / 60, 1):g}"' for offset_s in offsets_s)
    theme = {"themeVariables": {"xyChart": {"plotColorPalette": ", ".join(series)}}}
    lines = [
        f"%%{{init: {json.dumps(theme)}}}%%",
        "xychart-beta",
        f'    title "{label(title)}"',
        f'    x-axis "minutes after T0" [{axis}]',
        f'    y-axis "utilization %" 0 --> {top}',
        *(f"    line [{', '.join(f'{value:.1f}' for value in values)}]" for values in series.values()),
    ]
    return Safe("```mermaid\n" + "\n".join(lines) + "\n```")
