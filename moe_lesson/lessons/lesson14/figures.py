"""Figures of lesson 14: what finer, shared, balanced and skipped experts bring; laws; models."""

from collections import Counter

import numpy as np

from moe_lesson.lessons.lesson14.laws import GRAINS, MIXTURE, SIZES
from moe_lesson.lessons.lesson14.touch import touched
from moe_lesson.study.figures.frame import (
    FONT,
    READABLE,
    SERIES,
    baseline,
    dot_rows,
    finish,
    our_style,
)
from moe_lesson.study.figures.lines import named_lines, names_right
from moe_lesson.study.figures.palette import MUTED, OUTLINE

WIDE, LETTERS = 0.4, 62  # of the timeline: the dots' part of the width, letters of a line


@our_style()
def seeds(axes, found, unit):
    """Draw a dot for each seed of each variant, a bar at the mean; dotted: the first's mean.

    Args:
        found: name -> a number for each seed.
        unit: of the numbers, in words.

    >>> from moe_lesson.study.figures.frame import new_axes
    >>> found = {"dense": [2.0, 2.5], "sparse": [1.5, 1.75]}
    >>> seeds(new_axes(shown=False), found, "bits per byte").get_title("left")
    'Means: dense 2.25, sparse 1.625'

    Lesson 14.
    """
    dot_rows(axes, found)
    baseline(axes, float(np.mean(next(iter(found.values())))), vertical=True)
    means = ", ".join(f"{name} {np.mean(runs):.4g}" for name, runs in found.items())
    return finish(axes, f"Means: {means}", unit, "")


@our_style()
def cost_by_grain(axes, experts, operations, seconds):
    """Draw what cutting experts costs, over the uncut layer: multiply-adds and time.

    Args:
        experts: how many there are at each cut.
        operations, seconds: of a step at each.

    >>> from moe_lesson.study.figures.frame import new_axes
    >>> axes = cost_by_grain(new_axes(shown=False), [8, 64], [100, 102], [1.0, 2.5])
    >>> axes.get_title("left")
    '64 experts for 8: 1.02 times the operations, 2.5 times the seconds'

    Lesson 14.
    """
    lines = {
        "seconds": np.array(seconds) / seconds[0],
        "operations": np.array(operations) / operations[0],
    }
    axes.set_ylim(0, 1.15 * max(max(line) for line in lines.values()))
    named_lines(axes, np.log2(experts), lines)
    axes.set_xticks(np.log2(experts), [f"{one}" for one in experts])
    more, longer = lines["operations"][-1], lines["seconds"][-1]
    title = f"{experts[-1]} experts for {experts[0]}: {more:.2f} times the operations,"
    return finish(
        axes, f"{title} {longer:.1f} times the seconds", "experts", f"over {experts[0]} experts"
    )


@our_style()
def load_and_language(axes, found):
    """Draw how uneven the load is against what a visit tells about the language.

    Args:
        found: way to balance -> for each seed busiest over mean, bits of language a visit.

    >>> from moe_lesson.study.figures.frame import new_axes
    >>> found = {"none": [(4.0, 0.5)], "sequence": [(1.25, 0.125)]}
    >>> load_and_language(new_axes(shown=False), found).get_title("left")
    'Language a visit: none 0.500, sequence 0.125 bits'

    Lesson 14.
    """
    means = {name: np.mean(pairs, axis=0) for name, pairs in found.items()}
    for (name, pairs), (shade, marker, _) in zip(found.items(), SERIES):
        across, up = np.transpose(pairs)
        style = {"marker": marker, "edgecolors": OUTLINE, "linewidths": 0.5}
        axes.scatter(across, up, 26, shade, label=name, **style)
    axes.set_xscale("log", base=2)
    axes.set_ylim(0, 1.25 * max(max(up for _, up in pairs) for pairs in found.values()))
    ticks = [2**n for n in range(6) if 2**n <= 2 * max(one[0] for one in means.values())]
    axes.set_xticks(ticks, ticks)
    axes.minorticks_off()
    axes.legend(fontsize=FONT - 1.5, ncols=3, loc="upper left", frameon=False, handletextpad=0.1)
    ends = ", ".join(f"{name} {one[1]:.3f}" for name, one in means.items())
    return finish(
        axes, f"Language a visit: {ends} bits", "busiest expert over the mean", "bits a visit tells"
    )


@our_style()
def law_of_grain(axes):
    """Draw Krajewski's gain of finer experts where it was fitted, and where Ling's best lies.

    >>> from moe_lesson.study.figures.frame import new_axes
    >>> law_of_grain(new_axes(shown=False)).get_title("left")[:22]
    'Krajewski: finer wins,'

    Lesson 14.
    """
    inside, beyond = np.linspace(*GRAINS, 60), np.linspace(GRAINS[1], 32, 20)
    for size, (shade, _, _) in zip(SIZES, SERIES):
        axes.plot(inside, MIXTURE.gain(size, inside), color=shade, linewidth=1.8)
        axes.plot(beyond, MIXTURE.gain(size, beyond), color=shade, linewidth=1.2, linestyle=":")
    axes.axvspan(16, 24, color="#E69F00", alpha=0.25, linewidth=0)
    axes.set_ylim(0, 1.35 * MIXTURE.gain(SIZES[0], 32))
    ends = [MIXTURE.gain(size, beyond[-1]) for size in SIZES]
    names_right(axes, ends, [f"{size / 1e9:.3g}e9 parameters" for size in SIZES])
    axes.text(20, 0.015, "Ling: best,\nthen worse", ha="center", fontsize=FONT - 1.5)
    axes.set_xticks([1, 4, 8, 16, 24, 32])
    least, most = (MIXTURE.gain(size, GRAINS[1]) for size in SIZES[::-1])
    title = f"Krajewski: finer wins, {least:.2f} to {most:.2f} nats at 16; no best in sight"
    across = "grain, in fours of the width (solid: fitted; dotted: beyond)"
    return finish(axes, title, across, "nats a token won over 1")


@our_style()
def timeline(axes, families, ideas):
    """Draw the years: how many experts models have, and which ideas came.

    Args:
        families: name -> Family.
        ideas: dicts with ``year`` and ``idea``.

    >>> from moe_lesson.study.figures.frame import new_axes
    >>> from moe_lesson.models.families import read_families
    >>> ideas = [{"year": 1991, "idea": "experts"}]
    >>> timeline(new_axes(shown=False), read_families(), ideas).get_title("left")
    '1991 to 2026: models since Mixtral ask 1 to 8 of 8 to 384 experts'

    Lesson 14.
    """
    words = _words(ideas)
    years = sorted(words.keys() | {one.year for one in families.values()})
    top, places = 0.0, {}
    for year in years:
        lines = words.get(year, [""])
        places[year] = top + (len(lines) - 1) / 2
        axes.text(WIDE + 0.03, places[year], "\n".join(lines), fontsize=FONT - 2.5, va="center")
        top += len(lines)
    here = Counter()  # of models with as many experts in one year, one stands above the other
    for one in families.values():
        up = places[one.year] - 0.4 * here[one.year, one.num_experts]
        here[one.year, one.num_experts] += 1
        across = WIDE * np.log2(one.num_experts) / 11
        style = {"markeredgecolor": OUTLINE, "markeredgewidth": 0.5, "alpha": 0.8}
        axes.plot(across, up, "o", color=SERIES[0][0], markersize=5, **style)
    axes.set_yticks(list(places.values()), years, fontsize=FONT - 2)
    axes.set_ylim(top - 0.4, -0.8)
    axes.set_xlim(0, 1)
    axes.set_xticks([WIDE * n / 11 for n in (1, 3, 6, 8, 11)], [2, 8, 64, 256, 2048])
    since = [one for one in families.values() if one.year >= 2023]
    counts = [one.num_experts for one in since]
    asked = [one.top_k for one in since]
    title = f"{years[0]} to {years[-1]}: models since Mixtral ask {min(asked)} to {max(asked)}"
    return finish(
        axes, f"{title} of {min(counts)} to {max(counts)} experts", "experts a layer (dots)", ""
    )


def _words(ideas):
    """Put each year's ideas into lines."""
    found = {}
    for one in ideas:
        lines = found.setdefault(one["year"], [""])
        said = one["idea"]
        if lines[-1] and len(lines[-1]) + len(said) + 2 > LETTERS:
            lines.append("")
        lines[-1] += "; " * bool(lines[-1]) + said
    return found


@our_style()
def sizes_of(axes, pair):
    """Draw what two models store and what a token of each uses.

    Args:
        pair: two names -> Family.

    >>> from moe_lesson.study.figures.frame import new_axes
    >>> from moe_lesson.models.families import read_families
    >>> pair = {name: read_families()[name] for name in ("Mixtral 8x7B", "DeepSeek-V3")}
    >>> sizes_of(new_axes(shown=False), pair).get_title("left")
    'Total over active: 3.6, 17.9'

    Lesson 14.
    """
    ratios = []
    for row, one in enumerate(pair.values()):
        total, active = one.total_parameters / 1e9, one.active_parameters / 1e9
        style = {"edgecolor": OUTLINE, "linewidth": 0.6, "height": 0.6}
        axes.barh(row, total, color="#56B4E9", **style)
        axes.barh(row, active, color=SERIES[0][0], **style)
        label = axes.text(total, row, f" {total:.1f}", va="center", fontsize=FONT - 1)
        label.set_path_effects(READABLE)
        ratios.append(f"{total / active:.1f}")
    axes.set_yticks(range(len(pair)), list(pair), fontsize=FONT - 1)
    axes.set_ylim(len(pair) - 0.4, -0.6)
    axes.set_xlim(0, 1.2 * max(one.total_parameters for one in pair.values()) / 1e9)
    across = "billions: total (light), active (dark)"
    return finish(axes, f"Total over active: {', '.join(ratios)}", across, "")


@our_style()
def touched_by(axes, pair, batch):
    """Draw the share of experts that a batch visits, for two models.

    >>> from moe_lesson.study.figures.frame import new_axes
    >>> from moe_lesson.models.families import read_families
    >>> pair = {name: read_families()[name] for name in ("Mixtral 8x7B", "DeepSeek-V3")}
    >>> touched_by(new_axes(shown=False), pair, 4).get_title("left")
    'A batch of 4 visits 5.5 of 8, 30.5 of 256'

    Lesson 14.
    """
    sizes = 2.0 ** np.arange(0, 11)
    for (name, one), (shade, marker, dash) in zip(pair.items(), SERIES):
        style = {"color": shade, "marker": marker, "linestyle": dash, "markersize": 3.5}
        style["label"] = name
        axes.plot(sizes, 100 * touched(one, sizes) / one.num_experts, linewidth=1.5, **style)
    axes.axvline(batch, color=MUTED, linestyle=":", linewidth=1.4)
    axes.set_xscale("log", base=2)
    axes.set_xticks([1, 8, 64, 512], [1, 8, 64, 512])
    axes.minorticks_off()
    axes.legend(fontsize=FONT - 2.5, loc="lower right", frameon=False)
    axes.set_ylim(0, 105)
    seen = [f"{touched(one, batch):.1f} of {one.num_experts}" for one in pair.values()]
    return finish(
        axes, f"A batch of {batch} visits {', '.join(seen)}", "tokens in a step", "experts (%)"
    )
