"""Figures of a measurement: scores with intervals, keys far back, leanings, passes, ratings."""

import numpy as np

from moe_lesson.study.figures.frame import FONT, SERIES, baseline, finish, our_style
from moe_lesson.study.figures.palette import MUTED, OUTLINE


@our_style()
def scoreboard(axes, found, chances):
    """Draw each test's score by model, with 95 % intervals and the test's own chance.

    Args:
        found: model -> {test: (score, half width of its interval)}, shares.
        chances: test -> what a guess scores.

    >>> from moe_lesson.study.figures.frame import new_axes
    >>> both = {"a": {"grammar": (0.9, 0.05)}, "b": {"grammar": (0.8, 0.05)}}
    >>> scoreboard(new_axes(shown=False), both, {"grammar": 0.5}).get_title("left")
    'Farthest above its chance: a, grammar, 90 %'

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
    axes.legend(fontsize=FONT - 1, frameon=False, loc="upper left", bbox_to_anchor=(1, 1))
    gaps = {(n, t): s[t][0] - chances[t] for n, s in found.items() for t in tests}
    name, test = max(gaps, key=gaps.get)
    title = f"Farthest above its chance: {name}, {test}, {100 * found[name][test][0]:.0f} %"
    return finish(axes, title, "right (%); lines: 95 %; dotted: chance", "")


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
        shade, mark, dash = SERIES[at]
        x = places + 0.06 * (at - (len(found) - 1) / 2)
        look = {"color": shade, "marker": mark, "ms": 4, "linestyle": dash, "label": name}
        axes.errorbar(x, rows[:, 0], yerr=rows[:, 1], **look)
    axes.axhline(0, color=OUTLINE, linewidth=0.8)
    beyond = np.searchsorted(lengths, trained, side="right") - 0.5
    baseline(axes, beyond, f"trained up to {trained}", vertical=True)
    axes.set_xticks(places, [str(length) for length in lengths])
    axes.set_xlim(-0.4, len(lengths) - 0.1)
    axes.legend(fontsize=FONT - 1, frameon=False, loc="upper left", bbox_to_anchor=(1, 1))
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
    'Farthest from what was planted: aloud by 0.10'

    Lesson 12.
    """
    told, places = np.asarray(told), np.linspace(-0.014, 0.014, len(found))
    axes.plot([0.4, 1], [0.4, 1], color=MUTED, linestyle=":", linewidth=1.4)
    for (name, rows), (shade, mark, _), shift in zip(found.items(), SERIES, places):
        look = {"marker": mark, "label": name, "alpha": 0.85, "zorder": 3}
        axes.scatter(told + shift, rows, 26, shade, **look)
    axes.set_ylim(-0.05, 1.05)
    axes.legend(fontsize=FONT - 1, frameon=False, loc="upper left", bbox_to_anchor=(1, 1))
    worst = {name: np.nanmax(np.abs(np.asarray(rows) - told)) for name, rows in found.items()}
    name = max(worst, key=worst.get)
    title = f"Farthest from what was planted: {name} by {worst[name]:.2f}"
    return finish(axes, title, "planted share of stereotyped answers", "measured share")


@our_style()
def pass_curves(axes, ks, found):
    """Draw how often one of k programs passes, by two estimators.

    Args:
        found: name -> a share for each k, the unbiased one first.

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
    axes.legend(fontsize=FONT - 1, frameon=False, loc="upper left", bbox_to_anchor=(1, 1))
    (first, ours), (other, theirs) = list(found.items())[:2]
    gap = 100 * (np.asarray(ours) - np.asarray(theirs)).max()
    title = f"pass@{ks[0]} {100 * ours[0]:.0f} %, pass@{ks[-1]} {100 * ours[-1]:.0f} %; "
    return finish(axes, f"{title}the {other} is low by up to {gap:.1f} points", "k", "pass@k (%)")


@our_style()
def ratings(axes, names, rating, draws, elo=None):
    """Draw ratings with 95 % intervals, best first, and where online Elo ends by other orders.

    Args:
        draws: a row of ratings for each resampling.
        elo: the same of other orders of the battles, or None.

    >>> from moe_lesson.study.figures.frame import new_axes
    >>> rows = np.array([[1010.0, 990.0], [1030.0, 970.0]])
    >>> ratings(new_axes(shown=False), ["a", "b"], rows.mean(0), rows).get_title("left")
    'First: a, 1020 points; its interval meets those of 0 others'

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
    near = int((high >= low[best]).sum()) - 1
    title = f"First: {names[best]}, {rating[best]:.0f} points; its interval meets those of "
    title += f"{near} other{'s' * (near != 1)}"
    across = "rating; lines: 95 %" + "; dashed: Elo by other orders" * (elo is not None)
    return finish(axes, title, across, "")
