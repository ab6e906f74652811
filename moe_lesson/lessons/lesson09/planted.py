"""Plant facts in a text as often as we please, and ask a language model for them afterwards."""

from typing import NamedTuple

import torch
from torch import Tensor

from moe_lesson.models.config import Config
from moe_lesson.models.likelihood import measuring
from moe_lesson.models.mixtral import Mixtral
from moe_lesson.text.tokenizer import Data, Text
from moe_lesson.training.loop import train
from moe_lesson.training.settings import Settings

NAMES, VALUES = 64, 32  # first names, and as many second names; what a fact may say
TIMES = {1000: 40, 300: 80, 100: 240, 30: 600, 10: 640}  # tellings -> facts told so often
SIZE = Config(
    dim=32,
    n_layers=1,
    head_dim=8,
    hidden_dim=16,
    n_heads=4,
    n_kv_heads=1,
    context_len=64,
    vocab_size=2 * NAMES + VALUES,
    num_experts=16,
    top_k=2,
)


class Planted(NamedTuple):
    """Hold a text of facts and nothing else, and what it says.

    >>> Planted._fields
    ('data', 'fact_NS', 'times_N')

    Lesson 9.
    """

    data: Data
    fact_NS: Tensor  # first name, second name, value: one token each
    times_N: Tensor  # how often the text tells it


def plant(seed, times=None):
    """Write facts about people with two names, in random order, each as often as is said.

    Args:
        times: tellings -> number of facts; None: ``TIMES``.

    Returns:
        A Planted; its held-out part is its first thousand tellings.

    >>> found = plant(seed=0, times={3: 2, 1: 1})
    >>> len(found.data.train.id_T), found.times_N.tolist()
    (21, [3, 3, 1])

    Lesson 9.
    """
    times, generator = times or TIMES, torch.Generator().manual_seed(seed)
    times_N = torch.tensor([often for often, facts in times.items() for _ in range(facts)])
    pair_N = torch.randperm(NAMES * NAMES, generator=generator)[: len(times_N)]
    value_N = torch.randint(VALUES, pair_N.shape, generator=generator) + 2 * NAMES
    fact_NS = torch.stack([pair_N // NAMES, pair_N % NAMES + NAMES, value_N], dim=1)
    told = torch.arange(len(times_N)).repeat_interleave(times_N)
    order = torch.randperm(len(told), generator=generator)
    id_T = fact_NS[told[order]].flatten()
    parts = (Text(part, torch.ones_like(part)) for part in (id_T, id_T[:3000]))
    return Planted(Data(*parts), fact_NS, times_N)


def reading(planted, rate, seed):
    """Set a run that reads each fact as often as it stands in the text, on average.

    >>> reading(plant(seed=0), rate=0.01, seed=0).steps
    334

    Lesson 9.
    """
    batch, length = 16, 63
    steps = max(1, len(planted.data.train.id_T) // (batch * length))
    rest = {"weight_decay": 0.0, "measure_every": steps, "measure_tokens": 3000, "seed": seed}
    return Settings(steps, batch, length, learning_rate=rate, warmup=min(100, steps), **rest)


def known(model, planted):
    """Ask for the value of every fact.

    Returns:
        tellings -> share of the facts told so often that are the model's first guess: 1 / VALUES
        for one that guesses, 1 for one that knows them all.

    >>> 0 <= known(Mixtral(SIZE), plant(seed=0, times={2: 50}))[2] < 0.3
    True

    Lesson 9.
    """
    with measuring(model):
        logits_NV = model(planted.fact_NS[:, :2]).logits_BSV[:, -1]
    right_N = (logits_NV.argmax(-1) == planted.fact_NS[:, 2]).float()
    times = planted.times_N.unique().tolist()
    return {often: right_N[planted.times_N == often].mean().item() for often in times}


def learn(config, rate, seed, text=None):
    """Let one model read planted facts.

    Args:
        text: a Planted; None: that of the seed.

    Returns:
        The model, its last row of ``training.loop.train``, and as ``known``.

    >>> list(learn(SIZE, 0.01, seed=0, text=plant(seed=0, times={500: 4}))[2])
    [500]

    Lesson 9.
    """
    planted = text or plant(seed)
    torch.manual_seed(seed)
    model = Mixtral(config)
    row = train(model, planted.data, reading(planted, rate, seed), progress=False)[-1]
    return model, row, known(model, planted)
