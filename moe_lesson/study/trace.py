"""What a router did with a text: every layer's choices as plain NumPy arrays."""

from typing import NamedTuple

import numpy as np
import torch

from moe_lesson.models.likelihood import measuring
from moe_lesson.moe.routing import pool
from moe_lesson.text.tokenizer import text_ids

BATCH = 16  # pieces of a long text that are read together


class RoutingTrace(NamedTuple):
    """Hold each layer's routing of one text, on the CPU.

    >>> RoutingTrace._fields[:3]
    ('tokens', 'id_T', 'expert_LTK')

    Lesson 10.
    """

    tokens: list  # the text of each token
    id_T: np.ndarray
    expert_LTK: np.ndarray  # whom each token visits, best first
    weight_LTK: np.ndarray  # how much each visit counts
    prob_LTE: np.ndarray  # softmax of the router's scores over all E
    labels: dict | None = None  # name -> what is known of each token, in order


def trace_ids(model, id_T, tokens=None, labels=None):
    """Run a model over token ids, in evaluation, and keep what its routers decided.

    A text longer than the model's context is read in pieces, each from its own start.

    Args:
        model: any model with ``config.context_len`` whose output has ``routings``.
        tokens: the text of each token; None: the ids as numbers.

    Returns:
        A RoutingTrace.

    Raises:
        ValueError: there is no token, or the model is dense: it has no router.
        FloatingPointError: its scores are NaN or infinite.

    >>> from moe_lesson.models.config import TINY
    >>> from moe_lesson.models.mixtral import Mixtral
    >>> trace_ids(Mixtral(TINY), [5, 6, 7]).expert_LTK.shape
    (2, 3, 2)

    Lesson 10.
    """
    id_T = torch.as_tensor(id_T, dtype=torch.long)
    if not len(id_T):
        raise ValueError("there are 0 tokens: a trace needs 1 or more")
    device, S = next(model.parameters()).device, model.config.context_len
    whole = len(id_T) // S * S
    parts = (*id_T[:whole].view(-1, S).split(BATCH), id_T[whole:][None])
    with measuring(model):
        pieces = [model(part.to(device)).routings for part in parts if part.numel()]
    layers = [pool(layer) for layer in zip(*pieces, strict=True)]
    if not layers:
        raise ValueError("the model is dense: it has no router to trace")
    if not all(layer.logits_TE.isfinite().all() for layer in layers):
        raise FloatingPointError("the router's scores are not finite numbers")
    return RoutingTrace(
        list(tokens) if tokens is not None else [str(one) for one in id_T.tolist()],
        id_T.cpu().numpy(),
        torch.stack([layer.expert_TK for layer in layers]).cpu().numpy(),
        torch.stack([layer.weight_TK for layer in layers]).float().cpu().numpy(),
        torch.stack([layer.logits_TE.softmax(-1) for layer in layers]).float().cpu().numpy(),
        labels,
    )


def trace_text(model, tokenizer, text):
    """Run a model over a text and keep what its routers decided.

    Returns:
        A RoutingTrace; a token that is part of a character shows as the sign U+FFFD.

    Raises:
        ValueError: the text is empty or holds half a character, or the model is dense.

    >>> from moe_lesson.models.config import TINY
    >>> from moe_lesson.models.mixtral import Mixtral
    >>> from moe_lesson.text.tokenizer import train_tokenizer
    >>> trace_text(Mixtral(TINY), train_tokenizer(["a b"], 259), "a b").tokens
    ['a', ' ', 'b']

    Lesson 10.
    """
    ids = text_ids(tokenizer, text)
    tokens = [tokenizer.decode([one], skip_special_tokens=False) for one in ids]
    return trace_ids(model, ids, tokens)


def check_labels(trace, *names):
    """Refuse a trace that lacks a label.

    Raises:
        ValueError: naming the labels that are missing.

    >>> none = np.zeros((1, 1, 1))
    >>> check_labels(RoutingTrace(["a"], None, none, none, none), "pos")
    Traceback (most recent call last):
    ValueError: the trace lacks the labels pos: it has none

    Lesson 10.
    """
    has = trace.labels or {}
    if missing := [name for name in names if name not in has]:
        there = ", ".join(has) or "none"
        raise ValueError(f"the trace lacks the labels {', '.join(missing)}: it has {there}")


def documents(trace):
    """Number the document of each token.

    A document begins where the label "story" changes or "position" starts again: the same
    story in two languages is two documents. ``select`` and ``join`` keep the numbers in the
    label "document".

    Returns:
        T numbers, all 0 if the trace has none of these labels.

    >>> none = np.zeros((1, 3, 1))
    >>> labels = {"story": ["1", "1", "1"], "position": ["0", "1", "0"]}
    >>> documents(RoutingTrace(["a", "b", "c"], None, none, none, none, labels)).tolist()
    [0, 0, 1]

    Lesson 10.
    """
    labels = trace.labels or {}
    if "document" in labels:
        return np.unique(np.asarray(labels["document"]), return_inverse=True)[1]
    starts = np.zeros(len(trace.tokens), dtype=bool)
    if "story" in labels:
        story = np.asarray(labels["story"])
        starts[1:] = story[1:] != story[:-1]
    if "position" in labels:
        place = np.array([int(one) if one else -1 for one in labels["position"]])
        starts[1:] |= (place[1:] >= 0) & (place[1:] <= place[:-1])
    return starts.cumsum()


def select(trace, chosen):
    """Keep some tokens of a trace; they remember which document they come from.

    Args:
        chosen: T truth values, or the places of tokens.

    >>> none = np.zeros((1, 2, 1))
    >>> two = RoutingTrace(["a", "b"], np.arange(2), none, none, none, {"language": ["en", "de"]})
    >>> select(two, np.array([False, True])).labels["language"]
    ['de']

    Lesson 10.
    """
    places = np.arange(len(trace.tokens))[np.asarray(chosen)].tolist()
    labels = (trace.labels or {}) | {"document": [str(one) for one in documents(trace)]}
    return RoutingTrace(
        [trace.tokens[at] for at in places],
        np.asarray(trace.id_T)[places],
        trace.expert_LTK[:, places],
        trace.weight_LTK[:, places],
        trace.prob_LTE[:, places],
        {name: [label[at] for at in places] for name, label in labels.items()},
    )


def join(traces):
    """Put the traces of several texts, read by one model, behind each other.

    A label that one of them lacks is "" there.

    Raises:
        ValueError: the traces differ in layers, experts or visits per token.

    >>> none = np.zeros((1, 1, 1))
    >>> one = RoutingTrace(["a"], np.arange(1), none, none, none, {"language": ["en"]})
    >>> join([one, one._replace(labels=None)]).labels["language"]
    ['en', '']

    Lesson 10.
    """
    traces = list(traces)
    names = list(dict.fromkeys(name for one in traces for name in one.labels or {}))
    whole = [select(one, range(len(one.tokens))) for one in traces]
    labels = {
        name: [x for one in whole for x in one.labels.get(name, [""] * len(one.tokens))]
        for name in names
    }
    labels["document"] = [
        f"{at}.{number}" for at, one in enumerate(whole) for number in one.labels["document"]
    ]
    return RoutingTrace(
        [token for one in whole for token in one.tokens],
        np.concatenate([one.id_T for one in whole]),
        *(np.concatenate([one[field] for one in whole], axis=1) for field in (2, 3, 4)),
        labels,
    )


def with_choices(trace, expert_LTK):
    """Replace the routers' choices by others, all of one token weighing the same.

    >>> none = np.zeros((1, 1, 4))
    >>> one = RoutingTrace(["a"], np.arange(1), none, none, none)
    >>> with_choices(one, np.array([[[3, 0]]])).prob_LTE.tolist()
    [[[0.5, 0.0, 0.0, 0.5]]]

    Lesson 10.
    """
    weight_LTK = np.full(expert_LTK.shape, 1 / expert_LTK.shape[2], dtype=np.float32)
    prob_LTE = np.zeros(trace.prob_LTE.shape, dtype=np.float32)
    np.put_along_axis(prob_LTE, expert_LTK, weight_LTK, axis=2)
    return trace._replace(expert_LTK=expert_LTK, weight_LTK=weight_LTK, prob_LTE=prob_LTE)


def some_documents(trace, tokens):
    """Keep whole documents, languages and registers in turn, as long as there is room.

    A sample of one register alone would answer for that register only. So the n-th language
    begins with the n-th register, and each goes on to the next.

    Args:
        tokens: at most so many are kept, but at least one document.

    >>> none = np.zeros((1, 4, 1))
    >>> labels = {"story": ["1", "2", "3", "3"], "language": ["en", "en", "de", "de"]}
    >>> labels["register"] = ["letter", "story", "letter", "letter"]
    >>> four = RoutingTrace(["a", "b", "c", "d"], np.arange(4), none, none, none, labels)
    >>> some_documents(four, tokens=3).labels["story"]
    ['2', '3', '3']

    Lesson 10.
    """
    _, first, number = np.unique(documents(trace), return_index=True, return_inverse=True)
    size, place = np.bincount(number), np.arange(len(first))
    tongue, register = (_codes(trace, name)[first] for name in ("language", "register"))
    kind = tongue * (register.max() + 1) + register
    turn = np.array([(kind[:at] == kind[at]).sum() for at in place])
    step = (register - tongue) % (register.max() + 1)
    order = np.lexsort((place, tongue, step, turn))
    kept = order[size[order].cumsum() <= max(tokens, size[order[0]])]
    return select(trace, np.isin(number, kept))


def _codes(trace, name):
    """Number the values of a label, all 0 if the trace lacks it."""
    label = (trace.labels or {}).get(name, [""] * len(trace.tokens))
    return np.unique(np.asarray(label), return_inverse=True)[1]


def with_token_labels(trace):
    """Add the labels that the tokens themselves give: "token", "frequency" and "shape".

    Frequency is how often the id occurs in this trace, in powers of four. Shape is word (after
    a space), part (the rest of a word), number, sign or space.

    >>> none = np.zeros((1, 2, 1))
    >>> two = with_token_labels(RoutingTrace([" a", "!"], np.arange(2), none, none, none))
    >>> two.labels["shape"], two.labels["frequency"]
    (['word', 'sign'], ['1 to 3', '1 to 3'])

    Lesson 10.
    """
    _, number, count = np.unique(trace.id_T, return_inverse=True, return_counts=True)
    power = np.floor(np.log2(count[number]) / 2).astype(int)
    own = {
        "token": [str(one) for one in np.asarray(trace.id_T).tolist()],
        "frequency": [f"{4**p} to {4 ** (p + 1) - 1}" for p in power.tolist()],
        "shape": [_shape(token) for token in trace.tokens],
    }
    return trace._replace(labels=(trace.labels or {}) | own)


def _shape(token):
    """Tell what kind of characters a token is made of."""
    bare = token.strip()
    if not bare:
        return "space"
    if any(letter.isdigit() for letter in bare):
        return "number"
    if not any(letter.isalpha() for letter in bare):
        return "sign"
    return "word" if token[0].isspace() else "part"
