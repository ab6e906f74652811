"""Traces in which what can be found was planted."""

import numpy as np

from moe_lesson.study.trace import RoutingTrace

LANGUAGES = ["en", "fr", "it", "de", "es", "code"]
POS = ["noun", "verb", "article", "adverb", "sign"]
TOPICS = ["sea", "farm", "town"]
REGISTERS = ["story", "letter", "recipe"]


def planted(docs=60, length=50, strength=4.0, seed=0, layers=4, switch=False):
    """Build a trace whose layer 0 follows the token id and whose deeper layers the language.

    Of 120 token ids each language has 15 of its own and shares 30, five of them homographs.
    Strength 0: noise. ``switch``: each document changes to the next language half way.
    """
    generator = np.random.default_rng(seed)
    doc = np.arange(docs).repeat(length)
    place = np.tile(np.arange(length), docs)
    language = (doc + (switch & (place >= length // 2))) % 6
    shared = generator.random(len(doc)) < 0.3
    ids = np.where(shared, generator.integers(0, 30, len(doc)), 0)
    ids = np.where(shared, ids, 30 + 15 * language + generator.integers(0, 15, len(doc)))
    rules = np.random.default_rng(1)  # the same "model" whatever the text
    pos = rules.permutation(120)[ids] % 5
    of_id, of_language = rules.normal(size=(120, 8)), rules.normal(size=(6, 8))
    logits = generator.normal(size=(layers, len(doc), 8))
    depth = np.linspace(0, 1, layers)[:, None, None]
    logits += strength * ((1 - depth) * of_id[ids] + depth * of_language[language])
    prob = np.exp(logits) / np.exp(logits).sum(-1, keepdims=True)
    expert = np.argsort(-prob, -1)[:, :, :2]
    weight = np.take_along_axis(prob, expert, 2)
    concept = np.where(shared, "", [f"c{one % 15}" for one in ids])
    labels = {
        "language": [LANGUAGES[one] for one in language],
        "topic": [TOPICS[one // 6 % 3] for one in doc],
        "register": [REGISTERS[one // 18 % 3] for one in doc],
        "story": [f"s{one // 6}" for one in doc],
        "position": [str(one) for one in place],
        "pos": [POS[one] for one in pos],
        "concept": concept.tolist(),
        "homograph": ["pan die son come gift".split()[one] if one < 5 else "" for one in ids],
    }
    tokens = [f" w{one}" for one in ids]
    return RoutingTrace(tokens, ids, expert, weight / weight.sum(-1, keepdims=True), prob, labels)


def one_layer(experts, **labels):
    """Build a trace of one layer with the given first choices."""
    ids = np.array(experts).reshape(1, -1, 1)
    T, E = ids.shape[1], ids.max() + 1
    prob = np.zeros((1, T, E))
    np.put_along_axis(prob, ids, 1.0, 2)
    return RoutingTrace(["a"] * T, np.arange(T), ids, np.ones(ids.shape), prob, labels)
