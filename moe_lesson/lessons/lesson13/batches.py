"""Real tokens in one step: how many experts they visit together, and who guesses whom."""

import numpy as np

from moe_lesson.models.likelihood import measuring
from moe_lesson.study.trace import documents


def distinct(expert_NBK):
    """Count the experts that each batch visits, and average.

    Args:
        expert_NBK: N batches of B tokens.

    >>> distinct(np.array([[[0, 1], [1, 2]], [[0, 1], [0, 1]]]))
    2.5

    Lesson 13.
    """
    rows = np.sort(expert_NBK.reshape(len(expert_NBK), -1))
    return float(1 + (np.diff(rows, axis=1) > 0).sum(1).mean())


def picked(trace, kind, batch, count):
    """Pick batches of tokens that could be in one step.

    Args:
        kind: "documents": a token from each of so many documents, at one place;
            "one language": the same, all documents in one; "one text": neighbours.
        count: how many batches.

    Returns:
        place_NB, of tokens in the trace.

    Raises:
        ValueError: there are too few documents.

    >>> from moe_lesson.study.trace import RoutingTrace
    >>> none, labels = np.zeros((1, 4, 1)), {"story": ["1", "1", "2", "2"], "language": ["en"] * 4}
    >>> four = RoutingTrace(list("abcd"), np.arange(4), none, none, none, labels)
    >>> sorted(picked(four, "documents", 2, 1)[0].tolist()) in ([0, 2], [1, 3])
    True

    Lesson 13.
    """
    random, number = np.random.default_rng(0), documents(trace)
    _, first, size = np.unique(number, return_index=True, return_counts=True)
    if kind == "one text":
        start_N = random.integers(len(number) - batch, size=count)
        return start_N[:, None] + np.arange(batch)
    shortest = int(np.quantile(size, 0.05))
    long = np.flatnonzero(size >= shortest)
    tongue = np.asarray(trace.labels["language"])[first]
    rows = []
    for _ in range(count):
        chosen = long
        if kind == "one language":
            chosen = long[tongue[long] == random.choice(tongue[long])]
        if len(chosen) < batch:
            raise ValueError(f"{len(chosen)} documents of {shortest} tokens: {batch} are needed")
        rows.append(first[random.choice(chosen, batch, replace=False)] + random.integers(shortest))
    return np.array(rows)


def guesses(model, id_BS):
    """Guess each layer's experts one layer early: its router reads what the layer before read.

    Eliseev and Mazur 2023 (arXiv:2312.17238) do so to load experts ahead.

    Returns:
        For each layer but the first: share of its visits that were guessed, by its own norm
        and router on the hidden state before the layer before it feeds forward.

    >>> import torch
    >>> from moe_lesson.models.config import TINY
    >>> from moe_lesson.models.mixtral import Mixtral
    >>> len(guesses(Mixtral(TINY), torch.tensor([[5, 6, 7]])))
    1

    Lesson 13.
    """
    read = {}

    def keep(block):
        def hook(_, inputs):
            read[block] = inputs[0].flatten(0, -2)

        return hook

    hooks = [one.feed_forward_norm.register_forward_pre_hook(keep(one)) for one in model.blocks]
    with measuring(model):
        routings = model(id_BS).routings
        found = []
        for before, block, routing in zip(model.blocks, model.blocks[1:], routings[1:]):
            guessed = block.feed_forward.router(block.feed_forward_norm(read[before])).routing
            same = guessed.expert_TK[:, :, None] == routing.expert_TK[:, None]
            found.append(same.any(1).float().mean().item())
    for hook in hooks:
        hook.remove()
    return found
