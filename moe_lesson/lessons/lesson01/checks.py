"""Check the exercises of lesson 01: responsibilities, gradients, a bug, a count, a question."""

import numpy as np

from moe_lesson.lessons.lesson01.checks_slopes import draw_outputs, pull_of, slope_of
from moe_lesson.mixtures.local import softmax
from moe_lesson.study.checks import array_of, called, comparison, demand, exercise, near, no_mistake

A_COUNT = 16  # up to here a whole number is a count of experts


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
    no_mistake(shares, {"You share out over tokens, not over experts": [1.0, 1.0]}, said)
    demand(near(shares.sum(), 1), said + "The shares of a token must sum to 1 over experts")
    demand(shares[0] > shares[1], said + "Expert 0 has no error and must get more: check a sign")
    demand(not near(shares, [0.9, 0.1]), said + "Take half the error: exp(-ln 3) is 1/3")
    again = softmax(-(errors[0, 0] ** 2) / 2)
    demand(not near(shares, again), said + "error_BTE holds squared distances: do not square again")
    demand(near(shares, [0.75, 0.25]), said + "The terms are 1/2 and 1/6: shares 0.75 and 0.25")
    _of_many_tokens(answer)
    scores, far = np.log([[[0.8, 0.2], [0.3, 0.7]]]), np.full((1, 2, 2), 5000.0)
    shares = np.asarray(answer(scores, far), dtype=float)
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
    far[0, 1] = 0.0
    demand(
        np.isfinite(np.asarray(answer(scores, far), dtype=float)).all(),
        "one token's errors are 5000, another's 0: you return NaN. Each token needs its own "
        "largest exponent subtracted, not the largest of all",
    )


def _of_many_tokens(answer):
    """Check two runs, three tokens, three experts: every axis that may be taken for another."""
    draw = np.random.default_rng(2)
    scores, errors = draw.normal(size=(2, 3, 3)), draw.uniform(0, 3, (2, 3, 3))
    shares = array_of(answer(scores, errors), (2, 3, 3), "the result for two runs")
    term = np.exp(scores - errors / 2)
    mistakes = {
        "You share out over tokens: experts are the last axis": term / term.sum(1, keepdims=True),
        "You divide by the sum of everything: each token has its own": term / term.sum(),
        "Tokens got mixed: the sum needs keepdims=True": term / term.sum(-1)[:, None],
        "The router's scores are left out: with equal errors they decide": softmax(-errors / 2),
        "The exponent holds scores, not probabilities": softmax(softmax(scores) - errors / 2),
    }
    no_mistake(shares, mistakes, "two runs, three tokens, three experts: ")
    demand(
        near(shares, term / term.sum(-1, keepdims=True)),
        f"two runs, three tokens, three experts: the first token must get "
        f"{(term / term.sum(-1, keepdims=True))[0, 0].round(3).tolist()}, yours gets "
        f"{shares[0, 0].round(3).tolist()}",
    )


@exercise("your slopes agree with finite differences.")
def likelihood(answer):
    """Check ``answer(target_TV, outputs)``: a Pull of eq. 1.3, with both gradients.

    >>> from moe_lesson.mixtures.local import likelihood as ours
    >>> likelihood(ours)
    correct: your slopes agree with finite differences.

    Lesson 1.
    """
    target_TV, out = draw_outputs()
    pull = pull_of(answer, target_TV, out)
    error = np.square(target_TV[:, None] - out.guess_BTEV).sum(-1)
    wanted = -np.log((out.prob_BTE * np.exp(-error / 2)).sum(-1))
    mistakes = {
        "the loss has the wrong sign: a likely target must cost little": -wanted,
        "the loss is that of 1.2, an average of errors": (out.prob_BTE * error).sum(-1),
        "the loss needs half the errors": -np.log((out.prob_BTE * np.exp(-error)).sum(-1)),
    }
    no_mistake(pull[0], mistakes)
    demand(near(pull[0], wanted), "the loss is not -log sum_i p_i exp(-error_i / 2)")
    _slope_at_the_guesses(answer, target_TV, out, pull[1])
    true, prob = slope_of(answer, target_TV, out, "logits_BTE"), out.prob_BTE
    mistakes = {
        "the slope at the scores has the wrong sign: p - h": -true,
        "the slope at the scores is h alone: the router's bet p comes first, p - h": prob - true,
        "the slope at the scores is p - h, not p times that": prob * true,
    }
    no_mistake(pull[2], mistakes)
    demand(near(pull[2], true, 1e-3), "the slope at the scores must be p - h")


def _slope_at_the_guesses(answer, target_TV, out, given):
    """Compare dE/do_i of 1.3 with finite differences, and name the usual mistakes."""
    true = slope_of(answer, target_TV, out, "guess_BTEV")
    mistakes = {
        "the slope at the guesses has the wrong sign: -h (d - o)": -true,
        "the slope at the guesses is twice too large": 2 * true,
        "the slope at the guesses is divided by T: a Pull is per token": true / len(target_TV),
        "the slope at the guesses has p once more: h holds it": out.prob_BTE[..., None] * true,
    }
    no_mistake(given, mistakes)
    demand(
        near(given, true, 1e-3),
        f"at the guesses, finite differences say {true[0, 0].round(3).tolist()} for the first "
        f"token, you say {given[0, 0].round(3).tolist()}: it is -h (d - o), with h and not p",
    )


@exercise("the slopes at the scores sum to zero, as a softmax demands.")
def cooperative(answer):
    """Check the mended ``answer(target_TV, outputs)``: a Pull of eq. 1.1.

    >>> from moe_lesson.mixtures.local import cooperative as ours
    >>> cooperative(ours)
    correct: the slopes at the scores sum to zero, as a softmax demands.

    Lesson 1.
    """
    target_TV, out = draw_outputs()
    pull = pull_of(answer, target_TV, out)
    blend = (out.prob_BTE[..., None] * out.guess_BTEV).sum(2)
    loss = np.square(target_TV - blend).sum(-1)
    demand(near(pull[0], loss), "the loss was right: ||d - sum_i p_i o_i||^2")
    true = slope_of(answer, target_TV, out, "guess_BTEV")
    said = "the slope at the guesses was right: -2 p_i (d - blend). "
    no_mistake(pull[1], {"The 2 is lost": true / 2, "Its sign is turned": -true}, said)
    first = pull[1][0, 0, 0].round(3).tolist()
    demand(near(pull[1], true, 1e-3), f"{said}You start with {first}")
    wanted = slope_of(answer, target_TV, out, "logits_BTE")
    mistakes = {
        "the slopes at the scores have their sign turned: expert less blend, o - blend": -wanted,
        "the slopes at the scores lack the 2": wanted / 2,
        "the slopes at the scores hold p twice: the first factor has it": out.prob_BTE * wanted,
    }
    no_mistake(pull[2], mistakes)
    total = np.abs(pull[2].sum(-1)).max()
    demand(
        total < 1e-6,
        f"the slopes at one token's scores sum to {total:.3g}. Raising all scores alike changes no "
        "probability, so they must sum to 0: what does softmax's own slope subtract?",
    )
    demand(
        near(pull[2], wanted, 1e-3), "the slopes at the scores are not those that differences say"
    )


@exercise("an expert is active if some token trusts it.")
def active_experts(answer):
    """Check ``answer(prob_BTE, floor=0.1)``: how many experts each run uses.

    >>> from moe_lesson.mixtures.local import active_experts as ours
    >>> active_experts(ours)
    correct: an expert is active if some token trusts it.

    Lesson 1.
    """
    # Run 0: expert 0, and 1 with one token. Run 1: expert 0 is always first, 1 the runner-up.
    one = [[0.95, 0.05, 0.0, 0.0], [0.25, 0.75, 0.0, 0.0], [0.85, 0.05, 0.05, 0.05]]
    other = [[0.8, 0.15, 0.05, 0.0], [0.84, 0.16, 0.0, 0.0], [0.83, 0.14, 0.03, 0.0]]
    prob_BTE = np.array([one, other])
    found = np.asarray(called(answer, prob_BTE, when="two runs, three tokens, no floor given"))
    demand(found.shape == (2,), f"two runs need two counts: you return shape {found.shape}")
    mistakes = {
        "you count tokens, not experts: take the largest over axis 1, the tokens": [3, 3],
        "you count every pair of token and expert: take the largest over tokens first": [4, 6],
        "you count who is first with some token: a runner-up above the floor is active": [2, 1],
        "an expert counts if it is trusted with any token, not with all": [1, 2],
        "you return shares: count the experts": [0.5, 0.5],
    }
    no_mistake(found, mistakes)
    demand(found.tolist() == [2, 2], f"the runs use 2 and 2 experts: you say {found.tolist()}")
    rare = np.full((1, 1000, 2), [[[1.0, 0.0]]])
    rare[0, 7] = 0.2, 0.8
    found = np.asarray(answer(rare)).tolist()
    demand(found != [1000], "you count tokens, not experts: axis 1 is tokens, axis 2 is experts")
    demand(found == [2], f"trusted with one token of 1,000, an expert is in use: you say {found}")
    few = np.full((1, 200, 4), 0.05)
    few[..., 0] = 0.85
    found = np.asarray(answer(few)).tolist()
    demand(found == [1], f"0.05 with each of 200 tokens is no trust: you say {found}, not [1]")
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
    results = called(answer, when="no argument")
    starts_differ(results)
    comparison(results, "in your unit", seeds=5)
    first, second = list(results.values())[:2]
    spread = [float(np.std(runs, ddof=1)) for runs in (first, second)]
    said = f"standard deviations {spread[0]:.3g} and {spread[1]:.3g}"
    print(f"{said}; t = {_t(second, first):.2f}")


def starts_differ(results):
    """Demand that no setting's runs are equal, and no number is negative.

    A small whole number may be the same in all runs: it is a count of experts.

    Raises:
        AssertionError: they are, or one is.

    >>> starts_differ({"a": [7.5, 7.5]})
    Traceback (most recent call last):
    AssertionError: a: all 2 runs give 7.5. Are their starts different?

    Lesson 1.
    """
    given = results.items() if isinstance(results, dict) else ()
    for name, runs in given:
        if not isinstance(runs, (list, tuple, np.ndarray)) or not len(runs):
            continue  # the comparison says what is wrong with it
        if not all(isinstance(run, (int, float, np.number)) for run in runs):
            continue
        same, first = len(runs) > 1 and np.ptp(runs) == 0, float(runs[0])
        count = first.is_integer() and first <= A_COUNT
        demand(
            not same or count,
            f"{name}: all {len(runs)} runs give {first:g}. Are their starts different?",
        )
        said = f"{name}: {min(runs):g} is negative; epochs, counts and shares are not. "
        demand(not min(runs) < 0, said + "Is a sign turned?")


def _t(one, other):
    """Compute Student's t with a pooled variance."""
    many, more = len(one), len(other)
    free = many + more - 2
    pooled = ((many - 1) * np.var(one, ddof=1) + (more - 1) * np.var(other, ddof=1)) / free
    return (np.mean(one) - np.mean(other)) / np.sqrt(pooled * (1 / many + 1 / more))
