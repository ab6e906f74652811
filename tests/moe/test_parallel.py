"""Experts on four processes: the same numbers as on one, whoever sends how much to whom.

The processes run once for all tests: each case is computed there, and judged here.
"""

import os
import signal
import subprocess
import sys
import time

import pytest
import torch

from moe_lesson.lessons.lesson07.processes import run_ranks
from moe_lesson.moe.balance import switch_loss
from moe_lesson.moe.experts import ReLUExperts, SwiGLUExperts
from moe_lesson.moe.layer import MoELayer, visit
from moe_lesson.moe.parallel import (
    divide,
    exchange_counts,
    mean_over_ranks,
    share_of,
)
from moe_lesson.moe.routing import Routing, top_k
from tests.rules.source import ROOT

RANKS, E, D, F = 4, 8, 6, 5
TOKENS = (3, 0, 5, 2)  # of each rank: one has none


def cases():
    """Return name -> (experts, each rank's tokens, each rank's Routing), in float64."""
    source = torch.Generator().manual_seed(7)

    def drawn(*shape):
        return torch.randn(*shape, generator=source, dtype=torch.float64)

    found = {}
    for name, kind, lean in (
        ("uneven", SwiGLUExperts, None),
        ("relu", ReLUExperts, None),
        ("all to one", SwiGLUExperts, [9.0, 8.0] + [-90.0] * 6),  # experts 0 and 1, of rank 0
        ("ranks 1 and 2 idle", SwiGLUExperts, [1.0, 0.5] + [-90.0] * 4 + [0.7, 1.0]),
    ):
        torch.manual_seed(3)
        experts = kind(D, F, E).double()
        x = [drawn(T, D) for T in TOKENS]
        bias_E = torch.zeros(E) if lean is None else torch.tensor(lean)
        routings = [top_k(drawn(T, E) + bias_E, k=2) for T in TOKENS]
        found[name] = experts, x, routings
    unfilled = [
        r._replace(expert_TK=torch.tensor([[0, E]] * T or [[0, E]])[:T], has_unfilled=True)
        for r, T in zip(routings, TOKENS)
    ]
    found["places without a visit"] = experts, x, unfilled
    return found


class Holder(torch.nn.Module):
    """Hold what ``divide`` looks for: a sparse layer."""

    def __init__(self, experts):
        super().__init__()
        self.layer = MoELayer(D, F, E, 2)
        self.layer.experts = experts


def graded(experts, x_TD, routing):
    """Compute a layer and a loss that treats every number differently, then all gradients."""
    x_TD = x_TD.clone().requires_grad_()
    weight_TK = routing.weight_TK.detach().clone().requires_grad_()
    y_TD = visit(x_TD, routing._replace(weight_TK=weight_TK), experts)
    (y_TD.sin() * torch.arange(1.0, D + 1)).sum().backward()
    return y_TD.detach(), x_TD.grad, weight_TK.grad


def work(rank):
    """Compute every case on this rank, and what only some tests look at."""
    found, trips = {}, []
    for name, (experts, x, routings) in cases().items():
        own = divide(Holder(experts), watch=trips.append).layer.experts
        found[name] = [*graded(own, x[rank], routings[rank])]
        found[name] += [w.grad for w in own.parameters()]
        found[f"trips of {name}"] = [[*trip.rows, trip.row_bytes] for trip in trips]
        trips.clear()
    experts, x, routings = cases()["uneven"]
    plain = divide(Holder(experts)).layer.experts  # tokens that ask for no gradient
    y_TD = visit(x[rank], routings[rank], plain)
    y_TD.sum().backward()
    with torch.no_grad():
        found["no gradient"] = visit(x[rank], routings[rank], plain), y_TD.requires_grad
    count_E = torch.arange(E) + 10 * rank
    found["counts"] = list(exchange_counts(count_E))
    found["mean"] = mean_over_ranks(torch.tensor([float(rank), 1.0]))
    logits_TE = cases()["uneven"][2][2].logits_TE[: rank + 1]
    found["global loss"] = mean_over_ranks(_global_loss(logits_TE[:1] * (rank - 1)))
    return found


def _global_loss(logits_TE):
    return switch_loss(top_k(logits_TE, k=2), join=mean_over_ranks)


@pytest.fixture(scope="module")
def found():
    """Return what each rank computed."""
    return run_ranks(work, RANKS)


def whole(name):
    """Compute a case on one process, all ranks' tokens behind one another."""
    experts, x, routings = cases()[name]
    fields = [torch.cat(field) for field in zip(*(routing[:3] for routing in routings))]
    routing = Routing(*fields, routings[0].has_unfilled)
    y_TD, dx_TD, dweight_TK = graded(experts, torch.cat(x), routing)
    return y_TD, dx_TD, dweight_TK, [w.grad for w in experts.parameters()]


def gap(ours, wanted):
    """Return the largest difference; an expert that nobody visits may have no gradient."""
    ours = torch.zeros_like(wanted) if ours is None else ours
    assert ours.shape == wanted.shape and ours.dtype == wanted.dtype == torch.float64
    return (ours - wanted).abs().max().item() if wanted.numel() else 0.0


@pytest.mark.parametrize("name", cases())
def test_results_and_gradients_equal_those_of_one_process(found, name):
    *rows, weights = whole(name)
    for place, wanted in enumerate(rows):
        for rank, part in enumerate(wanted.split(TOKENS)):
            assert gap(found[rank][name][place], part) < 1e-10
    for rank in range(RANKS):
        for ours, wanted in zip(found[rank][name][3:], weights, strict=True):
            assert gap(ours, wanted[share_of(E, rank, RANKS)]) < 1e-10


def test_the_gradients_are_none_that_a_constant_would_pass():
    *_, dx_TD, dweight_TK, weights = whole("uneven")
    assert all(each.abs().max() > 0.01 for each in (dx_TD, dweight_TK, *weights))


def test_tokens_without_a_gradient_end_no_rank_in_a_wait(found):
    y_TD, *_ = whole("uneven")
    for rank, part in enumerate(y_TD.split(TOKENS)):
        ours, asks = found[rank]["no gradient"]
        assert gap(ours, part) < 1e-10 and asks


def test_every_rank_is_told_what_it_will_get(found):
    """Rank w sends 10 w + e rows to expert e, two experts a rank."""
    for rank in range(RANKS):
        sent, received = found[rank]["counts"]
        assert sent.tolist() == [[10 * rank + e, 10 * rank + e + 1] for e in range(0, E, 2)]
        e = 2 * rank
        assert received.tolist() == [[10 * w + e, 10 * w + e + 1] for w in range(RANKS)]


@pytest.mark.parametrize("name", cases())
def test_four_trips_a_layer_two_of_them_the_way_back(found, name):
    routings = cases()[name][2]
    for rank in range(RANKS):
        there, back, back_home, there_home = found[rank][f"trips of {name}"]
        expert = routings[rank].expert_TK
        wanted = [(expert // 2 == w).sum().item() for w in range(RANKS)]
        assert there == [*wanted, 8 * D]
        came = [(r.expert_TK // 2 == rank).sum().item() for r in routings]
        assert back == [*came, 8 * D]
        assert back_home == there and there_home == back


def test_means_and_the_global_balance_loss(found):
    """Ranks with one token each: by hand the loss of the four together."""
    assert found[0]["mean"].tolist() == [1.5, 1.0]
    logits_TE = cases()["uneven"][2][2].logits_TE[:1]
    together = switch_loss(top_k(torch.cat([logits_TE * (rank - 1) for rank in range(RANKS)]), k=2))
    for rank in range(RANKS):
        assert abs(found[rank]["global loss"] - together) < 1e-10


def _stumble(rank):
    if rank == 2:
        raise ValueError("no such token")
    time.sleep(60)


def _fall(rank):
    if rank == 3:
        os.kill(os.getpid(), signal.SIGKILL)
    mean_over_ranks(torch.ones(1))


@pytest.mark.parametrize(
    "work, told", [(_stumble, "rank 2 of 4.*no such token"), (_fall, "rank 3 of 4 died: SIGKILL")]
)
def test_a_rank_that_ends_is_named_and_takes_the_others_along(work, told):
    began = time.monotonic()
    with pytest.raises(RuntimeError, match=f"(?s){told}"):
        run_ranks(work, RANKS)
    assert time.monotonic() - began < 50


def test_experts_must_divide_evenly():
    with pytest.raises(ValueError, match="6 experts on 4 ranks"):
        share_of(6, 0, 4)
    assert [share_of(8, rank, 4) for rank in range(4)] == [slice(e, e + 2) for e in range(0, 8, 2)]


LONELY = """
import time
from tests.moe.test_parallel import _wait
from moe_lesson.lessons.lesson07.processes import run_ranks
if __name__ == "__main__":
    run_ranks(_wait, 2, {0!r})
"""


def _wait(rank, folder):
    with open(f"{folder}/{rank}.pid", "w") as file:
        file.write(str(os.getpid()))
    time.sleep(100)


def _lives(pid):
    try:
        with open(f"/proc/{pid}/stat") as file:
            return file.read().split()[2] != "Z"
    except FileNotFoundError:
        return False


@pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
def test_nobody_is_left_behind_when_the_parent_is_killed(tmp_path):
    script = tmp_path / "lonely.py"
    script.write_text(LONELY.format(str(tmp_path)))
    parent = subprocess.Popen(
        [sys.executable, script], cwd=tmp_path, env=os.environ | {"PYTHONPATH": str(ROOT)}
    )
    notes = [tmp_path / f"{rank}.pid" for rank in range(2)]
    while not all(note.exists() and note.read_text() for note in notes):
        assert parent.poll() is None
        time.sleep(0.1)
    ranks = [int(note.read_text()) for note in notes]
    assert all(map(_lives, ranks))
    parent.kill()
    parent.wait()
    deadline = time.monotonic() + 20
    while any(map(_lives, ranks)) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert not any(map(_lives, ranks))
