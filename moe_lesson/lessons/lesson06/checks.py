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
    untouched,
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
    x_RD, weight_EFD, dy_RF = _grouped(COUNTS, 3, 2)
    given = untouched(
        answer, x_RD, weight_EFD, torch.tensor(COUNTS), dy_RF,
        when="5 rows of width 3, experts with 2, 0 and 3 of them, 2 numbers out",
        hint="y = x times the transposed weight, so dx = dy times the weight",
    )  # fmt: skip
    _demand_gradients(given, x_RD, weight_EFD, dy_RF)
    _other_sizes(answer)


def _grouped(counts, D, F):
    """Make rows, an expert's matrix for each count, and the gradient of what comes out."""
    R, E = sum(counts), len(counts)
    x_RD = torch.arange(1.0, R * D + 1).view(R, D).double().sin()
    weight_EFD = torch.arange(1.0, E * F * D + 1).view(E, F, D).double().cos()
    return x_RD, weight_EFD, torch.arange(1.0, R * F + 1).view(R, F).double().cos()


def _other_sizes(answer):
    """Check four experts, of which the first has no rows; no two sizes are equal."""
    counts = [0, 3, 1, 2]
    x_RD, weight_EFD, dy_RF = _grouped(counts, 5, 2)
    when = "6 rows of width 5, experts with 0, 3, 1 and 2 of them, 2 numbers out"
    hint = "is a size of the first case written into your function?"
    given = untouched(answer, x_RD, weight_EFD, torch.tensor(counts), dy_RF, when=when, hint=hint)
    owner_R = torch.arange(4).repeat_interleave(torch.tensor(counts))
    what = f"{when}: the gradient of"
    found = tensor_of(given[0], (6, 5), f"{what} x_RD")
    right = torch.einsum("rf,rfd->rd", dy_RF, weight_EFD[owner_R])
    demand(near(found, right), f"{what} x_RD is right for {_right_of(found, right)} of 6 rows")
    found = tensor_of(given[1], (4, 2, 5), f"{what} weight_EFD")
    pairs = torch.einsum("rf,rd->rfd", dy_RF, x_RD)
    right = pairs.new_zeros(4, 2, 5).index_add(0, owner_R, pairs)
    said = f"{what} weight_EFD is right for {_right_of(found, right)} of 4 experts"
    demand(near(found, right), said)


def _right_of(found, right):
    """Count the entries of the first axis that agree."""
    return sum(near(one, other) for one, other in zip(found, right))


def _demand_gradients(given, x_RD, weight_EFD, dy_RF):
    """Demand both gradients of the first case, with their shapes, and name what else they are."""
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

    right, count_E = back(owner_R), torch.tensor(COUNTS)
    mistakes = {
        "all rows go back through expert 0": back(torch.zeros_like(owner_R)),
        "rows 2 to 4 are expert 2's: expert 1 has none, but keeps its matrix": back(
            owner_R.clamp(max=1)
        ),
        "the rows of all experts were multiplied by the sum of the weights": dy_RF
        @ weight_EFD.sum(0),
        "the sign is turned": -right,
        "a row's own gradient is divided by nothing: it is no mean": right
        / count_E[owner_R][:, None],
        "weights are taken from the last expert up": back(2 - owner_R),
    }
    no_mistake(found, mistakes, "the gradient of x_RD: ")
    said = f"the gradient of x_RD is right for {_right_of(found, right)} of 5 rows"
    demand(near(found, right), f"{said}: it must be dy times the matrix of the row's own expert")


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
        "divide by nothing: it is no mean over experts": right / 3,
        "an expert's first row alone is not all of its rows": torch.stack(
            [pairs[0], torch.zeros(2, 3).double(), pairs[2]]
        ),
    }
    no_mistake(found, mistakes, "the gradient of weight_EFD: ")
    said = f"the gradient of weight_EFD is right for {_right_of(found, right)} of 3 experts"
    demand(near(found, right), f"{said}: it must be dy transposed times x, of the expert's rows")


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
    _other_numbers(answer)


def _other_numbers(answer):
    """Check three tokens of another layer, where k/E is neither 1/2 nor 1/k, a byte a number."""
    when = "3 tokens, width 5, experts of 7, 3 of 10, 1 byte a number"
    found = number_of(called(answer, 3, 5, 7, 10, 3, 1, when=when), "the intensity")
    done, one, rows, some = 2 * 3 * 9 * 5 * 7, 3 * 5 * 7, 2 * 9 * 5, 10 * (1 - 0.7**3)
    mistakes = {
        "A token leaves an expert out with 1 - k/E = 0.7, not with 1/2": 10 * (1 - 0.5**3),
        "A token leaves an expert out with 1 - k/E = 0.7, not with 1/k": 10 * (1 - (1 / 3) ** 3),
        "A token leaves an expert out with 1 - k/E = 0.7, not with 1 - 1/k": 10
        * (1 - (2 / 3) ** 3),
        "6.57 experts are touched on average, not 7: do not round": 7,
        "6.57 experts are touched on average, not 6: do not round": 6,
    }
    said = f"{when}: you give {found:.4g}. "
    no_mistake(found, {text: done / (n * one + rows) for text, n in mistakes.items()}, said)
    said += f"It must be 1890 / 779.9 = {done / (some * one + rows):.4f}. Is a number of the cases "
    demand(near(found, done / (some * one + rows)), f"{said}before written into it?")


@exercise("now you can tell a difference from the spread of one setting.")
def experiment(answer):
    """Check ``answer()``: a setting -> its times over the dense layer's, three or more rounds.

    >>> experiment(lambda: {"even": [1.1, 1.2, 1.1], "skewed": [1.6, 1.5, 1.7]})
    skewed minus even: 0.4667 times the dense layer; runs of one setting differ by up to 0.2
    correct: now you can tell a difference from the spread of one setting.

    Lesson 6.
    """
    comparison(answer(), "times the dense layer", seeds=3, between=(0.0, 1000.0))
