"""W5, who sees what: labels against experts, with what shuffled labels would show."""

import functools

import ipywidgets
import numpy as np

from moe_lesson.lessons.lesson10.figures_information import information_by_layer, label_map
from moe_lesson.study.figures.frame import cleared, new_axes, png
from moe_lesson.study.information import contingency_table, information
from moe_lesson.study.trace import with_token_labels
from moe_lesson.study.widgets.explorer import CALM, WIDE, Explorer
from moe_lesson.study.widgets.view import View

VIEWS = ["share of the expert", "share of the label", "lift (log2)"]
SORTS = ["most tokens", "name", "farthest from chance"]
PLACES = {"document", "story", "position"}  # where a token stands, not what it is
ROWS, PERMUTATIONS = 12, 100
QUESTION = (
    "Which label does an expert's number tell most about, and is it still so when the token "
    "itself is known?"
)


def who_sees_what(trace, within=()):
    """Set any label against the experts; hide what shuffled labels would also show.

    Args:
        trace: a RoutingTrace with labels; a few thousand tokens or more.
        within: label -> names of labels that its shuffles keep, as in ``information``.

    Returns:
        An Explorer.

    Raises:
        ValueError: no label has two values, or there is one expert.

    Lesson 10.
    """
    if trace.prob_LTE.shape[2] < 2:
        raise ValueError("there is 1 expert: no label can tell it from another")
    trace, (left, right), within = with_token_labels(trace), _panels(), dict(within)
    factors = _factors(trace)

    @functools.lru_cache(maxsize=64)
    def explained(factor, given):
        return information(trace, factor, *nulls(factor, given), permutations=PERMUTATIONS)

    @functools.lru_cache(maxsize=64)
    def counted(factor, layer, given):
        return contingency_table(trace, factor, layer, *nulls(factor, given), PERMUTATIONS)

    def nulls(factor, given):
        return ["token"] if given else [], within.get(factor, ())

    def view(layer, factor, show, given, hide, sort):
        found, info = counted(factor, layer, given), explained(factor, given)
        outside = (found.count < found.low) | (found.count > found.high)
        rows = _order(found, sort)
        shown = np.where(outside | (not hide), _table(found, show, given), np.nan)[rows]
        _draw_map(left, [found.values[row] for row in rows], shown, show, given)
        _draw_layers(right, factor, info, layer)
        return View(png(left.figure), _sentence(layer, factor, given, info, outside))

    last = len(trace.expert_LTK) - 1
    return Explorer(view, _controls(last, factors), _states(last, factors), QUESTION)


def _factors(trace):
    """List the labels that can tell tokens apart."""
    several = [name for name, label in trace.labels.items() if len(set(label) - {""}) > 1]
    if not (factors := [name for name in several if name not in PLACES]):
        raise ValueError("no label has two values: there is nothing to tell apart")
    return factors


def _panels():
    """Make the two axes; the room for names must not depend on the first state's."""
    left, right = new_axes(columns=2, height=3.4, shown=False)
    left.figure.set_layout_engine("none")
    left.set_position([0.165, 0.135, 0.5, 0.73])
    right.set_position([0.76, 0.135, 0.225, 0.73])
    return left, right


def _draw_map(axes, names, shown, show, given):
    signed = given or show == VIEWS[2]
    label_map(cleared(axes), names, shown, _title(names, shown, show, given), signed)
    axes.set_xlabel(f"expert (cells: {_cell(show, given)})", fontsize=9)


def _draw_layers(axes, factor, info, layer):
    information_by_layer(cleared(axes), {factor: info})
    share = info.share()
    told, null = 100 * share.bits_L[layer], 100 * share.high95_L[layer]
    axes.set_title(f"I/H {told:.1f} % (null {null:.1f})", fontsize=9.5, loc="left")
    axes.axvline(layer, color="#222222", linewidth=0.8, zorder=0)
    axes.set_xlabel("layer (dotted: shuffles)", fontsize=9)
    axes.set_ylabel("")


def _first(factors):
    return "language" if "language" in factors else factors[0]


def _states(last, factors):
    end = {"layer": last, "factor": _first(factors)}
    topic = "topic" if "topic" in factors else factors[-1]
    return {
        "First layer": {"factor": _first(factors)},
        "Last layer": end,
        "Given the token": end | {"given": True},
        "Inside the null": {"layer": last, "factor": topic, "hide": True},
    }


def _controls(last, factors):
    return {
        "layer": ipywidgets.IntSlider(0, 0, last, description="Layer", **CALM),
        "factor": ipywidgets.Dropdown(options=factors, value=_first(factors), description="Label"),
        "show": ipywidgets.Dropdown(options=VIEWS, value=VIEWS[0], description="Show"),
        "given": ipywidgets.Checkbox(False, description="given the token id", **WIDE),
        "hide": ipywidgets.Checkbox(False, description="hide cells that shuffles explain", **WIDE),
        "sort": ipywidgets.Dropdown(options=SORTS, value=SORTS[0], description="Sort by"),
    }


def _table(found, show, given):
    """Turn counts into what is shown; given the token id, into the distance from chance."""
    if show == VIEWS[2]:
        # Half a token in empty cells: their logarithm would be infinite.
        return np.log2(np.maximum(found.count, 0.5) / np.maximum(found.expected, 0.5))
    whole = found.count.sum(VIEWS.index(show), keepdims=True)
    whole = np.where(whole > 0, whole, np.nan)  # an expert without tokens has no shares
    return 100 * (found.count - found.expected) / whole if given else found.count / whole


def _cell(show, given):
    """Say what the numbers in the cells are."""
    if show == VIEWS[2]:
        return "log2 of count / expected" + " from token ids" * given
    whole = "% of the expert's tokens" if show == VIEWS[0] else "% of the label's tokens"
    return f"points {whole[2:]} above ids alone" if given else whole


def _title(names, shown, show, given):
    """State the largest cell."""
    if np.isnan(shown).all():
        return f"0 of {shown.size} cells differ from chance"
    row, expert = np.unravel_index(np.nanargmax(shown), shown.shape)
    value, name = shown[row, expert], str(names[row])[:14]
    if show == VIEWS[2]:
        return f"{name} in expert {expert}: {2**value:.1f} times the expected"
    if given:
        return f"{name} in expert {expert}: {value:+.1f} points above its token ids"
    if show == VIEWS[0]:
        return f"{100 * value:.0f} % of expert {expert}'s tokens are {name}"
    return f"{100 * value:.0f} % of {name} goes to expert {expert}"


def _order(found, sort):
    """Choose the rows shown: the values with most tokens, in the order asked for."""
    size = found.count.sum(1)
    rows = np.sort(np.argsort(-size, kind="stable")[:ROWS])  # in the order of names
    if sort == SORTS[0]:
        return rows[np.argsort(-size[rows], kind="stable")]
    if sort == SORTS[2]:
        far = np.abs(found.count - found.expected).sum(1) / size
        return rows[np.argsort(-far[rows], kind="stable")]
    return rows


def _sentence(layer, factor, given, info, outside):
    share = info.share()
    known = " once the token id is known" if given else ""
    told, null = 100 * share.bits_L[layer], 100 * share.high95_L[layer]
    verdict = "more than chance" if told > null else "no more than chance"
    return (
        f"Layer {layer}: {factor} explains {told:.1f} % of H(E){known}; 95 % of shuffled labels "
        f"({info.shuffled} exchanged) stay below {null:.1f} %: {verdict}. {outside.sum()} of "
        f"{outside.size} cells lie outside 99 % of the shuffles."
    )
