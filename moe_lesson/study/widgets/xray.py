"""W4, the sentence X-ray: where each token of a text goes, layer by layer."""

import functools
import html
import math

import ipywidgets

from moe_lesson.study.figures.frame import new_axes, png
from moe_lesson.study.figures.palette import OUTLINE, colour, ink
from moe_lesson.study.figures.routing import routing_strip
from moe_lesson.study.statistics import changed_share, choice_entropy, repeat_share
from moe_lesson.study.trace import trace_text
from moe_lesson.study.widgets.explorer import Explorer
from moe_lesson.study.widgets.view import View

MOST = 4000  # characters of a reader's text: every token is a box on the page, at every move
MODES = ["first choice", "all choices", "entropy", "changed since the layer before"]


def sentence_xray(trace, model=None, tokenizer=None):
    """Colour a text by what the router did; look at one token's scores.

    Args:
        trace: a RoutingTrace of one text, best below 200 tokens.
        model, tokenizer: with both, the reader may type another text.

    Returns:
        An Explorer.

    >>> import numpy as np
    >>> from moe_lesson.study.trace import RoutingTrace
    >>> ids = np.array([[[0], [0], [1]]])
    >>> one = RoutingTrace(["a", " b", "c"], None, ids, np.ones((1, 3, 1)), np.full((1, 3, 2), 0.5))
    >>> sentence_xray(one).sentence
    "Layer 0: 50 % of the tokens go where the token before went (33 % if shuffled). Token 0, \
'a', goes to expert 0 (1.00)."

    Lesson 10.
    """
    layers, tokens = trace.expert_LTK.shape[:2]

    @functools.lru_cache(maxsize=8)
    def read(text):
        if not text:
            return trace
        if len(text) > MOST:
            raise ValueError(f"your text has {len(text):,} characters: allowed are up to {MOST:,}")
        return trace_text(model, tokenizer, text)

    def view(layer, mode, token, text=""):
        own = read(text)
        token = min(token, len(own.tokens) - 1)
        picture = strip_html(own, layer, mode, token) + bars_html(own, layer, token)
        return View(picture, f"{_finding(own, layer, mode)} {_token(own, layer, token)}")

    def poster():
        few = min(24, tokens)
        axes = new_axes(height=1.5 + 0.28 * layers, shown=False)
        return png(routing_strip(axes, trace.tokens[:few], trace.expert_LTK[:, :few, 0]).figure)

    last = {"layer": layers - 1}
    states = {"First layer": {}, "Last layer": last, "Undecided": last | {"mode": "entropy"}}
    question = "Do neighbouring tokens share an expert more often than chance would have it?"
    own_text = model is not None and tokenizer is not None
    return Explorer(view, _controls(layers, own_text), states, question, poster)


def _controls(layers, own_text):
    controls = {
        "layer": ipywidgets.IntSlider(0, 0, layers - 1, description="Layer"),
        "mode": ipywidgets.Dropdown(options=MODES, value=MODES[0], description="Show"),
        "token": ipywidgets.BoundedIntText(0, 0, 9999, description="Token"),
    }
    if own_text:
        hint = {"placeholder": "empty: the lesson's text", "continuous_update": False}
        controls["text"] = ipywidgets.Text("", description="Your text", **hint)
    return controls


def strip_html(trace, layer, mode, focus):
    """Write the tokens as HTML: number, colour and border each; the focused one boxed.

    >>> import numpy as np
    >>> from moe_lesson.study.trace import RoutingTrace
    >>> one = RoutingTrace(["<"], None, np.array([[[3]]]), np.ones((1, 1, 1)), None)
    >>> "3</sub>&lt;" in strip_html(one, 0, "first choice", 0)
    True

    Lesson 10.
    """
    marks = _marks(trace, layer, mode)
    spans = []
    for place, (token, (mark, style)) in enumerate(zip(trace.tokens, marks, strict=True)):
        edge = f"3px solid {OUTLINE}" if place == focus else f"1px solid {OUTLINE}"
        shown = html.escape(token).replace("\n", "¶").replace(" ", "&nbsp;")
        spans.append(
            f'<span title="token {place}" style="display: inline-block; margin: 1px; '
            f'padding: 0 2px; border: {edge}; {style}"><sub>{mark}</sub>{shown}</span>'
        )
    return f'<p style="line-height: 2; font-family: monospace">{"".join(spans)}</p>'


def _marks(trace, layer, mode):
    """Choose what stands before each token, and its style."""
    expert_TK = trace.expert_LTK[layer]
    first = expert_TK[:, 0].tolist()
    painted = [f"background: {colour(e)}; color: {ink(e)}" for e in first]
    if mode == "all choices":
        under = [f"; border-bottom: 5px solid {colour(row[-1])}" for row in expert_TK]
        names = ["+".join(map(str, row)) for row in expert_TK.tolist()]
        return list(zip(names, map("".join, zip(painted, under))))
    if mode == "entropy":
        bits = choice_entropy(trace.prob_LTE[layer]).tolist()
        most = math.log2(max(2, trace.prob_LTE.shape[-1]))  # one expert alone is never undecided
        return [(f"{b:.1f}", _grey(b / most)) for b in bits]
    if mode == "changed since the layer before" and layer:
        before = trace.expert_LTK[layer - 1, :, 0].tolist()
        plain = "background: #FFFFFF; color: #000000"
        return [
            (f"{b}→{a}", style if a != b else plain) for b, a, style in zip(before, first, painted)
        ]
    return list(zip(map(str, first), painted))


def _grey(level):
    """Write a style from white (0) to black (1), with text that stays readable."""
    grey = round(255 * (1 - min(max(level, 0.0), 1.0)))
    return f"background: rgb({grey}, {grey}, {grey}); color: {'#000' if grey > 117 else '#FFF'}"


def bars_html(trace, layer, token):
    """Write one token's softmax over all experts as bars of HTML; kept experts have a weight.

    >>> import numpy as np
    >>> from moe_lesson.study.trace import RoutingTrace
    >>> half = np.full((1, 1, 2), 0.5)
    >>> one = RoutingTrace(["a"], None, np.array([[[1]]]), np.ones((1, 1, 1)), half)
    >>> bars_html(one, 0, 0).count("0.50")
    2

    Lesson 10.
    """
    weights = dict(zip(trace.expert_LTK[layer, token].tolist(), trace.weight_LTK[layer, token]))
    rows = []
    for expert, share in enumerate(trace.prob_LTE[layer, token]):
        kept = f"<b>kept, weight {weights[expert]:.2f}</b>" if expert in weights else ""
        bar = (
            f'<span style="display: inline-block; height: 0.8em; width: {300 * share:.0f}px; '
            f'background: {colour(expert)}; border: 1px solid {OUTLINE}"></span>'
        )
        rows.append(f"<div>expert {expert} {bar} {share:.2f} {kept}</div>")
    return f'<div style="font-family: monospace">{"".join(rows)}</div>'


def _finding(trace, layer, mode):
    """Say what the strip shows, beside what chance would."""
    first = trace.expert_LTK[:, :, 0]
    if mode == "all choices":
        share = 100 * trace.weight_LTK[layer, :, 0].mean()
        return f"Layer {layer}: a token's first expert carries {share:.0f} % of its weight."
    if mode == "entropy":
        bits = choice_entropy(trace.prob_LTE[layer])
        low, high = bits.min(), bits.max()
        return (
            f"Layer {layer}: entropy {bits.mean():.2f} bits a token, from {low:.2f} to {high:.2f}."
        )
    if mode == "changed since the layer before" and not layer:
        return "Layer 0: there is no layer before it."
    if mode == "changed since the layer before":
        now, chance = (100 * share for share in changed_share(first[layer - 1], first[layer]))
        return (
            f"Layer {layer}: {now:.0f} % of the tokens have another number than in layer "
            f"{layer - 1} ({chance:.0f} % if independent): a number names another network there."
        )
    if len(trace.tokens) == 1:
        return f"Layer {layer}: the text is one token; none went before it."
    now, chance = (100 * share for share in repeat_share(first[layer]))
    return (
        f"Layer {layer}: {now:.0f} % of the tokens go where the token before went "
        f"({chance:.0f} % if shuffled)."
    )


def _token(trace, layer, token):
    pairs = zip(trace.expert_LTK[layer, token], trace.weight_LTK[layer, token])
    kept = " and ".join(f"{expert} ({weight:.2f})" for expert, weight in pairs)
    several = "experts" if trace.expert_LTK.shape[2] > 1 else "expert"
    return f"Token {token}, {trace.tokens[token]!r}, goes to {several} {kept}."
