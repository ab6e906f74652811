"""How evenly experts are used: losses that even it out, and measures that tell.

Importance sums weights, load counts visits. They are not the same and can disagree. What takes
a Routing looks at its real tokens: padding (``Routing.real_T``) counts nowhere.
"""

import torch
import torch.nn.functional as F

from moe_lesson.moe.routing import Routing, at_least_float32, of_real_tokens, pool


@of_real_tokens
def importance(routing):
    """Sum each expert's weights over the tokens.

    Shazeer et al. 2017 (arXiv:1701.06538), eq. 6.

    Returns:
        importance_E, in tokens: T/E each for an even router whose weights sum to 1.

    >>> routing = Routing(torch.zeros(2, 2), torch.tensor([[0.9], [0.8]]), torch.tensor([[0], [0]]))
    >>> [round(x, 1) for x in importance(routing).tolist()]
    [1.7, 0.0]

    Lesson 3.
    """
    E = routing.logits_TE.shape[-1]
    total = routing.weight_TK.new_zeros(E + 1)
    return total.index_add(0, routing.expert_TK.flatten(), routing.weight_TK.flatten())[:E]


@of_real_tokens
def load(routing):
    """Count each expert's share of all visits.

    Returns:
        share_E, sums to 1: 1/E each when even, one 1 when one expert takes all. No gradient.

    >>> routing = Routing(torch.zeros(2, 2), torch.ones(2, 1), torch.tensor([[0], [0]]))
    >>> load(routing).tolist()
    [1.0, 0.0]

    Lesson 3.
    """
    E = routing.logits_TE.shape[-1]
    count_E = torch.bincount(routing.expert_TK.flatten(), minlength=E + 1)[:E]
    return count_E.to(routing.weight_TK.dtype) / count_E.sum().clamp(min=1)


def smooth_load(clean_TE, noisy_TE, scale_TE, k):
    """Estimate the load so that it has a gradient: the chance of being chosen.

    Shazeer et al. 2017 (arXiv:1701.06538), eqs. 8-10: for each score the noise is drawn
    anew while the others' stay. ``scale_TE`` is x W_noise before its softplus.

    Returns:
        load_E, in visits: its sum is close to T*K, and equal to it on average over noise.

    >>> smooth_load(torch.zeros(1, 2), torch.zeros(1, 2), torch.zeros(1, 2), k=1).tolist()
    [0.5, 0.5]

    Lesson 3.
    """
    T, E = clean_TE.shape
    if k == E:
        return clean_TE.new_full((E,), float(T))
    best_TK, expert_TK = noisy_TE.topk(k + 1)
    chosen_TE = torch.zeros_like(noisy_TE, dtype=torch.bool).scatter(1, expert_TK[:, :k], True)
    # The score to beat is the k-th largest of the others: the runner-up if one is chosen.
    rival_TE = torch.where(chosen_TE, best_TK[:, k:], best_TK[:, k - 1 : k])
    return torch.special.ndtr((clean_TE - rival_TE) / F.softplus(scale_TE)).sum(0)


def cv_squared(x_E):
    """Measure unevenness: the variance over the squared mean.

    Shazeer et al. 2017, eqs. 7 and 11, applied there to importance and to load.

    Returns:
        Dimensionless: 0 when all are equal, E - 1 when one has everything.

    >>> cv_squared(torch.tensor([4.0, 0.0, 0.0, 0.0])).item()
    3.0

    Lesson 3.
    """
    x_E = at_least_float32(x_E)
    return x_E.var(unbiased=False) / x_E.mean().square().clamp(min=torch.finfo(x_E.dtype).tiny)


def max_over_mean(x_E):
    """Measure the busiest expert against the average one.

    Returns:
        Dimensionless: 1 when even, E when one expert takes all.

    >>> max_over_mean(torch.tensor([3.0, 1.0])).item()
    1.5

    Lesson 4.
    """
    return x_E.max() / at_least_float32(x_E).mean()


def entropy(share_E):
    """Measure how spread shares are.

    Returns:
        Bits along the last axis: 0 when one has all, log2(E) when even.

    >>> entropy(torch.tensor([0.5, 0.5])).item()
    1.0

    Lesson 4.
    """
    return torch.special.entr(share_E).sum(-1) / torch.tensor(2.0).log().item()


@of_real_tokens
def switch_loss(routings, first_choice=False, votes=1.0, kept_only=False, layers="mean", join=None):
    """Grow when many tokens agree on few experts: E times the sum of f_i P_i.

    Fedus et al. 2021 (arXiv:2101.03961), eqs. 4-6, stated there for K = 1. For larger K
    each token casts K votes of 1/K, so an even router still scores 1.

    Args:
        routings: one Routing, or a list with one per layer.
        first_choice: count only first choices (GShard).
        votes: what one token's votes add up to; transformers uses K.
        kept_only: take P from the weights of the kept experts, not from the full softmax.
        layers: "mean", "sum", or "pooled" (all layers' tokens as one batch: transformers).
        join: makes of this batch's f_i those of a larger batch, as ``parallel.mean_over_ranks``
            does; None: this batch alone.

    Returns:
        Dimensionless scalar: ``votes`` for an even router; E * votes when every token is
        certain of one same expert (K = 1). Not a lower bound: see Lesson 4. The share f
        carries no gradient, P does.

    Raises:
        ValueError: ``layers`` is none of the three, or ``routings`` is empty.

    >>> from moe_lesson.moe.routing import top_k
    >>> collapsed_TE = torch.tensor([[80.0, 0.0, 0.0, 0.0]]).repeat(8, 1)
    >>> switch_loss(top_k(collapsed_TE, k=1)).item()
    4.0

    Lesson 4.
    """
    routings = as_list(routings)
    if layers not in ("mean", "sum", "pooled") or not routings:
        raise ValueError(
            f'layers is {layers!r} (allowed: "mean", "sum", "pooled"), {len(routings)} routings'
        )
    if layers == "pooled":
        routings = [pool(routings)]
    losses = [votes * _agreement(one, first_choice, kept_only, join) for one in routings]
    return torch.stack(losses).sum() / (len(losses) if layers == "mean" else 1)


def as_list(routings):
    """Take one Routing, which is a tuple itself, for a list of one.

    >>> from moe_lesson.moe.routing import top_k
    >>> len(as_list(top_k(torch.zeros(5, 4), k=2)))
    1

    Lesson 4.
    """
    return [routings] if isinstance(routings, Routing) else list(routings)


def _agreement(routing, first_choice, kept_only, join):
    """Compute E * sum of f_i P_i for one layer, f summing to 1."""
    T, E = routing.logits_TE.shape
    k = 1 if first_choice else None
    share_E = load(Routing(routing.logits_TE, *(field[:, :k] for field in routing[1:3])))
    share_E = join(share_E) if join else share_E
    prob_E = importance(routing) / T if kept_only else routing.logits_TE.softmax(-1).mean(0)
    return E * (share_E * prob_E).sum()


@of_real_tokens
def z_loss(routings):
    """Pull each token's log-sum-exp towards 0: the mean of its square.

    Zoph et al. 2022 (ST-MoE, arXiv:2202.08906), averaged over the layers here.

    Returns:
        Squared nats: log(E)^2 for all-zero scores, 0 for a certain router whose best score is 0;
        whether the load is even does not matter.

    >>> routing = Routing(torch.zeros(3, 1), torch.ones(3, 1), torch.zeros(3, 1).long())
    >>> z_loss(routing).item()
    0.0

    Lesson 4.
    """
    routings = as_list(routings)
    squares = [at_least_float32(r.logits_TE).logsumexp(-1).square().mean() for r in routings]
    return torch.stack(squares).mean()


def update_bias(bias_E, count_E, rate):
    """Move each expert's bias against its overload.

    Wang et al. 2024 (loss-free balancing, arXiv:2408.15664), algorithm 1: an expert with
    more visits than average goes down by ``rate``, one with fewer goes up.

    Returns:
        A new bias_E, in units of the router's scores.

    >>> update_bias(torch.zeros(2), torch.tensor([9, 1]), rate=0.5).tolist()
    [-0.5, 0.5]

    Lesson 4.
    """
    count_E = count_E.to(bias_E.dtype)
    return bias_E + rate * (count_E.mean() - count_E).sign()
