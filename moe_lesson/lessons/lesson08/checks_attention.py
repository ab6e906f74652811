"""Check the attention exercises of lesson 08: positions, the rolling buffer."""

import torch

from moe_lesson.study.checks import demand, exercise, near, tensor_of


@exercise("the angle is the position's, the pairs are (i, i + A/2), and lengths stay.")
def rotate(answer):
    """Check ``answer(x_BHSA, cos_BSA, sin_BSA)``: each pair turned by its angle.

    >>> from moe_lesson.models.attention import rotate as ours
    >>> rotate(ours)
    correct: the angle is the position's, the pairs are (i, i + A/2), and lengths stay.

    Lesson 8.
    """
    x_BHSA = torch.tensor([1.0, 0, 0, 0]).repeat(1, 2, 2, 1)
    # Position 0 does not turn, position 1 turns by a quarter.
    cos_BSA = torch.tensor([[[1.0] * 4, [0.0] * 4]])
    found = tensor_of(answer(x_BHSA, cos_BSA, 1 - cos_BSA), (1, 2, 2, 4), "the result")
    still, turned = found[0, 0].tolist()
    demand(still == [1, 0, 0, 0], f"position 0 has angle 0: [1, 0, 0, 0] must stay, not {still}")
    said = f"[1, 0, 0, 0] turned by a quarter: you return {turned}. "
    demand(turned != [0, 1, 0, 0], said + "You pair neighbours; here the pairs are (i, i + A/2)")
    demand(
        turned != [0, 0, -1, 0],
        said + "You turn the wrong way: the sine of x[i + A/2] is taken off x[i]",
    )
    demand(turned == [0, 0, 1, 0], said + "The pair (0, 2) goes from (1, 0) to (0, 1)")
    demand(near(found[0, 1], found[0, 0]), "both heads turn alike: angles depend on position only")
    _keeps_length(answer)


def _keeps_length(answer):
    x_BHSA = torch.tensor([3.0, 0, 4.0, 0]).view(1, 1, 1, 4)
    angle_BSA = torch.tensor([[[0.6, 0.1, 0.6, 0.1]]])
    turned = tensor_of(answer(x_BHSA, angle_BSA.cos(), angle_BSA.sin()), (1, 1, 1, 4), "the result")
    length = turned.norm().item()
    demand(near(length, 5), f"(3, 4) has length 5; after your turn {length:.3g}: turns keep length")


@exercise("position p lies in slot p mod W, so the newest overwrites the oldest.")
def slot_positions(answer):
    """Check ``answer(seen, window)``: which position each slot holds.

    >>> from moe_lesson.models.attention import slot_positions as ours
    >>> slot_positions(ours)
    correct: position p lies in slot p mod W, so the newest overwrites the oldest.

    Lesson 8.
    """
    cases = {(2, 3): [0, 1], (3, 3): [0, 1, 2], (5, 3): [3, 4, 2], (7, 3): [6, 4, 5], (4, 1): [3]}
    for (seen, window), wanted in cases.items():
        found = torch.as_tensor(answer(seen, window)).tolist()
        said = f"{seen} positions seen, window {window}: you say {found}. "
        demand(
            found == wanted or found != sorted(wanted),
            said + f"These are the right positions, but {seen - 1} lies in slot "
            f"{(seen - 1) % window}: position p lies in slot p mod W",
        )
        demand(max(found, default=-1) < seen, said + f"Position {max(found)} has not been seen yet")
        demand(len(found) == len(wanted), said + f"{len(wanted)} slots are filled")
        demand(found == wanted, said + f"The slots hold {wanted}")
