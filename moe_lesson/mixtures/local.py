"""The mixtures of 1991, in NumPy: experts, router, three error functions, gradients by hand.

Jacobs, Jordan, Nowlan and Hinton 1991, Neural Computation 3:79-87. Beside the paper:

=============  =======================  ==============================================
paper          here                     meaning
=============  =======================  ==============================================
d              ``target_TV``            what is wanted, V outputs a token
o_i            ``guess_BTEV``           what expert i says
x_i            ``logits_BTE``           the router's score of expert i
p_i            ``prob_BTE``             softmax of the scores
h_i            ``share_BTE``            responsibility: p_i once the target is known
||d - o_i||^2  ``error_BTE``            squared error of expert i
=============  =======================  ==============================================

B counts runs that train side by side and share nothing but the data: 25 starts cost little
more than one. The last of the D inputs is always 1, so that its weight is a threshold.
"""

from typing import NamedTuple

import numpy as np


class Mixture(NamedTuple):
    """Hold the weights of B mixtures of experts with one layer each.

    >>> Mixture(np.zeros((25, 4, 3, 1)), np.zeros((25, 3, 4))).router_BDE.shape
    (25, 3, 4)

    Lesson 1.
    """

    expert_BEDV: np.ndarray  # a column of weights for each output of each expert
    router_BDE: np.ndarray  # a column of weights for each expert's score


class Outputs(NamedTuple):
    """Hold what experts and router say about T tokens, before any target is known.

    >>> even = np.full((1, 1, 2), 0.5)
    >>> Outputs(np.ones((1, 1, 2, 1)), np.zeros((1, 1, 2)), even).prob_BTE.tolist()
    [[[0.5, 0.5]]]

    Lesson 1.
    """

    guess_BTEV: np.ndarray  # each expert's output
    logits_BTE: np.ndarray  # the router's scores
    prob_BTE: np.ndarray  # their softmax: sums to 1 over experts


class Pull(NamedTuple):
    """Hold an error function's value, and its gradients at the experts' and router's outputs.

    >>> Pull(np.zeros((1, 1)), np.zeros((1, 1, 2, 1)), np.zeros((1, 1, 2))).loss_BT.item()
    0.0

    Lesson 1.
    """

    loss_BT: np.ndarray  # per token
    guess_BTEV: np.ndarray  # dE/do_i
    logits_BTE: np.ndarray  # dE/dx_i


def softmax(logits):
    """Turn scores into shares of 1 along the last axis.

    Returns:
        An array of the same shape, 0 to 1.

    >>> softmax(np.log([[1.0, 3.0]])).round(6).tolist()
    [[0.25, 0.75]]

    Lesson 1.
    """
    powers = np.exp(logits - logits.max(-1, keepdims=True))
    return powers / powers.sum(-1, keepdims=True)


def logistic(score):
    """Squash a score into 0 to 1: 1 / (1 + exp(-score)).

    >>> logistic(np.array([0.0, np.log(3)])).round(6).tolist()
    [0.5, 0.75]

    Lesson 1.
    """
    return 0.5 + 0.5 * np.tanh(0.5 * score)


def start_mixture(generator, runs, sizes, spread=0.5):
    """Draw mixtures whose router has no preference yet.

    Jacobs et al. 1991: "equal mixing proportions" at the start. The paper does not print how
    the experts' weights were drawn; here they are normal.

    Args:
        sizes: D inputs (the constant 1 among them), E experts, V outputs.
        spread: standard deviation of the experts' weights.

    Returns:
        A Mixture of ``runs`` runs; a router of zeros, so that every expert gets 1/E.

    >>> start_mixture(np.random.default_rng(0), 25, (3, 4, 1)).expert_BEDV.shape
    (25, 4, 3, 1)

    Lesson 1.
    """
    inputs, experts, outputs = sizes
    expert_BEDV = spread * generator.standard_normal((runs, experts, inputs, outputs))
    return Mixture(expert_BEDV, np.zeros((runs, inputs, experts)))


def forward(mixture, x_TD, squash=None):
    """Ask every expert, and the router, about every token.

    Args:
        squash: ``logistic`` for experts that end in one; None for linear experts.

    Returns:
        Outputs, whose probabilities are 1/E where the scores are equal and 0 or 1 at the
        extremes.

    >>> out = forward(Mixture(np.ones((1, 2, 1, 1)), np.zeros((1, 1, 2))), np.array([[3.0]]))
    >>> out.guess_BTEV.ravel().tolist(), out.prob_BTE.ravel().tolist()
    ([3.0, 3.0], [0.5, 0.5])

    Lesson 1.
    """
    # Tokens lie last in memory: sums over few experts then run along many tokens, five times
    # as fast for 4 experts and 400 tokens.
    guess_BTEV = (np.swapaxes(mixture.expert_BEDV, 2, 3) @ x_TD.T).transpose(0, 3, 1, 2)
    logits_BTE = np.swapaxes(np.swapaxes(mixture.router_BDE, 1, 2) @ x_TD.T, 1, 2)
    if squash is not None:
        guess_BTEV = squash(guess_BTEV)
    return Outputs(guess_BTEV, logits_BTE, softmax(logits_BTE))


def squared_error(target_TV, guess_BTEV):
    """Measure how far each expert is from the target: ||d - o_i||^2.

    Returns:
        An array of B x T x E, 0 for an exact guess, without an upper bound.

    >>> squared_error(np.array([[3.0, 4.0]]), np.zeros((1, 1, 1, 2))).item()
    25.0

    Lesson 1.
    """
    return np.square(target_TV[:, None] - guess_BTEV).sum(-1)


def posterior(logits_BTE, error_BTE):
    """Share out the responsibility for a token: router's bet times fit, as in Bayes' rule.

    Jacobs et al. 1991, eq. 1.5: h_i = p_i exp(-error_i / 2) / sum_j p_j exp(-error_j / 2).
    As p_i is a softmax of scores, h_i is the softmax of the scores less half the errors.

    Returns:
        Shares, 0 to 1, that sum to 1 over experts; the router's own where errors are equal.

    >>> posterior(np.zeros((1, 1, 2)), np.array([[[0.0, 2 * np.log(3)]]])).round(6).tolist()
    [[[0.75, 0.25]]]

    Lesson 1.
    """
    return softmax(logits_BTE - error_BTE / 2)


def log_likelihood(logits_BTE, error_BTE):
    """Measure how probable a token's target is: log sum_i p_i exp(-error_i / 2).

    Jacobs et al. 1991, eq. 1.3 without its minus sign: the log density of a mixture of
    Gaussians of variance 1, but for the constant -V/2 log(2 pi).

    Returns:
        Nats per token, B x T: 0 when the experts that count are exact, falls without bound.

    >>> log_likelihood(np.zeros((1, 1, 2)), np.array([[[0.0, 0.0]]])).item()
    0.0

    Lesson 1.
    """
    return _log_sum_exp(logits_BTE - error_BTE / 2) - _log_sum_exp(logits_BTE)


def _log_sum_exp(score):
    # Less the largest score, so that no exponential overflows and not all of them are 0.
    most = score.max(-1)
    return most + np.log(np.exp(score - most[..., None]).sum(-1))


def blend(outputs):
    """Mix the experts' guesses by the router's probabilities: sum_i p_i o_i.

    Returns:
        B x T x V, in the target's unit.

    >>> blend(Outputs(np.array([[[[0.0], [4.0]]]]), None, np.array([[[0.75, 0.25]]]))).item()
    1.0

    Lesson 1.
    """
    return (outputs.prob_BTE[..., None] * outputs.guess_BTEV).sum(2)


def cooperative(target_TV, outputs):
    """Score the blend alone: ||d - sum_i p_i o_i||^2.

    Jacobs et al. 1991, eq. 1.1. An expert's pull is the residual that all leave together.

    Returns:
        A Pull; its loss is 0 when the blend is exact, whatever each expert says.

    >>> two = Outputs(np.array([[[[0.0], [4.0]]]]), None, np.array([[[0.5, 0.5]]]))
    >>> cooperative(np.array([[2.0]]), two).loss_BT.item()
    0.0

    Lesson 1.
    """
    prob_BTE, blend_BTV = outputs.prob_BTE, blend(outputs)
    residual_BTV = target_TV - blend_BTV
    guess_BTEV = -2 * prob_BTE[..., None] * residual_BTV[:, :, None]
    apart_BTEV = outputs.guess_BTEV - blend_BTV[:, :, None]
    return Pull(np.square(residual_BTV).sum(-1), guess_BTEV, (guess_BTEV * apart_BTEV).sum(-1))


def competitive(target_TV, outputs):
    """Score each expert by itself, and average: sum_i p_i ||d - o_i||^2.

    Jacobs et al. 1991, eq. 1.2, and 1.4 for its gradient at an expert's output.

    Returns:
        A Pull; its loss is 0 when every expert that counts is exact.

    >>> two = Outputs(np.array([[[[0.0], [4.0]]]]), None, np.array([[[0.5, 0.5]]]))
    >>> competitive(np.array([[2.0]]), two).loss_BT.item()
    4.0

    Lesson 1.
    """
    prob_BTE, error_BTE = outputs.prob_BTE, squared_error(target_TV, outputs.guess_BTEV)
    loss_BT = (prob_BTE * error_BTE).sum(-1)
    guess_BTEV = -2 * prob_BTE[..., None] * (target_TV[:, None] - outputs.guess_BTEV)
    return Pull(loss_BT, guess_BTEV, prob_BTE * (error_BTE - loss_BT[..., None]))


def likelihood(target_TV, outputs):
    """Score how probable the mixture finds the target: -log sum_i p_i exp(-error_i / 2).

    Jacobs et al. 1991, eq. 1.3, and 1.5 for its gradient at an expert's output.

    Returns:
        A Pull; its loss, in nats, is 0 when the experts that count are exact.

    >>> two = Outputs(np.array([[[[2.0], [4.0]]]]), np.zeros((1, 1, 2)), np.full((1, 1, 2), 0.5))
    >>> likelihood(np.array([[2.0]]), two).logits_BTE.round(3).tolist()
    [[[-0.381, 0.381]]]

    Lesson 1.
    """
    error_BTE = squared_error(target_TV, outputs.guess_BTEV)
    share_BTE = posterior(outputs.logits_BTE, error_BTE)
    return Pull(
        -log_likelihood(outputs.logits_BTE, error_BTE),
        -share_BTE[..., None] * (target_TV[:, None] - outputs.guess_BTEV),
        outputs.prob_BTE - share_BTE,
    )


class Slopes(NamedTuple):
    """Hold what one step of descent needs to know about B runs.

    >>> Slopes(np.zeros(2), Mixture(np.zeros((2, 1, 1, 1)), np.zeros((2, 1, 1)))).square_B.tolist()
    [0.0, 0.0]

    Lesson 1.
    """

    square_B: np.ndarray  # average squared error of the model's output over the tokens
    weights: tuple  # dE/dw, averaged over the tokens, in the form of the model


def mixture_slopes(mixture, x_TD, target_TV, pull=likelihood, squash=logistic):
    """Carry an error function's gradients back to the weights of experts and router.

    Args:
        pull: ``cooperative``, ``competitive`` or ``likelihood``.
        squash: as for ``forward``.

    Returns:
        Slopes; the squared error is that of the blend, whatever function is followed.

    >>> even = Mixture(np.zeros((1, 2, 1, 1)), np.zeros((1, 1, 2)))
    >>> mixture_slopes(even, np.ones((1, 1)), np.ones((1, 1))).weights.expert_BEDV.ravel().tolist()
    [-0.0625, -0.0625]

    Lesson 1.
    """
    out = forward(mixture, x_TD, squash)
    slope_BTEV, slope_BTE = pull(target_TV, out)[1:]
    if squash is not None:
        slope_BTEV = slope_BTEV * out.guess_BTEV * (1 - out.guess_BTEV)
    x_DT = x_TD.T / len(x_TD)
    slopes = Mixture(x_DT @ np.swapaxes(slope_BTEV, 1, 2), x_DT @ slope_BTE)
    return Slopes(np.square(target_TV - blend(out)).sum(-1).mean(-1), slopes)


class Network(NamedTuple):
    """Hold the weights of B networks with one hidden layer, the rivals of 1991.

    >>> Network(np.zeros((25, 3, 6)), np.zeros((25, 6, 1)), np.zeros((25, 1, 1))).hidden_BDF.shape
    (25, 3, 6)

    Lesson 1.
    """

    hidden_BDF: np.ndarray
    output_BFV: np.ndarray
    threshold_BRV: np.ndarray  # one row


def start_network(generator, runs, sizes):
    """Draw networks with one hidden layer, weights of standard deviation 0.5.

    Args:
        sizes: D inputs (the constant 1 among them), F hidden units, V outputs.

    Returns:
        A Network of ``runs`` runs.

    >>> start_network(np.random.default_rng(0), 25, (3, 6, 1)).output_BFV.shape
    (25, 6, 1)

    Lesson 1.
    """
    inputs, hidden, outputs = sizes
    shapes = (runs, inputs, hidden), (runs, hidden, outputs), (runs, 1, outputs)
    return Network(*(0.5 * generator.standard_normal(shape) for shape in shapes))


def network_output(network, x_TD, squash=logistic):
    """Run a network whose output is logistic.

    Args:
        squash: of the hidden units, ``logistic`` or ``np.tanh``.

    Returns:
        The hidden units, B x T x F, and the output, B x T x V, 0 to 1.

    >>> blank = Network(np.zeros((1, 1, 2)), np.zeros((1, 2, 1)), np.zeros((1, 1, 1)))
    >>> network_output(blank, np.ones((1, 1)))[1].item()
    0.5

    Lesson 1.
    """
    hidden_BTF = squash(x_TD @ network.hidden_BDF)
    return hidden_BTF, logistic(hidden_BTF @ network.output_BFV + network.threshold_BRV)


def network_slopes(network, x_TD, target_TV, squash=logistic):
    """Carry the squared error back through a network, half of it, as in 1986.

    Args:
        squash: as for ``network_output``.

    Returns:
        Slopes of half the squared error.

    >>> blank = Network(np.zeros((1, 1, 2)), np.zeros((1, 2, 1)), np.zeros((1, 1, 1)))
    >>> network_slopes(blank, np.ones((1, 1)), np.ones((1, 1))).weights.threshold_BRV.item()
    -0.125

    Lesson 1.
    """
    hidden_BTF, output_BTV = network_output(network, x_TD, squash)
    miss_BTV = target_TV - output_BTV
    slope_BTV = -miss_BTV * output_BTV * (1 - output_BTV) / len(x_TD)
    bend_BTF = hidden_BTF * (1 - hidden_BTF) if squash is logistic else 1 - hidden_BTF**2
    slope_BTF = (slope_BTV @ np.swapaxes(network.output_BFV, 1, 2)) * bend_BTF
    slopes = Network(
        x_TD.T @ slope_BTF,
        np.swapaxes(hidden_BTF, 1, 2) @ slope_BTV,
        slope_BTV.sum(1, keepdims=True),
    )
    return Slopes(np.square(miss_BTV).sum(-1).mean(-1), slopes)


class Trained(NamedTuple):
    """Hold what descent left behind.

    >>> Trained(None, np.array([7.0, np.nan]), {}).epochs_B.tolist()
    [7.0, nan]

    Lesson 1.
    """

    model: tuple  # each run's weights when it stopped
    epochs_B: np.ndarray  # steps until the criterion was met; NaN where it never was
    film: dict  # epoch -> model, for the epochs that were asked for


def descend(model, slopes, step, epochs, stop=0.0, moments=()):
    """Follow the slopes with a fixed step, each run until its squared error is low enough.

    Jacobs et al. 1991: the whole training set before every update, no momentum, stop at an
    average squared error of 0.08.

    Args:
        slopes: a function of a model that returns its Slopes.
        step: one for all runs, or one for each.
        epochs: the most updates that a run gets.
        stop: the squared error at which a run ends.
        moments: epochs at which a copy of the model is kept.

    Returns:
        A Trained.

    Raises:
        ValueError: a step is not above 0.

    >>> start = Mixture(np.zeros((1, 1, 1, 1)), np.zeros((1, 1, 1)))
    >>> x_TD, target_TV = np.ones((1, 1)), np.ones((1, 1))
    >>> half_way = lambda model: mixture_slopes(model, x_TD, target_TV, squash=None)
    >>> descend(start, half_way, step=0.5, epochs=9, stop=0.25).model.expert_BEDV.item()
    0.5

    Lesson 1.
    """
    step_B = np.broadcast_to(np.asarray(step, dtype=float), len(model[0]))
    if not (step_B > 0).all():
        raise ValueError(f"step is {step_B.min():g}: it must be above 0")
    final, film = type(model)(*(weight.copy() for weight in model)), {}
    taken_B, running = np.full(len(step_B), np.nan), np.arange(len(step_B))
    for epoch in range(epochs + 1):
        if epoch in moments:
            film[epoch] = _merged(final, model, running)
        square, slope = slopes(model)
        taken_B[running[square <= stop]] = epoch
        if (square <= stop).any():
            final, going = _merged(final, model, running), square > stop
            running = running[going]
            model, slope = (type(w)(*(part[going] for part in w)) for w in (model, slope))
        if epoch == epochs or not len(running):
            break
        model = type(model)(*(w - _each(step_B[running], w) * s for w, s in zip(model, slope)))
    film |= {late: final for late in moments if late > epoch}
    return Trained(_merged(final, model, running), taken_B, film)


def _each(step_B, weight):
    """Shape one number a run so that it multiplies that run's weights."""
    return step_B.reshape(-1, *[1] * (weight.ndim - 1))


def _merged(final, model, running):
    """Write the runs that still train into a copy of all of them."""
    merged = type(final)(*(weight.copy() for weight in final))
    for all_of_it, part in zip(merged, model):
        all_of_it[running] = part
    return merged


def active_experts(prob_BTE, floor=0.1):
    """Count the experts that the router trusts with some token.

    Jacobs et al. 1991 call an expert unused whose mixing proportion is "effectively 0 for all
    cases"; they print no number, and the floor is ours.

    Returns:
        A count per run, B: 1 to E for a floor of at most 1/E.

    >>> active_experts(np.array([[[0.95, 0.05, 0.0], [0.3, 0.7, 0.0]]])).tolist()
    [2]

    Lesson 1.
    """
    return (prob_BTE.max(1) > floor).sum(-1)
