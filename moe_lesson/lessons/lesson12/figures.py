"""Figures of a measurement: scores with intervals, keys far back, leanings, passes, ratings."""

import numpy as np

from moe_lesson.study.figures.frame import FONT, SERIES, baseline, finish, our_style
from moe_lesson.study.figures.palette import MUTED, OUTLINE

LONGEST = 75  # characters of a title in one line


def _legend(axes):
    """Name the series right of the axes."""
    axes.legend(fontsize=FONT - 1, frameon=False, loc="upper left", bbox_to_anchor=(1, 1))


@our_style()
def scoreboard(axes, found, chances):
    """Draw each test's score by model, with 95 % intervals and the test's own chance.

    Args:
        found: model -> {test: (score, half width of its interval)}, shares.
        chances: test -> what a guess scores.

    >>> from moe_lesson.study.figures.frame import new_axes
    >>> both = {"a": {"grammar": (0.9, 0.05)}, "b": {"grammar": (0.8, 0.05)}}
    >>> scoreboard(new_axes(shown=False), both, {"grammar": 0.5}).get_title("left")
    'Above chance in 2 of 2: all in grammar'

    Lesson 12.
    """
    tests, size = list(chances), len(found)
    for at, (name, scores) in enumerate(found.items()):
        shade, mark, _ = SERIES[at]
        places = np.arange(len(tests)) + (at - (size - 1) / 2) * 0.2
        rows = 100 * np.array([scores[test] for test in tests])
        axes.errorbar(rows[:, 0], places, xerr=rows[:, 1], color=shade, fmt=mark, ms=4, label=name)
    for place, test in enumerate(tests):
        look = {"color": MUTED, "linestyle": ":", "linewidth": 1.6}
        axes.vlines(100 * chances[test], place - 0.4, place + 0.4, **look)
    axes.set_yticks(range(len(tests)), tests, fontsize=FONT - 1)
    axes.set_ylim(len(tests) - 0.4, -0.6)
    axes.set_xlim(0, 102)
    _legend(axes)
    return finish(axes, _above(found, chances), "right (%); lines: 95 %; dotted: chance", "")


def _above(found, chances):
    """Say whose intervals lie above chance, and in which tests; in short if that is long."""
    sure = {
        name: [test for test in chances if scores[test][0] - scores[test][1] > chances[test]]
        for name, scores in found.items()
    }
    groups = {}  # models -> the tests in which just these are above chance
    for test in chances:
        names = [name for name in found if test in sure[name]]
        who = "all" if 1 < len(names) == len(found) else " and ".join(names)
        groups.setdefault(who, []).append(test)
    said = [f"{who} in {', '.join(tests)}" for who, tests in groups.items() if who]
    title = f"Above chance in {sum(map(len, sure.values()))} of {len(found) * len(chances)}"
    title = ": ".join([title, "; ".join(said)][: 1 + bool(said)])
    if len(title) <= LONGEST:
        return title
    counts = ", ".join(f"{name} {len(tests)}" for name, tests in sure.items())
    return f"Above chance, of {len(chances)} tests: {counts}"


@our_style()
def lifts(axes, lengths, found, trained):
    """Draw how many nats a word gains for having stood in the text, against its length.

    Args:
        found: model -> a row for each length: mean, half width of its interval.
        trained: the longest text of the training, in tokens.

    >>> from moe_lesson.study.figures.frame import new_axes
    >>> rows = {"small": np.array([[0.2, 0.1], [0.0, 0.1]])}
    >>> lifts(new_axes(shown=False), [64, 512], rows, 256).get_title("left")
    'Largest lift of a word that stood in the text: 0.20 nats (small, 64 tokens)'

    Lesson 12.
    """
    places = np.arange(len(lengths))
    for at, (name, rows) in enumerate(found.items()):
        shade, mark, _ = SERIES[at]
        x = places + 0.12 * (at - (len(found) - 1) / 2)
        look = {"color": shade, "fmt": mark, "ms": 4, "label": name}
        axes.errorbar(x, rows[:, 0], yerr=rows[:, 1], **look)
    axes.axhline(0, color=OUTLINE, linewidth=0.8)
    beyond = np.searchsorted(lengths, trained, side="right") - 0.5
    baseline(axes, beyond, f"trained up to {trained}", vertical=True)
    axes.set_xticks(places, [str(length) for length in lengths])
    axes.set_xlim(-0.4, len(lengths) - 0.1)
    _legend(axes)
    name = max(found, key=lambda each: found[each][:, 0].max())
    most = int(found[name][:, 0].argmax())
    title = f"Largest lift of a word that stood in the text: {found[name][most, 0]:.2f} nats"
    return finish(axes, f"{title} ({name}, {lengths[most]} tokens)", "tokens", "lift (nats)")


@our_style()
def planted_bias(axes, told, found):
    """Draw measured leanings against the planted ones.

    Args:
        told: the planted share of stereotyped answers, a number for each pair and seed.
        found: way of measuring -> as many shares.

    >>> from moe_lesson.study.figures.frame import new_axes
    >>> planted_bias(new_axes(shown=False), [0.5, 1], {"aloud": [0.4, 1]}).get_title("left")
    'Mean distance from planted: aloud 0.05'

    Lesson 12.
    """
    told, places = np.asarray(told), np.linspace(-0.014, 0.014, len(found))
    axes.plot([0.4, 1], [0.4, 1], color=MUTED, linestyle=":", linewidth=1.4)
    for (name, rows), (shade, mark, _), shift in zip(found.items(), SERIES, places):
        look = {"marker": mark, "label": name, "alpha": 0.85, "zorder": 3}
        axes.scatter(told + shift, rows, 26, shade, **look)
    axes.set_xlim(min(told.min(), 0.45) - 0.05, 1.05)
    axes.set_ylim(-0.05, 1.05)
    _legend(axes)
    apart = {name: np.nanmean(np.abs(np.asarray(rows) - told)) for name, rows in found.items()}
    title = ", ".join(f"{name} {mean:.2f}" for name, mean in apart.items())
    across = "planted share of stereotyped answers (markers stand side by side)"
    return finish(axes, f"Mean distance from planted: {title}", across, "measured share")


@our_style()
def pass_curves(axes, ks, found, half=None):
    """Draw how often one of k programs passes, by two estimators.

    Args:
        found: name -> a share for each k, the unbiased one first.
        half: half widths of the first one's 95 % intervals, shares, or None.

    >>> from moe_lesson.study.figures.frame import new_axes
    >>> both = {"unbiased": [0.3, 0.9], "plug-in": [0.3, 0.8]}
    >>> pass_curves(new_axes(shown=False), [1, 5], both).get_title("left")
    'pass@1 30 %, pass@5 90 %; the plug-in is low by up to 10.0 points'

    Lesson 12.
    """
    for (name, rows), (shade, mark, dash) in zip(found.items(), SERIES):
        look = {"color": shade, "marker": mark, "ms": 4, "linestyle": dash}
        axes.plot(ks, 100 * np.asarray(rows), label=name, **look)
    axes.set_xticks(ks)
    _legend(axes)
    (_, ours), (other, theirs) = list(found.items())[:2]
    if half is not None:
        width = {"yerr": 100 * np.asarray(half), "fmt": "none", "ecolor": SERIES[0][0]}
        axes.errorbar(ks, 100 * np.asarray(ours), **width)
    axes.set_ylim(bottom=0)  # last: it ends what follows the data
    gap = 100 * (np.asarray(ours) - np.asarray(theirs)).max()
    title = f"pass@{ks[0]} {100 * ours[0]:.0f} %, pass@{ks[-1]} {100 * ours[-1]:.0f} %; "
    across = "k" + "; lines: 95 %" * (half is not None)
    return finish(
        axes, f"{title}the {other} is low by up to {gap:.1f} points", across, "pass@k (%)"
    )


@our_style()
def ratings(axes, names, rating, draws, elo=None):
    """Draw ratings with 95 % intervals, best first, and where online Elo ends by other orders.

    Args:
        draws: a row of ratings for each resampling.
        elo: the same of other orders of the battles, or None.

    >>> from moe_lesson.study.figures.frame import new_axes
    >>> rows = np.array([[1010.0, 990.0], [1030.0, 970.0]])
    >>> ratings(new_axes(shown=False), ["a", "b"], rows.mean(0), rows).get_title("left")
    'First: a, 1020 points; 0 others may be as good'

    Lesson 12.
    """
    order = np.argsort(-np.asarray(rating))
    low, high = np.quantile(draws, (0.025, 0.975), axis=0)
    for place, at in enumerate(order):
        shade = SERIES[0][0]
        axes.hlines(place, low[at], high[at], color=shade, linewidth=2)
        axes.plot(rating[at], place, "o", color=shade, ms=6)
        if elo is not None:
            ends = np.quantile(elo[:, at], (0.025, 0.975))
            axes.hlines(place + 0.25, *ends, color=SERIES[1][0], linewidth=2, linestyle="--")
    axes.set_yticks(range(len(order)), [names[at] for at in order], fontsize=FONT - 1)
    axes.set_ylim(len(order) - 0.4, -0.6)
    axes.axvline(1000, color=MUTED, linestyle=":", linewidth=1.4)
    best = order[0]
    # Paired: two intervals may meet where the difference is sure.
    lead = [np.quantile(draws[:, best] - draws[:, at], 0.025) for at in order[1:]]
    near = sum(bool(one <= 0) for one in lead)
    title = f"First: {names[best]}, {rating[best]:.0f} points; {near} other{'s' * (near != 1)}"
    across = "rating; lines: 95 %" + "; dashed: 95 % of Elo by other orders" * (elo is not None)
    return finish(axes, f"{title} may be as good", across, "")
