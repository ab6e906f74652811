"""The harness: by hand, against a slow one, and against lm-evaluation-harness."""

import json

import numpy as np
import pytest
import torch

from moe_lesson.checkpoints.folder import save
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
from moe_lesson.lessons.lesson12.questions import careless, grammar
from moe_lesson.text.chat import chat_ids, render
from moe_lesson.text.tokenizer import START


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


WAYS = ["acc", "acc_norm", "acc_bytes", "acc_mutual_info"]


def harness(folder, asked, contexts, space):
    """Let lm-evaluation-harness ask, each question once with every choice called the right one.

    Returns:
        For each question what was logged when its first choice, its second, ... was right.
    """
    from lm_eval import simple_evaluate
    from lm_eval.tasks import TaskManager

    rows = [
        {"context": context, "choices": each.choices, "gold": gold}
        for each, context in zip(asked, contexts)
        for gold in range(len(each.choices))
    ]
    path = folder / "questions.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    files = {"data_files": {"test": str(path)}, "cache_dir": str(folder / "cache")}
    task = {"task": "ours", "dataset_path": "json", "dataset_kwargs": files, "test_split": "test"}
    task |= {"doc_to_text": "context", "doc_to_choice": "choices", "doc_to_target": "gold"}
    task |= {"output_type": "multiple_choice", "target_delimiter": space}
    task |= {"metric_list": [{"metric": way} for way in WAYS]}
    # Without its <s> the harness starts with the question; the folder's tokenizer adds none.
    model = {"pretrained": str(folder), "dtype": "float32", "add_bos_token": True}
    tasks = {"tasks": [task], "task_manager": TaskManager(include_defaults=False)}
    seeds = dict.fromkeys(("random_seed", "numpy_random_seed", "torch_random_seed"))
    found = simple_evaluate("hf", model, device="cpu", bootstrap_iters=0, **tasks, **seeds)
    logged = iter(sorted(found["samples"]["ours"], key=lambda one: one["doc_id"]))
    return [[next(logged) for _ in each.choices] for each in asked]


def uneven(number, generator):
    """Cut choices to very different lengths: whoever counts the space too has other winners."""
    lengths = 2, 4, 9, 99
    return [
        each._replace(choices=tuple(choice[:n] for choice, n in zip(each.choices, lengths)))
        for each in careless(number, generator)
    ]


# The last column: how many of the four ways these questions tell apart.
CASES = [("small", careless, 20, 4), ("instruct", uneven, 20, 3), ("small", grammar, 4, 3)]


@pytest.mark.slow
@pytest.mark.parametrize("name, make, number, apart", CASES)
def test_equal_to_the_harness(name, make, number, apart, tmp_path, monkeypatch):
    """Log-probabilities, and who is right by each of the four ways, are its own."""
    for variable in ("HF_HUB_OFFLINE", "HF_DATASETS_OFFLINE"):
        monkeypatch.setenv(variable, "1")
    pytest.importorskip("lm_eval", reason='needs the extra "harness"')
    one, asked = examinee(name), make(number, np.random.default_rng(0))
    save(tmp_path, one.model, one.words)
    space = " " if asked[0].text else ""
    write = (lambda text: render([{"role": "user", "content": text}])) if one.is_tuned else dialogue
    theirs = harness(tmp_path, asked, [write(each.text) for each in asked], space)
    bare = [
        each._replace(text="", choices=tuple(space + choice for choice in each.choices))
        for each in asked
    ]
    marks = []
    for each, logged, *logps in zip(asked, theirs, examine(one, asked), examine(one, bare)):
        told = [logp for logp, _ in logged[0]["filtered_resps"]]
        assert told == pytest.approx(np.concatenate(logps), abs=2e-4)
        found = four_ways(*logps, each.choices)
        golds = [each._replace(gold=gold) for gold in range(len(each.choices))]
        ours = np.array([hits(golds, [found[way]] * len(golds)) for way in WAYS])
        assert ours.tolist() == [[row[way] for row in logged] for way in WAYS], each
        marks.append(ours)
    assert len(np.unique(np.concatenate(marks, axis=1), axis=0)) == apart
