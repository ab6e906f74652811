"""Figures of lesson 03: a chance checked by counting, capacity bought, words and experts."""

import numpy as np

from moe_lesson.study.figures.frame import FONT, SERIES, baseline, finish, our_style
from moe_lesson.study.figures.palette import MUTED, OUTLINE


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
def by_experts(axes, found):
    """Draw perplexity against the number of experts, every seed included.

    Args:
        found: name -> {number of experts: ratios to the perplexity of the dense control}.

    >>> from moe_lesson.study.figures.frame import new_axes
    >>> found = {"ours": {4: [1.0], 32: [0.5, 0.7]}, "paper": {4: [1.0], 256: [0.79]}}
    >>> by_experts(new_axes(shown=False), found).get_title("left")
    'Lowest: ours 0.60 at 32 experts (2 runs), paper 0.79 at 256 (1 run)'

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
        best = int(np.argmin(means))
        runs = len(ratios[numbers[best]])
        word = " experts" if not ends else ""
        count = f"({runs} run{'s' if runs > 1 else ''})"
        ends.append(f"{name} {means[best]:.2f} at {numbers[best]}{word} {count}")
    baseline(axes, 1, "dense control")
    axes.set_xscale("log", base=2)
    every = sorted({number for ratios in found.values() for number in ratios})
    axes.set_xticks(every, [str(number) for number in every])
    axes.legend(fontsize=FONT - 1, frameon=False, loc="lower left")
    title = f"Lowest: {', '.join(ends)}"
    return finish(axes, title, "experts (logarithmic)", "perplexity / that of 4 of 4")


@our_style()
def lit_by_rank(axes, tops):
    """Draw, expert by expert, the largest mean weight that a word gives it.

    Args:
        tops: name -> that weight for each expert, in any order.

    >>> from moe_lesson.study.figures.frame import new_axes
    >>> tops = {"trained": [0.2, 0.6, 0.4], "shuffled": [0.1, 0.1, 0.1]}
    >>> lit_by_rank(new_axes(shown=False), tops).get_title("left")
    'The middle expert, by its best word: trained 0.40, shuffled 0.10'

    Lesson 3.
    """
    for (name, top), (shade, marker, dash) in zip(tops.items(), SERIES):
        ranked = np.sort(top)[::-1]
        options = {"marker": marker, "markersize": 4, "linestyle": dash, "linewidth": 1.5}
        axes.plot(np.arange(1, len(ranked) + 1), ranked, color=shade, label=name, **options)
    axes.set_ylim(0, 1.05)
    axes.legend(fontsize=FONT - 1, frameon=False, ncols=len(tops), loc="upper right")
    middles = ", ".join(f"{name} {np.median(top):.2f}" for name, top in tops.items())
    title = f"The middle expert, by its best word: {middles}"
    return finish(axes, title, "expert, ranked", "mean weight of its best word")
