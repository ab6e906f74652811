"""Give a model wider heads that compute the same, for servers that ask for 32 numbers or more.

    python deploy/wide_heads.py --model data/checkpoints/instruct --out runs/wide

Pair i of a head turns by theta^(-2i/A) a position. In a head f times as wide pair f*i turns by
just that, so the pairs move there and zeros stand between. Scores are divided by the root of
the width: queries grow by the root of f.
"""

import argparse
from dataclasses import replace
from pathlib import Path

import torch

from moe_lesson.checkpoints.folder import load, save
from moe_lesson.models.mixtral import Mixtral


def spread(rows, heads, factor):
    """Move each row of a head from pair i to pair ``factor`` * i; zeros stand between."""
    pairs = rows.unflatten(0, (heads, 2, -1))
    wide = pairs.new_zeros(*pairs.shape[:3], factor, pairs.shape[-1])
    wide[:, :, :, 0] = pairs
    return wide.flatten(0, 3)


def widened(model, width):
    """Return a Mixtral with heads of ``width`` numbers whose logits are the model's own.

    Raises:
        ValueError: ``width`` is no multiple of the model's.
    """
    config = model.config
    factor, rest = divmod(width, config.head_dim)
    if rest or not factor:
        raise ValueError(f"width is {width}: it must be a multiple of {config.head_dim}")
    state = model.state_dict()
    for layer in range(config.n_layers):
        query, key, value, output = (
            f"blocks.{layer}.attention.{name}.weight"
            for name in ("query", "key", "value", "output")
        )
        state[query] = factor**0.5 * spread(state[query], config.n_heads, factor)
        state[key] = spread(state[key], config.n_kv_heads, factor)
        state[value] = spread(state[value], config.n_kv_heads, factor)
        state[output] = spread(state[output].T, config.n_heads, factor).T
    wide = Mixtral(replace(config, head_dim=width)).to(state["embed.weight"])
    wide.load_state_dict(state)
    return wide.eval()


def main():
    """Open a folder, widen, save as float32."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--model", type=Path, required=True, help="folder of a model")
    parser.add_argument("--out", type=Path, required=True, help="folder to write")
    parser.add_argument("--width", type=int, default=32, help="numbers of a head")
    args = parser.parse_args()
    model, words = load(args.model, dtype=torch.float32)
    save(args.out, widened(model, args.width), words)
    print(f"wrote {args.out}: heads of {args.width}, before {model.config.head_dim}")


if __name__ == "__main__":
    main()
