"""Check the exercise of lesson 14 on few devices a token."""

import torch

from moe_lesson.study.checks import called, demand, exercise, near, no_mistake, tensor_of

SCORES = [
    [0.1, 0.2, 0.9, 0.0, 0.5, 0.6],  # groups of 2: best 0.2, 0.9, 0.6; sums 0.3, 0.9, 1.1
    [-3.0, -1.0, -200.0, -8.0, -2.0, -7.0],  # all below 0, one far below
    [0.7, 0.6, 0.1, 0.8, 0.3, 0.2],
]


def moved(bias_E, old_E, rate):
    """Demand the bias after the visits of the exercise ``loss_free``: 3, 0, 1 and 2.

    >>> moved(torch.tensor([0.5, 1.5, 1.5, 0.5]), torch.ones(4), rate=0.5)

    Lesson 14.
    """
    count_E = torch.tensor([3.0, 0.0, 1.0, 2.0])
    off_E = count_E.mean() - count_E
    said = f"visits {count_E.int().tolist()}, a mean of 1.5: "
    no_mistake(
        bias_E,
        {
            "who has too many goes up: one expert will take all": old_E - rate * off_E.sign(),
            "the sign alone counts, however far the load is off": old_E + rate * off_E,
            "however far off, and in the wrong direction": old_E - rate * off_E,
            "compare with the mean: all go down here": old_E - rate * count_E.sign(),
            "counts are compared with 1/E, which shares are compared with": old_E
            + rate * (0.25 - count_E).sign(),
            "the old bias is lost": rate * off_E.sign(),
            "the rate is missing": old_E + off_E.sign(),
            "the mean, not the lower of the two in the middle": old_E
            + rate * torch.tensor([-1.0, 1.0, 0.0, -1.0]),
            "each visit counts once: not first choices alone, nor weights": old_E
            + rate * torch.tensor([-1.0, 1.0, 1.0, 1.0]),
        },
        said,
    )
    demand(near(bias_E, old_E + rate * off_E.sign()), said + "the new bias is wrong")


def second_case(answer):
    """Demand weights in the order of their experts, and the mean, where who has it stays.

    Args:
        answer: of the exercise ``loss_free``.

    >>> def ours(score_TE, bias_E, k, rate):
    ...     expert_TK = (score_TE + bias_E).topk(k).indices
    ...     weight_TK = score_TE.gather(1, expert_TK)
    ...     count_E = torch.bincount(expert_TK.flatten(), minlength=len(bias_E)).float()
    ...     step_E = rate * (count_E.mean() - count_E).sign()
    ...     return expert_TK, weight_TK / weight_TK.sum(1, keepdim=True), bias_E + step_E
    >>> second_case(ours)

    Lesson 14.
    """
    bias_E = torch.tensor([0.0, 0.6, 0.0])
    score_TE = torch.tensor([[0.9, 0.4, 0.3], [0.2, 0.8, 0.1], [0.3, 0.5, 0.2]])
    where = "three experts, one without a visit (bincount has minlength for it)"
    expert_TK, weight_TK, _ = called(answer, score_TE, bias_E.clone(), 2, 0.125, when=where)
    share_TK = score_TE.gather(1, expert_TK)
    share_TK = share_TK / share_TK.sum(1, keepdim=True)
    demand(near(weight_TK, share_TK), "weights must stand in the order of their experts")
    even_TE, none_E = torch.eye(3) / 2 + 0.25, torch.zeros(3)
    bias_E = answer(even_TE, none_E.clone(), 1, 0.125)[2]
    demand(near(bias_E, none_E), "three experts, a visit each: who has exactly the mean stays")
    _third_case(answer)


def _third_case(answer):
    """Demand the mean where it is not the median, a bias above 1, an expert without a visit."""
    visited = torch.tensor([0, 0, 0, 0, 1, 2])
    score_TE, bias_E = torch.eye(4)[visited] / 2 + 0.25, torch.full((4,), 1.25)
    bias_E = tensor_of(answer(score_TE, bias_E.clone(), 1, 0.125)[2], (4,), "the new bias")
    said = "visits [4, 1, 1, 0], a mean of 1.5, each bias 1.25: "
    no_mistake(
        bias_E,
        {
            "the mean, not the median": torch.tensor([1.125, 1.25, 1.25, 1.375]),
            "a bias may go beyond 1": torch.tensor([1.0, 1.0, 1.0, 1.0]),
        },
        said,
    )
    demand(near(bias_E, torch.tensor([1.125, 1.375, 1.375, 1.375])), said + "yours is wrong")


@exercise("devices by their best expert, experts only there.")
def group_limited(answer):
    """Check ``answer(score_TE, k, groups, kept)``: whom each token visits on few devices.

    >>> def ours(score_TE, k, groups, kept):
    ...     T, E = score_TE.shape
    ...     score_TGE = score_TE.view(T, groups, E // groups)
    ...     best = score_TGE.amax(-1).topk(kept).indices
    ...     lost = torch.ones(T, groups, dtype=torch.bool).scatter(1, best, False)
    ...     return score_TGE.masked_fill(lost[..., None], -torch.inf).flatten(1).topk(k).indices
    >>> group_limited(ours)
    correct: devices by their best expert, experts only there.

    Lesson 14.
    """
    score_TE, found = torch.tensor(SCORES), []
    for k, groups, kept in LIMITS:
        given = called(
            answer, score_TE.clone(), k, groups, kept, when=f"{groups} groups, {kept} kept"
        )
        given = tensor_of(given, (3, k), "the result").long()
        demand(bool(((given >= 0) & (given < 6)).all()), "experts are numbered 0 to 5")
        found += given.sort(1).values.tolist()
    if found == _everywhere(score_TE, _by(lambda s: s.amax(-1))):
        return
    for message, rule in MISTAKES.items():
        demand(found != _everywhere(score_TE, rule), message)
    _first_wrong(found, score_TE)


LIMITS = (2, 3, 1), (3, 3, 2), (2, 2, 1), (3, 2, 1)  # k, groups, kept


def _everywhere(score_TE, rule):
    """Return whom a rule chooses under each limit, token by token."""
    return [row for limit in LIMITS for row in rule(score_TE, limit).sort(1).values.tolist()]


def _by(measure, lost=-torch.inf):
    """Make a rule: keep the groups that a measure puts first, choose within them."""

    def rule(score_TE, limit):
        k, groups, kept = limit
        by_group = score_TE.view(len(score_TE), groups, -1)
        best = measure(by_group).topk(kept).indices
        others = torch.ones(by_group.shape[:2], dtype=torch.bool).scatter(1, best, False)
        return by_group.masked_fill(others[..., None], lost).flatten(1).topk(k).indices

    return rule


def _strided(score_TE, limit):
    """Choose with experts 0, 3 of three groups on one device."""
    groups = limit[1]
    order = torch.arange(6).view(-1, groups).T.flatten()
    return order[_by(lambda s: s.amax(-1))(score_TE[:, order], limit)]


def _within(score_TE, limit):
    return _by(lambda s: s.amax(-1))(score_TE, limit) % (6 // limit[1])


MISTAKES = {
    "the limit is ignored": lambda score_TE, limit: score_TE.topk(limit[0]).indices,
    "a device counts by its largest score, not by their sum": _by(lambda s: s.sum(-1)),
    "these are the worst devices": _by(lambda s: -s.amax(-1)),
    "neighbours share a device: of 6 on 3 devices 0 and 1, not 0 and 3": _strided,
    "rule others out with -inf: 0 beats scores below 0": _by(lambda s: s.amax(-1), lost=0.0),
    "rule others out with -inf: some scores are below -1": _by(lambda s: s.amax(-1), lost=-1.0),
    "rule others out with -inf: some scores are below -10": _by(lambda s: s.amax(-1), lost=-10.0),
    "rule others out with -inf: some are below -100": _by(lambda s: s.amax(-1), lost=-100.0),
    "an expert comes twice: are they numbered within groups?": _within,
    "each token has devices of its own": _by(lambda s: s.amax(-1).sum(0).expand(len(s), -1)),
}


def _first_wrong(found, score_TE):
    """Name the first token whose experts are wrong."""
    right = _everywhere(score_TE, _by(lambda s: s.amax(-1)))
    for place, (yours, wanted) in enumerate(zip(found, right)):
        k, groups, kept = LIMITS[place // 3]
        named = [round(x, 2) for x in score_TE[place % 3].tolist()]
        said = f"scores {named}, {groups} devices, {kept} kept, {k} experts: yours are {yours}"
        demand(yours == wanted, f"{said}; they must be {wanted}")
