"""What each rank does in this lesson's runs: functions that ``run_ranks`` hands to it."""

import tempfile
import time
from dataclasses import replace

import numpy as np
import torch

from moe_lesson.models.config import SMALL, TINY
from moe_lesson.models.mixtral import Mixtral
from moe_lesson.moe.layer import MoELayer, visit
from moe_lesson.moe.routing import Routing
from moe_lesson.text.tokenizer import Data, Text
from moe_lesson.training.loop import losses
from moe_lesson.training.settings import Settings

WAYS = ("data", "tensor", "pipeline", "expert")


def same_numbers(rank):
    """Compute loss and gradients of a small Mixtral on all ranks, and once more on this one.

    Each rank reads two sequences of its own, in float64; its loss is their mean.

    Returns:
        ``loss``: the mean over ranks, and ``whole``: that of one process. ``gap``: the largest
        difference of a gradient. ``trips``: for each exchange the rows to each rank, and the
        bytes of a row. ``tokens`` of this rank, and ``layers``.

    >>> from moe_lesson.moe.parallel import process_group
    >>> with process_group():
    ...     found = same_numbers(0)
    >>> found["gap"] < 1e-10, len(found["trips"]) == 4 * found["layers"]
    (True, True)

    Lesson 7.
    """
    from moe_lesson.moe import parallel

    ranks = parallel.dist.get_world_size()
    torch.manual_seed(7)
    whole = Mixtral(TINY).double()
    id_BS = torch.randint(TINY.vocab_size, (2 * ranks, 17))
    settings, trips = Settings(balance_weight=0.1), []
    model = parallel.divide(whole, watch=trips.append)
    mine_BS = id_BS[2 * rank : 2 * rank + 2]
    total, *_ = losses(model, mine_BS, settings, join=parallel.mean_over_ranks)
    total.backward()
    wanted, *_ = losses(whole, id_BS, settings)
    wanted.backward()
    return {
        "loss": parallel.mean_over_ranks(total).item(),
        "whole": wanted.item(),
        "gap": _gap(model, whole, rank, ranks),
        "trips": [[*trip.rows, trip.row_bytes] for trip in trips],
        "tokens": mine_BS[:, 1:].numel(),
        "layers": TINY.n_layers,
    }


def _gap(model, whole, rank, ranks):
    """Compare gradients, averaged as in training: experts here with their part of the whole."""
    from moe_lesson.moe.parallel import share_of
    from moe_lesson.training.distributed import OWN, average_gradients
    from moe_lesson.training.team import team_here

    average_gradients(model, team_here(ranks))
    weights, gaps = dict(whole.named_parameters()), []
    for name, weight in model.named_parameters():
        wanted = weights[name.replace(OWN, ".")].grad
        if OWN in name:
            wanted = wanted[share_of(len(wanted), rank, ranks)]
        gaps.append((weight.grad - wanted).abs().max().item())
    return max(gaps)


def bytes_here(rank):
    """Hold a small Mixtral in four ways of dividing it, and count the bytes on this rank.

    Returns:
        way -> bytes of [attention, routers and norms; experts; embedding and output layer].

    >>> from moe_lesson.moe.parallel import process_group
    >>> with process_group():
    ...     found = bytes_here(0)
    >>> found["data"] == found["expert"] == found["pipeline"]  # one rank holds everything
    True

    Lesson 7.
    """
    from moe_lesson.moe import parallel

    ranks = parallel.dist.get_world_size()
    model = Mixtral(SMALL)
    named = {name: weight.detach() for name, weight in model.named_parameters()}
    cut = {n: w.chunk(ranks, -1)[rank].clone() if w.dim() > 1 else w for n, w in named.items()}
    layers = range(rank * SMALL.n_layers // ranks, (rank + 1) * SMALL.n_layers // ranks)
    ends = ["embed"] * (rank == 0) + ["norm", "unembed"] * (rank == ranks - 1)
    parts = [f"blocks.{layer}." for layer in layers] + [f"{end}." for end in ends]
    stage = {name: w for name, w in named.items() if name.startswith(tuple(parts))}
    divided = dict(parallel.divide(model).named_parameters())
    return {way: _by_kind(held) for way, held in zip(WAYS, (named, cut, stage, divided))}


def _by_kind(held):
    """Add up bytes by what they are for."""
    kinds = [0, 0, 0]
    for name, weight in held.items():
        kind = 1 if "experts" in name else 2 if "embed" in name else 0
        kinds[kind] += weight.numel() * weight.element_size()
    return kinds


def seconds_of_experts(rank, leans, tokens, dim, hidden_dim):
    """Let rank 0's expert be asked more and more, and take each rank's processor time.

    One expert a rank. Processor time does not grow when processes wait for one another, or
    share a core: the longest of the ranks is what a step would wait for, had each its own.

    Args:
        leans: how many times the mean load rank 0 has, between 1 and the number of ranks.

    Returns:
        Seconds on this rank for each of ``leans``: the least of five rounds, after one which
        finds memory cold and is not counted.

    >>> from moe_lesson.moe.parallel import process_group
    >>> with process_group():
    ...     len(seconds_of_experts(0, [1.0, 1.0], 8, 4, 4))
    2

    Lesson 7.
    """
    from moe_lesson.moe import parallel

    ranks = parallel.dist.get_world_size()
    torch.manual_seed(rank)
    layer = MoELayer(dim, hidden_dim, ranks, 1)
    own = parallel.divide(layer).experts
    x_TD, found = torch.randn(tokens, dim), []
    for _ in range(1 + 5):  # all leans in turn, so that a slow moment meets each of them
        found.append([_seconds(x_TD, _leaning(tokens, ranks, lean), own) for lean in leans])
    return np.min(found[1:], axis=0).tolist()


def _seconds(x_TD, expert_TK, own):
    """Take this rank's processor time for one layer, forward."""
    from moe_lesson.moe import parallel

    T, ranks = len(x_TD), parallel.dist.get_world_size()
    routing = Routing(torch.zeros(T, ranks), torch.ones(T, 1), expert_TK)
    parallel.dist.barrier()
    began = time.process_time()
    with torch.no_grad():
        visit(x_TD, routing, own)
    return time.process_time() - began


def _leaning(tokens, ranks, lean):
    """Send ``lean`` times the mean to expert 0, and the others as many each."""
    first = round(lean * tokens / ranks)
    others = 1 + torch.arange(tokens - first) % max(ranks - 1, 1)
    return torch.cat([torch.zeros(first, dtype=torch.long), others])[:, None]


def seconds_of_exchange(rank, sizes, rounds=5):
    """Time exchanges in which each rank sends as many bytes to every other.

    Args:
        sizes: bytes that one rank sends, its own part included.

    Returns:
        Seconds for each size: the least of the rounds.

    >>> from moe_lesson.moe.parallel import process_group
    >>> with process_group():
    ...     len(seconds_of_exchange(0, [64, 4096], rounds=2))
    2

    Lesson 7.
    """
    from moe_lesson.moe import parallel

    found = []
    for size in sizes:
        sent = torch.zeros(size // 4)
        came, times = torch.empty_like(sent), []
        for _ in range(rounds):
            parallel.dist.barrier()
            began = time.perf_counter()
            parallel.dist.all_to_all_single(came, sent)
            times.append(time.perf_counter() - began)
        found.append(min(times))
    return found


def trained(rank, experts, steps):
    """Train the tiny Mixtral on a text that repeats with noise, divided among all ranks.

    Args:
        experts: how many ranks divide the experts among them.

    Returns:
        Held-out nats per token at the end, and the loss of each step.

    >>> from moe_lesson.moe.parallel import process_group
    >>> with process_group():
    ...     found = trained(0, 1, steps=2)
    >>> len(found)
    3

    Lesson 7.
    """
    from moe_lesson.training import distributed
    from moe_lesson.training.team import team_here

    source = torch.Generator().manual_seed(5)
    id_T = torch.arange(6000) % 7 * 9 + torch.randint(3, (6000,), generator=source)
    data = Data(*(Text(part, torch.ones(len(part))) for part in (id_T[:5000], id_T[5000:])))
    torch.manual_seed(0)
    model = Mixtral(replace(TINY, vocab_size=64))
    settings = Settings(steps=steps, batch=8, length=32, warmup=5, measure_tokens=640)
    team = team_here(experts)
    with tempfile.TemporaryDirectory() as folder:
        rows = distributed.train_together(model, data, settings, folder, team, progress=False)
    return [rows[-1]["valid_nats"], *(row["nats"] for row in rows)]


def counted(found):
    """Put the trips of all ranks together: who sent how many rows to whom, trip by trip.

    Args:
        found: what ``same_numbers`` returned on each rank.

    Returns:
        An array, trips by ranks by ranks, and the bytes of a row.

    >>> counted([{"trips": [[1, 2, 8]]}, {"trips": [[0, 3, 8]]}])[0].tolist()
    [[[1, 2], [0, 3]]]

    Lesson 7.
    """
    trips = np.array([each["trips"] for each in found]).swapaxes(0, 1)
    return trips[..., :-1], int(trips[0, 0, -1])
