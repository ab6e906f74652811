"""What a step costs is counted right, and compared within its round."""

import torch

from moe_lesson.lessons.lesson06 import ladder, ways
from moe_lesson.lessons.lesson06.ladder import cost, dense, drawn, twin
from moe_lesson.moe.experts import SwiGLUExperts
from moe_lesson.moe.routing import Routing


def test_operations_by_hand():
    """Rows times three matrices, forward once and backward twice: 2 * 9 * R * D * F."""
    given, rows = drawn(tokens=8, dim=4, hidden_dim=16), 8 * 2
    exact = 2 * 9 * rows * 4 * 16
    assert cost(dense, twin(given)).operations == exact
    for way in (ways.by_masks, ways.by_sorted_rows):
        assert cost(way, given).operations == exact
    # The padded batch computes as many rows for each expert as the busiest has.
    busiest = given[1].expert_TK.flatten().bincount().max().item()
    assert cost(ways.by_padded_batch, given).operations == exact * 8 * busiest // rows
    assert cost(ways.by_one_hot, given).operations > exact * 8 * busiest // rows


def test_bytes_are_those_that_results_take():
    x_TD, routing, _, dy_TD = drawn(tokens=10, dim=3, hidden_dim=2)

    def only(x_TD, routing, experts):
        return (x_TD + 1).view(-1).view(10, 3)

    found = cost(only, (x_TD, routing, torch.nn.Identity(), dy_TD))
    # One sum is written; views, forward and backward, write nothing.
    assert found.written == 10 * 3 * 4 and found.calls >= 5 and found.operations == 0


def test_the_dense_twin_is_two_experts_side_by_side():
    torch.manual_seed(0)
    x_TD, experts = torch.randn(5, 4), SwiGLUExperts(4, 6, 3)
    both = Routing(torch.zeros(5, 3), torch.ones(5, 2), torch.tensor([[0, 1]] * 5))
    *_, network, _ = twin((x_TD, both, experts, None))
    gate_FD, up_FD = experts.gate_up_EJFD[:2].transpose(0, 1).flatten(1, 2)
    with torch.no_grad():
        network.gate.weight.copy_(gate_FD)
        network.up.weight.copy_(up_FD)
        network.down.weight.copy_(torch.cat(experts.down_EDF[:2].unbind(), 1))
    torch.testing.assert_close(dense(x_TD, both, network), ways.by_masks(x_TD, both, experts))


def test_a_ratio_is_a_ways_seconds_over_the_dense_networks(monkeypatch):
    now = [0.0]  # a clock that only work moves

    def costing(way, seconds):
        def own(*given):
            now[0] += seconds
            return way(*given)

        return own

    monkeypatch.setattr(ladder.time, "process_time", lambda: now[0])
    monkeypatch.setattr(ladder, "dense", costing(ladder.dense, 2.0))
    rivals = {name: costing(ways.by_sorted_rows, s) for name, s in {"a": 3.0, "b": 5.0}.items()}
    found = ladder.ratios(rivals, lambda: drawn(8, 4, 4), 3)
    assert found == {"a": [1.5] * 3, "b": [2.5] * 3}
    assert ladder.middle({"a": [1.0, 9.0, 2.0]}) == {"a": 2.0}


def test_a_skewed_load_leans_to_the_first_experts():
    torch.manual_seed(0)
    even, skewed = (
        drawn(2000, 4, 4, skew=skew)[1].expert_TK.flatten().bincount(minlength=8)
        for skew in (0.0, 3.0)
    )
    assert even.max() < 1.2 * even.float().mean() and skewed[0] > 4 * skewed[-1]


def test_grouped_products_are_counted_in_backward_too():
    assert ladder.grouped_operations((6, 4), (2, 4, 3)) == 2 * 6 * 4 * 3
    assert ladder.grouped_operations((3, 6), (6, 4)) == 2 * 3 * 6 * 4  # gradient of weights
