"""Published models by a plain description each, and the parameters that follow from it."""

import json
from dataclasses import dataclass, field

from moe_lesson import DATA


def head_parameters(dim, parts):
    """Count one layer's attention by heads: query and output over H, key and value over G.

    Args:
        parts: a dict: ``heads``, ``kv_heads``, ``head_dim``; and where there are such, ``biases``
            (of which of the projections: "qkv", "qkvo"), ``norms`` (of queries and keys: "head",
            one weight for all heads, or "all", each head its own), ``sinks`` (true where each
            query head has a score for "nothing", as in gpt-oss).

    >>> head_parameters(4096, {"heads": 32, "kv_heads": 8, "head_dim": 128})
    41943040

    Lesson 14.
    """
    heads, width = parts["heads"], parts["head_dim"]
    wide, narrow = heads * width, parts["kv_heads"] * width
    sizes = {"q": wide, "k": narrow, "v": narrow, "o": dim}
    norms = {"": 0, "head": 2 * width, "all": wide + narrow}[parts.get("norms", "")]
    biases = sum(sizes[name] for name in parts.get("biases", ""))
    return 2 * dim * (wide + narrow) + biases + norms + heads * parts.get("sinks", False)


def latent_parameters(dim, parts):
    """Count one layer's latent attention: keys and values out of one narrow vector.

    DeepSeek-AI 2024 (V2, arXiv:2405.04434), section 2.1; the two narrow vectors are normed.

    Args:
        parts: a dict: ``heads``; ``query_rank`` and ``kv_rank``, the widths of the narrow vectors
            (0: queries come straight from x); ``plain``, ``rotated``, ``value``: a head's width
            without and with positions, and of its value.

    >>> tiny = {"heads": 1, "query_rank": 0, "kv_rank": 2, "plain": 1, "rotated": 1, "value": 1}
    >>> latent_parameters(4, tiny)
    30

    Lesson 14.
    """
    heads, query_rank, kv_rank = parts["heads"], parts["query_rank"], parts["kv_rank"]
    plain, rotated, value = parts["plain"], parts["rotated"], parts["value"]
    wide = heads * (plain + rotated)
    query = query_rank * (dim + 1 + wide) if query_rank else dim * wide
    key_value = dim * (kv_rank + rotated) + kv_rank + kv_rank * heads * (plain + value)
    return query + key_value + heads * value * dim


@dataclass(frozen=True)
class Family:
    """Describe a published model, as a row of ``data/models.json`` does.

    What its report and configuration say, each with source and mark; the counts are derived.
    Scores that some models add to the router for the choice alone (E a layer) are counted, a
    further head that predicts later tokens is not.

    >>> read_families()["Mixtral 8x7B"].total_parameters
    46702792704

    Lesson 14.
    """

    name: str
    year: int
    num_experts: int
    top_k: int
    official: dict  # "total" and "active" as written, in units of 10^9, and "tables" of V x D in it
    source: str
    mark: str  # "read", "second-hand" or "class default": how sure the description is
    recomputed: dict = field(default_factory=dict)  # by the fact sheet, from the same description
    exceptions: dict = field(default_factory=dict)  # official number -> why ours differs
    missing: str = ""  # what is not known, so that nothing can be counted; "": all is known
    layers: int = 0
    dense_layers: int = 0  # of these, with one network each
    dim: int = 0
    hidden_dim: int = 0  # width of a routed expert
    shared_dim: int = 0  # joint width of the experts that every token visits
    dense_dim: int = 0  # width of a dense layer's network
    vocab_size: int = 0
    attention: dict = field(
        default_factory=dict
    )  # the parts that one of the two functions above takes
    tied: bool = False  # whether the output layer is the embedding
    norms: int = 2  # a layer
    shared_gate: bool = False  # whether a sigmoid of the token weighs the shared expert
    router_biases: int = 0  # vectors of E beside the router's matrix
    expert_biases: bool = False

    @property
    def expert_parameters(self):
        """Count one routed expert: gate, up and down, and their biases if it has them.

        >>> read_families()["Mixtral 8x7B"].expert_parameters
        176160768

        Lesson 14.
        """
        return self._network(self.hidden_dim)

    @property
    def routed_parameters(self):
        """Count all routed experts of all layers: what grows with E.

        >>> mixtral = read_families()["Mixtral 8x7B"]
        >>> round(mixtral.routed_parameters / mixtral.total_parameters, 3)
        0.966

        Lesson 14.
        """
        return self.num_experts * self.expert_parameters * self.sparse_layers

    @property
    def shared_parameters(self):
        """Count the experts that every token visits, their gates included.

        >>> read_families()["Mixtral 8x7B"].shared_parameters
        0

        Lesson 14.
        """
        one = self._network(self.shared_dim) if self.shared_dim else 0
        return self.sparse_layers * (one + self.dim * self.shared_gate)

    @property
    def sparse_layers(self):
        """Count the layers that have routed experts.

        >>> read_families()["DeepSeek-V3"].sparse_layers
        58

        Lesson 14.
        """
        self._check()
        return self.layers - self.dense_layers

    @property
    def table_parameters(self):
        """Count one table of V x D: the embedding, or the output layer.

        >>> read_families()["Mixtral 8x7B"].table_parameters
        131072000

        Lesson 14.
        """
        return self.dim * self.vocab_size

    @property
    def total_parameters(self):
        """Count everything that must be in memory.

        Raises:
            ValueError: the row says that its description is not complete.

        >>> round(read_families()["DeepSeek-V3"].total_parameters / 1e9, 1)
        671.0

        Lesson 14.
        """
        self._check()
        router = self.num_experts * (self.dim + self.router_biases)
        dense = self.dense_layers * self._network(self.dense_dim) if self.dense_layers else 0
        layer = self.norms * self.dim + self._attention()
        sparse = self.sparse_layers * router + self.routed_parameters + self.shared_parameters
        tables = (1 if self.tied else 2) * self.table_parameters
        return self.layers * layer + dense + sparse + tables + self.dim

    @property
    def active_parameters(self):
        """Count what one token uses, both tables included: ``top_k`` experts and all the rest.

        >>> round(read_families()["DeepSeek-V3"].active_parameters / 1e9, 2)
        37.55

        Lesson 14.
        """
        idle = (self.num_experts - self.top_k) * self.expert_parameters * self.sparse_layers
        return self.total_parameters - idle

    @property
    def granularity(self):
        """Divide twice the model's width by an expert's: Ling's measure.

        Krajewski et al. 2024 (arXiv:2402.07871) count 4 D / F: twice as much.

        >>> round(read_families()["DeepSeek-V3"].granularity, 1)
        7.0

        Lesson 14.
        """
        self._check()
        return 2 * self.dim / self.hidden_dim

    @property
    def cache_width(self):
        """Count the numbers that one more position adds to the cache, over all layers.

        Windows are left out: each layer is taken to look back all the way.

        >>> read_families()["Mixtral 8x7B"].cache_width, read_families()["DeepSeek-V3"].cache_width
        (65536, 35136)

        Lesson 14.
        """
        self._check()
        parts = self.attention
        if "kv_rank" in parts:
            return self.layers * (parts["kv_rank"] + parts["rotated"])
        return 2 * self.layers * parts["kv_heads"] * parts["head_dim"]

    def _check(self):
        if self.missing:
            raise ValueError(f"{self.name} cannot be counted: {self.missing}")

    def _network(self, width):
        biases = 2 * width + self.dim if self.expert_biases else 0
        return 3 * self.dim * width + biases

    def _attention(self):
        count = latent_parameters if "kv_rank" in self.attention else head_parameters
        return count(self.dim, self.attention)


def read_families():
    """Read the published models of ``data/models.json``, oldest first.

    Returns:
        A dict from name to Family.

    >>> read_families()["Mixtral 8x7B"].year
    2023

    Lesson 14.
    """
    rows = json.loads((DATA / "models.json").read_text(encoding="utf-8"))["models"]
    return {row["name"]: Family(**row) for row in sorted(rows, key=lambda row: row["year"])}
