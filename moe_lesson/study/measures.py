"""Numbers that say what a trace shows, each beside what chance alone would give."""

import numpy as np


def repeat_share(expert_T):
    """Measure how often a token goes where the token before it went.

    Jiang et al. 2024 (Mixtral, arXiv:2401.04088), Table 5, first choices.

    Returns:
        Two shares, 0 to 1: the measured one, and the one expected if the same choices came
        in random order. Uneven load alone makes repeats, so 1/E would be too low a bar.
        NaN for fewer than two tokens.

    >>> repeat_share(np.array([0, 0, 1, 1]))
    (0.6666666666666666, 0.3333333333333333)

    Lesson 10.
    """
    tokens = len(expert_T)
    if tokens < 2:
        return float("nan"), float("nan")
    count = np.bincount(expert_T)
    shuffled = (count * (count - 1)).sum() / (tokens * (tokens - 1))
    return float((expert_T[1:] == expert_T[:-1]).mean()), float(shuffled)


def changed_share(before_T, after_T):
    """Measure how often a token's first expert has another number in the next layer.

    The numbers of two layers name different networks: the share says whether numbers go
    together, not whether a token stays with an expert.

    Returns:
        Two shares, 0 to 1: the measured one, and the one expected if the two layers chose
        independently with the loads they have.

    >>> changed_share(np.array([0, 0, 1, 1]), np.array([0, 0, 1, 0]))
    (0.25, 0.5)

    Lesson 10.
    """
    experts = int(max(before_T.max(), after_T.max())) + 1
    loads = [np.bincount(expert, minlength=experts) / len(expert) for expert in (before_T, after_T)]
    return float((before_T != after_T).mean()), float(1 - loads[0] @ loads[1])


def choice_entropy(prob_TE):
    """Measure how undecided the router is about each token.

    Returns:
        Bits per token: 0 when certain of one expert, log2(E) when all are equal.

    >>> choice_entropy(np.array([[0.5, 0.5], [1.0, 0.0]])).tolist()
    [1.0, 0.0]

    Lesson 10.
    """
    safe_TE = np.where(prob_TE > 0, prob_TE, 1.0)
    return np.abs(-(prob_TE * np.log2(safe_TE)).sum(-1))
