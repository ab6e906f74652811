"""How long this machine takes: a step with a cache, without one, a prompt."""

import copy
import statistics
import time
from dataclasses import replace

import torch

from moe_lesson.inference.generate import stream
from moe_lesson.models.likelihood import measuring


def with_reach(model, positions, window=None):
    """Return the same model, weights shared, with another longest context.

    It was not trained for it: what it says there means nothing, its speed does.

    Args:
        window: how far back a position sees; None: all the way.

    >>> from moe_lesson.models.config import TINY
    >>> from moe_lesson.models.mixtral import Mixtral
    >>> model = Mixtral(TINY)
    >>> longer = with_reach(model, 500)
    >>> longer.config.context_len, model.config.context_len, longer.embed is model.embed
    (500, 64, True)

    Lesson 13.
    """
    longer = copy.copy(model)
    longer.config = replace(model.config, context_len=positions, window=window)
    return longer


def step_seconds(model, batch, context, steps=16, rounds=3):
    """Measure a step of generation with a cache, as ``stream`` does it.

    Args:
        context: positions in the cache before the first step.
        steps: whose mean is one round.

    Returns:
        Seconds of the processor a step, the median of the rounds.

    >>> from moe_lesson.models.config import TINY
    >>> from moe_lesson.models.mixtral import Mixtral
    >>> step_seconds(Mixtral(TINY), batch=2, context=3) > 0
    True

    Lesson 13.
    """
    prompts = some_ids(model, batch, context).tolist()

    def run():
        tokens = stream(model, prompts, steps + 1, end=None)
        next(tokens)  # outside the clock: reads the prompts
        began = time.process_time()
        for _ in tokens:
            pass
        return (time.process_time() - began) / steps

    run()
    return statistics.median(run() for _ in range(rounds))


def reading_seconds(model, context, rounds=3):
    """Measure what one reading of so many positions takes: a token without a cache.

    Returns:
        Seconds of the processor, the median of the rounds.

    >>> from moe_lesson.models.config import TINY
    >>> from moe_lesson.models.mixtral import Mixtral
    >>> reading_seconds(Mixtral(TINY), context=3) > 0
    True

    Lesson 13.
    """
    id_BS, times = some_ids(model, 1, context), []
    for _ in range(rounds + 1):
        began = time.process_time()
        with measuring(model):
            model(id_BS)
        times.append(time.process_time() - began)
    return statistics.median(times[1:])


def some_ids(model, batch, length):
    """Draw tokens at random, always the same.

    >>> from types import SimpleNamespace
    >>> some_ids(SimpleNamespace(config=SimpleNamespace(vocab_size=9)), 2, 3).shape
    torch.Size([2, 3])

    Lesson 13.
    """
    generator = torch.Generator().manual_seed(0)
    return torch.randint(3, model.config.vocab_size, (batch, length), generator=generator)
