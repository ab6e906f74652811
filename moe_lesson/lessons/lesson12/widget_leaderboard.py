"""W19, the leaderboard: resample the prompts, drop a judge, change Elo's k; watch the ranks."""

import ipywidgets
import numpy as np

from moe_lesson.lessons.lesson12 import figures
from moe_lesson.lessons.lesson12.arena import battles, bradley_terry, online_elo, resampled
from moe_lesson.study.figures.frame import cleared, new_axes, png
from moe_lesson.study.widgets.explorer import CALM, WIDE, Explorer
from moe_lesson.study.widgets.view import View

DRAWS, ORDERS = 200, 60  # of prompts, and of the battles
NOBODY = "nobody"
QUESTION = "Which system is first? Will it be first on other prompts, or with one judge less?"


def leaderboard(judged, names, judges):
    """Rate systems by Bradley-Terry and by online Elo, on prompts and judges of one's choice.

    Args:
        judged: over judges, prompts, systems, systems, as ``arena.both_ways`` gives it.
        names: of the systems.
        judges: their names.

    Returns:
        An Explorer.

    Raises:
        ValueError: names or judges are not as many as there are.

    Lesson 12.
    """
    sizes = len(judges), len(names)
    if (len(judged), judged.shape[-1]) != sizes:
        found = f"{len(judged)} judges of {judged.shape[-1]} systems"
        raise ValueError(f"{found}: {sizes[0]} judges and {sizes[1]} systems have names")
    axes = new_axes(height=3.4, shown=False)

    def view(draw, drop, k):
        kept = judged[[name != drop for name in judges]]
        if not len(kept):
            raise ValueError(f"{drop} is the only judge: without it nobody is rated")
        prompts = kept.shape[1]
        if draw:
            kept = kept[:, np.random.default_rng(draw).integers(prompts, size=prompts)]
        rating, draws = bradley_terry(kept.sum((0, 1))), resampled(kept, DRAWS)
        elo = _orders(kept, k)
        figures.ratings(cleared(axes), names, rating, draws, elo)
        return View(png(axes.figure), _sentence(names, rating, draws, elo, (draw, drop, k)))

    controls = {
        "draw": ipywidgets.IntSlider(0, 0, 30, description="Resample (0: not)", **CALM, **WIDE),
        "drop": ipywidgets.Dropdown(options=[NOBODY, *judges], description="Drop", **WIDE),
        "k": ipywidgets.IntSlider(16, 2, 64, 2, description="k of Elo", **CALM),
    }
    states = {"As judged": {}, "Resampled": {"draw": 1}}
    states |= {f"Without {judges[-1]}": {"drop": judges[-1]}}
    return Explorer(view, controls, states, QUESTION)


def _orders(judged, k):
    """Rate the same battles in many orders."""
    fought, random = battles(judged), np.random.default_rng(0)
    orders = (random.permutation(len(fought)) for _ in range(ORDERS))
    return np.array([online_elo([fought[n] for n in o], judged.shape[-1], k) for o in orders])


def _sentence(names, rating, draws, elo, how):
    draw, drop, k = how
    best = int(rating.argmax())
    share = (draws.argmax(1) == best).mean()
    spread = np.ptp(np.quantile(elo[:, best], (0.025, 0.975)))
    what = f"prompts drawn anew ({draw})" if draw else "the prompts as judged"
    judges = f", without the judge {drop!r}" if drop != NOBODY else ""
    firsts = len(set(elo.argmax(1).tolist()))
    return (
        f"On {what}{judges}, {names[best]} is first with {rating[best]:.0f} points; it stays "
        f"first in {100 * share:.0f} % of resamplings. Online Elo with k = {k} puts {firsts} "
        f"system{'s' * (firsts != 1)} first, by the order alone, and moves {names[best]} by "
        f"{spread:.0f} points."
    )
