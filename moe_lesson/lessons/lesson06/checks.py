"""Check the exercises of lesson 06: tiles, the products of backward, intensity, an experiment."""

import torch

from moe_lesson.lessons.lesson06.checks_tiles import places, rooms, tile_list
from moe_lesson.study.checks import (
    called,
    comparison,
    demand,
    exercise,
    near,
    no_mistake,
    number_of,
    tensor_of,
)

__all__ = ["experiment", "gradients", "intensity", "places", "rooms", "tile_list"]
COUNTS = [2, 0, 3]


@exercise("rows go back through their own expert, and each expert learns from its own rows.")
def gradients(answer):
    """Check ``answer(x_RD, weight_EFD, count_E, dy_RF)``: both gradients of a grouped product.

    >>> def ours(x_RD, weight_EFD, count_E, dy_RF):
    ...     dx, dweight = [], []
    ...     counts = count_E.tolist()
    ...     for x, dy, weight in zip(x_RD.split(counts), dy_RF.split(counts), weight_EFD):
    ...         dx.append(dy @ weight)
    ...         dweight.append(dy.T @ x)
    ...     return torch.cat(dx), torch.stack(dweight)
    >>> gradients(ours)
    correct: rows go back through their own expert, and each expert learns from its own rows.

    Lesson 6.
    """
    x_RD = torch.arange(1.0, 16).view(5, 3).double().sin()
    weight_EFD = torch.arange(1.0, 19).view(3, 2, 3).double().cos()
    dy_RF = torch.arange(1.0, 11).view(5, 2).double().cos()
    given = called(
        answer, x_RD, weight_EFD, torch.tensor(COUNTS), dy_RF,
        when="5 rows of width 3, experts with 2, 0 and 3 of them, 2 numbers out",
        hint="y = x times the transposed weight, so dx = dy times the weight",
    )  # fmt: skip
    is_pair = isinstance(given, (tuple, list)) and len(given) == 2
    demand(is_pair, "return two tensors: the gradient of x_RD, then that of weight_EFD")
    swapped = [tuple(getattr(each, "shape", ())) for each in given] == [(3, 2, 3), (5, 3)]
    demand(not swapped, "the gradient of x_RD comes first: you return them the other way round")
    owner_R = torch.tensor([0, 0, 2, 2, 2])
    _demand_rows(tensor_of(given[0], (5, 3), "the gradient of x_RD"), weight_EFD, dy_RF, owner_R)
    shape = tuple(getattr(given[1], "shape", ()))
    demand(shape != (2, 2, 3), "expert 1 has no rows: its gradient is zeros, but it has one")
    turned = shape == (3, 3, 2)
    demand(not turned, "the gradient of weight_EFD is turned: rows of dy make its first axis, F")
    found = tensor_of(given[1], (3, 2, 3), "the gradient of weight_EFD")
    _demand_weights(found, x_RD, dy_RF, owner_R)


def _demand_rows(found, weight_EFD, dy_RF, owner_R):
    """Compare the gradient of the rows with the right one and with likely mistakes."""

    def back(owner):
        return torch.einsum("rf,rfd->rd", dy_RF, weight_EFD[owner])

    mistakes = {
        "all rows go back through expert 0": back(torch.zeros_like(owner_R)),
        "rows 2 to 4 are expert 2's: expert 1 has none, but keeps its matrix": back(
            owner_R.clamp(max=1)
        ),
        "the rows of all experts were multiplied by the sum of the weights": dy_RF
        @ weight_EFD.sum(0),
        "the sign is turned": -back(owner_R),
    }
    no_mistake(found, mistakes, "the gradient of x_RD: ")
    demand(near(found, back(owner_R)), "the gradient of x_RD: it must be dy times own weights")


def _demand_weights(found, x_RD, dy_RF, owner_R):
    """Compare the gradient of the weights with the right one and with likely mistakes."""
    pairs = torch.einsum("rf,rd->rfd", dy_RF, x_RD)
    right = pairs.new_zeros(3, 2, 3).index_add(0, owner_R, pairs)
    mistakes = {
        "every expert learns from all rows": pairs.sum(0).expand(3, -1, -1),
        "the sum over an expert's rows, not their mean": right
        / torch.tensor(COUNTS).clamp(min=1)[:, None, None],
        "sum the products, row by row: you multiply sums": torch.stack(
            [dy_RF[owner_R == e].sum(0)[:, None] * x_RD[owner_R == e].sum(0) for e in range(3)]
        ),
        "a later row overwrote an earlier one: sum them": torch.stack(
            [pairs[1], torch.zeros(2, 3).double(), pairs[4]]
        ),
        "rows 2 to 4 belong to expert 2: expert 1's gradient is zero": right[[0, 2, 1]],
        "divide by nothing: it is no mean over all rows": right / 5,
    }
    no_mistake(found, mistakes, "the gradient of weight_EFD: ")
    demand(near(found, right), "the gradient of weight_EFD: it must be dy transposed times x")


@exercise("operations over bytes, with the experts that are touched read once.")
def intensity(answer):
    """Check ``answer(tokens, dim, hidden_dim, num_experts, top_k, size)``: operations a byte.

    >>> from moe_lesson.lessons.lesson06.roofline import intensity as ours
    >>> intensity(ours)
    correct: operations over bytes, with the experts that are touched read once.

    Lesson 6.
    """
    given = (1, 8, 32, 4, 2, 4)
    when = "1 token, width 8, experts of 32, 2 of 4, 4 bytes a number"
    found = number_of(called(answer, *given, when=when), "the intensity")
    said = f"{when}: you give {found:.4g}. "
    weights, rows, done = 2 * 3 * 8 * 32, 2 * 2 * 8, 2 * 3 * 2 * 8 * 32
    mistakes = {
        "Half is missing: a multiplication and an addition are two operations, and the token has "
        "2 visits": done / 2 / (4 * (weights + rows)),
        "These are operations a number: a number has 4 bytes": done / (weights + rows),
        "One token reads 2 experts, not all 4": done / (4 * (2 * weights + rows)),
        "The weights of one expert are not enough: the token reads 2": done
        / (4 * (weights / 2 + rows)),
        "The 2 experts of a token differ: use 1 - k/E, once for each token": done
        / (4 * (1.75 / 2 * weights + rows)),
        "A row is dim wide: what stands inside an expert is not counted": done
        / (4 * (weights + 4 * rows)),
        "// rounds down: divide by /": 0,
        "The rows move too: each is read and written": done / weights / 4,
        "You divide bytes by operations": 4 * (weights + rows) / done,
        "2 visits have a row each, and each is read and written": done / (4 * (weights + rows / 2)),
        "SwiGLU has three matrices, also when it computes": done * 2 / 3 / (4 * (weights + rows)),
        "SwiGLU has three matrices, also when it reads": done / (4 * (weights * 2 / 3 + rows)),
    }
    no_mistake(found, mistakes, said)
    demand(near(found, done / (4 * (weights + rows))), said + "It must be 3072 / 6272 = 0.4898")
    _many_tokens(answer)


def _many_tokens(answer):
    """Check two tokens, which touch 3 of 4 experts on average, and numbers of eight bytes."""
    when = "2 tokens, width 8, experts of 32, 2 of 4, 8 bytes a number"
    found = number_of(called(answer, 2, 8, 32, 4, 2, 8, when=when), "the intensity")
    said = f"{when}: you give {found:.4g}. "
    done, one, rows = 2 * 3 * 4 * 8 * 32, 3 * 8 * 32, 2 * 4 * 8
    mistakes = {
        "An expert that both tokens visit is read once": done / (8 * (4 * one + rows)),
        "More tokens touch more experts: 4 (1 - (1/2)^2) = 3": done / (8 * (2 * one + rows)),
        "Rows grow with tokens": done / (8 * (3 * one + rows / 2)),
        "Operations grow with tokens": done / 2 / (8 * (3 * one + rows)),
        "Is 4 bytes written into your function? Use size": done / (4 * (3 * one + rows)),
    }
    no_mistake(found, mistakes, said)
    demand(near(found, done / (8 * (3 * one + rows))), said + "It must be 6144 / 18944 = 0.3243")


@exercise("now you can tell a difference from the spread of one setting.")
def experiment(answer):
    """Check ``answer()``: a setting -> its times over the dense layer's, three or more rounds.

    >>> experiment(lambda: {"even": [1.1, 1.2, 1.1], "skewed": [1.6, 1.5, 1.7]})
    skewed minus even: 0.4667 times the dense layer; runs of one setting differ by up to 0.2
    correct: now you can tell a difference from the spread of one setting.

    Lesson 6.
    """
    comparison(answer(), "times the dense layer", seeds=3, between=(0.0, 1000.0))
