"""Figures of lesson 03: chances checked by counting, bits stored, perplexity, words of experts."""

import numpy as np
from matplotlib.ticker import LogLocator, NullLocator

from moe_lesson.study.figures.frame import FONT, READABLE, SERIES, baseline, finish, our_style
from moe_lesson.study.figures.palette import MUTED, OUTLINE

PT = "offset points"


@our_style()
def chance_check(axes, chance, counted, draws):
    """Place computed chances of being chosen against counted frequencies.

    Args:
        chance: computed, 0 to 1, one per (token, expert).
        counted: how often it happened, as a share of ``draws``.

    >>> from moe_lesson.study.figures.frame import new_axes
    >>> chance_check(new_axes(shown=False), [0.2, 0.5], [0.2, 0.9], 100).get_title("left")
    '50 % of 2 chances within two standard errors of 100 draws: gaps to 0.400'

    Lesson 3.
    """
    chance, counted = np.ravel(chance), np.ravel(counted)
    at = np.linspace(0, 1, 101)
    error = 2 * np.sqrt(at * (1 - at) / draws)
    axes.fill_between(at, -error, error, color=MUTED, alpha=0.3, linewidth=0)
    gap = counted - chance
    axes.scatter(chance, gap, 8, SERIES[0][0], linewidths=0, antialiased=False, zorder=3)
    baseline(axes, 0, "no gap")
    # A chance of exactly 0 or 1 has no error; rounding may leave a hair.
    inside = np.abs(gap) <= 2 * np.sqrt(chance * (1 - chance) / draws) + 1e-9
    axes.set_xlim(-0.02, 1.1)
    most = max(1.2 * np.abs(gap).max(), 1.3 * error.max())
    axes.set_ylim(-most, most)
    title = f"{100 * inside.mean():.0f} % of {gap.size:,} chances within two standard errors of "
    title += f"{draws:,} draws: gaps to {np.abs(gap).max():.3f}"
    return finish(axes, title, "computed chance (0 to 1)", "counted share - chance")


@our_style()
def stored_bits(grid, runs):
    """Draw what layers remember against what they hold, and against what an input costs.

    Args:
        grid: two axes, side by side.
        runs: a list of ``storage.Stored``: sparse layers of several sizes, dense ones beside.

    Returns:
        The two axes.

    >>> from moe_lesson.lessons.lesson03.storage import Stored
    >>> from moe_lesson.study.figures.frame import new_axes
    >>> few, many = (Stored(n, 2, 16, 9, 0, 700 * n, 300 + n, 0.5, 500.0 * n) for n in (4, 64))
    >>> held, cost = stored_bits(new_axes(columns=2, shown=False), [few, many])
    >>> held.get_title("left").split(chr(10))
    ['4 to 64 experts: 16.0 x', 'parameters, 16.0 x bits']

    Lesson 3.
    """
    held, cost = grid
    kinds = _by_size(runs)
    for axes, name in ((held, "parameters"), (cost, "operations")):
        _scatter_kinds(axes, kinds, name)
    ends = np.array([min(run.parameters for run in runs), max(run.parameters for run in runs)])
    held.plot(ends, ends, color=MUTED, linestyle=":", linewidth=1.4, zorder=1)
    place = {"fontsize": FONT - 1.5, "color": "#555555", "ha": "right", "textcoords": PT}
    held.annotate("1 bit a parameter", (ends[1], ends[1]), (-8, -2), **place)
    cost.set_ylim(held.get_ylim())
    few, many = (size[0] for size in (kinds["sparse"][0], kinds["sparse"][-1]))
    bits = [np.mean([run.bits for run in size]) for size in kinds["sparse"]]
    title = f"{few.num_experts} to {many.num_experts} experts: "
    more = many.parameters / few.parameters, bits[-1] / bits[0]
    title += "{:.1f} x parameters, {:.1f} x bits".format(*more)
    finish(held, title, "total parameters", "bits stored")
    title = f"... at {many.operations / few.operations:.1f} x operations"
    return held, finish(cost, title, "operations an input (multiply-adds)", "bits stored")


def _by_size(runs):
    """Return kind -> runs of one size together, smallest first."""
    kinds = {"sparse": {}, "dense": {}}
    for run in sorted(runs, key=lambda run: run.parameters):
        kind = kinds["sparse" if run.num_experts > 1 else "dense"]
        kind.setdefault(run.parameters, []).append(run)
    return {name: list(sizes.values()) for name, sizes in kinds.items()}


def _scatter_kinds(axes, kinds, name):
    """Draw every seed as a mark, means as a line, the size beside it."""
    width = min(size[0].hidden_dim for size in kinds["sparse"])
    for (kind, sizes), (shade, marker, dash) in zip(kinds.items(), SERIES):
        at = [getattr(size[0], name) for size in sizes]
        axes.plot(at, [np.mean([run.bits for run in size]) for size in sizes], dash, color=shade)
        for place, size in zip(at, sizes):
            bits, one = [run.bits for run in size], size[0]
            style = {"edgecolors": OUTLINE, "linewidths": 0.6, "zorder": 4}
            axes.scatter([place] * len(bits), bits, 30, shade, marker=marker, **style)
            said = f"{one.num_experts} experts"
            if kind == "dense":
                said = f"dense, as {one.hidden_dim // width}"
            text = {"fontsize": FONT - 1, "color": shade, "va": "center", "zorder": 6}
            left = kind == "sparse" and name == "parameters"  # dense ones lie on the right there
            text |= (
                {"ha": "right", "xytext": (-8, 1)} if left else {"ha": "left", "xytext": (8, -4)}
            )
            spot = place, np.mean(bits)
            axes.annotate(said, spot, textcoords=PT, path_effects=READABLE, **text)
    axes.set_xscale("log")
    axes.set_yscale("log")
    for axis, steps in ((axes.xaxis, (2,)), (axes.yaxis, (1, 3))):
        axis.set_minor_locator(NullLocator())
        axis.set_major_locator(LogLocator(subs=steps))
        axis.set_major_formatter("{x:,.0f}")
    low, high = axes.get_xlim()
    room = (high / low) ** 0.3
    axes.set_xlim(low / room, high * room)  # for names on both sides


@our_style()
def by_experts(axes, found):
    """Draw perplexity against the number of experts, every seed included.

    Args:
        found: name -> {number of experts: ratios to the perplexity of the dense control}; the
            title speaks of the first.

    >>> from moe_lesson.study.figures.frame import new_axes
    >>> found = {"ours": {4: [1.0], 32: [0.5, 0.7]}, "paper": {4: [1.0], 256: [0.79]}}
    >>> by_experts(new_axes(shown=False), found).get_title("left")
    'Perplexity is lowest at 32 experts (ours: 0.60 of the dense control)'

    Lesson 3.
    """
    ends = []
    for (name, ratios), (shade, marker, dash) in zip(found.items(), SERIES):
        numbers = sorted(ratios)
        means = [np.mean(ratios[number]) for number in numbers]
        axes.plot(numbers, means, color=shade, linestyle=dash, linewidth=1.5, zorder=2)
        for number in numbers:
            low_high = [min(ratios[number]), max(ratios[number])]
            axes.plot([number, number], low_high, color=shade, linewidth=3, alpha=0.45)
        style = {"marker": marker, "edgecolors": OUTLINE, "linewidths": 0.6, "zorder": 4}
        axes.scatter(numbers, means, 30, shade, label=name, **style)
        ends.append((name, min(means), numbers[int(np.argmin(means))]))
    baseline(axes, 1, "dense control")
    axes.set_xscale("log", base=2)
    every = sorted({number for ratios in found.values() for number in ratios})
    axes.set_xticks(every, [str(number) for number in every])
    axes.legend(fontsize=FONT - 1, frameon=False, loc="lower left")
    name, lowest, number = ends[0]
    title = f"Perplexity is lowest at {number} experts ({name}: {lowest:.2f} of the dense control)"
    return finish(axes, title, "experts (logarithmic)", "perplexity / that of 4 of 4")


@our_style()
def lit_by_rank(axes, tops):
    """Draw, expert by expert, the largest mean weight that a word gives it.

    Args:
        tops: name -> that weight for each expert, in any order; the title compares the first
            with the last, and with those between.

    >>> from moe_lesson.study.figures.frame import new_axes
    >>> tops = {"trained": [0.2, 0.6, 0.4], "shuffled": [0.1, 0.1, 0.1]}
    >>> lit_by_rank(new_axes(shown=False), tops).get_title("left")
    'Middle expert: 0.40 trained, 0.10 shuffled'

    Lesson 3.
    """
    for (name, top), (shade, marker, dash) in zip(tops.items(), SERIES):
        ranked = np.sort(top)[::-1]
        options = {"marker": marker, "markersize": 4, "linestyle": dash, "linewidth": 1.5}
        axes.plot(np.arange(1, len(ranked) + 1), ranked, color=shade, label=name, **options)
    axes.set_ylim(0, 1.05)
    axes.legend(fontsize=FONT - 1, frameon=False, ncols=len(tops), loc="upper right")
    (first, top), *others, (last, bottom) = [(name, np.median(top)) for name, top in tops.items()]
    title = f"Middle expert: {top:.2f} {first}, "
    if others:
        between = [middle for _, middle in others]
        title += f"{min(between):.2f} to {max(between):.2f} others, "
    title += f"{bottom:.2f} {last}"
    return finish(axes, title, "expert, ranked", "mean weight of its best word")
