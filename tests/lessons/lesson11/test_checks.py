"""What the checks of lesson 11 say: of a stub and of a right answer."""

import math

import pytest
import torch

from moe_lesson.lessons.lesson11 import checks, checks_losses
from moe_lesson.models.attention import attention_mask
from moe_lesson.text.tokenizer import END, START
from moe_lesson.training.finetune import dpo_loss
from tests.lessons.answers import (  # noqa: F401  pytest runs them on this module's lists
    test_a_forgotten_return_is_named,
    test_a_right_answer_is_praised_in_one_sentence,
    test_a_stub_is_not_attempted,
)
from tests.lessons.lesson11.right_answers import OTHERS


def to_dialogue(turns):
    marked = [(START, False)]
    for ids, is_answer in turns:
        marked += [(one, is_answer) for one in ids] + [(END, True)] * is_answer
    ids, learnt = zip(*marked)
    return list(ids), list(learnt)


def may_see(dialogue_S):
    S = len(dialogue_S)
    rows = [[bool(dialogue_S[i] == dialogue_S[j]) and j <= i for j in range(S)] for i in range(S)]
    return torch.tensor(rows)


def answer_loss(logits_BSV, id_BS, answer_BS):
    total, count = 0.0, 0
    for row, (ids, marks) in enumerate(zip(id_BS.tolist(), answer_BS.tolist())):
        for place in range(1, len(ids)):
            if marks[place]:
                total = total - logits_BSV[row, place - 1].log_softmax(0)[ids[place]]
                count += 1
    return total / count


def training_row(cut, question, answer):
    start, *asked = cut(f"[INST] {question} [/INST]")
    turns = [(asked, False), (cut(answer)[1:], True)]
    ids, learnt = to_dialogue(turns)
    return [start, *ids[1:]], learnt


def preference_loss(better_B, worse_B, ref_better_B, ref_worse_B, beta):
    return dpo_loss((better_B - worse_B) - (ref_better_B - ref_worse_B), beta)


def resting_gap(flipped, beta):
    return (math.log1p(-flipped) - math.log(flipped)) / beta


RIGHT = [
    (checks.to_dialogue, to_dialogue),
    (checks.may_see, may_see),
    (checks_losses.answer_loss, answer_loss),
    (checks.training_row, training_row),
    (checks_losses.preference_loss, preference_loss),
    (checks_losses.resting_gap, resting_gap),
    *OTHERS,
]


def test_the_table_is_that_of_the_model():
    dialogue_S = torch.tensor([0, 0, 1, 1, 1])
    position_S = torch.arange(5)
    past_SP = attention_mask(position_S, position_S, None, None)
    same_SP = dialogue_S[:, None] == dialogue_S
    assert torch.equal(may_see(dialogue_S), past_SP.squeeze() & same_SP)


def test_questions_are_compared_one_by_one(capsys):
    told = [n % 2 == 0 for n in range(20)]
    other = [not one for one in told]
    checks.own_attempt(lambda: {"plain": (told, told), "mine": (other, other)})
    assert "10 only here, 10 only plain" in capsys.readouterr().out


def test_a_wording_that_changes_nothing_is_a_result(capsys):
    told = [n % 2 == 0 for n in range(20)]
    checks.own_attempt(lambda: {"plain": (told, told), "mine": (told, told)})
    assert "0 only here, 0 only plain" in capsys.readouterr().out


@pytest.mark.parametrize("kind", [list, lambda parts: tuple(map(torch.tensor, parts))])
def test_two_lists_may_come_in_a_list_or_as_tensors(kind, capsys):
    checks.to_dialogue(lambda turns: kind(to_dialogue(turns)))
    checks.training_row(lambda *inputs: kind(training_row(*inputs)))
    assert capsys.readouterr().out.count("correct") == 2
