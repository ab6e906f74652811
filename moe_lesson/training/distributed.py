"""Training on several ranks under torchrun: text divided among all, experts among some.

Every rank reads its own part of each batch. What is shared is on every rank, and its gradients
are averaged over all; or each rank keeps a part, and all gather it before use (FSDP2). Experts
are divided among the ranks of a row of the mesh, and their gradients are added up down its
columns. Import this module inside functions: it loads ``torch.distributed``.
"""

import time
import warnings

import torch
import torch.distributed as dist
from torch.distributed.fsdp import fully_shard
from torch.distributed.tensor import DTensor, distribute_tensor
from torch.nn import utils
from tqdm.auto import tqdm

from moe_lesson.moe.balance import load
from moe_lesson.moe.parallel import divide, mean_over_ranks, share_of
from moe_lesson.training import resume
from moe_lesson.training.checks import check_start, fingerprint
from moe_lesson.training.loop import losses, measure, row_of, take_up
from moe_lesson.training.precision import fast_matmul
from moe_lesson.training.settings import batch_at, make_optimizer, set_rate
from moe_lesson.training.stopping import stop_gently

OWN = ".own."  # in the name of a weight that is not on every rank


def train_together(model, data, settings, folder, team, progress=True):
    """Train one model on all ranks; the losses are those of one process, up to rounding.

    Each rank takes an equal part of each batch. The balance loss counts visits over the whole
    batch, on all ranks. The state is that of ``loop.train``, one file, written by rank 0: any
    other number of ranks goes on with it, one too.

    Args:
        model: a whole one, the same on every rank. Rank 0's is trained in place.

    Returns:
        As ``loop.train``, on every rank.

    Raises:
        ValueError: the ranks do not divide the batch or the experts; as ``loop.train``.
        FloatingPointError: as ``loop.train``, on all ranks alike.

    >>> from tempfile import TemporaryDirectory
    >>> from moe_lesson.moe.parallel import process_group
    >>> from moe_lesson.models.config import TINY
    >>> from moe_lesson.models.mixtral import Mixtral
    >>> from moe_lesson.text.tokenizer import Data, Text
    >>> from moe_lesson.training.settings import Settings
    >>> from moe_lesson.training.team import team_here
    >>> text = Text(torch.arange(300), torch.ones(300, dtype=torch.long))
    >>> settings = Settings(steps=2, batch=2, length=16)
    >>> with process_group(), TemporaryDirectory() as folder:
    ...     model, data, team = Mixtral(TINY), Data(text, text), team_here(1)
    ...     rows = train_together(model, data, settings, folder, team, progress=False)
    >>> [row["step"] for row in rows]
    [1, 2]

    Lesson 7.
    """
    if settings.batch % team.size:
        raise ValueError(f"batch is {settings.batch}: {team.size} ranks must divide it")
    check_start(model, data, settings, folder)
    about, whole, kept = fingerprint(model, data, settings), make_optimizer(model, settings), None
    with team.in_turn():
        rows = take_up(folder, model, whole, about)
    own = _part_of(model, team)
    optimizer = _cut(own, model, whole, settings, team)
    bar = tqdm(
        total=settings.steps, initial=len(rows), disable=not progress or team.rank > 0, unit="step"
    )
    own.train()
    with stop_gently() as stop, bar, fast_matmul():
        for step in range(len(rows), settings.steps):
            row = _step(own, optimizer, data.train, step, settings, team)
            row["seconds"] += rows[-1]["seconds"] if rows else 0.0
            rows.append(row)
            stopped = mean_over_ranks(torch.tensor(float(stop.is_set())).to(_device(own))) > 0
            last = step + 1 == settings.steps or stopped
            if last or (step + 1) % settings.measure_every == 0:
                rows[-1] |= measure(own, data.valid, settings)
            if last or (step + 1) % settings.save_every == 0:
                _collect(own, optimizer, model, whole, team)
                numbers = about | {"rows": rows, "step": step + 1}
                kept = kept if team.rank else resume.save_state(folder, model, whole, numbers, kept)
            bar.update()
            if stopped:
                break
    return rows


def _part_of(model, team):
    """Copy what this rank holds of a model: its experts, and of the rest all or a part.

    A part is gathered before use: Zhao et al. 2023 (arXiv:2304.11277).
    """
    own = divide(model, team.experts)
    experts = {weight for name, weight in own.named_parameters() if OWN in name}
    # It warns that outputs must not be changed in place; nothing here does that.
    warnings.filterwarnings("ignore", "FSDP2-wrapped module", UserWarning)
    for part in (*own.blocks, own) if team.everyone else ():
        # Cut again after each use, measuring too: what is saved are the parts.
        fully_shard(part, mesh=team.everyone, ignored_params=experts, reshard_after_forward=True)
    return own


def _device(model):
    return next(model.parameters()).device


def _step(model, optimizer, text, step, settings, team):
    """Do one step with all ranks and say what happened on average over them."""
    began = time.perf_counter()
    rate = set_rate(optimizer, step, settings)
    each = settings.batch // team.size
    id_BS = batch_at(text, step, settings)[team.rank * each :][:each].to(_device(model))
    total, nats, routings = losses(model, id_BS, settings, join=mean_over_ranks)
    optimizer.zero_grad()
    total.backward()
    norm = average_gradients(model, team)
    loads = [load(routing) for routing in routings]
    told = mean_over_ranks(torch.cat([total.detach()[None], nats.detach()[None], *loads]))
    total, nats, *shares = told.tolist()
    row = row_of(step, settings, total, nats=nats, norm=norm.item(), rate=rate)
    for group in optimizer.param_groups:
        utils.clip_grads_with_norm_(group["params"], settings.clip, norm)
    optimizer.step()
    E = len(loads[0]) if loads else 1
    row["load"] = [shares[first : first + E] for first in range(0, len(shares), E)]
    return row | {"seconds": time.perf_counter() - began}


def average_gradients(model, team):
    """Make each gradient that of the mean loss over all ranks.

    Shared weights are averaged over all ranks. An expert's gradient already has the rows of all
    ranks that send it some; it is added to those of its copies, and divided by the same number.

    Returns:
        The norm of the whole gradient, experts on other ranks included; the same on every rank.

    >>> from moe_lesson.moe.parallel import process_group
    >>> from moe_lesson.training.team import team_here
    >>> weight = torch.nn.Linear(1, 1, bias=False)
    >>> weight.weight.grad = torch.full((1, 1), -3.0)
    >>> with process_group():
    ...     average_gradients(weight, team_here(1)).item(), weight.weight.grad.item()
    (3.0, -3.0)

    Lesson 7.
    """
    own, shared = [], []
    for name, weight in model.named_parameters():
        if weight.grad is None:  # no row came: the others must not wait for us
            weight.grad = torch.zeros_like(weight)
        (own if OWN in name else shared).append(weight.grad)
    for grads, group in ((shared, None), (own, team.replicas)):
        if grads and not isinstance(grads[0], DTensor):  # those are averaged, and cut
            flat = utils.parameters_to_vector(grads)
            dist.all_reduce(flat, group=group)
            utils.vector_to_parameters(flat / team.size, grads)
    rest = _whole(utils.get_total_norm(shared))
    square = utils.get_total_norm(own).square().to(rest)
    dist.all_reduce(square, group=team.experts)
    return (rest.square() + square).sqrt()


def _whole(value):
    """Return a tensor of which each rank has a part, or all."""
    return value.full_tensor() if isinstance(value, DTensor) else value


def _cut(own, model, whole, settings, team):
    """Build this rank's optimizer with its part of what the whole one remembers."""
    optimizer, weights = make_optimizer(own, settings), dict(model.named_parameters())
    for group in list(optimizer.param_groups):  # one step takes plain weights, or sharded ones
        sharded = [weight for weight in group["params"] if isinstance(weight, DTensor)]
        if sharded:
            group["params"] = [w for w in group["params"] if not isinstance(w, DTensor)]
            optimizer.add_param_group(group | {"params": sharded})
    place = dist.get_rank(team.experts), dist.get_world_size(team.experts)
    for name, weight in own.named_parameters():
        for key, value in whole.state[weights[name.replace(OWN, ".")]].items():
            if OWN in name and value.dim():
                value = value[share_of(len(value), *place)]
            elif isinstance(weight, DTensor) and value.dim():
                value = distribute_tensor(value, weight.device_mesh, weight.placements)
            optimizer.state[weight][key] = value.clone()
    return optimizer


def _collect(own, optimizer, model, whole, team):
    """Bring all ranks' weights, and what their optimizers remember, to rank 0's whole model."""
    weights = dict(model.named_parameters())
    for name, weight in own.named_parameters():
        target = weights[name.replace(OWN, ".")]
        for key, value in {"": weight.detach(), **optimizer.state[weight]}.items():
            value = _gathered(value, team) if OWN in name and value.dim() else _whole(value)
            if team.rank == 0 and key:
                whole.state[target][key] = value
            elif team.rank == 0:
                target.data.copy_(value)
    for group in whole.param_groups:
        group["lr"] = optimizer.param_groups[0]["lr"]


def _gathered(value, team):
    """Return all parts of a stack of experts to rank 0; None elsewhere."""
    ranks = dist.get_world_size(team.experts)
    if team.rank >= ranks:
        return None  # what is here is a copy
    parts = [torch.empty_like(value) for _ in range(ranks)] if team.rank == 0 else None
    dist.gather(value.contiguous(), parts, dst=0, group=team.experts)
    return torch.cat(parts) if parts else None
