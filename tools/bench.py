"""Time the package against its targets: the sparse layer, a training step, generation.

Ratios within one run: rivals take turns in random order on one thread, and the median of
the rounds' ratios counts. Seconds are those of the processor, so that other programs'
turns on it do not count. ``--quick`` does fewer rounds. transformers' rows need the
``parity`` extra; without it they are skipped by name.

The rows of ``threads`` are the exception: all cores, seconds of the wall, beside programs that
do nothing but keep a core busy. They mean something only where nothing else runs.
"""

import argparse
import contextlib
import os
import platform
import random
import statistics
import subprocess
import sys
import time
from dataclasses import replace
from functools import partial
from pathlib import Path

os.environ["OMP_NUM_THREADS"] = "1"  # before torch is loaded

import torch
import torch.nn.functional as F
from torch import nn

from moe_lesson.inference.generate import stream
from moe_lesson.inference.sampling import Sampling
from moe_lesson.models.config import Config
from moe_lesson.models.mixtral import Mixtral
from moe_lesson.moe.dispatch import plan
from moe_lesson.moe.experts import grouped_swiglu
from moe_lesson.moe.layer import MoELayer
from moe_lesson.training.precision import fast_matmul

try:
    import transformers
    from transformers import MixtralConfig, MixtralForCausalLM
except ImportError:
    transformers = None

SEED = 0
FAST = False, True  # whether float32 products may use bfloat16 units
# (dim, hidden, tokens): targets of training and of one token at a time
LAYERS = {
    (128, 448, 2048): (1.05, 1.6),
    (256, 896, 4096): (1.03, 1.3),
    (512, 1792, 4096): (1.0, 1.2),
}
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
DENSE = replace(SMALL, hidden_dim=1024, num_experts=1, top_k=1)  # of equal active size
BATCH, LENGTH, PROMPT, NEW = 16, 128, 32, 64
GREEDY = Sampling(temperature=0)
# Who loads torch decides how its threads wait: by the library's own choice, or by the package's.
LOADERS = {"as torch waits": "torch", "as we wait": "moe_lesson"}
BUSY = "import os; started_by = os.getppid()\nwhile os.getppid() == started_by: pass"
TRAINER = """
import {}
import sys, torch
from moe_lesson.models.config import SMALL
from moe_lesson.models.mixtral import Mixtral
from moe_lesson.text.tokenizer import Data, Text
from moe_lesson.training.loop import train
from moe_lesson.training.settings import Settings
text = Text(torch.randint(SMALL.vocab_size, (50_000,)), torch.ones(50_000, dtype=torch.long))
model, settings = Mixtral(SMALL), Settings(steps=2, measure_tokens=200)
for _ in sys.stdin:
    rows = train(model, Data(text, text), settings, progress=False)
    print(rows[-1]["seconds"] / len(rows), flush=True)
"""


class Dense(nn.Module):
    """A plain SwiGLU layer: three linear maps."""

    def __init__(self, dim, hidden_dim):
        super().__init__()
        self.gate, self.up = (nn.Linear(dim, hidden_dim, bias=False) for _ in "gu")
        self.down = nn.Linear(hidden_dim, dim, bias=False)

    def forward(self, x_TD):
        return self.down(F.silu(self.gate(x_TD)) * self.up(x_TD))


def say(line):
    print(f"  {line}", flush=True)


def rounds(rivals, count, make, warm=1):
    """Let rivals take turns on fresh input; return each one's seconds, round by round."""
    seconds = {name: [] for name in rivals}
    for turn in range(warm + count):
        given = make()
        for name in random.sample(list(rivals), len(rivals)):
            began = time.process_time()
            rivals[name](*given)
            if turn >= warm:
                seconds[name].append(time.process_time() - began)
    return seconds


def ratio(seconds, ours, theirs):
    """Take the median over rounds of the first's time over the second's; None without one."""
    if ours is None or theirs is None:
        return None
    pairs = zip(seconds[ours], seconds[theirs], strict=True)
    return statistics.median(a / b for a, b in pairs)


def layer_rows(quick):
    """Time the layer, forward and backward, and forward alone on 1 and 16 tokens."""
    for (dim, hidden_dim, tokens), (trained, served) in LAYERS.items():
        size = f"dim {dim}, hidden {hidden_dim}"
        rivals = {"moe": MoELayer(dim, hidden_dim, 8, 2), "dense": Dense(dim, 2 * hidden_dim)}
        steps = {name: backward(module) for name, module in rivals.items()}
        count = max(5, 24 * 2048 * 128 // (tokens * dim)) // (2 if quick else 1)
        seconds = rounds(steps, count, partial(drawn, 2, tokens, dim))
        found = ratio(seconds, "moe", "dense")
        yield f"layer, forward + backward, {tokens} tokens, {size}", found, "<=", trained
        calls = {name: forward(module) for name, module in rivals.items()}
        for few, goal in ((1, served), (16, None)):
            seconds = rounds(calls, 10 if quick else 30, partial(drawn, 10, few, dim))
            found = ratio(seconds, "moe", "dense")
            yield f"layer, forward, tokens: {few}, {size}", found, "<=", goal


def drawn(count, tokens, dim):
    return torch.randn(count, tokens, dim).unbind(0)


def backward(module):
    def run(x_TD, dy_TD):
        module.zero_grad()
        y_TD = module(x_TD.detach().requires_grad_())
        (y_TD if torch.is_tensor(y_TD) else y_TD[0]).backward(dy_TD)

    return run


def forward(module):
    @torch.no_grad()
    def run(*inputs):
        for x_TD in inputs:
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


def their_steps():
    """Time each setting of transformers twice; keep the best in float32 and in bfloat16."""
    settings = [(a, e, f) for a in ("eager", "sdpa") for e in ("eager", "grouped_mm") for f in FAST]
    steps = {
        (f"transformers, {attention} attention, {experts} experts", fast): training(
            their_model(attention, experts), fast
        )
        for attention, experts, fast in settings
    }
    trial = rounds(steps, 2, batch)
    best = [min((n for n in steps if n[1] == fast), key=lambda n: min(trial[n])) for fast in FAST]
    return {name: steps[name] for name in best}


def training_rows(quick):
    """Time a training step against transformers at its best settings and a dense model."""
    rivals = {("ours", fast): training(our_model(), fast) for fast in FAST}
    rivals |= {("ours, dense", fast): training(our_model(DENSE), fast) for fast in FAST}
    theirs = their_steps() if transformers else {}
    # With bfloat16 units the first steps build a kernel for every new number of rows.
    seconds = rounds(rivals | theirs, 4 if quick else 9, batch, warm=4)
    speeds = {name: BATCH * LENGTH / statistics.median(spent) for name, spent in seconds.items()}
    for name, speed in speeds.items():
        say(f"{name[0]}, {'bfloat16 products' if name[1] else 'float32'}: {speed:,.0f} tokens/s")
    ours = max((("ours", fast) for fast in FAST), key=speeds.get)
    dense = max((("ours, dense", fast) for fast in FAST), key=speeds.get)
    what = "training, tokens/s, ours /"
    yield f"{what} dense of equal active size", ratio(seconds, dense, ours), ">=", 1.3
    rival = {name[1]: name for name in theirs}
    best = max(theirs, key=speeds.get, default=None)
    yield f"{what} transformers, each at its best", ratio(seconds, best, ours), ">=", 1.6
    float32 = ratio(seconds, rival.get(False), ("ours", False))
    yield f"{what} transformers, float32", float32, ">=", 1.15


def noise_row(quick):
    """Compare the losses of training in bfloat16 products with those in float32."""
    steps = [training(our_model(), fast) for fast in FAST]
    next_VV = torch.rand(SMALL.vocab_size, SMALL.vocab_size).pow(200)  # a language to learn
    gaps = []
    for _ in range(10 if quick else 40):
        id_BS = torch.randint(0, SMALL.vocab_size, (BATCH, 1))
        for _ in range(LENGTH):
            id_BS = torch.cat([id_BS, torch.multinomial(next_VV[id_BS[:, -1]], 1)], 1)
        exact, rounded = (step(id_BS) for step in steps)
        gaps.append(abs(exact - rounded) / exact)
    say(f"last losses: {exact:.5f} in float32, {rounded:.5f} with bfloat16 products")
    yield f"{len(gaps)} steps, largest gap of the loss by bfloat16, %", 100 * max(gaps), "<=", None


def generation_rows(quick):
    """Time greedy generation with a cache, and a prompt alone, against transformers' generate."""
    ours = our_model().eval()
    cases = ((1, PROMPT, NEW, 8.0), (16, PROMPT, NEW, 2.0), (1, LENGTH, 1, 1.0))
    for count, length, new, goal in cases:
        rivals = {"ours": partial(generated, ours, new)}
        # batched_mm copies weights for every token: it is no rival with many.
        kinds = ("eager", "grouped_mm", "batched_mm")[: 3 if count * new == NEW else 2]
        for experts in kinds if transformers else ():
            rivals[experts] = generator(their_model("sdpa", experts).eval(), new)
        seconds = rounds(rivals, 3 if quick else 7, partial(prompts, count, length))
        what = f"batch {count}" if new > 1 else f"prompt of {length} alone"
        tokens = count * new if new > 1 else length
        for name, spent in seconds.items():
            say(f"{what}, {name}: {tokens / statistics.median(spent):,.0f} tokens/s")
        times = {name: statistics.median(spent) for name, spent in seconds.items()}
        best = min(set(rivals) - {"ours"}, key=times.get, default=None)
        found = ratio(seconds, best, "ours")
        yield f"generation, tokens/s, ours / transformers, {what}", found, ">=", goal


def prompts(count, length):
    return (torch.randint(3, SMALL.vocab_size, (count, length)),)


def generated(model, new, id_BS):
    return list(stream(model, id_BS.tolist(), new, GREEDY, end=None))


def generator(model, new):
    def run(id_BS):
        model.generate(id_BS, max_new_tokens=new, min_new_tokens=new, do_sample=False)

    return run


def threads_rows(quick):
    """Time training on all cores, alone and beside busy programs, by how its threads wait."""
    hidden = ("OMP_", "GOMP_", "KMP_")
    plain = {name: value for name, value in os.environ.items() if not name.startswith(hidden)}
    with contextlib.ExitStack() as stack:
        trainers = {
            name: stack.enter_context(piped(TRAINER.format(loader), plain))
            for name, loader in LOADERS.items()
        }
        timed(trainers, 0)  # the first steps build what later ones reuse
        rows = [[timed(trainers, busy) for busy in (0, 1, 2)] for _ in range(3 if quick else 7)]
    seconds = {
        name: [[round_[busy][name] for round_ in rows] for busy in (0, 1, 2)] for name in trainers
    }
    for name, (idle, *crowded) in seconds.items():
        yield f"training alone, {name}, seconds a step", statistics.median(idle), "<=", None
        for busy, (goal, spent) in enumerate(zip((0.5, None), crowded, strict=True), 1):
            kept = statistics.median(a / b for a, b in zip(idle, spent, strict=True))
            what = f"training, {name}, beside {busy} busy: share of its speed kept"
            yield what, kept, ">=", goal if LOADERS[name] == "moe_lesson" else None


@contextlib.contextmanager
def piped(code, environment):
    """Run Python with pipes for its input and output; it ends with the block."""
    command = [sys.executable, "-c", code]
    pipes = dict(stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    with subprocess.Popen(command, env=environment, **pipes) as process:
        try:
            yield process
        finally:
            process.kill()


def timed(trainers, busy):
    """Let the trainers take turns beside ``busy`` busy programs; return each one's seconds."""
    spent = {}
    with contextlib.ExitStack() as stack:
        for _ in range(busy):
            stack.enter_context(piped(BUSY, None))
        for name in random.sample(list(trainers), len(trainers)):
            print(file=trainers[name].stdin, flush=True)
            spent[name] = float(trainers[name].stdout.readline())
    shown = ", ".join(f"{name} {spent[name]:.2f} s a step" for name in sorted(spent))
    say(f"training beside {busy} busy programs: {shown}")
    return spent


def kernel_rows(quick):
    """Time Triton's grouped product and layer beside torch's, and a dense layer, on CUDA."""
    rows, experts, dim, width = 4096, 8, 1024, 3584
    size = f"{rows} rows, {experts} experts, {dim} x {width}, bfloat16"
    speed = f"kernel, speed / torch's grouped product, {size}"
    if not torch.cuda.is_available():
        yield speed, None, ">=", 0.9
        yield "layer on CUDA, speed / the dense layer's, forward + backward", None, ">=", 0.8
        return
    from moe_lesson.moe import kernels

    kind = dict(device="cuda", dtype=torch.bfloat16)
    x_RD, weight_EFD = torch.randn(rows, dim, **kind), torch.randn(experts, width, dim, **kind)
    count_E = torch.full((experts,), rows // experts, device="cuda")
    best, found = kernels.fastest(
        lambda tile: kernels.rows_by_weights(
            x_RD, weight_EFD.mT, kernels.cut_rows(count_E, rows, tile)
        )
    )
    for tile, ms in found.items():
        say(f"kernel with {tuple(tile)}, the cut included: {ms:.3f} ms")
    cut = kernels.cut_rows(count_E, rows, best)
    end_E = cut.bounds[1:].contiguous()
    rivals = {
        "ours": lambda: kernels.rows_by_weights(x_RD, weight_EFD.mT, cut),
        "torch": lambda: F.grouped_mm(x_RD, weight_EFD.mT, offs=end_E),
    }
    ms = {name: kernels.do_bench(run, return_mode="median") for name, run in rivals.items()}
    yield speed, ms["torch"] / ms["ours"], ">=", 0.9
    given = [torch.randn(rows // 2, dim, **kind) for _ in range(2)]
    layers = {"moe": MoELayer(dim, width, experts, 2), "dense": Dense(dim, 2 * width)}
    ms = {
        name: kernels.do_bench(partial(backward(layer.to(**kind)), *given), return_mode="median")
        for name, layer in layers.items()
    }
    what = "layer on CUDA, speed / the dense layer's, forward + backward"
    yield (
        f"{what}, {rows // 2} tokens, dim {dim}, hidden {width}",
        ms["dense"] / ms["moe"],
        ">=",
        0.8,
    )
    visits = plan(layers["moe"].router(given[0]).routing)
    weights = layers["moe"].experts.gate_up_EJFD, layers["moe"].experts.down_EDF
    x_RD = given[0][visits.token_R]
    ms = {
        "ours": kernels.do_bench(
            lambda: kernels.kernel_swiglu(x_RD, visits.count_E, *weights, best)
        ),
        "torch": kernels.do_bench(
            lambda: grouped_swiglu(x_RD, visits.count_E, *weights, torch.bfloat16)
        ),
    }
    yield (
        "experts with our kernel, speed / with torch's grouped product",
        ms["torch"] / ms["ours"],
        ">=",
        None,
    )


def import_row(_):
    """Time what the package's import adds to torch's own."""
    clock = "import time, torch; t = time.perf_counter(); {}; print(time.perf_counter() - t)"
    for name in ("moe_lesson", "moe_lesson.inference.generate"):
        command = [sys.executable, "-c", clock.format(f"import {name}")]
        spent = [float(subprocess.check_output(command)) for _ in range(3)]
        yield f"import {name} after torch, seconds", min(spent), "<=", 0.3


def verdict(found, goal, sign):
    if found is None:
        return "skipped: needs transformers, or CUDA"
    if goal is None:
        return "no target"
    return "met" if (found <= goal if sign == "<=" else found >= goal) else "not met"


def processor():
    lines = Path("/proc/cpuinfo")
    models = lines.read_text().splitlines() if lines.exists() else []
    named = [line.split(":")[1].strip() for line in models if line.startswith("model name")]
    return (named or [platform.processor() or platform.machine()])[0]


def table(rows):
    version = f"transformers {transformers.__version__}" if transformers else "no transformers"
    print(f"\ntorch {torch.__version__}, {version}, {processor()}, 1 thread, seed {SEED}\n")
    print(f"| {'what':<66} | measured | target | |\n|---|---|---|---|")
    for what, found, sign, goal in rows:
        number = "-" if found is None else f"{found:.3f}"
        target = "" if goal is None else f"{sign} {goal}"
        print(f"| {what:<66} | {number:>8} | {target:>7} | {verdict(found, goal, sign)} |")


PARTS = {
    "layer": layer_rows,
    "training": training_rows,
    "noise": noise_row,
    "generation": generation_rows,
    "kernel": kernel_rows,
    "threads": threads_rows,
    "import": import_row,
}


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer rounds")
    parser.add_argument("--only", default="", help=f"parts: {' '.join(PARTS)}")
    options = parser.parse_args()
    torch.set_num_threads(1)
    torch.manual_seed(SEED)
    random.seed(SEED)
    rows = []
    for part in options.only.split() or PARTS:
        for row in PARTS[part](options.quick):
            rows.append(row)
            say(f"{row[0]}: {'-' if row[1] is None else format(row[1], '.3f')}")
    table(rows)


if __name__ == "__main__":
    main()
