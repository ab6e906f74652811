"""One balance loss, five conventions: what each scores the same router.

The sources differ in what a token's votes add up to, in which choices they count, in how
layers are joined and in a constant. All of that is parameters of ``balance.switch_loss``.
"""

from typing import NamedTuple

from moe_lesson.moe.balance import switch_loss


class Convention(NamedTuple):
    """Hold one source's way to state the balance loss, and what it gives.

    The loss is ``factor * switch_loss(routings, **parameters)``, without the weight that
    it has in training.

    >>> Convention("Switch", "eqs. 4-6", {"layers": "sum"}, 1.0, 2.0, 2.0).balanced
    2.0

    Lesson 4.
    """

    name: str
    source: str
    parameters: dict  # of ``balance.switch_loss``
    factor: float  # a constant of the source's formula
    balanced: float  # what an even router scores
    value: float  # what the routings given score


def conventions(routings):
    """Score the same routers as five sources would.

    Fedus et al. 2021 (Switch, arXiv:2101.03961), eqs. 4-6: first choices, added to the
    total loss for each layer. Lepikhin et al. 2020 (GShard, arXiv:2006.16668), algorithm 1:
    first choices, divided by E twice over; it is stated for one layer, and the mean of the
    layers is taken here. ``load_balancing_loss_func`` of transformers (Mixtral and OLMoE
    alike): K votes a token, all layers' tokens in one batch. MegaBlocks, with which OLMoE
    (arXiv:2409.02060) was trained: E / (layers * tokens * K) times the sum of visits times
    mean probability.

    Args:
        routings: one Routing per layer, best choices first by the scores themselves.

    Returns:
        A list of Convention, one per source. Dimensionless; an even router scores
        ``balanced``, one that is certain of one same expert everywhere E times that (K = 1).

    Raises:
        ValueError: there is no routing, or layers differ in their experts or choices.

    Two layers, two experts: each layer has collapsed, onto different experts.

    >>> import torch
    >>> from moe_lesson.moe.routing import top_k
    >>> layers = [top_k(torch.tensor([x]), k=1) for x in ([80.0, 0.0], [0.0, 80.0])]
    >>> for row in conventions(layers):
    ...     print(f"{row.name}: {row.value}, balanced {row.balanced}")
    Switch: 4.0, balanced 2.0
    GShard: 0.5, balanced 0.25
    Mixtral in transformers: 1.0, balanced 1.0
    OLMoE in transformers: 1.0, balanced 1.0
    OLMoE in MegaBlocks: 2.0, balanced 1.0

    Lesson 4.
    """
    sizes = {(r.logits_TE.shape[-1], r.expert_TK.shape[-1]) for r in routings}
    if len(sizes) != 1:
        raise ValueError(
            f"(experts, choices) of the layers are {sorted(sizes)}: it must be one pair for all"
        )
    ((num_experts, k),) = sizes
    pooled = {"votes": k, "layers": "pooled"}
    code = "load_balancing_loss_func"
    stated = [
        ("Switch", "arXiv:2101.03961, eqs. 4-6", {"first_choice": True, "layers": "sum"}, 1.0),
        ("GShard", "arXiv:2006.16668, algorithm 1", {"first_choice": True}, num_experts**-2),
        ("Mixtral in transformers", code, pooled, 1.0),
        ("OLMoE in transformers", code, pooled, 1.0),
        ("OLMoE in MegaBlocks", "batched_load_balancing_loss", {}, 1.0),
    ]
    rows = []
    for name, source, parameters, factor in stated:
        times = len(routings) if parameters.get("layers") == "sum" else 1
        balanced = factor * parameters.get("votes", 1) * times
        value = factor * switch_loss(routings, **parameters).item()
        rows.append(Convention(name, source, parameters, factor, float(balanced), value))
    return rows
