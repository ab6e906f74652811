"""What a published model asks of memory, for one token and for a batch."""

import numpy as np

from moe_lesson.study import statistics


def touched(family, batch):
    """Count the experts of a layer that a batch visits, if each token draws k evenly, alone.

    >>> from moe_lesson.models.families import read_families
    >>> touched(read_families()["Mixtral 8x7B"], 2).item()
    3.5

    Lesson 14.
    """
    tokens = np.asarray(batch, dtype=float)
    return statistics.touched(tokens, family.num_experts, family.top_k)


def read_a_token(family, batch):
    """Count the bytes of 16-bit weights that a step of a batch reads, for each of its tokens.

    The input embedding is looked up, not read; a table that is also the output is.

    Returns:
        Bytes a token: falls with the batch, least at about total / batch.

    >>> from moe_lesson.models.families import read_families
    >>> f"{read_a_token(read_families()['Mixtral 8x7B'], batch=1) / 1e9:.1f}"
    '25.5'

    Lesson 14.
    """
    looked_up = 0 if family.tied else family.table_parameters
    plain = family.total_parameters - family.routed_parameters - looked_up
    routed = touched(family, batch) * family.expert_parameters * family.sparse_layers
    return (plain + routed) * 2 / batch


def countable(families):
    """Keep the models whose description is complete.

    >>> from moe_lesson.models.families import read_families
    >>> "Switch-C" in read_families(), "Switch-C" in countable(read_families())
    (True, False)

    Lesson 14.
    """
    return {name: one for name, one in families.items() if not one.missing}
