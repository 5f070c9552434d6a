"""What is learned on the dial between lazy and rich: few directions, none better than another, or digits."""

import dataclasses
import math

import torch
from jaxtyping import Float
from torch import Tensor

from phenoscope.core.seeds import stream
from phenoscope.methods.initial_kernel import digits, limit
from phenoscope.theory import infinite_kernel

TARGETS = ("two directions", "isotropic", "digits")


@dataclasses.dataclass(frozen=True)
class Task:
    """Inputs trained on and tested on, and their targets; the train targets have mean square 1."""

    inputs: Tensor
    others: Tensor
    targets: Float[Tensor, " n"]
    truth: Float[Tensor, " m"]


def drawn_task(target: str, seed: int, examples: int, tested: int, *, dimensions: int, activation: str) -> Task:
    """Examples of one of `TARGETS`; see `LazyRich`."""
    count, generator = examples + tested, stream(seed, "data")
    if target == "digits":
        inputs, targets = digits(seed, count)
    else:
        drawn = torch.randn(count, dimensions, generator=generator, dtype=torch.float64)
        inputs = math.sqrt(dimensions) * drawn / drawn.norm(dim=1, keepdim=True)
        targets = inputs[:, 0].abs() - inputs[:, 1].abs()
        if target == "isotropic":
            kernel = infinite_kernel(limit(1, activation), inputs)
            values, vectors = torch.linalg.eigh(kernel)
            normal = torch.randn(count, generator=generator, dtype=torch.float64)
            targets = vectors @ (values.clamp_min(0).sqrt() * normal)
    targets = targets / targets[:examples].square().mean().sqrt()
    return Task(inputs[:examples], inputs[examples:], targets[:examples], targets[examples:])
