"""Draw the README's figure from what lesson 00 computes: data/figures/readme.png.

    python tools/readme_figure.py

Above, two experts split the V of lesson 00, by the lesson's own cells; below, the router of the
small Mixtral that comes with the course.
"""

import contextlib
import io
import os
from itertools import islice
from pathlib import Path

import nbformat
import torch

from moe_lesson.checkpoints.shipped import shipped
from moe_lesson.study.figures.frame import new_axes, png, stacked
from moe_lesson.study.figures.routing import mixture_split, routing_strip
from moe_lesson.study.trace import trace_text

ROOT = Path(__file__).resolve().parent.parent
CELLS = "title-setup toy-data ten-lines ten-result".split()
TEXT = "One day, the baker found a key. Un jour, la boulangère trouva une clé."


def lesson():
    """Run the cells of lesson 00 that the figure needs, and return their names."""
    notebook = nbformat.read(ROOT / "notebooks" / "00_start_here.ipynb", as_version=4)
    cells, names = {cell.id: cell.source for cell in notebook.cells}, {}
    with contextlib.redirect_stdout(io.StringIO()):
        for name in CELLS:
            exec(cells[name], names)
    return names


def split_film(names):
    """Draw three moments of the mixture side by side."""
    film = list(islice(names["mixture"](torch.Generator().manual_seed(0)), 401))
    grid = new_axes(3, height=2.1, shown=False)
    for axes, step in zip(grid, (0, 20, 400)):
        guess_TE, _, share_TE = film[step]
        y_T, line_T = names["y_T"], names["line_T"]
        mixture_split(axes, names["x_T"], y_T, guess_TE, share_TE, line_T)
        error = names["error_of"](guess_TE, share_TE)
        axes.set_title(f"Step {step}: error {error:.2f}", fontsize=10, loc="left")
    return png(grid[0].figure)


def main():
    """Write the figure and report its size."""
    os.environ["MOE_STATIC"] = "1"
    os.environ.pop("MOE_PRESET", None)
    names = lesson()
    read = trace_text(*shipped("small")[:2], TEXT)
    shown = min(30, len(read.tokens))
    axes = new_axes(height=2.6, shown=False)
    routing_strip(axes, read.tokens[:shown], read.expert_LTK[:, :shown, 0])
    picture = stacked([split_film(names), png(axes.figure)])
    path = ROOT / "data" / "figures" / "readme.png"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(picture)
    print(f"{path.relative_to(ROOT)}: {len(picture) / 1000:.0f} kB")


if __name__ == "__main__":
    main()
