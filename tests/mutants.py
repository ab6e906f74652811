"""Plant mistakes in a copy of the package, one at a time, and see each caught by a test.

``python tests/mutants.py`` runs them all and prints a table; words after it choose those whose
name or file holds one of them. It ends with 1 if a mistake went unnoticed.
"""

import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parent.parent
TESTS_FAILED = 1  # pytest's exit code; 2 and above mean that the tests did not run


# A file of moe_lesson/; then, for each mistake, its name, what stands there once, what it becomes.
MISTAKES = """
moe/routing.py
    router under autocast
    - torch.autocast(x_TD.device.type, enabled=False)
    + torch.autocast(x_TD.device.type)
    softmax not renormalised
    - score_TK.softmax(-1)
    + logits_TE.softmax(-1).gather(-1, expert_TK)
    smallest scores kept
    - expert_TK = logits_TE.topk(k)
    + expert_TK = logits_TE.topk(k, largest=False)
    router in half precision
    - return x if x.dtype in (torch.float32, torch.float64) else x.to(torch.float32)
    + return x
    renormalising forgotten
    - if renormalise:
    + if False:
    switch with weight 1
    - return softmax_top_k(logits_TE, k=1)
    + return top_k(logits_TE, k=1)
    noise left on in evaluation
    - if generator is not None:
    + if True:
    noise without softplus
    - F.softplus(at_least_float32(scale_TE))
    + at_least_float32(scale_TE)
    noise cut from the graph
    - noise_TE * F.softplus(
    + noise_TE * F.softplus(1 * scale_TE.detach() + 0 *
    bias in the weights
    - score_TE.gather(-1, expert_TK)
    + (score_TE + bias_E).gather(-1, expert_TK)
    bias forgotten
    - (score_TE + bias_E).topk(k)
    + score_TE.topk(k)
    expert choice: softmax over tokens
    - prob_TE = logits_TE.softmax(-1)
    + prob_TE = logits_TE.softmax(0)
    expert choice: gaps not told
    - , gaps=True)
    + )
    hash without its seed
    - (seed + 1)
    + 1
    any k accepted
    - if not 1 <= k <= num_experts:
    + if not 0 <= k <= num_experts + 1:
moe/dispatch.py
    wrong token index
    - visit_R % max(T, 1)
    + visit_R // max(routing.expert_TK.shape[1], 1)
    sort not stable
    - expert.argsort(stable=True)
    + len(expert) - 1 - expert.flip(0).argsort(stable=True)
    last choices first
    - visit_R = expert.argsort(
    + visit_R = (expert - torch.arange(len(expert)) / (len(expert) + 1)).argsort(
    weights not sorted
    - weight[visit_R]
    + weight[: len(visit_R)]
    gaps take rows
    - if routing.gaps:
    + if False:
    one seat too many
    - seat_R < capacity
    + seat_R <= capacity
    seats counted over all experts
    - seat_R = place_R - start_E
    + seat_R = place_R - 0 * start_E
    dropped rows still counted
    - count_E.clamp(max=capacity)
    + count_E
    rows not weighted
    - y_RD * plan.weight_R[:, None]
    + y_RD * plan.weight_R[:, None] ** 0
    rows overwrite one another
    - y_TD.index_add(
    + y_TD.index_copy(
    rows summed in half precision
    - weighted_RD = y_RD * plan.weight_R[:, None]
    + weighted_RD = (y_RD * plan.weight_R[:, None]).to(y_RD.dtype)
    negative capacity accepted
    - if capacity < 0:
    + if False:
moe/experts.py
    widths not looked at
    - MANY and aligned and
    + MANY and
    many experts not narrowed
    - and not torch.is_autocast_enabled("cpu")
    +
    experts' dropout left on
    - self.dropout if self.training else 0.0
    + self.dropout
    gate and up swapped
    - gate_FD, up_FD = gate_up_JFD
    + up_FD, gate_FD = gate_up_JFD
    rows meet other experts
    - stacked.unbind(0) for
    + stacked.flip(0).unbind(0) for
    grouped product: counts for ends
    - count_E.cumsum(0).to(torch.int32)
    + count_E.to(torch.int32)
    grouped product: gate and up swapped
    - gate, up = grouped(
    + up, gate = grouped(
    ReLU forgotten
    - F.relu(F.linear(x_RD, up_FD))
    + F.linear(x_RD, up_FD)
    start scaled by the wrong axis
    - * shape[-1] ** -0.5
    + * shape[1] ** -0.5
moe/fused.py
    rows of the wrong token
    - tokens = (order // expert_TK.shape[1])
    + tokens = (order % len(x_TD))
    gradient to the wrong token
    - tokens = (order // weight_TK.shape[1])
    + tokens = (order % len(dy_TD))
    spare rows not skipped
    - shift_E.repeat(count_E)
    + 0 * shift_E.repeat(count_E)
    weight left out of the gradient
    - dy[: len(token)].mul_(weight)
    + dy[: len(token)].mul_(weight**0)
    gradients of gate and up swapped
    - torch.mul(silu, di, out=dup)
    + torch.mul(gate, di, out=dup)
    one token: rows not weighted
    - row, alpha=share)
    + row, alpha=1)
    one token: the first expert alone
    - chosen, shares, strict=True):
    + chosen[:1], shares, strict=False):
    one token: gate and up swapped
    - gate, up = hidden.chunk(2, -1)
    + up, gate = hidden.chunk(2, -1)
    gaps taken by the fast path
    - and not routing.gaps
    + and True
moe/routers.py
    scores and noise scales swapped
    - score(x_TD, self.score_ED), score(x_TD, self.noise_ED)
    + score(x_TD, self.noise_ED), score(x_TD, self.score_ED)
    load of the clean scores
    - smooth_load(clean_TE, routing.logits_TE, scale_TE
    + smooth_load(clean_TE, clean_TE, scale_TE
    group's load forgotten
    - (load_of_groups[:, None] * torch.stack(shares))
    + (torch.stack(shares))
    share of the load not divided by the group's tokens
    - part.load_E / max(len(chunk), 1)
    + part.load_E
    group's weight forgotten
    - inner]) * visits.weight_R[:, None]
    + inner]) + 0 * visits.weight_R[:, None]
    experts numbered from 0 in each group
    - for routing in inner]) + first
    + for routing in inner]) + 0 * first
    rows of two levels left by group
    - visits.token_R.argsort(stable=True)
    + visits.token_R.argsort().sort().values
    inner noise forgotten
    - router(chunk, generator=generator)
    + router(chunk)
    route ignored
    - self.route(score(x_TD, self.score_ED), self.top_k)
    + top_k(score(x_TD, self.score_ED), self.top_k)
    bias a weight
    - self.register_buffer("bias_E", torch.zeros(num_experts))
    + self.bias_E = torch.zeros(num_experts)
models/recurrent.py
    noise and dropout left on in evaluation
    - if self.training else None
    + if True else None
    shared direction not read
    - x_BSD.flatten(0, 1) + self.shared
    + x_BSD.flatten(0, 1)
    no sigmoid
    - y_TD.sigmoid().view_as
    + y_TD.view_as
    sparse layer without residual
    - x_BSD = x_BSD + self.dropout(y_BSD)
    + x_BSD = self.dropout(y_BSD)
    first LSTM without residual
    - x_BSD = x_BSD + self.dropout(self.before(x_BSD)[0])
    + x_BSD = self.dropout(self.before(x_BSD)[0])
    load's weight for importance
    - w_importance * cv_squared
    + w_load * cv_squared
    penalty forgotten
    - None, self.penalty(gated))
    + None)
    two levels cost like one
    - else self.top_k**2
    + else self.top_k
    all groups scored
    - self.groups + self.top_k * self.num_experts // self.groups
    + self.groups + self.num_experts
study/harness.py
    bias never moved
    - if remedy.rate:
    + if False:
    second choices for first
    - routing.expert_TK[:, 0] for
    + routing.expert_TK[:, -1] for
    weight for visits
    - cv_squared(visits_E).sqrt()
    + cv_squared(weight_E).sqrt()
    blank labels counted
    - [: len(first_T)]) != ""
    + [: len(first_T)]) != "none such"
    narrow weights of the first step kept
    - enabled=remedy.narrow, cache_enabled=False)
    + enabled=remedy.narrow)
    narrow run left wide
    - enabled=remedy.narrow, cache
    + enabled=False, cache
    seed forgotten
    - torch.manual_seed(settings.seed)
    + pass
study/remedies.py
    shared direction forgotten
    - model.sparse.shared = size
    + model.sparse.shared = 0.0
    embedding made smaller too
    - if weight.dim() > 1 and "embed.weight" != name:
    + if weight.dim() > 1:
    narrow router kept wide
    - logits_TE.to(torch.bfloat16).topk(k)
    + logits_TE.topk(k)
    experts choose once for k
    - max(1, T * k // E)
    + max(1, T // E)
moe/balance.py
    load and importance swapped
    - torch.bincount(routing.expert_TK.flatten(), minlength=E + 1)[:E]
    + importance(routing)
    bias moved towards the overload
    - (count_E.mean() - count_E).sign()
    + (count_E - count_E.mean()).sign()
    bias moved by the size of the error
    - (count_E.mean() - count_E).sign()
    + (count_E.mean() - count_E)
    votes ignored
    - votes * _agreement(
    + _agreement(
    pooled taken for a sum
    - if layers == "pooled":
    + if False:
    mean over layers forgotten
    - if layers == "mean" else 1
    + if layers == "" else 1
    first choices not told apart
    - routing.expert_TK[:, :1]
    + routing.expert_TK
    kept and full probabilities swapped
    - / T if kept_only else
    + / T if not kept_only else
    Switch loss without E
    - return E * (share_E * prob_E).sum()
    + return (share_E * prob_E).sum()
    Switch loss of load squared
    - return E * (share_E * prob_E).sum()
    + return E * (share_E * share_E).sum()
    z-loss without square
    - .logsumexp(-1).square().mean()
    + .logsumexp(-1).mean()
    z-loss that overflows
    - .logsumexp(-1).square()
    + .exp().sum(-1).log().square()
    smooth load: rivals swapped
    - best_TK[:, k:], best_TK[:, k - 1 : k]
    + best_TK[:, k - 1 : k], best_TK[:, k:]
    smooth load: noise without softplus
    - / F.softplus(scale_TE)
    + / scale_TE.exp()
    smooth load: noise counted twice
    - ndtr((clean_TE - rival_TE)
    + ndtr((noisy_TE - rival_TE)
    variance over n - 1
    - x_E.var(unbiased=False)
    + x_E.var()
    CV not squared
    - x_E.mean().square()
    + x_E.mean()
    entropy in nats
    -  / torch.tensor(2.0).log().item()
    +
models/config.py
    active counts all experts
    - self._parameters(self.top_k)
    + self._parameters(self.num_experts)
    last norm not counted
    - self.embedding_parameters + self.dim
    + self.embedding_parameters
    cache of all query heads
    - 2 * self.n_layers * self.n_kv_heads
    + 2 * self.n_layers * self.n_heads
    half the attention's operations
    - 4 * self.n_layers * self.n_heads
    + 2 * self.n_layers * self.n_heads
    heads need not divide
    - if self.n_heads % self.n_kv_heads:
    + if False:
    True is a size
    - isinstance(value, bool)
    + False
models/attention.py
    only queries rotated
    - (rotate(each, *turn) for each in heads[:2])
    + (rotate(heads[0], *turn), heads[1])
    rotated backwards
    - torch.cat([-second, first], -1)
    + torch.cat([second, -first], -1)
    angles of half the pairs
    - theta ** (-pair / head_dim)
    + theta ** (-pair / 2 / head_dim)
    scores not scaled
    - A**-0.5
    + A**0
    heads shared in turn
    - query_BHSA.reshape(B, G,
    + query_BHSA.unflatten(1, (-1, G)).transpose(1, 2).reshape(B, G,
    one position of the future seen
    - ahead_SP >= 0
    + ahead_SP >= -1
    window off by one
    - ahead_SP < window
    + ahead_SP <= window
    padding mask forgotten
    - seen_SP[None] & real_BP[:, None]
    + seen_SP[None] & (real_BP[:, None] | True)
    padding off by one
    - >= pad_B[:, None]
    + > pad_B[:, None]
    slots off by one
    - (seen - 1 - slot) % window
    + (seen - slot) % window
    cache one longer than the window
    - last <= window
    + last <= window + 1
models/mixtral.py
    cache restarted
    - cache = cache or Cache(
    + cache = Cache(
    positions restarted
    - torch.arange(seen, total,
    + torch.arange(0, total - seen,
    norm_eps ignored
    - self.norm = nn.RMSNorm(config.dim, eps=config.norm_eps)
    + self.norm = nn.RMSNorm(config.dim)
    residual forgotten
    - x_BSD = x_BSD + added_BSD
    + x_BSD = added_BSD
    norm forgotten
    - self.feed_forward_norm(x_BSD).flatten(0, 1)
    + x_BSD.flatten(0, 1)
    last norm forgotten
    - F.linear(self.norm(x_BSD), table_VD)
    + F.linear(x_BSD, table_VD)
    residual writers start large
    - (2 * self.config.n_layers) ** -0.5
    + (2 * self.config.n_layers) ** 0
    context one too long
    - <= self.config.context_len:
    + <= self.config.context_len + 1:
    only the last routing returned
    - routings += [] if routing is None else [routing]
    + routings = [] if routing is None else [routing]
text/sources.py
    text outside the marks kept
    - text[start.end() : end.start()]
    + text
    credits kept
    - CREDIT.sub("",
    + str(
    letters not composed
    - unicodedata.normalize("NFC",
    + str(
    every book read as UTF-8
    - "iso-8859-1" if path.endswith("-8.txt") else "utf-8-sig"
    + "utf-8-sig"
    stand-in without its reason
    - Reading(documents, f"{error}.
    + Reading(documents, f"
text/downloads.py
    text not checked after cleaning
    - if _digest(found) == work.cleaned:
    + if True:
    only the first address tried
    - in work.copies:
    + in work.copies[:1]:
    any bytes kept
    - pooch.retrieve(site.base + path, sha256,
    + pooch.retrieve(site.base + path, None,
    spoilt file left behind
    - if kept.is_file() and
    + if False and
    waits for a trickle without end
    - if time.monotonic() > self.end:
    + if False:
    waits for silence as long as it lasts
    - timeout=site.silence
    + timeout=None
    pooch talks
    - logger.setLevel("CRITICAL")
    + logger.setLevel(level)
    pooch silenced for good
    - logger.setLevel(level)
    + logger.disabled
    factors counted from 0
    - enumerate(named["levels"][0], start=1)
    + enumerate(named["levels"][0])
    columns not compared
    - if tuple(named["names"][0]) != Vowel._fields:
    + if False:
    ah and aa swapped
    - "iy ih eh ae aa ao uh uw ah er".split
    + "iy ih eh ae ah ao uh uw aa er".split
text/corpus/code.py
    docstrings are strings
    - start < doc_end
    + False
    depth of a comment from the block above
    - if token.type == tokenize.COMMENT:
    + if False:
    bytes taken for characters
    - len(lines[row - 1].encode()[:column].decode())
    + column
    layout left out
    - in source[last:start]:
    + in source[:0]:
    comments left behind by a cut
    - while row - 1 in alone:
    + while False:
    classes never cut
    - if isinstance(node, ast.ClassDef) else []
    + if False else []
    decorators left behind
    - min([part, *getattr(part, "decorator_list", [])],
    + min([part],
    spans not moved with the cut
    - min(span.end, end) - start
    + min(span.end, end)
    budget passed by
    - if len(data) <= limit:
    + if True:
    budget counted in characters
    - len(data[:limit].decode(errors="ignore"))
    + limit
models/local.py
    posterior: the whole error
    - return softmax(logits_BTE - error_BTE / 2)
    + return softmax(logits_BTE - error_BTE)
    likelihood pulls by the prior
    - -share_BTE[..., None] * (target_TV[:, None]
    + -outputs.prob_BTE[..., None] * (target_TV[:, None]
    router turns from the responsible
    - outputs.prob_BTE - share_BTE,
    + share_BTE - outputs.prob_BTE,
    cooperative: softmax without its mean
    - apart_BTEV = outputs.guess_BTEV - blend_BTV[:, :, None]
    + apart_BTEV = outputs.guess_BTEV
    competitive: mean error not subtracted
    - prob_BTE * (error_BTE - loss_BT[..., None])
    + prob_BTE * error_BTE
    logistic slope forgotten
    - slope_BTEV = slope_BTEV * out.guess_BTEV * (1 - out.guess_BTEV)
    + slope_BTEV = slope_BTEV
    summed over tokens, not averaged
    - x_DT = x_TD.T / len(x_TD)
    + x_DT = x_TD.T
    tanh taken for logistic
    - if squash is logistic else 1 - hidden_BTF**2
    + if squash is logistic or True else 0
    every run with the first one's step
    - step_B[running], w)
    + step_B[0 * running], w)
    epochs counted from one
    - taken_B[running[square <= stop]] = epoch
    + taken_B[running[square <= stop]] = epoch + 1
    active: average trust
    - (prob_BTE.max(1) > floor)
    + (prob_BTE.mean(1) > floor)
models/hierarchy.py
    shares squared in the fit
    - root_T = np.sqrt(share_T)
    + root_T = share_T
    lower gates forget their weight
    - share_TE - weight_T[:, None] * prob_TE
    + share_TE - prob_TE
    Newton steps not halved
    - if _gate_objective(x_TD, share_TE, moved_DE) >= before:
    + if True:
    top gate aims at the first expert
    - top = fit_gate(x_TD, nested.sum(2), tree.top)
    + top = fit_gate(x_TD, nested[:, :, 0], tree.top)
    top gate left out
    - (log_group[:, :, None] + log_branch)
    + (0 * log_group[:, :, None] + log_branch)
    no floor under the variance
    - return line_D, max(variance, VARIANCE_FLOOR)
    + return line_D, variance
    slope of the variance without its half
    - (miss_TE**2 / tree.variance_E - 1)).sum(0) / 2
    + (miss_TE**2 / tree.variance_E - 1)).sum(0)
models/hard_choice.py
    probabilities not subtracted
    - (np.eye(E)[expert_T] - softmax(logits_TE))
    + np.eye(E)[expert_T]
    baseline added
    - loss_TE[np.arange(T), expert_T] - (0
    + loss_TE[np.arange(T), expert_T] + (0
    straight-through forgets the target
    - slope_TE = (answer_T - target_T)[:, None] * output_TE
    + slope_TE = answer_T[:, None] * output_TE
    best baseline weighted by p alone
    - weight_TE = prob_TE * square_TE
    + weight_TE = prob_TE
study/digits.py
    answers mixed as logarithms
    - weight_TE[..., None] * log_class_TEV.exp()
    + weight_TE[..., None] * log_class_TEV
    bagging without replacement
    - draw.multinomial(points, even, size=experts).T
    + np.ones((points, experts))
study/specialisation.py
    documents shuffled as tokens
    - member_T = document_T if constant else np.arange(len(code_T))
    + member_T = np.arange(len(code_T))
    labels shuffled across token ids
    - np.argsort(design.groups + generator.random(len(order)))
    + np.argsort(0 * design.groups + generator.random(len(order)))
    divided by three bits, not by the entropy
    - value_L / self.entropy_L
    + value_L / 3.0
study/measures.py
    neighbours across documents
    - pair = (segment[1:] == segment[:-1]) & (segment[1:] >= 0)
    + pair = segment[1:] >= 0
    random experts drawn with replacement
    - 1 - comb(num_experts - k, k) / comb(num_experts, k)
    + 1 - (1 - k / num_experts) ** k
    tokens resampled, not documents
    - found, row = np.unique(np.asarray(document_T)[use], return_inverse=True)
    + found, row = np.flatnonzero(use), np.arange(use.sum())
study/divergence.py
    baseline between the languages
    - apart([(0, 1), (2, 3)])
    + apart([(0, 2), (1, 3)])
    a new document taken for a switch
    - if new[starts[at]]:
    + if False:
study/surgery.py
    masked with a score of zero
    - index_fill(1, at, float("-inf"))
    + index_fill(1, at, 0.0)
    forced experts with even weights
    - weight_TK = logits_TE.gather(-1, expert_TK).softmax(-1)
    + weight_TK = torch.ones_like(expert_TK, dtype=logits_TE.dtype) / k
    routing not put back
    - layers[layer].route = route
    + pass
    loss of the token that is read
    - F.cross_entropy(scores, here[:, 1:], reduction="none")
    + F.cross_entropy(scores, here[:, :-1], reduction="none")
study/museum.py
    noise turned off after all
    - noise_TE * F.softplus(scale_TE), k)
    + noise_TE * F.softplus(scale_TE) * (generator is not None), k)
    mask taken off
    - kept_TK).softmax(-1).mean(0)
    + kept_TK).mul(0).add(routing.logits_TE).softmax(-1).mean(0)
    threshold a score after all
    - noisy_TE.softmax(-1).topk(k + 1)
    + noisy_TE.topk(k + 1)
    weight not divided by itself
    - prob_TK / prob_TK.sum(-1, keepdim=True)
    + prob_TK
    bias moved the right way
    - (count_E - count_E.mean()).sign()
    + (count_E.mean() - count_E).sign()
study/conventions.py
    Switch averaged over layers
    - {"first_choice": True, "layers": "sum"}
    + {"first_choice": True}
    Switch counts all choices
    - {"first_choice": True, "layers": "sum"}
    + {"layers": "sum"}
    GShard without its constant
    - num_experts**-2
    + 1.0
    transformers taken layer by layer
    - {"votes": k, "layers": "pooled"}
    + {"votes": k}
    transformers with votes of 1/K
    - {"votes": k, "layers": "pooled"}
    + {"layers": "pooled"}
    MegaBlocks pooled
    - "batched_load_balancing_loss", {}, 1.0
    + "batched_load_balancing_loss", {"layers": "pooled"}, 1.0
    balanced value without the constant
    - balanced = factor * parameters
    + balanced = parameters
    layers of other sizes accepted
    - if len(sizes) != 1:
    + if not sizes:
study/checks/lesson04_exhibits.py
    a test tried on the exhibit alone
    - found = len(objections(test, exhibit.twin))
    + found = len(objections(test, exhibit.fault))
    a test not tried on the right version
    - refused = objections(test, exhibit.right)
    + refused = objections(test, exhibit.fault)[:0]
    one lucky run is enough
    - demand(found == RUNS, f"your test finds {name} in
    + demand(found > 0, f"your test finds {name} in
    the caller's random numbers moved
    - with torch.random.fork_rng(devices=[]):
    + if True:
    each run draws anew
    - torch.manual_seed(run)
    + torch.seed()
    a twin that is right
    - len(prob_E) * (balance.load(chosen) * prob_E).sum() - 1
    + balance.switch_loss(chosen) - 1
"""

# Where the tests of a module are not in the file that bears its name.
TESTS = {
    "moe/fused.py": "test_layer",  # reached through the layer
    "text/downloads.py": "test_sources",
    "text/corpus/code.py": "test_corpus_code",
    "study/measures.py": "test_specialisation",
    "study/divergence.py": "test_specialisation",
    "study/remedies.py": "test_harness",
    "study/checks/lesson04_exhibits.py": "test_museum",
}


class Mutant(NamedTuple):
    """One mistake: ``old``, which stands once in the file, becomes ``new``."""

    file: str  # within moe_lesson/
    name: str
    old: str
    new: str

    @property
    def test(self):
        """The file of tests that must catch it."""
        return f"tests/{TESTS.get(self.file, f'test_{Path(self.file).stem}')}.py"


def parse(table):
    """Read MISTAKES into a list of mutants."""
    mutants, file = [], None
    lines = iter(table.strip().splitlines())
    for line in lines:
        if line.startswith(" "):
            old, new = (next(lines).strip()[1:].strip() for _ in range(2))
            mutants.append(Mutant(file, line.strip(), old, new))
        else:
            file = line
    return mutants


MUTANTS = parse(MISTAKES)


def copy_project(folder):
    """Copy what the tests need, so that the working tree is never touched."""
    skip = shutil.ignore_patterns("__pycache__", "*.pyc", "checkpoints", "figures")
    for name in ("moe_lesson", "tests", "data"):
        shutil.copytree(ROOT / name, folder / name, ignore=skip)
    for name in ("conftest.py", "pyproject.toml"):
        shutil.copy(ROOT / name, folder / name)


def run_tests(folder, test, only=""):
    """Run one file of tests in the copy; return pytest's exit code and the first failure."""
    # Bytecode is matched by time and size, which a quick one-letter change can keep.
    environment = os.environ | {"PYTHONDONTWRITEBYTECODE": "1", "OMP_NUM_THREADS": "1"}
    options = ["-x", "-q", "-o", "addopts=", "-p", "no:cacheprovider", "-p", "no:nbval"]
    options += ["--hypothesis-seed=0", *(["-k", only] if only else [])]
    command = [sys.executable, "-m", "pytest", test, *options]
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)
    for line in done.stdout.splitlines():
        if line.startswith("FAILED "):
            return done.returncode, line.split("::")[1].split(" - ")[0]
    return done.returncode, done.stdout[-500:]


def plant(folder, mutant):
    """Make the mistake in the copy; return the text that stood there."""
    path = folder / "moe_lesson" / mutant.file
    text = path.read_text(encoding="utf-8")
    if text.count(mutant.old) != 1:
        raise ValueError(f"{mutant.name}: {mutant.old!r} stands {text.count(mutant.old)} times")
    path.write_text(text.replace(mutant.old, mutant.new), encoding="utf-8")
    return text


def try_mutant(folder, mutant, only=""):
    """Plant one mistake, run its tests, take it back; return whether and by what it was caught."""
    text = plant(folder, mutant)
    try:
        code, said = run_tests(folder, mutant.test, only)
    finally:
        (folder / "moe_lesson" / mutant.file).write_text(text, encoding="utf-8")
    return code == TESTS_FAILED, said


def main(words):
    """Print a line for each mistake; return how many were not caught."""
    chosen = [m for m in MUTANTS if not words or any(w in m.name or w in m.file for w in words)]
    survivors = 0
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        copy_project(folder)
        for test in sorted({mutant.test for mutant in chosen}):
            code, said = run_tests(folder, test)
            if code:
                raise SystemExit(f"{test} fails without any mistake planted:\n{said}")
        for mutant in chosen:
            began = time.perf_counter()
            caught, said = try_mutant(folder, mutant)
            survivors += not caught
            said = f"caught by {said}" if caught else f"NOT CAUGHT {said}"
            seconds = time.perf_counter() - began
            print(f"{seconds:5.1f} s  {mutant.file:20} {mutant.name:38} {said}", flush=True)
    print(f"{len(chosen) - survivors} of {len(chosen)} mistakes were caught")
    return survivors


if __name__ == "__main__":
    sys.exit(min(main(sys.argv[1:]), 1))
