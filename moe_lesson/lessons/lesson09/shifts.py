"""What a shift by one can become: the losses that likely mistakes give."""

import math

import torch  # noqa: F401  for the doctest


def shifted_losses(chance_BSV, id_BS):
    """Compute the loss of the next token, and what likely mistakes make of it.

    Args:
        chance_BSV: the logarithm of each token's probability.

    Returns:
        The loss, nats per token: 0 for one that is certain and right; pairs of a wrong loss
        and what to say of it.

    >>> even_BSV = torch.zeros(2, 3, 4).log_softmax(-1)
    >>> round(shifted_losses(even_BSV, torch.tensor([[0, 1, 2], [2, 0, 1]]))[0], 3)
    1.386

    Lesson 9.
    """
    B, S, _ = chance_BSV.shape

    def nats(pairs, parts=0):
        """Average what tokens cost: ((sequence, position) that is asked, that of its answer)."""
        costs = [-chance_BSV[asked][id_BS[token]].item() for asked, token in pairs]
        return sum(costs) / (parts or len(costs))

    places = [(b, s) for b in range(B) for s in range(S)]
    pairs = [((b, s), (b, s + 1)) for b, s in places if s + 1 < S]
    two = [((b, s), (b, s + 2)) for b, s in places if s + 2 < S]
    flat, ring = [*zip(places, places[1:])], [((b, s), (b, (s + 1) % S)) for b, s in places]
    return nats(pairs), (
        (nats(flat), "the last position of a sequence is asked for the first token of the next "
         "sequence: shift within a sequence, `[:, :-1]` and `[:, 1:]`"),
        (nats(ring), "`roll` asks the last position for the sequence's own first token: leave the "
         "last position out"),
        (nats([*flat, (places[-1], places[0])]), "`roll` without an axis runs through all "
         "sequences: no sequence knows the next one's first token"),
        (nats([pair[::-1] for pair in pairs]), "asked for the one before: turn the shift round"),
        (nats([(asked, token) for token, asked in ring]), "each position is asked for the token "
         "before it, and the first for the last: turn the shift round, and do not roll"),
        (nats(two), "each position is asked for the second next token: shift by one"),
        (nats(pairs, 1), "that is the sum over all positions: a loss is their mean"),
        (nats(pairs, B), f"a sum over positions: divide by {len(pairs)}, not by {B} sequences"),
        (nats(pairs, B * S), f"{len(pairs)} positions have an answer: you divide by {B * S}"),
        (nats(pairs[: S - 1]), "only the first sequence counts"),
        (nats(pairs[S - 2 :: S - 1]), "only the last token of each sequence counts"),
        (nats(pairs) / math.log(2), "these are bits: a loss is in nats here"),
        (-nats(pairs), "the sign is turned: a loss is minus the logarithm"),
    )  # fmt: skip
