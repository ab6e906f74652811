"""One sparse layer, written five ways: equal results, unequal work."""

import ast
import inspect

import torch
import torch.nn.functional as F

from moe_lesson.moe.dispatch import combine, dispatch, plan
from moe_lesson.moe.experts import grouped_swiglu, loop, swiglu
from moe_lesson.moe.tiles import places, rooms, spread

BLOCK = 32  # rows of a block here; MegaBlocks takes 128 on a GPU


def by_masks(x_TD, routing, experts):
    """Ask every expert which tokens are its own: the loop of the textbooks.

    >>> from moe_lesson.moe.experts import SwiGLUExperts
    >>> from moe_lesson.moe.routing import top_k
    >>> by_masks(torch.zeros(3, 4), top_k(torch.ones(3, 2), 1), SwiGLUExperts(4, 8, 2)).shape
    torch.Size([3, 4])

    Lesson 6.
    """
    y_TD = torch.zeros_like(x_TD)
    for e in range(len(experts.down_EDF)):
        token, choice = torch.where(routing.expert_TK == e)
        said = swiglu(x_TD[token], experts.gate_up_EJFD[e], experts.down_EDF[e])
        share = routing.weight_TK[token, choice]
        y_TD = y_TD.index_add(0, token, said * share[:, None])
    return y_TD


def by_padded_batch(x_TD, routing, experts):
    """Give every expert as many rows as the busiest has, and multiply one stack by another.

    Hwang et al. 2022 (Tutel, arXiv:2206.03382) drop nothing in this way.

    >>> from moe_lesson.moe.experts import SwiGLUExperts
    >>> from moe_lesson.moe.routing import top_k
    >>> by_padded_batch(torch.zeros(3, 4), top_k(torch.ones(3, 2), 1), SwiGLUExperts(4, 8, 2)).shape
    torch.Size([3, 4])

    Lesson 6.
    """
    visits = plan(routing)
    E, C = len(visits.count_E), int(visits.count_E.max())
    first_E = visits.count_E.cumsum(0) - visits.count_E
    shift_E = C * torch.arange(E, device=x_TD.device) - first_E
    seat_R = torch.arange(len(visits.token_R), device=x_TD.device)
    seat_R = seat_R + shift_E.repeat_interleave(visits.count_E)
    x_ECD = spread(dispatch(x_TD, visits), seat_R, E * C).view(E, C, -1)
    y_ECD = _stacked(x_ECD, experts.gate_up_EJFD, experts.down_EDF)
    return combine(y_ECD.flatten(0, 1)[seat_R], visits, len(x_TD))


def by_one_hot(x_TD, routing, experts):
    """Send and fetch tokens by products with a tensor of zeros and ones, tokens x E x seats.

    Lepikhin et al. 2020 (GShard, arXiv:2006.16668), section 2.2; here with a seat for everybody.

    >>> from moe_lesson.moe.experts import SwiGLUExperts
    >>> from moe_lesson.moe.routing import top_k
    >>> by_one_hot(torch.zeros(3, 4), top_k(torch.ones(3, 2), 1), SwiGLUExperts(4, 8, 2)).shape
    torch.Size([3, 4])

    Lesson 6.
    """
    E = len(experts.down_EDF)
    sent_TE = F.one_hot(routing.expert_TK, E).sum(1)
    seat_TE = sent_TE.cumsum(0) - sent_TE  # how many came before: the count without itself
    C = int(sent_TE.sum(0).max())
    goes_TEC = F.one_hot(seat_TE, C + 1)[..., :C] * sent_TE[..., None]
    goes_TEC = goes_TEC.to(x_TD.dtype)
    share_TE = torch.zeros_like(goes_TEC[..., 0])
    share_TE = share_TE.scatter(1, routing.expert_TK, routing.weight_TK.to(x_TD.dtype))
    x_ECD = torch.einsum("tec,td->ecd", goes_TEC, x_TD)
    y_ECD = _stacked(x_ECD, experts.gate_up_EJFD, experts.down_EDF)
    return torch.einsum("tec,ecd->td", goes_TEC * share_TE[..., None], y_ECD)


def by_sorted_rows(x_TD, routing, experts):
    """Sort the rows by expert and hand all of them to torch's grouped product.

    In float64, which that refuses, a loop over the same sorted rows.

    >>> from moe_lesson.moe.experts import SwiGLUExperts
    >>> from moe_lesson.moe.routing import top_k
    >>> by_sorted_rows(torch.zeros(3, 4), top_k(torch.ones(3, 2), 1), SwiGLUExperts(4, 8, 2)).shape
    torch.Size([3, 4])

    Lesson 6.
    """
    visits, weights = plan(routing), (experts.gate_up_EJFD, experts.down_EDF)
    x_RD = dispatch(x_TD, visits)
    if x_TD.dtype is torch.float64:
        y_RD = loop(x_RD, visits.count_E, weights, swiglu)
    else:
        y_RD = grouped_swiglu(x_RD, visits.count_E, *weights, x_TD.dtype)
    return combine(y_RD, visits, len(x_TD))


def by_blocks(x_TD, routing, experts):
    """Round each expert's rows up to whole blocks, and multiply block by block.

    Gale et al. 2022 (MegaBlocks, arXiv:2211.15841), sections 4 and 5: the blocks of a sparse
    matrix that are not zero. Theirs reads an expert's weights where they lie; here, with torch's
    batched product, each block gets a copy of them.

    >>> from moe_lesson.moe.experts import SwiGLUExperts
    >>> from moe_lesson.moe.routing import top_k
    >>> by_blocks(torch.zeros(3, 4), top_k(torch.ones(3, 2), 1), SwiGLUExperts(4, 8, 2)).shape
    torch.Size([3, 4])

    Lesson 6.
    """
    visits = plan(routing)
    room_E = rooms(visits.count_E, BLOCK)
    place_R = places(visits.count_E, len(visits.token_R), BLOCK)
    x = spread(dispatch(x_TD, visits), place_R, int(room_E.sum())).view(-1, BLOCK, x_TD.shape[1])
    owner = torch.arange(len(room_E), device=x_TD.device).repeat_interleave(room_E // BLOCK)
    y = _stacked(x, experts.gate_up_EJFD[owner], experts.down_EDF[owner])
    return combine(y.flatten(0, 1)[place_R], visits, len(x_TD))


def _stacked(x, gate_up, down):
    """Apply the n-th network to the n-th stack of rows: batched products."""
    gate, up = (x @ gate_up.flatten(1, 2).mT).chunk(2, -1)
    return (F.silu(gate) * up) @ down.mT


WAYS = {
    "masks": by_masks,
    "padded batch": by_padded_batch,
    "one-hot": by_one_hot,
    "sorted rows": by_sorted_rows,
    "blocks": by_blocks,
}


def listing(function):
    """Return the source of a function without its docstring, to be read in a notebook.

    >>> print(listing(_stacked).splitlines()[0])
    def _stacked(x, gate_up, down):

    Lesson 6.
    """
    lines = inspect.getsource(function).splitlines()
    first, second = ast.parse(inspect.getsource(function)).body[0].body[:2]
    return "\n".join(lines[: first.lineno - 1] + lines[second.lineno - 1 :])
