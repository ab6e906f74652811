"""Time the package against its targets: the sparse layer, a training step, generation.

Ratios within one run: rivals take turns in random order on one thread, and the median of
the rounds' ratios counts. Seconds are those of the processor, so that other programs'
turns on it do not count. ``--quick`` does fewer rounds. transformers' rows need the
``parity`` extra; without it they are skipped by name.
"""

import argparse
import os
import platform
import random
import statistics
import subprocess
import sys
import time
from pathlib import Path

os.environ["OMP_NUM_THREADS"] = "1"  # before torch is loaded

import torch
import torch.nn.functional as F
from torch import nn

from moe_lesson.inference.generate import stream
from moe_lesson.inference.sampling import Sampling
from moe_lesson.models.config import Config
from moe_lesson.models.mixtral import Mixtral
from moe_lesson.moe.fused import fast_matmul
from moe_lesson.moe.layer import MoELayer

try:
    import transformers
    from transformers import MixtralConfig, MixtralForCausalLM
except ImportError:
    transformers = None

SEED = 0
LAYERS = {(128, 448, 2048): (1.05, 1.6), (256, 896, 4096): (1.03, 1.3), (512, 1792, 4096): (1.0, 1.2)}
SMALL = Config(
    dim=192,
    n_layers=4,
    head_dim=32,
    hidden_dim=512,
    n_heads=6,
    n_kv_heads=2,
    context_len=256,
    vocab_size=1024,
    num_experts=8,
    top_k=2,
)
DENSE = SMALL.__class__(**{**vars(SMALL), "hidden_dim": 1024, "num_experts": 1, "top_k": 1})
BATCH, LENGTH, NEW = 16, 128, 64


class Dense(nn.Module):
    """A plain SwiGLU layer: three linear maps."""

    def __init__(self, dim, hidden_dim):
        super().__init__()
        self.gate, self.up = (nn.Linear(dim, hidden_dim, bias=False) for _ in "gu")
        self.down = nn.Linear(hidden_dim, dim, bias=False)

    def forward(self, x_TD):
        return self.down(F.silu(self.gate(x_TD)) * self.up(x_TD))


def rounds(rivals, count, make):
    """Let rivals take turns on fresh input; return each one's seconds, round by round."""
    seconds = {name: [] for name in rivals}
    for turn in range(count + 1):
        given = make()
        for name in random.sample(list(rivals), len(rivals)):
            began = time.process_time()
            rivals[name](*given)
            if turn:  # the first is to warm up
                seconds[name].append(time.process_time() - began)
    return seconds


def ratio(seconds, ours, theirs):
    """Take the median over rounds of our time over theirs."""
    pairs = zip(seconds[ours], seconds[theirs], strict=True)
    return statistics.median(a / b for a, b in pairs)


def layer_rows(quick):
    """Time the layer, forward and backward, and forward alone on 1 and 16 tokens."""
    for (dim, hidden_dim, tokens), (trained, served) in LAYERS.items():
        size = f"dim {dim}, hidden {hidden_dim}"
        rivals = {"moe": MoELayer(dim, hidden_dim, 8, 2), "dense": Dense(dim, 2 * hidden_dim)}
        steps = {name: backward(module) for name, module in rivals.items()}
        count = max(5, 24 * 2048 * 128 // (tokens * dim)) // (2 if quick else 1)
        seconds = rounds(steps, count, lambda: (torch.randn(tokens, dim), torch.randn(tokens, dim)))
        found = ratio(seconds, "moe", "dense")
        yield f"layer, forward + backward, {tokens} tokens, {size}", found, "<=", trained
        for few, goal in ((1, served), (16, None)):
            calls = {name: forward(module) for name, module in rivals.items()}
            seconds = rounds(calls, 10 if quick else 30, lambda: (torch.randn(10, few, dim),))
            found = ratio(seconds, "moe", "dense")
            yield f"layer, forward, tokens: {few}, {size}", found, "<=", goal


def backward(module):
    def run(x_TD, dy_TD):
        module.zero_grad()
        y_TD = module(x_TD.requires_grad_())
        (y_TD if torch.is_tensor(y_TD) else y_TD[0]).backward(dy_TD)

    return run


def forward(module):
    @torch.no_grad()
    def run(x_NTD):
        for x_TD in x_NTD:
            module(x_TD)

    return run


def their_model(attention="eager", experts="grouped_mm"):
    torch.manual_seed(SEED)
    config = MixtralConfig(
        vocab_size=SMALL.vocab_size,
        hidden_size=SMALL.dim,
        intermediate_size=SMALL.hidden_dim,
        num_hidden_layers=SMALL.n_layers,
        num_attention_heads=SMALL.n_heads,
        num_key_value_heads=SMALL.n_kv_heads,
        head_dim=SMALL.head_dim,
        num_local_experts=SMALL.num_experts,
        num_experts_per_tok=SMALL.top_k,
        max_position_embeddings=SMALL.context_len,
        eos_token_id=None,
        pad_token_id=0,
        attn_implementation=attention,
        experts_implementation=experts,
    )
    return MixtralForCausalLM(config)


def our_model(config=SMALL):
    torch.manual_seed(SEED)
    return Mixtral(config)


def training(model, fast):
    """Return a function that does one training step and returns its loss."""
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3, fused=True)

    def step(id_BS):
        with fast_matmul(fast):
            output = model(id_BS[:, :-1])
            logits = output.logits_BSV if isinstance(model, Mixtral) else output.logits
            loss = F.cross_entropy(logits.flatten(0, 1), id_BS[:, 1:].flatten())
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        return loss.item()

    return step


def batch():
    return (torch.randint(0, SMALL.vocab_size, (BATCH, LENGTH + 1)),)


def training_rows(quick):
    """Time a training step against transformers at its best settings and a dense model."""
    rivals = {}
    for fast in (False, True):
        rivals["moe", fast] = training(our_model(), fast)
        rivals["dense", fast] = training(our_model(DENSE), fast)
    theirs = {}
    for attention in ("eager", "sdpa") if transformers else ():
        for experts in ("eager", "grouped_mm"):
            for fast in (False, True):
                step = training(their_model(attention, experts), fast)
                theirs[f"{attention} attention, {experts} experts", fast] = step
    trial = rounds(theirs, 2, batch)
    best = {}
    for fast in (False, True) if theirs else ():
        best[fast] = min((n for n in theirs if n[1] == fast), key=lambda n: min(trial[n]))
        rivals[best[fast]] = theirs[best[fast]]
    seconds = rounds(rivals, 4 if quick else 9, batch)
    for name, spent in seconds.items():
        speed = BATCH * LENGTH / statistics.median(spent)
        print(f"  {name[0]}, {'bfloat16 products' if name[1] else 'float32'}: {speed:,.0f} tokens/s")
    quickest = min((False, True), key=lambda f: statistics.median(seconds["moe", f]))
    ours = "moe", quickest
    dense = min((("dense", f) for f in (False, True)), key=lambda n: statistics.median(seconds[n]))
    yield "training, tokens/s, MoE / dense of equal active size", ratio(seconds, dense, ours), ">=", 1.3
    if not theirs:
        yield "training, tokens/s, ours / transformers", None, ">=", 1.6
        return
    rival = min(best.values(), key=lambda n: statistics.median(seconds[n]))
    yield "training, tokens/s, ours / transformers, each at its best", ratio(seconds, rival, ours), ">=", 1.6
    float32 = ratio(seconds, best[False], ("moe", False))
    yield "training, tokens/s, ours / transformers, float32", float32, ">=", 1.15


def noise_row(quick):
    """Compare the losses of training in bfloat16 products with those in float32."""
    steps = {fast: training(our_model(), fast) for fast in (False, True)}
    table_VV = torch.rand(SMALL.vocab_size, SMALL.vocab_size).pow(40)  # a language to learn
    gap = 0.0
    for _ in range(10 if quick else 40):
        id_BS = torch.zeros(BATCH, LENGTH + 1, dtype=torch.long)
        for place in range(1, LENGTH + 1):
            id_BS[:, place] = torch.multinomial(table_VV[id_BS[:, place - 1]], 1)[:, 0]
        exact, rounded = (steps[fast](id_BS) for fast in (False, True))
        gap = max(gap, abs(exact - rounded) / exact)
    yield f"loss, bfloat16 products against float32: largest gap, {rounded:.3f} nats", gap, "<=", None


def generation_rows(quick):
    """Time greedy generation with a cache against transformers' generate."""
    ours = our_model().eval()
    theirs = {"ours": lambda id_BS: list(stream(ours, id_BS.tolist(), NEW, GREEDY, end=None))}
    for experts in ("eager", "grouped_mm", "batched_mm") if transformers else ():
        theirs[experts] = generator(their_model("sdpa", experts).eval())
    for count, goal in ((1, 3.0), (16, 1.4)):
        make = lambda count=count: (torch.randint(3, SMALL.vocab_size, (count, 32)),)  # noqa: E731
        seconds = rounds(theirs, 2 if quick else 5, make)
        for name, spent in seconds.items():
            print(f"  batch {count}, {name}: {count * NEW / statistics.median(spent):,.0f} tokens/s")
        found = None
        if transformers:
            best = min((n for n in seconds if n != "ours"), key=lambda n: min(seconds[n]))
            found = ratio(seconds, best, "ours")
        yield f"generation, tokens/s, ours / transformers, batch {count}", found, ">=", goal


GREEDY = Sampling(temperature=0)


def generator(model):
    def run(id_BS):
        model.generate(id_BS, max_new_tokens=NEW, min_new_tokens=NEW, do_sample=False)

    return run


def import_row(_):
    """Time what the package's import adds to torch's own."""
    code = "import time, torch; t = time.perf_counter(); import moe_lesson; print(time.perf_counter() - t)"
    spent = [float(subprocess.check_output([sys.executable, "-c", code])) for _ in range(3)]
    yield "import moe_lesson after torch, seconds", statistics.median(spent), "<=", 0.3


def verdict(found, sign, goal):
    if found is None:
        return "skipped: needs transformers"
    if goal is None:
        return "no target"
    return "met" if (found <= goal if sign == "<=" else found >= goal) else "not met"


def processor():
    lines = Path("/proc/cpuinfo")
    models = lines.read_text().splitlines() if lines.exists() else []
    named = [line.split(":")[1].strip() for line in models if line.startswith("model name")]
    return (named or [platform.processor() or platform.machine()])[0]


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer rounds")
    parser.add_argument("--only", default="", help="parts, by letter: l t n g i (default: all)")
    options = parser.parse_args()
    torch.set_num_threads(1)
    torch.manual_seed(SEED)
    random.seed(SEED)
    parts = {"l": layer_rows, "t": training_rows, "n": noise_row, "g": generation_rows, "i": import_row}
    rows = []
    for letter in options.only or parts:
        for row in parts[letter](options.quick):
            rows.append(row)
            print(f"  {row[0]}: {'-' if row[1] is None else format(row[1], '.3f')}", flush=True)
    version = f"transformers {transformers.__version__}" if transformers else "no transformers"
    print(f"\ntorch {torch.__version__}, {version}, {processor()}, 1 thread, seed {SEED}\n")
    print(f"| {'what':<66} | measured | target | |\n|---|---|---|---|")
    for what, found, sign, goal in rows:
        number = "-" if found is None else f"{found:.3f}"
        target = "" if goal is None else f"{sign} {goal}"
        print(f"| {what:<66} | {number:>8} | {target:>7} | {verdict(found, sign, goal)} |")


if __name__ == "__main__":
    main()
