"""Figures of lesson 02: gates being fitted, gradients through a choice, what a choice saves."""

import numpy as np

from moe_lesson.study.figures.frame import FONT, SERIES, apart, baseline, digit, finish, our_style
from moe_lesson.study.figures.palette import OUTLINE, colour


@our_style()
def likelihood_climb(axes, climbs, cost, level=None):
    """Draw the likelihood against the time it took, a line per start, on a logarithmic clock.

    Args:
        climbs: name -> rows of likelihoods in nats per point, one row per start, step 0 first.
        cost: name -> milliseconds of one step.
        level: a likelihood to compare with, drawn dotted.

    >>> from moe_lesson.study.figures.frame import new_axes
    >>> climbs = {"EM": [[-2.0, 0.5]], "gradient": [[-2.0, -1.5, -1.0]]}
    >>> cost = {"EM": 3.0, "gradient": 1.0}
    >>> likelihood_climb(new_axes(shown=False), climbs, cost).get_title("left")
    'Median start: EM 0.50 after 3 ms, gradient -1.00 after 2 ms'

    Lesson 2.
    """
    rows = {name: np.asarray(climb, dtype=float) for name, climb in climbs.items()}
    thin = {"linewidth": 1, "antialiased": False}  # smooth edges make a picture twice as large
    for (name, climb), (shade, marker, dash) in zip(rows.items(), SERIES):
        last = climb.shape[1] - 1
        step = np.unique(np.geomspace(1, last, 60).round().astype(int))
        for row in climb:
            axes.plot(cost[name] * step, row[step], color=shade, linestyle=dash, **thin)
        ends = np.full(len(climb), cost[name] * last), climb[:, -1]
        axes.scatter(
            *ends, 16, shade, marker=marker, label=name, edgecolors=OUTLINE, linewidths=0.5
        )
    if level is not None:
        baseline(axes, level, "the noise")
    axes.set_xscale("log")
    lows = [np.median(climb[:, min(1, climb.shape[1] - 1)]) for climb in rows.values()]
    highs = [climb.max() for climb in rows.values()] + ([] if level is None else [level])
    axes.set_ylim(min(lows) - 0.4, max(highs) + 0.3)
    axes.legend(fontsize=FONT - 1, frameon=False, loc="upper left", bbox_to_anchor=(0, 0.9))
    ends = ", ".join(
        f"{name} {np.median(climb[:, -1]):.2f} after {cost[name] * (climb.shape[1] - 1):,.0f} ms"
        for name, climb in rows.items()
    )
    across = "milliseconds of one core (logarithmic)"
    return finish(axes, f"Median start: {ends}", across, "log-likelihood, nats per point")


# More marks than SERIES has: each model or estimate of a figure has one of its own.
MARKS = tuple(zip([shade for shade, _, _ in SERIES] + ["#56B4E9", "#E69F00"], "os^DvPX"))


@our_style()
def bias_variance(axes, found):
    """Place each estimate of a gradient by its bias and the spread of single draws.

    Args:
        found: name -> (bias, variance), both against the same exact gradient.

    >>> from moe_lesson.study.figures.frame import new_axes
    >>> found = {"REINFORCE": (0.0, 4.0), "top-2": (0.5, 0.0)}
    >>> bias_variance(new_axes(shown=False), found).get_title("left")
    'No bias: REINFORCE. No spread: top-2. Largest spread: REINFORCE, 2.00'

    Lesson 2.
    """
    bias = np.array([max(pair[0], 0.0) for pair in found.values()])
    spread = np.sqrt([max(pair[1], 0.0) for pair in found.values()])
    names, top = list(found), max(bias.max(), 1e-9)
    levels = apart(bias, 0.115 * top * 1.25)
    wide = max(spread.max(), 1e-9)
    for at, (name, level) in enumerate(zip(names, levels)):
        shade, marker = MARKS[at % len(MARKS)]
        mark = {"marker": marker, "edgecolors": OUTLINE, "zorder": 4}
        axes.scatter(spread[at], bias[at], 90 - 10 * at, shade, **mark)  # smaller ones on top
        axes.annotate(
            name,
            (spread[at], bias[at]),
            (spread[at] + 0.04 * wide, level),
            fontsize=FONT - 1,
            va="center",
            arrowprops={"arrowstyle": "-", "color": shade, "linewidth": 0.6},
        )
    axes.set_xlim(-0.05 * wide, 1.35 * wide)
    axes.set_ylim(min(-0.08 * top, levels.min() - 0.1 * top), max(1.15 * top, levels.max() * 1.1))
    fair = ", ".join(name for name, b in zip(names, bias) if b < 1e-9) or "none"
    still = ", ".join(name for name, s in zip(names, spread) if s < 1e-9) or "none"
    title = f"No bias: {fair}. No spread: {still}. Largest spread: {names[spread.argmax()]}, "
    title += f"{spread.max():.2f}"
    return finish(axes, title, "spread of one draw (standard deviation)", "bias (length)")


@our_style()
def estimate_bars(axes, exact_E, mean_E, spread_E):
    """Draw a gradient's entries (hatched) beside the mean of an estimate and its spread.

    >>> from moe_lesson.study.figures.frame import new_axes
    >>> axes = new_axes(shown=False)
    >>> estimate_bars(axes, np.array([1.0, -1]), np.array([0.0, 0]), np.ones(2)).get_title("left")
    'On average the estimate is off by 1.41; one draw spreads by 1.41'

    Lesson 2.
    """
    place, edge = np.arange(len(exact_E)), {"edgecolor": OUTLINE, "linewidth": 0.9}
    shades = [colour(expert) for expert in place]
    axes.bar(place - 0.19, exact_E, 0.38, color="white", hatch="////", **edge)
    bars = {"ecolor": OUTLINE, "capsize": 4, "yerr": spread_E}
    axes.bar(place + 0.19, mean_E, 0.38, color=shades, **bars, **edge)
    axes.axhline(0, color=OUTLINE, linewidth=0.8)
    axes.set_xticks(place, [str(expert) for expert in place])
    miss, spread = np.linalg.norm(exact_E - mean_E), np.linalg.norm(spread_E)
    title = f"On average the estimate is off by {miss:.2f}; one draw spreads by {spread:.2f}"
    across = "expert (hatched: exact; coloured: mean of the estimate, and one standard deviation)"
    return finish(axes, title, across, "slope by the expert's score")


@our_style()
def price_list(axes, models):
    """Place models by what one input costs and how well they do, every seed included.

    Args:
        models: name -> (products per input, test images right in per cent, one per seed).

    >>> from moe_lesson.study.figures.frame import new_axes
    >>> models = {"one": (640, [80, 82]), "four": (2560, [86, 86])}
    >>> price_list(new_axes(shown=False), models).get_title("left")
    'Best: four with 86 at 2,560 products; cheapest: one with 81 at 640'

    Lesson 2.
    """
    means = {name: np.mean(values) for name, (_, values) in models.items()}
    every = np.concatenate([values for _, values in models.values()])
    tall = np.ptp(every) or 1.0
    wide = max(cost for cost, _ in models.values())
    for at, (name, (cost, values)) in enumerate(models.items()):
        shade, marker = MARKS[at % len(MARKS)]
        axes.plot([cost, cost], [min(values), max(values)], color=shade, linewidth=1.5)
        mark = {"marker": marker, "edgecolors": OUTLINE, "zorder": 4}
        axes.scatter(cost, means[name], 90 - 10 * at, shade, **mark)  # smaller ones on top
    for left in (True, False):  # names stand beside their mark, on the side with room
        here = {
            name: means[name] for name, (cost, _) in models.items() if (cost > wide / 2) == left
        }
        for name, level in zip(here, apart(list(here.values()), 0.09 * tall)):
            cost = models[name][0] + (-0.03 if left else 0.03) * wide
            style = {"fontsize": FONT - 1, "va": "center", "ha": "right" if left else "left"}
            axes.text(cost, level, f"{name} {means[name]:.3g}", **style)
    axes.set_ylim(every.min() - 0.1 * tall, every.max() + 0.1 * tall)
    axes.set_xlim(0, 1.06 * wide)
    best = max(means, key=means.get)
    cheap = min(models, key=lambda name: models[name][0])
    title = f"Best: {best} with {means[best]:.3g} at {models[best][0]:,} products; "
    title += f"cheapest: {cheap} with {means[cheap]:.3g} at {models[cheap][0]:,}"
    return finish(axes, title, "products of weight and input", "test images right (%)")


@our_style()
def owner_map(axes, share, names):
    """Draw which expert the router puts first, a row for each kind of input.

    Args:
        share: rows of shares, kinds x experts; each row sums to 1.
        names: of the kinds.

    >>> from moe_lesson.study.figures.frame import new_axes
    >>> owner_map(new_axes(shown=False), np.eye(2), ["0", "90"]).get_title("left")
    "An angle's leading expert takes 100 % of it; 2 of 2 experts lead an angle"

    Lesson 2.
    """
    share = np.asarray(share)
    axes.imshow(share, cmap="cividis", vmin=0, vmax=1, aspect="auto")
    for (row, expert), part in np.ndenumerate(share):
        ink = "white" if part < 0.55 else "black"
        style = {"ha": "center", "va": "center", "color": ink, "fontsize": FONT}
        axes.text(expert, row, f"{100 * part:.0f} %", **style)
    axes.set_xticks(range(share.shape[1]), [""] * share.shape[1])
    axes.tick_params(axis="x", length=0, pad=14)
    for expert in range(share.shape[1]):
        digit(axes, expert, len(share) - 0.28, expert, clip_on=False)
    axes.set_yticks(range(len(share)), names)
    led = len(set(share.argmax(1)))
    title = f"An angle's leading expert takes {100 * share.max(1).mean():.0f} % of it; "
    title += f"{led} of {share.shape[1]} experts lead an angle"
    return finish(axes, title, "expert", "turned by (degrees)")
