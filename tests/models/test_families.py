"""Published models: the totals that follow from each description, and those that are stated."""

import json
from dataclasses import replace

import pytest
import torch
from torch import nn

from moe_lesson import DATA
from moe_lesson.models.config import MISTRAL_7B, MIXTRAL_8X7B
from moe_lesson.models.families import head_parameters, latent_parameters, read_families

FAMILIES = read_families()
COUNTED = {name: family for name, family in FAMILIES.items() if not family.missing}
each = pytest.mark.parametrize("family", COUNTED.values(), ids=COUNTED)


def fits(number, written):
    """Whether a number of parameters rounds to what is written in units of 10^9."""
    digits = len(written.partition(".")[2])
    return f"{number / 1e9:.{digits}f}" == written


def counts(family):
    """What our formula gives, as the official numbers count."""
    counted = {"total": family.total_parameters}
    if "active" in family.official:
        left_out = 2 - family.official["tables"]
        counted["active"] = family.active_parameters - left_out * family.table_parameters
    return counted


@each
def test_official_numbers_are_reproduced(family):
    for name, number in counts(family).items():
        written = family.official[name]
        expected = name not in family.exceptions
        assert fits(number, written) == expected, f"{name}: {number / 1e9:.2f}, stated {written}"


@each
def test_the_fact_sheets_own_counts_are_reproduced(family):
    """Counted there from the same descriptions, to four or five digits, each its last within 1."""
    counted = {
        "total": family.total_parameters,
        "active": family.active_parameters,
        "active without input table": family.active_parameters - family.table_parameters,
    }
    for name, written in family.recomputed.items():
        unit = 10 ** -len(written.partition(".")[2])
        assert counted[name] / 1e9 == pytest.approx(float(written), abs=0.51 * unit), name


@pytest.mark.parametrize(
    "name, share",
    [
        ("Mixtral 8x7B", 96.6),
        ("DeepSeek-V3", 97.4),
        ("Kimi K2", 98.9),
        ("gpt-oss-120b", 98.2),
        ("Qwen3-30B-A3B", 95.0),
        ("OLMoE-1B-7B", 93.1),
    ],
)
def test_routed_share(name, share):
    family = FAMILIES[name]
    found = 100 * family.routed_parameters / family.total_parameters
    assert found == pytest.approx(share, abs=0.05)


def test_mixtral_is_what_lesson_08_derives():
    mixtral = FAMILIES["Mixtral 8x7B"]
    assert mixtral.total_parameters == MIXTRAL_8X7B.total_parameters
    assert mixtral.active_parameters == MIXTRAL_8X7B.active_parameters
    bytes_a_number = torch.bfloat16.itemsize
    cached = MIXTRAL_8X7B.cache_bytes_per_token(torch.bfloat16)
    assert mixtral.cache_width * bytes_a_number == cached
    latent = FAMILIES["DeepSeek-V3"]  # one narrow vector a layer, and a key of positions for all
    assert latent.cache_width == 61 * (512 + 64)
    dense = replace(mixtral, num_experts=1, top_k=1)  # one network and a router of one
    assert dense.total_parameters - 32 * 4096 == MISTRAL_7B.total_parameters


def modules_of(family):
    """One layer's parts as real modules without memory, by name."""
    dim, parts = family.dim, family.attention
    with torch.device("meta"):
        if "kv_rank" not in parts:
            wide, narrow = (parts[name] * parts["head_dim"] for name in ("heads", "kv_heads"))
            biases = parts.get("biases", "")
            sizes = {"q": (dim, wide), "k": (dim, narrow), "v": (dim, narrow), "o": (wide, dim)}
            attention = [nn.Linear(*size, bias=name in biases) for name, size in sizes.items()]
            widths = {"": [], "head": [parts["head_dim"]] * 2, "all": [wide, narrow]}
            attention += [nn.RMSNorm(width) for width in widths[parts.get("norms", "")]]
            attention += [nn.RMSNorm(parts["heads"])] * parts.get("sinks", False)
            return nn.ModuleList(attention)
        heads, rank = parts["heads"], parts["kv_rank"]
        wide = heads * (parts["plain"] + parts["rotated"])
        attention = [nn.Linear(dim, wide, bias=False)]
        if query_rank := parts["query_rank"]:
            attention = [nn.Linear(dim, query_rank, bias=False), nn.RMSNorm(query_rank)]
            attention += [nn.Linear(query_rank, wide, bias=False)]
        attention += [nn.Linear(dim, rank + parts["rotated"], bias=False), nn.RMSNorm(rank)]
        attention += [nn.Linear(rank, heads * (parts["plain"] + parts["value"]), bias=False)]
        return nn.ModuleList([*attention, nn.Linear(heads * parts["value"], dim, bias=False)])


@each
def test_attention_is_that_of_real_modules(family):
    count = latent_parameters if "kv_rank" in family.attention else head_parameters
    real = sum(weight.numel() for weight in modules_of(family).parameters())
    assert count(family.dim, family.attention) == real


@each
def test_the_parts_add_up(family):
    """Total and active differ by the idle experts; one more expert costs itself and its scores."""
    idle = family.routed_parameters * (1 - family.top_k / family.num_experts)
    assert family.total_parameters - family.active_parameters == round(idle)
    more = replace(family, num_experts=family.num_experts + 1)
    scores = family.dim + family.router_biases
    price = family.sparse_layers * (family.expert_parameters + scores)
    assert more.total_parameters - family.total_parameters == price
    bare = replace(family, shared_dim=0, shared_gate=False)
    assert family.total_parameters - bare.total_parameters == family.shared_parameters


def test_a_small_family_by_hand():
    """Two layers, one dense; every option on."""
    mixtral = FAMILIES["Mixtral 8x7B"]
    attention = {"heads": 2, "kv_heads": 1, "head_dim": 3, "biases": "qkvo", "norms": "head"}
    small = replace(mixtral, layers=2, dense_layers=1, dim=4, hidden_dim=5, dense_dim=7)
    small = replace(small, num_experts=3, top_k=2, vocab_size=11, attention=attention, norms=4)
    small = replace(small, shared_dim=6, shared_gate=True, router_biases=1, expert_biases=True)
    attending = 2 * 4 * 3 * 3 + (6 + 3 + 3 + 4) + 6
    assert head_parameters(4, attention) == attending
    network = {width: 3 * 4 * width + 2 * width + 4 for width in (5, 6, 7)}
    sparse = 3 * network[5] + network[6] + 4 + 3 * 4 + 3
    total = 2 * (attending + 16) + network[7] + sparse + 2 * 44 + 4
    assert small.total_parameters == total
    assert small.active_parameters == total - network[5]
    assert replace(small, tied=True).total_parameters == total - 44
    assert small.shared_parameters == network[6] + 4
    assert small.granularity == 2 * 4 / 5 and small.cache_width == 2 * 2 * 3


def test_kimis_official_total_has_61_sparse_layers():
    """With the first layer sparse too the formula gives 1043: 1.04 trillion, as written."""
    kimi = FAMILIES["Kimi K2"]
    assert round(replace(kimi, dense_layers=0).total_parameters / 1e10) == 104


def test_glms_counts_leave_tables_out_and_add_a_head():
    """The fact sheet counts 4.0 for the further head of GLM-4.5: with it 355, without tables."""
    big, air = FAMILIES["GLM-4.5"], FAMILIES["GLM-4.5-Air"]
    without = [f.total_parameters - 2 * f.table_parameters for f in (big, air)]
    assert without[0] / 1e9 == pytest.approx(351.2, abs=0.05)
    assert fits(without[0] + 4.0e9, "355") and fits(without[1], "106")


def test_what_cannot_be_counted_says_why():
    missing = [family for family in FAMILIES.values() if family.missing]
    assert missing
    for family in missing:
        for count in ("total_parameters", "active_parameters", "granularity", "cache_width"):
            with pytest.raises(ValueError, match=f"{family.name.split('(')[0]}.*cannot be counted"):
                getattr(family, count)
    assert FAMILIES["MiniMax-01"].official["active"] == "45.9"


def test_each_fact_has_a_source_and_a_mark():
    rows = json.loads((DATA / "models.json").read_text(encoding="utf-8"))
    for row in rows["models"]:
        assert row["mark"] in ("read", "second-hand", "class default") and row["source"]
        assert set(row.get("exceptions", {})) <= set(row["official"])
    assert len({row["name"] for row in rows["models"]}) == len(rows["models"])
    years = [idea["year"] for idea in rows["ideas"]]
    assert years == sorted(years) and all(idea["source"] for idea in rows["ideas"])
    assert [family.year for family in FAMILIES.values()] == sorted(
        family.year for family in FAMILIES.values()
    )
