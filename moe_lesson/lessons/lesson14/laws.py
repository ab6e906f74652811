"""Published scaling laws as functions, where their coefficients are known, with their range."""

import math
from typing import NamedTuple


class Law(NamedTuple):
    """Hold Krajewski's coefficients for one kind of model.

    Krajewski et al. 2024 (arXiv:2402.07871): parameters as the paper counts them, nats a token.

    >>> round(MIXTURE.loss(1e9, 1e11, grain=8), 3)
    2.942

    Lesson 14.
    """

    a: float
    alpha: float
    b: float
    beta: float
    c: float  # what no size and no text can win
    g: float = 0.0  # what granularity can win, before its power
    gamma: float = 1.0

    def loss(self, parameters, tokens, grain=1):
        """Foretell the loss: c + (g / G^gamma + a) / N^alpha + b / D^beta.

        Args:
            grain: G = 4 D / F, the width of a dense network over an expert's.

        Returns:
            Nats a token; c for endless parameters and tokens.

        >>> DENSE.loss(math.inf, math.inf)
        0.47

        Lesson 14.
        """
        size = (self.g / grain**self.gamma + self.a) / parameters**self.alpha
        return self.c + size + self.b / tokens**self.beta

    def gain(self, parameters, grain):
        """Foretell what finer experts win over a grain of 1; tokens do not matter.

        >>> round(MIXTURE.gain(1e9, 8), 3)
        0.136

        Lesson 14.
        """
        return self.g * (1 - grain**-self.gamma) / parameters**self.alpha


MIXTURE = Law(
    a=18.1, alpha=0.115, b=30.8, beta=0.147, c=0.47, g=2.1, gamma=0.58
)  # 64 experts' worth
DENSE = Law(a=16.3, alpha=0.126, b=26.7, beta=0.127, c=0.47)
GRAINS, SIZES = (1, 16), (129e6, 3.7e9)  # what the fit has seen


def outside(parameters, grain):
    """Say what of a question the fit has not seen; "" if it has.

    >>> outside(1e9, 24)
    'a grain of 24 (seen: 1 to 16)'

    Lesson 14.
    """
    found = []
    if not GRAINS[0] <= grain <= GRAINS[1]:
        found.append(f"a grain of {grain:g} (seen: {GRAINS[0]} to {GRAINS[1]})")
    if not SIZES[0] <= parameters <= SIZES[1]:
        found.append(f"{parameters:.2g} parameters (seen: {SIZES[0]:.2g} to {SIZES[1]:.2g})")
    return ", ".join(found)


def grain_of(dim, hidden_dim):
    """Return how fine experts are, as Ling counts, 2 D / F, and as Krajewski, 4 D / F.

    >>> grain_of(2048, 384)  # a model called "G = 12"
    (10.666666666666666, 21.333333333333332)

    Lesson 14.
    """
    return 2 * dim / hidden_dim, 4 * dim / hidden_dim


def joint_sparse(parameters, tokens, sparsity, values):
    """Write Abnar's form: a / N^al + b / D^be + c / (1-S)^la + d / ((1-S)^de N^ga) + e.

    Abnar et al. 2025 (arXiv:2501.12370). The values are not in our sources: bring your own.

    Args:
        sparsity: S = (E - K) / E.
        values: a, al, b, be, c, la, d, de, ga and e by name.

    >>> values = dict.fromkeys(["al", "be", "la", "de", "ga"], 1.0) | dict.fromkeys("abcde", 1.0)
    >>> joint_sparse(2.0, 4.0, 0.5, values)
    4.75

    Lesson 14.
    """
    v, active = values, 1 - sparsity
    plain = v["a"] / parameters ** v["al"] + v["b"] / tokens ** v["be"] + v["e"]
    return plain + v["c"] / active ** v["la"] + v["d"] / (active ** v["de"] * parameters ** v["ga"])


def routed(parameters, num_experts, values):
    """Write Clark's form: (10^(d/a) / N)^a (1 / E)^(b + c log10 N).

    Clark et al. 2022 (arXiv:2202.01169), fitted at 130 billion tokens; the base of the logarithm
    is ours, and the values are not in our sources.

    >>> routed(100.0, 8, {"a": 1.0, "b": 0.0, "c": 0.5, "d": 2.0})
    0.125

    Lesson 14.
    """
    a, b, c, d = (values[name] for name in "abcd")
    return (10 ** (d / a) / parameters) ** a * (1 / num_experts) ** (b + c * math.log10(parameters))
