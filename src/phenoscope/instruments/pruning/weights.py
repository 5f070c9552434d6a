"""Which weights of a network can be pruned, and a network without some of them."""

import copy
import fnmatch
from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn
from torch.nn.utils.parametrize import is_parametrized

from phenoscope.core.errors import BadInput

Masks = Mapping[str, Tensor]
"""By the name of a parameter, which of its entries stay: truths of its shape."""


def prunable(model: nn.Module, leave: Sequence[str] = ()) -> dict[str, nn.Parameter]:
    """The trainable parameters with two axes or more, tied ones once: no biases, and no gains of normalisations.

    Args:
        model: whose.
        leave: names, or patterns such as `"head.*"`, of what is not to be pruned either.

    Raises:
        BadInput: a pattern that fits no such parameter, nothing that is left, or weights made from other parameters.
    """
    made = next((name for name, module in model.named_modules() if is_parametrized(module)), None)
    if made is not None:
        raise BadInput(
            f"the weights of {made or 'the model'} are made from others at each use, so that removing one of those "
            "removes no weight. Call `torch.nn.utils.parametrize.remove_parametrizations` first."
        )
    found = {name: value for name, value in model.named_parameters() if value.requires_grad and value.ndim > 1}
    for pattern in leave:
        if not any(fnmatch.fnmatchcase(name, pattern) for name in found):
            raise BadInput(f"no weight's name fits {pattern!r}, which `leave` has. There are {', '.join(found)}.")
    kept = {n: value for n, value in found.items() if not any(fnmatch.fnmatchcase(n, pattern) for pattern in leave)}
    if not kept:
        raise BadInput(
            "the model has no weight to prune: that takes a trainable parameter with two axes or more that `leave` "
            f"does not name. There are {', '.join(found) or 'none'}."
        )
    return kept


def masked(model: nn.Module, masks: Masks) -> nn.Module:
    """A copy of the model whose removed weights are 0.

    Raises:
        BadInput: masks of other parameters, shapes or kinds.
    """
    checked(model, masks)
    twin = copy.deepcopy(model)
    with torch.no_grad():
        for name, mask in masks.items():
            value = twin.get_parameter(name)
            # not a product: 0 times infinity is no zero, and -0.0 would be a new number
            value.copy_(torch.where(mask.to(value.device), value, torch.zeros_like(value)))
    return twin


def checked(model: nn.Module, masks: Masks) -> None:
    """Refuse masks that do not fit the model."""
    own = dict(model.named_parameters())
    for name, mask in masks.items():
        if name not in own:
            raise BadInput(f"there is a mask for {name!r}, which is no parameter. There are {', '.join(own)}.")
        if mask.dtype != torch.bool or mask.shape != own[name].shape:
            raise BadInput(
                f"the mask of {name!r} must be truths of shape {tuple(own[name].shape)}, got {mask.dtype} of shape "
                f"{tuple(mask.shape)}."
            )


def nonzero(model: nn.Module, leave: Sequence[str] = ()) -> dict[str, Tensor]:
    """The masks of a model that is sparse already: which of its prunable weights are not 0."""
    return {name: value.detach() != 0 for name, value in prunable(model, leave).items()}
