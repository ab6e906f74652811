"""Check the exercises of lesson 08: the router, the ledger, and those on attention."""

import math

import torch

from moe_lesson.lessons.lesson08.checks_attention import rotate, scores, slot_positions
from moe_lesson.models.config import MIXTRAL_8X7B, Config
from moe_lesson.study.checks import demand, exercise, near, number_of, rounded, tensor_of

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
    n_heads=4,
    n_kv_heads=2,
    context_len=8,
    vocab_size=7,
    num_experts=5,
    top_k=2,
)
# What TOY has too much or too little after each mistake.
MISTAKES = {
    -10: "that is the router: dim times num_experts a layer",
    5: "a router has no bias: dim times num_experts weights a layer",
    -2: "that is the norm before the output layer: dim weights",
    -4: "those are a layer's two norms: dim weights each",
    -6: "those are the norms: two a layer and one at the end, dim weights each",
    -14: "that is one table of dim times vocab_size: embedding and output layer are two",
    -30: "an expert has three matrices: gate, up and down",
    16: "keys and values have n_kv_heads heads, not n_heads",
    -16: "attention has four matrices: query and output are each dim times n_heads * head_dim",
    -8: "attention has a key and a value matrix, each dim times n_kv_heads * head_dim",
    -36: "a head is head_dim wide: n_heads * head_dim need not be dim",
    -54: "that counts top_k experts: stored are num_experts",
    -72: "that counts one expert: stored are num_experts",
}


@exercise("choose first, then softmax over what was chosen.")
def top_k(answer):
    """Check ``answer(logits_TE, k)``, which returns a Routing.

    >>> from moe_lesson.moe.routing import top_k as ours
    >>> top_k(ours)
    correct: choose first, then softmax over what was chosen.

    Lesson 8.
    """
    logits_TE = torch.tensor([[2.0, 6, 3, 1], [5, 1, 2, 4], [1, 2, 9, 3]]).log()
    routing = answer(logits_TE.clone(), 2)
    demand(hasattr(routing, "expert_TK"), f"return a Routing, not a {type(routing).__name__}")
    _choices(tensor_of(routing.expert_TK, (3, 2), "expert_TK"))
    _weights(tensor_of(routing.weight_TK, (3, 2), "weight_TK"))
    demand(
        torch.equal(routing.logits_TE, logits_TE), "logits_TE must hold all E scores, as they came"
    )
    high = tensor_of(answer(logits_TE + 1000, 2).weight_TK, (3, 2), "weight_TK")
    demand(near(high[0], [2 / 3, 1 / 3], 1e-3), "adding 1000 to all scores must change nothing")
    three = tensor_of(answer(logits_TE, 3).weight_TK, (3, 3), "weight_TK for k = 3")
    demand(near(three.sum(1), [1.0] * 3), f"k = 3: weights sum to 1, not {rounded(three.sum(1))}")
    _limits(answer, logits_TE)


def _choices(expert_TK):
    chosen = expert_TK[0].int().tolist()
    said = f"scores ln 2, ln 6, ln 3, ln 1 with k = 2: you choose {chosen}. "
    demand(sorted(chosen) != [0, 3], said + "These are the smallest")
    demand(chosen != [2, 1], said + "The best comes first")
    demand(chosen == [1, 2], said + "The largest are experts 1 and 2")
    found = expert_TK.int().tolist()
    demand(
        found == [[1, 2], [0, 3], [2, 3]], f"three tokens choose [[1, 2], [0, 3], [2, 3]]: {found}"
    )


def _weights(weight_TK):
    weights = weight_TK[0]
    said = f"scores ln 6 and ln 3 are kept: you give weights {rounded(weights)}. "
    demand(
        not near(weights, [1 / 2, 1 / 4]),
        said + "They are shares of all four and sum to 0.75: softmax over the kept scores only",
    )
    demand(
        not near(weights, torch.tensor([6.0, 3.0]).log() / math.log(18)),
        said + "Scores over their sum are not a softmax: take their exponentials first",
    )
    demand(
        not near(weight_TK.sum(0), [1.0, 1.0]),
        said + "They sum to 1 over the tokens: softmax along the last axis, for each token",
    )
    demand(near(weights.sum(), 1), said + "They must sum to 1")
    demand(near(weights, [2 / 3, 1 / 3]), said + "softmax(ln 6, ln 3) is 6/9 and 3/9")
    wanted = torch.tensor([[6 / 9, 3 / 9], [5 / 9, 4 / 9], [9 / 12, 3 / 12]])
    said = [[round(each, 4) for each in row] for row in weight_TK.tolist()]
    demand(
        near(weight_TK, wanted), f"the three tokens weigh 6/9 3/9, 5/9 4/9, 9/12 3/12, not {said}"
    )


def _limits(answer, logits_TE):
    """Demand a refusal of what cannot be, wide numbers, and a slope for the router."""
    for k in (9, 0):
        try:
            found = answer(logits_TE, k)
        except ValueError:
            continue
        except RuntimeError as error:
            message = f"k = {k} of 4 experts: {error}. Call check_k first: it says what is allowed"
            raise AssertionError(message) from None
        kind = tuple(found.expert_TK.shape)
        raise AssertionError(f"k = {k} of 4 experts passes, with choices of {kind}: call check_k")
    narrow = answer(logits_TE.bfloat16(), 2)
    kinds = {str(narrow.weight_TK.dtype), str(narrow.logits_TE.dtype)} - {"torch.float32"}
    demand(not kinds, f"scores in bfloat16 stay {', '.join(kinds)}: at_least_float32 widens them")
    scores_TE = logits_TE.clone().requires_grad_()
    slope = answer(scores_TE, 2).weight_TK.requires_grad
    demand(
        slope, "the weights have no slope: no detach and no .tolist(), or the router never learns"
    )


@exercise("46,702,792,704: eight experts a layer, but one attention and one embedding.")
def total_parameters(answer):
    """Check ``answer(config)``: every weight of the model, all experts.

    >>> total_parameters(lambda config: config.total_parameters)
    correct: 46,702,792,704: eight experts a layer, but one attention and one embedding.

    Lesson 8.
    """
    found = whole_number(answer(TOY))
    gap = found - 182
    hint = MISTAKES.get(gap, "add attention, router, experts and norms by layer, then embeddings")
    demand(
        gap == 0,
        "dim 2, 1 layer, 4 heads of width 2 sharing 2 key-value heads, 5 experts of width 3, 7 "
        f"tokens: 48 + 10 + 90 + 4 a layer, 2 + 28 around = 182. You say {found} ({gap:+}): {hint}",
    )
    found = whole_number(answer(MIXTRAL_8X7B))
    demand(
        found == 46_702_792_704,
        f"Mixtral 8x7B has 46,702,792,704 parameters, you say {found:,}: does every term "
        "grow with n_layers that should, and none that should not?",
    )


def whole_number(given):
    """Demand a count and return it as an int.

    Raises:
        AssertionError: it is no number, or has a fraction.

    >>> whole_number(130.0)
    130

    Lesson 8.
    """
    found = number_of(given, "the count")
    demand(found == int(found), f"the count is {found}: parameters are whole numbers")
    return int(found)
