"""Normal numbers for computations with arrays."""

import numpy as np
import torch


def normal(shape: tuple[int, ...], generator: torch.Generator) -> np.ndarray:
    """Standard normal numbers in float64, from the generator alone."""
    return torch.randn(shape, generator=generator, dtype=torch.float64).numpy()
