"""Real tokens in one step: how many experts they visit together, and who guesses whom."""

import numpy as np

from moe_lesson.models.likelihood import measuring
from moe_lesson.study.trace import documents


def distinct(expert_NBK):
    """Count the experts that each batch visits.

    Args:
        expert_NBK: N batches of B tokens.

    Returns:
        Their mean, and its standard error over the batches.

    >>> distinct(np.array([[[0, 1], [1, 2]], [[0, 1], [0, 1]]]))
    (2.5, 0.5)

    Lesson 13.
    """
    rows = np.sort(expert_NBK.reshape(len(expert_NBK), -1))
    found = 1 + (np.diff(rows, axis=1) > 0).sum(1)
    return float(found.mean()), float(found.std(ddof=1) / len(found) ** 0.5)


def picked(trace, kind, batch, count):
    """Pick batches of tokens that could be in one step.

    Args:
        kind: "documents": a token from each of so many documents, which have a chance by
            their length; "one language": the same, all documents in one; "one text":
            neighbours.
        count: how many batches.

    Returns:
        place_NB, of tokens in the trace.

    Raises:
        ValueError: there are too few documents.

    >>> from moe_lesson.study.trace import RoutingTrace
    >>> none, labels = np.zeros((1, 4, 1)), {"story": ["1", "1", "2", "2"], "language": ["en"] * 4}
    >>> four = RoutingTrace(list("abcd"), np.arange(4), none, none, none, labels)
    >>> sorted(at // 2 for at in picked(four, "documents", 2, 1)[0].tolist())
    [0, 1]

    Lesson 13.
    """
    random, number = np.random.default_rng(0), documents(trace)
    _, first, size = np.unique(number, return_index=True, return_counts=True)
    if kind == "one text":
        start_N = random.integers(len(number) - batch, size=count)
        return start_N[:, None] + np.arange(batch)
    tongue, rows = np.asarray(trace.labels["language"])[first], []
    for _ in range(count):
        chosen = np.arange(len(size))
        if kind == "one language":
            chosen = chosen[tongue == random.choice(tongue)]
        if len(chosen) < batch:
            raise ValueError(f"{len(chosen)} documents: {batch} are needed")
        share = size[chosen] / size[chosen].sum()
        chosen = random.choice(chosen, batch, replace=False, p=share)
        rows.append(first[chosen] + random.integers(size[chosen]))
    return np.array(rows)


def guesses(model, id_BS):
    """Guess each layer's experts one layer early: its router reads what the layer before read.

    Eliseev and Mazur 2023 (arXiv:2312.17238) do so to load experts ahead.

    Returns:
        For each layer but the first two shares of its visits: those that were guessed, by its
        own norm and router on what the layer before fed forward; and those that the layer's
        busiest experts, always the same, would have foreseen.

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
        try:
            routings = model(id_BS).routings
        finally:
            for hook in hooks:  # or a guess would overwrite what the next one reads
                hook.remove()
        found = []
        for before, block, routing in zip(model.blocks, model.blocks[1:], routings[1:]):
            guessed = block.feed_forward.router(block.feed_forward_norm(read[before])).routing
            same = guessed.expert_TK[:, :, None] == routing.expert_TK[:, None]
            visits_E = routing.expert_TK.flatten().bincount().sort(descending=True).values
            busiest = visits_E[: routing.expert_TK.shape[1]].sum() / visits_E.sum()
            found.append((same.any(1).float().mean().item(), busiest.item()))
    return found
