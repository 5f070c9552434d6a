"""Precision that matrices can be decomposed in."""

import torch
from torch import Tensor


def decomposable(tensor: Tensor) -> Tensor:
    """The same in float32 where it is in half precision, which LAPACK knows no decomposition of."""
    return tensor.to(torch.promote_types(tensor.dtype, torch.float32))
