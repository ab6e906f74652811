"""The museum's faults show their symptoms, and lesson 04's checks know tests that find them."""

import ast
import math
import re

import nbformat
import pytest
import torch

from moe_lesson.lessons.lesson04 import checks as lesson04
from moe_lesson.lessons.lesson04 import fault_checks, faults
from moe_lesson.moe.balance import load, max_over_mean, smooth_load, switch_loss, update_bias
from moe_lesson.moe.layer import MoELayer
from moe_lesson.moe.routing import biased_top_k, noisy_top_k, switch, top_k
from moe_lesson.study.checks import NotAttempted
from tests.rules.source import ROOT, public_definitions, without_docstring

WIDE = torch.float64


def scores(tokens, experts, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(tokens, experts, generator=generator, dtype=WIDE)


# The symptoms, each of the fault and not of the right version.


def test_noise_in_evaluation_changes_half_of_the_choices_between_two_equal_scores():
    """Two independent coins differ half of the time: 4,000 tokens, five standard errors."""
    x_TE = torch.zeros(4000, 2)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        first, second = (faults.always_noisy(x_TE, x_TE, 1).expert_TK for _ in range(2))
    assert abs((first != second).double().mean().item() - 0.5) < 5 * 0.5 / math.sqrt(4000)
    first, second = (noisy_top_k(x_TE, x_TE, 1).expert_TK for _ in range(2))
    assert (first == second).all()


def test_in_training_the_noisy_router_is_right():
    """Which is why nobody notices: the fault shows in evaluation alone."""
    logits_TE, scale_TE = scores(50, 4), scores(50, 4, seed=1)
    draws = [torch.Generator().manual_seed(2) for _ in range(2)]
    faulty = faults.always_noisy(logits_TE, scale_TE, 2, draws[0])
    right = noisy_top_k(logits_TE, scale_TE, 2, draws[1])
    assert torch.equal(faulty.logits_TE, right.logits_TE)


@pytest.mark.parametrize("k", [1, 2])
def test_the_masked_loss_teaches_nothing_when_k_is_one(k):
    logits_TE = scores(30, 4).requires_grad_()
    slope = {}
    for loss in (faults.masked_loss, switch_loss):
        (gradient_TE,) = torch.autograd.grad(loss(top_k(logits_TE, k)), logits_TE)
        slope[loss] = gradient_TE.abs().max().item()
    assert slope[switch_loss] > 1e-3
    assert slope[faults.masked_loss] == 0 if k == 1 else slope[faults.masked_loss] > 1e-3


def test_the_masked_loss_has_the_right_value_at_both_ends():
    """Which is why a test of an even router says nothing against it."""
    for logits_TE, expected in ((torch.eye(4), 1), (80 * torch.eye(4)[[0] * 8], 4)):
        found = [loss(top_k(logits_TE, 1)).item() for loss in (faults.masked_loss, switch_loss)]
        assert found == pytest.approx([expected] * 2, abs=1e-6)


@pytest.mark.parametrize("shift", [-5.0, 0.0, 5.0])
def test_the_mixed_load_does_not_sum_to_the_visits(shift):
    """Four equal scores, k = 2: thresholds of 1/4, so each has Phi((s - 1/4) / ln 2)."""
    x_TE = torch.zeros(3, 4, dtype=WIDE)
    chance = (1 + math.erf((shift - 0.25) / math.log(2) / math.sqrt(2))) / 2
    found = faults.mixed_load(x_TE + shift, x_TE + shift, x_TE, 2)
    assert found.tolist() == pytest.approx([3 * chance] * 4, abs=1e-10)
    assert abs(found.sum().item() - 6) > 1
    right = smooth_load(x_TE + shift, x_TE + shift, x_TE, 2)
    assert right.sum().item() == pytest.approx(6, abs=1e-10)


@pytest.mark.parametrize("route, learns", [(faults.sure_switch, False), (switch, True)])
def test_a_weight_of_one_hides_the_router_from_the_loss_of_the_output(route, learns):
    torch.manual_seed(0)
    layer = MoELayer(4, 8, 4, 1, router=lambda logits_TE, k: route(logits_TE))
    torch.nn.init.normal_(layer.router.score_ED)
    y_TD, _ = layer(torch.randn(20, 4))
    y_TD.square().sum().backward()
    taught = layer.router.score_ED.grad.abs().max() / layer.experts.down_EDF.grad.abs().max()
    assert taught > 1e-2 if learns else taught < 1e-6


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_a_bias_of_the_wrong_sign_takes_from_those_who_have_little(seed):
    """400 tokens, 4 experts, 300 updates: whoever began below the mean ends with nothing.

    Not one expert with everything: all that are above the mean rise together.
    """
    logits_TE = scores(400, 4, seed)
    first_E = load(biased_top_k(logits_TE, torch.zeros(4), 1))
    share = {}
    for update in (faults.feed_bias, update_bias):
        bias_E = torch.zeros(4, dtype=WIDE)
        for _ in range(300):
            count_E = biased_top_k(logits_TE, bias_E, 1).expert_TK.flatten().bincount(minlength=4)
            bias_E = update(bias_E, count_E, 0.01)
        share[update] = load(biased_top_k(logits_TE, bias_E, 1))
    assert share[faults.feed_bias][first_E < 0.25].tolist() == [0] * int((first_E < 0.25).sum())
    assert max_over_mean(share[update_bias]) < 1.2 < 1.5 < max_over_mean(share[faults.feed_bias])


# A right test and a right function for each exhibit.


def test_noise(route):
    x_TE = torch.zeros(1, 2)
    assert torch.equal(route(x_TE, x_TE, 1).logits_TE, x_TE)


def test_masked(loss):
    logits_TE = torch.tensor([[1.0, 0.0]], requires_grad=True)
    loss(top_k(logits_TE, k=1)).backward()
    assert logits_TE.grad.abs().max() > 0.01


def test_load(estimate):
    x_TE = torch.zeros(4, 2)
    assert abs(estimate(x_TE, x_TE, x_TE, 1).sum() - 4) < 0.01


def test_weight(route):
    logits_TE = torch.tensor([[1.0, 0.0]], requires_grad=True)
    route(logits_TE).weight_TK.sum().backward()
    assert logits_TE.grad.abs().max() > 0.01


def test_bias(update):
    assert update(torch.zeros(2), torch.tensor([9, 1]), 0.5)[0] < 0


READERS = [test_noise, test_masked, test_load, test_weight, test_bias]
for written in READERS:
    written.__test__ = False  # for the checks to run, not for pytest
EXHIBITS = [
    fault_checks.NOISE,
    fault_checks.MASKED,
    fault_checks.LOAD,
    fault_checks.WEIGHT,
    fault_checks.BIAS,
]
CHECKS = [
    lesson04.noise_in_evaluation,
    lesson04.masked_probabilities,
    lesson04.load_of_probabilities,
    lesson04.weight_of_one,
    lesson04.fed_bias,
]
each_exhibit = pytest.mark.parametrize(
    "check, written, exhibit",
    [
        pytest.param(*three, id=three[0].__name__)
        for three in zip(CHECKS, READERS, EXHIBITS, strict=True)
    ],
)


@each_exhibit
def test_a_right_test_finds_fault_and_twin_every_time(check, written, exhibit):
    for function, wanted in ((exhibit.right, 0), (exhibit.fault, 10), (exhibit.twin, 10)):
        assert len(fault_checks.objections(written, function)) == wanted


@each_exhibit
def test_a_right_pair_is_praised_in_one_sentence(check, written, exhibit, capsys):
    check(written, exhibit.right)
    said = capsys.readouterr().out
    assert said.startswith("correct: ") and said.endswith(".\n") and said.count("\n") == 1


def stub(name):
    namespace = {}
    exec(f"def {name}(*inputs):\n    ...", namespace)
    return namespace[name]


@each_exhibit
def test_what_was_begun_is_told(check, written, exhibit, capsys):
    """Neither, the test alone, the function alone."""
    check(stub(written.__name__), stub("mended"))
    assert capsys.readouterr().out == "not attempted\n"
    with pytest.raises(AssertionError, match="now mend the function"):
        check(written, stub("mended"))
    with pytest.raises(AssertionError, match="its test is still missing"):
        check(stub(written.__name__), exhibit.right)
    assert not capsys.readouterr().out


@each_exhibit
def test_neither_the_fault_nor_its_twin_passes_for_mended(check, written, exhibit):
    for faulty in (exhibit.fault, exhibit.twin):
        with pytest.raises(AssertionError) as error:
            check(written, faulty)
        assert "your test" not in str(error.value)


@each_exhibit
def test_a_test_that_says_nothing_is_told(check, written, exhibit):
    def test_nothing(function):
        assert callable(function)

    with pytest.raises(AssertionError, match=f"nothing against {exhibit.fault.__name__}"):
        check(test_nothing, exhibit.right)


def numbers(function, exhibit):
    """Return what a function gives for one small input of its exhibit, as a list."""
    x_TE = torch.zeros(1, 4)
    inputs = {
        fault_checks.MASKED: lambda: function(top_k(torch.eye(4)[:1], 1)),
        fault_checks.LOAD: lambda: function(x_TE, x_TE, x_TE, 1),
        fault_checks.WEIGHT: lambda: function(x_TE).weight_TK,
        fault_checks.BIAS: lambda: function(torch.zeros(2), torch.tensor([9, 1]), 0.5),
    }
    return inputs[exhibit]().flatten().tolist()


@pytest.mark.parametrize("exhibit", EXHIBITS[1:], ids=lambda exhibit: exhibit.fault.__name__)
def test_a_test_of_the_faults_own_number_is_told(exhibit):
    """It finds the exhibit, and not the twin, whose numbers are others. (Noise has none.)"""
    faulty = numbers(exhibit.fault, exhibit)

    def test_number(function):
        assert numbers(function, exhibit) != faulty

    check = CHECKS[EXHIBITS.index(exhibit)]
    with pytest.raises(AssertionError, match=f"finds {exhibit.fault.__name__}, and not its twin"):
        check(test_number, exhibit.right)


def test_a_test_that_tosses_a_coin_is_told():
    def test_choice(route):
        x_TE = torch.zeros(1, 2)
        assert route(x_TE, x_TE, 1).expert_TK.item() == 0

    with pytest.raises(AssertionError, match=r"always_noisy in \d of 10 runs: rely on no luck"):
        lesson04.noise_in_evaluation(test_choice, noisy_top_k)


def test_a_test_that_refuses_the_right_version_is_told():
    def test_feeding(update):
        assert update(torch.zeros(2), torch.tensor([9, 1]), 0.5)[0] > 0

    with pytest.raises(AssertionError, match="objects to a right function: "):
        lesson04.fed_bias(test_feeding, update_bias)


def test_a_test_may_draw_and_the_callers_random_numbers_stay_as_they_were():
    def test_drawn(number):
        assert number() > torch.rand(()).item()

    torch.manual_seed(0)
    expected = torch.rand(3)
    torch.manual_seed(0)
    found = [len(fault_checks.objections(test_drawn, lambda: 0.5)) for _ in range(6)]
    assert len(set(found)) == 1 and 0 < found[0] < 10
    assert torch.equal(torch.rand(3), expected)


def test_a_test_may_have_any_name(capsys):
    def which_way(update):
        assert update(torch.zeros(2), torch.tensor([9, 1]), 0.5)[0] < 0

    lesson04.fed_bias(which_way, update_bias)
    lesson04.fed_bias(lambda update: which_way(update), update_bias)
    assert capsys.readouterr().out.count("correct: ") == 2


def test_a_test_of_the_right_value_is_right(capsys):
    """It finds the fault and its twin; it need not ask for the gradient."""

    def test_value(loss):
        found = loss(top_k(torch.tensor([[3.0, 1.0]]).log(), k=1)).item()
        assert abs(found - 1.5) < 1e-4

    lesson04.masked_probabilities(test_value, switch_loss)
    assert "gradient" not in capsys.readouterr().out


def test_right_but_unusual_functions_pass(capsys):
    def whole_test(estimate):
        x_TE = torch.zeros(5, 4)
        assert abs(estimate(x_TE, x_TE, x_TE, 2).sum() - 10) < 0.01

    def each_alone(clean_TE, noisy_TE, scale_TE, k):
        sd_TE, chance_TE = torch.nn.functional.softplus(scale_TE), torch.zeros_like(clean_TE)
        for expert in range(clean_TE.shape[1]):
            others = [other for other in range(clean_TE.shape[1]) if other != expert]
            rival_T = noisy_TE[:, others].sort(-1, descending=True).values[:, k - 1]
            away_T = (clean_TE[:, expert] - rival_T) / sd_TE[:, expert]
            chance_TE[:, expert] = (1 + torch.erf(away_T / math.sqrt(2))) / 2
        return chance_TE.sum(0)

    lesson04.load_of_probabilities(whole_test, each_alone)

    def by_where(bias_E, count_E, rate):
        mean = count_E.double().mean()
        step_E = torch.where(count_E > mean, -rate, torch.where(count_E < mean, rate, 0.0))
        return bias_E + step_E

    def test_down(update):
        assert update(torch.zeros(3), torch.tensor([5, 3, 1]), 0.1).tolist()[0] < 0

    lesson04.fed_bias(test_down, by_where)
    assert capsys.readouterr().out.count("correct: ") == 2


def test_the_readers_own_error_is_left_alone():
    def test_wrong_call(function):
        function(1, 2, 3, 4, 5, 6, 7)

    with pytest.raises(TypeError):
        lesson04.fed_bias(test_wrong_call, update_bias)


def test_a_stub_is_no_objection():
    with pytest.raises(NotAttempted):
        asked = stub_that_asks, stub_that_asks, fault_checks.BIAS
        fault_checks.judge(*asked, lambda update: update())


def stub_that_asks(*inputs):
    raise NotAttempted


FENCE = re.compile(r"```python\n(.*?)```", re.S)
SHOWN = {n.name: n for n in public_definitions(ROOT / "moe_lesson/lessons/lesson04/faults.py")}


def shown():
    """Return the exhibits that notebooks show, as (notebook, definition)."""
    found = []
    for path in sorted((ROOT / "notebooks").glob("*.ipynb")):
        for cell in nbformat.read(path, as_version=4).cells:
            fences = FENCE.findall(cell.source) if cell.cell_type == "markdown" else []
            nodes = [node for source in fences for node in ast.parse(source).body]
            found += [(path.stem, n) for n in nodes if getattr(n, "name", None) in SHOWN]
    return found


def test_a_notebook_shows_the_exhibits_as_they_are():
    for where, node in shown():
        ours = ast.Module(without_docstring(SHOWN[node.name]), [])
        assert ast.dump(ast.Module(node.body, [])) == ast.dump(ours), f"{where}: {node.name}"
