"""The package's arithmetic once more, slowly: plain Python numbers, one token at a time.

Nothing here is shared with the package. Python's floats have 64 bits, so results agree with
the package in float64 to about 1e-10. ``hugging_face`` is the other reference.
"""

import functools
import math
import sys

import pytest


@functools.cache
def hugging_face():
    """transformers' Mixtral, or a skip; the shape watcher would make its import 3 times longer."""
    watcher = sys.getprofile()
    sys.setprofile(None)
    try:
        name = "transformers.models.mixtral.modeling_mixtral"
        return pytest.importorskip(name, reason="needs the parity extra")
    finally:
        sys.setprofile(watcher)


def softmax(scores):
    """exp(s) over its sum; the largest score is taken off first."""
    powers = [math.exp(score - max(scores)) for score in scores]
    return [power / sum(powers) for power in powers]


def best(scores, k):
    """The places of the k largest scores, best first, the earlier first among equals."""
    return sorted(range(len(scores)), key=lambda i: -scores[i])[:k]


def times(matrix, vector):
    """A matrix, given by rows, times a vector."""
    return [math.fsum(a * b for a, b in zip(row, vector, strict=True)) for row in matrix]


def plus(left, right):
    return [a + b for a, b in zip(left, right, strict=True)]


def swiglu(x, gate, up, down):
    """down(silu(gate(x)) * up(x)) for one token."""
    silu = [g / (1 + math.exp(-g)) for g in times(gate, x)]
    return times(down, [a * b for a, b in zip(silu, times(up, x), strict=True)])


def relu(x, up, down):
    return times(down, [max(0.0, h) for h in times(up, x)])


def mixture(x, visits, networks):
    """The weighted sum of what the visited networks say: visits are (expert, weight) pairs."""
    total = [0.0] * len(x)
    for expert, weight in visits:
        total = plus(total, [weight * y for y in networks[expert](x)])
    return total


def swiglu_networks(experts):
    """The E networks of a ``SwiGLUExperts`` as functions of one token."""
    pairs = zip(experts.gate_up_EJFD.tolist(), experts.down_EDF.tolist(), strict=True)
    return [lambda x, both=both, down=down: swiglu(x, *both, down) for both, down in pairs]


def mixtral_visits(x, router, k):
    """Mixtral's routing of one token: the k best scores, softmax over these."""
    scores = times(router, x)
    chosen = best(scores, k)
    return list(zip(chosen, softmax([scores[e] for e in chosen]), strict=True))


def norm(x, weight, eps):
    """RMSNorm: x over the root of its mean square, times a weight."""
    root = math.sqrt(math.fsum(a * a for a in x) / len(x) + eps)
    return [w * a / root for w, a in zip(weight, x, strict=True)]


def turn(x, position, theta):
    """Rotary position: pair i, as a complex number, times exp(i * position * angle_i)."""
    half = len(x) // 2
    turned = [0.0] * len(x)
    for i in range(half):
        angle = position * theta ** (-2 * i / len(x))
        pair = complex(x[i], x[i + half]) * complex(math.cos(angle), math.sin(angle))
        turned[i], turned[i + half] = pair.real, pair.imag
    return turned


def attend(query, keys, values):
    """The values averaged by the softmax of query times key over root A."""
    share = softmax([score / math.sqrt(len(query)) for score in times(keys, query)])
    return [math.fsum(s * value[a] for s, value in zip(share, values)) for a in range(len(query))]


def heads(vector, head_dim):
    return [vector[i : i + head_dim] for i in range(0, len(vector), head_dim)]


def attention(xs, layer, config):
    """One attention layer over a whole sequence, position by position, without a cache."""
    weight = {name: w.tolist() for name, w in layer.named_parameters()}
    past, results = [], []
    for position, x in enumerate(xs):
        query, key, value = (
            heads(times(weight[f"{name}.weight"], x), config.head_dim)
            for name in ("query", "key", "value")
        )
        past.append(([turn(k, position, config.rope_theta) for k in key], value))
        near = past if config.window is None else past[-config.window :]
        said = []
        for h, q in enumerate(query):
            g = h * config.n_kv_heads // config.n_heads
            turned = turn(q, position, config.rope_theta)
            said += attend(turned, [k[g] for k, _ in near], [v[g] for _, v in near])
        results.append(times(weight["output.weight"], said))
    return results


def mixtral(model, ids):
    """The logits of one sequence of ids: a list of V numbers for each position."""
    config = model.config
    table = model.embed.weight.tolist()
    xs = [table[i] for i in ids]
    for block in model.blocks:
        scale = block.attention_norm.weight.tolist()
        added = attention([norm(x, scale, config.norm_eps) for x in xs], block.attention, config)
        xs = [plus(x, a) for x, a in zip(xs, added, strict=True)]
        xs = [plus(x, feed_forward(block, x, config)) for x in xs]
    output = table if config.tied else model.unembed.weight.tolist()
    return [times(output, norm(x, model.norm.weight.tolist(), config.norm_eps)) for x in xs]


def feed_forward(block, x, config):
    x = norm(x, block.feed_forward_norm.weight.tolist(), config.norm_eps)
    layer = block.feed_forward
    if config.num_experts == 1:
        return swiglu(x, *layer.gate_up_JFD.tolist(), layer.down_DF.tolist())
    visits = mixtral_visits(x, layer.router.score_ED.tolist(), config.top_k)
    return mixture(x, visits, swiglu_networks(layer.experts))
