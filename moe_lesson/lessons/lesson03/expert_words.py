"""Which words light an expert most, and what a control would show."""

from typing import NamedTuple

import numpy as np

from moe_lesson.study.information import integer_codes


class Light(NamedTuple):
    """Hold how much weight the tokens of each value give to each expert.

    >>> Light(["a"], np.array([4]), np.array([[0.75, 0.25]])).top_tokens(expert=0)
    [('a', 0.75, 4)]

    Lesson 3.
    """

    values: list  # the label's values that occur often enough: the rows
    tokens: np.ndarray  # how many tokens have each value
    weight: np.ndarray  # mean weight, values x experts: a row sums to 1 if the weights do

    def top_tokens(self, expert):
        """List the five values that give an expert most: (value, mean weight, tokens).

        >>> Light(["a", "b"], np.array([4, 9]), np.array([[0.2], [0.3]])).top_tokens(0)
        [('b', 0.3, 9), ('a', 0.2, 4)]

        Lesson 3.
        """
        order = (-self.weight[:, expert]).argsort(kind="stable")[:5].tolist()
        mean = self.weight[:, expert].tolist()
        return [(self.values[at], mean[at], int(self.tokens[at])) for at in order]


def light(trace, label, least=20):
    """Average, over the tokens of each value of a label, the weight that each expert has.

    Shazeer et al. 2017 (arXiv:1701.06538), Table 9, shows single places of a text where an
    expert has most weight; a mean over all tokens of a word cannot pick the lucky ones.

    Args:
        trace: a ``study.trace.RoutingTrace``, of which the first layer counts.
        least: tokens that a value needs; with few, its mean is high by luck.

    Returns:
        A Light. Means are shares: 0 where an expert never counts, 1 where it alone does.

    Raises:
        ValueError: no value has so many tokens.

    >>> from moe_lesson.study.trace import RoutingTrace
    >>> both, none = np.array([[[0, 1], [0, 1]]]), np.zeros((1, 2, 2))
    >>> weight_LTK = np.array([[[1.0, 0.0], [0.5, 0.5]]])
    >>> two = RoutingTrace(["x", "y"], None, both, weight_LTK, none, {"word": ["a", "a"]})
    >>> light(two, "word", least=2).weight.tolist()
    [[0.75, 0.25]]

    Lesson 3.
    """
    values, code_T = integer_codes(trace.labels[label])
    known = code_T >= 0
    weight = np.zeros((len(values), trace.prob_LTE.shape[2]))
    at = code_T[known, None], trace.expert_LTK[0][known]
    np.add.at(weight, at, trace.weight_LTK[0][known])
    tokens = np.bincount(code_T[known], minlength=len(values))
    often = tokens >= least
    if not often.any():
        most = max(tokens, default=0)
        raise ValueError(f"least is {least}: the commonest value of {label!r} has {most} tokens")
    kept = [value for value, enough in zip(values, often) if enough]
    return Light(kept, tokens[often], weight[often] / tokens[often, None])


def shuffled(trace, label, seed=0):
    """Exchange a label's values among the tokens that have one: the control of ``light``.

    >>> from moe_lesson.study.trace import RoutingTrace
    >>> four = RoutingTrace(None, None, None, None, None, {"word": ["a", "", "b", "b"]})
    >>> sorted(shuffled(four, "word").labels["word"]), shuffled(four, "word").labels["word"][1]
    (['', 'a', 'b', 'b'], '')

    Lesson 3.
    """
    label_T = np.array(trace.labels[label], dtype=object)
    known = np.flatnonzero(label_T != "")
    label_T[known] = np.random.default_rng(seed).permutation(label_T[known])
    return trace._replace(labels=trace.labels | {label: label_T.tolist()})
