"""Renormalisation: units of a merged network, whose activations collapsed, with the spread of its parents' again."""

import copy
import dataclasses
from collections.abc import Callable, Sequence
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn

from phenoscope.core.errors import BadInput
from phenoscope.instruments.reading import Reading
from phenoscope.instruments.symmetries.tracing import called
from phenoscope.objective.batches import batches_of

TINY = 1e-12
"""A unit whose variance is below this, relative to the mean square of its activation, is constant."""


@dataclasses.dataclass(frozen=True)
class Renormalised(Reading):
    """A merged network whose units have the means and spreads of its parents'.

    Attributes:
        value: the standard deviation of its units before, over the mean of their parents', averaged over all units.
        after: the same afterwards.
        ratios: the value layer by layer, by name; it falls with depth where activations collapse.
        model: the renormalised network, a copy.
        unshifted: layers without a bias, whose units keep their means.
    """

    value: float
    after: float
    ratios: dict[str, float]
    model: nn.Module
    unshifted: tuple[str, ...]

    @property
    def evidence(self) -> str:
        kept = f"; means kept where there is no bias: {', '.join(self.unshifted)}" if self.unshifted else ""
        return f"spread of units over their parents', {self.after:.4g} afterwards, over {len(self.ratios)} layers{kept}"


def renormalise(model: nn.Module, parents: Sequence[nn.Module], data: Any) -> Renormalised:
    """A merged network with each unit rescaled and shifted so that it has its parents' mean and spread (REPAIR).

    Averages of networks have units whose activations spread less than those of either parent, the less the deeper:
    much of the barrier between aligned networks is that collapse. Layer by layer, from the inputs on, the
    preactivations of each unit are brought to the mean of the parents' means and to the mean of their standard
    deviations, by its weights and bias; the last layer stays. Source: Jordan et al. 2022, REPAIR, arXiv:2211.08403.

    Args:
        model: the merged network, of dense layers and convolutions; left as it is.
        parents: what it was merged from, in the order of whose units they are; left as they are.
        data: a pair of tensors, a DataLoader or any re-iterable of (input, target); training data, never test data.

    Raises:
        BadInput: no parents, or layers with running statistics: recompute these instead.

    Example:
        >>> one, other = (nn.Sequential(nn.Linear(2, 3), nn.ReLU(), nn.Linear(3, 1)) for _ in range(2))
        >>> merged = copy.deepcopy(one)
        >>> with torch.no_grad():
        ...     _ = [p.add_(q).div_(2) for p, q in zip(merged.parameters(), other.parameters())]
        >>> found = renormalise(merged, (one, other), (torch.randn(50, 2), torch.zeros(50, 1)))
        >>> round(found.after, 4)
        1.0
    """
    if not parents:
        raise BadInput("a merged network is renormalised to its parents, and none came. Pass at least one.")
    if any(getattr(module, "running_mean", None) is not None for module in model.modules()):
        raise BadInput(
            "the model keeps running statistics. Recompute them on data (`methods.recompute_statistics`): then its "
            "normalisation layers do what this would."
        )
    made = copy.deepcopy(model).eval()
    copies = [copy.deepcopy(parent).eval() for parent in parents]
    batches = [_arguments(batch[0]) for batch in batches_of(data, None, next(made.parameters()).device)()]
    names = _layers(made, batches[0])[:-1]
    if not names:
        raise BadInput("the model has no layer before its last that could be renormalised.")
    before, after = {}, {}
    for name in names:
        wanted = [_moments(parent, name, batches) for parent in copies]
        mean, spread = (torch.stack([each[part] for each in wanted]).mean(0) for part in (0, 1))
        own = _moments(made, name, batches)
        before[name] = own[1] / spread
        _bring(made.get_submodule(name), own, (mean, spread))
        after[name] = _moments(made, name, batches)[1] / spread
    made.train(model.training)
    unshifted = tuple(name for name in names if getattr(made.get_submodule(name), "bias", None) is None)
    return Renormalised(
        value=_average(torch.cat(list(before.values()))),
        after=_average(torch.cat(list(after.values()))),
        ratios={name: _average(ratio) for name, ratio in before.items()},
        model=made,
        unshifted=unshifted,
    )


Moments = tuple[Float[Tensor, " n"], Float[Tensor, " n"]]
"""Mean and standard deviation of each unit of a layer."""


def _bring(layer: nn.Module, own: Moments, wanted: Moments) -> None:
    """A layer whose units have other means and spreads, by its weight and bias; a constant unit is only shifted."""
    weight, bias = layer.get_parameter("weight"), getattr(layer, "bias", None)
    factor = torch.where(own[1] > 0, wanted[1] / own[1].clamp_min(torch.finfo(own[1].dtype).tiny), 1.0)
    with torch.no_grad():
        weight.mul_(factor.to(weight).reshape(-1, *[1] * (weight.ndim - 1)))
        if bias is not None:
            bias.copy_(((bias.double() - own[0]) * factor + wanted[0]).to(bias))


def _moments(model: nn.Module, name: str, batches: Sequence[Any]) -> Moments:
    """Of the outputs of one layer over all examples and places."""
    count, total, squares = 0, torch.zeros(()), torch.zeros(())

    def look(module: nn.Module, inputs: object, output: Tensor) -> None:
        nonlocal count, total, squares
        axis = -1 if module.get_parameter("weight").ndim == 2 else 1
        values = output.double().movedim(axis, 0).flatten(1)
        count += values.shape[1]
        total, squares = total + values.sum(1), squares + values.square().sum(1)

    handle = model.get_submodule(name).register_forward_hook(look)
    try:
        for arguments in batches:
            called(model, arguments)
    finally:
        handle.remove()
    mean, square = total / count, squares / count
    variance = square - mean.square()
    return mean, torch.where(variance > TINY * square, variance, 0.0).sqrt()


def _layers(model: nn.Module, arguments: Any) -> list[str]:
    """Dense layers and convolutions by name, in the order in which they run first."""
    ran: list[str] = []

    def note(name: str) -> Callable[..., None]:
        return lambda module, inputs, output: ran.append(name)

    handles = [
        module.register_forward_hook(note(name))
        for name, module in model.named_modules()
        if getattr(module, "weight", None) is not None and module.get_parameter("weight").ndim > 1
        and not isinstance(module, nn.Embedding)
    ]  # fmt: skip
    try:
        called(model, arguments)
    finally:
        for handle in handles:
            handle.remove()
    return list(dict.fromkeys(ran))


def _average(ratios: Tensor) -> float:
    """Over units that are not constant in the parents."""
    return float(ratios[torch.isfinite(ratios) & (ratios > 0)].mean())


def _arguments(inputs: Any) -> Any:
    return inputs if isinstance(inputs, dict) else tuple(inputs) if isinstance(inputs, list | tuple) else (inputs,)
