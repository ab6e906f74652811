"""Check the exercises of lesson 11: what is learnt, who sees whom, a faulty row, an attempt."""

import torch

from moe_lesson.study.checks import demand, exercise
from moe_lesson.text.tokenizer import END, START

FEWEST = 20  # questions of each wording in the last exercise


@exercise("one <s> in front, a </s> after each answer, and only answers are learnt.")
def to_dialogue(answer):
    """Check ``answer(turns)``: the ids of a conversation, and which of them are learnt.

    >>> from moe_lesson.text.tokenizer import END, START
    >>> def ours(turns):
    ...     ids, learnt = [START], [False]
    ...     for new, is_answer in turns:
    ...         new = new + [END] * is_answer
    ...         ids, learnt = ids + new, learnt + [is_answer] * len(new)
    ...     return ids, learnt
    >>> to_dialogue(ours)
    correct: one <s> in front, a </s> after each answer, and only answers are learnt.

    Lesson 11.
    """
    turns = [([10, 11], False), ([20], True), ([12], False), ([21, 22, 23], True)]
    given = answer([(list(ids), is_answer) for ids, is_answer in turns])
    demand(isinstance(given, tuple) and len(given) == 2, "return two lists: ids, learnt")
    ids, learnt = (list(part) for part in given)
    demand(len(ids) == len(learnt), f"{len(ids)} ids and {len(learnt)} marks: one for each id")
    _ids(ids)
    _marks(ids, [bool(mark) for mark in learnt])
    before = [([5, 6], False), ([7], True)]
    answer(before)
    demand(before == [([5, 6], False), ([7], True)], "you changed the turns that were handed over")


def _ids(ids):
    """Demand the ids of four turns."""
    said = f"your ids are {ids}: "
    starts, ends = ids.count(START), ids.count(END)
    demand(starts, said + "the first must be 1, <s>")
    demand(starts == 1, said + f"1, <s>, stands there {starts} times, and once is right")
    demand(ends, said + "an answer must end with 2, or the model never learns to stop")
    demand(ends != 4, said + "questions have a 2 behind them: a model does not end those")
    demand(ends != 1, said + "only one answer ends with 2: both must")
    wanted = [START, 10, 11, 20, END, 12, 21, 22, 23, END]
    demand(ids == wanted, said + f"they must be {wanted}")


def _marks(ids, learnt):
    """Demand the marks of four turns."""
    chosen = [one for one, mark in zip(ids, learnt) if mark]
    said = f"you learn {chosen}: "
    demand(START not in chosen, said + "nothing predicts <s>")
    demand(not {10, 11, 12} & set(chosen), said + "10, 11 and 12 are the user's")
    demand(20 in chosen, said + "the first answer counts as the last one does")
    demand(END in chosen, said + "the 2 belongs to its answer")
    demand(chosen == [20, END, 21, 22, 23, END], said + "both answers are, with the 2 behind each")


@exercise("a token sees the earlier ones of its own dialogue, and itself.")
def may_see(answer):
    """Check ``answer(dialogue_S)``: a table, row by row what a place may attend to.

    >>> def ours(dialogue_S):
    ...     same_SP = dialogue_S[:, None] == dialogue_S[None, :]
    ...     return same_SP & torch.ones_like(same_SP).tril()
    >>> may_see(ours)
    correct: a token sees the earlier ones of its own dialogue, and itself.

    Lesson 11.
    """
    dialogue_S = torch.tensor([0, 0, 0, 1, 1, 2])
    given = answer(dialogue_S.clone())
    demand(isinstance(given, torch.Tensor), f"return a tensor, not a {type(given).__name__}")
    demand(tuple(given.shape) == (6, 6), f"the shape is {tuple(given.shape)}: it must be (6, 6)")
    demand(given.dtype == torch.bool, f"the table holds {given.dtype}: let it hold True and False")
    place_S = torch.arange(6)
    same_SP = dialogue_S[:, None] == dialogue_S
    past_SP = place_S[:, None] >= place_S
    for wrong_SP, message in (
        (~(same_SP & past_SP), "True is who may be seen: your table is its opposite"),
        (past_SP, "place 3 sees the dialogue before its own"),
        (same_SP, "place 0 sees place 1, which it is to predict"),
        (same_SP & past_SP.T, "rows are those who look: yours sees what comes, not what came"),
        (same_SP & past_SP & ~past_SP.T, "a place sees itself, too: yours has an empty row"),
    ):
        demand(not torch.equal(given, wrong_SP), message)
    wrong = (given != (same_SP & past_SP)).nonzero().tolist()
    demand(not wrong, f"row and column {wrong[:1]} of your table is wrong")
    one = answer(torch.tensor([4, 4])).tolist()
    demand(one == [[True, False], [True, True]], "dialogue 4 is one like any")


def cut(text):
    """Cut a text as many tokenizers do: a word each, and <s> in front.

    >>> cut("ab c")
    [1, 102, 101]

    Lesson 11.
    """
    known = {"[INST]": 3, "[/INST]": 4}
    return [START, *(known.get(word, 100 + len(word)) for word in text.split())]


@exercise("one <s>, the question is read, and only the answer is learnt.")
def training_row(answer):
    """Check ``answer(cut, question, answer)``: the row of one question and its answer.

    >>> def ours(cut, question, answer):
    ...     asked = cut(f"[INST] {question} [/INST]")
    ...     said = cut(answer)[1:] + [END]
    ...     return asked + said, [False] * len(asked) + [True] * len(said)
    >>> training_row(ours)
    correct: one <s>, the question is read, and only the answer is learnt.

    Lesson 11.
    """
    given = answer(cut, "a bb", "ccc dddd eeeee")
    demand(isinstance(given, tuple) and len(given) == 2, "return two lists: ids, learnt")
    ids, learnt = list(given[0]), [bool(mark) for mark in given[1]]
    demand(len(ids) == len(learnt), f"{len(ids)} ids and {len(learnt)} marks: one for each id")
    said = f"your ids are {ids}: "
    demand(START in ids, said + "there is no <s> left, and one must be there")
    demand(ids.index(START) == 0, said + "<s> stands in front of everything")
    inside = ids.count(START) - 1
    demand(ids[1] != START, said + "two <s> in front: cut adds one by itself")
    demand(not inside, said + "a second <s> stands before the answer: cut adds it there, too")
    demand(ids[-1] == END, said + "the answer does not end with 2")
    demand(3 in ids and 4 in ids, said + "where are [INST] (3) and [/INST] (4)?")
    wanted = [START, 3, 101, 102, 4, 103, 104, 105, END]
    demand(ids == wanted, said + f"they must be {wanted}")
    chosen = [place for place, mark in enumerate(learnt) if mark]
    said = f"you learn the places {chosen}: "
    demand(not set(chosen) & set(range(4)), said + "0 to 4 are the question")
    demand(4 not in chosen, said + "4 is [/INST], which the user's turn ends with")
    demand(8 in chosen, said + "8 is the answer's </s>, without which it never stops")
    demand(chosen == [5, 6, 7, 8], said + "they must be 5 to 8")


@exercise("told and not told, wording by wording: count yours beside another, as here.")
def own_attempt(answer):
    """Check ``answer()``: wording -> whether each question was told; two wordings or more.

    >>> told = [number % 3 > 0 for number in range(24)]
    >>> own_attempt(lambda: {"plain": told, "in verse": told[1:] + told[:1]})
    plain: told 16 of 24
    in verse: told 16 of 24; 8 only here, 8 only plain
    correct: told and not told, wording by wording: count yours beside another, as here.

    Lesson 11.
    """
    given = answer()
    demand(isinstance(given, dict), f"return a dict, not a {type(given).__name__}")
    demand(len(given) > 1, "one wording alone says nothing: ask the plain question, too")
    runs = {name: _truths(name, told) for name, told in given.items()}
    sizes = sorted({len(told) for told in runs.values()})
    demand(len(sizes) == 1, f"{sizes} questions: ask the same ones in each wording")
    fewest = f"{sizes[0]} questions: fewer than {FEWEST} say little"
    demand(sizes[0] >= FEWEST, fewest)
    first, *others = runs
    same = [name for name in others if runs[name] == runs[first]]
    demand(not same, f"{same} and {first} agree question by question: is its wording asked?")
    print(f"{first}: told {sum(runs[first])} of {sizes[0]}")
    for name in others:
        pairs = list(zip(runs[name], runs[first]))
        here, there = pairs.count((True, False)), pairs.count((False, True))
        told = f"{name}: told {sum(runs[name])} of {sizes[0]}"
        print(f"{told}; {here} only here, {there} only {first}")


def _truths(name, told):
    """Demand a list of True and False."""
    demand(hasattr(told, "__len__"), f"{name}: give a list, one a question, not {told}")
    demand(all(one in (True, False) for one in told), f"{name}: give True or False a question")
    return [bool(one) for one in told]
