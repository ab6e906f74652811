"""Check the exercises of lesson 09: schedule, unit and shift of the loss, upcycling."""

import math
from dataclasses import replace

import torch

from moe_lesson.lessons.lesson09.shifts import shifted_losses
from moe_lesson.models.config import TINY
from moe_lesson.models.likelihood import measuring
from moe_lesson.models.mixtral import Mixtral
from moe_lesson.study.checks import (
    comparison,
    demand,
    exercise,
    near,
    no_mistake,
    number_of,
    settings_of,
    tensor_of,
)


@exercise("up in a line, down in half a cosine, to a tenth of the peak.")
def learning_rate(answer):
    """Check a schedule: ``answer(step, steps, peak, warmup)``, steps counted from 0.

    >>> from moe_lesson.training.settings import learning_rate as ours
    >>> learning_rate(ours)
    correct: up in a line, down in half a cosine, to a tenth of the peak.

    Lesson 9.
    """
    for steps, peak, warmup in ((9, 4.0, 4), (23, 0.5, 3)):
        rates = [number_of(answer(at, steps, peak, warmup), f"step {at}") for at in range(steps)]
        said = f"{steps} steps, peak {peak:g}, warm-up {warmup}: "
        demand(rates[0] != 0, said + "at step 0 the rate is 0: the first step would be wasted")
        for at, found in enumerate(rates[:warmup], 1):
            told = f"step {at - 1} must have {peak:g} * {at} / {warmup} = {peak * at / warmup:.4g}"
            demand(near(found, peak * at / warmup), said + f"{told}, not {found:.4g}")
        _fall_begins(rates[warmup], steps, peak, warmup, said)
        last, end = rates[-1], "the last step must have a tenth of the peak, "
        demand(not near(last, 0), said + f"{end}not 0")
        demand(near(last, peak / 10), said + f"{end}{peak / 10:g}, not {last:.4g}")
        for at, found in enumerate(rates[warmup:], 1):
            wanted = _cosine(at / (steps - warmup), peak)
            told = f"step {warmup + at - 1} must have {wanted:.4g}, not {found:.4g}: "
            demand(near(found, wanted), said + told + "peak * (0.1 + 0.45 * (1 + cos(pi * done)))")


def _cosine(done, peak, floor=0.1):
    return peak * (floor + (1 - floor) * (1 + math.cos(math.pi * done)) / 2)


def _fall_begins(found, steps, peak, warmup, said):
    """Demand the first rate after the warm-up, and name the mistakes that give others."""
    fall = steps - warmup
    done = f"done must be 1 / {fall} there, "
    mistakes = (
        (peak * (warmup + 1) / warmup, "it rises on: the warm-up has had its steps"),
        (_cosine(0, peak), done + "not 0: the step before it had the peak already"),
        (_cosine((warmup + 1) / steps, peak), done + f"not {warmup + 1} / {steps}: leave the "
         "steps of the warm-up out, above and below"),
        (_cosine(warmup / steps, peak), done + f"not {warmup} / {steps}: count from the end of the "
         "warm-up"),
        (_cosine(1 / steps, peak), done + f"not 1 / {steps}: only {fall} steps fall"),
        (_cosine((warmup + 1) / fall, peak), done + f"not {warmup + 1} / {fall}: count from the "
         "end of the warm-up above the line too"),
        (_cosine(1 / fall, peak, floor=0), "the cosine falls to 0: it must end at a tenth of the "
         "peak, 0.1 + 0.9 * ..."),
        (_cosine(1 / fall, 1), "the fall is a share of the peak: multiply by it"),
        (_cosine(1 - 1 / fall, peak), "the cosine stands upside down"),
        (_cosine(1 / fall / math.pi, peak), "half a cosine is cos(pi * done), not cos(done)"),
        (_cosine(2 / fall, peak), "cos(2 * pi * done) is a whole cosine, down and up again"),
        (peak * (1 - 0.9 / fall), "that is a line, not half a cosine"),
    )  # fmt: skip
    wanted = _cosine(1 / fall, peak)
    told = f"step {warmup} has {found:.4g}, where {wanted:.4g} is right: "
    no_mistake(found, _unlike(wanted, mistakes), said + told)


def _unlike(right, mistakes):
    """Leave out the mistakes that cannot be seen here, for they give what is right."""
    return {message: wrong for wrong, message in mistakes if not near(right, wrong)}


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
    demand(not near(found, 100), said + "These are the bits of the whole text: divide by its bytes")
    demand(not near(found, 1 / 400), said + "One token's bits over all bytes: there are 100 tokens")
    demand(not near(found, 2), said + "A nat is 1 / ln 2 bits: the 8 bits of a byte play no part")
    demand(not near(found, 1 / 32), said + "The 8 bits of a byte play no part: divide by bytes")
    ten = math.log(2) / math.log(10) / 4
    demand(not near(found, ten), said + "One bit is ln 2 nats: take math.log(2), not a log of 10")
    demand(found != 0, said + "`//` cuts the fraction off")
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
    bare = stacked.replace(many, one)
    demand(bare not in state, f"{bare}: it has one axis more now, add E to its axes")
    demand(stacked in state, f"{stacked} is missing: it holds four copies of {name}")
    found = getattr(state[stacked], "shape", ())
    others = (
        ((*weight.shape, 4), "the expert axis comes first"),
        ((8, *weight.shape), "num_experts is 4, you make 8"),
        ((4 * weight.shape[0], *weight.shape[1:]), "`cat` puts the copies into one long matrix"),
    )
    for shape, message in others:
        demand(found != shape, f"{stacked} has shape {tuple(found)}: {message}")
    _copies(tensor_of(state[stacked], (4, *weight.shape), stacked), weight.double(), stacked)


def _copies(found, weight, stacked):
    """Demand that each expert is the dense network as it was."""
    for expert in range(4):
        said = f"expert {expert} of {stacked} is not a copy of the dense network: "
        shared = "the weights of the chosen experts sum to 1, so each copy stays as it is"
        demand(not near(found[expert] * 4, weight, 1e-6), said + shared)
        off = (found[expert] - weight).abs().max().item()
        part = "equal copies will do: the router's random start chooses, and they part"
        demand(near(found[expert], weight, 1e-6), f"{said}it is off by up to {off:.2g}; {part}")


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
    id_BS = torch.tensor([[0, 1, 2, 4], [3, 0, 5, 1], [2, 5, 4, 3]])
    one_hot = torch.nn.functional.one_hot
    parrot = number_of(answer(one_hot(id_BS, 6) * 20.0, id_BS), "the loss")
    demand(
        parrot > 1,
        f"a model that repeats its input gets {parrot:.3g} nats from you: it predicts nothing and "
        "must get 20. The token at position s is the answer for position s - 1",
    )
    _mixed(answer, torch.zeros(3, 4, 6), id_BS, "all scores are equal: ")
    generator = torch.Generator().manual_seed(0)
    _mixed(answer, torch.randn(3, 4, 6, generator=generator) * 3, id_BS, "3 sequences of 4: ")
    sure_BSV = one_hot(torch.cat([id_BS[:, 1:], id_BS[:, :1] * 0], dim=1), 6) * 20.0
    sure = number_of(answer(sure_BSV, id_BS), "the loss")
    demand(sure < 0.01, f"a model that is sure of the next token, and right, gets {sure:.3g} nats")


def _mixed(answer, logits_BSV, id_BS, said):
    """Demand the loss of scores that tell the likely mistakes apart."""
    chance_BSV = logits_BSV.double().log_softmax(-1)
    right, mistakes = shifted_losses(chance_BSV, id_BS)
    twice, _ = shifted_losses(chance_BSV.exp().log_softmax(-1), id_BS)
    mistakes += ((twice, "`cross_entropy` takes the softmax itself: give it scores"),)
    found = number_of(answer(logits_BSV.clone(), id_BS.clone()), "the loss")
    told = f"{said}the loss is {right:.4g} nats, not {found:.4g}: "
    no_mistake(found, _unlike(right, mistakes), told)
    demand(near(found, right), f"{told}minus the log softmax at the next token, averaged")


@exercise("two models, three seeds each, and how far a pair of runs differs by its seed alone.")
def experiment(answer):
    """Check ``answer()``: a dict name -> bits per byte of each seed, three of each at least.

    >>> experiment(lambda: {"a": [2.0, 2.1, 2.2], "b": [2.2, 2.2, 2.3]})
    b minus a: 0.1333 bits per byte; runs of one setting differ by up to 0.2
    b minus a, seed by seed: +0.2000, +0.1000, +0.1000 (3 of 3 above 0)
    correct: two models, three seeds each, and how far a pair of runs differs by its seed alone.

    Lesson 9.
    """
    results = settings_of(answer())
    demand(
        all(isinstance(name, str) for name in results),
        "name the models with words: {'top-1': [...], 'top-2': [...]}",
    )
    for name, runs in results.items():
        fixed = isinstance(runs, (list, tuple)) and len(runs) > 1 and len(set(map(str, runs))) == 1
        demand(not fixed, f"{name}: all runs are equal: does each have a seed of its own?")
    (first, base), *others = results.items()
    for name, runs in others:
        same = f"{name} and {first} are equal, seed by seed: nothing was changed between them"
        demand(runs != base, same)
    comparison(results, "bits per byte", seeds=3, between=(0, 20))
    for name, runs in others:
        said = f"{name} has {len(runs)} runs, {first} {len(base)}: they do not make pairs"
        demand(len(runs) == len(base), said)
        gaps = [float(one) - float(other) for one, other in zip(runs, base)]
        shown = ", ".join(f"{gap:+.4f}" for gap in gaps)
        above = sum(gap > 0 for gap in gaps)
        print(f"{name} minus {first}, seed by seed: {shown} ({above} of {len(gaps)} above 0)")
