"""The harness: by hand, against a slow one, and against lm-evaluation-harness."""

from types import SimpleNamespace

import numpy as np
import pytest
import torch

from moe_lesson import DATA
from moe_lesson.lessons.lesson12 import benchmarks
from moe_lesson.lessons.lesson12.benchmarks import (
    Examinee,
    Question,
    dialogue,
    examine,
    examinee,
    four_ways,
    hits,
    log_probabilities,
    pair_ids,
    truthful,
)
from moe_lesson.lessons.lesson12.questions import careless
from moe_lesson.text.chat import chat_ids
from moe_lesson.text.tokenizer import START


@pytest.fixture(scope="module")
def one():
    return examinee("dense")


def slow(one, text, choice):
    """Sum log-probabilities in float64, one row at a time."""
    ids, begin = pair_ids(one, text, choice)
    with torch.no_grad():
        told = one.model(torch.tensor([ids[:-1]])).logits_BSV[0].double().log_softmax(-1)
    return sum(told[at - 1, ids[at]].item() for at in range(begin, len(ids)))


PAIRS = [("Who?", "Me."), ("", "Me."), ("Wo ist er?", "In der Straße."), ("Who?", "You and I.")]


def test_against_the_slow_way(one, monkeypatch):
    wanted = [slow(one, *pair) for pair in PAIRS]
    assert log_probabilities(one, PAIRS) == pytest.approx(wanted, abs=2e-4)
    monkeypatch.setattr(benchmarks, "TOGETHER", 1)
    assert log_probabilities(one, PAIRS) == pytest.approx(wanted, abs=2e-4)


def test_only_the_choice_is_scored(one):
    ids, begin = pair_ids(one, "Who?", "Me.")
    assert ids[0] == START and one.words.decode(ids[1:begin]) == dialogue("Who?")
    assert one.words.decode(ids[begin:]) == " Me."
    ids, begin = pair_ids(one, "", "Me.")
    assert begin == 1 and one.words.decode(ids[1:]) == "Me."


def test_a_tuned_model_is_asked_in_its_template(one):
    tuned = Examinee(one.model, one.words, True)
    ids, begin = pair_ids(tuned, "Who?", "Me.")
    asked = [{"role": "user", "content": "Who?"}]
    whole = chat_ids(one.words, [*asked, {"role": "assistant", "content": "Me."}]).ids
    assert ids == whole[:-1] and ids[:begin] == chat_ids(one.words, asked).ids
    assert pair_ids(tuned, "", "Me.") == pair_ids(one, "", "Me.")


def test_four_scores_by_hand():
    found = four_ways([-6.0, -8.0], [-5.0, -9.0], ["Straße", "été"])
    assert found["acc"].tolist() == [-6, -8]
    assert found["acc_norm"] == pytest.approx([-1, -8 / 3])
    assert found["acc_bytes"] == pytest.approx([-6 / 7, -8 / 5])
    assert found["acc_mutual_info"].tolist() == [-1, 1]


def test_ties_go_to_the_first():
    asked = [Question("", "abc", gold, 0) for gold in range(3)]
    assert hits(asked, np.zeros((3, 3))).tolist() == [1, 0, 0]


def test_questions_keep_their_order(one):
    asked = [Question("Who?", ("Me.", "You."), 0, 0), Question("", ("A", "B", "C"), 0, 0)]
    found = examine(one, asked)
    assert [len(each) for each in found] == [2, 3]
    assert found[1][2] == pytest.approx(slow(one, "", "C"), abs=2e-4)


def test_truthful_by_hand():
    first, share = truthful(np.log([0.1, 0.3, 0.4]), [True, True, False])
    assert (first, round(share, 6)) == (0.0, 0.5)
    assert truthful(np.log([0.1, 0.3, 0.2]), [False, True, False])[0] == 1.0


def test_equal_to_the_harness(one, monkeypatch):
    """Our log-probabilities and all four winners are those of lm-evaluation-harness."""
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    pytest.importorskip("lm_eval", reason='needs the extra "harness"')
    from lm_eval.api.instance import Instance
    from lm_eval.api.task import ConfigurableTask
    from lm_eval.models.huggingface import HFLM

    asked = careless(30, np.random.default_rng(0)) + careless(
        10, np.random.default_rng(0), names=("read",)
    )
    path = str(DATA / "checkpoints" / "dense")
    theirs = HFLM(path, device="cpu", dtype="float32", add_bos_token=True, prefix_token_id=START)
    metrics = ["acc", "acc_norm", "acc_bytes", "acc_mutual_info"]
    winners, gaps = [], []
    for each in asked:
        context = dialogue(each.text)
        pairs = [(context, f" {choice}") for choice in each.choices]
        pairs += [("", f" {choice}") for choice in each.choices]
        made = [Instance("loglikelihood", {}, pair, n) for n, pair in enumerate(pairs)]
        answers = theirs.loglikelihood(made, disable_tqdm=True)
        ours = log_probabilities(one, [(each.text, choice) for choice in each.choices])
        alone = log_probabilities(one, [("", f" {choice}") for choice in each.choices])
        gaps.append(np.abs(np.array([p for p, _ in answers]) - [*ours, *alone]).max())
        task = scorer(ConfigurableTask, metrics, each)
        judged = task.process_results({}, answers)
        found = four_ways(ours, alone, each.choices)
        winners.append([judged[m] == float(np.argmax(found[m]) == each.gold) for m in metrics])
    assert max(gaps) < 1e-3
    assert np.all(winners)


def scorer(kind, metrics, question):
    """Make a task of theirs that scores one question; it reads no data."""
    task = object.__new__(kind)
    task.OUTPUT_TYPE, task._metric_fn_list = "multiple_choice", dict.fromkeys(metrics)
    task._config = SimpleNamespace(process_results=None)
    task.multiple_input, task.multiple_target = 0, 0
    task.doc_to_choice = lambda doc: list(question.choices)
    task.doc_to_target = lambda doc: question.gold
    return task
