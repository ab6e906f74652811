"""Check exercises of lesson 13: int8 by groups, LRU, and what becomes of a draft's token."""

import numpy as np
import torch

from moe_lesson.study.checks import (
    called,
    demand,
    exercise,
    near,
    no_mistake,
    number_of,
    tensor_of,
    untouched,
)

ARRAY = "expert_TK is a NumPy array, not a tensor"


@exercise("a scale for each group, whole numbers in it, and zeros stay zeros.")
def to_int8(answer):
    """Check ``answer(row, group)``: codes and scales of a row of weights.

    >>> def ours(row, group):
    ...     parts = row.view(-1, group)
    ...     scale = (parts.abs().amax(1, keepdim=True) / 127).clamp(min=1e-12)
    ...     return (parts / scale).round().to(torch.int8), scale
    >>> to_int8(ours)
    correct: a scale for each group, whole numbers in it, and zeros stay zeros.

    Lesson 13.
    """
    row = torch.tensor([0.5, -2.54, 0.013, 0.004, 12.7, 0.26, -0.84, -6.3, 1.27, 0.0, -1.0, 0.996])
    row[8:] /= 1000
    when, said = "12 weights, groups of 4", "you changed the weights that were handed over"
    code, scale = _packed(untouched(answer, row, 4, when=when, said=said))
    demand(code.numel() == 12, f"{code.numel()} codes for 12 weights")
    found = tuple(code.shape)
    demand(found in ((12,), (3, 4)), f"the codes have shape {found}: a row must hold a group")
    said = "one scale for the whole row: 12.7 makes it too wide for the small ones"
    demand(scale.numel() > 1, said)
    scale = tensor_of(scale, (3, 1), "the scale")
    wide = torch.tensor([2.54, 12.7, 1.27e-3], dtype=torch.float64)[:, None]
    high = torch.tensor([0.5, 12.7, 1.27e-3])[:, None]
    mistakes = {
        "int8 goes to 127; at 128 the largest weight becomes -128": wide / 128,
        "there are 127 codes on each side, 255 in all": wide / 255 * 2,
        "take the largest magnitude: -2.54 is larger than 0.5": high / 127,
        "that is the largest weight: divide it by 127": wide,
        "that is the code of 1: its inverse is the scale": 127 / wide,
    }
    said = f"your scales are {', '.join(f'{one:.3g}' for one in scale.flatten().tolist())}: "
    no_mistake(scale, mistakes, said, 1e-6)
    right = "each must be its group's largest magnitude over 127"
    demand(near(scale, wide / 127, 1e-6), said + right)
    _codes(row, code.reshape(3, 4), wide / 127)
    _zeros(answer, [0.0, 0.0, 0.0, 0.0], "")
    _zeros(answer, [0.0, 0.0, 1.0, -2.0], "beside another: ")
    scale = _packed(called(answer, torch.ones(6), 3, when="6 weights, groups of 3"))[1]
    demand(scale.numel() == 2, "groups of 3: a row of 6 has two scales")


def _packed(given):
    """Demand codes in int8, and scales."""
    is_pair = isinstance(given, (tuple, list)) and len(given) == 2
    demand(is_pair, "return a pair: codes, scales")
    code, scale = given
    demand(isinstance(code, torch.Tensor), f"the codes are a {type(code).__name__}, not a tensor")
    demand(code.dtype == torch.int8, f"the codes are {code.dtype}: they must be torch.int8")
    said = f"the scales are a {type(scale).__name__}, not a tensor"
    demand(isinstance(scale, torch.Tensor), said)
    return code, scale


def _zeros(answer, row, said):
    """Demand that a group of zeros stays one, alone or beside another."""
    code, scale = _packed(called(answer, torch.tensor(row), 2, when=f"the row {row}, groups of 2"))
    said += "a group of zeros has "
    code = code.flatten()[:2]
    demand(not code.any(), f"{said}the codes {code.tolist()}")
    demand(bool(scale.isfinite().all()), said + "a scale that is no number")
    demand(bool((scale > 0).all()), said + "the scale 0, and 0 / 0 is no number")


def _codes(row, code, scale):
    """Demand the codes of twelve weights."""
    exact = row.double().view(3, 4) / scale
    said = f"the first group is {code[0].tolist()}: "
    demand(bool((code.double().sign() * exact.sign() >= 0).all()), said + "a sign got lost")
    wrong = (code.double() - exact).abs().max()
    cut = wrong > 0.5 + 1e-4 and bool((code.double().abs() <= exact.abs() + 1e-4).all())
    demand(not cut, said + "you cut off what is behind the point, and lose up to a code: round")
    demand(wrong <= 0.5 + 1e-4, said + f"a code is {wrong:.2f} off, 0.5 is allowed")


@exercise("look all up first; whoever is asked is the newest; the oldest goes.")
def lru_hits(answer):
    """Check ``answer(expert_TK, slots)``: share of visits that find their expert.

    >>> from moe_lesson.lessons.lesson13.caches import lru_hits as ours
    >>> lru_hits(ours)
    correct: look all up first; whoever is asked is the newest; the oldest goes.

    Lesson 13.
    """
    _one_each(answer)
    few = np.array([[0, 1], [1, 2], [0, 3], [4, 3], [3, 4], [5, 6], [7, 8]])
    given = number_of(answer(few.copy(), 2), "the result")
    said = f"visits 0 1, 1 2, 0 3, 4 3, 3 4, 5 6, 7 8 and 2 slots: yours is {given:.4f}, "
    no_mistake(
        given,
        {
            "these are hits: divide by the visits": 4,
            "that is hits a token: each makes K visits": 4 / 7,
            "these are the misses": 10 / 14,
            "that is the share of tokens that find one at least": 3 / 7,
            "nothing was found, and 1 stayed from the first token to the second": 0,
            "0 was found by the third token, and had to leave for 2": 5 / 14,
        },
        said,
        1e-6,
    )
    demand(near(given, 4 / 14, 1e-6), said + "and 4 visits of 14 find their expert")
    swapped = number_of(answer(np.array([[0, 1], [2, 0]]), 2), "the result")
    wanted = "0 was there: look both up before 2 comes in and pushes it out"
    demand(near(swapped, 1 / 4), f"visits 0 1, 2 0: yours is {swapped:.4f}; {wanted}")
    used = np.array([[0], [1], [0], [2], [0], [1]])
    given = number_of(answer(used, 2), "the result")
    said = f"visits 0 1 0 2 0 1, one each, 2 slots: yours is {given:.4f}; "
    demand(not near(given, 1 / 6), said + "0 came first, but was used last: 1 must leave")
    demand(near(given, 2 / 6), said + "it must be 0.3333: both times 0")
    given = number_of(answer(used, 3), "the result")
    demand(near(given, 3 / 6), f"the same with 3 slots: yours is {given:.4f}, it must be 0.5")
    _order(answer)


def _one_each(answer):
    """Demand no more than that the cache begins empty, and that K is read from the array."""
    one = np.array([[0], [1], [0], [0]])
    when = "visits 0 1 0 0, one each"
    given = number_of(called(answer, one, 2, when=when, hint=ARRAY), "the result")
    said = f"{when}, 2 slots: yours is {given:.4f}; "
    demand(not near(given, 2 / 8), said + "a token here visits one expert, not two")
    demand(not near(given, 1), said + "the cache begins empty")


def _order(answer):
    """Demand who leaves: not the rarest, nor the last of the newest."""
    given = number_of(answer(np.array([[0, 1], [2, 3], [1, 4]]), 3), "the result")
    said = f"visits 0 1, 2 3, 1 4 and 3 slots: yours is {given:.4f}; "
    demand(near(given, 1 / 6), said + "1 came after 0, so 0 had to leave, and one of six hits")
    given = number_of(answer(np.array([[0], [0], [1], [2], [1]]), 2), "the result")
    said = f"visits 0 0 1 2 1, one each, 2 slots: yours is {given:.4f}; "
    demand(near(given, 2 / 5), said + "0 was asked most, but longest ago: 2 takes its place")
    given = number_of(answer(np.array([[3], [1], [0], [0]]), 2), "the result")
    said = f"visits 3 1 0 0, one each, 2 slots: yours is {given:.4f}; "
    demand(near(given, 1 / 4), said + "an expert's number says nothing: the latest two stay")
    for second, last, late in (([0, 2], 2, "0, found,"), ([2, 0], 0, "2, loaded,")):
        given = number_of(answer(np.array([[0, 1], second, [3, 1], [last, 5]]), 3), "the result")
        said = f"visits 0 1, {second[0]} {second[1]}, 3 1, {last} 5 and 3 slots: yours is "
        said += f"{given:.4f}, not 0.3750; {late} came first in the second token, {last} is newer"
        demand(near(given, 3 / 8), said)


@exercise("kept and left together give the target, token by token.")
def accept(answer):
    """Check ``answer(target_V, draft_V)``: chances to keep, and what to draw from after a refusal.

    >>> from moe_lesson.lessons.lesson13.speculative import accept as ours
    >>> accept(ours)
    correct: kept and left together give the target, token by token.

    Lesson 13.
    """
    target_V, draft_V = torch.tensor([0.5, 0.3, 0.2]), torch.tensor([0.2, 0.7, 0.1])
    changed = "you changed the shares that were handed over"
    given = untouched(answer, target_V, draft_V, when="three tokens", said=changed)
    is_pair = isinstance(given, (tuple, list)) and len(given) == 2
    demand(is_pair, "return a pair: chance_V, left_V")
    chance_V = tensor_of(given[0], (3,), "chance_V")
    left_V = tensor_of(given[1], (3,), "left_V")
    said = f"target 0.5 0.3 0.2, draft 0.2 0.7 0.1: you keep with {_short(chance_V)}; "
    no_mistake(
        chance_V,
        {
            "a chance is at most 1": target_V / draft_V,
            "that is draft over target": (draft_V / target_V).clamp(max=1),
            "that is the target: the draft's own chances are in the drawing already": target_V,
        },
        said,
    )
    demand(near(chance_V, [1, 3 / 7, 1]), said + "it must be 1, 3/7, 1")
    _left(left_V, target_V, draft_V)
    same = answer(draft_V.clone(), draft_V.clone())
    demand(near(same[0], [1.0, 1, 1]), "a draft equal to the target is always kept")
    demand(isinstance(same[1], torch.Tensor), "equal models: left_V must be a tensor there, too")
    demand(bool(same[1].isfinite().all()), "equal models: left_V is no number; avoid 0 / 0")
    _four(answer)


def _four(answer):
    """Demand the same of four tokens, of which nobody draws the first: its chance is free."""
    target_V, draft_V = torch.tensor([0.0, 0.9, 0.06, 0.04]), torch.tensor([0.0, 0.4, 0.36, 0.24])
    given = called(answer, target_V, draft_V, when="four tokens")
    said = "target 0 0.9 0.06 0.04, draft 0 0.4 0.36 0.24: "
    for each in given:
        demand(len(each) == 4, f"{said}four tokens, and you give {len(each)} numbers")
    chance_V, left_V = given
    demand(near(chance_V[1:], [1, 1 / 6, 1 / 6]), f"{said}you keep with {_short(chance_V[1:])}")
    demand(near(left_V, [0, 1, 0, 0]), f"{said}left is {_short(left_V)}; all of it is one token's")


def _left(left_V, target_V, draft_V):
    """Demand what is drawn from after a refusal."""
    said = f"left is {_short(left_V)}; "
    no_mistake(
        left_V,
        {
            "what is left must add up to 1": [0.3, 0.0, 0.1],
            "after a refusal the target itself gives the kept tokens too much": target_V,
            "that is the draft above the target": [0.0, 1.0, 0.0],
            "cut off what is below 0, do not turn it": [0.375, 0.5, 0.125],
            "some shares are below 0: cut them off first": (target_V - draft_V) / 0.4,
        },
        said,
    )
    demand(bool((left_V >= 0).all()), said + "no share is below 0: cut those off, then divide")
    demand(near(left_V, [0.75, 0, 0.25]), said + "it must be 0.75, 0, 0.25")


def _short(values):
    return " ".join(f"{one:.2f}" for one in values.tolist())
