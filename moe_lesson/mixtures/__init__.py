"""Mixtures of 1991 to 1994, in NumPy: local experts, hierarchies, gradients through a choice."""
