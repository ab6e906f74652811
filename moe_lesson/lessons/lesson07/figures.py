"""Figures of lesson 07: which bytes lie where, who sends whom, who waits, what a step takes."""

import numpy as np

from moe_lesson.study.figures.frame import FONT, SERIES, baseline, finish, our_style
from moe_lesson.study.figures.palette import OUTLINE

KINDS = ("attention, router, norms", "experts", "embedding, output")
HATCHES = ("", "////", "..")


@our_style()
def bytes_by_rank(axes, held):
    """Draw a bar for each rank and way of dividing a model, by kind of weight.

    Args:
        held: way -> a list for each rank: bytes of each of ``KINDS``.

    >>> from moe_lesson.study.figures.frame import new_axes
    >>> held = {"data": [[1e6, 2e6, 1e6]] * 2, "expert": [[1e6, 1e6, 1e6]] * 2}
    >>> bytes_by_rank(new_axes(shown=False), held).get_title("left")
    'Of 4.0 MB on every rank, dividing experts leaves 3.0 MB'

    Lesson 7.
    """
    place, names, ticks = 0.0, list(held), []
    for way in names:
        ranks = np.array(held[way]) / 1e6
        at = place + np.arange(len(ranks))
        bottom = np.zeros(len(ranks))
        for kind, (name, hatch) in enumerate(zip(KINDS, HATCHES)):
            style = {"color": SERIES[kind][0], "hatch": hatch, "edgecolor": OUTLINE}
            label = name if way == names[0] else None
            axes.bar(at, ranks[:, kind], 0.8, bottom, label=label, linewidth=0.6, **style)
            bottom += ranks[:, kind]
        ticks.append(at.mean())
        place = at[-1] + 2
    axes.set_xticks(ticks, names)
    highest = max(np.sum(ranks, axis=1).max() for ranks in held.values()) / 1e6
    axes.set_ylim(0, 1.35 * highest)
    axes.legend(fontsize=FONT - 1, frameon=False, ncols=3, loc="upper right")
    whole, divided = (np.sum(held[way][0]) / 1e6 for way in ("data", "expert"))
    title = f"Of {whole:.1f} MB on every rank, dividing experts leaves {divided:.1f} MB"
    return finish(axes, title, "way of dividing, a bar for each rank", "weights, MB")


@our_style()
def exchange(axes, bytes_WW, unit="kB"):
    """Draw the matrix of who sends how many bytes to whom; what stays at home is hatched.

    Args:
        bytes_WW: in bytes.
        unit: "kB" or "MB".

    >>> from moe_lesson.study.figures.frame import new_axes
    >>> exchange(new_axes(shown=False), np.array([[2e3, 4e3], [0, 2e3]])).get_title("left")
    'Rank 1 gets 6 of 8 kB'

    Lesson 7.
    """
    scale = {"kB": 1e3, "MB": 1e6}[unit]
    shown_WW = np.asarray(bytes_WW) / scale
    ranks = len(shown_WW)
    axes.imshow(shown_WW, cmap="cividis", vmin=0, aspect="auto")
    middle = shown_WW.max() / 2
    for row in range(ranks):
        box = ((row - 0.5, row - 0.5), 1, 1)
        axes.add_patch(_home(*box))
        for column in range(ranks if ranks <= 8 else 0):
            value = shown_WW[row, column]
            shade = "black" if value > middle else "white"
            text = {"ha": "center", "va": "center", "fontsize": FONT - 1, "color": shade}
            axes.text(column, row, f"{value:.3g}", **text)
    step = max(1, ranks // 8)
    axes.set_xticks(range(0, ranks, step))
    axes.set_yticks(range(0, ranks, step))
    got = shown_WW.sum(0)
    title = f"Rank {got.argmax()} gets {got.max():.3g} of {shown_WW.sum():.3g} {unit}"
    return finish(axes, title, "to rank", f"from rank, {unit}")


def _home(corner, width, height):
    """Mark rows that do not travel."""
    from matplotlib.patches import Rectangle

    return Rectangle(corner, width, height, fill=False, hatch="////", edgecolor="#888888")


@our_style()
def waiting(axes, leans, seconds):
    """Draw each rank's time by how much the fullest has over the mean.

    Args:
        leans: the first one even, where all ranks should take as long: their mean is the measure.
        seconds: a list for each rank, a number for each of ``leans``.

    >>> from moe_lesson.study.figures.frame import new_axes
    >>> waiting(new_axes(shown=False), [1, 2], [[0.01, 0.02], [0.01, 0.01]]).get_title("left")
    'At twice the mean load the fullest rank takes 2.00 times as long'

    Lesson 7.
    """
    times = 1e3 * np.asarray(seconds)
    longest, even = times.max(0), times[:, 0].mean()
    for rank, (own, (shade, marker, dashes)) in enumerate(zip(times, SERIES)):
        style = {"color": shade, "marker": marker, "linestyle": dashes, "markersize": 4}
        axes.plot(leans, own, label=f"rank {rank}", linewidth=1.3, **style)
    wanted = even * np.asarray(leans) / leans[0]
    axes.plot(leans, wanted, color="#000000", linestyle=":", label="in proportion to the load")
    axes.set_ylim(0, 1.35 * max(longest.max(), wanted.max()))
    axes.legend(fontsize=FONT - 1, frameon=False, ncols=3, loc="upper left")
    at = int(np.argmin(np.abs(np.asarray(leans) - 2)))
    title = f"At twice the mean load the fullest rank takes {longest[at] / even:.2f} times"
    return finish(axes, f"{title} as long", "load of rank 0 / mean", "processor time, ms")


@our_style()
def remedies(axes, found):
    """Draw for each remedy how full the fullest device is, a mark a layer, a bar their mean.

    Args:
        found: remedy -> max / mean load, a number for each layer.

    >>> from moe_lesson.study.figures.frame import new_axes
    >>> found = {"in order": [1.5, 1.7], "placed": [1.2, 1.0]}
    >>> remedies(new_axes(shown=False), found).get_title("left")
    'The fullest device over the mean: 1.10 (placed), 1.60 (in order)'

    Lesson 7.
    """
    names = list(found)[::-1]
    means = {name: float(np.mean(found[name])) for name in names}
    shade, marker, _ = SERIES[1]
    for line, name in enumerate(names):
        axes.barh(line, means[name], 0.55, color=SERIES[0][0], edgecolor=OUTLINE, linewidth=0.6)
        spots = [line + 0.12 * (at - (len(found[name]) - 1) / 2) for at in range(len(found[name]))]
        axes.scatter(found[name], spots, 26, shade, marker=marker, edgecolors=OUTLINE, zorder=4)
        most = max(*found[name], means[name])
        text = {"fontsize": FONT - 1, "va": "center", "textcoords": "offset points"}
        axes.annotate(f"{means[name]:.2f}", (most, line), (8, 0), **text)
    axes.set_ylim(-0.5, len(names) + 0.1)  # room for the name of the dotted line
    baseline(axes, 1, "even", vertical=True)
    axes.set_yticks(range(len(names)), names)
    axes.set_xlim(0, 1.15 * max(max(each) for each in found.values()))
    best, first = min(means, key=means.get), names[-1]
    title = f"The fullest device over the mean: {means[best]:.2f} ({best}),"
    return finish(axes, f"{title} {means[first]:.2f} ({first})", "max / mean load", "")


@our_style()
def lines(axes, title, across, up, by_name):
    """Draw named curves on logarithmic axes.

    Args:
        title: with the finding's number.
        across, up: what the axes show, with their units.
        by_name: name -> (places, values).

    >>> from moe_lesson.study.figures.frame import new_axes
    >>> curves = {"direct": ([8, 64], [1.0, 4.0])}
    >>> lines(new_axes(shown=False), "4 times", "devices", "ms", curves).get_title("left")
    '4 times'

    Lesson 7.
    """
    from matplotlib.ticker import LogLocator

    for (name, (places, values)), (shade, marker, dashes) in zip(by_name.items(), SERIES):
        style = {"color": shade, "marker": marker, "linestyle": dashes, "markersize": 4}
        axes.plot(places, values, label=name, linewidth=1.5, **style)
    axes.set_xscale("log", base=2)
    axes.set_yscale("log")
    shown = sorted({each for places, _ in by_name.values() for each in places})
    axes.set_xticks(shown, [f"{each:,}" for each in shown])
    axes.yaxis.set_minor_locator(LogLocator(subs=[3]))
    axes.yaxis.set_major_formatter("{x:g}")
    axes.yaxis.set_minor_formatter("{x:g}")
    axes.tick_params(axis="y", which="minor", labelsize=FONT - 1)
    low, high = axes.get_ylim()
    axes.set_ylim(low, high * (high / low) ** 0.35)  # room for the legend
    axes.legend(fontsize=FONT - 1, frameon=False, loc="best")
    return finish(axes, title, across, up)


@our_style()
def parts(axes, steps):
    """Draw what a step is made of, a bar for each number of devices.

    Args:
        steps: devices -> a ``cost_model.Step``.

    >>> from moe_lesson.lessons.lesson07.cost_model import Step
    >>> from moe_lesson.study.figures.frame import new_axes
    >>> steps = {8: Step(2e-3, 0.0, 2e-3), 64: Step(2e-3, 1e-3, 3e-3)}
    >>> parts(new_axes(shown=False), steps).get_title("left")
    'On 64 devices 33 % of the time is computing for an even load'

    Lesson 7.
    """
    kinds = (("even", "even load", ""), ("waiting", "waiting for the fullest", "////"))
    kinds += (("exchange", "exchanges", ".."),)
    bottom, at = np.zeros(len(steps)), range(len(steps))
    for (field, name, hatch), (shade, *_) in zip(kinds, SERIES):
        values = np.array([1e3 * getattr(step, field) for step in steps.values()])
        style = {"color": shade, "hatch": hatch, "edgecolor": OUTLINE, "linewidth": 0.6}
        axes.bar(at, values, 0.7, bottom, label=name, **style)
        bottom += values
    axes.set_xticks(at, [f"{devices:,}" for devices in steps])
    axes.set_ylim(0, 1.3 * bottom.max())
    axes.legend(fontsize=FONT - 1, frameon=False, ncols=3, loc="upper left")
    most = max(steps)
    share = steps[most].even / steps[most].total
    title = f"On {most:,} devices {share:.0%}".replace("%", " %")
    title += " of the time is computing for an even load"
    return finish(axes, title, "devices", "ms a layer, forward")
