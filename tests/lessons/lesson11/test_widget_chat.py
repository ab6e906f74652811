"""The chat board without a browser: three tiny models, and what it says of them."""

from dataclasses import replace

import ipywidgets
import pytest
import torch

from moe_lesson.inference.generate import stream
from moe_lesson.lessons.lesson11.widget_chat import MOST, SHOWN, TOKENS, chat_board, said_by
from moe_lesson.models.config import TINY
from moe_lesson.models.mixtral import Mixtral
from moe_lesson.text.chat import chat_ids
from moe_lesson.text.tokenizer import train_tokenizer
from tests.rules.panel_checks import (  # noqa: F401  pytest runs it on ``panel``
    each_control_changes_the_picture,
    test_every_state_can_be_copied_and_pasted,
    test_static_output_is_the_strip_of_states,
)

QUESTIONS = ["who is there", "where is the boat"]
NATIVE = (ipywidgets.IntSlider, ipywidgets.Dropdown, ipywidgets.Text, ipywidgets.Combobox)


@pytest.fixture(scope="module")
def words():
    return train_tokenizer(["[INST] who is there [/INST] the baker the boat"] * 9, 300)


@pytest.fixture(scope="module")
def models(words):
    found = {}
    for seed, name in enumerate(("base", "answers", "instruct")):
        torch.manual_seed(seed)
        layers = replace(TINY, vocab_size=words.get_vocab_size(), n_layers=4, context_len=256)
        found[name] = Mixtral(layers).eval()
        with torch.no_grad():
            for weight in found[name].parameters():
                if weight.dim() > 1:
                    weight.mul_(4)
    return found


@pytest.fixture(scope="module")
def panel(models, words):
    return chat_board(models, words, QUESTIONS, ["", "who is there"])


def test_the_answer_is_the_greedy_one_and_its_token_the_likeliest(models, words):
    model = models["answers"]
    prompt = chat_ids(words, [{"role": "user", "content": QUESTIONS[0]}]).ids
    (said,) = said_by(model, words, [prompt])
    ids = [token.id_B.item() for token in stream(model, [prompt], TOKENS)]
    assert said.tokens == [words.decode([i], skip_special_tokens=False) for i in ids]
    assert said.asked == len(prompt) and len(said.trace.tokens) == len(prompt) + len(ids)
    for token, likeliest in zip(said.tokens, said.likeliest, strict=True):
        shares = [share for _, share in likeliest]
        assert likeliest[0][0] == token and len(likeliest) == SHOWN
        assert shares == sorted(shares, reverse=True) and sum(shares) <= 1 + 1e-6


def test_routing_is_that_of_the_place_before(models, words):
    model = models["base"]
    prompt = chat_ids(words, [{"role": "user", "content": QUESTIONS[1]}]).ids
    (said,) = said_by(model, words, [prompt])
    for step, token in enumerate(stream(model, [prompt], TOKENS)):
        here = said.trace.expert_LTK[:, said.asked + step - 1]
        there = [one.expert_TK[0].tolist() for one in token.routings]
        assert [sorted(row) for row in here.tolist()] == [sorted(row) for row in there]


def test_prompts_together_say_what_each_says_alone(models, words):
    prompts = [chat_ids(words, [{"role": "user", "content": q}]).ids for q in QUESTIONS]
    both = said_by(models["instruct"], words, prompts)
    for prompt, one in zip(prompts, both):
        assert said_by(models["instruct"], words, [prompt])[0].tokens == one.tokens


def test_controls_are_native_and_each_changes_what_is_shown(panel):
    changes = {"question": QUESTIONS[1], "own": "the boat", "system": "who is there"}
    changes |= {"model": "base", "step": 2, "layer": 0}
    each_control_changes_the_picture(panel, changes, NATIVE)


def test_the_sentence_says_token_share_and_experts(panel, models, words):
    panel.move(**panel.start | {"model": "answers", "step": 1, "layer": 2})
    prompt = chat_ids(words, [{"role": "user", "content": QUESTIONS[0]}]).ids
    (said,) = said_by(models["answers"], words, [prompt])
    share = 100 * said.likeliest[1][0][1]
    experts = said.trace.expert_LTK[2, said.asked].tolist()
    assert f"Token 1 of answers, {said.tokens[1]!r}, had {share:.0f} %" in panel.sentence
    assert f"in layer 2 experts {experts[0]} and {experts[1]} made it" in panel.sentence


def test_a_long_text_is_refused_and_the_picture_stays(panel):
    panel.move(**panel.start)
    picture = panel.picture
    panel.move(own="a" * (MOST + 1))
    assert f"allowed are up to {MOST}" in panel.sentence and panel.picture == picture
    panel.move(**panel.start)


def test_static_output_is_small(panel, monkeypatch):
    monkeypatch.setenv("MOE_STATIC", "1")
    assert sum(map(len, panel._repr_mimebundle_().values())) < 100_000
