"""Check the exercises of lesson 01: responsibilities, gradients, a bug, a count, a question."""

import numpy as np

from moe_lesson.mixtures.local import Outputs, forward, softmax, start_mixture
from moe_lesson.study.checks import array_of, comparison, demand, exercise, near


def _outputs():
    """Draw what two runs of three experts say about five tokens with two outputs each."""
    generator = np.random.default_rng(1)
    start = start_mixture(generator, 2, (3, 3, 2), spread=1.0)
    start = start._replace(router_BDE=generator.standard_normal((2, 3, 3)))
    return generator.standard_normal((5, 2)), forward(start, generator.standard_normal((5, 3)))


@exercise("the responsibility is the softmax of the scores less half the errors.")
def posterior(answer):
    """Check ``answer(logits_BTE, error_BTE)``: responsibilities from scores.

    Jacobs et al. 1991, eq. 1.5.

    >>> posterior(lambda logits_BTE, error_BTE: softmax(logits_BTE - error_BTE / 2))
    correct: the responsibility is the softmax of the scores less half the errors.

    Lesson 1.
    """
    even, errors = np.zeros((1, 1, 2)), np.array([[[0.0, 2 * np.log(3)]]])
    shares = array_of(answer(even, errors), (1, 1, 2), "the result")[0, 0]
    said = f"scores 0 and 0, errors 0 and 2 ln 3: you return {shares.round(3).tolist()}. "
    demand(near(shares.sum(), 1), said + "The shares of a token must sum to 1 over experts")
    demand(shares[0] > shares[1], said + "Expert 0 has no error and must get more: check a sign")
    demand(not near(shares, [0.9, 0.1]), said + "Take half the error: exp(-ln 3) is 1/3")
    demand(near(shares, [0.75, 0.25]), said + "The terms are 1/2 and 1/6: shares 0.75 and 0.25")
    scores, same = np.log([[[0.8, 0.2], [0.3, 0.7]]]), np.full((1, 2, 2), 5000.0)
    shares = np.asarray(answer(scores, same), dtype=float)
    demand(
        np.isfinite(shares).all(),
        "with errors of 5000 you return NaN: exp(-2500) is 0 in a computer. Subtract half the "
        "errors from the scores first, and let `softmax` take the exponentials",
    )
    demand(
        near(shares, np.exp(scores)),
        f"with equal errors the router decides: wanted {np.exp(scores).round(3).tolist()}, "
        f"got {shares.round(3).tolist()}",
    )


@exercise("your slopes agree with finite differences.")
def likelihood(answer):
    """Check ``answer(target_TV, outputs)``: a Pull of eq. 1.3, with both gradients.

    >>> from moe_lesson.mixtures.local import likelihood as ours
    >>> likelihood(ours)
    correct: your slopes agree with finite differences.

    Lesson 1.
    """
    target_TV, out = _outputs()
    pull = answer(target_TV, out)
    demand(len(pull) == 3, f"return a Pull of loss, guess and logits: you return {len(pull)} parts")
    loss = array_of(pull[0], out.prob_BTE.shape[:2], "the loss")
    error = np.square(target_TV[:, None] - out.guess_BTEV).sum(-1)
    wanted = -np.log((out.prob_BTE * np.exp(-error / 2)).sum(-1))
    demand(not near(loss, -wanted), "the loss has the wrong sign: a likely target must cost little")
    demand(near(loss, wanted), "the loss is not -log sum_i p_i exp(-error_i / 2)")
    guess = array_of(pull[1], out.guess_BTEV.shape, "the slope at the guesses")
    true = _slope(answer, target_TV, out, "guess_BTEV")
    demand(not near(guess, -true, 1e-3), "the slope at the guesses has the wrong sign: -h (d - o)")
    demand(not near(guess, 2 * true, 1e-3), "the slope at the guesses is twice too large")
    demand(
        near(guess, true, 1e-3),
        f"at the guesses, finite differences say {true[0, 0].round(3).tolist()} for the first "
        f"token, you say {guess[0, 0].round(3).tolist()}: it is -h (d - o), with h and not p",
    )
    slope, true = np.asarray(pull[2], float), _slope(answer, target_TV, out, "logits_BTE")
    demand(slope.shape == true.shape, f"the slope at the scores has shape {slope.shape}")
    demand(not near(slope, -true, 1e-3), "the slope at the scores has the wrong sign: p - h")
    demand(near(slope, true, 1e-3), "the slope at the scores must be p - h")


@exercise("the slopes at the scores sum to zero, as a softmax demands.")
def cooperative(answer):
    """Check the mended ``answer(target_TV, outputs)``: a Pull of eq. 1.1.

    >>> from moe_lesson.mixtures.local import cooperative as ours
    >>> cooperative(ours)
    correct: the slopes at the scores sum to zero, as a softmax demands.

    Lesson 1.
    """
    target_TV, out = _outputs()
    pull = answer(target_TV, out)
    blend = (out.prob_BTE[..., None] * out.guess_BTEV).sum(2)
    loss = np.square(target_TV - blend).sum(-1)
    demand(near(pull[0], loss), "the loss was right: ||d - sum_i p_i o_i||^2")
    true = _slope(answer, target_TV, out, "guess_BTEV")
    demand(near(pull[1], true, 1e-3), "the slope at the guesses was right: -2 p_i (d - blend)")
    total = np.abs(np.asarray(pull[2]).sum(-1)).max()
    demand(
        total < 1e-6,
        f"the slopes at one token's scores sum to {total:.3g}. Raising all scores alike changes no "
        "probability, so they must sum to 0: what does softmax's own slope subtract?",
    )
    true = _slope(answer, target_TV, out, "logits_BTE")
    demand(near(pull[2], true, 1e-3), "the slopes at the scores are not those that differences say")


def _slope(answer, target_TV, out, name):
    """Measure dE/d(out.name) by moving each number a little, one after the other."""
    place, by = getattr(out, name), 1e-5
    slope = np.zeros_like(place)
    for at in np.ndindex(place.shape):
        losses = []
        for step in (by, -by):
            moved = place.copy()
            moved[at] += step
            changed = out._replace(**{name: moved})
            changed = Outputs(*changed[:2], softmax(changed.logits_BTE))
            losses.append(np.asarray(answer(target_TV, changed)[0])[at[:2]])
        slope[at] = (losses[0] - losses[1]) / (2 * by)
    return slope


@exercise("an expert is active if some token trusts it.")
def active_experts(answer):
    """Check ``answer(prob_BTE, floor=0.1)``: how many experts each run uses.

    >>> from moe_lesson.mixtures.local import active_experts as ours
    >>> active_experts(ours)
    correct: an expert is active if some token trusts it.

    Lesson 1.
    """
    prob_BTE = np.array([[[0.95, 0.05, 0.0], [0.25, 0.75, 0.0]], [[0.5, 0.44, 0.06]] * 2])
    found = np.asarray(answer(prob_BTE))
    demand(found.shape == (2,), f"two runs need two counts: you return shape {found.shape}")
    demand(found.tolist() != [4, 2], "you count tokens, not experts: take the largest over tokens")
    demand(
        found.tolist() != [3, 4],
        "you count every pair of token and expert: take the largest probability over tokens first",
    )
    demand(found.tolist() != [1, 0], "an expert counts if it is trusted with any token, not all")
    demand(found.tolist() == [2, 2], f"the runs use 2 and 2 experts: you say {found.tolist()}")
    rare = np.full((1, 1000, 2), [[[1.0, 0.0]]])
    rare[0, 7] = 0.2, 0.8
    found = np.asarray(answer(rare)).tolist()
    demand(found == [2], f"trusted with one token of 1,000, an expert is in use: you say {found}")
    demand(np.asarray(answer(rare, 0.9)).tolist() == [1], "the floor is an argument: use it")


@exercise("two settings, five starts each: a difference you can set beside its spread.")
def your_question(answer):
    """Check ``answer()``: a dict setting -> one number a run, five runs or more, two settings.

    >>> your_question(lambda: {"a": [1.0, 2, 3, 4, 5], "b": [2.0, 3, 4, 5, 6]})
    b minus a: 1 in your unit; runs of one setting differ by up to 4
    standard deviations 1.58 and 1.58; t = 1.00
    correct: two settings, five starts each: a difference you can set beside its spread.

    Lesson 1.
    """
    results = answer()
    comparison(results, "in your unit", seeds=5)
    first, second = list(results.values())[:2]
    spread = [float(np.std(runs, ddof=1)) for runs in (first, second)]
    said = f"standard deviations {spread[0]:.3g} and {spread[1]:.3g}"
    print(f"{said}; t = {_t(second, first):.2f}")


def _t(one, other):
    """Compute Student's t with a pooled variance."""
    many, more = len(one), len(other)
    free = many + more - 2
    pooled = ((many - 1) * np.var(one, ddof=1) + (more - 1) * np.var(other, ddof=1)) / free
    return (np.mean(one) - np.mean(other)) / np.sqrt(pooled * (1 / many + 1 / more))
