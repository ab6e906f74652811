"""A model's numbers, and what they imply: parameters, bytes, operations."""

from dataclasses import dataclass

POSITIVE = (
    "dim n_layers head_dim hidden_dim n_heads n_kv_heads context_len vocab_size num_experts top_k"
)


def check_positive(config, names):
    """Refuse sizes that are no whole numbers, or below 1.

    Args:
        names: of the config's fields, with spaces between.

    Raises:
        ValueError: one of them is not a whole number, 1 or more.

    >>> from types import SimpleNamespace
    >>> check_positive(SimpleNamespace(dim=8, n_layers=0), "dim n_layers")
    Traceback (most recent call last):
    ValueError: n_layers is 0: it must be a whole number, 1 or more

    Lesson 8.
    """
    for name in names.split():
        value = getattr(config, name)
        if not isinstance(value, int) or isinstance(value, bool) or value < 1:
            raise ValueError(f"{name} is {value!r}: it must be a whole number, 1 or more")


@dataclass(frozen=True)
class Config:
    """Name a model's sizes as Mixtral's Table 1 does.

    Jiang et al. 2024 (Mixtral, arXiv:2401.04088), Table 1; ``rope_theta``, ``norm_eps``,
    ``window`` and ``tied`` are from the published configuration. ``num_experts=1`` is a
    dense model: one feed-forward network, no router. Vary it with ``dataclasses.replace``.

    Raises:
        ValueError: the numbers contradict one another.

    >>> MIXTRAL_8X7B.total_parameters, MIXTRAL_8X7B.active_parameters
    (46702792704, 12879925248)

    Lesson 8.
    """

    dim: int  # width of the model
    n_layers: int
    head_dim: int  # width of one attention head
    hidden_dim: int  # width of one expert
    n_heads: int  # query heads
    n_kv_heads: int  # key-value heads, each shared by n_heads / n_kv_heads query heads
    context_len: int  # longest sequence
    vocab_size: int
    num_experts: int = 1
    top_k: int = 1
    rope_theta: float = 1e6
    norm_eps: float = 1e-5
    window: int | None = None  # how far back a position sees; None: all the way
    tied: bool = False  # whether the output layer is the embedding

    def __post_init__(self):
        check_positive(self, POSITIVE)
        if self.top_k > self.num_experts:
            raise ValueError(
                f"top_k is {self.top_k}: it cannot exceed num_experts {self.num_experts}"
            )
        if self.n_heads % self.n_kv_heads:
            raise ValueError(
                f"n_heads is {self.n_heads}: it must be a multiple of n_kv_heads {self.n_kv_heads}"
            )
        if self.head_dim % 2:
            raise ValueError(f"head_dim is {self.head_dim}: rotary positions need an even number")
        if self.window is not None and not (isinstance(self.window, int) and self.window > 0):
            raise ValueError(
                f"window is {self.window!r}: it must be None, or a whole number, 1 or more"
            )
        if not all(isinstance(x, (int, float)) and x > 0 for x in (self.rope_theta, self.norm_eps)):
            raise ValueError(
                f"rope_theta {self.rope_theta}, norm_eps {self.norm_eps}: must exceed 0"
            )

    @property
    def attention_parameters(self):
        """Count one layer's attention: query and output over H heads, key and value over G.

        >>> MIXTRAL_8X7B.attention_parameters
        41943040

        Lesson 8.
        """
        return 2 * self.dim * self.head_dim * (self.n_heads + self.n_kv_heads)

    @property
    def expert_parameters(self):
        """Count one expert of one layer: gate, up and down.

        >>> MIXTRAL_8X7B.expert_parameters
        176160768

        Lesson 8.
        """
        return 3 * self.dim * self.hidden_dim

    @property
    def router_parameters(self):
        """Count one layer's router: none in a dense model.

        >>> MIXTRAL_8X7B.router_parameters, MISTRAL_7B.router_parameters
        (32768, 0)

        Lesson 8.
        """
        return self.dim * self.num_experts if self.num_experts > 1 else 0

    @property
    def embedding_parameters(self):
        """Count the embedding and the output layer: one table if tied, else two.

        >>> MIXTRAL_8X7B.embedding_parameters
        262144000

        Lesson 8.
        """
        return self.dim * self.vocab_size * (1 if self.tied else 2)

    @property
    def total_parameters(self):
        """Count everything that must be in memory: all experts.

        >>> MISTRAL_7B.total_parameters
        7241732096

        Lesson 8.
        """
        return self._parameters(self.num_experts)

    @property
    def active_parameters(self):
        """Count what one token uses: ``top_k`` experts a layer, and all the rest.

        >>> round(MIXTRAL_8X7B.active_parameters / MIXTRAL_8X7B.total_parameters, 3)
        0.276

        Lesson 8.
        """
        return self._parameters(self.top_k)

    def _parameters(self, experts):
        norms = 2 * self.dim
        layer = self.attention_parameters + self.router_parameters + norms
        layers = self.n_layers * (layer + experts * self.expert_parameters)
        return layers + self.embedding_parameters + self.dim

    def bytes_at(self, dtype):
        """Count the bytes of all weights at a dtype, or at a number of bits.

        >>> import torch
        >>> round(MIXTRAL_8X7B.bytes_at(torch.bfloat16) / 1e9, 1), MIXTRAL_8X7B.bytes_at(4) // 10**9
        (93.4, 23)

        Lesson 8.
        """
        bits = dtype if isinstance(dtype, int) else dtype.itemsize * 8
        return self.total_parameters * bits // 8

    def cache_bytes_per_token(self, dtype):
        """Count the bytes one more position adds to the key-value cache of one sequence.

        >>> import torch
        >>> MIXTRAL_8X7B.cache_bytes_per_token(torch.bfloat16)
        131072

        Lesson 8.
        """
        return 2 * self.n_layers * self.n_kv_heads * self.head_dim * dtype.itemsize

    def operations_per_token(self, context=0):
        """Count multiplications and additions of one token's forward pass.

        Two per active weight, but for the embedding, which is looked up, plus two products
        with each of ``context`` earlier positions (at most ``window``) per head.

        Returns:
            Floating-point operations.

        >>> MIXTRAL_8X7B.operations_per_token() // 10**9
        25

        Lesson 8.
        """
        lookup = 0 if self.tied else self.dim * self.vocab_size
        seen = context if self.window is None else min(context, self.window)
        attention = 4 * self.n_layers * self.n_heads * self.head_dim * seen
        return 2 * (self.active_parameters - lookup) + attention


MIXTRAL_8X7B = Config(
    dim=4096,
    n_layers=32,
    head_dim=128,
    hidden_dim=14336,
    n_heads=32,
    n_kv_heads=8,
    context_len=32768,
    vocab_size=32000,
    num_experts=8,
    top_k=2,
)
# Jiang et al. 2023 (Mistral 7B, arXiv:2310.06825), Table 1: one network a layer, a window.
MISTRAL_7B = Config(
    dim=4096,
    n_layers=32,
    head_dim=128,
    hidden_dim=14336,
    n_heads=32,
    n_kv_heads=8,
    context_len=8192,
    vocab_size=32000,
    rope_theta=1e4,
    window=4096,
)
# Mixtral's proportions (hidden 3.5 x dim, four query heads a key-value head) at 1/32 width.
SMALL = Config(
    dim=128,
    n_layers=4,
    head_dim=16,
    hidden_dim=448,
    n_heads=8,
    n_kv_heads=2,
    context_len=256,
    vocab_size=2048,
    num_experts=8,
    top_k=2,
)
TINY = Config(
    dim=32,
    n_layers=2,
    head_dim=8,
    hidden_dim=48,
    n_heads=4,
    n_kv_heads=2,
    context_len=64,
    vocab_size=320,
    num_experts=4,
    top_k=2,
)
