"""FLAN-MoE's claims by their sign, in the record of the three set-ups."""

from statistics import fmean
from typing import NamedTuple

SETUPS = ("alone", "instructed", "both")
PLAIN = {"balance": 0.01, "router": "free"}
HIGHER = {"right": 1, "chosen": 1, "nats": -1, "bits": -1}  # whether more of it is better
ALONE, INSTRUCTED, BOTH = ({"setup": name} for name in SETUPS)
SPARSE, DENSE = {"model": "sparse"}, {"model": "dense"}
# What the paper says; who is claimed to do better, and than whom.
CLAIMS = {
    "alone: dense beats sparse": (ALONE | DENSE, ALONE | SPARSE),
    "instructed: sparse beats dense": (INSTRUCTED | SPARSE, INSTRUCTED | DENSE),
    "both: sparse beats dense": (BOTH | SPARSE, BOTH | DENSE),
}
# What the paper measured with either sign: no claim.
ASKED = {
    "balance loss on, not off": ({"balance": 0.01}, {"balance": 0.0}),
    "router frozen, not free": ({"router": "frozen"}, {"router": "free"}),
}


class Verdict(NamedTuple):
    """Hold what the seeds say of a claim.

    >>> Verdict([0.2, 0.1, -0.1]).word
    'open'

    Lesson 11.
    """

    gains: list  # one a seed, positive where the claim holds

    @property
    def word(self):
        """Say whether all seeds agree: kept, turned or open.

        Raises:
            ValueError: there is no seed.

        >>> Verdict([0.2, 0.1]).word, Verdict([-0.2, -0.1]).word
        ('kept', 'turned')

        Lesson 11.
        """
        if not self.gains:
            raise ValueError("there are 0 seeds: a verdict needs 1 or more")
        if all(gain > 0 for gain in self.gains):
            return "kept"
        return "turned" if all(gain < 0 for gain in self.gains) else "open"


def seeds(record, measure, **about):
    """Return a measure of each seed's run, in order of the seeds; of several languages the mean.

    Args:
        record: ``runs`` of the measurement.
        about: what names the runs: model, setup, balance, router.

    Raises:
        ValueError: there is no such run.

    >>> run = {"model": "dense", "setup": "both", "seed": 0, "nats": 1.5}
    >>> seeds([run, run | {"seed": 1, "nats": 2.5}], "nats", model="dense")
    [1.5, 2.5]

    Lesson 11.
    """
    found = [r for r in record if measure in r and "rate" not in r and about.items() <= r.items()]
    if not found:
        raise ValueError(f"the record has no run with {measure} and {about}")
    values = [run[measure] for run in sorted(found, key=lambda run: run["seed"])]
    return [fmean(one.values()) if isinstance(one, dict) else one for one in values]


def table(record, measure):
    """Gather a measure of both models in each set-up, tuned in the plain way.

    Returns:
        "sparse, alone" and so on -> a number a seed.

    >>> run = {"model": "dense", "setup": "alone", "seed": 0, "nats": 1.5} | PLAIN
    >>> others = [run | {"model": m, "setup": s} for m in ("sparse", "dense") for s in SETUPS]
    >>> table(others, "nats")["dense, both"]
    [1.5]

    Lesson 11.
    """
    names = [(model, setup) for setup in SETUPS for model in ("sparse", "dense")]
    return {
        f"{model}, {setup}": seeds(record, measure, model=model, setup=setup, **PLAIN)
        for model, setup in names
    }


def gains(record, measure, one, other):
    """Compare two kinds of runs, seed by seed.

    Args:
        one, other: what names their runs; what is left out is that of the sparse model after
            both stages, tuned in the plain way.

    Returns:
        By how much ``one`` is better, a number a seed, in units of the measure.

    >>> run = {"model": "dense", "setup": "both", "seed": 0, "nats": 1.5} | PLAIN
    >>> two = [run, run | {"model": "sparse", "nats": 1.25}]
    >>> gains(two, "nats", {"model": "sparse"}, {"model": "dense"})
    [0.25]

    Lesson 11.
    """
    usual = SPARSE | BOTH | PLAIN
    sides = [seeds(record, measure, **usual | side) for side in (one, other)]
    return [HIGHER[measure] * (a - b) for a, b in zip(*sides, strict=True)]


def verdicts(record, measure, claims):
    """Judge claims by sign.

    Args:
        claims: ``CLAIMS`` or ``ASKED``.

    Returns:
        claim -> Verdict.

    >>> run = {"model": "dense", "setup": "alone", "seed": 0, "nats": 1.5} | PLAIN
    >>> two = [run, run | {"model": "sparse", "nats": 1.25}]
    >>> first = dict(list(CLAIMS.items())[:1])
    >>> verdicts(two, "nats", first)["alone: dense beats sparse"].word
    'turned'

    Lesson 11.
    """
    return {name: Verdict(gains(record, measure, *claim)) for name, claim in claims.items()}


def won_by_instruction(record, measure, model):
    """Measure what instruction tuning adds to task tuning, seed by seed.

    Returns:
        "both" less "alone", positive where it helps.

    >>> run = {"model": "dense", "setup": "alone", "seed": 0, "nats": 1.5} | PLAIN
    >>> won_by_instruction([run, run | {"setup": "both", "nats": 1.0}], "nats", "dense")
    [0.5]

    Lesson 11.
    """
    return gains(record, measure, BOTH | {"model": model}, ALONE | {"model": model})


def helps_more(record, measure):
    """Judge whether instruction tuning adds more to the sparse model than to the dense one.

    Returns:
        A Verdict.

    >>> run = {"model": "dense", "setup": "alone", "seed": 0, "nats": 1.5} | PLAIN
    >>> four = [run, run | {"setup": "both", "nats": 1.0}]
    >>> four += [one | {"model": "sparse", "nats": one["nats"] ** 2} for one in four]
    >>> helps_more(four, "nats").gains
    [0.75]

    Lesson 11.
    """
    ours, theirs = (won_by_instruction(record, measure, name) for name in ("sparse", "dense"))
    return Verdict([a - b for a, b in zip(ours, theirs, strict=True)])


def spread(values):
    """Write a mean with its ends.

    >>> spread([1.0, 2.0])
    '1.500 (1.000 to 2.000)'

    Lesson 11.
    """
    return f"{fmean(values):.3f} ({min(values):.3f} to {max(values):.3f})"
