"""The vowel experiment of 1991: its data, and its rule for step sizes.

Jacobs et al. 1991 tell [i] from [I] and [a] from [ʌ], as 75 speakers say them in "hVd" words
(Peterson and Barney 1952), by the first two formants. The measurements are not part of this
course: the default is a SYNTHETIC STAND-IN, random speakers drawn from means and spreads of
the vowels. ``vowel_file.vowels()`` fetches the measured ones for readers who are online,
and ``task`` takes either.
"""

from typing import NamedTuple

import numpy as np

from moe_lesson.mixtures.local import descend

# Computed from the measurements: mean of F1 and F2 in Hz, their spreads, their correlation.
# A row each for men, women and children. X-SAMPA writes [a] as A and [ʌ] as V.
STATISTICS = {
    "i": "267 2294 37 136 .02   310 2783 47 132 -.07   360 3178 70 219 .08",
    "I": "392 1993 50 126 -.16   441 2474 47 151 .05   534 2744 74 207 .27",
    "A": "718 1091 54 97 .68   864 1229 95 99 .57   1030 1383 128 163 .56",
    "V": "631 1192 47 109 .01   758 1409 68 119 .28   855 1592 118 103 .37",
}
# 76 speakers were measured and the paper has 75: which one it left out is not known. A child
# is left out here.
SPEAKERS = {"m": 33, "w": 28, "c": 14}
TRAINED_ON = 50
STOP = 0.08  # the squared error at which a run has arrived
BUDGETS = (500, 1000, 2000, 4000)  # of epochs, tried in turn
FIRST_OF_PAIR = ("i", "A")  # the output is 1 for [i] and [a], 0 for [I] and [ʌ]


class Task(NamedTuple):
    """Hold the vowels as a problem of two classes.

    >>> task(synthetic_rows()).source
    'synthetic stand-in'

    Lesson 1.
    """

    x_TD: np.ndarray  # F1 and F2 in kHz, and the constant 1
    target_TV: np.ndarray  # 1 for [i] and [a], 0 for [I] and [ʌ]
    vowel_T: np.ndarray  # which of the four, in X-SAMPA
    train_T: np.ndarray  # whether the speaker is among the first 50
    source: str  # where the numbers come from: keep it in every caption


def synthetic_rows(seed=0):
    """Draw 75 speakers who say the four vowels twice.

    Every token is drawn by itself from the Gaussian of its vowel and kind of speaker, so that
    a speaker's vowels are less alike here than a person's.

    Returns:
        600 rows in the form of ``vowel_file.vowels``: type (m, w or c), sex,
        speaker, vowel, repetition, f0, f1, f2, f3. Sex is empty, f0 and f3 are NaN.

    >>> len(synthetic_rows()), synthetic_rows()[0][:5]
    (600, ('m', '', 1, 'i', 1))

    Lesson 1.
    """
    generator, rows, speaker = np.random.default_rng(seed), [], 0
    for place, (kind, count) in enumerate(SPEAKERS.items()):
        for _ in range(count):
            speaker += 1
            for vowel, numbers in STATISTICS.items():
                first, second = _formants(numbers, place, generator)
                rows += [
                    (kind, "", speaker, vowel, turn + 1, np.nan, first[turn], second[turn], np.nan)
                    for turn in range(2)
                ]
    return rows


def _formants(numbers, place, generator):
    """Draw F1 and F2 of two utterances, in Hz."""
    mean1, mean2, spread1, spread2, tie = np.array(numbers.split(), float).reshape(3, 5)[place]
    one, other = generator.standard_normal((2, 2))
    return mean1 + spread1 * one, mean2 + spread2 * (tie * one + np.sqrt(1 - tie**2) * other)


def task(rows, source="synthetic stand-in"):
    """Turn a table of vowels into the problem of 1991.

    The paper trains on "the first 50" speakers and does not print their order. In the order
    of the table these would be all men and half of the women; here the speakers are shuffled.

    Args:
        rows: as from ``synthetic_rows`` or ``vowel_file.vowels``; vowels other than
            the four, and speakers past the 75th, are left out.
        source: where they come from.

    Returns:
        A Task.

    Raises:
        ValueError: there are no more than 50 speakers with the four vowels.

    >>> vowels = task(synthetic_rows())
    >>> vowels.x_TD.shape, vowels.train_T.sum().item()
    ((600, 3), 400)

    Lesson 1.
    """
    kept = [row for row in rows if row[3] in STATISTICS]
    speakers = sorted({row[2] for row in kept})
    if len(speakers) <= TRAINED_ON:
        raise ValueError(f"{len(speakers)} speakers: more than {TRAINED_ON} are needed, to test on")
    order = np.random.default_rng(0).permutation(speakers)
    place = {speaker: where for where, speaker in enumerate(order.tolist())}
    kept = [row for row in kept if place[row[2]] < sum(SPEAKERS.values())]
    x_TD = np.array([(row[6] / 1000, row[7] / 1000, 1.0) for row in kept])
    vowel_T = np.array([row[3] for row in kept])
    target_TV = np.isin(vowel_T, FIRST_OF_PAIR).astype(float)[:, None]
    train_T = np.array([place[row[2]] < TRAINED_ON for row in kept])
    return Task(x_TD, target_TV, vowel_T, train_T, source)


def epochs_by_step(start, slopes, steps):
    """Count the epochs that each step size needs, on starts that no result uses.

    Jacobs et al. 1991 chose their step by "a limited exploration of the convergence from the
    same initial conditions". Here: every step trains the same starts, within the first budget
    of epochs in which some step brings all of them to the criterion.

    Args:
        start: a Mixture or Network of some runs.
        slopes: as for ``moe_lesson.mixtures.local.descend``.

    Returns:
        step -> mean epochs, infinite for a step that does not bring all starts there in time.

    Raises:
        ValueError: no step does.

    >>> from moe_lesson.mixtures.local import Mixture, mixture_slopes
    >>> start, one_TV = Mixture(np.zeros((2, 1, 1, 1)), np.zeros((2, 1, 1))), np.ones((1, 1))
    >>> slopes = lambda model: mixture_slopes(model, one_TV, one_TV, squash=None)
    >>> epochs_by_step(start, slopes, (0.1, 0.5, 3.0))
    {0.1: 12.0, 0.5: 2.0, 3.0: inf}

    Lesson 1.
    """
    runs = len(start[0])
    each = type(start)(*(np.tile(w, (len(steps), *[1] * (w.ndim - 1))) for w in start))
    for budget in BUDGETS:
        with np.errstate(over="ignore", invalid="ignore"):  # a step may be far too large
            taken = descend(each, slopes, np.repeat(steps, runs), budget, STOP).epochs_B
        mean = taken.reshape(len(steps), runs).mean(1)  # NaN where a run did not arrive
        if not np.isnan(mean).all():
            return dict(zip(steps, np.where(np.isnan(mean), np.inf, mean).tolist()))
    raise ValueError(f"no step of {steps} brings all {runs} runs to {STOP} in {BUDGETS[-1]} epochs")
