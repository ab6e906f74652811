"""Check the attention exercises of lesson 08: positions, scores, the rolling buffer."""

import torch

from moe_lesson.study.checks import demand, exercise, near, rounded, tensor_of

QUARTERS = torch.tensor([[1.0, 0.0], [0.0, 1.0], [-1.0, 0.0], [0.0, -1.0]])  # cosine, sine


@exercise("the angle is the position's, the pairs are (i, i + A/2), and lengths stay.")
def rotate(answer):
    """Check ``answer(x_BHSA, cos_BSA, sin_BSA)``: each pair turned by its angle.

    >>> from moe_lesson.models.attention import rotate as ours
    >>> rotate(ours)
    correct: the angle is the position's, the pairs are (i, i + A/2), and lengths stay.

    Lesson 8.
    """
    # A quarter turn a position; the second sequence begins at position 1.
    x_BHSA = torch.tensor([1.0, 0, 0, 0]).repeat(2, 2, 3, 1)
    turn = QUARTERS[torch.tensor([[0, 1, 2], [1, 2, 3]])]
    cos_BSA, sin_BSA = (turn[..., which : which + 1].repeat(1, 1, 4) for which in (0, 1))
    given = x_BHSA.clone()
    found = tensor_of(answer(given, cos_BSA, sin_BSA), (2, 2, 3, 4), "the result")
    demand(torch.equal(given, x_BHSA), "you changed the heads that were handed to you")
    still, turned = found[0, 0, :2].tolist()
    demand(still == [1, 0, 0, 0], f"position 0 has angle 0: [1, 0, 0, 0] must stay, not {still}")
    said = f"[1, 0, 0, 0] turned by a quarter: you return {turned}. "
    demand(turned != [0, 1, 0, 0], said + "You pair neighbours; here the pairs are (i, i + A/2)")
    demand(
        turned != [0, 0, -1, 0],
        said + "You turn the wrong way: the sine of x[i + A/2] is taken off x[i]",
    )
    demand(turned == [0, 0, 1, 0], said + "The pair (0, 2) goes from (1, 0) to (0, 1)")
    demand(
        near(found[0, 1], found[0, 0]),
        "the two heads of a sequence turn differently: angles depend on the position only. The "
        "cosine lacks its head axis: cos_BSA[:, None]",
    )
    demand(near(found[1, 0, 0], found[0, 0, 1]), "each sequence has angles of its own: keep B")
    _turns_every_pair(answer)


def _turns_every_pair(answer):
    """Demand the right pairs in a head of other width, with another angle for each pair."""
    x_BHSA = torch.tensor([3.0, 1, 2, 4, 5, 7]).view(1, 1, 1, 6)
    angle = torch.tensor([0.6, 0.1, 1.2])
    turns = (wave(angle).repeat(2).view(1, 1, 6) for wave in (torch.cos, torch.sin))
    turned = tensor_of(answer(x_BHSA, *turns), (1, 1, 1, 6), "a head of width 6").flatten()
    lengths = [turned[at].hypot(turned[at + 3]).item() for at in range(3)]
    wanted = [5.0, 26**0.5, 53**0.5]
    demand(
        near(torch.tensor(lengths), wanted),
        f"A = 6: the pairs (3, 4), (1, 5), (2, 7) have lengths {rounded(torch.tensor(wanted))}; "
        f"after your turn {rounded(torch.tensor(lengths))}: turns keep length",
    )
    there = torch.complex(*x_BHSA.double().view(2, 3)) * torch.polar(torch.ones(3), angle).cdouble()
    wanted = torch.cat([there.real, there.imag])
    demand(
        near(turned, wanted, 1e-3), f"A = 6: wanted {rounded(wanted)}, you return {rounded(turned)}"
    )


@exercise("query and key both turn, so a score knows how far apart they stand, not where.")
def scores(answer):
    """Check ``answer(query_BHSA, key_BHSA, cos_BSA, sin_BSA)``: scores of turned heads.

    >>> from moe_lesson.models.attention import rotate
    >>> def ours(query_BHSA, key_BHSA, cos_BSA, sin_BSA):
    ...     turned = [rotate(x, cos_BSA, sin_BSA) for x in (query_BHSA, key_BHSA)]
    ...     return turned[0] @ turned[1].transpose(2, 3) * query_BHSA.shape[-1] ** -0.5
    >>> scores(ours)
    correct: query and key both turn, so a score knows how far apart they stand, not where.

    Lesson 8.
    """
    # A quarter turn a position: the score of equal vectors is cos(90 degrees * distance) / 2.
    turns = [wave.view(1, 4, 1).repeat(1, 1, 4) for wave in QUARTERS.T]
    x_BHSA = torch.tensor([1.0, 0, 0, 0]).repeat(1, 1, 4, 1)
    found = tensor_of(answer(x_BHSA, x_BHSA, *turns), (1, 1, 4, 4), "the result")[0, 0]
    said = "query and key [1, 0, 0, 0], a quarter turn a position: "
    demand(not near(found[0, 0], 1), said + "divide the scores by sqrt(A), here 2")
    demand(not near(found[0, 0], 0.25), said + "you divide by A, or twice by sqrt(A): once by 2")
    same = found.diagonal().tolist()
    demand(
        near(found.diagonal(), [same[0]] * 4),
        said + f"both at position 0, 1, 2, 3 they score {same}: this must be one number, for "
        "neither has moved from the other. Are both turned, and the same way?",
    )
    demand(
        not near(found[2, 0], found[0, 0]),
        said + f"two apart they score {found[2, 0]:.3g}, as if none apart: nothing is turned",
    )
    wanted = [[0.5, 0, -0.5, 0], [0, 0.5, 0, -0.5], [-0.5, 0, 0.5, 0], [0, -0.5, 0, 0.5]]
    demand(near(found, wanted), said + f"wanted {wanted}, got {found.tolist()}")
    _queries_in_rows(answer)


def _queries_in_rows(answer):
    """Demand one row per query, each head by itself, and the root of another width."""
    first, third = torch.eye(16)[0], torch.eye(16)[8]
    size = torch.tensor([1.0, 2.0, 6.0]).view(1, 3, 1, 1)
    turns = [wave.view(1, 4, 1).repeat(1, 1, 16) for wave in QUARTERS.T]
    query_BHSA, key_BHSA = first.repeat(1, 3, 4, 1) * size, third.repeat(1, 3, 4, 1)
    found = tensor_of(answer(query_BHSA, key_BHSA, *turns), (1, 3, 4, 4), "three heads")[0]
    apart = "every head gets the same scores, and they differ: keep H apart"
    demand(not near(found[1], found[0]), apart)
    # The key stands a quarter before the query: the score is sin(90 degrees * distance).
    wanted = torch.tensor([[0.0, -1, 0, 1], [1, 0, -1, 0], [0, 1, 0, -1], [-1, 0, 1, 0]]) / 4
    said = "a key a quarter turn ahead, A = 16: "
    demand(
        not near(found[0], 2 * wanted), said + "the scores are twice too large: divide by sqrt(A)"
    )
    demand(
        not near(found[0], wanted.T),
        said + f"query 1 gives key 0 {found[0, 1, 0]:.3g}, and it must be 0.25: rows are queries, "
        "columns keys, and yours are exchanged",
    )
    demand(near(found[0], wanted), said + f"wanted {wanted.tolist()}, got {found[0].tolist()}")
    whole = wanted.double() * size.view(3, 1, 1)
    demand(near(found, whole), "heads 1 and 2 are not twice and six times head 0: keep H apart")


@exercise("position p lies in slot p mod W, so the newest overwrites the oldest.")
def slot_positions(answer):
    """Check ``answer(seen, window)``: which position each slot holds.

    >>> from moe_lesson.models.attention import slot_positions as ours
    >>> slot_positions(ours)
    correct: position p lies in slot p mod W, so the newest overwrites the oldest.

    Lesson 8.
    """
    cases = {(2, 3): [0, 1], (3, 3): [0, 1, 2], (5, 3): [3, 4, 2], (7, 3): [6, 4, 5], (4, 1): [3]}
    cases |= {(4, 3): [3, 1, 2], (6, 4): [4, 5, 2, 3], (3, 1): [2]}
    for (seen, window), wanted in cases.items():
        found = _positions(answer(seen, window), f"{seen} positions seen, window {window}")
        said = f"{seen} positions seen, window {window}: you say {found}. "
        demand(
            found == wanted or found != sorted(wanted),
            said + f"These are the right positions, but {seen - 1} lies in slot "
            f"{(seen - 1) % window}: position p lies in slot p mod W",
        )
        demand(max(found, default=-1) < seen, said + f"Position {max(found)} has not been seen yet")
        demand(min(found, default=0) >= 0, said + "With room left, slot p holds position p")
        demand(len(found) == len(wanted), said + f"{len(wanted)} slots are filled")
        demand(found == wanted, said + f"The slots hold {wanted}")
    _other_calls(answer)


def _positions(given, said):
    """Demand a tensor of whole numbers in one row and return them."""
    kind = type(given).__name__
    demand(isinstance(given, torch.Tensor), f"{said}: you return a {kind}, not a tensor")
    whole = not given.is_floating_point() and given.ndim == 1
    demand(whole, f"{said}: one row of whole numbers, not {given.tolist()} of {given.dtype}")
    return given.tolist()


def _other_calls(answer):
    """Demand the case without a window, and a third argument that counts."""
    try:
        found = _positions(answer(4, None), "4 positions seen, window None")
    except TypeError as error:
        raise AssertionError(f"window None, no window at all: {error}") from None
    demand(found == [0, 1, 2, 3], f"window None: nothing is overwritten, [0, 1, 2, 3], not {found}")
    for seen in (2, 5):
        try:
            placed = answer(seen, 3, device="meta").device.type
        except TypeError as error:
            message = f"the third argument is device, and it may be left out: {error}"
            raise AssertionError(message) from None
        demand(placed == "meta", f"{seen} seen, window 3, device 'meta': yours is on {placed!r}")
