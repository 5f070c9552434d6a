"""A model of which only some parameters count: the others are frozen where they are."""

import copy
from collections.abc import Sequence

from torch import Tensor, nn

from phenoscope.core.points import layout


def restricted(model: nn.Module, patterns: Sequence[str]) -> nn.Module:
    """A twin of the model whose trainable parameters are those with names that fit a pattern.

    It shares every parameter and buffer with the model, so that it follows a training; the model stays as it is. The
    parameters that stay trainable are the model's own, by which its optimizer knows them.

    Raises:
        BadInput: a pattern that fits no trainable parameter.
    """
    fitting, shared = layout(model).fitting(patterns), {}
    for name, value in model.named_parameters():
        kept = name in fitting or not value.requires_grad
        shared[id(value)] = value if kept else nn.Parameter(value.detach(), requires_grad=False)
    for module in model.modules():  # buffers, and what layers compute and hold on to, which cannot be copied
        held = [*module.buffers(recurse=False), *(part for part in vars(module).values() if isinstance(part, Tensor))]
        shared |= {id(part): part for part in held}
    return copy.deepcopy(model, shared)
