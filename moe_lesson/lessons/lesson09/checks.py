"""Check the exercises of lesson 09: the schedule, the unit of the loss, upcycling."""

import math
from dataclasses import replace

import torch

from moe_lesson.models.config import TINY
from moe_lesson.models.likelihood import measuring
from moe_lesson.models.mixtral import Mixtral
from moe_lesson.study.checks import comparison, demand, exercise, near, number_of, tensor_of


@exercise("up in a line, down in half a cosine, to a tenth of the peak.")
def learning_rate(answer):
    """Check a schedule: ``answer(step, steps, peak, warmup)``, steps counted from 0.

    >>> from moe_lesson.training.loop import learning_rate as ours
    >>> learning_rate(ours)
    correct: up in a line, down in half a cosine, to a tenth of the peak.

    Lesson 9.
    """
    rate = {step: number_of(answer(step, 2004, 4.0, 4), "the rate") for step in range(2004)}
    demand(rate[0] > 0, "at step 0 the rate is 0: the first step would be wasted")
    demand(near(rate[0], 1.0), f"peak 4, warm-up 4: step 0 must have 4 / 4 = 1, not {rate[0]:g}")
    demand(near(rate[1], 2.0), f"peak 4, warm-up 4: step 1 must have 2, not {rate[1]:g}")
    demand(near(rate[3], 4.0), f"the warm-up ends at step 3 with the peak, 4, not {rate[3]:g}")
    last = rate[2003]
    demand(not near(last, 0), "the last step has rate 0: it must end at a tenth of the peak")
    demand(near(last, 0.4, 3e-3), f"peak 4: the last step must have 0.4, not {last:.3g}")
    falls = all(rate[step + 1] <= rate[step] for step in range(4, 2003))
    demand(falls, "after the warm-up the rate must never rise")
    line, curve = 0.4 + 3.6 * 0.75, 0.4 + 1.8 * (1 + math.cos(math.pi / 4))
    quarter = rate[503]
    demand(
        not near(quarter, line, 5e-3),
        f"a quarter of the way down you are at {quarter:.3g}: that is a line, not half a cosine",
    )
    demand(
        near(quarter, curve, 5e-3),
        f"a quarter of the way down the cosine stands at {curve:.3g}, yours at {quarter:.3g}: "
        "0.1 + 0.9 * (1 + cos(pi * done)) / 2, times the peak",
    )


@exercise("bits per byte do not depend on the tokenizer, so models can be compared by them.")
def bits_per_byte(answer):
    """Check a change of unit: ``answer(nats_per_token, tokens, bytes)``.

    >>> bits_per_byte(lambda nats, tokens, size: nats * tokens / size / math.log(2))
    correct: bits per byte do not depend on the tokenizer, so models can be compared by them.

    Lesson 9.
    """
    found = number_of(answer(math.log(2), 100, 400), "the price of a byte")
    said = f"100 tokens of ln 2 nats (1 bit each) over 400 bytes: you say {found:.4g}. "
    demand(not near(found, math.log(2) / 4), said + "These are nats: divide by ln 2")
    demand(not near(found, math.log(2) ** 2 / 4), said + "Divide by ln 2, do not multiply by it")
    demand(not near(found, 4), said + "Tokens over bytes, not bytes over tokens")
    demand(not near(found, 1), said + "That is bits per token: a token here has 4 bytes")
    demand(near(found, 0.25), said + "100 bits over 400 bytes are 0.25")
    found = number_of(answer(math.log(256), 7, 7), "the price of a byte")
    demand(near(found, 8), f"guessing each byte evenly costs 8 bits a byte: you say {found:.4g}")


@exercise("the sparse model starts exactly where the dense one stopped.")
def upcycle(answer):
    """Check ``answer(dense_state, num_experts)``: every expert a copy of the dense network.

    Komatsuzaki et al. 2022 (arXiv:2212.05055). The result is a state dict of a sparse
    model, with or without the router's weights.

    >>> def ours(dense_state, num_experts):
    ...     state = {}
    ...     for name, weight in dense_state.items():
    ...         if "feed_forward.gate_up" in name or "feed_forward.down" in name:
    ...             name = name.replace("gate_up_JFD", "experts.gate_up_EJFD")
    ...             name = name.replace("down_DF", "experts.down_EDF")
    ...             weight = torch.stack([weight] * num_experts)
    ...         state[name] = weight
    ...     return state
    >>> upcycle(ours)
    correct: the sparse model starts exactly where the dense one stopped.

    Lesson 9.
    """
    dense = Mixtral(replace(TINY, num_experts=1, top_k=1))
    before = {name: weight.clone() for name, weight in dense.state_dict().items()}
    state = answer(dict(before), 4)
    demand(isinstance(state, dict), f"return a dict of tensors, not a {type(state).__name__}")
    for name, weight in before.items():
        demand(torch.equal(weight, dense.state_dict()[name]), f"{name} of the dense model changed")
        if "feed_forward." in name:
            _stack(state, name, weight)
    sparse = Mixtral(replace(TINY, num_experts=4, top_k=2))
    lacking, surplus = sparse.load_state_dict(state, strict=False)
    lacking = [name for name in lacking if "router" not in name]
    demand(not lacking, f"the sparse model misses {lacking[:3]}: keep what is not feed-forward")
    demand(not surplus, f"the sparse model has no {surplus[:3]}: replace those names")
    id_BS = torch.arange(12).view(1, 12)
    with measuring(dense), measuring(sparse):
        gap = (sparse(id_BS).logits_BSV - dense(id_BS).logits_BSV).abs().max().item()
    demand(gap < 1e-5, f"the two models' logits differ by {gap:.2g}: equal experts change nothing")


def _stack(state, name, weight):
    """Demand that the experts of one layer are copies of the dense weight."""
    one, many = ("gate_up_JFD", "gate_up_EJFD") if "gate_up" in name else ("down_DF", "down_EDF")
    stacked = name.replace(one, f"experts.{many}")
    demand(stacked in state, f"{stacked} is missing: it holds four copies of {name}")
    found = tensor_of(state[stacked], (4, *weight.shape), stacked)
    for expert in range(4):
        demand(
            near(found[expert], weight, 1e-6),
            f"expert {expert} of {stacked} is not a copy of the dense network: the weights of the "
            "chosen experts sum to 1, so each copy stays as it is",
        )


@exercise("each position is asked for the token after it.")
def next_token_loss(answer):
    """Check ``answer(logits_BSV, id_BS)``: the mean cross entropy of the next token, in nats.

    >>> def ours(logits_BSV, id_BS):
    ...     logits, wanted = logits_BSV[:, :-1].flatten(0, 1), id_BS[:, 1:].flatten()
    ...     return torch.nn.functional.cross_entropy(logits, wanted)
    >>> next_token_loss(ours)
    correct: each position is asked for the token after it.

    Lesson 9.
    """
    id_BS = torch.tensor([[0, 1, 2]])
    parrot_BSV = torch.nn.functional.one_hot(id_BS, 4) * 20.0
    prophet_BSV = torch.nn.functional.one_hot(id_BS.roll(-1), 4) * 20.0
    parrot, prophet = (
        number_of(answer(logits, id_BS), "the loss") for logits in (parrot_BSV, prophet_BSV)
    )
    demand(
        parrot > 1,
        f"a model that repeats its input gets {parrot:.3g} nats from you: it predicts nothing and "
        "must get 20. The token at position s is the answer for position s - 1",
    )
    demand(
        prophet < 0.01,
        f"a model that is sure of the next token, and right, gets {prophet:.3g} nats: it must get "
        "0. The last position has no next token here, so leave it out",
    )
    even = number_of(answer(torch.zeros(1, 3, 4), id_BS), "the loss")
    demand(near(even, math.log(4)), f"four equal scores must cost ln 4 = 1.386, not {even:.4g}")


@exercise("two models, two seeds each: now you can tell a difference from chance.")
def experiment(answer):
    """Check ``answer()``: a dict name -> bits per byte of each seed, two of each at least.

    >>> experiment(lambda: {"a": [2.0, 2.1], "b": [2.2, 2.3]})
    b minus a: 0.2 bits per byte; runs of one setting differ by up to 0.1
    correct: two models, two seeds each: now you can tell a difference from chance.

    Lesson 9.
    """
    comparison(answer(), "bits per byte", seeds=2, between=(0, 20))
