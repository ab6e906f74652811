"""Parts of figures: lines with their names at the right ends."""

from moe_lesson.study.figures.frame import FONT, SERIES, beside, our_style


@our_style()
def names_right(axes, levels, names):
    """Write the names of lines right of the axes, apart, each in its line's colour.

    Args:
        levels: where the lines end.

    >>> from moe_lesson.study.figures.frame import new_axes
    >>> axes = new_axes(shown=False)
    >>> names_right(axes, [0.25, 0.75], ["dense", "sparse"])
    >>> [text.get_text() for text in axes.texts]
    ['dense', 'sparse']

    Lesson 11.
    """
    for level, name, (shade, _, _) in zip(beside(axes, levels, 0.2), names, SERIES):
        style = {"fontsize": FONT - 1, "color": shade, "va": "center", "annotation_clip": False}
        axes.annotate(name, (1.02, level), xycoords=("axes fraction", "data"), **style)


@our_style()
def named_lines(axes, across, found):
    """Draw a line for each name, with at most some nine markers, and write the names beside.

    Set the limits and the scale upwards first: names stand apart within them.

    Args:
        across: what all lines share.
        found: name -> values.

    >>> from moe_lesson.study.figures.frame import new_axes
    >>> axes = new_axes(shown=False)
    >>> named_lines(axes, [1, 2], {"dense": [0.5, 0.25], "sparse": [0.75, 1.0]})
    >>> len(axes.lines), len(axes.texts)
    (2, 2)

    Lesson 13.
    """
    every = max(1, len(across) // 9)
    for values, (shade, marker, dash) in zip(found.values(), SERIES):
        style = {"color": shade, "marker": marker, "linestyle": dash, "markevery": every}
        axes.plot(across, values, markersize=4, linewidth=1.5, **style)
    names_right(axes, [values[-1] for values in found.values()], found)
