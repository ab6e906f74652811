"""The LSTM - MoE - LSTM language model of 2017."""

import pytest
import torch
import torch.nn.functional as F

from moe_lesson.models.likelihood import evaluate, measuring
from moe_lesson.models.recurrent import Recurrent, RecurrentConfig, importance_and_load
from moe_lesson.moe.balance import cv_squared, importance
from moe_lesson.moe.routers import HashRouter, LinearRouter, TwoLevelRouter
from moe_lesson.moe.routing import expert_choice
from moe_lesson.text.tokenizer import Data, Text
from moe_lesson.training.loop import losses, train
from moe_lesson.training.settings import Settings

SMALL = RecurrentConfig(dim=8, hidden_dim=12, num_experts=6, top_k=2, vocab_size=40, context_len=10)
TWO_LEVELS = RecurrentConfig(dim=8, num_experts=6, top_k=2, groups=3, vocab_size=40)
PAPER = {"dim": 512, "hidden_dim": 1024}


def ids(sequences, positions, seed=0):
    return torch.randint(40, (sequences, positions), generator=torch.Generator().manual_seed(seed))


def drawn(config, seed=0, **parts):
    """Make a model whose router has something to choose by."""
    torch.manual_seed(seed)
    model = Recurrent(config, **parts).double()
    with torch.no_grad():
        for weight in model.sparse.router.parameters():
            weight.normal_()
    return model


@pytest.mark.parametrize(
    "sizes, parameters, operations",
    [
        ({"num_experts": 4}, 8.4, 8.4),
        ({"num_experts": 32}, 37.8, 8.4),
        ({"num_experts": 256}, 272.9, 8.6),
        ({"num_experts": 1024, "top_k": 2, "groups": 16}, 1079.0, 8.5),
        ({"num_experts": 4096, "top_k": 2, "groups": 16}, 4303.4, 8.9),
    ],
)
def test_the_papers_table_7(sizes, parameters, operations):
    """In millions. The 256 experts' 8.65 is printed there as 8.6."""
    config = RecurrentConfig(**PAPER, **sizes)
    assert config.parameters / 1e6 == pytest.approx(parameters, abs=0.051)
    assert config.operations / 1e6 == pytest.approx(operations, abs=0.051)


@pytest.mark.parametrize("config", [SMALL, TWO_LEVELS])
def test_parameters_are_those_of_the_model(config):
    """But for what the formula leaves out: embedding, output layer and the LSTMs' biases."""
    counted = {
        name: weight.numel()
        for name, weight in Recurrent(config).named_parameters()
        if "embed" not in name and "bias" not in name
    }
    assert sum(counted.values()) == config.parameters


def by_hand(model, id_BS):
    """Compute the logits of appendix C with a loop over tokens and visits."""
    x_BSD = model.embed(id_BS)
    x_BSD = x_BSD + model.before(x_BSD)[0]
    x_TD, experts = x_BSD.flatten(0, 1), model.sparse.experts
    routing = model.sparse.router(x_TD, id_BS.flatten()).routing
    y_TD = torch.zeros_like(x_TD)
    for t, x_D in enumerate(x_TD):
        for weight, e in zip(routing.weight_TK[t], routing.expert_TK[t]):
            hidden_F = (experts.up_EFD[e] @ x_D).relu()
            y_TD[t] += weight * (experts.down_EDF[e] @ hidden_F)
    x_BSD = x_BSD + (1 / (1 + (-y_TD).exp())).view_as(x_BSD)
    x_BSD = x_BSD + model.after(x_BSD)[0]
    return x_BSD @ model.unembed.weight.T + model.unembed.bias


@pytest.mark.parametrize("config", [SMALL, TWO_LEVELS])
def test_equals_the_oracle(config):
    model = drawn(config).eval()
    logits_BSV = model(ids(3, 7)).logits_BSV
    torch.testing.assert_close(logits_BSV, by_hand(model, ids(3, 7)), rtol=0, atol=1e-10)


def test_evaluation_has_no_noise_and_no_dropout():
    model, id_BS = drawn(SMALL), ids(2, 6)
    assert not torch.equal(model(id_BS).logits_BSV, model(id_BS).logits_BSV)
    model.eval()
    assert torch.equal(model(id_BS).logits_BSV, model(id_BS).logits_BSV)


def test_dropout_and_noise_are_separate():
    """Without dropout only the router's noise is left, and it changes choices."""
    calm = drawn(RecurrentConfig(dim=8, num_experts=6, top_k=2, vocab_size=40, dropout=0.0))
    one, two = calm(ids(8, 8)).routings[0], calm(ids(8, 8)).routings[0]
    assert (one.expert_TK != two.expert_TK).any()


def test_no_token_sees_its_batch_mates_or_its_future():
    model = drawn(SMALL).eval()
    whole = model(ids(4, 9)).logits_BSV
    torch.testing.assert_close(model(ids(4, 9)[1:2]).logits_BSV, whole[1:2], rtol=0, atol=1e-12)
    torch.testing.assert_close(model(ids(4, 9)[:, :5]).logits_BSV, whole[:, :5], rtol=0, atol=1e-12)


def test_the_prefix_test_catches_expert_choice():
    """The same test fails, as it must, where experts choose among all the positions."""
    router = LinearRouter(8, 6, 2, route=lambda s_TE, k: expert_choice(s_TE, len(s_TE) * k // 6))
    model = drawn(SMALL, router=router, penalty=lambda routed: 0.0).eval()
    whole, part = model(ids(1, 9)).logits_BSV, model(ids(1, 9)[:, :6]).logits_BSV
    assert (whole[:, :6] - part).abs().max() > 1e-3


def test_the_penalty_by_its_formula():
    model = drawn(SMALL)
    output = model(ids(2, 6))
    torch.manual_seed(5)
    routed = model.sparse.router(torch.randn(12, 8).double(), generator=torch.default_generator)
    expected = 0.3 * cv_squared(importance(routed.routing)) + 0.7 * cv_squared(routed.load_E)
    assert importance_and_load(routed, 0.3, 0.7).item() == pytest.approx(expected.item(), abs=1e-12)
    assert output.auxiliary > 0 and output.auxiliary.requires_grad


def test_a_load_that_is_not_estimated_cannot_be_asked_for():
    router = LinearRouter(8, 6, 2)
    with pytest.raises(ValueError, match="w_load is 0.1: it must be 0 for a router that"):
        drawn(SMALL, router=router)(ids(1, 4))


def test_training_adds_the_penalty_and_evaluation_does_not():
    model = drawn(SMALL, penalty=lambda routed: torch.tensor(7.0)).eval()
    total, nats, _ = losses(model, ids(2, 8), Settings(balance_weight=0))
    assert (total - nats).item() == pytest.approx(7)
    text = Text(ids(1, 50)[0], torch.ones(50, dtype=torch.long))
    with measuring(model):
        logits = model(text.id_T[:-1][:8][None]).logits_BSV[0]
    expected = F.cross_entropy(logits, text.id_T[1:9]).item()
    assert evaluate(model, text, 8, limit=9).nats == pytest.approx(expected, abs=1e-6)


def test_the_router_learns_from_the_text_from_zero():
    """Both matrices start at zero: the noise breaks the tie, so the text's loss reaches W_g."""
    torch.manual_seed(0)
    model = Recurrent(SMALL, penalty=lambda routed: 0.0)
    total, _, _ = losses(model, ids(4, 9), Settings(balance_weight=0))
    total.backward()
    assert model.sparse.router.score_ED.grad.abs().sum() > 0
    assert model.sparse.router.noise_ED.grad.abs().sum() > 0


def test_the_shared_direction_reaches_router_and_experts_alone():
    model, x_BSD = drawn(SMALL).eval(), torch.randn(2, 5, 8).double()
    moved = model.sparse(x_BSD + 1.5, ids(2, 5))[0]
    before = model(ids(2, 5)).logits_BSV
    model.sparse.shared = 1.5
    assert torch.equal(model.sparse(x_BSD, ids(2, 5))[0], moved)
    assert not torch.equal(model(ids(2, 5)).logits_BSV, before)


def test_other_routers_fit_in():
    hashed = Recurrent(SMALL, HashRouter(6, 2), penalty=lambda routed: 0.0)
    routing = hashed(ids(1, 8)).routings[0]
    assert torch.equal(routing.expert_TK, hashed.eval()(ids(1, 8)).routings[0].expert_TK)
    assert isinstance(Recurrent(TWO_LEVELS).sparse.router, TwoLevelRouter)


def test_a_run_goes_on_with_the_same_noise(tmp_path):
    """Dropout and router noise come from torch's generator, whose state a run saves."""
    text = Text(ids(1, 400)[0], torch.ones(400, dtype=torch.long))
    settings = Settings(steps=6, batch=2, length=8, balance_weight=0, save_every=1)

    def run(folder, watch=None):
        torch.manual_seed(0)
        model, data = Recurrent(SMALL), Data(text, text)
        rows = train(model, data, settings, tmp_path / folder, False, watch)
        return [row["nats"] for row in rows]

    def kill(row):
        if row["step"] == 4:
            raise InterruptedError

    whole = run("whole")
    with pytest.raises(InterruptedError):
        run("killed", kill)
    torch.rand(17)
    assert run("killed") == whole


@pytest.mark.parametrize(
    "change, message",
    [
        ({"dim": 0}, "dim is 0"),
        ({"top_k": 7}, "top_k is 7: with 6 experts"),
        ({"groups": 4}, "groups is 4: it must divide num_experts 6"),
        ({"groups": 3, "top_k": 3}, "top_k is 3: with 2 experts"),
        ({"groups": 1, "dropout": 1.0}, "dropout is 1.0"),
    ],
)
def test_numbers_that_contradict_are_refused(change, message):
    sizes = {"dim": 8, "num_experts": 6, "top_k": 2} | change
    with pytest.raises(ValueError, match=message):
        RecurrentConfig(**sizes)


def test_too_many_positions_and_strange_ids_are_refused():
    model = Recurrent(SMALL)
    with pytest.raises(ValueError, match="11 positions: allowed are 1 to 10"):
        model(ids(1, 11))
    with pytest.raises(ValueError, match="token id 40: allowed are 0 to 39"):
        model(torch.tensor([[40]]))
