"""What lesson 14 measures beforehand: each variant trained and read with the same instruments."""

import time
from dataclasses import replace
from itertools import pairwise, product

import numpy as np
import torch
import torch.nn.functional as F

from moe_lesson.lessons.lesson14.variants import BASE, build, config_of, variants
from moe_lesson.models.likelihood import bits_by, cut, measuring
from moe_lesson.moe.balance import load, max_over_mean
from moe_lesson.moe.relu import sparsity
from moe_lesson.study.information import information
from moe_lesson.study.trace import RoutingTrace, select
from moe_lesson.study.trials import best_rate
from moe_lesson.text.tokenizer import Text
from moe_lesson.training.loop import train
from moe_lesson.training.settings import Settings

VOCAB, BUDGET = BASE.vocab_size, 2_000_000
RATES, TUNED_WITH = (0.003, 0.006, 0.012), 100  # the seed of the runs that choose a rate
TUNED = ("8 of 32", "2 of 8", "dense", "shared")  # the others take that of 8 of 32
SETTINGS = Settings(
    steps=300,
    batch=16,
    length=64,
    learning_rate=0.006,
    warmup=100,
    balance_weight=0.0,  # the variants bring their own
    measure_every=300,
    measure_tokens=20_000,
)
READ, COMMON = 8_000, 64  # tokens whose routing is read; commonest ids that count as common
SHUFFLES = 60


def grid(runs, seeds):
    """List the runs that are recorded; a variant's rate is chosen once those before have ended.

    Args:
        runs: a list that grows meanwhile; see ``study.trials.best_rate``.

    Yields:
        What names a run, and its Settings.

    >>> next(grid([], seeds=3))[0]
    {'name': '8 of 32', 'seed': 100, 'rate': 0.003}

    Lesson 14.
    """
    for name, rate in product(TUNED, RATES):
        yield _named(name, TUNED_WITH, rate)
    for first, seed in product(range(0, len(variants()), 5), range(seeds)):
        for name in tuple(variants())[first : first + 5]:
            like = name if name in TUNED else "8 of 32"
            yield _named(name, seed, best_rate(runs, "bits", name=like, seed=TUNED_WITH))


def _named(name, seed, rate):
    about = {"name": name, "seed": seed, "rate": rate}
    return about, replace(SETTINGS, seed=seed, learning_rate=rate)


def run(name, data, labels, settings):
    """Train one variant, and read it.

    Args:
        labels: what ``training_data`` says of each held-out token.

    Returns:
        A dict of plain numbers for ``data/measurements``: sizes, ``step_seconds`` (of the
        processor, in the fastest tenth of the steps), ``bits`` per byte, all and by how common
        the token is, and of a sparse model what ``read_routers`` tells.

    Raises:
        KeyError: there is no such variant.

    >>> run("magic", None, None, SETTINGS)
    Traceback (most recent call last):
    KeyError: 'magic'

    Lesson 14.
    """
    variant, ticks = variants()[name], []
    torch.manual_seed(settings.seed)
    model, step = build(variant)

    def watch(row):
        step(row)
        ticks.append(time.process_time())

    rows = train(model, data, settings, progress=False, watch=watch)
    each = sorted(after - before for before, after in pairwise(ticks))[len(ticks) // 10]
    text = Text(*(column[: settings.measure_tokens + 1] for column in data.valid[:2]))
    common, nats_T = common_tokens(data), window_nats(model, text, settings.length)
    split = bits_by(common[: len(nats_T)], nats_T, text.bytes_T)
    told = {"total": sum(w.numel() for w in model.parameters()), "step_seconds": round(each, 4)}
    told |= {"operations": operations(variant), "bits": round(rows[-1]["valid_bits"], 4)}
    told |= {name: round(bits, 4) for name, bits in split.items()}
    if variant.num_experts > 1:
        told |= read_routers(model, text, labels, settings.length)
        told |= shared_part(model, text, common, settings.length) if variant.shared_dim else {}
    return told


def operations(variant):
    """Count one token's multiply-adds in weights, the output layer included.

    Of ReLU routing what it aims at: ``top_k`` open gates.

    >>> from moe_lesson.lessons.lesson14.variants import fine
    >>> operations(fine(8)) - operations(fine(1))  # the router's rows alone
    7168

    Lesson 14.
    """
    shared = 3 * BASE.dim * (variant.shared_dim + variant.gated / 3)
    return config_of(variant).operations_per_token() // 2 + BASE.n_layers * int(shared)


def common_tokens(data):
    """Name each held-out token "common", one of the 64 ids most frequent in training, or "rare".

    >>> from moe_lesson.text.tokenizer import Data, Text
    >>> text = Text(torch.arange(66), torch.ones(66))
    >>> common_tokens(Data(text, text))[-2:]
    ['rare', 'rare']

    Lesson 14.
    """
    count_V = torch.bincount(data.train.id_T)
    frequent = set(count_V.argsort(descending=True, stable=True)[:COMMON].tolist())
    return ["common" if one in frequent else "rare" for one in data.valid.id_T.tolist()]


def window_nats(model, text, length):
    """Measure the surprise of each token in the windows that the bits per byte are measured in.

    Longer ones would hold positions that training never reached.

    Returns:
        nats_T; nan for the first token, which nothing predicts, and for those past the last
        whole window.

    >>> from moe_lesson.lessons.lesson14.variants import fine
    >>> from moe_lesson.text.tokenizer import Text
    >>> text = Text(torch.arange(130), torch.ones(130))
    >>> window_nats(build(fine(1))[0], text, 64).isnan().nonzero().flatten().tolist()
    [0, 129]

    Lesson 14.
    """
    inputs, targets = cut(text.id_T, length)
    with measuring(model):
        logits = torch.cat([model(part).logits_BSV for part in inputs.split(25)])
    nats_T = torch.full((len(text.id_T),), float("nan"))
    nats = F.cross_entropy(logits.mT, targets, reduction="none")
    nats_T[1 : targets.numel() + 1] = nats.flatten()
    return nats_T


@torch.no_grad()
def _read(model, text, length):
    """Return every layer's routing of the first tokens of a text, in windows."""
    windows = text.id_T[: READ // length * length].view(-1, length)
    model.eval()
    pieces = [model(part).routings for part in windows.split(25)]
    return list(zip(*pieces, strict=True))


def read_routers(model, text, labels, length):
    """Measure how even the load is, and what a visit tells about its token.

    A visit is one of a token's k, drawn with equal chance: so all experts of a token count, not
    the first alone. Of ReLU routing, the k largest scores.

    Returns:
        A dict: ``busiest`` over the mean, of the worse layer; of ReLU routing the share of gates
        that are ``shut``; for "language" and "pos" a dict of
        ``bits`` that a visit tells, the value that 95 % of shuffled labels stay below, and the
        entropy of a visit, each the mean of the layers.

    >>> from moe_lesson.lessons.lesson14.variants import fine
    >>> from moe_lesson.text.tokenizer import Text
    >>> text = Text(torch.arange(128), torch.ones(128))
    >>> names = {"language": ["en", "de"] * 64, "position": [str(n % 64) for n in range(128)]}
    >>> sorted(read_routers(build(fine(1))[0], text, names | {"pos": ["x"] * 128}, 64))
    ['busiest', 'language', 'pos']

    Lesson 14.
    """
    layers, k = _read(model, text, length), model.config.top_k
    shares = [torch.stack([load(piece) for piece in layer]).mean(0) for layer in layers]
    visit_LTK = torch.stack([torch.cat([_visits(piece, k) for piece in layer]) for layer in layers])
    L, T, K = visit_LTK.shape
    rest = np.zeros((L, T, K)), np.zeros((L, T, model.config.num_experts))
    known = {name: list(label[:T]) for name, label in labels.items()}
    plain = RoutingTrace([""] * T, text.id_T[:T].numpy(), visit_LTK.numpy(), *rest, known)
    each = select(plain, np.repeat(np.arange(T), K))
    visits = visit_LTK.reshape(L, T * K, 1).numpy()
    each = each._replace(expert_LTK=visits, weight_LTK=visits * 0.0)
    told = {name: _summed(information(each, name, permutations=SHUFFLES)) for name in TOLD}
    told |= {"busiest": round(max(max_over_mean(share).item() for share in shares), 3)}
    if layers[0][0].has_unfilled:
        told["shut"] = round(sum(map(sparsity, layers)) / L, 4)
    return told


TOLD = ("language", "pos")


def _visits(routing, k):
    """Return each token's k experts; of a routing with open places, the k best scores."""
    return routing.logits_TE.topk(k).indices if routing.has_unfilled else routing.expert_TK


def _summed(found):
    names = {"bits": found.bits_L, "high95": found.high95_L, "entropy": found.entropy_L}
    return {name: round(float(value_L.mean()), 4) for name, value_L in names.items()}


def shared_part(model, text, common, length):
    """Measure how much of a layer's output the shared expert writes, for common and rare tokens.

    Returns:
        A dict: ``written``, the length of the shared expert's answer over the sum of its length
        and the routed experts', the mean over tokens and layers; with a gate, its mean ``gate``.

    >>> from moe_lesson.text.tokenizer import Text
    >>> text = Text(torch.arange(128), torch.ones(128))
    >>> model = build(variants()["shared, gated"])[0]
    >>> found = shared_part(model, text, ["common", "rare"] * 64, 64)
    >>> sorted(found), sorted(found["gate"])
    (['gate', 'written'], ['common', 'rare'])

    Lesson 14.
    """
    seen, handles = [], []
    for block in model.model.blocks:
        keep = block.feed_forward.register_forward_hook(lambda part, x, y: seen.append((part, *x)))
        handles.append(keep)
    _read(model, text, length)
    for handle in handles:
        handle.remove()
    with torch.no_grad():
        parts = [_lengths(part, x_TD) for part, x_TD in seen]
    half, names = len(model.model.blocks), {}
    for name in parts[0]:
        by_layer = [torch.cat([p[name] for p in parts[n::half]]) for n in range(half)]
        mean_T = torch.stack(by_layer).mean(0)
        kinds = np.array(common[: len(mean_T)])
        names[name] = {k: round(float(mean_T[kinds == k].mean()), 4) for k in ("common", "rare")}
    return names


def _lengths(part, x_TD):
    whole_TD, _ = part(x_TD)
    routed_TD, _ = part.layer(x_TD)
    own_T, other_T = (whole_TD - routed_TD).norm(dim=-1), routed_TD.norm(dim=-1)
    found = {"written": own_T / (own_T + other_T)}
    if part.score_ED is not None:
        found["gate"] = (x_TD @ part.score_ED.T).sigmoid()[:, 0]
    return found
