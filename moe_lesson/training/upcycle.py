"""From a trained dense model to a sparse one that starts where it stopped."""

import torch


def upcycle(dense_state, num_experts):
    """Copy each feed-forward network of a dense model ``num_experts`` times.

    Komatsuzaki et al. 2022 (arXiv:2212.05055). The routers are new, so they are not in the
    result: load it with ``strict=False``. Copies say the same and weights sum to 1, so the
    sparse model begins with exactly the dense one's predictions.

    Returns:
        A state dict of a sparse Mixtral, without its routers.

    >>> state = upcycle({"blocks.0.feed_forward.down_DF": torch.ones(2, 3)}, num_experts=4)
    >>> {name: tuple(weight.shape) for name, weight in state.items()}
    {'blocks.0.feed_forward.experts.down_EDF': (4, 2, 3)}

    Lesson 9.
    """
    state = {}
    for name, weight in dense_state.items():
        if "feed_forward.gate_up" in name or "feed_forward.down" in name:
            name = name.replace("feed_forward.", "feed_forward.experts.")
            name = name.replace("_JFD", "_EJFD").replace("_DF", "_EDF")
            weight = torch.stack([weight] * num_experts)
        state[name] = weight
    return state
