"""What the checks of gradients share: a case, the parts of an answer, finite differences."""

import numpy as np

from moe_lesson.mixtures.local import Outputs, forward, softmax, start_mixture
from moe_lesson.study.checks import array_of, called, demand


def draw_outputs():
    """Draw what two runs of three experts say about five tokens with two outputs each.

    Returns:
        The targets, and Outputs.

    >>> [part.shape for part in draw_outputs()[1]]
    [(2, 5, 3, 2), (2, 5, 3), (2, 5, 3)]

    Lesson 1.
    """
    generator = np.random.default_rng(1)
    start = start_mixture(generator, 2, (3, 3, 2), spread=1.0)
    start = start._replace(router_BDE=generator.standard_normal((2, 3, 3)))
    return generator.standard_normal((5, 2)), forward(start, generator.standard_normal((5, 3)))


def pull_of(answer, target_TV, out):
    """Demand three arrays: a loss for each token, and slopes in the shapes of the outputs.

    Raises:
        AssertionError: the answer is no Pull, or a part has another shape.

    >>> pull_of(lambda target_TV, out: np.zeros(5), *draw_outputs())
    Traceback (most recent call last):
    AssertionError: return a Pull of loss, slope at the guesses, slope at the scores: you return \
one ndarray

    Lesson 1.
    """
    given = called(answer, target_TV, out, when="2 runs, 5 tokens, 3 experts, 2 outputs")
    demand(
        isinstance(given, (tuple, list)),
        f"return a Pull of loss, slope at the guesses, slope at the scores: you return one "
        f"{type(given).__name__}",
    )
    demand(len(given) == 3, f"a Pull has three parts: you return {len(given)}")
    shapes = out.prob_BTE.shape[:2], out.guess_BTEV.shape, out.logits_BTE.shape
    names = "the loss, one per token,", "the slope at the guesses", "the slope at the scores"
    return [array_of(*part) for part in zip(given, shapes, names)]


def slope_of(answer, target_TV, out, name):
    """Measure dE/d(out.name) by moving each number a little, one after the other.

    Args:
        name: of a field of the outputs: ``guess_BTEV`` or ``logits_BTE``.

    Returns:
        An array like the field.

    >>> def half_the_square(target_TV, out):
    ...     return [np.square(out.guess_BTEV).sum((-1, -2)) / 2]
    >>> target_TV, out = draw_outputs()
    >>> slope_of(half_the_square, target_TV, out, "guess_BTEV").shape
    (2, 5, 3, 2)

    Lesson 1.
    """
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
