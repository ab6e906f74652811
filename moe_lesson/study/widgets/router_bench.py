"""W1, the gate bench: one token, eight scores, four orders of softmax and choice."""

import ipywidgets
import torch

from moe_lesson.moe.balance import entropy
from moe_lesson.moe.routing import biased_top_k, softmax_top_k, top_k
from moe_lesson.study.figures.frame import new_axes, png
from moe_lesson.study.figures.routing import gate_bars, gate_chances
from moe_lesson.study.widgets.explorer import CALM, WIDE, Explorer
from moe_lesson.study.widgets.view import View

TOKENS = {
    "confident": [5.0, 1.0, 0.5, 0.0, 0.0, -0.5, -1.0, -1.0],
    "torn": [2.0, 1.9, 0.5, 0.4, 0.0, -0.2, -0.5, -1.0],
    "flat": [0.3, 0.2, 0.1, 0.1, 0.0, 0.0, -0.1, -0.1],
}


def sigmoid_top_k(logits_TE, k):
    """Keep the k largest sigmoids and divide them by their sum.

    Returns:
        A Routing; the k weights are shares that sum to 1.

    >>> sigmoid_top_k(torch.zeros(1, 4), k=2).weight_TK.tolist()
    [[0.5, 0.5]]

    Lesson 4.
    """
    routing = biased_top_k(logits_TE, torch.zeros(logits_TE.shape[-1]), k)
    return routing._replace(weight_TK=routing.weight_TK / routing.weight_TK.sum(-1, keepdim=True))


ORDERS = {
    "softmax, top-k, renormalise": lambda logits_TE, k: softmax_top_k(logits_TE, k, True),
    "top-k, softmax": top_k,
    "softmax, top-k": softmax_top_k,
    "sigmoid, top-k, normalise": sigmoid_top_k,
}
STATES = {
    "Mixtral's order": {"token": "torn"},
    "The other order": {"token": "torn", "order": "softmax, top-k, renormalise"},
    "No renormalising": {"token": "torn", "order": "softmax, top-k"},
    "Noise on a near tie": {"token": "torn", "k": 1, "noise": 0.5, "draw": 4},
}
NOISY_STATES = {
    "No noise": {"token": "torn", "k": 1},
    "Noise on a near tie": {"token": "torn", "k": 1, "noise": 0.5, "draw": 4},
    "Noise, clear lead": {"token": "confident", "k": 1, "noise": 0.5, "draw": 4},
    "Strong noise": {"token": "torn", "k": 1, "noise": 3.0, "draw": 4},
}
QUESTIONS = (
    "With a higher temperature, does the same pair of experts win? With what weights?",
    "Noise is drawn anew for each visit: how often will the runner-up be chosen?",
)
LARGEST = 1e30  # a score divided by the lowest temperature must still be a number
DRAWS = 2000  # of the noise, from one fixed seed


def gate_bench(logits_E=None, chances=False):
    """Turn temperature, k, noise and the order of softmax and top-k for one token.

    Args:
        logits_E: one token's scores from a model; they become the token "from model".
        chances: also show how often fresh noise would choose each expert.

    Returns:
        An Explorer.

    Raises:
        ValueError: ``logits_E`` is not one row of numbers, or the softmax has none for them.

    >>> gate_bench().sentence
    'Temperature 1.00: entropy 2.30 of 3 bits. Top-2 keeps experts 0, 1, which hold 70 % of \
the softmax; their weights sum to 1.00.'

    Lessons 3 and 8.
    """
    tokens = {name: torch.tensor(scores) for name, scores in TOKENS.items()}
    if logits_E is not None:
        tokens["from model"] = _checked(torch.as_tensor(logits_E).float().cpu())
    most = min(len(scores) for scores in tokens.values())
    axes = new_axes(height=2.6, shown=False)

    def view(token, tau, k, order, noise, draw):
        noisy, logits = _scores(tokens[token], tau, noise, draw)
        routing = ORDERS[order](noisy[None], k)
        prob_E = noisy.softmax(-1)
        # Rounded, so that two orders that are equal in exact arithmetic draw one picture.
        weight_K = routing.weight_TK[0].round(decimals=5)
        weight_E = torch.zeros_like(prob_E).scatter(0, routing.expert_TK[0], weight_K)
        axes.clear()
        title = f"Top-{k}: the weights sum to {weight_E.sum():.2f}"
        calm = ORDERS[order](logits[None], k).expert_TK[0]
        said = _sentence(tau, prob_E, weight_E, calm, noise)
        bars = prob_E.numpy(), weight_E.numpy()
        if not (chances and noise):
            gate_bars(axes, *bars, title)
            return View(png(axes.figure), said)
        chance_E = _chances(tokens[token], tau, noise, k, ORDERS[order])
        gate_chances(axes, *bars, chance_E.numpy())
        return View(png(axes.figure), f"{said} {_odds(chance_E, k)}")

    states = NOISY_STATES if chances else STATES
    return Explorer(view, _controls(list(tokens), most), states, QUESTIONS[chances])


def _checked(logits):
    """Refuse scores that no softmax can take at every temperature of the slider."""
    if logits.dim() != 1 or not len(logits):
        raise ValueError(f"the scores have the shape {tuple(logits.shape)}: one row is needed")
    if logits.isnan().any() or not -LARGEST < logits.max() < LARGEST:
        raise ValueError(f"the scores are {logits.tolist()}: their largest must be a number")
    return logits


def _controls(tokens, most):
    return {
        "token": ipywidgets.Dropdown(options=tokens, value="torn", description="Token"),
        "tau": ipywidgets.FloatLogSlider(
            1.0,
            min=-1,
            max=1,
            step=0.05,
            description="Temperature",
            readout_format=".2f",
            **CALM,
            **WIDE,
        ),
        "k": ipywidgets.IntSlider(2, 1, most, description="k", **CALM),
        "order": ipywidgets.Dropdown(
            options=list(ORDERS), value="top-k, softmax", description="Order"
        ),
        "noise": ipywidgets.FloatSlider(0.0, min=0, max=3, step=0.1, description="Noise", **CALM),
        "draw": ipywidgets.BoundedIntText(0, 0, 999, description="Noise draw", **WIDE),
    }


def _scores(scores, tau, noise, draw):
    """Return the scores over the temperature, with noise and without."""
    generator = torch.Generator().manual_seed(draw)
    added = noise * torch.randn(len(scores), generator=generator)
    return (scores + added) / tau, scores / tau


def _chances(scores, tau, noise, k, order):
    """Estimate how often each expert is chosen if the noise is drawn anew."""
    E, generator = len(scores), torch.Generator().manual_seed(DRAWS)
    drawn_TE = (scores + noise * torch.randn(DRAWS, E, generator=generator)) / tau
    count_E = order(drawn_TE, k).expert_TK.flatten().bincount(minlength=E)
    return count_E / DRAWS


def _odds(chance_E, k):
    """Name the k experts that are chosen most often, and the next one."""
    first = chance_E.argsort(descending=True, stable=True)[: k + 1].tolist()
    shares = ", ".join(f"expert {expert} in {100 * chance_E[expert]:.0f} %" for expert in first)
    return f"Over {DRAWS:,} draws of the noise: {shares}."


def _sentence(tau, prob_E, weight_E, calm, noise):
    kept = weight_E.nonzero().flatten()
    total, most = weight_E.sum().item(), torch.tensor(float(len(prob_E))).log2().item()
    chosen = ", ".join(map(str, kept.tolist()))
    one = len(kept) == 1
    names = f"expert {chosen}, which holds" if one else f"experts {chosen}, which hold"
    text = (
        f"Temperature {tau:.2f}: entropy {entropy(prob_E):.2f} of {most:.3g} bits. Top-{len(kept)} "
        f"keeps {names} {100 * prob_E[kept].sum():.0f} % of the softmax; "
        f"{'its weight is' if one else 'their weights sum to'} {total:.2f}."
    )
    if total < 0.995:
        text += f" The layer's output shrinks by {100 * (1 - total):.0f} %."
    if noise and set(kept.tolist()) != set(calm.tolist()):
        without = ", ".join(map(str, sorted(calm.tolist())))
        text += f" Noise changed the choice: without it, {without}."
    return text
