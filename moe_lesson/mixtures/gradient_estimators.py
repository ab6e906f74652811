"""Gradients through a hard choice, beside the exact one that a small task allows (NumPy).

A router scores E experts, one of them is drawn, and the token pays half the squared distance
of that expert's output. With few experts every choice can be tried, so the gradient of the
expected loss, and the bias and variance of each estimate of it, are known without sampling.
"""

from typing import NamedTuple

import numpy as np

from moe_lesson.mixtures.local import softmax


def choice_losses(output_TE, target_T):
    """Compute what each token would pay for each expert: half the squared distance.

    >>> choice_losses(np.array([[1.0, 4.0]]), np.array([2.0])).tolist()
    [[0.5, 2.0]]

    Lesson 2.
    """
    return (target_T[:, None] - output_TE) ** 2 / 2


def expected_loss(logits_TE, loss_TE):
    """Average the loss over the choices that the router may make.

    Returns:
        Mean over tokens: the lowest loss of each if the router is sure and right, the highest
        if it is sure and wrong.

    >>> expected_loss(np.zeros((1, 2)), np.array([[1.0, 3.0]])).item()
    2.0

    Lesson 2.
    """
    return (softmax(logits_TE) * loss_TE).sum(1).mean()


def exact_gradient(logits_TE, loss_TE):
    """Differentiate each token's expected loss by its scores: p_j (loss_j - expected loss).

    Returns:
        Array like the scores; rows sum to 0. All zero when every expert costs the same, or
        when the router is certain.

    >>> exact_gradient(np.zeros((1, 2)), np.array([[1.0, 3.0]])).tolist()
    [[-0.5, 0.5]]

    Lesson 2.
    """
    prob_TE = softmax(logits_TE)
    return prob_TE * (loss_TE - (prob_TE * loss_TE).sum(1, keepdims=True))


def draw_experts(logits_TE, generator):
    """Draw one expert per token from the router's probabilities.

    >>> draw_experts(np.array([[0.0, 99.0]]), np.random.default_rng(0)).tolist()
    [1]

    Lesson 2.
    """
    level = generator.random((len(logits_TE), 1))
    passed = (softmax(logits_TE).cumsum(1) < level).sum(1)
    return np.minimum(passed, logits_TE.shape[1] - 1)  # a sum that rounds to below 1


def reinforce(logits_TE, loss_TE, expert_T, baseline_T=None):
    """Estimate the gradient from one drawn expert's loss: (loss - baseline)(chosen - p).

    Williams 1992 (REINFORCE); Bengio, Leonard and Courville 2013 (arXiv:1308.3432). Only the
    loss of the drawn expert is read.

    Args:
        baseline_T: one number per token; None: 0. It must not depend on the draw.

    Returns:
        Array like the scores; its mean over draws is the exact gradient, whatever the baseline.

    >>> loss_TE, expert_T = np.array([[1.0, 3.0]]), np.array([1])
    >>> reinforce(np.zeros((1, 2)), loss_TE, expert_T).tolist()
    [[-1.5, 1.5]]
    >>> reinforce(np.zeros((1, 2)), loss_TE, expert_T, baseline_T=np.array([2.0])).tolist()
    [[-0.5, 0.5]]

    Lesson 2.
    """
    T, E = logits_TE.shape
    paid_T = loss_TE[np.arange(T), expert_T] - (0 if baseline_T is None else baseline_T)
    return paid_T[:, None] * (np.eye(E)[expert_T] - softmax(logits_TE))


def best_baseline(logits_TE, loss_TE):
    """Compute each token's baseline of least variance: the loss weighted by |chosen - p|^2.

    Bengio, Leonard and Courville 2013 (arXiv:1308.3432) derive it for binary units; ours is
    for one choice of E. It reads the loss of every expert, so in training it saves nothing.

    Returns:
        One loss per token, between the lowest and the highest of its experts.

    >>> best_baseline(np.zeros((1, 2)), np.array([[1.0, 3.0]])).tolist()
    [2.0]

    Lesson 2.
    """
    prob_TE = softmax(logits_TE)
    # |onehot_e - p|^2 = 1 - 2 p_e + sum of p^2
    square_TE = 1 - 2 * prob_TE + (prob_TE**2).sum(1, keepdims=True)
    weight_TE = prob_TE * square_TE
    return (weight_TE * loss_TE).sum(1) / np.maximum(weight_TE.sum(1), np.finfo(float).tiny)


def straight_through(logits_TE, output_TE, target_T, expert_T):
    """Let the drawn expert answer, and differentiate as if the router's mixture had answered.

    After Bengio, Leonard and Courville 2013 (arXiv:1308.3432), who pass the gradient of a
    binary unit through its threshold; here it passes through one choice of E to the softmax.
    Reads the output of every expert.

    Returns:
        Array like the scores. Its mean over draws is the exact gradient only if the loss is
        linear in the choice, which a squared distance is not.

    >>> output_TE, target_T = np.array([[0.0, 2.0]]), np.array([2.0])
    >>> straight_through(np.zeros((1, 2)), output_TE, target_T, np.array([1])).tolist()
    [[0.0, 0.0]]

    Lesson 2.
    """
    answer_T = output_TE[np.arange(len(output_TE)), expert_T]
    slope_TE = (answer_T - target_T)[:, None] * output_TE
    return exact_gradient(logits_TE, slope_TE)


def top_k_gradient(logits_TE, output_TE, target_T, k):
    """Differentiate the loss of the k best experts, mixed by the softmax over their scores.

    The choice is not random, and the gradient is exact for the loss of this mixture, apart
    from the places where the choice changes. It is none of the expected loss.

    Returns:
        Array like the scores; 0 for an expert that is not kept, and 0 everywhere if k = 1.

    Raises:
        ValueError: ``k`` is not between 1 and E.

    >>> logits_TE, output_TE = np.array([[2.0, 2.0, 1.0]]), np.array([[0.0, 2.0, 9.0]])
    >>> top_k_gradient(logits_TE, output_TE, np.array([3.0]), k=2)[0, :2].tolist()
    [1.0, -1.0]

    Lesson 2.
    """
    T, E = logits_TE.shape
    if not 1 <= k <= E:
        raise ValueError(f"k is {k}: with {E} experts it must be between 1 and {E}")
    out = np.argsort(-logits_TE, axis=1, kind="stable")[:, k:]
    kept_TE = logits_TE.copy()
    np.put_along_axis(kept_TE, out, -np.inf, axis=1)
    answer_T = (softmax(kept_TE) * output_TE).sum(1)
    return exact_gradient(kept_TE, (answer_T - target_T)[:, None] * output_TE)


class Quality(NamedTuple):
    """Hold how an estimate of a gradient behaves over all draws.

    >>> Quality(np.zeros((1, 2)), np.ones((1, 2)), 0.5, 2.0).variance
    2.0

    Lesson 2.
    """

    mean_TE: np.ndarray  # the estimate, averaged over all draws
    variance_TE: np.ndarray  # of each entry
    bias: float  # length of (mean - exact), the root of the mean square over tokens
    variance: float  # mean over tokens of the summed variances of its E entries


def quality(logits_TE, loss_TE, estimate):
    """Measure bias and variance of an estimate by trying every choice.

    Args:
        estimate: from expert_T, one drawn expert per token, to a gradient.

    Returns:
        A Quality against ``exact_gradient``. Bias 0: right on average; variance 0: the same
        for every draw.

    >>> logits_TE, loss_TE = np.zeros((1, 2)), np.array([[1.0, 3.0]])
    >>> found = quality(logits_TE, loss_TE, lambda e_T: reinforce(logits_TE, loss_TE, e_T))
    >>> found.bias, found.variance
    (0.0, 2.0)

    Lesson 2.
    """
    T, E = logits_TE.shape
    prob_TE = softmax(logits_TE)
    tried = np.stack([estimate(np.full(T, expert)) for expert in range(E)], 1)  # one per choice
    mean_TE = (prob_TE[:, :, None] * tried).sum(1)
    variance_TE = (prob_TE[:, :, None] * (tried - mean_TE[:, None]) ** 2).sum(1)
    gap_T = ((mean_TE - exact_gradient(logits_TE, loss_TE)) ** 2).sum(1)
    bias, variance = np.sqrt(gap_T.mean()), variance_TE.sum(1).mean()
    return Quality(mean_TE, variance_TE, float(bias), float(variance))


def train_router(x_TD, loss_TE, estimate, steps, rate, seed=0):
    """Train a linear router by gradient descent with an estimated gradient, experts fixed.

    Args:
        estimate: from scores and drawn experts to a gradient of each token's loss.

    Returns:
        The router's weights, and steps + 1 values of the exact expected loss.

    >>> x_TD, loss_TE = np.ones((4, 1)), np.tile([1.0, 3.0], (4, 1))
    >>> exact = lambda logits_TE, expert_T: exact_gradient(logits_TE, loss_TE)
    >>> router_DE, losses = train_router(x_TD, loss_TE, exact, steps=50, rate=1.0)
    >>> losses[0].item(), bool(losses[-1] < 1.1)
    (2.0, True)

    Lesson 2.
    """
    draw = np.random.default_rng(seed)
    router_DE = np.zeros((x_TD.shape[1], loss_TE.shape[1]))
    losses = [expected_loss(x_TD @ router_DE, loss_TE)]
    for _ in range(steps):
        logits_TE = x_TD @ router_DE
        slope_TE = estimate(logits_TE, draw_experts(logits_TE, draw))
        router_DE = router_DE - rate * x_TD.T @ slope_TE / len(x_TD)
        losses.append(expected_loss(x_TD @ router_DE, loss_TE))
    return router_DE, np.array(losses)
