"""Generation: every prompt gets what it would get alone."""

import dataclasses
import math

import pytest
import torch

from moe_lesson.inference.generate import complete, pad_left, stream
from moe_lesson.inference.sampling import Sampling, choose
from moe_lesson.models.config import TINY
from moe_lesson.models.likelihood import evaluate
from moe_lesson.models.mixtral import Mixtral
from moe_lesson.text.tokenizer import END, Text, train_tokenizer

PROMPTS = [[5, 6, 7, 8, 9, 10], [11], [12, 13, 14]]
WAYS = [Sampling(), Sampling(1.0, seed=3), Sampling(1.5, top_k=20), Sampling(1.5, top_p=0.9)]
CONFIGS = {
    "sparse": TINY,
    "dense": dataclasses.replace(TINY, num_experts=1, top_k=1),
    "window": dataclasses.replace(TINY, window=5),
}


def lively(config, seed=0):
    """Return a float64 model whose scores differ enough to tell tokens apart."""
    torch.manual_seed(seed)
    model = Mixtral(config).double()
    with torch.no_grad():
        for weight in model.parameters():
            weight.mul_(8 if weight.dim() > 1 else 1)
    return model


def ids(model, prompts, sampling, end=None, tokens=12):
    steps = list(stream(model, prompts, tokens, sampling, end))
    return torch.stack([token.id_B for token in steps], 1).tolist()


@pytest.mark.parametrize("sampling", WAYS)
@pytest.mark.parametrize("config", CONFIGS.values(), ids=CONFIGS)
def test_a_batch_gives_what_each_prompt_gives_alone(config, sampling):
    model = lively(config)
    together = ids(model, PROMPTS, sampling)
    for i, prompt in enumerate(PROMPTS):
        alone = dataclasses.replace(sampling, seed=sampling.seed + i)
        assert ids(model, [prompt], alone) == [together[i]]


def test_the_cache_changes_nothing():
    model, prompt = lively(TINY), [5, 6, 7]
    with_cache = ids(model, [prompt], Sampling())[0]
    for token in with_cache:
        logits_BSV = model(torch.tensor([prompt])).logits_BSV
        assert logits_BSV[0, -1].argmax() == token
        prompt = prompt + [token]


def test_a_seed_repeats_and_another_differs():
    model = lively(TINY)
    first, again, other = (ids(model, [[5]], Sampling(1.0, seed=s)) for s in (1, 1, 2))
    assert first == again != other


def test_routing_comes_with_each_token():
    model = lively(TINY)
    prompt = torch.tensor([[5, 6, 7]])
    token = next(stream(model, [[5, 6, 7]], tokens=1))
    assert len(token.routings) == TINY.n_layers
    expected = model(prompt).routings[1].expert_TK[-1:]
    assert torch.equal(token.routings[1].expert_TK, expected)


def test_a_sequence_that_ended_stays_ended():
    model = lively(TINY)
    free = ids(model, PROMPTS, Sampling(), tokens=8)
    end = free[0][2]
    stopped = ids(model, PROMPTS, Sampling(), end=end, tokens=8)
    for before, after in zip(free, stopped):
        cut = before.index(end) + 1 if end in before else len(before)
        assert after[:cut] == before[:cut][: len(after)]
        assert set(after[cut:]) <= {end}
    assert len(ids(model, PROMPTS[:1], Sampling(), end=end, tokens=8)[0]) == free[0].index(end) + 1


def test_nothing_stays_switched_between_tokens():
    model = lively(TINY).train()
    for _ in stream(model, [[5]], 2):
        assert model.training and not torch.is_inference_mode_enabled()


@pytest.mark.parametrize(
    "prompts, tokens, message",
    [
        ([], 1, "0 prompts"),
        ([[]], 1, "prompt 0 is empty"),
        ([[5], [5, 320]], 1, "prompt 1 holds id 320: allowed are 0 to 319"),
        ([[-1]], 1, "holds id -1"),
        ([[5] * 65], 1, "a prompt of 65 tokens"),
        ([[5] * 60], 6, "the model's context holds 65 in all"),
        ([[5]], 0, "0 new tokens"),
    ],
)
def test_a_prompt_that_cannot_be_continued_is_refused(prompts, tokens, message):
    with pytest.raises(ValueError, match=message):
        next(stream(Mixtral(TINY), prompts, tokens))


def test_the_last_position_of_the_context_can_be_used():
    assert len(ids(lively(TINY), [[5] * 60], Sampling(), tokens=5)[0]) == 5


def test_padding_stands_at_the_left():
    id_BS, pad_B = pad_left(PROMPTS)
    assert id_BS[1].tolist() == [END] * 5 + [11] and pad_B.tolist() == [0, 5, 3]


def test_sampling_follows_the_probabilities():
    """The share of each token over 20,000 draws lies within 4 standard errors."""
    prob_V = torch.tensor([0.5, 0.3, 0.15, 0.05])
    draw_B = torch.rand(20_000, generator=torch.Generator().manual_seed(0))
    logits_BV = prob_V.log().expand(20_000, 4)
    for sampling, allowed in [
        (Sampling(1.0), [0, 1, 2, 3]),
        (Sampling(1.0, top_k=2), [0, 1]),
        (Sampling(1.0, top_p=0.6), [0, 1]),
        (Sampling(1.0, top_p=0.5), [0]),
    ]:
        expected_V = torch.zeros(4)
        expected_V[allowed] = prob_V[allowed] / prob_V[allowed].sum()
        share_V = choose(logits_BV, draw_B, sampling).bincount(minlength=4) / 20_000
        error_V = (expected_V * (1 - expected_V) / 20_000).sqrt()
        assert ((share_V - expected_V).abs() <= 4 * error_V).all(), (sampling, share_V)


def test_temperature_flattens():
    logits_BV = torch.tensor([[0.0, 1.0]]).expand(9_999, 2)
    draw_B = torch.linspace(0, 1, 10_000)[:-1]
    cold, warm = (choose(logits_BV, draw_B, Sampling(t)).float().mean() for t in (0.5, 2.0))
    assert cold.item() == pytest.approx(1 / (1 + math.exp(-2)), abs=1e-3)
    assert warm.item() == pytest.approx(1 / (1 + math.exp(-0.5)), abs=1e-3)


def test_the_largest_draw_stays_inside():
    draw_B = torch.tensor([1 - 1e-9], dtype=torch.double)
    assert choose(torch.zeros(1, 3), draw_B, Sampling(1.0)).item() in (0, 1, 2)


@pytest.mark.parametrize(
    "wrong", [{"temperature": -1.0}, {"temperature": math.nan}, {"top_k": 0}, {"top_p": 1.1}]
)
def test_wrong_sampling_is_refused(wrong):
    with pytest.raises(ValueError, match=f"{next(iter(wrong))} is"):
        Sampling(**wrong)


def test_complete_returns_text():
    words = train_tokenizer(["low lower lowest"], 270)
    config = dataclasses.replace(TINY, vocab_size=words.get_vocab_size())
    text = complete(lively(config), words, "low", tokens=5)
    assert text.startswith("low") and "</s>" not in text


def test_the_score_is_the_mean_over_every_token():
    """A slow oracle: one window at a time, one token at a time."""
    model = lively(TINY)
    id_T = torch.randint(320, (50,), generator=torch.Generator().manual_seed(1))
    score = evaluate(model, Text(id_T, torch.full((50,), 3)), length=16, batch=2)
    nats = []
    for first in (0, 16, 32):
        log_SV = model(id_T[None, first : first + 16]).logits_BSV[0].log_softmax(-1)
        nats += [-log_SV[s, id_T[first + s + 1]].item() for s in range(16)]
    assert score.nats == pytest.approx(sum(nats) / 48, abs=1e-6)
    assert score.bits == pytest.approx(sum(nats) / math.log(2) / (48 * 3), abs=1e-6)
    assert (score.tokens, score.bytes) == (48, 144)


def test_evaluation_leaves_the_model_as_it_was():
    model = Mixtral(TINY).train()
    text = Text(torch.arange(40), torch.ones(40))
    assert evaluate(model, text, length=16) == evaluate(model, text, length=16)
    assert model.training
    with pytest.raises(ValueError, match="a window of 64 needs 65"):
        evaluate(model, text, length=64)
