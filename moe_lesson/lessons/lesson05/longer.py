"""What lesson 5 measures beforehand: seats in language, in a memory, and what leaks."""

import math
from dataclasses import dataclass, replace
from functools import partial

from moe_lesson.lessons.lesson05.trials import (
    coins,
    held_out,
    measure_seated,
    reading,
    train_seated,
)
from moe_lesson.models.switch import SwitchConfig
from moe_lesson.moe.dispatch import plan, seats, within_capacity
from moe_lesson.study.memory import Size, facts, learn, recall
from moe_lesson.training.settings import Settings

BUDGET, VOCAB = 1_000_000, 513  # bytes of corpus; 512 tokens and the mask
FACTORS = {"0.5": 0.5, "1": 1.0, "1.25": 1.25, "2": 2.0, "dropless": None}
LANGUAGE = Settings(
    steps=300, batch=16, length=32, learning_rate=5e-3, warmup=100, weight_decay=0.0
)
GAMBLING = replace(LANGUAGE, steps=500, batch=32, length=8)
LONGER = 5  # times the steps for an encoder: each shows it 15 % of the targets
TESTS = 50  # batches on which a gambler is measured
HELD_OUT = 256  # windows of held-out text


def speakers():
    """List the language models: seats by factor, blocks and k, controls; decoders first.

    Returns:
        name -> SwitchConfig. All have the same operations, but for rows of routers.

    >>> len(speakers()), speakers()["encoder, 1"].capacity
    (17, 1.0)

    Lesson 5.
    """
    own = SwitchConfig(vocab_size=VOCAB, group="batch")
    found = {f"decoder, {name}": one for name, one in _by_factor(own).items()}
    for every, word in ((2, "every other"), (1, "every")):
        if every == 1:
            found[f"{word}, top-1"] = replace(own, every=every)
        pair = {"router": "GShard", "hidden_dim": own.hidden_dim // 2}
        pair |= {"order": "first choices first", "num_experts": 2 * own.num_experts}
        found[f"{word}, top-2"] = replace(own, every=every, **pair)
    encoders = _by_factor(replace(own, causal=False))
    return found | {f"encoder, {name}": one for name, one in encoders.items()}


def _by_factor(own):
    """List a model with each number of seats, with experts that choose, and dense."""
    found = {
        name: replace(own, capacity=factor, eval_capacity=factor)
        for name, factor in FACTORS.items()
    }
    chosen = {"capacity": 1.0, "eval_capacity": 1.0, "group": "sequence"}
    found["expert choice"] = replace(own, router="expert choice", **chosen)
    one = {"num_experts": 1, "capacity": None, "eval_capacity": None}
    return found | {"dense": replace(own, **one)}


def speak(data, name, seed, settings=LANGUAGE):
    """Train one of ``speakers`` and measure it on held-out text, with each number of seats.

    Returns:
        A dict of plain numbers: ``nats`` and ``dropped`` by factor in evaluation; ``dropped``
        in the last tenth of training; ``seconds`` of the processor.

    >>> from moe_lesson.text.tokenizer import Data, Text
    >>> import torch
    >>> text = Text(torch.arange(40) % 9, torch.ones(40))
    >>> brief = replace(LANGUAGE, steps=1)
    >>> sorted(speak(Data(text, text), "encoder, dense", 0, brief))[:2]
    ['busiest', 'dropped']

    Lesson 5.
    """
    config = speakers()[name]
    steps = settings.steps if config.causal else LONGER * settings.steps
    settings = replace(settings, seed=seed, steps=steps)
    trained = train_seated(config, reading(config, data.train, settings), settings)
    windows = min(HELD_OUT, (len(data.valid.id_T) - 1) // config.context_len)
    tasks = held_out(config, data.valid, windows)
    factors = FACTORS
    if config.router == "expert choice" or config.num_experts == 1:
        factors = {"as trained": config.eval_capacity}
    found = {}
    for factor in factors:
        seated_as(trained.model, factors[factor])
        found[factor] = measure_seated(trained.model, tasks)
    late = trained.dropped[-max(1, settings.steps // 10) :]
    return {
        "operations": config.operations,
        "parameters": sum(weight.numel() for weight in trained.model.parameters()),
        "nats": {factor: round(one.nats, 4) for factor, one in found.items()},
        "missing": {factor: round(one.dropped, 4) for factor, one in found.items()},
        "dropped": round(sum(late) / len(late), 4),
        "busiest": round(next(iter(found.values())).busiest, 3),
        "seconds": round(trained.seconds, 1),
    }


def seated_as(model, factor):
    """Give a trained model's experts another number of seats in evaluation.

    >>> from moe_lesson.models.switch import SwitchTransformer
    >>> model = SwitchTransformer(SwitchConfig())
    >>> seated_as(model, 0.5)
    >>> model.blocks[1].feed_forward.config.eval_capacity
    0.5

    Lesson 5.
    """
    for block in model.blocks:
        layer = block.feed_forward
        if hasattr(layer, "config"):
            layer.config = replace(layer.config, eval_capacity=factor)


def gamblers():
    """List the decoders that read independent tokens.

    Returns:
        name -> SwitchConfig; 8 different tokens, all alike likely, in sequences of 8.

    >>> gamblers()["top-1"].vocab_size
    8

    Lesson 5.
    """
    sizes = {"vocab_size": 8, "context_len": 8, "n_layers": 2, "every": 1}
    fixed = SwitchConfig(capacity=1.0, eval_capacity=1.0, **sizes)
    half = replace(fixed, capacity=0.5, eval_capacity=0.5)
    chosen = replace(fixed, router="expert choice")
    two = {"router": "top-2", "hidden_dim": fixed.hidden_dim // 2}
    return {
        "top-1": fixed,
        "top-1, batch": replace(fixed, group="batch"),
        "top-1, by probability": replace(half, order="by probability"),
        "top-2, first choices first": replace(half, order="first choices first", **two),
        "same, 2 seats": replace(fixed, order="first choices first", **two),
        "expert choice": chosen,
        "expert choice, 2 seats": replace(chosen, capacity=2.0, eval_capacity=2.0),
        "expert choice, 4 blocks": replace(chosen, n_layers=4),
        "expert choice, 32 tokens": replace(chosen, context_len=32),
        "expert choice, batch": replace(chosen, group="batch"),
    }


def gamble(name, seed, settings=GAMBLING):
    """Train one of ``gamblers`` and measure how far below the floor it comes.

    Returns:
        A dict: ``bits`` that a token costs, ``floor`` log2 of the vocabulary, ``bound`` on what
        the choices of all layers can tell of the future.

    >>> gamble("top-1", 0, replace(GAMBLING, steps=1))["floor"]
    3.0

    Lesson 5.
    """
    config = gamblers()[name]
    settings = replace(settings, seed=seed, length=config.context_len)
    settings = replace(settings, batch=max(1, settings.batch * 8 // config.context_len))
    draw = coins(config, settings)
    trained = train_seated(config, draw, settings)
    tasks = [draw(settings.steps + at) for at in range(TESTS)]
    found = measure_seated(trained.model, tasks)
    return {
        "bits": round(found.nats / math.log(2), 4),
        "floor": math.log2(config.vocab_size),
        "bound": round(leak_bound(config), 2) if config.router == "expert choice" else None,
        "seconds": round(trained.seconds, 1),
    }


def leak_bound(config):
    """Bound what expert choice tells a token of the others: a yes or no from every expert.

    Each of E experts takes a share s of a group's tokens, so whether it takes this one is at most
    H(s) = -s log2(s) - (1 - s) log2(1 - s) bits.

    Returns:
        Bits a token, all sparse layers together.

    >>> one = replace(gamblers()["expert choice, 2 seats"], num_experts=16, n_layers=1)
    >>> round(leak_bound(one), 1)
    8.7

    Lesson 5.
    """
    share = min(1.0, config.capacity * config.top_k / config.num_experts)
    if share == 1:
        return 0.0
    each = -share * math.log2(share) - (1 - share) * math.log2(1 - share)
    return config.n_layers // config.every * config.num_experts * each


@dataclass(frozen=True)
class Learning:
    """Say how much is learnt by heart, and how.

    >>> Learning().facts
    20000

    Lesson 5.
    """

    facts: int = 20_000
    steps: int = 1200
    asked: int = 1000  # facts that are asked for at once, and so share seats


def seated(routing, factor, order="first choices first"):
    """Plan with seats: what ``visit`` takes as its plan.

    >>> import torch
    >>> from moe_lesson.moe.routing import top_k
    >>> len(seated(top_k(torch.eye(4), k=1), 1.0).token_R)
    4

    Lesson 5.
    """
    T, E = routing.logits_TE.shape
    visits = plan(routing, order)
    return within_capacity(visits, seats(T, E, routing.expert_TK.shape[1], factor))


def remember(name, seed, learning=None):
    """Learn facts by heart with a number of seats, then ask with each number.

    Args:
        name: one of ``FACTORS``, in training.

    Returns:
        A dict: ``share`` of labels that are right by factor in evaluation, 1/16 by chance;
        ``missing`` share of the visits.

    >>> sorted(remember("1", 0, Learning(50, 1, 50)))
    ['missing', 'share']

    Lesson 5.
    """
    learning = learning or Learning()
    task = facts(learning.facts, Size(), seed)
    with_seats = partial(seated, factor=FACTORS[name])
    model = learn(task, Size(), learning.steps, seed, plan=with_seats)
    chunks = list(zip(task.x_ND.split(learning.asked), task.label_N.split(learning.asked)))
    share, missing = {}, {}
    for factor, number in FACTORS.items():
        model.plan = partial(seated, factor=number)
        right = [recall(model, *chunk).share for chunk in chunks]
        share[factor] = round(sum(right) / len(right), 4)
        missing[factor] = round(_missing(model, chunks[0][0]), 4)
    return {"share": share, "missing": missing}


def _missing(model, x_TD):
    routing = model.router(x_TD).routing
    return 1 - len(model.plan(routing).token_R) / routing.expert_TK.numel()
