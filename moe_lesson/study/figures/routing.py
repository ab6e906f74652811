"""Figures of routers: who is chosen, how much each counts, how even the work is."""

import numpy as np

from moe_lesson.study.figures.frame import (
    FONT,
    OUTLINED,
    READABLE,
    SERIES,
    apart,
    baseline,
    digit,
    finish,
    our_style,
)
from moe_lesson.study.figures.palette import OUTLINE, colour, ink
from moe_lesson.study.statistics import choice_entropy, repeat_share


@our_style()
def gate_bars(axes, prob_E, weight_E, title=None):
    """Draw an expert's share before the choice (hatched) beside its weight after it.

    Args:
        weight_E: 0 for experts that were not chosen.

    >>> from moe_lesson.study.figures.frame import new_axes
    >>> gate_bars(new_axes(shown=False), np.full(2, 0.5), np.array([1.0, 0])).get_title("left")
    'Top-1 keeps expert 0: 50 % of the softmax, weights sum to 1.00'

    Lesson 8.
    """
    prob_E, weight_E = np.asarray(prob_E), np.asarray(weight_E)
    E = len(prob_E)
    place, edge = np.arange(E), {"edgecolor": OUTLINE, "linewidth": 0.9}
    axes.bar(place - 0.19, prob_E, 0.38, color="white", hatch="////", **edge)
    axes.bar(place + 0.19, weight_E, 0.38, color=[colour(expert) for expert in range(E)], **edge)
    baseline(axes, 1 / E, f"1/{E}")
    style = {"ha": "center", "va": "bottom", "fontsize": FONT - 2, "path_effects": READABLE}
    for expert in range(E):
        axes.text(expert - 0.19, prob_E[expert], f"{prob_E[expert]:.2f}", **style)
    for expert in np.flatnonzero(weight_E):
        axes.text(expert + 0.19, weight_E[expert], f"{weight_E[expert]:.2f}", **style)
    axes.set_xticks(place, [str(expert) for expert in range(E)])
    axes.set_ylim(0, max(1.0, float(weight_E.max())) * 1.12)
    axes.set_xlim(-0.6, E - 0.4)
    kept = np.flatnonzero(weight_E)
    names = ("expert " if len(kept) == 1 else "experts ") + ", ".join(map(str, kept))
    found = f"{prob_E[kept].sum():.0%}".replace("%", " %")
    title = title or (
        f"Top-{len(kept)} keeps {names}: {found} of the softmax, "
        f"weights sum to {np.sum(weight_E):.2f}"
    )
    return finish(axes, title, "expert (hatched: softmax; coloured: weight)", "share (0 to 1)")


@our_style()
def mixture_split(axes, x_T, y_T, guess_TE, weight_TE, single_T=None):
    """Draw a curve, each expert's guess at it, and who is responsible where.

    Args:
        guess_TE: each expert's output at each x.
        weight_TE: responsibilities, or gate probabilities: rows sum to 1.
        single_T: the guess of one network without experts, drawn dotted.

    >>> from moe_lesson.study.figures.frame import new_axes
    >>> x_T, y_T, guess_TE = np.arange(2.0), np.arange(2.0), np.eye(2)
    >>> print(mixture_split(new_axes(shown=False), x_T, y_T, guess_TE, np.eye(2)).get_title("left"))
    Expert 0 owns 50 %, expert 1 owns 50 % of the points: mean squared error 0.500

    Lesson 0.
    """
    x_T, y_T, guess_TE, weight_TE = map(np.asarray, (x_T, y_T, guess_TE, weight_TE))
    E, order, owner_T = guess_TE.shape[1], np.argsort(x_T), weight_TE.argmax(1)
    axes.set_ylim(y_T.min() - 0.2 * np.ptp(y_T), y_T.max() + 0.3 * np.ptp(y_T))
    if single_T is not None:
        axes.plot(x_T[order], np.asarray(single_T)[order], ":", color="#555555", zorder=2)
    rgb = np.array([[int(colour(e)[at : at + 2], 16) / 255 for at in (1, 3, 5)] for e in range(E)])
    style = {"edgecolors": OUTLINE, "linewidths": 0.6, "zorder": 4}
    for expert, marker in zip(range(E), "os^Dvp<>" * E):
        axes.plot(x_T[order], guess_TE[order, expert], color=colour(expert), path_effects=OUTLINED)
        mine = owner_T == expert
        axes.scatter(x_T[mine], y_T[mine], 26, weight_TE[mine] @ rgb, marker=marker, **style)
    for expert, at in _free_places(x_T, y_T, guess_TE, axes.get_ylim()):
        gaps = np.abs(guess_TE[:, :expert] - guess_TE[:, [expert]]).max(0)
        if (gaps < 0.02 * np.ptp(y_T)).any():  # dashes show the line below
            axes.lines[-E + expert].set_linestyle((0, (5, 5)))
        digit(axes, x_T[at], guess_TE[at, expert], expert, zorder=6)
    return finish(axes, _split_title(y_T, guess_TE, owner_T, single_T), "input x", "target y")


def _free_places(x_T, y_T, guess_TE, limits):
    """Choose, for each line in the frame, its point farthest from all points and chosen places."""
    scale = np.array([np.ptp(x_T) or 1.0, limits[1] - limits[0]])
    taken = np.stack([x_T, y_T], -1) / scale
    for expert, guess_T in enumerate(guess_TE.T):
        on_it = np.stack([x_T, guess_T], -1) / scale
        room = np.linalg.norm(on_it[:, None] - taken, axis=-1).min(1)
        apart_TE = np.abs(guess_TE - guess_T[:, None]) / scale[1]
        room += np.where(apart_TE > 0, apart_TE, 1).min(1).clip(max=0.1)  # not where lines cross
        room[abs(guess_T - np.mean(limits)) > 0.46 * scale[1]] = -1  # outside the frame
        if room.max() >= 0:
            taken = np.concatenate([taken, on_it[[room.argmax()]]])
            yield expert, room.argmax()


def _split_title(y_T, guess_TE, owner_T, single_T):
    """Say who owns how much, and how far off the owners are."""
    E = guess_TE.shape[1]
    owns = ", ".join(f"expert {e} owns {100 * np.mean(owner_T == e):.0f} %" for e in range(E))
    error = np.mean((np.take_along_axis(guess_TE, owner_T[:, None], 1)[:, 0] - y_T) ** 2)
    alone = (
        ""
        if single_T is None
        else f" (one alone, dotted: {np.mean((np.asarray(single_T) - y_T) ** 2):.3f})"
    )
    return f"{owns.capitalize()} of the points: mean squared error {error:.3f}{alone}"


@our_style()
def expert_load(axes, steps, shares, layer=None):
    """Draw how the visits are shared out while a model trains: a band per expert.

    Where the load is even, the bands end at the dotted lines.

    Args:
        steps: N numbers.
        shares: N rows of E shares.

    >>> from moe_lesson.study.figures.frame import new_axes
    >>> print(expert_load(new_axes(shown=False), [0, 9], [[1, 0], [0.7, 0.3]]).get_title("left"))
    The busiest expert takes 100 % of visits at step 0, 70 % at step 9

    Lesson 9.
    """
    steps, shares = np.asarray(steps), np.asarray(shares, dtype=float)
    experts, wide = shares.shape[1], np.ptp(steps) or 1  # a film of one step has a width too
    fill = [colour(expert) for expert in range(experts)]
    # Smooth edges between the bands would make the picture four times as large.
    axes.stackplot(steps, shares.T, colors=fill, antialiased=False)
    axes.plot(steps, shares.cumsum(1), color=OUTLINE, linewidth=0.8)
    for even in np.arange(1, experts) / experts:
        axes.axhline(even, color="white", linewidth=1, antialiased=False)
        axes.axhline(even, color=OUTLINE, linestyle=":", linewidth=1, antialiased=False)
    middles = np.cumsum(shares[-1]) - shares[-1] / 2
    for expert, level in enumerate(apart(middles, 0.075)):
        digit(axes, steps[-1] + 0.025 * wide, level, expert)
    axes.set_xlim(steps[0], steps[-1] + 0.05 * wide)
    axes.set_ylim(0, 1)
    where = "The" if layer is None else f"Layer {layer}: the"
    title = (
        f"{where} busiest expert takes {100 * shares[0].max():.0f} % of visits at step {steps[0]:g}"
        f", {100 * shares[-1].max():.0f} % at step {steps[-1]:g}"
    )
    return finish(axes, title, f"training step (dotted: even, 1/{experts} each)", "share of visits")


@our_style()
def routing_strip(axes, tokens, expert_LT):
    """Draw each token's first expert, a row per layer, number and colour in every cell.

    Args:
        tokens: at most about 32, or the text no longer fits.

    >>> from moe_lesson.study.figures.frame import new_axes
    >>> strip = routing_strip(new_axes(shown=False), ["a", "b", "c"], np.array([[0, 0, 1]]))
    >>> strip.get_title("left")
    'A token goes where the one before it went in 50 % of cases (33 % if shuffled)'

    Lesson 10.
    """
    L, T = expert_LT.shape
    for layer, token in np.ndindex(L, T):
        expert = expert_LT[layer, token]
        axes.bar(token, 0.92, 0.92, layer - 0.46, color=colour(expert), edgecolor=OUTLINE)
        axes.text(
            token,
            layer,
            str(expert),
            ha="center",
            va="center",
            fontsize=FONT - 1,
            color=ink(expert),
        )
    shown = [token.replace("\n", "¶").replace(" ", "␣").replace("$", r"\$") for token in tokens]
    axes.set_xticks(
        range(T), shown, rotation=60, ha="right", rotation_mode="anchor", fontsize=FONT - 1.5
    )
    axes.set_yticks(range(L), [str(layer) for layer in range(L)])
    axes.set_xlim(-0.6, T - 0.4)
    axes.set_ylim(L - 0.4, -0.6)
    pairs = np.array([repeat_share(expert_LT[layer]) for layer in range(L)])
    measured, shuffled = 100 * pairs.mean(0)
    title = (
        f"A token goes where the one before it went in {measured:.0f} % of cases "
        f"({shuffled:.0f} % if shuffled)"
    )
    if T == 1:
        title = "1 token: where it goes, layer by layer; none went before it"
    return finish(axes, title, "token, in order", "layer")


@our_style()
def gate_chances(axes, prob_E, weight_E, chance_E):
    """Add to ``gate_bars`` how often fresh noise would choose each expert: a diamond on a stem.

    Args:
        chance_E: share of draws in which the expert is among the chosen: they sum to k.

    >>> from moe_lesson.study.figures.frame import new_axes
    >>> half, one, axes = np.full(2, 0.5), np.array([1.0, 0]), new_axes(shown=False)
    >>> gate_chances(axes, half, one, np.array([0.75, 0.25])).get_title("left")
    'Fresh noise chooses expert 0 most often: in 75 % of the draws'

    Lesson 3.
    """
    chance_E = np.asarray(chance_E)
    gate_bars(axes, prob_E, weight_E)
    place = np.arange(len(chance_E))
    mark = {"marker": "D", "edgecolor": OUTLINE, "linewidths": 1, "clip_on": False}
    # A stem from 0, as a bar has: a line across the bars would look like an error of theirs.
    axes.vlines(place + 0.45, 0, chance_E, OUTLINE, linewidth=1.2, zorder=2.5)
    axes.scatter(place + 0.45, chance_E, 34, [colour(e) for e in place], zorder=5, **mark)
    axes.set_xlim(-0.6, len(chance_E) - 0.3)
    busy = int(chance_E.argmax())
    title = f"Fresh noise chooses expert {busy} most often: "
    title += f"in {100 * chance_E[busy]:.0f} % of the draws"
    across = "expert (hatched: softmax; coloured: weight; diamond: chance of being chosen)"
    return finish(axes, title, across, "share (0 to 1)")


@our_style()
def entropy_histogram(axes, prob_TE, layer, step):
    """Draw how undecided the router is, over tokens.

    >>> from moe_lesson.study.figures.frame import new_axes
    >>> entropy_histogram(new_axes(shown=False), np.full((4, 2), 0.5), 0, 9).get_title("left")
    'Layer 0, step 9: the router is undecided by 1.00 of 1 bits on average'

    Lesson 10.
    """
    bits, most = choice_entropy(prob_TE), np.log2(prob_TE.shape[1])
    share = np.full(len(bits), 100 / len(bits))
    bins = np.linspace(0, most, 31)
    axes.hist(bits, bins, weights=share, color=SERIES[0][0], edgecolor=OUTLINE, linewidth=0.4)
    axes.axvline(bits.mean(), color=OUTLINE, linestyle=":", linewidth=1.4)
    axes.set_xlim(0, most)
    title = (
        f"Layer {layer}, step {step:g}: the router is undecided by {bits.mean():.2f} of "
        f"{most:.3g} bits on average"
    )
    return finish(axes, title, "entropy of a token's router (bits)", "tokens (%)")


@our_style()
def ternary(axes, prob_TE, experts, layer, step):
    """Draw tokens in the triangle of three experts: a corner is all probability on one.

    >>> from moe_lesson.study.figures.frame import new_axes
    >>> ternary(new_axes(shown=False), np.eye(3), [0, 1, 2], 0, 9).get_title("left")
    'Layer 0, step 9: experts 0, 1, 2 hold 100 % of the probability'

    Lesson 10.
    """
    part = prob_TE[:, list(experts)]
    corners = np.array([[0.0, 0.0], [1.0, 0.0], [0.5, 3**0.5 / 2]])
    place = part / np.maximum(part.sum(1, keepdims=True), 1e-12) @ corners
    fill = [colour(experts[at]) for at in part.argmax(1)]
    axes.fill(*corners.T, facecolor="none", edgecolor=OUTLINE, linewidth=1)
    axes.scatter(*place.T, s=9, c=fill, edgecolors=OUTLINE, linewidths=0.25)
    for expert, (x, y) in zip(experts, corners + [[-0.06, 0], [0.06, 0], [0, 0.07]]):
        digit(axes, x, y, expert)
    axes.set_aspect("equal")
    axes.set_xlim(-0.9, 1.9)
    axes.set_ylim(-0.08, 1.0)
    axes.set_axis_off()
    names = ", ".join(map(str, experts))
    title = (
        f"Layer {layer}, step {step:g}: experts {names} hold "
        f"{100 * part.sum(1).mean():.0f} % of the probability"
    )
    return finish(axes, title, "", "")
