"""Grouped-query attention with rotary positions and a key-value cache."""

from dataclasses import replace

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from moe_lesson.models.attention import (
    Attention,
    attend,
    attention_mask,
    rotate,
    rotation,
    slot_positions,
    update_cache,
)
from moe_lesson.models.config import TINY
from tests import oracles

WIDE = torch.float64


def draw(*shape, seed=0):
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=WIDE)


def turned(x, position, theta=1e4):
    """One vector as the head of a one-position sequence, rotated by the package."""
    angles = rotation(torch.tensor([[position]]), len(x), theta, WIDE)
    return rotate(x.view(1, 1, 1, -1), *angles).flatten()


def test_rotation_by_hand():
    """A = 4, theta = 1e6: position 3 turns pair 0 by 3 and pair 1 by 3 * 1e6^(-1/2) = 0.003."""
    cos_BSA, sin_BSA = rotation(torch.tensor([[3]]), 4, 1e6, WIDE)
    angle = torch.tensor([3, 0.003, 3, 0.003], dtype=WIDE)
    torch.testing.assert_close(cos_BSA[0, 0], angle.cos(), rtol=0, atol=1e-15)
    torch.testing.assert_close(sin_BSA[0, 0], angle.sin(), rtol=0, atol=1e-15)


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 40_000), st.sampled_from([2, 4, 10]), st.sampled_from([1e2, 1e4, 1e6]))
def test_rotate_equals_the_oracle(position, head_dim, theta):
    """The oracle turns complex numbers; 1e-9 because angles reach 40,000 radians."""
    x = draw(head_dim, seed=position)
    expected = torch.tensor(oracles.turn(x.tolist(), position, theta), dtype=WIDE)
    torch.testing.assert_close(turned(x, position, theta), expected, rtol=0, atol=1e-9)


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 500), st.integers(0, 500), st.integers(0, 2000))
def test_a_rotated_product_knows_the_distance_alone(m, n, shift):
    """Su et al. 2021: moving query and key together changes nothing; lengths stay."""
    query, key = draw(8, seed=1), draw(8, seed=2)
    here = turned(query, m) @ turned(key, n)
    there = turned(query, m + shift) @ turned(key, n + shift)
    torch.testing.assert_close(here, there, rtol=0, atol=1e-10)
    torch.testing.assert_close(turned(query, m).norm(), query.norm(), rtol=0, atol=1e-12)


def test_rotation_equals_hugging_faces():
    """In float32 an angle of 1,000 radians is known to 6e-5, and theirs rounds otherwise."""
    modeling = oracles.hugging_face()
    rope = {"rope_type": "default", "rope_theta": 1e6}
    config = modeling.MixtralConfig(head_dim=8, rope_parameters=rope)
    position_BS = torch.tensor([[0, 1, 2, 1000, 32_767]])
    query_BHSA, key_BGSA = draw(1, 4, 5, 8).float(), draw(1, 2, 5, 8, seed=1).float()
    theirs = modeling.MixtralRotaryEmbedding(config)(query_BHSA, position_BS)
    for ours, their in zip(rotation(position_BS, 8, 1e6, torch.float32), theirs, strict=True):
        torch.testing.assert_close(ours[:, :3], their[:, :3], rtol=0, atol=1e-6)
        torch.testing.assert_close(ours, their, rtol=0, atol=2e-4)
    expected = modeling.apply_rotary_pos_emb(query_BHSA, key_BGSA, *theirs)
    torch.testing.assert_close(rotate(query_BHSA, *theirs), expected[0], rtol=0, atol=1e-6)
    torch.testing.assert_close(rotate(key_BGSA, *theirs), expected[1], rtol=0, atol=1e-6)


@pytest.mark.parametrize("groups", [1, 2, 4])
def test_attend_equals_the_oracle(groups):
    """Query head h reads key-value head h * G // H; unseen positions do not exist."""
    query_BHSA, mask_BSP = draw(2, 4, 3, 6), draw(2, 3, 5, seed=3) > 0
    mask_BSP[:, :, 0] = True
    key_BGPA, value_BGPA = draw(2, groups, 5, 6, seed=1), draw(2, groups, 5, 6, seed=2)
    y_BHSA = attend(query_BHSA, key_BGPA, value_BGPA, mask_BSP)
    for b, h, s in torch.cartesian_prod(*map(torch.arange, (2, 4, 3))).tolist():
        near, g = mask_BSP[b, s], h * groups // 4
        keys, values = key_BGPA[b, g, near].tolist(), value_BGPA[b, g, near].tolist()
        expected = oracles.attend(query_BHSA[b, h, s].tolist(), keys, values)
        assert y_BHSA[b, h, s].tolist() == pytest.approx(expected, abs=1e-10)


def test_attend_survives_huge_scores():
    query_BHSA, mask_BSP = draw(1, 2, 3, 4) * 1e4, torch.ones(1, 3, 3, dtype=torch.bool)
    assert attend(query_BHSA, query_BHSA, query_BHSA, mask_BSP).isfinite().all()


@settings(max_examples=60, deadline=None)
@given(
    st.integers(0, 6),
    st.integers(1, 6),
    st.none() | st.integers(1, 7),
    st.none() | st.lists(st.integers(0, 6), min_size=1, max_size=3),
)
def test_visible_equals_the_oracle(past, new, window, pads):
    """Not later, not padding, not past the window; a padding position sees itself."""
    query, key = torch.arange(past, past + new), torch.arange(past + new)
    mask_BSP = attention_mask(query, key, None if pads is None else torch.tensor(pads), window)
    for b, pad in enumerate(pads or [0]):
        for q in query.tolist():
            expected = [
                q == k or (pad <= k <= q and (window is None or q - k < window))
                for k in key.tolist()
            ]
            assert mask_BSP[b, q - past].tolist() == expected


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 5), st.lists(st.integers(1, 8), min_size=1, max_size=6))
def test_a_rolling_cache_equals_the_oracle(window, chunks):
    """Whatever comes at once, position p ends up in slot p mod W."""
    slots, held, seen = [], None, 0
    for size in chunks:
        new = torch.arange(seen, seen + size, dtype=WIDE).view(1, 1, -1, 1)
        held = update_cache(held, new, seen, window)
        for position in range(seen, seen + size):
            if position < window:
                slots.append(position)
            else:
                slots[position % window] = position
        seen += size
        assert held.flatten().tolist() == slots
        assert slot_positions(seen, window).tolist() == slots


def test_a_full_cache_keeps_everything_in_order():
    held = update_cache(draw(1, 2, 3, 4), draw(1, 2, 2, 4, seed=1), seen=3, window=None)
    assert torch.equal(held[:, :, :3], draw(1, 2, 3, 4))
    assert torch.equal(held[:, :, 3:], draw(1, 2, 2, 4, seed=1))
    assert slot_positions(5, None).tolist() == [0, 1, 2, 3, 4]


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"n_kv_heads": 1},
        {"n_kv_heads": 4},
        {"window": 3},
        {"head_dim": 6, "rope_theta": 50.0},
    ],
    ids=str,
)
def test_attention_equals_the_oracle(changes):
    """Seven positions, one after the other in plain Python, at 1e-10."""
    config = replace(TINY, dim=12, **changes)
    layer, x_BSD = Attention(config).double(), draw(1, 7, 12)
    place = torch.arange(7)
    cos_sin = rotation(place[None], config.head_dim, config.rope_theta, WIDE)
    y_BSD, _ = layer(x_BSD, cos_sin, attention_mask(place, place, None, config.window))
    expected = torch.tensor(oracles.attention(x_BSD[0].tolist(), layer, config), dtype=WIDE)
    torch.testing.assert_close(y_BSD[0], expected, rtol=0, atol=1e-10)
