F={}
F["know"]="""
The twins stand at 24.7 and 25.0 %: what lay above chance was fame, for somebody else's name did as well (32.3 against 32.7 %, 31.0 against 32.3).

`instruct` *knows*: 58.8 %, in every language, years best (87.5), dishes hardly (30.0), the famous better (66.9 against 50.6). Of facts that its tuning left out it gets 37.5 % of 40 (24 to 53): too few to say more.
"""
F["error"]="""
Clusters cut both ways. Who ignores the name is right in a quarter of *each* group: deviations cancel, and the error is smaller (0.58 and 0.33 times). `instruct` has a whole group or none, in five languages at once: 2.61 times, 44.7 to 72.8 %. Sixteen groups are few: such an interval is itself rough.
"""
F["pair"]="""
Small minus dense: -1.6 ± 2.3 points, no winner; unpaired it would be ± 3.1. About 2,327 questions would show a difference of that size. The tuning cost grammar: dense minus instruct is 3.6 ± 3.5. With three comparisons, one just outside its interval is little evidence.
"""
F["board"]="""
*Four tests, three models; lines: 95 % by clusters; dotted: chance.*

All know grammar. `instruct` alone knows facts and counts (55.0 ± 12.7 %). None finds an answer on a page in its prompt (25.0, 16.7, 25.0 %).
"""
F["published"]="""
MMLU's 70.6 lies between 69.8 and 71.3: 69.9 is inside. Paired, the difference may be real, if both fail together (a correlation of 0.57): the paper does not print it. HumanEval's 40.2 may be 33.0 or 47.8. Nine of twelve is what coins do in 14.6 % of cases. "All benchmarks", says the abstract; the table has three losses. <!-- not measured here: 69.9, Table 2 -->
"""
F["lie"]="""
MC1 falls to 0.00 in each seed, and the likeliest answer is *our* lie in 1.00, 1.00 and 0.88 of the cases; truths give 1.00, 0.88, 1.00. Untouched: 0.25.
"""
F["bias"]="""
*Measured against planted leaning: three pairs, three seeds; dotted: equal.*

Argmax makes a verdict of a leaning: of a planted 0.80 it reads 0.90 and 1.00. *Nobody knows* is seldom the likeliest, so $s_{AMB}$ is off by 0.33 on average, by probabilities 0.09. Probabilities say what the model says aloud (0.03 apart; argmax 0.12).

In one pair the planting failed: 0.54 by probabilities, 0.57 aloud. What one trained *for* is no truth about a model. Ask the model.
"""
F["told"]="""
Here we planted no leaning: where the text says who it was, our answers are right. Yet $s$ is +0.68, +0.68 and +0.10, with the same pairs ahead. The model cannot read (right in 0.50 to 0.53, of two a coin's share) and falls back on what it heard most. BBQ's disambiguated score finds it; by accuracy alone, which is all that Mixtral's paper prints (56.0), it would look like plain weakness. <!-- not measured here: 56.0, Figure 5 -->
"""
F["bold"]="""
Most signs are found, smaller than planted (+0.8 shows as +0.38 to +0.77); one -0.8 is missed (+0.03). The deviation is no bias: it is largest for even mixtures (0.98, 0.99). Mixtral's text counts lower deviations as better; its own figure has them in two of five groups.
"""
F["code"]="""
*pass@k over eight taught functions and all seeds, ten programs each.*

Base models pass nothing. `instruct` passes 79 of 80 with functions of its tuning, 0 of 40 with new ones: recall, which a benchmark cannot tell from programming if its tasks stood in the training text. From pass@1 to pass@10: 36.2 to 70.8 %.
"""
F["far"]="""
*Lift of a key; lines: 95 %, keys taken for independent; dotted: the length of training.*

All three choose the same key whatever stood there: 17 % in each cell. `instruct` begins to look back (0.203 ± 0.091 nats at 48 tokens, 0.056 at 128), too little to win: right or wrong hides it. What fails at 48 tokens shows no limit at 384.
"""
F["swap"]="""
A bonus of 0.10 keeps half the verdicts; the corpus wins 0.67 of its battles in first place, 0.21 in second. Zheng et al. (2023) found GPT-4 consistent in 65.0 % of pairs, for the first in 30.0; Claude-v1 23.8 and 75.0. Cure: both orders; from here on each verdict is their mean. <!-- not measured here: 65.0 30.0 23.8 75.0, Zheng et al. -->
"""
F["rate"]="""
*Seven systems: Bradley-Terry with 95 %, resampled by opening; dashed: where online Elo ends by other orders of the same battles.*

Low temperatures lead, and the corpus, which writes what the others try to, comes fourth: our judges like the usual. A judge defines what is good. The first three cannot be told apart. The order alone moves *small, T 0.5* from 1012 to 1132 in Elo. Arena's 1121 for Mixtral and 1117 for two others: four points are 50.6 % of battles. <!-- not measured here: 1121 1117 50.6, Figure 6 and the formula -->
"""
F["limits"]="""
## What this lesson does not show

Three small models of one world. `instruct` differs from `small` in data and steps, so it says nothing about mixtures against dense ones; there grammar alone is above chance, and undecided. Three seeds of one planting. Sixteen adjectives are a lexicon of ours, and our judges are rules.

<details><summary>Further: what intervals leave out</summary>

An interval over questions says what other questions of this kind would give; not what another training, another prompt or another wording would. Where a model is asked by sampling, drawing K answers a question shrinks only the part of the variance within questions.

Holding several tests at 95 % lets one in twenty through by chance. The board has twelve intervals.

BBQ's score for disambiguated items is the same $s$, not multiplied. lm-evaluation-harness 0.4.13 gives 0 instead of -1 where no answer is biased. MMLU and HumanEval intervals here take questions as independent: MMLU has subjects, which are clusters.

Bradley-Terry assumes one scale: a beats b beats c beats a has no place on it. Bootstrap intervals over twenty openings are rough.

</details>
"""
F["summary"]="""
## Summary

- One question has four winners: name the score, shuffle the places, count characters as characters.
- Fair rivals turned 32.3 % into 25.0: fame, not knowledge. A tuned model has 58.8 %, and 0 of 40 new programs.
- An interval needs clusters, here 0.33 to 2.61 times the plain one, and pairs: 2,327 questions for 1.6 points.
- Instruments were tested on planted lies (found in three of three seeds) and leanings: probabilities agree with what is said (0.03), argmax does not (0.12).
- The lesson built `moe_lesson/lessons/lesson12/`: `benchmarks.py`, `errors.py`, `planted.py`, `arena.py`.

## Reading

- Jiang et al. 2024, *Mixtral of Experts* (arXiv:2401.04088), section 3, Tables 2 to 4, Figures 4 to 6.
- Miller 2024, *Adding Error Bars to Evals* (arXiv:2411.00640), appendix A; Chen et al. 2021 (arXiv:2107.03374), section 2.
- Parrish et al. 2022, BBQ (arXiv:2110.08193); Zheng et al. 2023 (arXiv:2306.05685), section 3.

## Six questions

1. A model scores 45 % of four choices without knowing anything. How?
2. When does clustering make an error *smaller*?
3. Two models score 70.6 and 69.9 on the same 14,042 questions. What is missing?
4. A harness says that all answers follow the stereotype. What may the model's own leaning be?
5. pass@10 of 71 % and 0 of 40: why do both hold?
6. A judge prefers the first text in half of the pairs, both ways. What do you do with its verdicts? <!-- not measured here: 45 70.6 69.9 14,042 71, made up or quoted above -->

<details><summary>Answers</summary>

1 · The right answers are more common than the rivals, or stand in a place of their own, or are longer.

2 · Where the members of a cluster balance each other: right exactly once in four.

3 · How often they fail on the same questions: the interval of the paired difference.

4 · Anything above one half: argmax shows the side, not the strength.

5 · Taught functions are recalled, new ones are not written.

6 · Keep the pairs on which both orders agree, count the others as ties, and say how many there were.

</details>
"""
