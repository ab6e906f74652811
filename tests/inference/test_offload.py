"""Experts on the disk: the same numbers from fewer places in memory."""

import json
import os
import subprocess
import sys
from dataclasses import replace

import pytest
import torch
from safetensors.torch import load_file, save_file

from moe_lesson.checkpoints.folder import load, save
from moe_lesson.checkpoints.hf_config import config_to_hf
from moe_lesson.checkpoints.hf_weights import places
from moe_lesson.inference.generate import stream
from moe_lesson.inference.offload import LRU, Stats, mapped, offloaded, stats
from moe_lesson.models.config import TINY
from moe_lesson.models.mixtral import Mixtral
from moe_lesson.moe.layer import visit

CONFIG = replace(TINY, num_experts=6, n_layers=3)
EXPERT_BYTES = 4 * CONFIG.expert_parameters
IDS = torch.randint(0, TINY.vocab_size, (40,), generator=torch.Generator().manual_seed(5)).tolist()


@pytest.fixture
def model():
    """A model whose scores differ enough to tell tokens and experts apart."""
    torch.manual_seed(0)
    model = Mixtral(CONFIG).eval()
    with torch.no_grad():
        for weight in model.parameters():
            weight.mul_(8 if weight.dim() > 1 else 1)
            if weight.dim() == 1:
                weight.add_(torch.rand_like(weight))
    return model


@pytest.fixture
def saved(model, tmp_path):
    save(tmp_path, model)
    return tmp_path


@torch.inference_mode()
def step_by_step(model, ids):
    """Read ids one at a time; return the logits, and the experts by step and layer."""
    cache, logits, visited = None, [], []
    for one in ids:
        output = model(torch.tensor([[one]]), cache=cache)
        cache = output.cache
        logits.append(output.logits_BSV)
        visited.append([set(routing.expert_TK.flatten().tolist()) for routing in output.routings])
    return torch.cat(logits, 1), visited


def test_least_recent_use_by_hand():
    cache = LRU(3)
    trace = [0, 1, 2, 0, 3, 1, 0, 2]
    #        miss each, 0 hits, 3 drops 1, 1 drops 2, 0 hits, 2 drops 3
    assert [cache.touch(expert) for expert in trace] == [False] * 3 + [True] + [False] * 2 + [
        True,
        False,
    ]
    assert list(cache.held) == [1, 0, 2] and sorted(cache.held.values()) == [0, 1, 2]
    assert cache.held_first([3, 2, 4, 1]) == [2, 1, 3, 4]


def test_a_newcomer_takes_the_slot_of_whom_it_replaces():
    cache = LRU(2)
    for expert in (5, 6, 5, 7):
        cache.touch(expert)
    assert cache.held == {5: 0, 7: 1}


@pytest.mark.parametrize("slots", [0, -1, 1.5, True, "4"])
def test_slots_are_a_whole_number(slots, saved):
    with pytest.raises(ValueError, match="slots is .* must be a whole number, 1 or more"):
        LRU(slots)
    with pytest.raises(ValueError, match="slots is"):
        offloaded(saved, slots=slots)


@pytest.mark.parametrize("guess", [False, True])
@pytest.mark.parametrize("slots", [1, 2, 4, 6])
def test_it_computes_what_the_whole_model_does(slots, guess, model, saved):
    ours = offloaded(saved, slots, guess)
    id_BS = torch.tensor([IDS, IDS[::-1]])
    for ids in (id_BS, id_BS[:1, :1], id_BS[:, 3:9], id_BS):
        with torch.no_grad():
            expected = model(ids).logits_BSV
        torch.testing.assert_close(ours(ids).logits_BSV, expected, rtol=1e-5, atol=1e-5)
        assert not ours(ids).logits_BSV.requires_grad
    for block in ours.blocks:
        experts = block.feed_forward.experts
        assert len(experts.slot) == slots and len(experts.lru.held) <= slots and not experts.early


def test_a_layer_is_equal_bit_for_bit(model, saved):
    ours = offloaded(saved, slots=2)
    x_TD = torch.randn(9, CONFIG.dim)
    for own, block in zip(model.blocks, ours.blocks, strict=True):
        y_TD, routing = block.feed_forward(x_TD)
        with torch.no_grad():
            expected_TD = visit(x_TD, routing, own.feed_forward.experts)
        assert torch.equal(y_TD, expected_TD)


def test_it_is_exact_in_float64(model, saved):
    ours = offloaded(saved, slots=2, dtype=torch.float64)
    whole = load(saved, dtype=torch.float64)[0]
    id_BS = torch.tensor([IDS])
    torch.testing.assert_close(
        ours(id_BS).logits_BSV, whole(id_BS).logits_BSV, rtol=1e-10, atol=1e-10
    )


def test_weights_on_the_disk_in_half_the_bytes(model, tmp_path):
    save(tmp_path, model, dtype=torch.bfloat16)
    whole = load(tmp_path, dtype=torch.float32)[0]
    ours = offloaded(tmp_path, slots=2, dtype=torch.float32)
    found, _ = step_by_step(ours, IDS[:4])
    torch.testing.assert_close(found, step_by_step(whole, IDS[:4])[0], rtol=1e-5, atol=1e-5)
    assert all(one.bytes == one.misses * EXPERT_BYTES // 2 for one in stats(ours))
    assert offloaded(tmp_path, slots=2).embed.weight.dtype == torch.bfloat16


def test_it_generates_the_same_tokens(model, saved):
    ours, prompts = offloaded(saved, slots=2), [[5, 6, 7], [8]]
    for one, other in zip(stream(ours, prompts, 10), stream(model, prompts, 10), strict=True):
        assert torch.equal(one.id_B, other.id_B)


def replay(visited, slots):
    """Count hits and misses of one layer, by the clock instead of an order."""
    last, now, hits, misses = {}, 0, 0, 0
    for experts in visited:
        for e in sorted(experts & set(last)) + sorted(experts - set(last)):
            now += 1
            if e in last:
                hits += 1
            else:
                misses += 1
                if len(last) == slots:
                    del last[min(last, key=last.get)]
            last[e] = now
    return hits, misses


@pytest.mark.parametrize("slots", [1, 2, 3, 6])
def test_hits_and_misses_are_those_of_the_trace(slots, saved):
    ours = offloaded(saved, slots)
    _, visited = step_by_step(ours, IDS)
    for layer, one in enumerate(stats(ours)):
        trace = [step[layer] for step in visited]
        hits, misses = replay(trace, slots)
        assert one == Stats(hits, misses, 0, 0, misses * EXPERT_BYTES)
        assert hits + misses == len(IDS) * CONFIG.top_k
        if slots == CONFIG.top_k:  # who was visited a token before is held, and nobody else
            repeats = sum(len(a & b) for a, b in zip(trace, trace[1:]))
            assert hits == repeats > 0
        if slots == CONFIG.num_experts:
            assert misses == len(set.union(*trace))


def test_a_prompt_visits_each_expert_once(saved):
    ours = offloaded(saved, slots=2)
    id_BS = torch.tensor([IDS])
    routings = ours(id_BS).routings
    for one, routing in zip(stats(ours), routings, strict=True):
        assert (one.hits, one.misses) == (0, len(routing.expert_TK.unique()))
    ours(id_BS)
    assert all(one.hits == 2 for one in stats(ours))  # the two that were left, first of all


def test_a_guess_changes_neither_numbers_nor_hits(saved):
    plain, guessing = (offloaded(saved, 2, guess) for guess in (False, True))
    assert torch.equal(step_by_step(plain, IDS)[0], step_by_step(guessing, IDS)[0])
    for one, other in zip(stats(plain), stats(guessing), strict=True):
        assert other[:2] == one[:2] and one.guesses == one.used == 0
        wasted = other.guesses - other.used
        assert wasted >= 0 and other.bytes == one.bytes + wasted * EXPERT_BYTES
    first, *rest = stats(guessing)
    assert first.guesses == 0 and all(0 < one.used < one.guesses for one in rest)


def test_a_guess_is_the_next_router_on_what_this_one_reads(model, saved):
    """The whole model's hidden states through the next layer's own norm and router."""
    ours = offloaded(saved, 2, guess=True)
    hidden = {layer: [] for layer in range(CONFIG.n_layers)}
    hooks = [
        block.feed_forward_norm.register_forward_hook(
            lambda _, given, __, seen=hidden[layer]: seen.append(given[0])
        )
        for layer, block in enumerate(model.blocks)
    ]
    _, visited = step_by_step(model, IDS)
    for hook in hooks:
        hook.remove()
    step_by_step(ours, IDS)
    for layer in range(1, CONFIG.n_layers):
        block, guesses, used, held = model.blocks[layer], 0, 0, set()
        for now, x_BSD in enumerate(hidden[layer - 1]):
            routing = block.feed_forward.router(block.feed_forward_norm(x_BSD)[0]).routing
            guessed = set(routing.expert_TK.flatten().tolist()) - held
            guesses += len(guessed)
            used += len(guessed & visited[now][layer])
            held = visited[now][layer]  # two slots, two experts a token
        assert stats(ours)[layer][2:4] == (guesses, used)


def test_a_sure_guess_foresees_every_miss(model, tmp_path):
    """Where attention and experts add nothing, a layer reads what the one before it read."""
    with torch.no_grad():
        for block in model.blocks:
            block.attention.output.weight.zero_()
            block.feed_forward.experts.down_EDF.zero_()
    save(tmp_path, model)
    ours = offloaded(tmp_path, 3, guess=True)
    step_by_step(ours, IDS)
    for one in stats(ours)[1:]:
        assert one.guesses == one.used == one.misses > 0


def test_a_prompt_guesses_no_more_than_a_token(saved):
    ours = offloaded(saved, 2, guess=True)
    ours(torch.tensor([IDS]))
    assert [one.guesses for one in stats(ours)] == [0] + [CONFIG.top_k] * (CONFIG.n_layers - 1)


def test_a_wrong_guess_is_dropped_with_its_step(saved):
    ours = offloaded(saved, 2, guess=True)
    for one in IDS[:10]:
        ours(torch.tensor([[one]]))
        assert not any(block.feed_forward.experts.early for block in ours.blocks)
    assert all(one.guesses > one.used for one in stats(ours)[1:])


def test_it_holds_no_expert_before_one_is_visited(saved):
    ours = offloaded(saved, slots=2)
    held = sum(weight.numel() for weight in ours.parameters())
    experts = CONFIG.n_layers * CONFIG.num_experts * CONFIG.expert_parameters
    assert held == CONFIG.total_parameters - experts
    assert all(block.feed_forward.experts.slot == [None] * 2 for block in ours.blocks)
    assert ours.config == CONFIG


def test_the_random_numbers_of_others_stay(saved):
    torch.manual_seed(3)
    expected = torch.rand(1)
    torch.manual_seed(3)
    offloaded(saved)
    assert torch.equal(torch.rand(1), expected)


def test_a_model_in_several_files_is_read_too(model, saved):
    tensors = load_file(saved / "model.safetensors")
    names = sorted(tensors)
    for part, own in enumerate((names[:20], names[20:])):
        some = {name: tensors[name] for name in own}
        save_file(some, saved / f"model-0000{part + 1}-of-00002.safetensors")
    (saved / "model.safetensors").unlink()
    found, _ = step_by_step(offloaded(saved), IDS[:3])
    torch.testing.assert_close(found, step_by_step(model, IDS[:3])[0], rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.float16, torch.float64])
def test_a_mapped_file_holds_what_was_saved(dtype, tmp_path):
    own = {"b": torch.randn(3, 5).to(dtype), "a": torch.randn(2, 3, 1), "c": torch.zeros(0, 4)}
    save_file(own, tmp_path / "x.safetensors", {"note": "odd"})
    found = mapped(tmp_path / "x.safetensors")
    assert found.keys() == own.keys()
    for name, tensor in own.items():
        assert found[name].dtype == tensor.dtype and torch.equal(found[name], tensor)


def test_files_that_hold_no_weights_are_refused(tmp_path):
    path = tmp_path / "x.safetensors"
    save_file({"a": torch.ones(3, dtype=torch.int8)}, path)
    with pytest.raises(ValueError, match="a is I8, allowed are F64, F32, F16, BF16"):
        mapped(path)
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(ValueError, match="not a whole safetensors file"):
        mapped(path)


def test_models_that_do_not_fit_are_refused(saved, tmp_path):
    with pytest.raises(ValueError, match="slots is 7: a layer has 6 experts"):
        offloaded(saved, slots=7)
    (saved / "config.json").write_text(json.dumps(config_to_hf(replace(CONFIG, hidden_dim=40))))
    with pytest.raises(ValueError, match="54 of the wrong shape"):
        offloaded(saved)
    dense = replace(TINY, num_experts=1, top_k=1)
    save(tmp_path / "dense", Mixtral(dense))
    with pytest.raises(ValueError, match="a dense model has no experts"):
        offloaded(tmp_path / "dense")
    (saved / "model.safetensors").unlink()
    with pytest.raises(ValueError, match="missing"):
        offloaded(saved)


# 32 experts of 11 MB in two layers; a slot or two a layer is all that the process may hold.
LARGE = replace(TINY, dim=512, hidden_dim=1792, num_experts=16, vocab_size=64)
MORE = 130_000_000  # bytes that the process may take beyond Python, torch and the package
LIMITED = """
import json, resource, sys
import torch
from moe_lesson.checkpoints.folder import load
from moe_lesson.inference.offload import offloaded, stats

folder, more, whole = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
lines = dict(line.split(":") for line in open("/proc/self/status"))
limit = int(lines["VmData"].split()[0]) * 1024 + more
resource.setrlimit(resource.RLIMIT_DATA, (limit, limit))

def fails(call, *given):
    try:
        call(*given)
    except (MemoryError, OSError, RuntimeError) as error:
        return str(error)

told = {"memory": fails(torch.empty, whole // 4), "whole": fails(load, folder)}
model = offloaded(folder, slots=2, guess=True)
told["logits"] = model(torch.tensor([[3, 5, 7, 11, 13]])).logits_BSV.tolist()
told["misses"] = [one.misses for one in stats(model)]
print(json.dumps(told))
"""


def write_large(folder):
    """Write weights that differ by expert, from one table of random numbers."""
    table = torch.randn(2**20 + 97, generator=torch.Generator().manual_seed(0)) * 0.05
    with torch.device("cpu"):
        state = Mixtral(replace(LARGE, hidden_dim=1)).state_dict()
    wide, high = (LARGE.hidden_dim, LARGE.dim), (LARGE.dim, LARGE.hidden_dim)
    tensors = {}
    for number, (name, (ours, _)) in enumerate(places(LARGE).items()):
        if ".experts." in name:
            weight = table.roll(7919 * number)[: 2**20].view(-1, 512)[: wide[0]]
            tensors[name] = weight.reshape(high if ".w2." in name else wide).clone()
        else:
            tensors[name] = state[ours]
    save_file(tensors, folder / "model.safetensors")
    (folder / "config.json").write_text(json.dumps(config_to_hf(LARGE)))


@pytest.mark.skipif(sys.platform != "linux", reason="limits on memory are Linux's")
def test_it_runs_in_less_memory_than_the_model_takes(tmp_path):
    write_large(tmp_path)
    whole = (tmp_path / "model.safetensors").stat().st_size
    assert whole > 350_000_000 > 2.5 * MORE
    done = subprocess.run(
        [sys.executable, "-c", LIMITED, str(tmp_path), str(MORE), str(whole)],
        env=os.environ | {"OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    told = json.loads(done.stdout)
    if told["memory"] is None:
        pytest.skip("this system does not hold a process to RLIMIT_DATA")
    assert "allocate memory" in told["memory"] and "memory" in told["whole"]
    assert min(told["misses"]) > 2
    with torch.no_grad():
        expected = load(tmp_path)[0](torch.tensor([[3, 5, 7, 11, 13]])).logits_BSV
    torch.testing.assert_close(torch.tensor(told["logits"]), expected, rtol=1e-5, atol=1e-6)
