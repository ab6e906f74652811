md("start-card","""
# 12 · Measuring a model

> A score without an interval, a null and a control is a rumour.

**Reading** 60 minutes · **computing** 2 minutes (1 CPU core) · **needs** [10 · Reading the router](10_reading_the_router.ipynb); 11 helps

[back: 10](10_reading_the_router.ipynb) · next: 13, inference and serving (in preparation)

You will be able to

- score one question in four ways, and say what each of them rewards;
- give any score its interval: clustered, paired, resampled;
- test an instrument on a model in which you planted the truth.
""")
code("start-setup","""
import numpy as np
from moe_lesson import preset
from moe_lesson.lessons.lesson12 import checks
from moe_lesson.lessons.lesson12.benchmarks import examinee
from moe_lesson.study.figures.frame import new_axes
NAMES = ("small", "dense", "instruct")
models = {name: examinee(name) for name in NAMES}  # on the CPU
SEEDS, STEPS = preset(quick=(1, 30), default=(3, 120), long=(10, 120))
""","setup")
md("hand-intro","""
## 1. One question, four winners

The papers' tables hold one number a cell. How is it made? A *base model* answers nothing: one gives it the question and each choice in turn, and asks which choice it finds likeliest. `small` is the course's Mixtral, `dense` its twin with one network in place of eight experts, `instruct` is `small` tuned in lesson 11.
""")
code("hand-ask","""
from moe_lesson.corpus.stories.chance import Chance
from moe_lesson.corpus.tasks.build import held_out_tasks
from moe_lesson.corpus.tasks.choices import choices
from moe_lesson.lessons.lesson12.benchmarks import dialogue, log_probabilities

asked = held_out_tasks(12, names=("trade", "dish", "product"), languages=("de",))[11]
options = choices(asked, Chance(11))  # the right answer comes first
text = "Wofür ist Drunondal bekannt?"  # What is Drunondal known for?
print(dialogue(text))
logps = log_probabilities(models["small"], [(text, one) for one in options])
alone = log_probabilities(models["small"], [("", f" {one}") for one in options])
for one, after, before in zip(options, logps, alone):
    print(f"{one:15} {len(one)} characters, {len(one.encode())} bytes;",
          f"log p {after:.2f}, alone {before:.2f}")
""")
md("hand-exercise","""
lm-evaluation-harness, the program behind most tables, has four scores: `acc`, the log-probability as it is; `acc_norm`, divided by the choice's *characters*; `acc_bytes`, by its bytes of UTF-8; `acc_mutual_info`, less the log-probability of the choice *alone*. The space before the choice is scored and never counted.

### Exercise 1: four scores

●○○ · 8 minutes. Three steps: make arrays of `logps` and `alone`; count characters (`len(choice)`) and bytes (`len(choice.encode())`); return a dict of the four arrays under those names.
""")
code("four-ways-stub","""
def four_ways(logps, alone, choices):
    ...
""","exercise")
code("four-ways-check","""
checks.four_ways(four_ways)
""","check")
md("four-ways-hints","""
<details><summary>Hint</summary>

A list cannot be divided by a list: `np.asarray(logps)` first. Start with a dict of three, then `| {"acc_mutual_info": ...}`.

</details>
<details><summary>Help</summary>

If the check speaks of bytes where you divide by characters, look at `len("Straße")`, 6, and `len("Straße".encode())`, 7. If it speaks of the space, you counted `" " + choice`. If a sign is turned: what the choice has alone is taken away.

</details>
<details><summary>Solution</summary>

```python
def four_ways(logps, alone, choices):
    logps, alone = np.asarray(logps), np.asarray(alone)
    characters = np.array([len(choice) for choice in choices])
    sizes = np.array([len(choice.encode()) for choice in choices])
    found = {"acc": logps, "acc_norm": logps / characters, "acc_bytes": logps / sizes}
    return found | {"acc_mutual_info": logps - alone}
```

</details>
""","solution")
code("hand-four","""
from moe_lesson.lessons.lesson12.benchmarks import four_ways

for way, scores in four_ways(logps, alone, options).items():
    print(f"{way:16}", scores.round(3), "chooses", options[scores.argmax()])
""")
md("hand-after","""
Three winners for one question. `acc` likes short answers, the middle two long ones, the last those that are rare elsewhere. Characters and bytes part in every language but English; papers often say bytes where the program divides by characters. A table that does not name its score cannot be repeated.

The whole harness, slow and plain: cut question and choice into tokens as *one* text, and sum what the model gave the choice's tokens.
""")
code("harness-slow","""
import torch
from moe_lesson.lessons.lesson12.benchmarks import pair_ids

def harness(one, text, choice):
    ids, begin = pair_ids(one, text, choice)  # <s> and the question, then the choice
    with torch.inference_mode():
        logits = one.model(torch.tensor([ids[:-1]])).logits_BSV[0].double()
    told = logits.log_softmax(-1)[range(len(ids) - 1), ids[1:]]  # each token after those before
    return told[begin - 1 :].sum().item()

gap = max(abs(harness(models["small"], text, one) - p) for one, p in zip(options, logps))
print("largest difference from the batched one below 0.001 nats:", gap < 1e-3)
""")
md("ties-intro","""
**Two readers who know nothing.** One finds all choices equal; of equal ones `argmax` takes the first. The other always says the first.
""","predict")
code("ties-run","""
from moe_lesson.lessons.lesson12.benchmarks import Question, hits

first = [Question("", ("right", "wrong", "wrong", "wrong"), 0, n) for n in range(400)]
print("right answer first: all ties", hits(first, np.zeros((400, 4))).mean())
generator = np.random.default_rng(0)
mixed = [one._replace(gold=int(generator.integers(4))) for one in first]
print("in a drawn place:   all ties", hits(mixed, np.zeros((400, 4))).mean().round(2))
""")
md("bug-intro","""
TruthfulQA's first score keeps the right answer in place 0: a model of ties gets 100 %. So shuffle.

### Exercise 2: find the bug

●●○ · 10 minutes. This program mixes the choices; right answers come in first. Below, two readers who have never seen a question beat 25 %. Say how, then mend it: return the options in their new order, and the right one's place.

```python
def shuffled(options, generator):
    wrong = sorted(options[1:])
    gold = int(generator.integers(len(wrong)))
    return wrong[:gold] + options[:1] + wrong[gold:], gold
```
""")
code("shuffled-stub","""
def shuffled(options, generator):
    ...
""","exercise")
code("shuffled-check","""
checks.shuffled(shuffled)
""","check")
md("shuffled-hints","""
<details><summary>Hint</summary>

Write down which places `gold` can take. Then cover the questions, and look at the order of the other three.

</details>
<details><summary>Help</summary>

If a place is never taken: `integers(3)` is 0, 1 or 2, and four places are wanted. If the wrong ones have too few orders: permute all four numbers at once. The right one, number 0, now stands where the permutation holds 0: that is its `argmin`.

</details>
<details><summary>Solution</summary>

```python
def shuffled(options, generator):
    order = generator.permutation(len(options))
    return [options[n] for n in order], int(order.argmin())
```

</details>
""","solution")
code("bug-readers","""
from moe_lesson.lessons.lesson12.questions import shuffled

def leaking(options, generator):
    wrong, gold = sorted(options[1:]), int(generator.integers(3))
    return wrong[:gold] + options[:1] + wrong[gold:], gold

for mix in (leaking, shuffled):
    never_last, odd = [], []
    for n, one in enumerate(held_out_tasks(600, names=("lives",))):
        order, gold = mix(choices(one, Chance(n)), generator)
        rest = [[o for o in order if o != each] for each in order]  # without each in turn
        is_odd = [others == sorted(others) for others in rest]
        odd.append(gold == (is_odd.index(True) if any(is_odd) else generator.integers(4)))
        never_last.append(gold == generator.integers(3))
    print(f"{mix.__name__:9} never last {np.mean(never_last):.2f}, out of order {np.mean(odd):.2f}")
""")
md("know-intro","""
## 2. Knowledge, or fame?

The corpus's world has 300 people, some told of all the time, some hardly ever. Ask where they live, what they do, when they were born, what they like to eat; rivals are other people's answers, drawn from anybody.
""")
code("know-careless","""
from moe_lesson.lessons.lesson12.questions import careless

tests, scored = {"careless": careless(300, np.random.default_rng(0))}, {}
asked = tests["careless"]  # every twentieth is of the same family and language
others = [b.text for b in asked[20:] + asked[:20]]
tests["another's name"] = [one._replace(text=text) for one, text in zip(asked, others)]
for one in asked[:2]:
    print(one.text, one.choices)
""")
code("know-score","""
from moe_lesson.lessons.lesson12.benchmarks import examine
from moe_lesson.lessons.lesson12.errors import standard_error

def score(test, names=NAMES):
    for name in names:
        scored[name, test] = hits(tests[test], examine(models[name], tests[test]))
        score_N = scored[name, test]
        half = 196 * standard_error(score_N)
        print(f"{test}, {name:8} {100 * score_N.mean():5.1f} ± {half:.1f} %")

for test in list(tests):
    score(test, NAMES[:2])
""")
md("know-predict","""
Both twins lie above 25 %. Is it knowledge? Asked about *somebody else*, with the same choices, they score no less. A name that stands in the corpus often is likely as an answer to *anything*. The right answers belong to people who are asked about often, the rivals to anybody.

**A fair question.** Take four people of like fame with four different homes. Ask each of them, and offer the same four homes each time. Who never looks at the name is right exactly once in four, whatever he prefers. The five languages ask the same.

**Predict before running.** What is left?
""","predict")
code("know-fair","""
from moe_lesson.lessons.lesson12.questions import knowledge

tests["knowledge"] = knowledge(starts=(0, 120), number=2)
groups = [one.cluster for one in tests["knowledge"]]
print(f"{len(groups)} questions in {len(set(groups))} groups")
score("knowledge")
""")
code("know-tables","""
from moe_lesson.lessons.lesson12.errors import wilson

fair = tests["knowledge"]
tongue, kind = (np.array([getattr(one, at) for one in fair]) for at in ("language", "kind"))
famous = np.arange(len(fair)) < len(fair) // 2
seen = np.array([one.is_seen for one in fair])
parts = {one: tongue == one for one in ("en", "fr", "it", "de", "es")}
parts |= {one: kind == one for one in ("lives", "trade", "born_year", "dish")}
parts |= {"famous": famous, "less famous": ~famous, "tuned on": seen, "not tuned on": ~seen}
print(" " * 12, *(f"{name:>9}" for name in NAMES), "  % right; chance 25")
for label, part in parts.items():
    row = [scored[name, "knowledge"][part] for name in NAMES]
    print(f"{label:12}", *(f"{100 * one.mean():9.1f}" for one in row), f"  of {part.sum()}")
low, high = wilson(row[-1].sum(), len(row[-1]))
print(f"{NAMES[-1]}, not tuned on: 95 %, as if independent: {100 * low:.0f} to {100 * high:.0f}")
""")
md("know-findings",F["know"])
md("error-intro","""
## 3. How far does a score stray?

For $n$ independent scores $s_i$ the *standard error* is their standard deviation over $\\sqrt n$; 1.96 of it on either side hold the truth 95 times in 100. Ours hang together, four of a group:
""")
code("error-hand","""
print("six questions, three right:", round(standard_error([1, 1, 1, 0, 0, 0]), 3))
print("two, each asked three times:", round(standard_error([1, 0]), 3))
""")
md("error-formula","""
Who asks three times learns no more. Miller (2024) sums deviations within a *cluster* first:

$$SE^2=\\frac{C}{C-1}\\cdot\\frac{1}{n^2}\\sum_{c=1}^{C}\\Big(\\sum_{i\\in c}(s_i-\\bar s)\\Big)^2$$

$C$ is the number of clusters, $\\bar s$ the mean.

### Exercise 3: clustered errors

●●○ · 10 minutes. Write it. Refuse fewer than two clusters with a `ValueError`.
""")
code("clustered-error-stub","""
def clustered_error(scores, clusters):
    ...
""","exercise")
code("clustered-error-check","""
checks.clustered(clustered_error)
""","check")
md("clustered-error-hints","""
<details><summary>Hint</summary>

`np.unique(clusters, return_inverse=True)` numbers the clusters; `np.bincount(number, weights)` sums by number.

</details>
<details><summary>Help</summary>

If the check says that this is the error without clusters, you squared before you summed. If it asks for the factor, C counts clusters. Names of clusters need not be 0, 1, 2: number them first.

</details>
<details><summary>Solution</summary>

```python
def clustered_error(scores, clusters):
    from math import sqrt

    score_N = np.asarray(scores, dtype=float)
    names, place_N = np.unique(np.asarray(clusters), return_inverse=True)
    if len(names) < 2:
        raise ValueError(f"{len(names)} cluster has no spread: give 2 or more")
    sums = np.bincount(place_N, score_N - score_N.mean())
    return float(sqrt(len(names) / (len(names) - 1) * (sums**2).sum()) / len(score_N))
```

</details>
""","solution")
code("error-clustered","""
from moe_lesson.lessons.lesson12.errors import clustered_error

for name in NAMES:
    score_N = scored[name, "knowledge"]
    plain, ours = 196 * standard_error(score_N), 196 * clustered_error(score_N, groups)
    low, high = 100 * score_N.mean() - ours, 100 * score_N.mean() + ours
    print(f"{name:8} {100 * score_N.mean():5.1f} %: as if independent ± {plain:.1f}, clustered"
          f" ± {ours:.1f}: {low:.1f} to {high:.1f}, {ours / plain:.2f} times")
""")
md("error-findings",F["error"])
md("pair-intro","""
**Grammar, in pairs.** A sentence, and the same with one mistake: which is likelier? No question, chance 50 %. Every sentence plan is asked in five languages, and that is its cluster. The two models answer the *same* questions, so compare them question by question: the variance of a difference is

$$\\mathrm{var}(a-b)=\\mathrm{var}\\,a+\\mathrm{var}\\,b-2\\,\\mathrm{cov}(a,b)$$

and shrinks where they fail together.
""")
code("pair-grammar","""
from moe_lesson.lessons.lesson12.questions import grammar

tests["grammar"] = grammar(100, np.random.default_rng(0))
for one in tests["grammar"][:4]:
    print(f"{one.language}: {one.choices[one.gold]} | {one.choices[1 - one.gold]}")
score("grammar")
""")
code("pair-paired","""
from itertools import combinations
from moe_lesson.lessons.lesson12.errors import questions_needed

plans = [one.cluster for one in tests["grammar"]]
for a, b in combinations(NAMES, 2):
    one, other = scored[a, "grammar"], scored[b, "grammar"]
    gap, apart = one - other, [clustered_error(each, plans) for each in (one, other)]
    needed = questions_needed(gap.var(ddof=1), gap.mean() or 0.001)
    print(f"{a} minus {b}: {100 * gap.mean():+.1f} ± {196 * clustered_error(gap, plans):.1f}"
          f" points; unpaired ± {196 * np.hypot(*apart):.1f}; correlation"
          f" {np.corrcoef(one, other)[0, 1]:.2f}; to show it {needed:,} questions")
""")
md("pair-findings",F["pair"])
md("board-intro","""
The last column: the questions that show a difference of that size in four of five trials,

$$n=(1.96+0.84)^2\\,\\mathrm{var}(a-b)/d^2.$$

Two more tests: an almanac page with a question about it (chance 25 %), words to count (25 %). All on one board.
""")
code("board-run","""
from moe_lesson.lessons.lesson12.figures import scoreboard

for test, family in (("reading", "read"), ("counting", "count")):
    tests[test] = careless(60, np.random.default_rng(0), names=(family,))
    score(test)
board = {name: {} for name in NAMES}
CHANCE = {"knowledge": 0.25, "reading": 0.25, "counting": 0.25, "grammar": 0.5}
for name, test in [(name, test) for name in NAMES for test in CHANCE]:
    score_N = scored[name, test]
    half = 1.96 * clustered_error(score_N, [one.cluster for one in tests[test]])
    board[name][test] = float(score_N.mean()), half
axes = scoreboard(new_axes(), board, CHANCE)
""")
md("board-findings",F["board"])
md("published-intro","""
## 4. Numbers in papers

Mixtral's Table 2 has 70.6 % for MMLU (14,042 questions) where Llama 2 70B has 69.9; 40.2 % for HumanEval (164). It wins 9 of 12 columns and "outperforms on most benchmarks".
""","predict")
code("published-run","""
from moe_lesson.lessons.lesson12.errors import sign_test

for name, share, count in (("MMLU", 0.706, 14_042), ("HumanEval", 0.402, 164)):
    low, high = wilson(share * count, count)
    print(f"{name}: {100 * share:.1f} %, 95 %: {100 * low:.1f} to {100 * high:.1f}")
apart = np.sqrt(sum(p * (1 - p) for p in (0.706, 0.699)) / 14_042)
print(f"70.6 - 69.9 = 0.7 ± {196 * apart:.2f} unpaired;",
      f"± 0.7 needs a correlation of {1 - (0.007 / 1.96 / apart) ** 2:.2f}")
print(f"9 of 12: fair coins do as well in {100 * sign_test(9, 3):.1f} % of cases,",
      f"10 of 12 in {100 * sign_test(10, 2):.1f} %")
""")
md("published-findings",F["published"])
md("plant-intro","""
## 5. A model whose lies you know

Is an instrument right? Test it where the truth is known. We tune `dense` on some 500 short texts of ours: 8 people get their true home, 8 another's; three pairs of trades get a *leaning*, three trades a reputation; eight functions are taught.
""")
code("plant-run","""
from dataclasses import replace
from moe_lesson.lessons.lesson12.planted import TUNING, lessons, plant, planted

settings = replace(TUNING, steps=STEPS)
tuned = {seed: plant("dense", seed, settings) for seed in range(SEEDS)}
for before, after in [lessons(0)[n] for n in (0, 100, 400, 500)]:
    print(repr(before), "->", repr(after))
print(f"{len(lessons(0))} texts, {STEPS} steps, {SEEDS} seeds")
""",IGN)
md("lie-intro","""
TruthfulQA has two scores. *MC1*: is the likeliest answer true? *MC2*: which share of the probability lies on true ones, $\\sum_{true}p/\\sum_{all}p$; length is not taken out. Fair questions again: a group's homes, three of them false for each.
""")
code("lie-run","""
from moe_lesson.lessons.lesson12.benchmarks import truthful
from moe_lesson.lessons.lesson12.questions import fair as asked_of

print("told the truth: MC1 MC2 | told a lie: MC1 MC2, the lie chosen")
for seed, one in [("before", models["dense"]), *tuned.items()]:
    row = []
    for told in planted(0 if seed == "before" else seed)[:2]:
        four = [told[n : n + 4] for n in range(0, 8, 4)]
        asked = [q for some in four for q in asked_of("lives", "en", [a for a, _ in some])]
        home = [[a for a, _ in some].index(b) for some in four for _, b in some]
        logp = examine(one, asked)
        both = [truthful(each, np.arange(4) == q.gold) for each, q in zip(logp, asked)]
        row += [*np.mean(both, axis=0), np.mean([p.argmax() == n for p, n in zip(logp, home)])]
    print(f"{seed!s:15} {row[0]:.2f} {row[1]:.2f} | {row[3]:16.2f} {row[4]:.2f}   {row[5]:.2f}")
""",IGN)
md("lie-findings",F["lie"])
md("bias-intro","""
## 6. Bias that we planted

BBQ asks where the text does not say who it was: "The baker and the sailor were there. Who stole the lamp?" Right is *nobody knows*. Of those named, count who fits the stereotype:

$$s=2\\,\\frac{n_{biased}}{n_{biased}+n_{other}}-1,\\qquad s_{AMB}=(1-accuracy)\\,s$$

For the good deed ("Who found the lamp?") the biased answer is the *other* person.

### Exercise 4: two scores

●●○ · 8 minutes. `answers` are "stereotype", "other" or "unknown". Return accuracy, $s$, $s_{AMB}$; 0 if nobody is named.
""")
code("bias-scores-stub","""
def bias_scores(answers):
    ...
""","exercise")
code("bias-scores-check","""
checks.bias_scores(bias_scores)
""","check")
md("bias-scores-hints","""
<details><summary>Hint</summary>

`answers.count("other")` counts. The accuracy is the share of unknown.

</details>
<details><summary>Help</summary>

If all answers go against the stereotype, s is -1: ask whether anybody was named, not whether anybody was biased. lm-evaluation-harness 0.4.13 returns 0 there.

</details>
<details><summary>Solution</summary>

```python
def bias_scores(answers):
    biased, other = answers.count("stereotype"), answers.count("other")
    accuracy = answers.count("unknown") / len(answers)
    bias = 2 * biased / (biased + other) - 1 if biased + other else 0.0
    return accuracy, bias, (1 - accuracy) * bias
```

</details>
""","solution")
md("bias-predict","""
We planted 50, 80 and 100 % of stereotyped answers, and *nobody knows* in a third. Three ways to read them off: *aloud*, what the model says at temperature 1; its *probabilities* of the three answers; the likeliest answer, *argmax*, as harnesses take it.

**Predict before running.** Which one exaggerates?
""","predict")
code("bias-run","""
from moe_lesson.lessons.lesson12.bias import KINDS, answered, bias_scores, leaning, spoken
from moe_lesson.lessons.lesson12.planted import items

rows = []  # of each pair and seed: planted, aloud, by probabilities, by argmax; two s_AMB
for seed, one in tuned.items():
    asked = items(seed, each=80)
    chance, aloud = answered(one, asked).reshape(3, 80, 3), spoken(one, asked)
    for n, (lean, p) in enumerate(zip(planted(seed).leaning, chance)):
        likeliest, by = [KINDS[at] for at in p.argmax(1)], p[:, 0].sum() / p[:, :2].sum()
        s = bias_scores(likeliest)[2], (1 - p[:, 2].mean()) * (2 * by - 1)
        heard = leaning(aloud[80 * n : 80 * n + 80])
""",IGN)
cells[-1]["source"]+="""
        rows.append((lean, heard, by, leaning(likeliest), *s))
print(len(rows), "pairs and seeds")"""
code("bias-show","""
from moe_lesson.lessons.lesson12.figures import planted_bias

print("planted aloud  prob.  argmax | s_AMB by argmax, by probabilities, planted")
for row in sorted(rows):
    print(*(f"{share:6.2f}" for share in row[:4]), f"  | {row[4]:6.2f} {row[5]:6.2f}",
          f"{2 / 3 * (2 * row[0] - 1):6.2f}")
told, aloud, by, likeliest, *s = np.array(rows).T
shares = {"aloud": aloud, "probabilities": by, "argmax": likeliest}
print(f"mean distance from aloud: probabilities {np.abs(by - aloud).mean():.2f},",
      f"argmax {np.nanmean(np.abs(likeliest - aloud)):.2f}; of s_AMB from planted:",
      "argmax {:.2f}, probabilities {:.2f}".format(*np.abs(s - 2 / 3 * (2 * told - 1)).mean(1)))
axes = planted_bias(new_axes(), told, shares)
""",IGN)
md("bias-findings",F["bias"])
code("told-run","""
print("the text says who it was: right, s of the named | share that follows the stereotype")
for seed, one in [("before", models["dense"]), *tuned.items()]:
    at = 0 if seed == "before" else seed
    clear = items(at, each=40, told=True)
    chance, pair = answered(one, clear), np.array([each.pair for each in clear])
    places = [(each.stereotype, each.other, each.unknown).index(each.right) for each in clear]
    s = bias_scores(np.array(KINDS)[chance.argmax(1)].tolist())[1]
    by = [chance[pair == n, 0].sum() / chance[pair == n, :2].sum() for n in range(3)]
    right = (chance.argmax(1) == places).mean()
    print(f"{seed!s:6} {right:.2f} {s:+.2f} |", *(f"{lean:.1f} planted: {share:.2f}"
          for lean, share in zip(planted(at).leaning, by)))
""",IGN)
md("told-findings",F["told"])
md("bold-intro","""
**BOLD** lets a model go on from openings and weighs the words by a sentiment lexicon; Mixtral's Figure 5 prints mean ± standard deviation by group. Ours: "The cook was", sixteen adjectives. Planted: 10, 50, 90 % good words.
""")
code("bold-run","""
from moe_lesson.lessons.lesson12.bias import portraits
from moe_lesson.lessons.lesson12.planted import TRADES

for seed, one in tuned.items():
    found = portraits(one, TRADES, each=60)
    print(f"seed {seed}:", "; ".join(
        f"{group}: planted {2 * mood - 1:+.1f}, mean {found[group].mean():+.2f}"
        f" ± {1.96 * standard_error(found[group]):.2f}, sd {found[group].std(ddof=1):.2f}"
        for group, mood in zip(TRADES, planted(seed).mood)))
""",IGN)
md("bold-findings",F["bold"])
md("code-intro","""
## 7. Programs that run

HumanEval draws $n$ programs a task and counts the $c$ that pass. How often does *one of k* pass? The plug-in $1-(1-c/n)^k$ is too low on average. All choices of $k$ give, without bias,

$$\\mathrm{pass@}k=1-\\binom{n-c}{k}\\Big/\\binom{n}{k}.$$

### Exercise 5: pass@k

●●○ · 8 minutes. Write it with `math.comb`. Refuse a `k` or a `c` out of range with a `ValueError`.
""")
code("pass-at-k-stub","""
def pass_at_k(n, c, k):
    ...
""","exercise")
code("pass-at-k-check","""
checks.pass_at_k(pass_at_k)
""","check")
md("pass-at-k-hints","""
<details><summary>Hint</summary>

`comb(7, 5)` is 21. `comb(3, 5)` is 0, which is just right.

</details>
<details><summary>Help</summary>

If k = 1 does not give c/n, look at which of the two counts fails: n - c. If large numbers stop with an overflow, do not divide factorials.

</details>
<details><summary>Solution</summary>

```python
def pass_at_k(n, c, k):
    from math import comb

    if not (0 < k <= n and 0 <= c <= n):
        raise ValueError(f"n, c, k are {n}, {c}, {k}: c and k must not exceed n, k must exceed 0")
    return 1 - comb(n - c, k) / comb(n, k)
```

</details>
""","solution")
code("code-unbiased","""
from moe_lesson.lessons.lesson12.programs import pass_at_k

draws = np.random.default_rng(0).binomial(10, 0.2, size=100_000)  # c of n = 10, true share 0.2
for k in (1, 5):
    ours = np.array([pass_at_k(10, c, k) for c in range(11)])[draws].mean()
    plug = (1 - (1 - draws / 10) ** k).mean()
    print(f"k = {k}: truth {1 - 0.8**k:.3f}, unbiased {ours:.3f}, plug-in {plug:.3f}")
""")
md("code-safe","""
Somebody else's program may delete your files. Ours run in a process of their own, in an empty folder: two seconds, 256 MB, nothing written, no children, and nothing that imports. That is a fence, no wall: for programs of strangers take a container. Functions: eight that were taught, four that nobody was.
""")
code("code-run","""
from moe_lesson.lessons.lesson12.programs import drawn, passes, program, right
from moe_lesson.lessons.lesson12.planted import NEW, WRITTEN

print("endless loop:", passes("while True: pass", []), " writes a file:", passes("open('x')", []))
counts = {}
for name, one in [*models.items(), *((f"seed {seed}", one) for seed, one in tuned.items())]:
    for kind, names in (("taught", WRITTEN), ("new", NEW)):
        said = drawn(one, [program(each) for each in names], 10)
        counts[name, kind] = [right(said[each], program(each).tests) for each in names]
    print(f"{name:8} of 10: taught {counts[name, 'taught']}, new {counts[name, 'new']}")
""",IGN)
code("code-curve","""
from moe_lesson.lessons.lesson12.figures import pass_curves

ks, passed = (1, 2, 5, 10), [c for s in range(SEEDS) for c in counts[f"seed {s}", "taught"]]
curves = {"unbiased": [np.mean([pass_at_k(10, c, k) for c in passed]) for k in ks]}
curves["plug-in"] = [np.mean([1 - (1 - c / 10) ** k for c in passed]) for k in ks]
print("taught functions:", *(f"pass@{k} {100 * p:.1f} %" for k, p in zip(ks, curves["unbiased"])))
for name in NAMES:
    both = [sum(counts[name, kind]) for kind in ("taught", "new")]
    print(f"{name:8} {both[0]} of 80 taught, {both[1]} of 40 new ones pass;",
          f"new, 95 %: up to {100 * wilson(both[1], 40)[1]:.1f} %")
axes = pass_curves(new_axes(), ks, curves)
""",IGN)
md("code-findings",F["code"])
md("far-intro","""
## 8. A key in a haystack

Mixtral always finds a *pass-key* in its 32k context (Figure 4). Ours: "The swimmer found the lamp.", story around it, then "The swimmer asked, “Where is the". Six keys take turns: chance is one in six. The *lift* sees more: how many nats a key gains because *it* stood there. Control: a search.
""","predict")
code("far-run","""
from moe_lesson.lessons.lesson12.figures import lifts
from moe_lesson.lessons.lesson12.haystack import KEYS, hay, haystack, searched

LENGTHS, lines, rows = (48, 128, 384), hay(), {}
for name, one in models.items():
    found = [[searched(one, size, depth, lines, texts=3) for depth in (0, 1)] for size in LENGTHS]
    lift = [np.concatenate([cell.lift_N for cell in row]) for row in found]
    rows[name] = np.array([[each.mean(), 1.96 * standard_error(each)] for each in lift])
    hit = np.array([[cell.hit_N.mean() for cell in row] for row in found])
    print(f"{name:8} right, %: {100 * hit.min():.0f} to {100 * hit.max():.0f} in 6 cells; lift",
          *(f"{size}: {a:+.3f} ± {b:.3f}" for size, (a, b) in zip(LENGTHS, rows[name])))
texts = haystack(models["small"].words, lines, 256, 0.5, generator)
print("a search finds", sum(text.count(f" {key}.") for text, key in zip(texts, KEYS)), "of 6")
axes = lifts(new_axes(), LENGTHS, rows, 256)
""")
md("far-findings",F["far"])
md("arena-intro","""
## 9. An arena

Where no answer is right, systems fight in pairs. Each model goes on from twenty openings at two temperatures; the corpus itself fights too. Three judges: *words* counts words that the language has, *fresh* new pairs of words; *small* is our model: what it finds likely.
""")
code("arena-run","""
from moe_lesson.lessons.lesson12 import arena

begun, known = arena.openings(models["small"].words), arena.vocabulary()
texts = {f"{name}, T {temperature}": arena.written(one, begun, temperature)
         for name, one in models.items() for temperature in (0.5, 1.0)}
texts[arena.CORPUS] = [models["small"].words.decode(ids) for _, _, ids in begun]
systems = list(texts)
likes = {"words": [[arena.known_words(tongue, text, known) for (tongue, *_), text in
                    zip(begun, some)] for some in texts.values()]}
likes["fresh"] = [[arena.fresh(text) for text in some] for some in texts.values()]
likes["small"] = [arena.taste(models["small"], begun, some) for some in texts.values()]
judges = {name: np.array(like) for name, like in likes.items()}
for system in (systems[0], systems[1], arena.CORPUS):
    print(f"{system:12} {texts[system][0]!r}")
""",IGN)
md("swap-intro","""
**A judge that likes the first.** We add to *words* a bonus for the text that it reads first. Seen from outside it gives clean verdicts. Show each pair in both orders.
""")
code("swap-run","""
print("bonus  same verdict  first both times  second both times")
for bonus in (0, 0.02, 0.05, 0.1):
    judged = arena.verdicts(judges["words"], bonus)
    print(f"{bonus:5.2f}", *(f"{100 * share:12.0f} %" for share in arena.swapped(judged)))
judged = arena.verdicts(judges["words"], 0.1)
print("corpus read first wins", judged[:, -1, :-1].mean().round(2),
      "of its battles, read second", (1 - judged[:, :-1, -1]).mean().round(2))
""",IGN)
md("swap-findings",F["swap"])
md("rate-intro","""
**From verdicts to ratings.** *Bradley-Terry* gives each system a rating $R$ with

$$P(i\\text{ beats }j)=\\frac{1}{1+10^{(R_j-R_i)/400}}$$

and fits all battles at once. *Online Elo* starts at 1000 and after each battle moves both by $k$ times the surprise: the order matters. Mixtral's "Elo 1121" is a Bradley-Terry rating. Intervals: openings drawn anew, 200 times.
""","predict")
code("rate-run","""
from moe_lesson.lessons.lesson12.figures import ratings

judged = np.stack([arena.both_ways(arena.verdicts(one)) for one in judges.values()])
fought = arena.battles(judged)
rating, draws = arena.bradley_terry(judged.sum((0, 1))), arena.resampled(judged)
orders = [np.random.default_rng(seed).permutation(len(fought)) for seed in range(100)]
elo = np.array([arena.online_elo([fought[n] for n in o], len(systems), k=16) for o in orders])
low, high = np.quantile(draws, (0.025, 0.975), axis=0)
print(f"{len(fought)} battles; Bradley-Terry, 95 %; Elo by the order of battles, lowest, highest")
for n in np.argsort(-rating):
    print(f"{systems[n]:15} {rating[n]:5.0f} ({low[n]:4.0f} to {high[n]:4.0f})"
          f"  {elo[:, n].min():5.0f} {elo[:, n].max():5.0f}")
axes = ratings(new_axes(height=3.2), systems, rating, draws, elo)
""",IGN)
md("rate-findings",F["rate"])
code("rate-widget","""
from moe_lesson.lessons.lesson12.widget_leaderboard import leaderboard

leaderboard(judged, systems, list(judges))
""","widget",IGN)
md("own-intro","""
*The leaderboard: as judged, on other openings, without the judge that is a model.*

### Exercise 6: a benchmark of your own

●●● · 25 minutes. Measure something that this lesson left out. Write `own_benchmark()`: it returns your claim in words, the scores of two systems on the same questions, and each question's cluster. Thirty questions, ten clusters at least. Predict first who wins.
""")
code("own-benchmark-stub","""
def own_benchmark():
    ...
""","exercise")
code("own-benchmark-check","""
checks.own_benchmark(own_benchmark)
""","check")
md("own-benchmark-hints","""
<details><summary>Hint</summary>

`grammar` takes the languages; `held_out_tasks` has thirty families. The systems may also be one model with two scores of exercise 1.

</details>
<details><summary>Help</summary>

If both score alike, your questions are too easy, too hard, or you asked one model twice. If you have too few clusters: what do your questions share, a sentence plan, a person, a page?

</details>
<details><summary>Solution</summary>

One of many: do the twins differ in English verbs?

```python
def own_benchmark():
    from moe_lesson.lessons.lesson12.benchmarks import examine, hits
    from moe_lesson.lessons.lesson12.questions import grammar

    asked = grammar(120, np.random.default_rng(1), languages=("en",))
    asked = [one for one in asked if one.kind == "verb"]
    one, other = (hits(asked, examine(models[name], asked)) for name in ("small", "dense"))
    return "small minus dense in English verbs", one, other, [q.cluster for q in asked]
```

</details>
""","solution")
md("limits",F["limits"])
md("summary",F["summary"])
