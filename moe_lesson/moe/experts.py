"""E feed-forward networks with stacked weights, applied to rows sorted by expert.

Two paths with equal results: ``loop`` over contiguous rows (any dtype, any device) and
``grouped``, torch's grouped matrix product (one kernel launch for all experts).
"""

from functools import partial

import torch
import torch.nn.functional as F
from torch import nn

MANY = 32  # experts from which Python's loop costs twice the products (width 64, one CPU thread)


def loop(x_RD, count_E, weights, network):
    """Apply ``network`` to each expert's rows in turn; skip experts without rows.

    Args:
        weights: tensors stacked over experts, handed to ``network`` one expert at a time.

    Returns:
        y_RD. Reads ``count_E`` once: one wait for the device, not one per expert.

    >>> double = loop(torch.ones(2, 1), torch.tensor([0, 2]), [torch.tensor([[5.0], [2.0]])],
    ...               lambda x_RD, weight_D: x_RD * weight_D)
    >>> double.tolist()
    [[2.0], [2.0]]

    Lesson 6.
    """
    counts = count_E.tolist()
    # unbind once: the backward of weights[e] would fill a zero tensor of all E per expert.
    per_expert = zip(*(stacked.unbind(0) for stacked in weights), strict=True)
    chunks = zip(x_RD.split(counts), per_expert, strict=True)
    parts = [network(chunk, *own) for chunk, own in chunks if len(chunk)]
    return torch.cat(parts) if parts else x_RD * 1


def swiglu(x_RD, gate_up_JFD, down_DF):
    """Compute one SwiGLU network: down(silu(gate(x)) * up(x)).

    Shazeer 2020 (arXiv:2002.05202); Mixtral's w1, w3, w2 are gate, up, down here.

    >>> one = torch.ones(1, 1)
    >>> swiglu(one, torch.stack([one * 30, one]), one).item()
    30.0

    Lesson 8.
    """
    gate_FD, up_FD = gate_up_JFD
    return F.linear(F.silu(F.linear(x_RD, gate_FD)) * F.linear(x_RD, up_FD), down_DF)


def relu_network(x_RD, up_FD, down_DF, dropout=0.0):
    """Compute one hidden layer with ReLU: down(relu(up(x))).

    The expert of Shazeer et al. 2017 and of Switch.

    Args:
        dropout: share of the hidden numbers to set to zero.

    >>> relu_network(torch.tensor([[-1.0]]), torch.ones(1, 1), torch.ones(1, 1)).item()
    0.0

    Lesson 3.
    """
    return F.linear(F.dropout(F.relu(F.linear(x_RD, up_FD)), dropout), down_DF)


def grouped(x_RD, count_E, weight_EFD):
    """Multiply each expert's rows by its own matrix, all in one call.

    torch's ``grouped_mm``: float32, bfloat16 or float16, no wait for the device.

    Returns:
        y_RF.

    >>> weight_EFD = torch.tensor([[[1.0] * 4] * 4, [[3.0] * 4] * 4])
    >>> grouped(torch.ones(2, 4), torch.tensor([1, 1]), weight_EFD)[:, 0].tolist()
    [4.0, 12.0]

    Lesson 6.
    """
    end_E = count_E.cumsum(0).to(torch.int32)
    y_RF = F.grouped_mm(x_RD, weight_EFD.transpose(1, 2), offs=end_E)
    if y_RF.requires_grad:  # its backward refuses the expanded gradient of a plain sum
        y_RF.register_hook(torch.Tensor.contiguous)
    return y_RF


def grouped_swiglu(x_RD, count_E, gate_up_EJFD, down_EDF, dtype):
    """Apply all SwiGLU experts with two grouped products in ``dtype``.

    >>> weights = torch.ones(2, 2, 4, 4), torch.ones(2, 4, 4)
    >>> grouped_swiglu(torch.ones(2, 4), torch.tensor([1, 1]), *weights, torch.float32).shape
    torch.Size([2, 4])

    Lesson 6.
    """
    both = gate_up_EJFD.flatten(1, 2).to(dtype)  # gate above up: one product computes both
    gate, up = grouped(x_RD.to(dtype), count_E, both).chunk(2, -1)
    return grouped(F.silu(gate) * up, count_E, down_EDF.to(dtype))


def _scaled(*shape):
    """Draw weights that keep the variance of what they multiply (1 / fan-in)."""
    return nn.Parameter(torch.randn(shape) * shape[-1] ** -0.5)


class SwiGLUExperts(nn.Module):
    """Hold E SwiGLU networks: the experts of Mixtral.

    J is the pair (gate, up), stored together so that one product computes both.

    >>> experts = SwiGLUExperts(dim=4, hidden_dim=8, num_experts=2)
    >>> experts(torch.randn(3, 4), torch.tensor([1, 2])).shape
    torch.Size([3, 4])

    Lesson 8.
    """

    def __init__(self, dim, hidden_dim, num_experts):
        super().__init__()
        self.gate_up_EJFD = _scaled(num_experts, 2, hidden_dim, dim)
        self.down_EDF = _scaled(num_experts, dim, hidden_dim)

    def forward(self, x_RD, count_E):
        weights = self.gate_up_EJFD, self.down_EDF
        dtype = x_RD.dtype
        if torch.is_autocast_enabled(x_RD.device.type):
            dtype = torch.get_autocast_dtype(x_RD.device.type)
        # On CUDA only bfloat16 in rows of 16 bytes spares the wait for the device.
        aligned = all(width % 8 == 0 for width in self.down_EDF.shape[1:])
        if x_RD.is_cuda and dtype == torch.bfloat16 and aligned:
            return grouped_swiglu(x_RD, count_E, *weights, dtype)
        return loop(x_RD, count_E, weights, swiglu)


class ReLUExperts(nn.Module):
    """Hold E networks of one ReLU layer: the experts of 2017 and of Switch.

    ``dropout`` is the share of the hidden numbers to set to zero in training; Fedus et al. 2021
    (arXiv:2101.03961), table 4, set it to 0.4 when they fine-tune.

    >>> experts = ReLUExperts(dim=4, hidden_dim=8, num_experts=2)
    >>> experts(torch.randn(3, 4), torch.tensor([3, 0])).shape
    torch.Size([3, 4])

    Lesson 3.
    """

    def __init__(self, dim, hidden_dim, num_experts):
        super().__init__()
        self.dropout = 0.0  # lesson 04 turns it
        self.up_EFD = _scaled(num_experts, hidden_dim, dim)
        self.down_EDF = _scaled(num_experts, dim, hidden_dim)

    def forward(self, x_RD, count_E):
        dropout = self.dropout if self.training else 0.0
        # grouped_mm wants rows of 16 bytes, and does not narrow under autocast as the loop does.
        aligned = all(width % 4 == 0 for width in self.up_EFD.shape[1:])
        wide = x_RD.dtype is torch.float32 and not torch.is_autocast_enabled("cpu")
        if len(self.up_EFD) > MANY and aligned and x_RD.is_cpu and wide:
            hidden_RF = F.dropout(F.relu(grouped(x_RD, count_E, self.up_EFD)), dropout)
            return grouped(hidden_RF, count_E, self.down_EDF)
        network = partial(relu_network, dropout=dropout)
        return loop(x_RD, count_E, (self.up_EFD, self.down_EDF), network)
