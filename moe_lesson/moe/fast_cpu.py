"""The sparse layer's fast paths on a CPU: the same numbers as the simple one, sooner.

``fused_forward`` does in one step what ``dispatch``, ``SwiGLUExperts`` and ``combine`` do in three,
for training; ``decode_one`` serves a single token and reads only the experts it visits.
Lesson 6 explains what is won where; ``make bench`` measures it.
"""


import numpy as np
import torch
import torch.nn.functional as F

from moe_lesson.moe.experts import SwiGLUExperts

CHUNK = 1 << 18  # numbers that one elementwise step takes at a time: they stay in the cache
FEW = 256  # tokens served by ``decode_few`` when no gradient is asked for
ALIGN = 64  # rows per expert are a multiple of it where bfloat16 units multiply


def supports(x_TD, routing, experts):
    """Tell whether the fast paths serve this layer: SwiGLU, on a CPU, float32 or float64.

    >>> from moe_lesson.moe.routing import top_k
    >>> supports(torch.ones(1, 4), top_k(torch.ones(1, 2), k=1), SwiGLUExperts(4, 8, 2))
    True

    Lesson 6.
    """
    dtype = x_TD.dtype
    return (
        isinstance(experts, SwiGLUExperts)
        and x_TD.is_cpu
        and (dtype is torch.float32 or dtype is torch.float64)
        and dtype is routing.weight_TK.dtype
        and dtype is experts.down_EDF.dtype
        and len(x_TD) > 0
        and not routing.has_unfilled
        and not torch.is_autocast_enabled("cpu")
    )


def fused_forward(x_TD, routing, experts):
    """Gather each expert's rows, apply it, and add the results by weight, in one step.

    Equal to ``combine(experts(dispatch(x_TD, visits)))``, gradients included.

    Returns:
        y_TD.

    Raises:
        RuntimeError: backward runs with ``create_graph``, for a second derivative.

    >>> from moe_lesson.moe.routing import top_k
    >>> routing = top_k(torch.randn(3, 2), k=2)
    >>> fused_forward(torch.zeros(3, 4), routing, SwiGLUExperts(4, 8, 2)).shape
    torch.Size([3, 4])

    Lesson 6.
    """
    weights = experts.gate_up_EJFD, experts.down_EDF
    if len(x_TD) <= FEW and not torch.is_grad_enabled():
        serve = decode_one if len(x_TD) == 1 else decode_few
        return serve(x_TD, routing, *weights)
    return _Fused.apply(x_TD, routing.weight_TK, *weights, routing.expert_TK)


def decode_one(x_TD, routing, gate_up_EJFD, down_EDF):
    """Serve one token: matrix times vector with the chosen experts' weights, uncopied.

    No gradient: it is for decoding.

    Returns:
        y_TD with T = 1.

    >>> from moe_lesson.moe.routing import top_k
    >>> weights = torch.ones(2, 2, 1, 1), torch.ones(2, 1, 1)
    >>> decode_one(torch.tensor([[30.0]]), top_k(torch.zeros(1, 2), k=2), *weights).item()
    900.0

    Lesson 13.
    """
    # As plain numbers the ids pick views and the weights ride along in the last product.
    (chosen,), (shares,) = routing.expert_TK.tolist(), routing.weight_TK.tolist()
    x_D, both = x_TD.view(-1), gate_up_EJFD.flatten(1, 2)  # gate above up: one matrix an expert
    hidden = x_TD.new_empty(len(chosen), both.shape[1])
    for row, e in zip(hidden.unbind(0), chosen, strict=True):
        torch.mv(both[e], x_D, out=row)
    gate, up = hidden.chunk(2, -1)
    y_D = torch.zeros_like(x_D)
    for row, e, share in zip(F.silu(gate).mul_(up).unbind(0), chosen, shares, strict=True):
        y_D.addmv_(down_EDF[e], row, alpha=share)
    return y_D.view_as(x_TD)


def decode_few(x_TD, routing, gate_up_EJFD, down_EDF):
    """Serve some tokens: only products run per expert, all else on all rows at once.

    No gradient: it is for decoding, where the calls cost more than the arithmetic.

    Returns:
        y_TD.

    >>> from moe_lesson.moe.routing import top_k
    >>> weights = torch.ones(2, 2, 4, 4), torch.ones(2, 4, 4)
    >>> decode_few(torch.ones(3, 4), top_k(torch.zeros(3, 2), k=2), *weights).shape
    torch.Size([3, 4])

    Lesson 13.
    """
    order, counts, _, seat_TK = _seats(routing.expert_TK, len(down_EDF), align=1)
    x_RD = x_TD.index_select(0, order // routing.expert_TK.shape[1])
    gate, up = _products(x_RD, counts, gate_up_EJFD.flatten(1, 2)).chunk(2, -1)
    y_RD = _products(F.silu(gate).mul_(up), counts, down_EDF)
    return F.embedding_bag(seat_TK, y_RD, mode="sum", per_sample_weights=routing.weight_TK)


class _Fused(torch.autograd.Function):
    """Own backward: an expert keeps its rows and its hidden layer; no product is done twice."""

    @staticmethod
    def forward(ctx, x_TD, weight_TK, gate_up_EJFD, down_EDF, expert_TK):
        # With bfloat16 units oneDNN builds a kernel for every new number of rows it meets.
        align = 1 if torch.get_float32_matmul_precision() == "highest" else ALIGN
        order, counts, rooms, seat_TK = _seats(expert_TK, len(down_EDF), align)
        tokens = (order // expert_TK.shape[1]).split(counts)
        y_RD = x_TD.new_empty(sum(rooms), x_TD.shape[1])
        kept = []
        stacks = tokens, y_RD.split(rooms), gate_up_EJFD.flatten(1, 2), down_EDF.unbind(0)
        for token, y, gate_up, down in zip(*stacks, strict=True):
            x = _gather(x_TD, token, len(y))
            kept += [x, _swiglu(x, gate_up, down, y)]
        ctx.save_for_backward(weight_TK, gate_up_EJFD, down_EDF, order, seat_TK, y_RD, *kept)
        ctx.counts, ctx.rooms = counts, rooms
        return F.embedding_bag(seat_TK, y_RD, mode="sum", per_sample_weights=weight_TK)

    @staticmethod
    def backward(ctx, dy_TD):
        if torch.is_grad_enabled():  # once_differentiable would let this case pass in silence
            raise RuntimeError(
                "the fused layer has no second derivative: compute "
                "combine(experts(dispatch(x_TD, visits), visits.count_E), visits, tokens)"
            )
        weight_TK, gate_up_EJFD, down_EDF, order, seat_TK, y_RD, *kept = ctx.saved_tensors
        tokens = (order // weight_TK.shape[1]).split(ctx.counts)
        weights = weight_TK.flatten()[order][:, None].split(ctx.counts)
        dgate_up_EJFD, ddown_EDF = torch.empty_like(gate_up_EJFD), torch.empty_like(down_EDF)
        dx_RD = torch.empty_like(y_RD)
        inputs = tokens, weights, zip(kept[::2], kept[1::2], strict=True)
        both = gate_up_EJFD.flatten(1, 2), dgate_up_EJFD.flatten(1, 2)  # gate above up
        stacks = zip(both[0], down_EDF, both[1], ddown_EDF, strict=True)
        rows = dx_RD.split(ctx.rooms)
        for token, weight, saved, own, dx in zip(*inputs, stacks, rows, strict=True):
            dy = _gather(dy_TD, token, len(dx))
            dy[: len(token)].mul_(weight)
            _swiglu_backward(dy, saved, own, dx)
        dx_TD = F.embedding_bag(seat_TK, dx_RD, mode="sum")
        dweight_TK = _row_products(dy_TD, y_RD, seat_TK)
        return dx_TD, dweight_TK, dgate_up_EJFD, ddown_EDF, None


def _seats(expert_TK, num_experts, align):
    """Sort the visits by expert and give each a row; a multiple of ``align`` rows an expert."""
    # numpy sorts small unsigned integers by radix: a fifth of the time of torch's argsort.
    expert = expert_TK.numpy().ravel().astype(np.min_scalar_type(num_experts))
    order = expert.argsort(kind="stable")
    count_E = np.bincount(expert, minlength=num_experts)
    room_E = -(-count_E // align) * align
    shift_E = (room_E - count_E).cumsum() - (room_E - count_E)
    seat = np.empty_like(order)
    seat[order] = np.arange(len(order)) + shift_E.repeat(count_E)
    seat_TK = torch.from_numpy(seat).view_as(expert_TK)
    return torch.from_numpy(order), count_E.tolist(), room_E.tolist(), seat_TK


def _products(x_RD, counts, weight_EFD):
    """Multiply each expert's rows by its own matrix."""
    y_RF = x_RD.new_empty(len(x_RD), weight_EFD.shape[1])
    parts = x_RD.split(counts), weight_EFD.mT.unbind(0), y_RF.split(counts)
    for x, weight, y in zip(*parts, strict=True):
        if len(x):
            torch.mm(x, weight, out=y)
    return y_RF


def _gather(x_TD, token, rows):
    """Copy tokens to an expert's rows; rows left over are zero."""
    x = x_TD.new_empty(rows, x_TD.shape[1])
    torch.index_select(x_TD, 0, token, out=x[: len(token)])
    x[len(token) :] = 0
    return x


def _row_products(dy_TD, y_RD, seat_TK):
    """Multiply each token's gradient by each of its rows: how much a weight would have helped."""
    T, K = seat_TK.shape
    start_T = torch.arange(0, T * K, K)
    token = torch.arange(T).repeat_interleave(K)
    # What embedding_bag's own backward calls: no product of T * K * D numbers in between.
    step = torch.ops.aten._embedding_bag_per_sample_weights_backward
    return step(dy_TD, y_RD, seat_TK.flatten(), start_T, token, 0).view(T, K)


def _swiglu(x, gate_up, down, y):
    """Apply one expert, write the result to ``y``, return what backward needs."""
    hidden = x @ gate_up.t()
    inner = x.new_empty(len(x), down.shape[1])
    few = max(1, CHUNK // down.shape[1])
    for h, i in zip(hidden.split(few), inner.split(few), strict=True):
        gate, up = h.chunk(2, -1)
        torch.mul(F.silu(gate), up, out=i)
    torch.mm(inner, down.t(), out=y)
    return hidden


def _swiglu_backward(dy, saved, own, dx):
    """Write one expert's gradients: of its rows to ``dx``, of its weights to ``own[2:]``."""
    x, hidden = saved
    gate_up, down, dgate_up, ddown = own
    dinner = dy @ down
    dhidden, inner = torch.empty_like(hidden), torch.empty_like(dinner)
    few = max(1, CHUNK // down.shape[1])
    parts = (each.split(few) for each in (hidden, dhidden, inner, dinner))
    for h, dh, i, di in zip(*parts, strict=True):
        (gate, up), (dgate, dup) = h.chunk(2, -1), dh.chunk(2, -1)
        silu = F.silu(gate)
        torch.mul(silu, up, out=i)
        torch.mul(silu, di, out=dup)
        torch.ops.aten.silu_backward.grad_input(di.mul_(up), gate, grad_input=dgate)
    torch.mm(dy.t(), inner, out=ddown)
    torch.mm(dhidden.t(), x, out=dgate_up)
    torch.mm(dhidden, gate_up, out=dx)
