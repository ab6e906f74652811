"""Figures of who owns which part of the plane, how that came about, and how fast."""

import numpy as np
from matplotlib.colors import ListedColormap

from moe_lesson.mixtures.local import blend, forward, logistic
from moe_lesson.study.figures.frame import (
    FONT,
    OUTLINED,
    READABLE,
    SERIES,
    baseline,
    digit,
    finish,
    our_style,
)
from moe_lesson.study.figures.palette import MUTED, OUTLINE, colour

PLACES = ("first input", "second input")
WIDE, HIGH = 96, 72


@our_style()
def territories(axes, x_TD, class_T, mixture, shown="owner", names=PLACES):
    """Draw a mixture's plane: background, points, each expert's boundary, the router's borders.

    An expert's boundary, where it says 0.5, is a whole line where the expert is the most
    probable, and dotted abroad. Jacobs et al. 1991, Figure 2.

    Args:
        x_TD: two inputs and the constant 1.
        class_T: 0 or 1, hollow triangles or filled dots.
        mixture: a Mixture of one run, with logistic experts of one output.
        shown: what the background says: "owner", "entropy" (of the router, in bits),
            "decision" (of the blend), or a number: the probability of that expert.

    >>> from moe_lesson.mixtures.local import Mixture
    >>> from moe_lesson.study.figures.frame import new_axes
    >>> one = Mixture(np.array([[[[1.0], [0], [0]]]]), np.zeros((1, 3, 1)))
    >>> x_TD, axes = np.array([[-1.0, 0, 1], [1, 1, 1]]), new_axes(shown=False)
    >>> territories(axes, x_TD, np.array([0, 1]), one).get_title("left")
    'Expert 0 owns the plane: 2 of 2 right (100.0 %)'

    Lesson 1.
    """
    across, up, owner = _plane(axes, x_TD, mixture, shown)
    first = np.asarray(class_T) > 0.5
    edge = {"edgecolors": OUTLINE, "linewidths": 0.7, "zorder": 4}
    axes.scatter(*x_TD[first, :2].T, 12, "white", marker="o", **edge)
    axes.scatter(*x_TD[~first, :2].T, 13, OUTLINE, marker="^", **(edge | {"edgecolors": "white"}))
    axes.set_xlim(across[0], across[-1])
    axes.set_ylim(up[0], up[-1])
    said = blend(forward(mixture, x_TD, logistic))[0, :, 0] > 0.5
    right, own = int((said == first).sum()), [str(expert) for expert in np.unique(owner)]
    who = f"Experts {', '.join(own)} share" if own else "Nobody owns any of"
    who = f"Expert {own[0]} owns" if len(own) == 1 else who
    title = f"{who} the plane: {right} of {len(first)} right ({100 * right / len(first):.1f} %)"
    return finish(axes, title, names[0], names[1])


def _plane(axes, x_TD, mixture, shown):
    """Paint the plane and draw all borders; return the grid and who owns each of its cells."""
    across, up, cells = _grid(x_TD)
    out = forward(mixture, cells, logistic)
    score, guess = out.logits_BTE[0], out.guess_BTEV[0, ..., 0]
    owner = score.argmax(1).reshape(HIGH, WIDE)
    _background(axes, (across, up), out, shown)
    if _even(score):
        return across, up, np.array([])
    for one in np.unique(owner):
        if len(np.unique(owner)) > 1:
            lead = (score[:, one] - np.delete(score, one, 1).max(1)).reshape(HIGH, WIDE)
            axes.contour(across, up, lead, [0], colors=OUTLINE, linewidths=2.2)
        _boundary(axes, (across, up), guess[:, one].reshape(HIGH, WIDE), owner, one)
    return across, up, owner


def _even(score):
    """Tell whether several experts share everything alike, so that nobody owns anything."""
    return score.shape[-1] > 1 and not np.ptp(score)


def _grid(x_TD):
    """Lay a grid over the points: the coordinates of both sides, and each cell as a token."""
    low, high = x_TD[:, :2].min(0), x_TD[:, :2].max(0)
    edge = 0.06 * (high - low)
    across, up = (np.linspace(*pair, n) for *pair, n in zip(low - edge, high + edge, (WIDE, HIGH)))
    columns = [plane.ravel() for plane in np.meshgrid(across, up)]
    return across, up, np.stack([*columns, np.ones(WIDE * HIGH)], -1)


def _background(axes, place, out, shown):
    """Paint the plane."""
    prob_TE = out.prob_BTE[0]
    options = {"cmap": "cividis", "vmin": 0, "vmax": 1}
    if shown == "owner":
        level = prob_TE.argmax(1)
        pale = ListedColormap([colour(e) for e in range(prob_TE.shape[1])])
        options = {"cmap": pale, "vmin": -0.5, "vmax": prob_TE.shape[1] - 0.5, "alpha": 0.45}
        options["alpha"] *= not _even(prob_TE)
    elif shown == "entropy":
        level = -(prob_TE * np.log2(np.maximum(prob_TE, 1e-300))).sum(1)
        options["vmax"] = np.log2(prob_TE.shape[1]) or 1
    elif shown == "decision":
        level, options["cmap"] = blend(out)[0, :, 0], "PuOr"
    else:
        level = prob_TE[:, shown]
    extent = (*place[0][[0, -1]], *place[1][[0, -1]])
    picture = {"extent": extent, "origin": "lower", "aspect": "auto", "interpolation": "nearest"}
    axes.imshow(level.reshape(HIGH, WIDE), **picture, **options)


def _boundary(axes, place, guess, owner, expert):
    """Draw where one expert says 0.5: whole at home, dotted abroad, its digit at home."""
    home = np.where(owner == expert, guess, np.nan)
    if guess.min() < 0.5 < guess.max():
        axes.contour(*place, guess, [0.5], colors=OUTLINE, linewidths=1, linestyles=":")
    if not np.nanmin(home) < 0.5 < np.nanmax(home):
        return  # its line runs abroad only
    line = axes.contour(*place, home, [0.5], colors=colour(expert), linewidths=2.2)
    line.set_path_effects(OUTLINED)
    points = np.concatenate([part for part in line.allsegs[0] if len(part)])
    digit(axes, *points[len(points) // 2], expert, zorder=6)


def line_foot(weight_ED, centre):
    """Find the point of each decision line that lies nearest to a centre: it fixes the line.

    Returns:
        A pair of coordinates a line, E x 2; far away where the line is.

    >>> line_foot(np.array([[1.0, 0.0, -3.0]]), (0.0, 5.0)).tolist()
    [[3.0, 5.0]]

    Lesson 1.
    """
    centre = np.asarray(centre, dtype=float)
    normal, height = weight_ED[:, :2], weight_ED[:, :2] @ centre + weight_ED[:, 2]
    return centre - normal * (height / np.square(normal).sum(1))[:, None]


@our_style()
def trajectories(axes, feet, landmarks):
    """Draw how decision lines move while a mixture learns; each line is a point, its foot.

    A path goes from the expert's digit to a circle.

    Jacobs et al. 1991, Figure 3, drawn with coordinates of our own.

    Args:
        feet: expert -> N x 2, the foot of its line at N moments, in kHz.
        landmarks: name -> a point, such as the best line for all vowels.

    >>> from moe_lesson.study.figures.frame import new_axes
    >>> feet, axes = {0: np.array([[0.0, 0], [1, 0]])}, new_axes(shown=False)
    >>> trajectories(axes, feet, {"X": (1.0, 0.0)}).get_title("left")
    'Expert 0 comes nearest to X: 0.00 kHz'

    Lesson 1.
    """
    every = np.concatenate([*feet.values(), list(landmarks.values())])
    low, high = every.min(0), every.max(0)
    room = 0.08 * np.maximum(high - low, 0.1)
    axes.set_xlim(low[0] - room[0], high[0] + room[0])
    axes.set_ylim(low[1] - room[1], high[1] + room[1])
    for expert, path in feet.items():
        axes.plot(*path.T, color=colour(expert), linewidth=1.8, path_effects=OUTLINED)
        axes.plot(*path[-1], "o", color="white", markeredgecolor=OUTLINE, markersize=5, zorder=5)
        digit(axes, *path[0], expert, zorder=6)
    name = {"ha": "center", "weight": "bold", "path_effects": READABLE, "zorder": 8}
    for label, place in landmarks.items():
        axes.plot(*place, "+", color=OUTLINE, markersize=11, markeredgewidth=2, zorder=7)
        axes.annotate(label, place, (0, 8), textcoords="offset points", fontsize=FONT + 1, **name)
    first, goal = next(iter(landmarks.items()))
    near = {e: np.linalg.norm(path - np.asarray(goal), axis=1).min() for e, path in feet.items()}
    best = min(near, key=near.get)
    title = f"Expert {best} comes nearest to {first}: {near[best]:.2f} kHz"
    return finish(axes, title, "foot of the line, F1 (kHz)", "F2 (kHz)")


@our_style()
def pull_curves(axes, distance, curves):
    """Draw how hard a target pulls an expert, against how far away the expert is.

    Args:
        distance: N distances.
        curves: name -> N pulls.

    >>> from moe_lesson.study.figures.frame import new_axes
    >>> far = np.array([0.0, 1.0, 2.0])
    >>> axes = new_axes(shown=False)
    >>> pull_curves(axes, far, {"1.3": far * np.exp(-(far**2) / 2)}).get_title("left")
    '1.3 pulls hardest at 1.00'

    Lesson 1.
    """
    for (name, pull), (shade, _, dash) in zip(curves.items(), SERIES):
        axes.plot(distance, pull, linestyle=dash, color=shade, label=name)
    # Beyond it the nearer of two experts is pulled harder.
    baseline(axes, 1.0, "distance 1", vertical=True)
    axes.set_ylim(0)
    axes.legend(fontsize=FONT - 1, frameon=False)
    top = {name: int(np.argmax(pull)) for name, pull in curves.items()}
    title = ", ".join(
        f"{name} pulls hardest at {distance[at]:.2f}"
        for name, at in top.items()
        if at < len(distance) - 1
    )
    return finish(axes, title, "distance |d - o| of the expert", "pull (size of dE/do)")


@our_style()
def epochs_by_system(axes, epochs):
    """Draw how many epochs each run of each system took, with the mean.

    Args:
        epochs: system -> one number a run; NaN for a run that never arrived.

    >>> from moe_lesson.study.figures.frame import new_axes
    >>> axes = new_axes(shown=False)
    >>> epochs_by_system(axes, {"a": np.array([4.0, 6.0]), "b": np.array([9.0])}).get_title("left")
    'Fewest epochs: a, 5 on average; most: b, 9'

    Lesson 1.
    """
    mean = {name: float(np.nanmean(taken)) for name, taken in epochs.items()}
    for row, (name, taken) in enumerate(epochs.items()):
        spread = 0.5 * (np.arange(len(taken)) / max(len(taken) - 1, 1) - 0.5)
        axes.scatter(taken, row + spread, 10, MUTED, edgecolors=OUTLINE, linewidths=0.4)
        axes.plot([mean[name]] * 2, [row - 0.38, row + 0.38], color="#D55E00", linewidth=2.4)
        lost = int(np.isnan(taken).sum())
        if lost:
            axes.text(np.nanmax(taken), row, f"  {lost} never", va="center", fontsize=FONT - 1)
    axes.set_yticks(range(len(epochs)), list(epochs), fontsize=FONT - 1)
    axes.invert_yaxis()
    axes.set_xlim(0)
    low, high = min(mean, key=mean.get), max(mean, key=mean.get)
    title = f"Fewest epochs: {low}, {mean[low]:.0f} on average; most: {high}, {mean[high]:.0f}"
    return finish(axes, title, "epochs to the criterion (line: mean)", "")


@our_style()
def split_threshold(axes, amplitudes, apart, predicted):
    """Draw how far two experts part when half of the targets are +a and half -a.

    Args:
        apart: error function -> half the distance of the two experts at each amplitude.
        predicted: amplitudes, and for each the solution of o = a tanh(a o), for 1.3.

    >>> from moe_lesson.study.figures.frame import new_axes
    >>> a, axes = [0.5, 2.0], new_axes(shown=False)
    >>> split_threshold(axes, a, {"1.3": [0, 2]}, (a, [0, 2])).get_title("left")
    'At a = 2 the experts end at o = 2.00 under 1.3'

    Lesson 1.
    """
    axes.plot(*predicted, color=MUTED, linewidth=4, label="1.3 predicted")
    for at, ((name, half), (shade, marker, _)) in enumerate(zip(apart.items(), SERIES)):
        size = {"markersize": 9 - 4 * at, "markeredgecolor": OUTLINE, "markeredgewidth": 0.7}
        axes.plot(amplitudes, half, marker, color=shade, label=name, **size)  # smaller ones on top
    baseline(axes, 1.0, "a = 1", vertical=True)
    axes.legend(fontsize=FONT - 1, frameon=False)
    said = ", ".join(f"{half[-1]:.2f} under {name}" for name, half in apart.items())
    title = f"At a = {amplitudes[-1]:g} the experts end at o = {said}"
    return finish(axes, title, "answers at +a and -a: a", "experts at +o and -o: o")


@our_style()
def tug(axes, target, guess_E, move_E, prob_E, share_E):
    """Draw one target and the way each expert's output is pulled, with p and h beside it.

    Args:
        move_E: -dE/do of each expert: the arrow.

    >>> from moe_lesson.study.figures.frame import new_axes
    >>> half = np.full(2, 0.5)
    >>> move_E, axes = np.array([-1.0, -2]), new_axes(shown=False)
    >>> tug(axes, 0, np.array([1.0, 3]), move_E, half, half).get_title("left")
    'Expert 0 moves by -1.00, expert 1 by -2.00'

    Lesson 1.
    """
    axes.axvline(target, color=OUTLINE, linewidth=2)
    axes.annotate("target d", (target, -0.62), (4, 0), textcoords="offset points", fontsize=FONT)
    style = {"width": 0.06, "head_width": 0.2, "head_length": 0.16, "length_includes_head": True}
    for expert, (place, move) in enumerate(zip(guess_E, move_E)):
        fill = {"facecolor": colour(expert), "edgecolor": OUTLINE, "linewidth": 0.8}
        if abs(move) > 1e-3:
            axes.arrow(place, expert, move, 0, **style, **fill, zorder=3)
        digit(axes, place, expert, expert, zorder=6)
        said = f"p = {prob_E[expert]:.2f}   h = {share_E[expert]:.2f}"
        axes.annotate(said, (0.99, expert), (0, 11), ("axes fraction", "data"), ha="right",
                      textcoords="offset points", fontsize=FONT)  # fmt: skip
    axes.set_xlim(-6, 6)
    axes.set_ylim(len(guess_E) - 0.4, -0.8)
    axes.set_yticks(range(len(guess_E)), [f"expert {e}" for e in range(len(guess_E))])
    first, *rest = move_E
    title = f"Expert 0 moves by {first:.2f}"
    title += "".join(f", expert {e + 1} by {move:.2f}" for e, move in enumerate(rest))
    return finish(axes, title, "output o (arrow: the way it is pulled, -dE/do)", "")
