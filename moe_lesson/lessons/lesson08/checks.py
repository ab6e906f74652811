"""Check the exercises of lesson 08: the parts of Mixtral."""

import math

import torch

from moe_lesson.lessons.lesson08.checks_attention import rotate, slot_positions
from moe_lesson.models.config import MIXTRAL_8X7B, Config
from moe_lesson.study.checks import demand, exercise, near, tensor_of

__all__ = [
    "rotate",
    "scores",
    "slot_positions",
    "top_k",
    "total_parameters",
]

TOY = Config(
    dim=2,
    n_layers=1,
    head_dim=2,
    hidden_dim=3,
    n_heads=2,
    n_kv_heads=1,
    context_len=8,
    vocab_size=5,
    num_experts=4,
    top_k=2,
)
# What TOY has too much or too little after each mistake.
MISTAKES = {
    -8: "that is the router: dim times num_experts a layer",
    -2: "that is the norm before the output layer: dim weights",
    -4: "those are a layer's two norms: dim weights each",
    -6: "those are the norms: two a layer and one at the end, dim weights each",
    -10: "that is one table of dim times vocab_size: embedding and output layer are two",
    -24: "an expert has three matrices: gate, up and down",
    8: "keys and values have n_kv_heads heads, not n_heads",
    -36: "that counts top_k experts: stored are num_experts",
    -54: "that counts one expert: stored are num_experts",
}


@exercise("query and key both turn, so a score knows how far apart they stand, not where.")
def scores(answer):
    """Check ``answer(query_BHSA, key_BHSA, cos_BSA, sin_BSA)``: scores of turned heads.

    >>> from moe_lesson.models.attention import rotate
    >>> def ours(query_BHSA, key_BHSA, cos_BSA, sin_BSA):
    ...     turned = [rotate(x, cos_BSA, sin_BSA) for x in (query_BHSA, key_BHSA)]
    ...     return turned[0] @ turned[1].transpose(2, 3) * query_BHSA.shape[-1] ** -0.5
    >>> scores(ours)
    correct: query and key both turn, so a score knows how far apart they stand, not where.

    Lesson 8.
    """
    # A quarter turn a position: the score of equal vectors is cos(90 degrees * distance) / 2.
    x_BHSA = torch.tensor([1.0, 0, 0, 0]).repeat(1, 1, 4, 1)
    cos_BSA, sin_BSA = (
        torch.tensor(turn).view(1, 4, 1).repeat(1, 1, 4)
        for turn in ([1.0, 0, -1, 0], [0.0, 1, 0, -1])
    )
    found = tensor_of(answer(x_BHSA, x_BHSA, cos_BSA, sin_BSA), (1, 1, 4, 4), "the result")[0, 0]
    said = "query and key [1, 0, 0, 0], a quarter turn a position: "
    demand(not near(found[0, 0], 1), said + "divide the scores by sqrt(A), here 2")
    same = found.diagonal().tolist()
    demand(
        near(found.diagonal(), [same[0]] * 4),
        said + f"both at position 0, 1, 2, 3 they score {same}: this must be one number, for "
        "neither has moved from the other. Are both turned, and the same way?",
    )
    demand(
        not near(found[2, 0], found[0, 0]),
        said + f"two apart they score {found[2, 0]:.3g}, as if none apart: nothing is turned",
    )
    wanted = [[0.5, 0, -0.5, 0], [0, 0.5, 0, -0.5], [-0.5, 0, 0.5, 0], [0, -0.5, 0, 0.5]]
    demand(near(found, wanted), said + f"wanted {wanted}, got {found.tolist()}")


@exercise("choose first, then softmax over what was chosen.")
def top_k(answer):
    """Check ``answer(logits_TE, k)``, which returns a Routing.

    >>> from moe_lesson.moe.routing import top_k as ours
    >>> top_k(ours)
    correct: choose first, then softmax over what was chosen.

    Lesson 8.
    """
    logits_TE = torch.tensor([[2.0, 6.0, 3.0, 1.0]]).log()
    routing = answer(logits_TE, 2)
    demand(hasattr(routing, "expert_TK"), f"return a Routing, not a {type(routing).__name__}")
    chosen = tensor_of(routing.expert_TK, (1, 2), "expert_TK")[0].tolist()
    said = f"scores ln 2, ln 6, ln 3, ln 1 with k = 2: you choose {chosen}. "
    demand(sorted(chosen) != [0, 3], said + "These are the smallest")
    demand(chosen != [2, 1], said + "The best comes first")
    demand(chosen == [1, 2], said + "The largest are experts 1 and 2")
    _weights(routing.weight_TK)
    demand(
        torch.equal(routing.logits_TE, logits_TE), "logits_TE must hold all E scores, as they came"
    )
    high = tensor_of(answer(logits_TE + 1000, 2).weight_TK, (1, 2), "weight_TK")
    demand(near(high, [[2 / 3, 1 / 3]], 1e-3), "adding 1000 to all scores must change nothing")
    three = tensor_of(answer(logits_TE, 3).weight_TK, (1, 3), "weight_TK for k = 3")
    demand(near(three.sum(), 1), f"k = 3: the weights must sum to 1, not {three.sum():.3g}")


def _weights(weight_TK):
    weights = tensor_of(weight_TK, (1, 2), "weight_TK")[0]
    said = f"scores ln 6 and ln 3 are kept: you give weights {weights.tolist()}. "
    demand(
        not near(weights, [1 / 2, 1 / 4]),
        said + "They are shares of all four and sum to 0.75: softmax over the kept scores only",
    )
    demand(
        not near(weights, torch.tensor([6.0, 3.0]).log() / math.log(18)),
        said + "Scores over their sum are not a softmax: take their exponentials first",
    )
    demand(near(weights.sum(), 1), said + "They must sum to 1")
    demand(near(weights, [2 / 3, 1 / 3]), said + "softmax(ln 6, ln 3) is 6/9 and 3/9")


@exercise("46,702,792,704: eight experts a layer, but one attention and one embedding.")
def total_parameters(answer):
    """Check ``answer(config)``: every weight of the model, all experts.

    >>> total_parameters(lambda config: config.total_parameters)
    correct: 46,702,792,704: eight experts a layer, but one attention and one embedding.

    Lesson 8.
    """
    found = answer(TOY)
    gap = found - 130
    hint = MISTAKES.get(gap, "add attention, router, experts and norms by layer, then embeddings")
    demand(
        gap == 0,
        "dim 2, 1 layer, 2 heads of width 2 sharing 1 key-value head, 4 experts of width 3, 5 "
        f"tokens: 24 + 8 + 72 + 4 a layer, 2 + 20 around = 130. You say {found} ({gap:+}): {hint}",
    )
    found = answer(MIXTRAL_8X7B)
    demand(
        found == 46_702_792_704,
        f"Mixtral 8x7B has 46,702,792,704 parameters, you say {found:,}: does every term "
        "grow with n_layers that should, and none that should not?",
    )
