"""Plausible wrong answers to the exercises of lesson 11, and what the check says to each.

exercise -> [(name, source, part of the message)]. The key is the name that the exercise's
cells share: ``may-see`` for ``may-see-stub``, ``may-see-check`` and ``may-see-hints``.
"""

WRONG_ANSWERS = {
    "to-dialogue": [
        (
            "no <s>",
            """
def to_dialogue(turns):
    ids, learnt = [], []
    for new, is_answer in turns:
        new = new + [2] * is_answer
        ids, learnt = ids + new, learnt + [is_answer] * len(new)
    return ids, learnt
""",
            "the first must be 1",
        ),
        (
            "<s> for each turn",
            """
def to_dialogue(turns):
    ids, learnt = [], []
    for new, is_answer in turns:
        new = [1] + new + [2] * is_answer
        ids, learnt = ids + new, learnt + [is_answer] * len(new)
    return ids, learnt
""",
            "stands there 4 times",
        ),
        (
            "no </s>",
            """
def to_dialogue(turns):
    ids, learnt = [1], [False]
    for new, is_answer in turns:
        ids, learnt = ids + new, learnt + [is_answer] * len(new)
    return ids, learnt
""",
            "never learns to stop",
        ),
        (
            "</s> behind questions too",
            """
def to_dialogue(turns):
    ids, learnt = [1], [False]
    for new, is_answer in turns:
        new = new + [2]
        ids, learnt = ids + new, learnt + [is_answer] * len(new)
    return ids, learnt
""",
            "questions have a 2 behind them",
        ),
        (
            "</s> at the very end only",
            """
def to_dialogue(turns):
    ids, learnt = [1], [False]
    for new, is_answer in turns:
        ids, learnt = ids + new, learnt + [is_answer] * len(new)
    return ids + [2], learnt + [True]
""",
            "only one answer ends with 2",
        ),
        (
            "</s> not learnt",
            """
def to_dialogue(turns):
    ids, learnt = [1], [False]
    for new, is_answer in turns:
        ids, learnt = ids + new, learnt + [is_answer] * len(new)
        if is_answer:
            ids, learnt = ids + [2], learnt + [False]
    return ids, learnt
""",
            "the 2 belongs to its answer",
        ),
        (
            "all learnt",
            """
def to_dialogue(turns):
    ids = [1]
    for new, is_answer in turns:
        ids = ids + new + [2] * is_answer
    return ids, [True] * len(ids)
""",
            "nothing predicts <s>",
        ),
        (
            "questions learnt",
            """
def to_dialogue(turns):
    ids, learnt = [1], [False]
    for new, is_answer in turns:
        new = new + [2] * is_answer
        ids, learnt = ids + new, learnt + [True] * len(new)
    return ids, learnt
""",
            "10, 11 and 12 are the user's",
        ),
        (
            "only the last answer",
            """
def to_dialogue(turns):
    ids, learnt = [1], [False]
    for place, (new, is_answer) in enumerate(turns):
        new = new + [2] * is_answer
        ids, learnt = ids + new, learnt + [place == len(turns) - 1] * len(new)
    return ids, learnt
""",
            "the first answer counts",
        ),
        (
            "turns changed",
            """
def to_dialogue(turns):
    ids, learnt = [1], [False]
    for new, is_answer in turns:
        if is_answer:
            new.append(2)
        ids, learnt = ids + new, learnt + [is_answer] * len(new)
    return ids, learnt
""",
            "you changed the turns",
        ),
        (
            "marks of turns, not of ids",
            """
def to_dialogue(turns):
    ids, learnt = [1], [False]
    for new, is_answer in turns:
        new = new + [2] * is_answer
        ids, learnt = ids + new, learnt + [is_answer]
    return ids, learnt
""",
            "10 ids and 5 marks",
        ),
        (
            "marks by turns",
            """
def to_dialogue(turns):
    ids, learnt = [1], [False]
    for place, (new, _) in enumerate(turns):
        is_answer = place % 2 == 1
        new = new + [2] * is_answer
        ids, learnt = ids + new, learnt + [is_answer] * len(new)
    return ids, learnt
""",
            "it is is_answer that says who spoke",
        ),
        (
            "marks first",
            """
def to_dialogue(turns):
    ids, learnt = [1], [False]
    for new, is_answer in turns:
        new = new + [2] * is_answer
        ids, learnt = ids + new, learnt + [is_answer] * len(new)
    return learnt, ids
""",
            "yours stand the other way round",
        ),
        (
            "lists in lists",
            """
def to_dialogue(turns):
    ids, learnt = [[1]], [[False]]
    for new, is_answer in turns:
        new = new + [2] * is_answer
        ids, learnt = ids + [new], learnt + [[is_answer] * len(new)]
    return ids, learnt
""",
            "are flat lists",
        ),
        (
            "ids alone",
            """
def to_dialogue(turns):
    ids = [1]
    for new, is_answer in turns:
        ids = ids + new + [2] * is_answer
    return ids
""",
            "return two lists",
        ),
        (
            "marks by the id's value",
            """
def to_dialogue(turns):
    ids, said = [1], {2}
    for new, is_answer in turns:
        ids = ids + new + [2] * is_answer
        said |= set(new) if is_answer else set()
    return ids, [one in said for one in ids]
""",
            "an id may be asked here and said there",
        ),
        (
            "a 2 at the end whoever spoke last",
            """
def to_dialogue(turns):
    ids, learnt = [1], [False]
    for place, (new, is_answer) in enumerate(turns):
        last = place == len(turns) - 1
        new = new + [2] * (is_answer or last)
        ids, learnt = ids + new, learnt + [is_answer] * len(new)
    return ids, learnt
""",
            "nobody has answered the last question, so no 2 ends it",
        ),
        (
            "marks counted before the 2",
            """
def to_dialogue(turns):
    ids, learnt = [1], [False]
    for new, is_answer in turns:
        learnt = learnt + [is_answer] * len(new)
        ids = ids + new + [2] * is_answer
    return ids, learnt
""",
            "10 ids and 8 marks: one for each id",
        ),
        (
            "marks one place early",
            """
def to_dialogue(turns):
    ids, learnt = [1], []
    for new, is_answer in turns:
        new = new + [2] * is_answer
        ids, learnt = ids + new, learnt + [is_answer] * len(new)
    return ids, learnt + [False]
""",
            "the marks stand one place early",
        ),
        (
            "the first of an answer unlearnt",
            """
def to_dialogue(turns):
    ids, learnt = [1], [False]
    for new, is_answer in turns:
        ids = ids + new + [2] * is_answer
        learnt = learnt + ([False] + [True] * len(new) if is_answer else [False] * len(new))
    return ids, learnt
""",
            "the first id of an answer is learnt, too",
        ),
        (
            "lists that outlive the call",
            """
def to_dialogue(turns, ids=[1], learnt=[False]):
    for new, is_answer in turns:
        new = new + [2] * is_answer
        ids += new
        learnt += [is_answer] * len(new)
    return ids, learnt
""",
            "a list that is a default argument outlives the call",
        ),
        (
            "question and answer by twos",
            """
def to_dialogue(turns):
    ids, learnt = [1], [False]
    for (asked, _), (said, _) in zip(turns[::2], turns[1::2]):
        ids = ids + asked + said + [2]
        learnt = learnt + [False] * len(asked) + [True] * (len(said) + 1)
    return ids, learnt
""",
            "it is is_answer that says who spoke, not the place",
        ),
    ],
    "may-see": [
        (
            "only the past",
            """
def may_see(dialogue_S):
    S = len(dialogue_S)
    return torch.ones(S, S, dtype=torch.bool).tril()
""",
            "place 3 sees the dialogue before its own",
        ),
        (
            "only the dialogue",
            "def may_see(dialogue_S):\n    return dialogue_S[:, None] == dialogue_S[None, :]",
            "place 0 sees place 1",
        ),
        (
            "the wrong triangle",
            """
def may_see(dialogue_S):
    same_SP = dialogue_S[:, None] == dialogue_S[None, :]
    return same_SP & torch.ones_like(same_SP).triu()
""",
            "yours sees what comes",
        ),
        (
            "not itself",
            """
def may_see(dialogue_S):
    same_SP = dialogue_S[:, None] == dialogue_S[None, :]
    return same_SP & torch.ones_like(same_SP).tril(-1)
""",
            "a place sees itself, too",
        ),
        (
            "who is hidden",
            """
def may_see(dialogue_S):
    same_SP = dialogue_S[:, None] == dialogue_S[None, :]
    return ~(same_SP & torch.ones_like(same_SP).tril())
""",
            "your table is its opposite",
        ),
        (
            "numbers",
            """
def may_see(dialogue_S):
    same_SP = dialogue_S[:, None] == dialogue_S[None, :]
    return (same_SP & torch.ones_like(same_SP).tril()).float()
""",
            "let it hold True and False",
        ),
        (
            "earlier dialogues too",
            """
def may_see(dialogue_S):
    past_SP = torch.ones(len(dialogue_S), len(dialogue_S), dtype=torch.bool).tril()
    return past_SP & (dialogue_S[:, None] <= dialogue_S[None, :] + 1)
""",
            "of your table is wrong",
        ),
        (
            "three dialogues, hard-coded",
            """
def may_see(dialogue_S):
    found = torch.zeros(len(dialogue_S), len(dialogue_S), dtype=torch.bool)
    for number in range(3):
        own = dialogue_S == number
        found |= own[:, None] & own[None, :]
    return found & torch.ones_like(found).tril()
""",
            "dialogue 4 is one like any",
        ),
        (
            "a window of three",
            """
def may_see(dialogue_S):
    same_SP = dialogue_S[:, None] == dialogue_S[None, :]
    return same_SP & torch.ones_like(same_SP).tril() & torch.ones_like(same_SP).triu(-2)
""",
            "its last place sees all",
        ),
        (
            "six, hard-coded",
            """
def may_see(dialogue_S):
    same_SP = dialogue_S[:, None] == dialogue_S[None, :]
    return same_SP & torch.ones(6, 6, dtype=torch.bool).tril()
""",
            "the size stands there as a number",
        ),
        (
            "a list",
            """
def may_see(dialogue_S):
    same_SP = dialogue_S[:, None] == dialogue_S[None, :]
    return (same_SP & torch.ones_like(same_SP).tril()).tolist()
""",
            "return a tensor",
        ),
        (
            "numbers that never fall",
            """
def may_see(dialogue_S):
    later_SP = dialogue_S[:, None] <= dialogue_S[None, :]
    return later_SP & torch.ones_like(later_SP).tril()
""",
            "Only equal numbers belong together",
        ),
        (
            "blocks by sorted numbers",
            """
def may_see(dialogue_S):
    sizes = dialogue_S.unique(return_counts=True)[1].tolist()
    return torch.block_diag(*[torch.ones(n, n).tril() for n in sizes]).bool()
""",
            "Only equal numbers belong together",
        ),
        (
            "changed in place",
            """
def may_see(dialogue_S):
    dialogue_S -= dialogue_S.min()
    same_SP = dialogue_S[:, None] == dialogue_S[None, :]
    return same_SP & torch.ones_like(same_SP).tril()
""",
            "you changed the row that was handed over",
        ),
        (
            "a list of places",
            """
def may_see(dialogue_S):
    same_SP = dialogue_S[:, None] == dialogue_S[None, :]
    return (same_SP & torch.ones_like(same_SP).tril()).nonzero()
""",
            "the shape is (10, 2), it must be (6, 6)",
        ),
        (
            "one place alone",
            """
def may_see(dialogue_S):
    return torch.eye(len(dialogue_S), dtype=torch.bool)
""",
            "row and column [[1, 0]]",
        ),
    ],
    "answer-loss": [
        (
            "unshifted",
            """
def answer_loss(logits_BSV, id_BS, answer_BS):
    nats_BS = F.cross_entropy(logits_BSV.mT, id_BS, reduction="none")
    return nats_BS[answer_BS].mean()
""",
            "Each place predicts itself",
        ),
        (
            "marks unshifted",
            """
def answer_loss(logits_BSV, id_BS, answer_BS):
    nats_BS = F.cross_entropy(logits_BSV[:, :-1].mT, id_BS[:, 1:], reduction="none")
    return nats_BS[answer_BS[:, :-1]].mean()
""",
            "one place too late",
        ),
        (
            "everything learnt",
            """
def answer_loss(logits_BSV, id_BS, answer_BS):
    return F.cross_entropy(logits_BSV[:, :-1].mT, id_BS[:, 1:])
""",
            "The question is learnt, too",
        ),
        (
            "mean of means",
            """
def answer_loss(logits_BSV, id_BS, answer_BS):
    nats_BS = F.cross_entropy(logits_BSV[:, :-1].mT, id_BS[:, 1:], reduction="none")
    learnt_BS = answer_BS[:, 1:]
    return ((nats_BS * learnt_BS).sum(1) / learnt_BS.sum(1)).mean()
""",
            "the short answer counts too much",
        ),
        (
            "sum",
            """
def answer_loss(logits_BSV, id_BS, answer_BS):
    nats_BS = F.cross_entropy(logits_BSV[:, :-1].mT, id_BS[:, 1:], reduction="none")
    return nats_BS[answer_BS[:, 1:]].sum()
""",
            "That is the sum",
        ),
        (
            "by all places",
            """
def answer_loss(logits_BSV, id_BS, answer_BS):
    nats_BS = F.cross_entropy(logits_BSV[:, :-1].mT, id_BS[:, 1:], reduction="none")
    return (nats_BS * answer_BS[:, 1:]).mean()
""",
            "You divide by all places",
        ),
        (
            "by rows",
            """
def answer_loss(logits_BSV, id_BS, answer_BS):
    nats_BS = F.cross_entropy(logits_BSV[:, :-1].mT, id_BS[:, 1:], reduction="none")
    return (nats_BS * answer_BS[:, 1:]).sum() / len(id_BS)
""",
            "by the number of rows",
        ),
        (
            "a loss for each token",
            """
def answer_loss(logits_BSV, id_BS, answer_BS):
    nats_BS = F.cross_entropy(logits_BSV[:, :-1].mT, id_BS[:, 1:], reduction="none")
    return nats_BS[answer_BS[:, 1:]]
""",
            "the loss has shape (4,)",
        ),
        (
            "bits",
            """
def answer_loss(logits_BSV, id_BS, answer_BS):
    nats_BS = F.cross_entropy(logits_BSV[:, :-1].mT, id_BS[:, 1:], reduction="none")
    return nats_BS[answer_BS[:, 1:]].mean() / log(2)
""",
            "These are bits",
        ),
        (
            "detached",
            """
def answer_loss(logits_BSV, id_BS, answer_BS):
    nats_BS = F.cross_entropy(logits_BSV[:, :-1].mT, id_BS[:, 1:], reduction="none")
    return nats_BS[answer_BS[:, 1:]].mean().detach()
""",
            "do not detach it",
        ),
        (
            "no .mT",
            """
def answer_loss(logits_BSV, id_BS, answer_BS):
    nats_BS = F.cross_entropy(logits_BSV[:, :-1], id_BS[:, 1:], reduction="none")
    return nats_BS[answer_BS[:, 1:]].mean()
""",
            "and .mT is missing",
        ),
        (
            "shifted the other way",
            """
def answer_loss(logits_BSV, id_BS, answer_BS):
    nats_BS = F.cross_entropy(logits_BSV[:, 1:].mT, id_BS[:, :-1], reduction="none")
    return nats_BS[answer_BS[:, :-1]].mean()
""",
            "The shift goes the other way",
        ),
        (
            "softmax first",
            """
def answer_loss(logits_BSV, id_BS, answer_BS):
    nats_BS = F.cross_entropy(logits_BSV.softmax(-1)[:, :-1].mT, id_BS[:, 1:], reduction="none")
    return nats_BS[answer_BS[:, 1:]].mean()
""",
            "cross_entropy takes scores",
        ),
        (
            "questions",
            """
def answer_loss(logits_BSV, id_BS, answer_BS):
    nats_BS = F.cross_entropy(logits_BSV[:, :-1].mT, id_BS[:, 1:], reduction="none")
    return nats_BS[~answer_BS[:, 1:]].mean()
""",
            "Only the question is learnt",
        ),
        (
            "rolled",
            """
def answer_loss(logits_BSV, id_BS, answer_BS):
    nats_BS = F.cross_entropy(logits_BSV.mT, id_BS.roll(-1, 1), reduction="none")
    return nats_BS[answer_BS.roll(-1, 1)].mean()
""",
            "roll brings it round",
        ),
        (
            "across rows",
            """
def answer_loss(logits_BSV, id_BS, answer_BS):
    nats_BS = F.cross_entropy(logits_BSV.flatten(0, 1)[:-1], id_BS.flatten()[1:], reduction="none")
    return nats_BS[answer_BS.flatten()[1:]].mean()
""",
            "predicts the second row",
        ),
        (
            "all marks counted",
            """
def answer_loss(logits_BSV, id_BS, answer_BS):
    nats_BS = F.cross_entropy(logits_BSV[:, :-1].mT, id_BS[:, 1:], reduction="none")
    return (nats_BS * answer_BS[:, 1:]).sum() / answer_BS.sum()
""",
            "which no place predicts",
        ),
        (
            "six, hard-coded",
            """
def answer_loss(logits_BSV, id_BS, answer_BS):
    flat, wanted = logits_BSV[:, :-1].reshape(-1, 6), id_BS[:, 1:].reshape(-1)
    return F.cross_entropy(flat, wanted, reduction="none")[answer_BS[:, 1:].reshape(-1)].mean()
""",
            "a size stands there as a number",
        ),
        (
            "ids overwritten",
            """
def answer_loss(logits_BSV, id_BS, answer_BS):
    id_BS[~answer_BS] = -100
    return F.cross_entropy(logits_BSV[:, :-1].mT, id_BS[:, 1:])
""",
            "masked_fill makes new ones",
        ),
        (
            "0 is padding",
            """
def answer_loss(logits_BSV, id_BS, answer_BS):
    wanted_BS = torch.where(answer_BS, id_BS, 0)
    return F.cross_entropy(logits_BSV[:, :-1].mT, wanted_BS[:, 1:], ignore_index=0)
""",
            "0 is an id like any, and you leave it out",
        ),
        (
            "</s> left out",
            """
def answer_loss(logits_BSV, id_BS, answer_BS):
    nats_BS = F.cross_entropy(logits_BSV[:, :-1].mT, id_BS[:, 1:], reduction="none")
    return nats_BS[answer_BS[:, 1:] & (id_BS[:, 1:] != 2)].mean()
""",
            "The 2 is learnt, too, and you leave it out",
        ),
        (
            "median",
            """
def answer_loss(logits_BSV, id_BS, answer_BS):
    nats_BS = F.cross_entropy(logits_BSV[:, :-1].mT, id_BS[:, 1:], reduction="none")
    return nats_BS[answer_BS[:, 1:]].median()
""",
            "you say 2.4878, it must be 3.2399",
        ),
        (
            "a number",
            """
def answer_loss(logits_BSV, id_BS, answer_BS):
    nats_BS = F.cross_entropy(logits_BSV[:, :-1].mT, id_BS[:, 1:], reduction="none")
    return nats_BS[answer_BS[:, 1:]].mean().item()
""",
            "the loss is a float: it must be a tensor",
        ),
        (
            "perplexity",
            """
def answer_loss(logits_BSV, id_BS, answer_BS):
    nats_BS = F.cross_entropy(logits_BSV[:, :-1].mT, id_BS[:, 1:], reduction="none")
    return nats_BS[answer_BS[:, 1:]].mean().exp()
""",
            "That is the perplexity",
        ),
        (
            "probabilities",
            """
def answer_loss(logits_BSV, id_BS, answer_BS):
    share_BS = logits_BSV.softmax(-1)[:, :-1].gather(2, id_BS[:, 1:, None])[..., 0]
    return -share_BS[answer_BS[:, 1:]].mean().log()
""",
            "The mean of logarithms, not the logarithm of a mean",
        ),
        (
            "two rows, hard-coded",
            """
def answer_loss(logits_BSV, id_BS, answer_BS):
    nats_BS = F.cross_entropy(logits_BSV[:, :-1].mT, id_BS[:, 1:], reduction="none")
    learnt_BS = answer_BS[:, 1:]
    return torch.cat([nats_BS[row][learnt_BS[row]] for row in range(2)]).mean()
""",
            "You read two rows, and there are three",
        ),
    ],
    "training-row": [
        (
            "as it was",
            """
def training_row(cut, question, answer):
    ids = [1] + cut(f"[INST] {question} [/INST]") + cut(answer) + [2]
    return ids, [True] * len(ids)
""",
            "two <s> in front",
        ),
        (
            "only the front mended",
            """
def training_row(cut, question, answer):
    ids = cut(f"[INST] {question} [/INST]") + cut(answer) + [2]
    return ids, [True] * len(ids)
""",
            "a second <s> stands before the answer",
        ),
        (
            "only the ids mended",
            """
def training_row(cut, question, answer):
    ids = cut(f"[INST] {question} [/INST]") + cut(answer)[1:] + [2]
    return ids, [True] * len(ids)
""",
            "0 to 4 are the question",
        ),
        (
            "no <s> left",
            """
def training_row(cut, question, answer):
    asked, said = cut(f"[INST] {question} [/INST]")[1:], cut(answer)[1:] + [2]
    return asked + said, [False] * len(asked) + [True] * len(said)
""",
            "there is no <s> left",
        ),
        (
            "no </s>",
            """
def training_row(cut, question, answer):
    asked, said = cut(f"[INST] {question} [/INST]"), cut(answer)[1:]
    return asked + said, [False] * len(asked) + [True] * len(said)
""",
            "does not end with 2",
        ),
        (
            "</s> not learnt",
            """
def training_row(cut, question, answer):
    asked, said = cut(f"[INST] {question} [/INST]"), cut(answer)[1:]
    return asked + said + [2], [False] * len(asked) + [True] * len(said) + [False]
""",
            "8 is the answer's </s>",
        ),
        (
            "template lost",
            """
def training_row(cut, question, answer):
    asked, said = cut(question), cut(answer)[1:] + [2]
    return asked + said, [False] * len(asked) + [True] * len(said)
""",
            "where are [INST] (3)",
        ),
        (
            "[/INST] learnt",
            """
def training_row(cut, question, answer):
    asked = cut(f"[INST] {question} [/INST]")
    said = cut(answer)[1:] + [2]
    return asked + said, [False] * (len(asked) - 1) + [True] * (len(said) + 1)
""",
            "which the user's turn ends with",
        ),
        (
            "the answer's first token lost",
            """
def training_row(cut, question, answer):
    asked = cut(f"[INST] {question} [/INST]")
    said = cut(answer)[2:] + [2]
    return asked + said, [False] * len(asked) + [True] * len(said)
""",
            "they must be [1, 3, 101",
        ),
        (
            "the question's marks only",
            """
def training_row(cut, question, answer):
    asked = cut(f"[INST] {question} [/INST]")
    said = cut(answer)[1:] + [2]
    return asked + said, [True] * len(said)
""",
            "9 ids and 4 marks",
        ),
        (
            "marks by number",
            """
def training_row(cut, question, answer):
    ids = cut(f"[INST] {question} [/INST]") + cut(answer)[1:] + [2]
    return ids, [False] * 5 + [True] * (len(ids) - 5)
""",
            "it must be 6 and 7",
        ),
        (
            "marks by value",
            """
def training_row(cut, question, answer):
    said = cut(answer)[1:] + [2]
    ids = cut(f"[INST] {question} [/INST]") + said
    return ids, [one in said for one in ids]
""",
            "you learn the places [3, 6, 7]: it must be 6 and 7",
        ),
        (
            "marks turned over",
            """
def training_row(cut, question, answer):
    asked, said = cut(f"[INST] {question} [/INST]"), cut(answer)[1:] + [2]
    return asked + said, [True] * len(asked) + [False] * len(said)
""",
            "0 to 4 are the question",
        ),
        (
            "question and answer exchanged",
            """
def training_row(cut, question, answer):
    asked, said = cut(f"[INST] {answer} [/INST]"), cut(question)[1:] + [2]
    return asked + said, [False] * len(asked) + [True] * len(said)
""",
            "your ids are [1, 3, 103, 104, 105, 4, 101, 102, 2]: they must be",
        ),
        (
            "</s> as a text",
            """
def training_row(cut, question, answer):
    asked, said = cut(f"[INST] {question} [/INST]"), cut(f"{answer} </s>")[1:]
    return asked + said, [False] * len(asked) + [True] * len(said)
""",
            "the answer does not end with 2",
        ),
        (
            "marks one place early",
            """
def training_row(cut, question, answer):
    asked, said = cut(f"[INST] {question} [/INST]"), cut(answer)[1:] + [2]
    return asked + said, [False] * (len(asked) - 1) + [True] * len(said) + [False]
""",
            "which the user's turn ends with",
        ),
        (
            "the answer in the template, too",
            """
def training_row(cut, question, answer):
    asked, said = cut(f"[INST] {question} [/INST]"), cut(f"[INST] {answer} [/INST]")[1:] + [2]
    return asked + said, [False] * len(asked) + [True] * len(said)
""",
            "your ids are [1, 3, 101, 102, 4, 3, 103, 104, 105, 4, 2]",
        ),
        (
            "nothing but <s>",
            """
def training_row(cut, question, answer):
    return [1], [False]
""",
            "your ids are [1]: the answer does not end",
        ),
        (
            "<s> learnt",
            """
def training_row(cut, question, answer):
    asked, said = cut(f"[INST] {question} [/INST]"), cut(answer)[1:] + [2]
    return asked + said, [True] + [False] * (len(asked) - 1) + [True] * len(said)
""",
            "nothing predicts <s>",
        ),
        (
            "all but the last",
            """
def training_row(cut, question, answer):
    asked, said = cut(f"[INST] {question} [/INST]"), cut(answer)[1:-1] + [2]
    return asked + said, [False] * len(asked) + [True] * len(said)
""",
            "your ids are [1, 3, 101, 102, 4, 103, 104, 2]: they must be",
        ),
    ],
    "preference-loss": [
        (
            "no reference",
            """
def preference_loss(better_B, worse_B, ref_better_B, ref_worse_B, beta):
    return -F.logsigmoid(beta * (better_B - worse_B)).mean()
""",
            "The reference is missing",
        ),
        (
            "reference added",
            """
def preference_loss(better_B, worse_B, ref_better_B, ref_worse_B, beta):
    gap_B = better_B - worse_B + ref_better_B - ref_worse_B
    return -F.logsigmoid(beta * gap_B).mean()
""",
            "the wrong sign",
        ),
        (
            "exchanged",
            """
def preference_loss(better_B, worse_B, ref_better_B, ref_worse_B, beta):
    gap_B = (worse_B - ref_worse_B) - (better_B - ref_better_B)
    return -F.logsigmoid(beta * gap_B).mean()
""",
            "Better and worse are exchanged",
        ),
        (
            "no beta",
            """
def preference_loss(better_B, worse_B, ref_better_B, ref_worse_B, beta):
    gap_B = (better_B - ref_better_B) - (worse_B - ref_worse_B)
    return -F.logsigmoid(gap_B).mean()
""",
            "beta is missing",
        ),
        (
            "beta outside",
            """
def preference_loss(better_B, worse_B, ref_better_B, ref_worse_B, beta):
    gap_B = (better_B - ref_better_B) - (worse_B - ref_worse_B)
    return -beta * F.logsigmoid(gap_B).mean()
""",
            "beta stands outside",
        ),
        (
            "a gain",
            """
def preference_loss(better_B, worse_B, ref_better_B, ref_worse_B, beta):
    gap_B = (better_B - ref_better_B) - (worse_B - ref_worse_B)
    return F.logsigmoid(beta * gap_B).mean()
""",
            "a loss is small where the gap is wide",
        ),
        (
            "no logarithm",
            """
def preference_loss(better_B, worse_B, ref_better_B, ref_worse_B, beta):
    gap_B = (better_B - ref_better_B) - (worse_B - ref_worse_B)
    return -torch.sigmoid(beta * gap_B).mean()
""",
            "The logarithm is missing",
        ),
        (
            "sum",
            """
def preference_loss(better_B, worse_B, ref_better_B, ref_worse_B, beta):
    gap_B = (better_B - ref_better_B) - (worse_B - ref_worse_B)
    return -F.logsigmoid(beta * gap_B).sum()
""",
            "take the mean over pairs",
        ),
        (
            "loss of the mean",
            """
def preference_loss(better_B, worse_B, ref_better_B, ref_worse_B, beta):
    gap_B = (better_B - ref_better_B) - (worse_B - ref_worse_B)
    return -F.logsigmoid(beta * gap_B.mean())
""",
            "take the mean of the losses",
        ),
        (
            "logarithm of the sigmoid",
            """
def preference_loss(better_B, worse_B, ref_better_B, ref_worse_B, beta):
    gap_B = (better_B - ref_better_B) - (worse_B - ref_worse_B)
    return -torch.sigmoid(beta * gap_B).log().mean()
""",
            "F.logsigmoid does not overflow",
        ),
        (
            "a little more than 0",
            """
def preference_loss(better_B, worse_B, ref_better_B, ref_worse_B, beta):
    gap_B = (better_B - ref_better_B) - (worse_B - ref_worse_B)
    return -(torch.sigmoid(beta * gap_B) + 1e-8).log().mean()
""",
            "not 18.4: do not clip it",
        ),
        (
            "clipped",
            """
def preference_loss(better_B, worse_B, ref_better_B, ref_worse_B, beta):
    gap_B = (better_B - ref_better_B) - (worse_B - ref_worse_B)
    return -F.logsigmoid((beta * gap_B).clamp(-20, 20)).mean()
""",
            "not 20.0: do not clip it",
        ),
        (
            "detached",
            """
def preference_loss(better_B, worse_B, ref_better_B, ref_worse_B, beta):
    gap_B = (better_B - ref_better_B) - (worse_B - ref_worse_B)
    return -F.logsigmoid(beta * gap_B).mean().detach()
""",
            "do not detach it, nor use .data",
        ),
        (
            "better detached",
            """
def preference_loss(better_B, worse_B, ref_better_B, ref_worse_B, beta):
    gap_B = (better_B.detach() - ref_better_B) - (worse_B - ref_worse_B)
    return -F.logsigmoid(beta * gap_B).mean()
""",
            "reaches the better answer",
        ),
        (
            "better alone",
            """
def preference_loss(better_B, worse_B, ref_better_B, ref_worse_B, beta):
    return -F.logsigmoid(beta * (better_B - ref_better_B)).mean()
""",
            "Only the better answer",
        ),
        (
            "ratio of logarithms",
            """
def preference_loss(better_B, worse_B, ref_better_B, ref_worse_B, beta):
    gap_B = better_B / ref_better_B - worse_B / ref_worse_B
    return -F.logsigmoid(beta * gap_B).mean()
""",
            "that of a ratio is a difference",
        ),
        (
            "divided by beta",
            """
def preference_loss(better_B, worse_B, ref_better_B, ref_worse_B, beta):
    gap_B = (better_B - ref_better_B) - (worse_B - ref_worse_B)
    return -F.logsigmoid(gap_B / beta).mean()
""",
            "You divided by beta",
        ),
        (
            "beta on the model alone",
            """
def preference_loss(better_B, worse_B, ref_better_B, ref_worse_B, beta):
    gap_B = beta * (better_B - worse_B) - (ref_better_B - ref_worse_B)
    return -F.logsigmoid(gap_B).mean()
""",
            "the reference needs it, too",
        ),
        (
            "changed in place",
            """
def preference_loss(better_B, worse_B, ref_better_B, ref_worse_B, beta):
    better_B -= ref_better_B
    worse_B -= ref_worse_B
    return -F.logsigmoid(beta * (better_B - worse_B)).mean()
""",
            "you changed the log-probabilities that were handed over",
        ),
        (
            "three pairs, hard-coded",
            """
def preference_loss(better_B, worse_B, ref_better_B, ref_worse_B, beta):
    gap_B = (better_B - ref_better_B) - (worse_B - ref_worse_B)
    return -F.logsigmoid(beta * gap_B).sum() / 3
""",
            "one pair alone: its loss is the mean",
        ),
        (
            "worse detached",
            """
def preference_loss(better_B, worse_B, ref_better_B, ref_worse_B, beta):
    gap_B = (better_B - ref_better_B) - (worse_B - ref_worse_B).detach()
    return -F.logsigmoid(beta * gap_B).mean()
""",
            "no gradient reaches the worse answer: do not detach",
        ),
        (
            "beta of 0.1, hard-coded",
            """
def preference_loss(better_B, worse_B, ref_better_B, ref_worse_B, beta):
    gap_B = (better_B - ref_better_B) - (worse_B - ref_worse_B)
    return -F.logsigmoid(0.1 * gap_B).mean()
""",
            "beta is 0.2 here, and yours is always 0.1",
        ),
        (
            "median",
            """
def preference_loss(better_B, worse_B, ref_better_B, ref_worse_B, beta):
    gap_B = (better_B - ref_better_B) - (worse_B - ref_worse_B)
    return -F.logsigmoid(beta * gap_B).median()
""",
            "you say 0.6444, it must be 0.7065.",
        ),
        (
            "a loss each",
            """
def preference_loss(better_B, worse_B, ref_better_B, ref_worse_B, beta):
    gap_B = (better_B - ref_better_B) - (worse_B - ref_worse_B)
    return -F.logsigmoid(beta * gap_B)
""",
            "the loss has shape (3,): it must be ()",
        ),
        (
            "a number",
            """
def preference_loss(better_B, worse_B, ref_better_B, ref_worse_B, beta):
    gap_B = (better_B - ref_better_B) - (worse_B - ref_worse_B)
    return -F.logsigmoid(beta * gap_B).mean().item()
""",
            "the loss is a float: it must be a tensor",
        ),
        (
            "IPO",
            """
def preference_loss(better_B, worse_B, ref_better_B, ref_worse_B, beta):
    gap_B = (better_B - ref_better_B) - (worse_B - ref_worse_B)
    return ((gap_B - 1 / (2 * beta)) ** 2).mean()
""",
            "That is the loss of IPO",
        ),
    ],
    "resting-gap": [
        (
            "sign turned",
            "def resting_gap(flipped, beta):\n    return log(flipped / (1 - flipped)) / beta",
            "most labels are right",
        ),
        (
            "beta times the gap",
            "def resting_gap(flipped, beta):\n    return log((1 - flipped) / flipped)",
            "divide by beta",
        ),
        (
            "times beta",
            "def resting_gap(flipped, beta):\n    return log((1 - flipped) / flipped) * beta",
            "You multiplied by beta",
        ),
        (
            "bits",
            """
def resting_gap(flipped, beta):
    from math import log2
    return log2((1 - flipped) / flipped) / beta
""",
            "That is log2",
        ),
        (
            "odds",
            "def resting_gap(flipped, beta):\n    return (1 - flipped) / flipped / beta",
            "These are the odds",
        ),
        (
            "the share alone",
            "def resting_gap(flipped, beta):\n    return log(1 - flipped) / beta",
            "The odds are (1 - flipped) to flipped",
        ),
        (
            "one over the share",
            "def resting_gap(flipped, beta):\n    return log(1 / flipped) / beta",
            "You forgot the numerator",
        ),
        (
            "the lesson's numbers",
            "def resting_gap(flipped, beta):\n    return 21.9722",
            "a fifth flipped",
        ),
        (
            "parentheses forgotten",
            """
def resting_gap(flipped, beta):
    return log(1 - flipped) - log(flipped) / beta
""",
            "is divided by beta: parentheses",
        ),
        (
            "log10",
            """
def resting_gap(flipped, beta):
    from math import log10
    return log10((1 - flipped) / flipped) / beta
""",
            "That is log10",
        ),
        (
            "of IPO",
            """
def resting_gap(flipped, beta):
    return 1 / (2 * beta)
""",
            "where IPO rests",
        ),
        (
            "no sign",
            """
def resting_gap(flipped, beta):
    return abs(log((1 - flipped) / flipped)) / beta
""",
            "-2.773 nats, not 2.7726",
        ),
        (
            "never below 0",
            """
def resting_gap(flipped, beta):
    return max(0.0, log((1 - flipped) / flipped) / beta)
""",
            "-2.773 nats, not 0.0000",
        ),
        (
            "a tenth, hard-coded",
            """
def resting_gap(flipped, beta):
    return log(0.9 / 0.1) / beta
""",
            "you say 5.4931, it must be 3.4657.",
        ),
        (
            "integer division",
            """
def resting_gap(flipped, beta):
    return log((1 - flipped) // flipped) / beta
""",
            "21.972 nats, not 20.7944",
        ),
        (
            "the probability",
            """
def resting_gap(flipped, beta):
    return (1 - flipped) / beta
""",
            "you say 2.0000, it must be 3.4657.",
        ),
        (
            "beta of 0.1, hard-coded",
            """
def resting_gap(flipped, beta):
    return log((1 - flipped) / flipped) / 0.1
""",
            "you say 13.8629, it must be 3.4657.",
        ),
        (
            "half of the odds",
            """
def resting_gap(flipped, beta):
    return log((1 - flipped) / flipped) / (2 * beta)
""",
            "you say 1.7329, it must be 3.4657.",
        ),
        (
            "rounded",
            """
def resting_gap(flipped, beta):
    return round(log((1 - flipped) / flipped) / beta)
""",
            "you say 3.0000, it must be 3.4657.",
        ),
        (
            "logarithm of the half",
            """
def resting_gap(flipped, beta):
    return log(1 - 2 * flipped) / beta
""",
            "you say -1.2771, it must be 3.4657.",
        ),
    ],
    "own-attempt": [
        (
            "one wording",
            "def own_attempt():\n    return {'plain': ([True, False] * 12, [False] * 24)}",
            "one wording alone",
        ),
        (
            "a pair of lists",
            "def own_attempt():\n    return [True, False] * 12, [False, True] * 12",
            "return a dict",
        ),
        (
            "no control",
            "def own_attempt():\n    return {'plain': [True] * 24, 'in verse': [False] * 24}",
            "told without the ban and told with it",
        ),
        (
            "shares",
            "def own_attempt():\n    return {'plain': (0.5, 0.4), 'in verse': (0.7, 0.5)}",
            "give a list, one a question",
        ),
        (
            "few questions",
            "def own_attempt():\n    return {name: ([True] * 2, [False] * 2) for name in 'ab'}",
            "fewer than 20",
        ),
        (
            "other questions",
            """
def own_attempt():
    return {"a": ([True] * 24, [False] * 24), "b": ([True] * 24, [False] * 23)}
""",
            "ask the same ones",
        ),
        (
            "not understood",
            """
def own_attempt():
    return {"plain": ([True] * 24, [True] * 24), "shouted": ([False] * 24, [False] * 24)}
""",
            "shouted: without a ban it tells 0 of 24: it is not understood",
        ),
        (
            "outcomes",
            """
def own_attempt():
    told, refused = ["told"] * 24, ["told", "refused"] * 12
    return {"plain": (told, refused), "in verse": (told, refused)}
""",
            "give True or False",
        ),
    ],
}
