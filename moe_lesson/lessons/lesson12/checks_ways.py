"""What the four scores of a choice must be: of characters, of bytes, of any number of choices."""

import numpy as np

from moe_lesson.study.checks import demand, near, no_mistake, untouched

WAYS = ("acc", "acc_norm", "acc_bytes", "acc_mutual_info")
HINTS = {"two": "a size of three stands there as a number"}
HINTS["three"] = "lists are not divided, arrays are: np.asarray makes one"


def four_scores(answer):
    """Demand of ``answer(logps, alone, choices)`` four scores a choice, by their names.

    Raises:
        AssertionError: it is no dict of the four, a score is wrong, or a list was changed.

    >>> four_scores(lambda logps, alone, choices: {"acc": logps})
    Traceback (most recent call last):
    AssertionError: your dict lacks acc_norm, acc_bytes, acc_mutual_info

    Lesson 12.
    """
    logps, alone = [-6.0, -8.0, -10.5], [-5.0, -9.0, -10.0]
    found = _asked(answer, logps, alone, ["Straße", "été", "An inn."], "three")
    said = "acc: "
    no_mistake(found["acc"], {"these are probabilities: leave the logarithm": np.exp(logps)}, said)
    demand(near(found["acc"], logps), said + "it is the log-probability as it comes")
    _by_length(found)
    said = f"acc_mutual_info: you say {found['acc_mutual_info'].round(3).tolist()}. "
    wrong = {
        "The sign is turned: what stands alone is taken away": [1.0, -1.0, 0.5],
        "You added it: take it away": [-11.0, -17.0, -20.5],
        "That is a ratio: logarithms are subtracted": [6 / 5, 8 / 9, 10.5 / 10],
    }
    no_mistake(found["acc_mutual_info"], wrong, said)
    demand(near(found["acc_mutual_info"], [-1.0, 1.0, -0.5]), said + "It must be -1, 1, -0.5")
    found = _asked(answer, [-4.0, -6.0], [-1.0, -2.0], ["ja", "nö"], "two")
    wanted = zip(WAYS, ([-4, -6], [-2, -3], [-2, -2], [-3, -4]))
    wrong = [name for name, scores in wanted if not near(found[name], scores)]
    demand(not wrong, f"two choices, ja and nö: {', '.join(wrong)} of yours is wrong")


def _asked(answer, logps, alone, choices, count):
    """Ask for the scores of so many choices; return name -> array."""
    when, said = f"{count} choices", "you changed a list that was handed to you"
    given = untouched(answer, logps, alone, choices, when=when, hint=HINTS[count], said=said)
    demand(isinstance(given, dict), f"return a dict, not a {type(given).__name__}")
    missing = [name for name in WAYS if name not in given]
    demand(not missing, f"your dict lacks {', '.join(missing)}")
    found = {name: _array(name, given[name]) for name in WAYS}
    sizes = {name: each.shape for name, each in found.items() if each.shape != (len(choices),)}
    demand(not sizes, f"{count} choices, {count} scores each; yours have shapes {sizes}")
    return found


def _array(name, scores):
    """Demand numbers; return them as an array."""
    try:
        return np.asarray(scores, dtype=float)
    except (TypeError, ValueError):
        said = f"{name} is a {type(scores).__name__} that holds no numbers: give an array"
        raise AssertionError(said) from None


def _by_length(found):
    """Demand the scores per character and per byte."""
    said = f"acc_norm: you say {found['acc_norm'].round(3).tolist()}. "
    wrong = {
        "These are bytes: Straße has 6 characters, été 3": [-6 / 7, -8 / 5, -1.5],
        "The space in front is scored, but not counted": [-6 / 7, -8 / 4, -10.5 / 8],
        "The full stop and the space within count too: An inn. has 7": [-1.0, -8 / 3, -10.5 / 6],
        "These are words: count characters": [-6.0, -8.0, -10.5 / 2],
        "Divide, do not multiply": [-36.0, -24.0, -73.5],
    }
    no_mistake(found["acc_norm"], wrong, said)
    demand(near(found["acc_norm"], [-1.0, -8 / 3, -1.5]), said + "It must be -1, -2.667, -1.5")
    said = f"acc_bytes: you say {found['acc_bytes'].round(3).tolist()}. "
    wrong = {
        "These are characters: ß and é take two bytes of UTF-8 each": [-1.0, -8 / 3, -1.5],
        "The space in front is scored, but not counted in bytes": [-6 / 8, -8 / 6, -10.5 / 8],
        "The full stop is a byte too": [-6 / 7, -8 / 5, -10.5 / 6],
    }
    no_mistake(found["acc_bytes"], wrong, said)
    said += "Straße has 7 bytes, été 5, An inn. 7"
    demand(near(found["acc_bytes"], [-6 / 7, -8 / 5, -1.5]), said)
