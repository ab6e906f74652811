"""The router bench against NumPy."""

import re

import numpy as np
import pytest
import torch

from moe_lesson.study.widgets.router_bench import ORDERS, TOKENS, gate_bench


def gate_by_hand(logits, k, order):
    """Compute weights in NumPy, the slow and obvious way."""
    share = np.exp(logits) / np.exp(logits).sum()
    score = 1 / (1 + np.exp(-logits)) if order.startswith("sigmoid") else share
    weight = np.where(score >= np.sort(score)[-k], score, 0)
    return share, weight if order == "softmax, top-k" else weight / weight.sum()


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("token, tau, k", [("torn", 1.0, 2), ("confident", 2.5119, 3)])
def test_gate_bench_against_numpy(bench, order, token, tau, k):
    bench.move(token="flat", k=1)
    before = bench.picture
    bench.move(token=token, tau=tau, k=k, order=order)
    share, weight = gate_by_hand(np.array(TOKENS[token]) / tau, k, order)
    kept = np.flatnonzero(weight)
    bits = -(share * np.log2(share)).sum()
    assert f"entropy {bits:.2f} of 3 bits" in bench.sentence
    assert f"experts {', '.join(map(str, kept))}, which hold {100 * share[kept].sum():.0f} %" in (
        bench.sentence
    )
    assert f"sum to {weight.sum():.2f}" in bench.sentence
    assert ("shrinks" in bench.sentence) == (order == "softmax, top-k")
    assert isinstance(bench.picture, bytes) and bench.picture != before


def test_two_orders_draw_one_picture(bench):
    bench.move(**bench.start)
    pictures = []
    for order in ("top-k, softmax", "softmax, top-k, renormalise", "softmax, top-k"):
        bench.move(order=order)
        pictures.append(bench.picture)
    assert pictures[0] == pictures[1] != pictures[2]


def test_noise_is_drawn_from_its_seed(bench):
    seen = {}
    for draw in (1, 2, 1):
        bench.move(noise=2.0, draw=draw)
        assert seen.setdefault(draw, bench.picture) == bench.picture
    assert seen[1] != seen[2]
    bench.move(**bench.states["Noise on a near tie"])
    assert "Noise changed the choice: without it, 0." in bench.sentence


@pytest.mark.parametrize("k", [1, 2])
def test_chances_against_numpy(noisy, k):
    noisy.move(token="torn", tau=2.0, k=k, noise=0.5, order="top-k, softmax")
    said = dict(re.findall(r"expert (\d) in (\d+) %", noisy.sentence.split("Over 2,000")[1]))
    scores = np.array(TOKENS["torn"]) + 0.5 * np.random.default_rng(1).standard_normal((100_000, 8))
    chance = np.bincount(np.argsort(-scores)[:, :k].ravel(), minlength=8) / len(scores)
    assert len(said) == k + 1
    for expert, share in said.items():
        # Four standard deviations of a share of 2,000 draws, and half a per cent of rounding.
        assert abs(int(share) - 100 * chance[int(expert)]) < 4 * 100 * 0.5 / 2000**0.5 + 0.5


def test_chances_do_not_depend_on_the_draw_and_need_noise(noisy, bench):
    odds = set()
    for panel in (noisy, bench):
        panel.move(**panel.start)
    for draw in (1, 2, 3):
        noisy.move(token="torn", k=1, noise=0.5, draw=draw)
        odds.add(noisy.sentence.split("Over")[1])
    assert len(odds) == 1
    bench.move(token="torn", k=1, noise=0.5, draw=3)
    assert noisy.sentence.startswith(bench.sentence) and "draws" not in bench.sentence
    assert noisy.picture != bench.picture
    for panel in (noisy, bench):
        panel.move(noise=0.0)
    assert noisy.sentence == bench.sentence and noisy.picture == bench.picture


def test_noise_flips_only_near_ties(noisy):
    noisy.move(**noisy.states["Noise on a near tie"])
    assert "expert 0 in 56 %, expert 1 in 44 %" in noisy.sentence
    noisy.move(**noisy.states["Noise, clear lead"])
    assert "expert 0 in 100 %" in noisy.sentence


def test_gate_bench_takes_scores_from_a_model():
    bench = gate_bench(torch.tensor([0.0, 4.0, 0.0, 0.0], requires_grad=True).detach())
    bench.move(token="from model", k=1)
    assert "expert 1" in bench.sentence and "of 2 bits" in bench.sentence
    assert bench.controls["k"].max == 4
