md("start-card", """
# 13 · Inference and serving

> "6x faster inference", says Mixtral's announcement. Faster than what, and when?

**Reading** 60 minutes · **computing** 2 minutes (1 CPU core) · **needs** [10 · Reading the router](10_reading_the_router.ipynb), [11 · Instruction tuning](11_instruction_tuning.ipynb)

[back: 11](11_instruction_tuning.ipynb) · next: 14, beyond Mixtral (in preparation)

You will be able to

- say what limits a step of decoding, and how many experts a batch visits;
- pack, offload and draft for a mixture, and count what each buys;
- serve a model, with slots instead of batches, and read what goes over the wire.
""")
code("start-setup", """
import numpy as np
import torch
from moe_lesson import preset
from moe_lesson.checkpoints.shipped import shipped
from moe_lesson.lessons.lesson13 import checks, checks_caches
from moe_lesson.study.figures.frame import new_axes
small, words, *_ = shipped("small")  # on the CPU
ROUNDS, STORIES, TASKS = preset(quick=(1, 120, 8), default=(3, 120, 80), long=(9, 240, 200))
""", ["setup"])

# ---------------------------------------------------------------- 1
md("cache-intro", """
## 1. What a token costs

A model says one token, reads it, says the next: a *step* each. Attention needs the keys and values of all tokens before. Keep them, and a step reads one token; forget them, and it reads the whole text again. The store is the *cache*: in each layer a key and a value for each key-value head. In `small`: 2 · 4 layers · 2 heads · 16 numbers for one position.
""")
exercise("cache-bytes", "cache_bytes", "config, batch, context", """
### Exercise 1: bytes a token

●○○ · 6 minutes. Return the bytes of the cache of `batch` sequences of `context` positions, in 16 bits. Three steps: numbers of one position, from `config.n_layers`, `n_kv_heads` and `head_dim`; bytes of a number; times positions, times sequences.
""", """
Keys *and* values: a factor 2. Two bytes a number: another.
""", """
If the check speaks of `n_heads`: queries are used once and never kept; only key-value heads count. If you are 8 times too high, you return bits.
""", """
def cache_bytes(config, batch, context):
    numbers = 2 * config.n_layers * config.n_kv_heads * config.head_dim
    return 2 * numbers * batch * context
""")
code("cache-01", """
from moe_lesson.lessons.lesson13.cost_model import LLAMA_2_70B, Load
from moe_lesson.models.config import MIXTRAL_8X7B

models = {"small": small.config, "Mixtral 8x7B": MIXTRAL_8X7B, "Llama 2 70B": LLAMA_2_70B}
for name, config in models.items():
    one = Load(config, batch=1, context=1).cache_bytes
    full = Load(config, batch=1, context=config.context_len).cache_bytes / 2**30
    print(f"{name:12} {one:8,} bytes a position; {config.context_len:6,} of them {full:.4f} GiB")
""")
md("cache-02", """
**Predict before running.** With the cache and without, how does the time of one token grow with the positions before it?
""", ["predict"])
code("cache-03", """
from moe_lesson.lessons.lesson13 import figures, speed

far, context = speed.with_reach(small, 1100), [16, 64, 256, 1024]  # fast or slow, not clever
kept = [1 / speed.step_seconds(far, 1, places, rounds=ROUNDS) for places in context]
again = [1 / speed.reading_seconds(far, places, ROUNDS) for places in context]
for places, fast, slow in zip(context, kept, again):
    size = 2 * Load(far.config, 1, places).cache_bytes  # 32 bits here
    print(f"{places:5} before: {fast:6.0f} tokens/s with a cache of {size / 1024:5.0f} KiB,"
          f" {slow:6.1f} without; {fast / slow:6.1f} times")
axes = figures.cache_pays(new_axes(), context, {"with the cache": kept, "without": again})
""", IGN)
md("cache-findings", """
*Tokens a second by what came before; this machine, one thread.* With the cache the speed falls slowly; without, each token reads everything again, and the ratio grows with the text. The price is memory: 1024 KiB for 1,024 positions.
""")
exercise("go-on", "go_on", "rotate, cache, key, query, most", """
### Exercise 2: find the bug

●●○ · 10 minutes. A cache may be *cut*: only the `most` latest keys stay. `rotate(vector, place)` turns a key or a query by its position (lesson 08); a key is rotated once, when it comes. Up to the first cut all is well, then the model talks nonsense. `seen` counts all positions that ever came. Mend it.

```python
def go_on(rotate, cache, key, query, most):
    keys, seen = cache
    place = len(keys)
    keys = (keys + [rotate(key, place)])[-most:]
    scores = [rotate(query, place) @ old for old in keys]
    return scores, (keys, seen + 1)
```
""", """
After a cut of three, what is `len(keys)`? Which position comes next?
""", """
If scores are wrong from the cut on, positions began again. If a key is rotated twice, you turn what is in the cache already.
""", """
def go_on(rotate, cache, key, query, most):
    keys, seen = cache
    keys = (keys + [rotate(key, seen)])[-most:]
    scores = [rotate(query, seen) @ old for old in keys]
    return scores, (keys, seen + 1)
""")
md("cut-intro", """
What does it cost a real model? It reads 128 tokens of a story, keeps 64, and predicts 64 more.
""")
code("cut-01", """
from moe_lesson.corpus import heldout
from moe_lesson.corpus.labels import label_tokens

text, labels = label_tokens(words, heldout.held_out(STORIES))
starts = [at for at in np.flatnonzero(text.id_T == 1).tolist() if at + 193 <= len(text.id_T)]
stories = torch.stack([text.id_T[at : at + 193] for at in starts[:40]])
past, coming, target = stories[:, :128], stories[:, 128:192], stories[:, 129:]
print(f"{len(text.id_T):,} tokens in {STORIES} documents; the first {len(stories)} are read here")
""")
code("cut-02", """
import torch.nn.functional as F
from moe_lesson.lessons.lesson13.speculative import last_kept
from moe_lesson.models.likelihood import measuring

def cut_to(kept, seen, window):
    model = speed.with_reach(small, 256, window)
    with measuring(model):
        cache = last_kept(small(past).cache, kept, seen)
        return F.cross_entropy(model(coming, cache=cache).logits_BSV.mT, target).item()

for name, *how in (("all 128", 128, 128, None), ("64, time goes on", 64, 128, 64),
                   ("64, positions begin again", 64, 64, None)):
    print(f"kept {name:25} {cut_to(*how):.3f} nats a token")
""")
md("cut-findings", """
Half of the past is missed by 0.003 nats: 1.215 become 1.218. Positions that begin again make it 3.496: the kept keys stand at 64 and later, and the query says it stands at 64. A cut at the *end* is another matter: after it, positions do go on from what is left (section 3).
""")
md("batch-intro", """
**More readers at once.** A step may decode one token for each of several sequences: a *batch*. Weights are read once for all; arithmetic and each sequence's own cache are not shared.
""")
code("batch-01", """
batches = [1, 2, 4, 8, 16, 32]
times = [speed.step_seconds(small, batch, 64, rounds=ROUNDS) for batch in batches]
for batch, time in zip(batches, times):
    longer = time / times[0]
    print(f"batch {batch:2}: {batch / time:6.0f} tokens/s; a step takes {longer:.1f} times as long")
""", IGN)
md("queue-intro", """
But who waits for whom? In *static* batching a batch ends with its longest answer; whoever is done, or arrives meanwhile, waits. *Continuous* batching lets whoever is done leave after each step, and the next one in. The queue: held-out tasks with the lengths of `instruct`'s own answers; the costs: those of this machine, measured.
""")
code("queue-01", """
from moe_lesson.corpus.tasks.build import TRAINED, held_out_tasks
from moe_lesson.lessons.lesson13 import serving

instruct = shipped("instruct").model
tasks = held_out_tasks(TASKS, names=TRAINED)
sizes = serving.sizes_of(instruct, words, [list(task.messages) for task in tasks])
steps = [speed.step_seconds(instruct, batch, 64, rounds=ROUNDS) for batch in range(1, 9)]
costs = serving.Costs(speed.reading_seconds(instruct, 64, ROUNDS) / 64, tuple(steps))
prompts, answers = zip(*sizes)
print(f"{TASKS} requests; prompts {min(prompts)} to {max(prompts)}, answers {min(answers)} to"
      f" {max(answers)} tokens; a prompt's token {1000 * costs.prompt:.2f} ms, a step of 1 and 8:"
      f" {1000 * steps[0]:.1f} and {1000 * steps[7]:.1f} ms")
""", IGN)
code("queue-02", """
ways = {"batches": serving.static, "slots": serving.continuous}
alone = costs.prompt * np.mean(prompts) + steps[0] * np.mean(answers)  # seconds of one request
print(f"waits in requests served alone, of {1000 * alone:.0f} ms; arrivals beside what one does")
for load in (0.5, 1, 2):
    queue = serving.queue_of(sizes, rate=load / alone, seed=0)
    for name, way in ways.items():
        found = serving.account(queue, way(queue, 8, costs))
        print(f"arrivals {load:3} x, {name:7}: {found.rate:5.0f} tokens/s; first token after"
              f" {found.wait / alone:5.2f}, slowest tenth {found.late / alone:5.2f}")
""", IGN)
code("queue-03", """
rows = new_axes(rows=2, height=3.8)
done = {name: way(queue[:30], 8, costs) for name, way in ways.items()}
until = max(one.leaves for served in done.values() for one in served)
for axes, (name, served) in zip(rows, done.items()):
    figures.slots_in_time(axes, served, 8, name, until)
""", IGN)
md("queue-findings", """
*Eight slots, the first 30 requests at twice the load; hatched: done, but not free.* Slots give the first token earlier at each load, and at twice the load more tokens a second: nobody waits for a stranger's long answer. But who is being answered waits while a newcomer's prompt is read.
""")

# ---------------------------------------------------------------- 2
md("touch-intro", """
## 2. How many experts does a batch visit?

A dense model reads all its weights in a step. A mixture reads the experts that somebody visits. One expert is missed by one token with probability $1-\\tfrac28=\\tfrac34$, by $B$ tokens that choose evenly and alone with $(\\tfrac34)^B$. So a layer reads

$$8\\left(1-\\left(\\tfrac34\\right)^B\\right)$$

experts on average. By dice:
""")
code("touch-00", """
random = np.random.default_rng(0)
for B in (1, 2, 4, 8, 16):
    choice = random.random((4000, B, 8)).argsort(-1)[..., :2]  # two of eight, evenly
    visited = np.mean([len(set(one.ravel().tolist())) for one in choice])
    print(f"{B:2} tokens: {8 * (1 - 0.75**B):.2f} by the formula, {visited:.2f} by dice")
""")
exercise("expected-distinct", "expected_distinct", "share_E, batch", """
### Exercise 3: uneven loads

●●○ · 8 minutes. Loads are uneven. `share_E` holds for each expert the share of tokens that visit it (adding up to k). Return how many experts `batch` tokens visit on average, each choosing alone.
""", """
By which chance do all `batch` tokens miss one expert? What is left is visited.
""", """
If you get visits, two tokens at one expert count once. If you get 8 times something, an average crept in: sum over the experts.
""", """
def expected_distinct(share_E, batch):
    return (1 - (1 - share_E) ** batch).sum()
""")
md("touch-predict", """
**Predict before running.** Take tokens from different documents, from documents in one language, from one text. Which visit the fewest experts? In which layer?
""", ["predict"])
code("touch-01", """
from moe_lesson.lessons.lesson13.batches import distinct, picked
from moe_lesson.lessons.lesson13.cost_model import expected_distinct as by_chance
from moe_lesson.study.trace import trace_ids

tokens = [words.decode([one]) for one in text.id_T.tolist()]
held = trace_ids(small, text.id_T, tokens, labels)
kinds, sizes_B = ("documents", "one language", "one text"), [1, 2, 4, 8, 16]
places = {(kind, B): picked(held, kind, B, 200) for kind in kinds for B in sizes_B}
for layer in range(4):
    load_E = np.bincount(held.expert_LTK[layer].ravel(), minlength=8) / len(tokens)
    row = [by_chance(np.full(8, 1 / 4), 8), by_chance(load_E, 8)]
    row += [distinct(held.expert_LTK[layer][places[kind, 8]]) for kind in kinds]
    print(f"layer {layer}, 8 tokens: even, alone {row[0]:.2f}; our loads, alone {row[1]:.2f};"
          f" documents {row[2]:.2f}, one language {row[3]:.2f}, one text {row[4]:.2f}")
""")
code("touch-02", """
lines = {"even, alone": [by_chance(np.full(8, 1 / 4), B) for B in sizes_B]}
lines["loads, alone"] = [by_chance(load_E, B) for B in sizes_B]
lines |= {kind: [distinct(held.expert_LTK[3][places[kind, B]]) for B in sizes_B] for kind in kinds}
axes = figures.distinct_by_batch(new_axes(), sizes_B, lines, layer=3)
""", IGN)
md("touch-findings", """
*Experts of layer 3 that one step visits.* Eight tokens visit 7.20 experts by the formula, 6.35 with layer 3's uneven loads, 6.30 counted over documents: here skew explains it all. Alike tokens visit fewer: 5.95 of one language, 5.15 in one text; in layer 0, which knows no context, 7.06 and 7.17.

Of Mixtral one count is told (Read-ME, second-hand): 7.63 of 8 at a mean batch of 56.8, where the formula says 8.00. <!-- not measured here: 7.63 56.8, Read-ME, second-hand -->
""")
code("read-01", """
from moe_lesson.lessons.lesson13.cost_model import weights_read

one = weights_read(MIXTRAL_8X7B, 1)
for B in (1, 2, 4, 8, 16, 32):
    read, experts = weights_read(MIXTRAL_8X7B, B), by_chance(np.full(8, 1 / 4), B)
    print(f"batch {B:2}: {experts:.2f} experts a layer, {read / 1e9:4.1f} billion weights read,"
          f" {read / one:.1f} times one token's")
""")
md("six-intro", """
So Mixtral is as cheap as a 12.9B model at batch 1, in what it reads; at batch 8 it reads 3.3 times as much. And beside Llama 2 70B? A step takes at least its bytes over the bandwidth, and at least its operations over the arithmetic.
""")
code("six-01", """
ours, theirs = weights_read(MIXTRAL_8X7B, 1), weights_read(LLAMA_2_70B, 1)
stored = LLAMA_2_70B.total_parameters
print(f"Llama 2 70B: {stored:,} parameters, {theirs / 1e9:.2f} billion read for a token")
print(f"Mixtral: {MIXTRAL_8X7B.active_parameters:,} active, {ours / 1e9:.2f} billion read")
print(f"read / read {theirs / ours:.2f};",
      f"all / active {stored / MIXTRAL_8X7B.active_parameters:.2f};",
      f"all of theirs / read of ours {stored / ours:.2f}")
""")
code("six-02", """
from moe_lesson.lessons.lesson13.cost_model import H200, decode_step, largest_batch

sizes_B, lines = [4**n for n in range(7)], {}
for before in (0, 1024, 4096):
    steps = [[decode_step(Load(config, B, before), H200).seconds for B in sizes_B]
             for config in (LLAMA_2_70B, MIXTRAL_8X7B)]
    lines[f"{before:,} before"] = np.divide(*steps)
for name, row in lines.items():
    print(f"{name:12}", *(f"{B:,}: {x:.2f} " for B, x in zip(sizes_B, row)))
axes = figures.faster_by_batch(new_axes(), sizes_B, lines)
""")
code("six-03", """
from moe_lesson.lessons.lesson13.cost_model import DEVICES

for device in DEVICES.values():
    full = [Load(config, largest_batch(Load(config, context=4096), device), 4096)
            for config in (MIXTRAL_8X7B, LLAMA_2_70B)]
    rates = [one.batch / decode_step(one, device).seconds if one.batch else 0 for one in full]
    ratio = f"{rates[0] / rates[1]:.1f} times" if rates[1] else "no ratio"
    print(f"{device.name:9}", *(f"{one.batch:4} texts {rate:7,.0f} tokens/s;"
                                for one, rate in zip(full, rates)), ratio)
""")
md("six-findings", """
*Step of Llama 2 70B over Mixtral's, by an H200's numbers, as if all had room.* One reader: 5.39, by what is counted 5.36 to 5.41, not 6. In the middle 1.48: all experts are read. Then arithmetic is the limit and 5.39 returns, unless each sequence brings a cache: with 4,096 before, 2.46.

Where could 6 come from? From memory: full of texts of 4,096, two H100 give Mixtral 7.7 times Llama's tokens (124 texts against 16), two H200 3.3, one 43.9. We found no setting in the announcement. The paper claims five times fewer *active parameters*, and that memory goes by all 47 billion.
""")
code("board-01", """
from moe_lesson.lessons.lesson13.widget_serving import board

board()
""", ["widget"])
md("board-02", """
*Serving board: memory, what a step reads and computes, its limit. A bound from below, no measurement.*
""")

# ---------------------------------------------------------------- 3
md("draft-intro", """
## 3. A draft that guesses ahead

Reading one token or five costs a dense model nearly the same bytes. *Speculative decoding* uses that: a *draft* says $g$ tokens, the *target* reads all at once and keeps those it would have said. If tokens are drawn: the draft drew $x$ with $q(x)$, the target wants $p(x)$. Keep it with $\\min(1, p/q)$; refused, draw from $\\max(0,p-q)$, made to add up to 1.
""")
exercise("accept", "accept", "target_V, draft_V", """
### Exercise 4: keep or refuse

●●○ · 10 minutes. Return both: for each token the chance to be kept, and the distribution to draw from after a refusal.
""", """
`clamp(max=1)` and `clamp(min=0)`. Where both models agree nothing is left: divide by at least 1e-30.
""", """
If left has negative shares, cut them off before you make it add up to 1. If the check says that the target itself gives too much: what was kept must not be given again.
""", """
def accept(target_V, draft_V):
    chance_V = (target_V / draft_V.clamp(min=1e-30)).clamp(max=1)
    left_V = (target_V - draft_V).clamp(min=0)
    return chance_V, left_V / left_V.sum().clamp(min=1e-30)
""", module="checks_caches")
code("draft-01", """
from moe_lesson.lessons.lesson13.speculative import accept as keep

p_V, q_V = torch.tensor([0.5, 0.3, 0.2]), torch.tensor([0.2, 0.7, 0.1])
chance_V, left_V = keep(p_V, q_V)
kept_V = q_V * chance_V
print("kept            ", [round(x, 2) for x in kept_V.tolist()], f"in all {kept_V.sum():.2f}")
print("drawn afterwards", [round(x, 2) for x in ((1 - kept_V.sum()) * left_V).tolist()])
print("together        ", [round(x, 2) for x in (kept_V + (1 - kept_V.sum()) * left_V).tolist()])
""")
md("draft-02", """
By hand: $\\min(p,q)$ is kept, 0.6 of the draws; the remaining 0.4 fill up what lacks. So the output is the target's, whatever the draft. Rounds too? A test of this lesson follows *every* path of a tiny model.

If each guess is kept with probability $a$, a round gives

$$1+a+\\dots+a^g=\\frac{1-a^{g+1}}{1-a}$$

tokens. (Often seen: $a(1-a^g)/(1-a)$, the kept ones alone: one too few, for the target always adds one.)
""")
code("draft-03", """
from moe_lesson.lessons.lesson13 import speculative

dense = shipped("dense").model
begin = (text.id_T == 1).nonzero().flatten().tolist()[:STORIES // 10]
found = {}
for name, heat in (("greedy", 0.0), ("drawn", 1.0)):
    target, draft = (speculative.Reader(model, heat) for model in (small, dense))
    draw = speculative.drawing(0)
    told = [speculative.speculate(target, draft, text.id_T[at:at + 40].tolist(), 60, 4, draw)
            for at in begin]
    found[name] = [size for one in told for size in one.rounds]
    kept, mean = speculative.kept_share(found[name], 4), np.mean(found[name])
    formula = (1 - kept**5) / (1 - kept), kept * (1 - kept**4) / (1 - kept)
    print(f"{name:6}: a = {kept:.3f} in {len(found[name])} rounds; {mean:.2f} tokens a round,"
          f" formula {formula[0]:.2f}, kept guesses alone {formula[1]:.2f}")
""", IGN)
md("draft-findings", """
The twin, as wide as what `small` uses of itself, is right four times in five: 3.55 tokens a round greedily, 3.59 drawn. The formula gives 3.49 and 3.62, as if guesses were alike.

What does a round *read*? Take Mixtral's sizes, this $a$, and the experts that neighbours in our texts visit.
""")
code("draft-04", """
ahead, expert = [1, 2, 3, 4, 7], 32 * MIXTRAL_8X7B.expert_parameters
given = [(1 - kept ** (g + 1)) / (1 - kept) for g in ahead]  # tokens a round
neighbours = [picked(held, "one text", g + 1, 300) for g in ahead]
seen = [np.mean([distinct(layer[at]) for layer in held.expert_LTK]) for at in neighbours]
chance = [by_chance(np.full(8, 1 / 4), g + 1) for g in ahead]
one = weights_read(MIXTRAL_8X7B, 1)
reads = {"dense": np.ones(5)}
reads |= {f"mixture, {name}": 1 + (np.array(counts) - 2) * expert / one
          for name, counts in {"as counted": seen, "by chance": chance}.items()}
reads = {name: values / given for name, values in reads.items()}
print("ahead; tokens a round; experts counted, by chance; read a token:", *reads)
for row in zip(ahead, given, seen, chance, *reads.values()):
    print(*(f"{x:5.2f}" for x in row))
""", IGN)
code("draft-05", """
axes = figures.drafts(new_axes(), ahead, reads)
for cost in (0.05, 1):
    gains = [tokens / (g * cost + 1) for g, tokens in zip(ahead, given)]
    print(f"a draft that costs {cost} of a dense target: faster", *(f"{x:.2f}" for x in gains))
""", IGN)
md("draft-more", """
*Weights read for a token, those of the draft not counted.* With four guesses a dense target pays 0.28 of plain decoding. The mixture's five tokens visit 5.07 experts instead of 2, and it pays 0.65; 0.78 if neighbours did not resemble one another. A saving, but less than half of it.

And a draft costs. If it costs 0.05 of the target, four guesses make a dense target 3.02 times as fast at most; ours, as costly as its target, makes it slower: 0.72.
""")

# ---------------------------------------------------------------- 4
md("memory-intro", """
## 4. All experts in memory

Speed asks for active parameters; memory asks for all 46.7 billion.
""")
code("memory-01", """
rooms = (24, 48, 80, 141)  # GB of a device
print("bits  GB of weights;  GB left on a device of  ", *(f"{room:6}" for room in rooms))
for bits in (16, 8, 4, 2):
    size = MIXTRAL_8X7B.bytes_at(bits) / 1e9
    left = [f"{room - size:6.1f}" if room > size else "    no" for room in rooms]
    print(f"{bits:4} {size:14.1f}", " " * 32, *left)
experts = 256 * MIXTRAL_8X7B.expert_parameters
print(f"experts hold {100 * experts / MIXTRAL_8X7B.total_parameters:.2f} % of all weights")
""")
exercise("to-int8", "to_int8", "row, group", """
### Exercise 5: eight bits by groups

●●○ · 10 minutes. Cut a row of weights into groups; each gets a *step*, its largest magnitude over 127; a code is a weight over the step, rounded. Return the codes (`torch.int8`) and the steps, each group a row. A group of zeros must stay zeros.
""", """
`row.view(-1, group)` makes a row of each group; `amax(1, keepdim=True)` is its largest.
""", """
If -128 appears, you divided by 128. If NaN appears, a group of zeros was divided by 0: `.clamp(min=1e-12)`. `.to(torch.int8)` alone cuts off: round first.
""", """
def to_int8(row, group):
    parts = row.view(-1, group)
    step = (parts.abs().amax(1, keepdim=True) / 127).clamp(min=1e-12)
    return (parts / step).round().to(torch.int8), step
""", module="checks_caches")
code("pack-01", """
from moe_lesson.inference.compress import bits_per_weight, pack, unpack

weight_DF = small.blocks[3].feed_forward.experts.down_EDF[0].detach()
for bits in (8, 4, 3, 2):
    for group in (64, 16):
        packed = pack(weight_DF, bits, group)
        off = (unpack(packed) - weight_DF).norm() / weight_DF.norm()
        print(f"{bits} bits, groups of {group}: {bits_per_weight(packed):.2f} bits a weight,"
              f" off by {100 * off:5.1f} %")
""")
md("pack-02", """
A step of 16 bits adds 0.25 bits to each of 64 weights, a whole bit to each of 16: such "2 bits" are 3. Now the model. Which part bears fewer bits?
""")
code("pack-03", """
from moe_lesson.inference.compress import compressed
from moe_lesson.lessons.lesson13.packing import bits_a_byte, megabytes

some, mark = label_tokens(words, heldout.held_out(240)[::7])  # all registers and languages
plain, table = bits_a_byte(small, some, mark), {"experts": [], "attention": []}
print("bits a byte more than before:", ", ".join(plain))
for part, rows in table.items():
    for bits, group in ((8, 64), (4, 64), (3, 64), (2, 16)):
        model = compressed(small, **{"experts": None, "attention": None, part: bits}, group=group)
        now = bits_a_byte(model, some, mark)
        rows.append((str(bits), megabytes(model), now["all"]))
        print(f"{part:9} {bits}", *(f"{now[name] - plain[name]:+.3f}" for name in now))
""", IGN)
code("pack-04", """
lost = {part: [bits - plain["all"] for *_, bits in rows] for part, rows in table.items()}
axes = figures.lost_by_bits(new_axes(), [8, 4, 3, 2], lost)
for part, rows in table.items():
    saved = [f"{bits} bits {megabytes(small) - size:.1f} MB" for bits, size, _ in rows]
    print(f"{part} give up:", ", ".join(saved))
""", IGN)
md("pack-findings", """
*Bits a byte more, by bits of a weight; 2 bits in groups of 16.* At 4 bits either part costs 0.003 bits a byte, at 3 bits 0.022 (experts) and 0.026, in no language or kind much more. But experts then give up 19.6 MB, attention 0.6. So pack experts, harder than attention. At 2 bits both break (0.371, 0.270), German most, names least.
""")

code("pack-05", """
from tempfile import TemporaryDirectory
from pathlib import Path
from moe_lesson.inference.compress import load_compressed, save_compressed

with TemporaryDirectory() as folder:
    save_compressed(compressed(small, experts=4, attention=8), folder)
    size = (Path(folder) / "model.safetensors").stat().st_size / 1e6
    again = bits_a_byte(load_compressed(folder), some, mark)["all"]
print(f"experts in 4 bits, attention in 8: {size:.2f} MB on the disk, {again:.3f} bits a byte;",
      f"before {megabytes(small):.2f} MB, {plain['all']:.3f}")
""", IGN)
md("pack-06", """
HQQ's table for Mixtral 8x7B (second-hand). There attention in 2 bits is worse than experts in 2, here the reverse:

| bits: attention / experts | GB | WikiText-2 perplexity |
|---|---|---|
| 16 / 16 | 86.99 | 3.59 |
| 16 / 4 | 25.82 | 3.67 |
| 16 / 2 | 19.33 | 4.52 |
| 2 / 16 | 84.96 | 4.98 |
| 4 / 2 | 17.54 | 4.61 |
| 2 / 2 | 17.30 | 5.97 |
""")

# ---------------------------------------------------------------- 5
md("slots-intro", """
## 5. Experts on the disk

Memory may hold a few experts a layer; the others come from the disk when visited. Which stay? *LRU*: those used last. *Hit ratio* $h$: share of visits that find theirs. By hand, two slots, visits 0 1, 1 2, 0 3: one of six hits.
""")
exercise("lru-hits", "lru_hits", "expert_TK, slots", """
### Exercise 6: least recently used

●●○ · 12 minutes. Row t of `expert_TK`: the experts that token t visits. Return the hit ratio. A token's experts are all looked up before any is loaded; then they are the newest, the last of them the newest of all. The cache begins empty.
""", """
Keep a list, oldest first. `kept[-slots:]` forgets the oldest.
""", """
If the check says *look both up before*, you load while you count. If it says *used last*, a hit must move its expert to the end.
""", """
def lru_hits(expert_TK, slots):
    kept, hits = [], 0
    for asked in expert_TK.tolist():
        hits += sum(one in kept for one in asked)
        kept = ([one for one in kept if one not in asked] + asked)[-slots:]
    return hits / expert_TK.size
""", module="checks_caches")
md("bounds-intro", """
With two slots the cache holds the token before's experts. Table 5 of the Mixtral paper counts $p$: neighbours that share at least one of two. Then one or both of two visits hit, so $p/2\\le h\\le p$: in its layer 15 between 31.8 and 63.7 %, where chance gives 25. And ours?
""")
code("bounds-01", """
from moe_lesson.lessons.lesson13.caches import POLICIES, hit_ratio, lru_hits as hits_of, play

for layer, expert_TK in enumerate(held.expert_LTK):
    shared = (expert_TK[1:, :, None] == expert_TK[:-1, None]).any((1, 2)).mean()
    print(f"layer {layer}: between {50 * shared:.1f} and {100 * shared:.1f} %, found"
          f" {100 * hits_of(expert_TK, 2):.1f} %")
slots, some = [2, 3, 4, 5, 6], held.expert_LTK[:, :4000]
lines = {name: [np.mean([hit_ratio(play(layer, n, name)) for layer in some]) for n in slots]
         for name in POLICIES}
lines["any experts"] = [n / 8 for n in slots]
axes = figures.hits_by_slots(new_axes(), slots, lines)
""")
md("bounds-findings", """
*Mean over layers; black: experts at random.* Layer 0 hits by chance (25.1 %), layer 3 more than twice as often (58.7 %), all within their bounds. With four slots LRU is level with the other rules and far from knowing the future.
""")
code("player-01", """
from moe_lesson.lessons.lesson13.widget_cache import cache_player
from moe_lesson.study.trace import trace_text

TEXTS = ["One day, a baker found an old key in the village. He took it home.",
         "Un jour, un boulanger trouva une clé dans la rue. Il la garda."]
cache_player({line: trace_text(small, words, line) for line in TEXTS})
""", ["widget"])
code("offload-01", """
from moe_lesson.checkpoints.shipped import FOLDER
from moe_lesson.inference.generate import stream
from moe_lesson.inference.offload import offloaded, stats

def says(model):
    return [token.id_B.item() for token in stream(model, [stories[0, :16].tolist()], 100, end=None)]

whole = says(small)
for slots, guess in ((8, False), (6, False), (4, False), (4, True), (2, False)):
    model = offloaded(FOLDER / "small", slots, guess, dtype=torch.float32)
    same = "the same text" if says(model) == whole else "another text"
    hits, misses, tried, used, size = (sum(part) for part in zip(*stats(model)))
    print(f"{slots} slots{', guessing' * guess:10} {100 * hits / (hits + misses):5.1f} % hit,"
          f" {size / 1e6:5.1f} MB read, {tried} guesses for {used} of {misses} misses; {same}")
""", IGN)
md("offload-findings", """
With four slots 61.7 % of the lookups hit; guessing reads 151.4 MB instead of 108.4 to foresee 73 of 315 misses: worth it only where the disk idles. (These reads come from the system's own memory, so their speed would say nothing.) How good is a guess?
""")
code("guess-01", """
from moe_lesson.lessons.lesson13.batches import guesses

found = guesses(small, stories[:, :192])
print("experts of layers 1 to 3 foreseen one layer early, %:", [round(100 * x, 1) for x in found])
print("by chance:", 100 * 2 / 8)
""")

md("guess-findings", """
36.2 to 49.6 % are foreseen. The paper's Mixtral (A100, experts in 2 bits): 3.06 tokens a second, 2.92 without guesses, 2.27 without LRU too, 1.39 by plain offloading. <!-- not measured here: 3.06 2.92 2.27 1.39, arXiv:2312.17238 -->
""")

# ---------------------------------------------------------------- 6
md("serve-intro", """
## 6. Over the wire

A served model answers HTTP requests, mostly in OpenAI's format: one object, or a *stream* of `data:` lines. Our server is a page of Python's own library, on this machine alone.
""")
code("serve-01", """
import json
from moe_lesson.lessons.lesson13 import client, server

lines = "When was Jukistra founded?", "Name three animals."
asked = [[{"role": "user", "content": line}] for line in lines]
bodies = [{"model": "instruct", "messages": one, "stream": True} for one in asked]
with server.running(server.Serving(instruct, words, "instruct")) as url:
    both = client.at_once(url, bodies)
    (_, answer), = client.lines(url, {"messages": asked[0]})
for at in (0, 1, 2, -2, -1):
    print(both[0][at][1].split('"choices": ')[-1])
told = json.loads(answer)
print({key: told[key] for key in ("object", "choices", "usage")})
""", IGN)
md("serve-02", """
Above, of one client's stream: the role, pieces, why it ended (`stop`, or `length`), `[DONE]`. Below them the same in one object, with its tokens counted. Left out: `id`, `created`, `model`.
""")
code("serve-03", """
from moe_lesson.inference.generate import stream_answer

for one, received in zip(asked, both):
    same = client.text_of(received) == "".join(stream_answer(instruct, words, one))
    print(client.text_of(received), "| as the decoder says:", same)
order = sorted((when, client_of) for client_of, one in enumerate(both) for when, _ in one)
turns = sum(a[1] != b[1] for a, b in zip(order, order[1:]))
print("lines of both clients came in turns:", turns > 2)
""", IGN)
md("serve-04", """
Each client has a thread here, and their steps take turns: two batches of one, not one of two. Real servers put clients into slots. What vLLM, `transformers serve` and llama.cpp need to serve our `instruct`, and SkyPilot's task file for Mixtral, stand in `deploy/README.md`; `python -m moe_lesson export` writes the folder that they read. (vLLM wants heads of 32 numbers or more; a script there pads ours.)
""")
exercise("own-cache", "own_cache", "", """
### Exercise 7: a cache of your own

●●● · 30 minutes. Find a policy that beats LRU at four slots of layer 3, without knowing the future. `own_cache()` returns a dict, LRU first, then yours: policy → hit ratio of each document, 20 or more. Say beforehand why yours should win.
""", """
`heldout.held_out(30)` gives documents; `documents(trace)` numbers each token's. Loads of layer 3 are uneven: who should never leave? Choose it on documents that you do not test on.
""", """
If both lists agree document by document, your policy never decides otherwise. If yours has a ratio above 1, a visit is counted twice.
""", """
def own_cache():
    from moe_lesson.corpus import heldout
    from moe_lesson.corpus.labels import label_tokens
    from moe_lesson.lessons.lesson13.caches import lru_hits
    from moe_lesson.study.trace import documents, trace_ids

    def with_pins(expert_TK, pins):
        free = [[one for one in row if one not in pins] for row in expert_TK.tolist()]
        kept, hits = [], 0
        for asked in free:
            hits += expert_TK.shape[1] - len(asked) + sum(one in kept for one in asked)
            kept = ([one for one in kept if one not in asked] + asked)[len(pins) - 4 :]
        return hits / expert_TK.size

    text, labels = label_tokens(words, heldout.held_out(45))
    trace = trace_ids(small, text.id_T, labels=labels)
    each = [trace.expert_LTK[3, documents(trace) == n] for n in range(45)]
    load_E = np.bincount(np.concatenate(each[25:]).ravel(), minlength=8)
    pins = load_E.argsort()[-2:].tolist()  # two always stay, two slots are LRU
    return {"lru": [lru_hits(one, 4) for one in each[:25]],
            "pinned": [with_pins(one, pins) for one in each[:25]]}
""")
md("limits", """
## What this lesson does not show

One small model on one core, where a product costs more to call than to compute. Bounds by bandwidth and arithmetic leave out launches, exchanges between devices and all software. The queue has one seed; its answers are short. Nobody measured Mixtral here.

<details><summary>Further: pages of a cache, other quantisers, drafts for mixtures</summary>

*PagedAttention* (vLLM, arXiv:2309.06180) gives a cache memory by pages of 16 tokens instead of whole contexts: before, 20.4 to 38.2 % of the memory held tokens; throughput rose 2 to 4 times; its attention kernel is 20 to 26 % slower.

GPTQ and AWQ choose codes so that a calibration text's outputs stay right; an expert that the text seldom visits sees few tokens. HQQ needs none. QMoE put a Switch of 1.6 trillion parameters into less than 160 GB, 0.8 bits a parameter. QuantMoE-Bench (arXiv:2406.08155): bits should differ by structure, and shared experts that are always on may need more. Keep routers whole: 32,768 weights a layer.

GGUF, llama.cpp's file, stacks experts (`ffn_gate_exps`, `ffn_up_exps`, `ffn_down_exps`) beside a router `ffn_gate_inp`; its types take Q2_K 2.625, Q3_K 3.4375, Q4_K 4.5, Q8_0 8.5 bits a weight.

"A mixture draws its experts, so its answers vary": top-k draws nothing. A sum in another order, in a batch of another size, may turn a near tie.

</details>
""")
md("summary", """
## Summary

- A cache makes a step read one token; a cut cache goes on at the position that comes, not at its length.
- One reader's mixture costs its active parameters; a batch of $B$ reads $8(1-(3/4)^B)$ experts, fewer where its tokens are alike.
- Against Llama 2 70B: 5.39 times by reading at batch 1, 1.48 in the middle, 5.39 where arithmetic counts. Six needs memory in the sentence: 7.7 times on two H100, 3.3 on two H200, at full load.
- A draft saves a mixture less than a dense model, 4 bits for experts lose little, an LRU of experts lives on repetition.
- Slots beat batches in waiting first. The lesson built `moe_lesson/inference/decoder.py`, `compress.py` and `offload.py`.

## Reading

- Jiang et al. 2024, *Mixtral of Experts* (arXiv:2401.04088), Table 5; section 3 on size and efficiency.
- Eliseev and Mazur 2023 (arXiv:2312.17238), section 3: LRU and early loading.
- Leviathan et al. 2022, *Speculative Decoding* (arXiv:2211.17192), sections 2 and 3.
- Kwon et al. 2023, *PagedAttention* (arXiv:2309.06180), section 3.

## Six questions

1. Mixtral "costs as much as a 12.9B model". When, and when never? <!-- not measured here: 12.9, active parameters -->
2. Sixteen tokens visit how many of 64 experts, eight each, evenly?
3. Why does the ratio to Llama 2 70B fall with the batch and rise again?
4. A draft is right with a = 0.5. How many tokens does a round of two guesses give?
5. A cache of two slots hits 60 %. Between what lies the share of neighbours with an expert in common?
6. At temperature 0 a server gave two answers to one question. Did the router draw?

<details><summary>Answers</summary>

1 · In reading at batch 1, in arithmetic always; never in memory: all 46.7 billion must be there.

2 · $64(1-(7/8)^{16})$ = 56.4. <!-- not measured here: 56.4, arithmetic -->

3 · More tokens read more experts, until all are read; later both models are limited by arithmetic, which is 5.39 to 1.

4 · 1 + 0.5 + 0.25 = 1.75; not 0.75, which are the kept ones. <!-- not measured here: 0.5 0.25 1.75 0.75, arithmetic -->

5 · Between 60 % and 100 %: the hits are between half of it and all of it. <!-- not measured here: 60, by the bound -->

6 · No. Another batch sums in another order, and a near tie turned.

</details>
""")
