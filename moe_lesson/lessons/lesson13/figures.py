"""Figures of lesson 13: what a cache, a batch, fewer bits, few slots and a draft bring."""

from matplotlib.patches import Rectangle
from matplotlib.ticker import MaxNLocator

from moe_lesson.study.figures.frame import (
    FONT,
    SERIES,
    baseline,
    digit,
    finish,
    our_style,
)
from moe_lesson.study.figures.lines import named_lines
from moe_lesson.study.figures.palette import MUTED, OUTLINE

PALE = "#99C7E0"


def _powers(axes, across):
    """Make the axis across logarithmic, with the given numbers below it."""
    axes.set_xscale("log", base=2)
    axes.set_xticks(across, [f"{one:,}" for one in across])
    axes.minorticks_off()


@our_style()
def cache_pays(axes, context, found):
    """Draw tokens a second by context, with the cache and without.

    Args:
        context: positions before the new token.
        found: "with the cache", "without" -> tokens a second at each.

    >>> from moe_lesson.study.figures.frame import new_axes
    >>> found = {"with the cache": [100.0, 90.0], "without": [50.0, 9.0]}
    >>> cache_pays(new_axes(shown=False), [16, 256], found).get_title("left")
    'At 256 positions the cache makes a token 10 times as fast'

    Lesson 13.
    """
    axes.set_ylim(0, 1.1 * max(max(one) for one in found.values()))
    named_lines(axes, context, found)
    kept, again = (values[-1] for values in found.values())
    title = f"At {context[-1]} positions the cache makes a token {kept / again:.0f} times as fast"
    return finish(axes, title, "positions before the token", "tokens a second")


@our_style()
def slots_in_time(axes, served, slots, name, until):
    """Draw which slot answers whom, second by second; hatched: done, but not free.

    Args:
        served: a ``serving.Served`` for each request.
        slots: how many there are.
        until: seconds that are shown.

    >>> from moe_lesson.lessons.lesson13.serving import Served
    >>> from moe_lesson.study.figures.frame import new_axes
    >>> one = [Served(0, 0.0, 1.0, 2.0, 4.0)]
    >>> slots_in_time(new_axes(shown=False), one, 2, "batches", 4.0).get_title("left")
    'batches: the last token after 2.00 s'

    Lesson 13.
    """
    shades = [SERIES[0][0], "#56B4E9"]
    for number, one in enumerate(served):
        style = {"edgecolor": OUTLINE, "linewidth": 0.5, "height": 0.8}
        shade = shades[number % 2]
        axes.barh(one.slot, one.ends - one.begins, left=one.begins, color=shade, **style)
        if one.leaves > one.ends:
            idle = style | {"hatch": "////", "color": "white", "edgecolor": MUTED}
            axes.barh(one.slot, one.leaves - one.ends, left=one.ends, **idle)
    axes.set_xlim(0, until)
    axes.set_yticks(range(slots))
    axes.set_ylim(slots - 0.4, -0.6)
    last = max(one.ends for one in served)
    return finish(axes, f"{name}: the last token after {last:.2f} s", "seconds", "slot")


@our_style()
def distinct_by_batch(axes, batches, found, layer):
    """Draw how many experts a batch visits, counted and expected.

    Args:
        found: kind of batch -> experts at each size; "even, alone" is the formula.

    >>> from moe_lesson.study.figures.frame import new_axes
    >>> found = {"even, alone": [2.0, 3.5], "one text": [2.0, 3.0]}
    >>> distinct_by_batch(new_axes(shown=False), [1, 2], found, 3).get_title("left")
    'Layer 3, 2 tokens: 3.0 (one text) to 3.5 experts (even, alone)'

    Lesson 13.
    """
    axes.set_ylim(0, 8.4)
    named_lines(axes, batches, found)
    _powers(axes, batches)
    at = len(batches) * 2 // 3 if len(batches) > 2 else -1
    there = {name: values[at] for name, values in found.items()}
    least, most = min(there, key=there.get), max(there, key=there.get)
    title = (
        f"Layer {layer}, {batches[at]} tokens: {there[least]:.1f} ({least}) to {there[most]:.1f}"
    )
    return finish(axes, f"{title} experts ({most})", "tokens in a step", "experts visited, of 8")


@our_style()
def faster_by_batch(axes, batches, found):
    """Draw how many times as fast one model's step is as another's.

    Args:
        found: context -> time of the other's step over its own, at each batch.

    >>> from moe_lesson.study.figures.frame import new_axes
    >>> import numpy as np
    >>> found = {"no context": np.array([5.4, 1.5]), "4,096 before": np.array([5.3, 1.9])}
    >>> faster_by_batch(new_axes(shown=False), [1, 64], found).get_title("left")
    'Between 1.5 and 5.4 times as fast, never 6'

    Lesson 13.
    """
    axes.set_ylim(0, 6.8)
    baseline(axes, 6, '"6x faster"')
    named_lines(axes, batches, found)
    _powers(axes, batches)
    low, high = (end(map(end, found.values())) for end in (min, max))
    title = f"Between {low:.1f} and {high:.1f} times as fast, never 6"
    return finish(axes, title, "sequences in a step", "Llama 2 70B's time / Mixtral's")


@our_style()
def lost_by_bits(axes, bits, found):
    """Draw what fewer bits a weight cost, part by part.

    Args:
        bits: of a weight, the most first.
        found: part of the model -> bits a byte more than before, at each.

    >>> from moe_lesson.study.figures.frame import new_axes
    >>> found = {"experts": [0.0, 0.25], "attention": [0.0, 0.125]}
    >>> lost_by_bits(new_axes(shown=False), [8, 2], found).get_title("left")
    'At 2 bits: experts +0.250, attention +0.125 bits a byte'

    Lesson 13.
    """
    axes.set_yscale("symlog", linthresh=0.001)  # 0 has its place below a thousandth
    axes.set_ylim(-0.001, 2)
    axes.set_yticks([0, 0.001, 0.01, 0.1, 1], ["0", "0.001", "0.01", "0.1", "1"])
    named_lines(axes, range(len(bits)), found)
    axes.set_xticks(range(len(bits)), bits)
    ends = ", ".join(f"{name} {values[-1]:+.3f}" for name, values in found.items())
    title = f"At {bits[-1]} bits: {ends} bits a byte".replace("-", "−")
    return finish(axes, title, "bits of a weight", "bits a byte more")


@our_style()
def hits_by_slots(axes, slots, found):
    """Draw the hit ratio by the number of slots; the first line is broad: others lie on it.

    Args:
        found: name -> hit ratio, 0 to 1, at each number of slots.

    >>> from moe_lesson.study.figures.frame import new_axes
    >>> found = {"least recent": [0.5, 0.75], "knows the future": [0.75, 0.9]}
    >>> hits_by_slots(new_axes(shown=False), [2, 4], found).get_title("left")
    'With 4 slots 75 % (least recent) to 90 % (knows the future)'

    Lesson 13.
    """
    percent = {name: [100 * one for one in values] for name, values in found.items()}
    axes.set_ylim(10 * (min(map(min, percent.values())) // 10), 100)
    named_lines(axes, slots, percent)
    axes.lines[0].set(color=PALE, linewidth=5, markersize=8, markeredgecolor=SERIES[0][0])
    axes.set_xticks(slots)
    at = slots.index(4)
    there = {name: values[at] for name, values in percent.items()}
    least, most = min(there, key=there.get), max(there, key=there.get)
    title = f"With 4 slots {there[least]:.0f} % ({least}) to {there[most]:.0f} % ({most})"
    return finish(axes, title, "slots, of 8 experts", "visits that hit (%)")


@our_style()
def drafts(axes, ahead, found):
    """Draw how many weights a token costs when a draft guesses ahead.

    Args:
        ahead: tokens that are guessed a round.
        found: target -> weights read for a token, over those of plain decoding.

    >>> from moe_lesson.study.figures.frame import new_axes
    >>> found = {"dense target": [0.5, 0.25], "mixture": [0.9, 0.75]}
    >>> drafts(new_axes(shown=False), [1, 4], found).get_title("left")
    'Guessing 4 ahead a token costs 0.25 to 0.75 of the reading'

    Lesson 13.
    """
    axes.set_ylim(0, 1.15 * max(1, *(max(one) for one in found.values())))
    baseline(axes, 1, "no draft")
    named_lines(axes, ahead, found)
    axes.set_xticks(ahead)
    ends = [values[-1] for values in found.values()]
    cost = f"{min(ends):.2f} to {max(ends):.2f}"
    title = f"Guessing {ahead[-1]} ahead a token costs {cost} of the reading"
    return finish(axes, title, "tokens guessed a round", "weights read a token")


@our_style()
def cache_film(axes, steps, at, experts):
    """Draw which experts a cache holds, token by token: grey kept, a digit where asked.

    Args:
        steps: a ``caches.Look`` for each token; framed is token ``at``.
        experts: how many there are.

    >>> from moe_lesson.lessons.lesson13.caches import Look
    >>> from moe_lesson.study.figures.frame import new_axes
    >>> one = [Look([0, 1], [], [0, 1], [], [0, 1])]
    >>> cache_film(new_axes(shown=False), one, 0, 8).get_title("left")
    'Up to token 0: 0 of 2 visits hit'

    Lesson 13.
    """
    for time, one in enumerate(steps):
        for expert in one.kept:
            axes.add_patch(_cell(time, expert, "#DDDDDD"))
        for expert in one.asked:
            digit(axes, time, expert, expert, fontsize=FONT - 2)
            if expert in one.loaded:
                axes.plot(time + 0.36, expert - 0.34, "v", color=SERIES[1][0], markersize=4)
    axes.add_patch(_cell(at, (experts - 1) / 2, "none", experts))
    axes.set_xlim(-0.6, len(steps) - 0.4)
    axes.set_ylim(experts - 0.4, -0.6)
    axes.set_yticks(range(experts))
    past = steps[: at + 1]
    hits, asked = (
        sum(len(part) for part in each) for each in zip(*((o.hits, o.asked) for o in past))
    )
    return finish(
        axes, f"Up to token {at}: {hits} of {asked} visits hit", "token; triangle: loaded", "expert"
    )


def _cell(across, down, shade, tall=1):
    """Make a cell of a grid, or the frame of a column."""
    edge = {"edgecolor": OUTLINE if shade == "none" else "white", "linewidth": 1.2}
    corner = across - 0.5, down - tall / 2
    return Rectangle(corner, 1, tall, facecolor=shade, zorder=3 if shade == "none" else 1, **edge)


def _until(axes, end):
    """Draw from 0 to an end, with no number so near to it that the edge would cut it."""
    axes.set_xlim(0, end)
    found = MaxNLocator(9, steps=[1, 2, 5, 10]).tick_values(0, end)
    axes.set_xticks([at for at in found if at < 0.975 * end])


@our_style()
def step_of(axes, step, rate):
    """Draw what a step of decoding takes its time for.

    Args:
        step: a ``cost_model.Step``.
        rate: tokens a second.

    >>> from moe_lesson.lessons.lesson13.cost_model import Step
    >>> from moe_lesson.study.figures.frame import new_axes
    >>> step_of(new_axes(shown=False), Step(0.5, 0.1, 0.2, True), 20.0).get_title("left")
    'At most 20 tokens a second'
    >>> step_of(new_axes(shown=False), Step(0.5, 0.1, 0.2, False), 20.0).get_title("left")
    'No room: if there were, at most 20 tokens a second'

    Lesson 13.
    """
    style = {"edgecolor": OUTLINE, "linewidth": 0.6, "height": 0.6}
    read, kept, made = (1000 * one for one in step[:3])
    axes.barh(0, read, color=SERIES[0][0], **style)
    axes.barh(0, kept, left=read, color="#E69F00", **style)
    axes.barh(1, made, color=SERIES[2][0], **style)
    axes.set_yticks([0, 1], ["read", "compute"])
    axes.set_ylim(1.6, -0.6)
    _until(axes, 1.05 * max(read + kept, made))
    across = "milliseconds a step: weights (blue), cache (orange), arithmetic (green)"
    title = f"At most {rate:,.0f} tokens a second"
    return finish(axes, title if step.fits else f"No room: if there were, a{title[1:]}", across, "")


@our_style()
def room_of(axes, weights, cache, memory):
    """Draw whether weights and cache have room, in gigabytes.

    >>> from moe_lesson.study.figures.frame import new_axes
    >>> room_of(new_axes(shown=False), 93.4, 4.3, 80.0).get_title("left")
    '97.7 GB wanted, 80 GB there'

    Lesson 13.
    """
    style = {"edgecolor": OUTLINE, "linewidth": 0.6, "height": 0.6}
    axes.barh(0, weights, color=SERIES[0][0], **style)
    axes.barh(0, cache, left=weights, color="#E69F00", **style)
    axes.axvline(memory, color=OUTLINE, linestyle=":", linewidth=1.6)
    axes.set_yticks([0], ["in memory"])
    axes.set_ylim(0.9, -0.9)
    _until(axes, 1.08 * max(weights + cache, memory))
    title = f"{weights + cache:.1f} GB wanted, {memory:.0f} GB there"
    return finish(axes, title, "GB: weights (blue), cache (orange); dotted: the device", "")
