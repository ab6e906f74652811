"""From a router's scores to who visits whom.

Every function here takes scores (or token ids) and returns a ``Routing``. A new router is
one more function that does the same.
"""

import functools
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor


class Routing(NamedTuple):
    """Hold what a router decided for each of T tokens.

    Where ``has_unfilled`` is true an expert id of E (one past the last) means "no visit", with
    weight 0: ``expert_choice`` and ``random_second`` leave such places.

    >>> top_k(torch.tensor([[0.0, 2.0, 1.0]]), k=2).expert_TK.tolist()
    [[1, 2]]

    Lesson 3.
    """

    logits_TE: Tensor  # the scores that were compared, float32 or wider
    weight_TK: Tensor  # how much each visit counts in the sum
    expert_TK: Tensor  # whom each token visits, best first
    has_unfilled: bool = False  # whether some ids are E; known without asking the device
    real_T: Tensor | None = None  # which tokens are no padding; None: all of them


def check_k(k, num_experts):
    """Refuse a number of experts per token that the router cannot serve.

    Raises:
        ValueError: ``k`` is below 1 or above ``num_experts``.

    >>> check_k(9, num_experts=8)
    Traceback (most recent call last):
    ValueError: top_k is 9: with 8 experts it must be between 1 and 8

    Lesson 3.
    """
    if not 1 <= k <= num_experts:
        raise ValueError(
            f"top_k is {k}: with {num_experts} experts it must be between 1 and {num_experts}"
        )


def at_least_float32(x):
    """Widen half precision to float32; leave float32 and float64 as they are.

    Fedus et al. 2021 (arXiv:2101.03961), section 2.4: a router in bfloat16 diverged.

    >>> at_least_float32(torch.zeros(1, dtype=torch.bfloat16)).dtype
    torch.float32

    Lesson 4.
    """
    return x if x.dtype in (torch.float32, torch.float64) else x.to(torch.float32)


def score(x_TD, weight_ED):
    """Score every expert for every token, in float32 at least even under autocast.

    Fedus et al. 2021 (arXiv:2101.03961), section 2.4: selective precision.

    Returns:
        logits_TE.

    >>> score(torch.ones(1, 2), torch.tensor([[1.0, 2.0], [0.0, 1.0]])).tolist()
    [[3.0, 1.0]]

    Lesson 4.
    """
    x_TD, weight_ED = at_least_float32(x_TD), at_least_float32(weight_ED)
    if not torch.is_autocast_enabled(x_TD.device.type):  # spares decoding the switch's cost
        return F.linear(x_TD, weight_ED)
    with torch.autocast(x_TD.device.type, enabled=False):
        return F.linear(x_TD, weight_ED)


def top_k(logits_TE, k):
    """Keep each token's k best experts; softmax over the kept scores.

    Jiang et al. 2024 (Mixtral, arXiv:2401.04088), section 2.1. The same as softmax over
    all E, then top-k, then renormalised.

    Returns:
        A Routing; each token's k weights are shares that sum to 1. With k = 1 the weight
        is always 1, so the router gets no gradient from the output: use ``switch``.

    Raises:
        ValueError: ``k`` is not between 1 and E.

    >>> top_k(torch.tensor([[0.0, 5.0, 5.0]]), k=2).weight_TK.tolist()
    [[0.5, 0.5]]

    Lesson 8.
    """
    check_k(k, logits_TE.shape[-1])
    logits_TE = at_least_float32(logits_TE)
    score_TK, expert_TK = logits_TE.topk(k)
    return Routing(logits_TE, score_TK.softmax(-1), expert_TK)


def softmax_top_k(logits_TE, k, renormalise=False):
    """Take the softmax over all E, then keep the k largest probabilities.

    Muennighoff et al. 2024 (OLMoE, arXiv:2409.02060) keeps them as they are;
    renormalised, they equal Mixtral's ``top_k``.

    Returns:
        A Routing; the k weights sum to between k/E (an even router) and 1, to exactly 1
        if renormalised.

    Raises:
        ValueError: ``k`` is not between 1 and E.

    >>> softmax_top_k(torch.zeros(1, 4), k=2).weight_TK.tolist()
    [[0.25, 0.25]]

    Lesson 4.
    """
    check_k(k, logits_TE.shape[-1])
    logits_TE = at_least_float32(logits_TE)
    weight_TK, expert_TK = logits_TE.softmax(-1).topk(k)
    if renormalise:
        weight_TK = weight_TK / weight_TK.sum(-1, keepdim=True)
    return Routing(logits_TE, weight_TK, expert_TK)


def switch(logits_TE):
    """Send each token to one expert and keep its probability as the weight.

    Fedus et al. 2021 (Switch, arXiv:2101.03961), eq. 2 with K = 1. The weight is below
    1, which is what gives the router a gradient.

    Returns:
        A Routing with K = 1; the weight lies between 1/E and 1.

    >>> switch(torch.zeros(1, 4)).weight_TK.item()
    0.25

    Lesson 5.
    """
    return softmax_top_k(logits_TE, k=1)


def noisy_top_k(logits_TE, scale_TE, k, generator=None):
    """Add learned noise to the scores, then keep the k best and softmax over them.

    Shazeer et al. 2017 (arXiv:1701.06538), eqs. 3-5, where ``scale_TE`` is x W_noise
    before its softplus. Noise is for training: without a generator there is none.

    Returns:
        A Routing whose ``logits_TE`` are the noisy scores; weights as in ``top_k``.

    Raises:
        ValueError: ``k`` is not between 1 and E, or the two shapes differ.

    >>> noisy_top_k(torch.tensor([[1.0, 0.0]]), torch.zeros(1, 2), k=1).expert_TK.item()
    0

    Lesson 3.
    """
    if logits_TE.shape != scale_TE.shape:
        raise ValueError(
            f"logits {tuple(logits_TE.shape)} and noise scales {tuple(scale_TE.shape)} differ"
        )
    logits_TE = at_least_float32(logits_TE)
    if generator is not None:
        noise_TE = torch.empty_like(logits_TE).normal_(generator=generator)
        logits_TE = logits_TE + noise_TE * F.softplus(at_least_float32(scale_TE))
    return top_k(logits_TE, k)


def biased_top_k(logits_TE, bias_E, k):
    """Choose by score plus bias, weigh by score alone.

    Wang et al. 2024 (loss-free balancing, arXiv:2408.15664), algorithm 1, with its sigmoid
    scores. The bias is moved by ``balance.update_bias``, never by a gradient.

    Returns:
        A Routing; each weight is a sigmoid in (0, 1); the k of them need not sum to 1.

    Raises:
        ValueError: ``k`` is not between 1 and E.

    >>> biased_top_k(torch.zeros(1, 3), torch.tensor([0.0, 0.0, 9.0]), k=1)[1:3]
    (tensor([[0.5000]]), tensor([[2]]))

    Lesson 4.
    """
    check_k(k, logits_TE.shape[-1])
    logits_TE = at_least_float32(logits_TE)
    score_TE = logits_TE.sigmoid()
    expert_TK = (score_TE + bias_E).topk(k).indices
    return Routing(logits_TE, score_TE.gather(-1, expert_TK), expert_TK)


def random_second(routing, generator):
    """Make each second visit only with the chance 2 * its weight.

    Lepikhin et al. 2020 (GShard, arXiv:2006.16668), algorithm 1: a second expert of little
    weight is seldom worth a seat. The first keeps its weight.

    Args:
        routing: of two experts a token whose weights sum to 1; a weight of 1/2 is sure to stay.

    Returns:
        A Routing; an omitted visit has expert id E and weight 0.

    >>> routing = top_k(torch.tensor([[80.0, 0.0], [1.0, 1.0]]), k=2)
    >>> random_second(routing, torch.Generator().manual_seed(0)).expert_TK.tolist()
    [[0, 2], [0, 1]]

    Lesson 5.
    """
    draw_TK = torch.empty_like(routing.weight_TK).uniform_(generator=generator)
    made_TK = 2 * routing.weight_TK > draw_TK
    made_TK[:, 0] = True
    expert_TK = routing.expert_TK.where(made_TK, routing.logits_TE.shape[1])
    weight_TK = routing.weight_TK * made_TK
    return routing._replace(weight_TK=weight_TK, expert_TK=expert_TK, has_unfilled=True)


def expert_choice(logits_TE, capacity, group_size=None):
    """Let each expert take the ``capacity`` tokens that want it most.

    Zhou et al. 2022 (arXiv:2202.09368). Load is even by design, but whether a token is
    taken depends on tokens after it: not causal. Lesson 5 catches the leak.

    Args:
        group_size: tokens in a group, of each of which every expert takes ``capacity``; None: all
            tokens are one group.

    Returns:
        A Routing with K = the most visits any token got; a token with fewer has expert id
        E and weight 0 in its last places. Weights are softmax probabilities over E.

    Raises:
        ValueError: ``capacity`` is not between 1 and the size of a group, or that does not
            divide T.

    >>> expert_choice(torch.tensor([[9.0, 0.0], [0.0, 9.0]]), capacity=1).expert_TK.tolist()
    [[0], [1]]

    Lesson 5.
    """
    tokens, num_experts = logits_TE.shape
    size = tokens if group_size is None else group_size
    if size < 1 or tokens % size:
        raise ValueError(f"group_size is {size}: it must divide {tokens} tokens")
    if not 1 <= capacity <= size:
        raise ValueError(f"capacity is {capacity}: with {size} tokens it must be 1 to {size}")
    logits_TE = at_least_float32(logits_TE)
    prob_TE = logits_TE.softmax(-1)
    prob_BSE = prob_TE.unflatten(0, (-1, size))
    token_BCE = prob_BSE.topk(capacity, dim=1).indices
    taken_TE = torch.zeros_like(prob_BSE).scatter(1, token_BCE, 1.0).flatten(0, 1)
    most = int(taken_TE.sum(-1).max())
    # -1 and not 0 for the others: a probability that was taken can itself round to 0.
    score_TK, expert_TK = prob_TE.where(taken_TE > 0, -1.0).topk(most)
    expert_TK = expert_TK.where(score_TK >= 0, num_experts)
    return Routing(logits_TE, score_TK.clamp(min=0), expert_TK, has_unfilled=True)


def hash_router(id_T, num_experts, k=1, seed=0):
    """Send each token id to k experts fixed in advance by a random table.

    Roller et al. 2021 (hash layers, arXiv:2106.04426): nothing is learned, so nothing can
    collapse, and nothing can adapt.

    Returns:
        A Routing with weights 1/k and all-zero logits. The same id always goes the same way.

    Raises:
        ValueError: ``k`` is not between 1 and E.

    >>> expert_TK = hash_router(torch.tensor([7, 7]), num_experts=8).expert_TK
    >>> bool(expert_TK[0] == expert_TK[1])
    True

    Lesson 4.
    """
    check_k(k, num_experts)
    # An integer hash instead of a table: it needs no vocabulary size and is the same on
    # every device. The constants are the finaliser of MurmurHash3; its 32 bits are kept.
    mixed_TE = id_T[:, None] * num_experts + torch.arange(num_experts, device=id_T.device)
    mixed_TE = mixed_TE + 0x9E3779B9 * (seed + 1)
    for factor in (0x85EBCA6B, 0xC2B2AE35):
        mixed_TE = ((mixed_TE ^ (mixed_TE >> 16)) * factor) & 0xFFFFFFFF
    expert_TK = (mixed_TE ^ (mixed_TE >> 16)).topk(k).indices
    logits_TE = torch.zeros(len(id_T), num_experts, device=id_T.device)
    return Routing(logits_TE, torch.full_like(logits_TE[:, :k], 1 / k), expert_TK)


def real(routing):
    """Leave out the tokens that ``real_T`` calls padding.

    Padding is routed like any token, but it is nobody's text: what measures or evens out
    the use of experts looks at real tokens alone. transformers' ``attention_mask``, flattened,
    is a ``real_T``; a model that is called with ``pad_B`` writes it itself.

    Returns:
        A Routing of the real tokens, without a mask.

    Raises:
        ValueError: the mask has not one place a token, or no token is real.

    >>> routing = top_k(torch.tensor([[9.0, 0.0], [0.0, 9.0]]), k=1)
    >>> real(routing._replace(real_T=torch.tensor([False, True]))).expert_TK.tolist()
    [[1]]

    Lesson 4.
    """
    if routing.real_T is None:
        return routing
    is_real, tokens = routing.real_T.bool(), len(routing.logits_TE)
    if is_real.shape != (tokens,):
        raise ValueError(f"real_T has the shape {tuple(is_real.shape)}: needed is ({tokens},)")
    if not is_real.any():
        raise ValueError(f"all {tokens} tokens are padding: a measure needs 1 real token or more")
    return Routing(*(field[is_real] for field in routing[:3]), routing.has_unfilled)


def of_real_tokens(measure):
    """Let a function of one Routing, or of a list of them, see real tokens alone.

    >>> count = of_real_tokens(lambda routing: len(routing.expert_TK))
    >>> count(top_k(torch.zeros(2, 3), k=1)._replace(real_T=torch.tensor([True, False])))
    1

    Lesson 4.
    """

    @functools.wraps(measure)
    def measured(routing, *args, **options):
        one = isinstance(routing, Routing)
        return measure(real(routing) if one else list(map(real, routing)), *args, **options)

    return measured


@of_real_tokens
def pool(routings):
    """Join the real tokens of several layers into one Routing.

    >>> one = Routing(torch.zeros(2, 4), torch.ones(2, 1), torch.zeros(2, 1, dtype=torch.long))
    >>> pool([one, one]).logits_TE.shape
    torch.Size([4, 4])

    Lesson 4.
    """
    fields = zip(*(routing[:3] for routing in routings), strict=True)
    return Routing(*(torch.cat(field) for field in fields), any(r.has_unfilled for r in routings))


def micro_batches(routing, parts):
    """Cut a Routing into ``parts`` of equally many tokens each, in order: undo ``pool``.

    ``switch_loss`` of the list is the mean of each part's own loss, of the whole Routing that of
    the larger batch: Qiu et al. 2025 (arXiv:2501.11873) compare the two.

    Returns:
        A list of Routings.

    Raises:
        ValueError: ``parts`` does not divide T.

    >>> [len(each.expert_TK) for each in micro_batches(top_k(torch.zeros(6, 4), k=2), 3)]
    [2, 2, 2]

    Lesson 14.
    """
    tokens = len(routing.logits_TE)
    if parts < 1 or tokens % parts:
        raise ValueError(f"parts is {parts}: it must divide {tokens} tokens")
    cut = zip(*(field.chunk(parts) for field in routing[:3]), strict=True)
    real = [None] * parts if routing.real_T is None else routing.real_T.chunk(parts)
    return [Routing(*own, routing.has_unfilled, real_T) for own, real_T in zip(cut, real)]
