"""W16, the tile map: block size, skew and experts against padding, tiles and waves."""

import ipywidgets
import numpy as np

from moe_lesson.lessons.lesson06 import figures
from moe_lesson.study.figures.frame import cleared, new_axes, png
from moe_lesson.study.widgets.explorer import CALM, Explorer
from moe_lesson.study.widgets.view import View

ROWS = 2048  # sent in all: 1,024 tokens, two visits each
STATES = {
    "Even": {"block": 128, "skew": 0.0, "experts": 8},
    "Skewed": {"block": 128, "skew": 2.0, "experts": 8},
    "Many experts": {"block": 128, "skew": 0.0, "experts": 64},
    "Small blocks": {"block": 16, "skew": 2.0, "experts": 64},
}
QUESTION = (
    "2,048 rows and blocks of 128. Does skew waste more rows, or do more experts? What do "
    "smaller blocks cost?"
)


def shares(experts, skew):
    """Divide the rows: the expert of rank r gets a share in proportion to (r + 1) ** -skew.

    Returns:
        Whole numbers that sum to ROWS.

    >>> shares(4, 0.0).tolist(), int(shares(4, 2.0).sum())
    ([512, 512, 512, 512], 2048)

    Lesson 6.
    """
    weight = np.arange(1, experts + 1, dtype=float) ** -skew
    ends = np.rint(ROWS * weight.cumsum() / weight.sum()).astype(int)
    return np.diff(ends, prepend=0)


def tile_panel():
    """Turn block size, skew, experts and processors, and see tiles, waves and padding.

    >>> tile_panel().sentence.split(":")[0]
    '2,048 rows, 8 experts, blocks of 128, 16 processors'

    Lesson 6.
    """
    axes = new_axes(height=2.8, shown=False)

    def view(block, skew, experts, processors):
        counts = shares(experts, skew)
        figures.tiles(cleared(axes), counts.tolist(), block, processors)
        return View(png(axes.figure), _sentence(counts, block, processors))

    def choice(name, options, value):
        return ipywidgets.SelectionSlider(options=options, value=value, description=name, **CALM)

    controls = {
        "block": choice("Block", [16, 32, 64, 128, 256], 128),
        "skew": choice("Skew", [0.0, 0.5, 1.0, 1.5, 2.0], 1.0),
        "experts": choice("Experts", [2, 4, 8, 16, 32, 64], 8),
        "processors": choice("Processors", [8, 16, 64, 132], 16),
    }
    return Explorer(view, controls, STATES, QUESTION)


def _sentence(counts, block, processors):
    tiles = int((-(-counts // block)).sum())
    rows, waves = tiles * block, -(-tiles // processors)
    idle = waves * processors - tiles
    lasts = f"{waves} wave{'s' * (waves > 1)}, {idle} place{'s' * (idle != 1)} idle in the last"
    busiest = len(counts) * int(counts.max())
    return (
        f"{ROWS:,} rows, {len(counts)} experts, blocks of {block}, {processors} processors: "
        f"{tiles} tiles in {lasts}; padding to blocks adds {rows / ROWS - 1:.1%} of the rows, "
        f"to the busiest {busiest / ROWS - 1:.0%}."
    ).replace("%", " %")
