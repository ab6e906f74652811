"""W11, the ledger: what is stored, and what one token uses."""

import ipywidgets
import torch

from moe_lesson.lessons.lesson08.figures import ledger_bars
from moe_lesson.models.config import MISTRAL_7B, MIXTRAL_8X7B, SMALL, Config
from moe_lesson.study.figures.frame import new_axes, png
from moe_lesson.study.widgets.explorer import CALM, WIDE, Explorer
from moe_lesson.study.widgets.view import View

DTYPES = {"float32": torch.float32, "bfloat16": torch.bfloat16, "8 bits": 8, "4 bits": 4}
SHOWN = "num_experts top_k dim hidden_dim n_layers vocab_size".split()


def ledger():
    """Change a model's sizes; read what it stores and what one token uses.

    Attention is as in Mixtral: query heads as wide together as the model, a quarter of
    them key-value heads.

    Returns:
        An Explorer.

    >>> ledger().sentence
    '46.70 billion parameters stored, 12.88 billion used by a token (27.6 %); 93.4 GB in \
bfloat16; 25.5 billion operations a token.'

    Lesson 8.
    """
    axes = new_axes(height=2.6, shown=False)

    def view(dtype, **sizes):
        config = _config(**sizes)
        axes.clear()
        ledger_bars(axes, parts(config))
        return View(png(axes.figure), _sentence(config, dtype))

    return Explorer(
        view,
        _controls(),
        {
            "Mixtral 8x7B": _sizes(MIXTRAL_8X7B) | {"dtype": "bfloat16"},
            "Mistral 7B": _sizes(MISTRAL_7B) | {"dtype": "bfloat16"},
            "SMALL": _sizes(SMALL) | {"dtype": "float32"},
        },
        "Twice the experts: twice the parameters? Twice the work for a token?",
    )


def parts(config):
    """Split a model's parameters into four parts, each stored and used by one token.

    >>> parts(MIXTRAL_8X7B)["experts"]
    (45097156608, 11274289152)

    Lesson 8.
    """
    expert = config.n_layers * config.expert_parameters
    attention = config.n_layers * config.attention_parameters
    rest = config.total_parameters - expert * config.num_experts - attention
    return {
        "experts": (config.num_experts * expert, config.top_k * expert),
        "attention": (attention, attention),
        "embeddings": (config.embedding_parameters,) * 2,
        "router and norms": (rest - config.embedding_parameters,) * 2,
    }


def _config(dim, **sizes):
    if dim % 8:
        raise ValueError(f"dim is {dim}: four heads of even width need a multiple of 8")
    # Parameters depend on heads times width alone, so four wide heads stand for all.
    heads = {"n_heads": 4, "n_kv_heads": 1, "head_dim": dim // 4}
    return Config(dim=dim, context_len=1, **heads, **sizes)


def _sizes(config):
    return {name: getattr(config, name) for name in SHOWN}


def _controls():
    calm = CALM | WIDE

    def number(name, most, step=1):
        return ipywidgets.BoundedIntText(
            getattr(MIXTRAL_8X7B, name), 1, most, step=step, description=name, **calm
        )

    return {
        "num_experts": ipywidgets.IntSlider(8, 1, 64, description="num_experts", **calm),
        "top_k": ipywidgets.IntSlider(2, 1, 8, description="top_k", **calm),
        "dim": number("dim", 16384, 8),
        "hidden_dim": number("hidden_dim", 65536, 64),
        "n_layers": number("n_layers", 128),
        "vocab_size": number("vocab_size", 262144, 64),
        "dtype": ipywidgets.Dropdown(options=list(DTYPES), value="bfloat16", description="dtype"),
    }


def _sentence(config, dtype):
    total, active = config.total_parameters, config.active_parameters
    scale, word = (1e9, "billion") if total >= 1e9 else (1e6, "million")
    held, operations = config.bytes_at(DTYPES[dtype]), config.operations_per_token()
    size = f"{held / 1e9:,.1f} GB" if held >= 1e9 else f"{held / 1e6:,.1f} MB"
    work = f"{operations / scale:,.1f} {word}"
    return (
        f"{total / scale:.2f} {word} parameters stored, {active / scale:.2f} {word} used by a "
        f"token ({100 * active / total:.1f} %); {size} in {dtype}; {work} operations a token."
    )
