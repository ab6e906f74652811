"""The mixtures of 1991: numbers by hand, autograd as oracle, what the paper states, training."""

import numpy as np
import pytest
import torch

from moe_lesson.mixtures import local
from moe_lesson.mixtures.local import Mixture, Network, Outputs

PULLS = (local.cooperative, local.competitive, local.likelihood)
each_pull = pytest.mark.parametrize("pull", PULLS, ids=lambda pull: pull.__name__)


def draw(seed=0, runs=2, tokens=5, sizes=(3, 4, 2)):
    """Draw a mixture with a router of its own, tokens and targets."""
    generator = np.random.default_rng(seed)
    model = local.start_mixture(generator, runs, sizes, spread=1.0)
    model = model._replace(router_BDE=generator.standard_normal((runs, sizes[0], sizes[1])))
    return model, generator.standard_normal((tokens, 3)), generator.uniform(size=(tokens, sizes[2]))


def by_torch(pull, d, o, x):
    """Write the three error functions as the paper prints them, and sum over tokens."""
    p, error = x.softmax(-1), ((d[:, None] - o) ** 2).sum(-1)
    return {
        "cooperative": ((d - (p[..., None] * o).sum(2)) ** 2).sum(-1),
        "competitive": (p * error).sum(-1),
        "likelihood": -(p * (-error / 2).exp()).sum(-1).log(),
    }[pull.__name__]


@each_pull
def test_losses_and_slopes_are_those_of_autograd(pull):
    model, x_TD, target_TV = draw()
    out = local.forward(model, x_TD)
    d, o, x = (torch.tensor(part) for part in (target_TV, out.guess_BTEV, out.logits_BTE))
    loss = by_torch(pull, d, o.requires_grad_(), x.requires_grad_())
    slopes = torch.autograd.grad(loss.sum(), (o, x))
    found = pull(target_TV, out)
    assert np.allclose(found.loss_BT, loss.detach(), atol=1e-10)
    assert np.allclose(found.guess_BTEV, slopes[0], atol=1e-10)
    assert np.allclose(found.logits_BTE, slopes[1], atol=1e-10)


@pytest.mark.parametrize("squash", [None, local.logistic], ids=["linear", "logistic"])
@each_pull
def test_slopes_of_the_weights_are_those_of_autograd(pull, squash):
    model, x_TD, target_TV = draw()
    expert, router = (torch.tensor(weight, requires_grad=True) for weight in model)
    x = torch.tensor(x_TD)
    o = torch.einsum("td,bedv->btev", x, expert)
    o = o if squash is None else o.sigmoid()
    loss = by_torch(pull, torch.tensor(target_TV), o, torch.einsum("td,bde->bte", x, router))
    wanted = torch.autograd.grad(loss.mean(1).sum(), (expert, router))
    found = local.mixture_slopes(model, x_TD, target_TV, pull, squash)
    assert all(np.allclose(a, b, atol=1e-10) for a, b in zip(found.weights, wanted))
    blend = local.blend(local.forward(model, x_TD, squash))
    assert np.allclose(found.square_B, ((target_TV - blend) ** 2).sum(-1).mean(-1))


@pytest.mark.parametrize("squash", [local.logistic, np.tanh], ids=["logistic", "tanh"])
def test_slopes_of_a_network_are_those_of_autograd(squash):
    generator = np.random.default_rng(0)
    network = local.start_network(generator, 2, (3, 6, 1))
    x_TD, target_TV = generator.standard_normal((5, 3)), generator.uniform(size=(5, 1))
    weights = [torch.tensor(weight, requires_grad=True) for weight in network]
    bend = torch.sigmoid if squash is local.logistic else torch.tanh
    hidden = bend(torch.einsum("td,bdf->btf", torch.tensor(x_TD), weights[0]))
    output = (torch.einsum("btf,bfv->btv", hidden, weights[1]) + weights[2]).sigmoid()
    loss = ((torch.tensor(target_TV) - output) ** 2).sum(-1).mean(-1)
    wanted = torch.autograd.grad(loss.sum() / 2, weights)
    found = local.network_slopes(network, x_TD, target_TV, squash)
    assert np.allclose(found.square_B, loss.detach(), atol=1e-12)
    assert all(np.allclose(a, b, atol=1e-10) for a, b in zip(found.weights, wanted))


def two_experts(first, second, prob=0.5):
    prob_BTE = np.array([[[prob, 1 - prob]]])
    return Outputs(np.array([[[[first], [second]]]]), np.log(prob_BTE), prob_BTE)


def test_one_token_by_hand():
    d, out = np.array([[0.0]]), two_experts(-1.0, 2.0)
    together = np.exp(-0.5) + np.exp(-2)
    losses = [0.25, 2.5, -np.log(together / 2)]
    assert np.allclose([pull(d, out).loss_BT.item() for pull in PULLS], losses)
    h = np.array([np.exp(-0.5), np.exp(-2)]) / together
    assert np.allclose(local.posterior(out.logits_BTE, np.array([[[1.0, 4.0]]])), h)
    assert np.allclose(local.cooperative(d, out).guess_BTEV.ravel(), [0.5, 0.5])
    assert np.allclose(local.competitive(d, out).guess_BTEV.ravel(), [-1, 2])
    assert np.allclose(local.likelihood(d, out).guess_BTEV.ravel(), h * [-1, 2])
    assert np.allclose(local.competitive(d, out).logits_BTE.ravel(), [-0.75, 0.75])
    assert np.allclose(local.likelihood(d, out).logits_BTE.ravel(), 0.5 - h)


@pytest.mark.parametrize("near, far, wins", [(1.1, 1.5, True), (0.2, 0.9, False)])
def test_beyond_distance_1_the_nearest_is_pulled_hardest_and_below_it_is_not(near, far, wins):
    """Jacobs et al. 1991 compare 1.4 and 1.5 for equal p and all distances above 1."""
    out = two_experts(near, far)
    pulls = abs(local.likelihood(np.zeros((1, 1)), out).guess_BTEV).ravel()
    assert (pulls[0] > pulls[1]) == wins
    pulls = abs(local.competitive(np.zeros((1, 1)), out).guess_BTEV).ravel()
    assert pulls[0] < pulls[1]


@each_pull
def test_raising_all_scores_alike_changes_nothing(pull):
    model, x_TD, target_TV = draw()
    out = local.forward(model, x_TD)
    raised = out._replace(logits_BTE=out.logits_BTE + 7)
    assert np.allclose(pull(target_TV, out).loss_BT, pull(target_TV, raised).loss_BT)
    assert np.allclose(pull(target_TV, out).logits_BTE.sum(-1), 0, atol=1e-12)


def test_far_targets_neither_overflow_nor_divide_by_zero():
    error, scores = np.full((1, 1, 2), 1e6), np.log([[[0.8, 0.2]]])
    assert np.allclose(local.posterior(scores, error), [[[0.8, 0.2]]])
    assert np.isclose(local.log_likelihood(scores, error).item(), -5e5)


def test_runs_do_not_see_each_other():
    model, x_TD, target_TV = draw(runs=3)
    alone = Mixture(*(weight[1:2] for weight in model))
    slopes = lambda model: local.mixture_slopes(model, x_TD, target_TV)  # noqa: E731
    together = local.descend(model, slopes, step=[0.1, 0.5, 0.9], epochs=20)
    single = local.descend(alone, slopes, step=0.5, epochs=20)
    assert np.allclose(together.model.router_BDE[1], single.model.router_BDE[0])


def test_an_even_router_and_permuted_experts():
    start = local.start_mixture(np.random.default_rng(0), 2, (3, 4, 1))
    x_TD = np.random.default_rng(1).standard_normal((6, 3))
    assert np.allclose(local.forward(start, x_TD).prob_BTE, 0.25)
    model, _, _ = draw(sizes=(3, 4, 2))
    turned = Mixture(model.expert_BEDV[:, ::-1], model.router_BDE[..., ::-1])
    blends = [local.blend(local.forward(each, x_TD)) for each in (model, turned)]
    assert np.allclose(*blends)


def test_one_expert_is_a_single_network():
    model, x_TD, target_TV = draw(sizes=(3, 1, 2))
    out = local.forward(model, x_TD)
    error = local.squared_error(target_TV, out.guess_BTEV)[..., 0]
    assert np.allclose(local.cooperative(target_TV, out).loss_BT, error)
    assert np.allclose(local.competitive(target_TV, out).loss_BT, error)
    assert np.allclose(local.likelihood(target_TV, out).loss_BT, error / 2)


def falling(target=1.0):
    """Give the slopes of one weight per run that should become ``target``."""
    x_TD, target_TV = np.ones((1, 1)), np.full((1, 1), target)
    return lambda model: local.mixture_slopes(model, x_TD, target_TV, squash=None)


def blank(runs):
    return Mixture(np.zeros((runs, 1, 1, 1)), np.zeros((runs, 1, 1)))


def test_each_run_stops_by_itself():
    """With step s the miss is (1 - s)^n after n epochs: at most 0.5 means a square of 0.25."""
    done = local.descend(blank(3), falling(), step=[0.5, 0.1, 0.001], epochs=10, stop=0.25)
    assert done.epochs_B[:2].tolist() == [1, 7] and np.isnan(done.epochs_B[2])
    weights = done.model.expert_BEDV.ravel()
    assert np.allclose(weights, 1 - np.array([0.5, 0.9**7, 0.999**10]))


def test_a_film_keeps_the_moments_and_the_start_stays():
    start = blank(2)
    done = local.descend(start, falling(), [0.5, 0.1], 4, stop=0.25, moments=(0, 2, 4))
    frames = {epoch: frame.expert_BEDV.ravel() for epoch, frame in done.film.items()}
    assert np.allclose(frames[0], 0) and np.allclose(frames[2], [0.5, 0.19])
    assert np.allclose(frames[4], [0.5, 1 - 0.9**4]) and not start.expert_BEDV.any()


def test_a_film_goes_on_after_the_last_run_stopped():
    done = local.descend(blank(1), falling(), 0.5, 9, stop=0.25, moments=(0, 1, 9))
    assert [frame.expert_BEDV.item() for frame in done.film.values()] == [0.0, 0.5, 0.5]


@pytest.mark.parametrize("step", [0, -1, [0.1, 0.0]])
def test_a_step_must_be_above_zero(step):
    with pytest.raises(ValueError, match="must be above 0"):
        local.descend(blank(2), falling(), step, 1)


@pytest.mark.parametrize("a, parts", [(0.8, False), (1.5, True)])
def test_two_answers_part_only_above_one(a, parts):
    """Targets +a and -a: eq. 1.3 has a split solution o = a tanh(a o) for a > 1 alone."""
    start = local.start_mixture(np.random.default_rng(0), 5, (1, 2, 1))
    x_TD, target_TV = np.ones((2, 1)), np.array([[a], [-a]])
    slopes = lambda model: local.mixture_slopes(model, x_TD, target_TV, squash=None)  # noqa: E731
    place = local.descend(start, slopes, 0.3, 400).model.expert_BEDV[:, :, 0, 0]
    half = abs(place[:, 0] - place[:, 1]) / 2
    assert np.allclose(half, a * np.tanh(a * half), atol=2e-3)
    assert (half > 0.5).all() if parts else (half < 0.05).all()


def test_active_experts_by_hand():
    prob_BTE = np.array([[[0.9, 0.05, 0.05], [0.05, 0.95, 0.0]]])
    assert local.active_experts(prob_BTE).tolist() == [2]
    assert local.active_experts(prob_BTE, floor=0.92).tolist() == [1]
    assert local.active_experts(prob_BTE, floor=0.01).tolist() == [3]


def test_a_network_by_hand():
    network = Network(np.array([[[1.0]]]), np.array([[[2.0]]]), np.array([[[-1.0]]]))
    hidden, output = local.network_output(network, np.array([[3.0]]), np.tanh)
    assert np.isclose(hidden.item(), np.tanh(3))
    assert np.isclose(output.item(), 1 / (1 + np.exp(1 - 2 * np.tanh(3))))
