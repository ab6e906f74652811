"""Check the exercises of lesson 10: bits told, shuffled labels, distance, masks, a claim."""

import numpy as np
import torch

from moe_lesson.study.checks import demand, exercise, near, number_of, tensor_of


def _number(given, what):
    return number_of(given, what, "an empty cell counts 0, and 0 log 0 is 0")


@exercise("0 if expert and label are independent, the whole entropy if one gives the other away.")
def bits_told(answer):
    """Check mutual information: ``answer(count)``, a table of tokens by label and expert.

    >>> def ours(count):
    ...     share = count / count.sum()
    ...     alone = share.sum(1, keepdims=True) * share.sum(0, keepdims=True)
    ...     seen = share > 0
    ...     return (share[seen] * np.log2(share[seen] / alone[seen])).sum()
    >>> bits_told(ours)
    correct: 0 if expert and label are independent, the whole entropy if one gives the other away.

    Lesson 10.
    """
    table = np.array([[3.0, 1.0], [1.0, 3.0]])
    found = _number(answer(table.copy()), "the information")
    said = f"3 1 | 1 3: you say {found:.4f}. "
    demand(not near(found, 0.1308), said + "These are nats: take log2")
    demand(not near(found, 8 * 0.18872), said + "Divide the counts by their sum first")
    demand(not near(found, -0.18872), said + "The sign is turned: share over what chance gives")
    demand(not near(found, 0.04718), said + "That is the mean of the cells: take their sum")
    demand(not near(found, 1.81128), said + "That is the entropy of the four cells")
    demand(near(found, 0.18872), said + "It must be 0.1887: 0.75 log2 1.5 + 0.25 log2 0.5")
    _uneven_bits(answer)
    whole = _number(answer(np.array([[2.0, 0.0], [0.0, 2.0]])), "2 0 | 0 2")
    demand(near(whole, 1), f"2 0 | 0 2: the expert gives the label away, 1 bit, not {whole:.4f}")
    nothing = _number(answer(np.array([[2.0, 4.0], [1.0, 2.0], [1.0, 2.0]])), "equal rows")
    demand(near(nothing, 0), f"rows with equal shares tell nothing: 0 bits, not {nothing:.4f}")


def _uneven_bits(answer):
    """Demand the bits of a table whose rows, columns and empty cell differ."""
    table = np.array([[6, 0], [1, 1]])
    found = _number(answer(table), "6 0 | 1 1")
    demand(table.tolist() == [[6, 0], [1, 1]], "you changed the counts that were handed to you")
    said = f"6 0 | 1 1: you say {found:.4f}, and it must be 0.2936. "
    demand(not near(found, 0.54009, 1e-3), said + "That is I / H(E), a share: return the bits")
    demand(not near(found, 0.36186, 1e-3), said + "That is I / H(L), a share: return the bits")
    demand(
        not near(found, 0.09546, 1e-3), said + "The sum of a row has lost its axis: keepdims=True"
    )
    demand(near(found, 0.29357, 1e-3), said + "A row's share times a column's is what chance gives")


@exercise("documents exchange labels whole, so what holds a document together stays together.")
def shuffle_labels(answer):
    """Check ``answer(label_T, document_T, generator)``: whole documents exchange labels.

    >>> def ours(label_T, document_T, generator):
    ...     _, first, row = np.unique(document_T, return_index=True, return_inverse=True)
    ...     return generator.permutation(label_T[first])[row]
    >>> shuffle_labels(ours)
    correct: documents exchange labels whole, so what holds a document together stays together.

    Lesson 10.
    """
    document_T = np.repeat(np.arange(12), np.arange(1, 13))
    one_each = np.array(list("aaabbbbccccc"))
    label_T = one_each[document_T]
    drawn = []
    for seed in range(8):
        before = label_T.copy()
        given = answer(label_T, document_T, np.random.default_rng(seed))
        found = np.asarray(given)
        said = f"{len(label_T)} tokens came, {found.size} went out: give each its document's"
        demand(found.shape == label_T.shape, said)
        demand(bool((label_T == before).all()), "you changed the labels that were handed to you")
        demand(set(found) <= set(one_each), f"labels {sorted(set(found))}: they were a, b, c")
        sets = [sorted(set(found[document_T == number].tolist())) for number in range(12)]
        mixed = [number for number, one in enumerate(sets) if len(one) > 1]
        demand(
            not mixed,
            f"document {mixed[:1]} now has labels {sets[mixed[0]] if mixed else ''}: its tokens "
            "must keep one label together, or the null forgets that they resemble each other",
        )
        now = [one[0] for one in sets]
        demand(
            sorted(now) == sorted(one_each),
            f"3 documents had a, 4 b and 5 c; now {', '.join(sorted(now))}: exchange the labels "
            "(each one once), do not draw them anew",
        )
        drawn.append("".join(now))
    demand(drawn.count("".join(one_each)) < 8, "nothing was shuffled: every document kept its own")
    demand(len(set(drawn)) > 1, "every generator gives the same order: use the one you are given")


@exercise("0 bits for the same routing, 1 bit for no expert in common, and the same both ways.")
def how_far(answer):
    """Check the Jensen-Shannon divergence of two distributions: ``answer(one, other)``, bits.

    >>> from moe_lesson.study.statistics import jensen_shannon
    >>> how_far(jensen_shannon)
    correct: 0 bits for the same routing, 1 bit for no expert in common, and the same both ways.

    Lesson 10.
    """
    sure, torn = np.array([1.0, 0.0]), np.array([0.5, 0.5])
    found = _number(answer(sure, torn), "the divergence")
    said = f"[1, 0] and [0.5, 0.5]: you say {found:.4f}. "
    demand(not near(found, 0.2158, 1e-3), said + "These are nats: take log2")
    demand(not near(found, 0.6226, 1e-3), said + "That is the sum of both sides: take their mean")
    demand(not near(found, 1), said + "Compare each with the mean of the two, not with the other")
    demand(not near(found, 0.4150, 1e-3), said + "Only the first side: the other counts too")
    demand(not near(found, 0.2075, 1e-3), said + "Only one side is in: the other counts too")
    demand(not near(found, 0.5579, 1e-3), said + "That is its root, the distance: leave it squared")
    demand(not near(found, 0.5), said + "That is half the sum of differences: use entropies")
    demand(not near(found, 0.1556, 1e-3), said + "That is a mean over experts: sum over them")
    demand(near(found, 0.3113, 1e-3), said + "It must be 0.3113: entropy of [0.75, 0.25] minus 0.5")
    disjoint = _number(answer(sure, 1 - sure), "[1, 0] and [0, 1]")
    demand(near(disjoint, 1), f"no expert in common: 1 bit, not {disjoint:.4f}")
    three = np.array([0.2, 0.3, 0.5]), np.array([0.6, 0.3, 0.1])
    both = _number(answer(*three), "three experts")
    demand(near(both, 0.1805, 1e-3), f"[.2 .3 .5] and [.6 .3 .1]: 0.180 bits, you say {both:.3f}")
    same = _number(answer(torn, torn), "twice the same")
    demand(near(same, 0), f"twice the same: 0 bits, not {same:.4f}")


@exercise("the next best takes the place, and the weights of the two still sum to 1.")
def without(answer):
    """Check ``answer(logits_TE, experts, k)``: (weights, choices) with experts never chosen.

    >>> def ours(logits_TE, experts, k):
    ...     left_TE = logits_TE.clone()
    ...     left_TE[:, experts] = float("-inf")
    ...     best, expert_TK = left_TE.topk(k)
    ...     return best.softmax(-1), expert_TK
    >>> without(ours)
    correct: the next best takes the place, and the weights of the two still sum to 1.

    Lesson 10.
    """
    odds = torch.tensor([[8.0, 4.0, 2.0, 1.0], [1.0, 2.0, 4.0, 8.0]]) / 16
    before, logits_TE = odds.log(), odds.log()
    given = answer(logits_TE, [0], 2)
    demand(isinstance(given, tuple) and len(given) == 2, "return two tensors: weights, choices")
    demand(torch.equal(logits_TE, before), "you changed the scores that were handed to you: clone")
    choices = tensor_of(given[1], (2, 2), "the choices")
    said = f"odds 8 4 2 1 and 1 2 4 8, without 0: you choose {choices.int().tolist()}. "
    demand(choices.tolist() != [[0, 1], [2, 1]], said + "These number the three that are left")
    demand(choices.tolist() != [[0, 1], [0, 3]], said + "0 is no low score: mask with -inf")
    demand(not (choices == 0).any(), said + "Expert 0 is still chosen")
    demand(choices.tolist() == [[1, 2], [3, 2]], said + "Choose [[1, 2], [3, 2]], best first")
    weights = tensor_of(given[0], (2, 2), "the weights")
    said = f"odds 4 and 2 are left: you weigh them {weights[0].numpy().round(3).tolist()}. "
    demand(not near(weights[0], [4 / 15, 2 / 15]), said + "Softmax over the chosen, not over all")
    demand(not near(weights[0], [4 / 7, 2 / 7]), said + "Softmax over the chosen two only")
    demand(near(weights[0], [2 / 3, 1 / 3]), said + "They must be 2/3 and 1/3")
    many = answer(logits_TE, [3, 0], 1)
    chosen = tensor_of(many[1], (2, 1), "the choices for k = 1").flatten().tolist()
    demand(chosen == [1, 2], f"without 0 and 3, top-1 must choose 1, then 2, not {chosen}")
    alone = tensor_of(many[0], (2, 1), "the weights for k = 1").flatten().tolist()
    demand(alone == [1, 1], f"k = 1: the one that is chosen weighs 1, not {alone}")


@exercise("a number, and what chance makes of it: now anybody can judge your claim.")
def own_claim(answer):
    """Check ``answer()``: (claim, measured, twenty or more values from shuffles or controls).

    >>> own_claim(lambda: ("coins know nothing", 0.5, [n / 20 for n in range(20)]))
    coins know nothing: measured 0.5; 10 of 20 controls reach it
    correct: a number, and what chance makes of it: now anybody can judge your claim.

    Lesson 10.
    """
    given = answer()
    demand(isinstance(given, tuple) and len(given) == 3, "return claim, measured, controls")
    claim, measured, controls = given
    demand(isinstance(claim, str) and len(claim.split()) > 2, "say in words what you claim")
    measured = number_of(measured, "what you measured")
    demand(hasattr(controls, "__len__"), f"controls are one {type(controls).__name__}: list them")
    controls = [number_of(control, "a control", "leave it out, and say so") for control in controls]
    demand(len(controls) > 0, "there is no control: without one the number says nothing")
    demand(len(controls) > 19, f"{len(controls)} controls: the rarest 5 % show from 20 on")
    demand(len(set(controls)) > 1, "all controls are equal: give each shuffle a seed of its own")
    reach = sum(control >= measured for control in controls)
    print(f"{claim}: measured {measured:.3g}; {reach} of {len(controls)} controls reach it")
