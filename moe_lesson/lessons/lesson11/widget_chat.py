"""The chat board: one question, three models, token by token, with what the routers did."""

import functools
import html
from typing import NamedTuple

import ipywidgets
import numpy as np
import torch

from moe_lesson.inference.generate import continued
from moe_lesson.lessons.lesson11.figures_chat import next_tokens, visible
from moe_lesson.models.likelihood import measuring
from moe_lesson.study.figures.frame import new_axes, png
from moe_lesson.study.figures.palette import OUTLINE, colour, ink
from moe_lesson.study.trace import RoutingTrace, trace_ids
from moe_lesson.study.widgets.explorer import CALM, Explorer
from moe_lesson.study.widgets.view import View
from moe_lesson.study.widgets.xray import strip_html
from moe_lesson.text.chat import chat_ids
from moe_lesson.text.tokenizer import END

TOKENS, SHOWN = 24, 8  # of an answer, at most; bars
MOST = 400  # characters of a reader's own question, and of a system message
QUESTION = "Which of the three says most about the base model: what it says, or when it stops?"


class Said(NamedTuple):
    """Hold one model's answer, token by token; A tokens of T in all, N likeliest of each.

    >>> Said._fields[0]
    'tokens'

    Lesson 11.
    """

    tokens: list  # text of each token of the answer, its </s> with it
    likeliest: list  # for each: [(text, probability)], the likeliest first
    trace: RoutingTrace  # of question and answer; the place before a token predicted it
    asked: int  # how many tokens came before the answer


def said_by(model, words, prompts):
    """Let a model answer several prompts, greedily, and look at every step.

    Args:
        prompts: lists of token ids.

    Returns:
        A list of Said.

    >>> from moe_lesson.models.config import TINY
    >>> from moe_lesson.models.mixtral import Mixtral
    >>> from moe_lesson.text.tokenizer import train_tokenizer
    >>> words = train_tokenizer(["ab"], 260)
    >>> len(said_by(Mixtral(TINY), words, [[5, 6], [7]])[1].likeliest[0])
    8

    Lesson 11.
    """
    found = []
    for prompt, column in zip(prompts, continued(model, prompts, TOKENS)):
        end = column.index(END) + 1 if END in column else len(column)
        found.append(_look(model, words, list(prompt), column[:end]))
    return found


def _look(model, words, prompt, answer):
    """Read question and answer once more, and keep what stood behind each token."""
    ids = prompt + answer
    with measuring(model):
        logits_SV = model(torch.tensor([ids])).logits_BSV[0, len(prompt) - 1 : -1]
    best = logits_SV.float().softmax(-1).topk(SHOWN)
    likeliest = [
        [(text_of(words, one), share) for one, share in zip(*row)]
        for row in zip(best.indices.tolist(), best.values.tolist())
    ]
    texts = [text_of(words, one) for one in ids]
    return Said(texts[len(prompt) :], likeliest, trace_ids(model, ids, texts), len(prompt))


def text_of(words, id):
    """Write one token, control tokens too.

    >>> from moe_lesson.text.tokenizer import train_tokenizer
    >>> text_of(train_tokenizer(["ab"], 260), 2)
    '</s>'

    Lesson 11.
    """
    return words.decode([id], skip_special_tokens=False)


def chat_board(models, words, questions, systems):
    """Ask three models the same, and step through one's answer.

    Args:
        models: name -> model, the base model first.
        questions: prepared ones, each a text.
        systems: prepared system messages, "" for none among them.

    Returns:
        An Explorer; prepared questions without a system message are answered beforehand.

    Lesson 11.
    """
    names = list(models)

    @functools.lru_cache(maxsize=64)
    def answered(name, text, system):
        return said_by(models[name], words, [_prompt(words, text, system)])[0]

    prompts = [_prompt(words, text, "") for text in questions]
    ready = {name: dict(zip(questions, said_by(models[name], words, prompts))) for name in names}

    def read(name, text, system):
        return (
            ready[name][text]
            if not system and text in ready[name]
            else answered(name, text, system)
        )

    def view(question, own, system, model, step, layer):
        text = own.strip() or question
        _refuse_long(text, system)
        three = {name: read(name, text, system.strip()) for name in names}
        one = three[model]
        step = min(step, len(one.tokens) - 1)
        picture = _columns(three, model, step) + _bars(one, step) + _routing(one, step, layer)
        return View(picture, _sentence(three, model, step, layer))

    def poster():
        return png(_three({name: ready[name][questions[0]] for name in names}).figure)

    return Explorer(view, _controls(questions, systems, names), _states(names), QUESTION, poster)


def _refuse_long(text, system):
    longest = max(len(text), len(system))
    if longest > MOST:
        raise ValueError(f"your text has {longest} characters: allowed are up to {MOST}")


def _prompt(words, text, system):
    first = [{"role": "system", "content": system}] if system else []
    return chat_ids(words, [*first, {"role": "user", "content": text}]).ids


def _controls(questions, systems, names):
    hint = {"placeholder": "empty: the question above", "layout": {"width": "40em"}}
    wide = {"layout": {"width": "46em"}}
    return {
        "question": ipywidgets.Dropdown(options=questions, description="Question", **wide),
        "own": ipywidgets.Text("", description="Your own", **CALM, **hint),
        "system": ipywidgets.Combobox(
            value="", options=[one for one in systems if one], description="System", **CALM, **wide
        ),
        "model": ipywidgets.Dropdown(options=names, value=names[-1], description="Look at"),
        "step": ipywidgets.IntSlider(0, 0, TOKENS - 1, description="Token"),
        "layer": ipywidgets.IntSlider(3, 0, 3, description="Layer"),
    }


def _states(names):
    return {
        "Base": {"model": names[0]},
        "First token": {"model": names[-1]},
        "Fourth token": {"model": names[-1], "step": 3},
    }


def _place(one, step):
    """Tell which place predicted a token of the answer: the one before it."""
    return one.asked + step - 1


def _columns(three, model, step):
    """Write the answers side by side, the token that is looked at underlined."""
    cells = []
    for name, one in three.items():
        texts = [html.escape(token).replace("\n", "¶<br>") for token in one.tokens]
        if name == model:
            texts[step] = f'<u style="background: #F0E442">{texts[step] or "(part)"}</u>'
        body = "".join(texts)
        cells.append(
            f'<td style="vertical-align: top; width: 33%; border: 1px solid {OUTLINE}; '
            f'padding: 4px; text-align: left"><b>{html.escape(name)}</b><br>{body}</td>'
        )
    return f'<table style="width: 100%"><tr>{"".join(cells)}</tr></table>'


def _bars(one, step):
    """Write the likeliest tokens of a step as bars of HTML."""
    rows = []
    for token, share in one.likeliest[step]:
        said = "<b>said</b>" if token == one.tokens[step] else ""
        shown = html.escape(visible(token))
        rows.append(
            f'<div><span style="display: inline-block; width: 8em">{shown}</span>'
            f'<span style="display: inline-block; height: 0.8em; width: {240 * share:.0f}px; '
            f'background: #0072B2; border: 1px solid {OUTLINE}"></span> {share:.2f} {said}</div>'
        )
    return f'<div style="font-family: monospace">{"".join(rows)}</div>'


def _routing(one, step, layer):
    """Write where the place before this token went, layer by layer, and the answer's strip."""
    at = _place(one, step)
    boxes = []
    for depth, (experts, weights) in enumerate(
        zip(one.trace.expert_LTK[:, at], one.trace.weight_LTK[:, at])
    ):
        kept = "".join(
            f'<span style="background: {colour(e)}; color: {ink(e)}; border: 1px solid {OUTLINE}; '
            f'padding: 0 3px; margin: 1px">{e}</span>{w:.2f} '
            for e, w in zip(experts.tolist(), weights)
        )
        boxes.append(f"<span>layer {depth}: {kept}</span> ")
    part = slice(one.asked - 1, None)
    fields = (one.trace.expert_LTK, one.trace.weight_LTK, one.trace.prob_LTE)
    answer = RoutingTrace(one.trace.tokens[part], None, *(field[:, part] for field in fields))
    return f"<div>{''.join(boxes)}</div>{strip_html(answer, layer, 'first choice', step)}"


def _sentence(three, model, step, layer):
    one = three[model]
    token, share = one.tokens[step], dict(one.likeliest[step]).get(one.tokens[step], 0.0)
    experts = one.trace.expert_LTK[layer, _place(one, step)].tolist()
    ends = ", ".join(
        f"{name} {'stops after' if said.tokens[-1] == '</s>' else 'goes on after'} "
        f"{len(said.tokens)} tokens"
        for name, said in three.items()
    )
    return (
        f"Token {step} of {model}, {token!r}, had {100 * share:.0f} %; in layer {layer} experts "
        f"{experts[0]} and {experts[1]} made it. {ends}."
    )


def _three(three):
    """Draw the first step of each model beside the others."""
    grid = new_axes(columns=len(three), height=2.6, shown=False)
    for axes, (name, one) in zip(np.ravel(grid), three.items()):
        texts, shares = zip(*one.likeliest[0])
        next_tokens(axes, texts, shares, name, one.tokens[0])
    return np.ravel(grid)[0]
