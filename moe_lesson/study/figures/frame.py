"""What all figures share: size, type, titles that fit, labels that do not overlap."""

import base64
import html
import io
import textwrap
import warnings
from contextlib import contextmanager

import matplotlib.patheffects as effects
import numpy as np
from matplotlib import pyplot as plt
from matplotlib import rc_context, rcParams, rcParamsDefault
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from PIL import Image

from moe_lesson.study.figures.palette import MUTED, OUTLINE, colour, ink

WIDTH, DPI = 6.4, 110
FONT = 9
# Lines that are not experts: darkest first, each with a marker of its own.
SERIES = (
    ("#0072B2", "o", "-"),
    ("#D55E00", "s", "--"),
    ("#009E73", "^", "-."),
    ("#CC79A7", "D", (0, (4, 1, 1, 1, 1, 1))),
    ("#000000", "v", (0, (6, 2))),
)
OUTLINED = [effects.Stroke(linewidth=3, foreground=OUTLINE), effects.Normal()]
READABLE = [effects.Stroke(linewidth=2, foreground="white"), effects.Normal()]
# Settings of the reader's machine, not of a picture: these stay the reader's.
MACHINE = ("backend", "date.", "docstring", "interactive", "savefig.directory", "timezone", "tk.")
MACHINE += ("figure.max_open_warning", "figure.raise_window", "toolbar", "webagg")
STYLE = {name: value for name, value in rcParamsDefault.items() if not name.startswith(MACHINE)}


@contextmanager
def our_style():
    """Draw with matplotlib's own defaults within the block, whatever the reader's style is.

    A reader's matplotlibrc, a dark style or ``text.usetex`` would put black lines on black, or
    stop for want of LaTeX. The reader's settings are the same again after the block. As a
    decorator it does so for a whole function: every figure wears it.

    >>> with rc_context({"lines.linewidth": 9.0}):
    ...     with our_style():
    ...         plt.rcParams["lines.linewidth"]
    1.5

    Lesson 0.
    """
    if STYLE.items() <= dict.items(rcParams):  # figures call figures: changed once
        yield
        return
    with rc_context(STYLE):
        yield


def _figure(shown, **options):
    """Make a figure; where the reader's backend cannot be loaded, one that is not shown."""
    if not shown:
        return Figure(**options)
    try:
        figure = plt.figure(**options)
    except ImportError as error:
        hint = "figures are drawn, not shown; '%matplotlib inline' shows them"
        warnings.warn(f"{error}: {hint}", stacklevel=4)
        return Figure(**options)
    # It is shown when the cell ends, by a canvas that knows nothing of our style.
    figure.canvas.print_figure = our_style()(figure.canvas.print_figure)
    figure._ipython_display_ = lambda: _display(figure)
    return figure


def _display(figure):
    """Show a figure in a notebook as HTML: JupyterLab reads no other form's alternative text."""
    from IPython.core.pylabtools import print_figure
    from IPython.display import display

    shown = picture_html(print_figure(figure, "png"), described(figure))
    display({"text/html": shown, "text/plain": repr(figure)}, raw=True)


@our_style()
def new_axes(columns=1, rows=1, height=2.8, shown=True):
    """Make a figure in the size of all lessons: 6.4 in wide, 110 dots an inch.

    Args:
        height: of the whole figure, in inches.
        shown: whether a notebook shows it at the end of the cell; a widget shows its own.

    Returns:
        One Axes, or an array of them if there are several.

    >>> new_axes(columns=2, shown=False).shape
    (2,)

    Lesson 0.
    """
    options = {"figsize": (WIDTH, height), "dpi": DPI, "layout": "constrained"}
    figure = _figure(shown, **options)
    grid = figure.subplots(rows, columns)
    for axes in np.ravel(grid):
        axes.tick_params(labelsize=FONT - 1, length=3)
        axes.spines[["top", "right"]].set_visible(False)
    return grid


@our_style()
def png(figure):
    """Draw a figure into the bytes of a PNG.

    Margins are worked out the first time only: a widget that draws again is in a hurry.

    >>> png(new_axes(shown=False).figure)[1:4]
    b'PNG'

    Lesson 0.
    """
    canvas, buffer = FigureCanvasAgg(figure), io.BytesIO()
    canvas.draw()
    figure.set_layout_engine("none")
    Image.fromarray(np.asarray(canvas.buffer_rgba())[..., :3]).save(buffer, format="png")
    return buffer.getvalue()


def stacked(pictures):
    """Put pictures one below the other, with at most 64 colours so that they stay small.

    Returns:
        The bytes of one PNG, as wide as the widest picture.

    >>> one = png(new_axes(shown=False).figure)
    >>> Image.open(io.BytesIO(stacked([one, one]))).size
    (704, 616)

    Lesson 0.
    """
    parts = [Image.open(io.BytesIO(picture)).convert("RGB") for picture in pictures]
    size = max(part.width for part in parts), sum(part.height for part in parts)
    strip, top = Image.new("RGB", size, "white"), 0
    for part in parts:
        strip.paste(part, (0, top))
        top += part.height
    buffer = io.BytesIO()
    # The commonest 64 as they are: averages of similar ones would repaint small marks.
    pixels = np.asarray(strip).astype(int) @ (65536, 256, 1)
    seen, place, count = np.unique(pixels, return_inverse=True, return_counts=True)
    red_green_blue = np.stack([seen >> 16, seen >> 8 & 255, seen & 255], axis=1)
    common = red_green_blue[np.sort(np.argsort(-count, kind="stable")[:64])]
    nearest = ((red_green_blue[:, None] - common) ** 2).sum(-1).argmin(-1)
    few = Image.fromarray(nearest[place].reshape(pixels.shape).astype(np.uint8))
    few.putpalette(common.astype(np.uint8).tobytes())
    few.save(buffer, format="png", optimize=True)
    return buffer.getvalue()


def picture_html(picture, alt):
    """Write a PNG, in at most 64 colours, as HTML with alternative text.

    >>> picture_html(png(new_axes(shown=False).figure), "nothing < yet")[:58]
    '<img alt="nothing &lt; yet" style="max-width: 100%" width='

    Lesson 0.
    """
    small = stacked([picture])
    wide, data = Image.open(io.BytesIO(small)).width, base64.b64encode(small).decode()
    start = f'<img alt="{html.escape(alt)}" style="max-width: 100%" width="{wide}"'
    return f'{start} src="data:image/png;base64,{data}">'


def described(figure):
    """Say in words what a figure shows: the title of each of its axes, and what these measure.

    A saved notebook has the caption below the figure in its place ("make notebooks").

    >>> described(finish(new_axes(shown=False), "Loss falls to 0.1", "step", "bits").figure)
    'Loss falls to 0.1. Across: step; up: bits.'

    Lesson 0.
    """
    said = []
    for axes in figure.axes:
        title = " ".join(axes.get_title("left").split())
        names = {"Across": axes.get_xlabel(), "up": axes.get_ylabel()}
        names = "; ".join(f"{where}: {name}" for where, name in names.items() if name)
        said += [f"{part}." for part in (title, names) if part]
    return " ".join(said) or "A figure without a title."


@our_style()
def finish(axes, title, across, up):
    """Write title and axis names; the title breaks where the axes end.

    >>> finish(new_axes(shown=False), "one line", "step", "share").get_xlabel()
    'step'

    Lesson 0.
    """
    inches = axes.figure.get_figwidth() / axes.get_subplotspec().get_gridspec().ncols
    axes.set_title(textwrap.fill(title, int((inches - 0.8) * 14)), fontsize=FONT + 0.5, loc="left")
    axes.set_xlabel(across, fontsize=FONT)
    axes.set_ylabel(up, fontsize=FONT)
    return axes


@our_style()
def baseline(axes, level, name="", vertical=False):
    """Draw the dotted line that a finding is measured against, with its name if it has one.

    >>> len(baseline(new_axes(shown=False), 0.125, "even").texts)
    1

    Lesson 0.
    """
    line = axes.axvline if vertical else axes.axhline
    line(level, color=MUTED, linestyle=":", linewidth=1.4, zorder=1)
    if not name:
        return axes
    place, across, corner = ((1, level), ("axes fraction", "data"), ("right", "bottom"))
    if vertical:
        place, across, corner = ((level, 1), ("data", "axes fraction"), ("left", "top"))
    style = {"fontsize": FONT - 1.5, "color": "#555555", "ha": corner[0], "va": corner[1]}
    axes.annotate(
        name, place, (3, -2) if vertical else (-2, 2), across, textcoords="offset points", **style
    )
    return axes


@our_style()
def digit(axes, x, y, expert, **place):
    """Print an expert's number on its colour, inside a dark outline.

    >>> digit(new_axes(shown=False), 0.5, 0.5, 3).get_text()
    '3'

    Lesson 0.
    """
    box = {"boxstyle": "round,pad=0.18", "facecolor": colour(expert), "edgecolor": OUTLINE}
    style = {"ha": "center", "va": "center", "fontsize": FONT - 1.5, "color": ink(expert)}
    return axes.text(x, y, str(expert), bbox=box | {"linewidth": 0.8}, **(style | place))


def apart(levels, gap):
    """Move levels so that neighbours are at least ``gap`` apart, as little as needed.

    Returns:
        The new levels in the given order; their mean does not change.

    >>> [float(x) for x in apart([1.0, 1.0, 5.0], gap=1.0)]
    [0.5, 1.5, 5.0]

    Lesson 9.
    """
    order = np.argsort(levels, kind="stable")
    groups = [[float(levels[at]), 1] for at in order]  # centre and size of each cluster
    at = 1
    while at < len(groups):
        (below, few), (above, many) = groups[at - 1], groups[at]
        if above - below >= gap * (few + many) / 2:
            at += 1
            continue
        groups[at - 1 : at + 1] = [[(below * few + above * many) / (few + many), few + many]]
        at = max(at - 1, 1)
    placed = np.empty(len(levels))
    placed[order] = [
        centre + gap * (place - (size - 1) / 2) for centre, size in groups for place in range(size)
    ]
    return placed


def beside(axes, levels, share):
    """Find heights for names right of the axes: those of their lines, within the axes, apart.

    Args:
        levels: where the lines end.
        share: of the axes' height for one name, per inch of that height.

    >>> [float(x) for x in beside(new_axes(shown=False), [0.5, 9.0], 0.1)]
    [0.5, 1.0]

    Lesson 9.
    """
    scale = axes.yaxis.get_transform()
    low, high = scale.transform(axes.get_ylim())
    inches = 0.7 * axes.figure.get_figheight() / axes.get_subplotspec().get_gridspec().nrows
    heights = np.clip(scale.transform(levels), low, high)
    return scale.inverted().transform(apart(heights, (high - low) * share / inches))


@our_style()
def cleared(drawn):
    """Empty axes for the next drawing of a widget; the type keeps its size.

    >>> from moe_lesson.study.figures.frame import new_axes
    >>> len(cleared(new_axes(shown=False)).lines)
    0

    Lesson 10.
    """
    drawn.clear()
    drawn.tick_params(labelsize=FONT - 1, length=3)
    return drawn


@our_style()
def dot_rows(axes, found, marked=()):
    """Draw a row of dots for each name, one a seed, with a bar at their mean.

    Args:
        found: name -> a number for each seed.
        marked: names in the second colour.

    >>> axes = dot_rows(new_axes(shown=False), {"a": [1.0, 2.0], "b": [2.0]}, marked=("b",))
    >>> [label.get_text() for label in axes.get_yticklabels()]
    ['a', 'b']

    Lesson 4.
    """
    bar = {"linewidth": 0, "marker": "|", "markersize": 11, "markeredgewidth": 1.6}
    for row, (name, runs) in enumerate(found.items()):
        shade = SERIES[1 if name in marked else 0][0]
        axes.plot([np.mean(runs)], [row], color=shade, **bar)
        axes.scatter(runs, np.full(len(runs), row), 20, shade, linewidths=0, alpha=0.75, zorder=3)
    axes.set_yticks(range(len(found)), list(found), fontsize=FONT - 1)
    axes.set_ylim(len(found) - 0.4, -0.6)
    return axes
