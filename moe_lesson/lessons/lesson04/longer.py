"""What lesson 4 measures beforehand: a language model with room for experts, and forgetting."""

from dataclasses import asdict, dataclass, replace

import torch

from moe_lesson.lessons.lesson04.faults import sure_switch
from moe_lesson.lessons.lesson04.remedies import SHARED, nothing, product, remedies
from moe_lesson.models.recurrent import RecurrentConfig
from moe_lesson.moe.balance import max_over_mean
from moe_lesson.moe.routers import LinearRouter
from moe_lesson.moe.routing import switch
from moe_lesson.study.memory import Size, facts, learn, recall
from moe_lesson.study.trials import BalancingMethod, measure_balance, trial
from moe_lesson.training.settings import Settings

SPARSE = RecurrentConfig(32, 64, num_experts=32, top_k=2, context_len=32, dropout=0.0)
LANGUAGE = Settings(
    steps=1500,
    batch=32,
    length=32,
    learning_rate=0.02,
    warmup=50,
    weight_decay=0.0,
    balance_weight=0.0,
    measure_every=1500,
    measure_tokens=80_000,
)


def speakers():
    """List the language models: every remedy with 32 experts, and a dense one of two.

    Returns:
        name -> (RecurrentConfig, BalancingMethod).

    >>> dense, sparse = (speakers()[name][0] for name in ("dense", "Switch"))
    >>> sparse.operations - dense.operations, sparse.num_experts / dense.num_experts
    (1920, 16.0)

    Lesson 4.
    """
    dense = replace(SPARSE, num_experts=SPARSE.top_k), remedies()["none"]
    return {"dense": dense} | {name: (SPARSE, one) for name, one in remedies().items()}


def speak(name, data, labels, settings):
    """Train one of ``speakers`` and say how it predicts, how even it is, what experts tell.

    Args:
        labels: what ``training_data`` says of each held-out token.

    Returns:
        A dict of plain numbers for ``data/measurements``.

    Raises:
        KeyError: there is no such speaker.

    >>> speak("magic", None, None, LANGUAGE)
    Traceback (most recent call last):
    KeyError: 'magic'

    Lesson 4.
    """
    config, remedy = speakers()[name]
    model, rows = trial(config, data, settings, remedy, looks=[settings.steps])
    told = {label: labels[label] for label in ("pos", "language")}
    begins = labels["position"] == "0"
    found = measure_balance(model, data.valid, told, settings.length, begins)._asdict()
    idle = _idle(torch.tensor(rows[-1]["load"][0]))
    return {"remedy": name, "seed": settings.seed, "idle": idle} | _rounded(found)


def _idle(load_E):
    """Count the experts with less than a tenth of an even share of the visits."""
    return (load_E < 0.1 / len(load_E)).sum().item()


@dataclass(frozen=True)
class Lesson:
    """Say what a layer is to learn by heart, and how.

    >>> Lesson(BalancingMethod()).shared
    1.0

    Lesson 4.
    """

    remedy: BalancingMethod
    size: Size = Size()
    shared: float = SHARED  # the direction in common
    facts: int = 20_000
    steps: int = 2_000


def memories():
    """List what is learnt by heart: every remedy, and what to compare it with.

    Returns:
        name -> Lesson.

    >>> [name for name in memories() if name not in remedies()][:2]
    ['none, no direction', 'Switch, no direction']

    Lesson 4.
    """
    found = {name: Lesson(one) for name, one in remedies().items()}
    for name in ("none", "Switch"):
        found[f"{name}, no direction"] = replace(found[name], shared=0.0)
    active = Size(num_experts=1, top_k=1, hidden_dim=64)
    return found | {"dense, as active": replace(found["none"], size=active)} | faulty()


def faulty():
    """List top-1 layers of eight experts: a weight of 1, and Switch's, with loss and without.

    Returns:
        name -> Lesson, none with a direction in common.

    >>> list(faulty())
    ['weight 1, no loss', 'weight 1, Switch loss', 'weight p, no loss', 'weight p, Switch loss']

    Lesson 4.
    """
    found, size = {}, Size(num_experts=8, top_k=1, hidden_dim=64)
    for weight, route in (("1", sure_switch), ("p", switch)):
        for loss, penalty in (("no", nothing), ("Switch", product)):
            one = BalancingMethod(_top_one(route), penalty)
            found[f"weight {weight}, {loss} loss"] = Lesson(one, size, shared=0.0)
    return found


def _top_one(route):
    def make(size):
        sizes = size.dim, size.num_experts, size.top_k
        return LinearRouter(*sizes, start=None, route=lambda logits_TE, k: route(logits_TE))

    return make


def remember(lesson, seed):
    """Learn by heart, then ask.

    Returns:
        A dict: ``share`` of labels that are right, ``bits`` stored, ``busiest`` over the mean,
        ``idle`` experts, with less than a tenth of an even share of the visits.

    >>> found = remember(Lesson(remedies()["hash"], facts=50, steps=1), seed=0)
    >>> list(found)
    ['share', 'bits', 'busiest', 'idle']

    Lesson 4.
    """
    task = facts(lesson.facts, lesson.size, seed, shared=lesson.shared)
    model = learn(task, lesson.size, lesson.steps, seed, lesson.remedy)
    found = recall(model, *task)
    load_E = torch.ones(1) if found.load_E is None else found.load_E
    told = {"share": round(found.share, 4), "bits": round(found.bits)}
    return told | {"busiest": round(max_over_mean(load_E).item(), 3), "idle": _idle(load_E)}


def about(lesson):
    """Say in plain numbers what a lesson was.

    >>> about(Lesson(None))["num_experts"]
    16

    Lesson 4.
    """
    plain = {
        name: value for name, value in asdict(lesson).items() if isinstance(value, int | float)
    }
    return lesson.size._asdict() | plain


def _rounded(found):
    return {
        name: _rounded(one) if isinstance(one, dict) else round(one, 4)
        for name, one in found.items()
    }
