"""Check the exercises of lesson 11: what is learnt, who sees whom, a faulty row, an attempt."""

import torch

from moe_lesson.study.checks import demand, exercise, untouched
from moe_lesson.text.tokenizer import END, START

FEWEST = 20  # questions of each wording in the last exercise
UNDERSTOOD = 5  # of them are told without a ban, or a wording shows nothing
OUTLIVES = "a list that is a default argument outlives the call"
HARD_CODED = "the size stands there as a number, and len(dialogue_S) says it"


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
    ids, learnt = _two_lists(answer([(list(ids), is_answer) for ids, is_answer in turns]))
    _ids(ids)
    _marks(ids, learnt)
    ids, learnt = _two_lists(answer([([5], False), ([6, 7], False), ([8], True)]))
    outlives = ids[1:3] == [10, 11]
    demand(not outlives, f"your second dialogue begins with the first: {OUTLIVES}")
    said = f"two questions in a row, then [8]: your ids are {ids}, you learn the places "
    said += f"{[place for place, mark in enumerate(learnt) if mark]}; "
    wanted = [START, 5, 6, 7, 8, END], [False] * 4 + [True] * 2
    demand((ids, learnt) == wanted, said + "it is is_answer that says who spoke, not the place")
    _asked_again(answer)
    said = "you changed the turns that were handed over"
    untouched(answer, [([5, 6], False), ([7], True)], when="a question, an answer", said=said)


def _asked_again(answer):
    """Demand the ids and marks where a question has its answer's ids, and another comes last."""
    ids, learnt = _two_lists(answer([([5, 6], False), ([6, 5], True), ([5], False)]))
    wanted = [START, 5, 6, 6, 5, END, 5]
    said = f"5 6 asked, 6 5 said, 5 asked: your ids are {ids}, they must be {wanted}: "
    demand(ids == wanted, said + "nobody has answered the last question, so no 2 ends it")
    chosen = [place for place, mark in enumerate(learnt) if mark]
    said = f"5 6 asked, 6 5 said, 5 asked: you learn the places {chosen}, they must be 3, 4, 5: "
    demand(chosen == [3, 4, 5], said + "an id may be asked here and said there")


def _two_lists(given):
    """Demand ids and as many marks; return both as lists."""
    demand(isinstance(given, (tuple, list)) and len(given) == 2, "return two lists: ids, learnt")
    demand(all(hasattr(part, "__len__") for part in given), "return two lists: ids, learnt")
    ids, learnt = (_flat(part) for part in given)
    demand(len(ids) == len(learnt), f"{len(ids)} ids and {len(learnt)} marks: one for each id")
    are_marks = all(one in (0, 1) for one in ids) and not all(one in (0, 1) for one in learnt)
    demand(not are_marks, "first the ids, then the marks: yours stand the other way round")
    return ids, [bool(mark) for mark in learnt]


def _flat(part):
    """Demand a list of numbers, not of lists."""
    values = part.tolist() if hasattr(part, "tolist") else list(part)
    nested = any(hasattr(one, "__len__") for one in values)
    demand(not nested, "ids and marks are flat lists: yours hold lists")
    return values


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
    early = chosen == [11, 20, 12, 21, 22, 23]
    demand(not early, said + "the marks stand one place early: mark the id that is said")
    demand(chosen != [END, 22, 23, END], said + "the first id of an answer is learnt, too")
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
    given = _table(answer, dialogue_S)
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
    one = _table(answer, torch.tensor([4, 4])).tolist()
    demand(one == [[True, False], [True, True]], "dialogue 4 is one like any")
    three = _table(answer, torch.tensor([9, 2, 2])).int().tolist()
    said = f"dialogues 9, 2, 2: your table is {three}. Only equal numbers belong together"
    demand(three == [[1, 0, 0], [0, 1, 0], [0, 1, 1]], said)
    nine = _table(answer, torch.zeros(9, dtype=torch.long))
    demand(bool(nine[8].all()), "a dialogue of nine: its last place sees all, the first, too")


def _table(answer, dialogue_S):
    """Ask for the table of a row; demand one of True and False, as large as the row."""
    S = len(dialogue_S)
    said = "you changed the row that was handed over"
    when = f"a row of {S} places"
    given = untouched(answer, dialogue_S, when=when, hint=HARD_CODED, said=said)
    demand(isinstance(given, torch.Tensor), f"return a tensor, not a {type(given).__name__}")
    found = tuple(given.shape)
    demand(found == (S, S), f"{S} places: the shape is {found}, it must be {(S, S)}")
    demand(given.dtype == torch.bool, f"the table holds {given.dtype}: let it hold True and False")
    return given


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
    ids, learnt = _two_lists(answer(cut, "a bb", "ccc dddd eeeee"))
    said = f"your ids are {ids}: "
    demand(START in ids, said + "there is no <s> left, and one must be there")
    demand(ids.index(START) == 0, said + "<s> stands in front of everything")
    inside = ids.count(START) - 1
    demand(ids[1:2] != [START], said + "two <s> in front: cut adds one by itself")
    demand(not inside, said + "a second <s> stands before the answer: cut adds it there, too")
    demand(ids[-1] == END, said + "the answer does not end with 2")
    demand(3 in ids and 4 in ids, said + "where are [INST] (3) and [/INST] (4)?")
    wanted = [START, 3, 101, 102, 4, 103, 104, 105, END]
    demand(ids == wanted, said + f"they must be {wanted}")
    chosen = [place for place, mark in enumerate(learnt) if mark]
    said = f"you learn the places {chosen}: "
    demand(chosen[:2] != [0, 5], said + "nothing predicts <s>")
    demand(not set(chosen) & set(range(4)), said + "0 to 4 are the question")
    demand(4 not in chosen, said + "4 is [/INST], which the user's turn ends with")
    demand(8 in chosen, said + "8 is the answer's </s>, without which it never stops")
    demand(chosen == [5, 6, 7, 8], said + "they must be 5 to 8")
    ids, learnt = _two_lists(answer(cut, "a bb ccc", "dd"))
    said = f"a question of 3 words, an answer of 1: your ids are {ids}, "
    wanted = [START, 3, 101, 102, 103, 4, 102, END]
    demand(ids == wanted, f"{said}they must be {wanted}")
    chosen = [place for place, mark in enumerate(learnt) if mark]
    demand(chosen == [6, 7], f"{said}you learn the places {chosen}: it must be 6 and 7")


@exercise("each wording has its control: a ban can hold back only what is told without it.")
def own_attempt(answer):
    """Check ``answer()``: wording -> whether each question was told without the ban, with it.

    >>> told, banned = [number % 3 > 0 for number in range(24)], [False, True] * 12
    >>> own_attempt(lambda: {"plain": (told, banned), "in verse": (told[1:] + told[:1], told)})
    plain: told 16 of 24 without the ban, 12 with it
    in verse: told 16 of 24 without the ban, 16 with it; 8 only here, 4 only plain
    correct: each wording has its control: a ban can hold back only what is told without it.

    Lesson 11.
    """
    given = answer()
    demand(isinstance(given, dict), f"return a dict, not a {type(given).__name__}")
    demand(len(given) > 1, "one wording alone says nothing: ask the plain question, too")
    runs = {name: _both(name, told) for name, told in given.items()}
    sizes = sorted({len(told) for both in runs.values() for told in both})
    demand(len(sizes) == 1, f"{sizes} questions: ask the same ones each time")
    fewest = f"{sizes[0]} questions: fewer than {FEWEST} say little"
    demand(sizes[0] >= FEWEST, fewest)
    for name, (free, _) in runs.items():
        told = f"{name}: without a ban it tells {sum(free)} of {sizes[0]}: it is not understood"
        demand(sum(free) >= UNDERSTOOD, told)
    first = next(iter(runs))
    for name, (free, banned) in runs.items():
        told = f"{name}: told {sum(free)} of {sizes[0]} without the ban, {sum(banned)} with it"
        pairs = list(zip(banned, runs[first][1]))
        here, there = pairs.count((True, False)), pairs.count((False, True))
        beside = f"; {here} only here, {there} only {first}"
        print(told + beside * (name != first))


def _both(name, given):
    """Demand two lists: told without the ban, told with it."""
    is_pair = isinstance(given, (tuple, list)) and len(given) == 2
    demand(is_pair, f"{name}: give a pair of lists, told without the ban and told with it")
    return [_truths(name, told) for told in given]


def _truths(name, told):
    """Demand a list of True and False."""
    demand(hasattr(told, "__len__"), f"{name}: give a list, one a question, not {told}")
    demand(all(one in (True, False) for one in told), f"{name}: give True or False a question")
    return [bool(one) for one in told]
