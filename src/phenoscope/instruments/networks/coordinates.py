"""Does every layer move as much in a wide network as in a narrow one? The coordinate check of a parametrisation."""

import dataclasses
from collections.abc import Callable, Sequence

import numpy as np
import torch
from jaxtyping import Float
from scipy import stats
from torch import Tensor, nn

from phenoscope.core.errors import BadInput


@dataclasses.dataclass(frozen=True, eq=False)
class CoordinateCheck:
    """How the change of each layer depends on the width.

    Attributes:
        layers: names, in the order in which they run.
        widths: of the networks.
        changes: (seeds, widths, layers), root mean square of the change of a layer's outputs.
        slopes: (layers,), of log change against log width: 0 where it moves as much at any width; the mean over seeds.
        low, high: (layers,), the ends of their intervals, Student's t over seeds.
        level: the chance that such an interval covers the truth.
    """

    layers: tuple[str, ...]
    widths: tuple[int, ...]
    changes: np.ndarray
    slopes: np.ndarray
    low: np.ndarray
    high: np.ndarray
    level: float

    def __str__(self) -> str:
        lines = zip(self.layers, self.slopes, self.low, self.high, strict=True)
        return "\n".join(f"{name}: {slope:+.2f} [{low:+.2f}, {high:+.2f}]" for name, slope, low, high in lines)


def layer_changes(before: nn.Module, after: nn.Module, inputs: Tensor) -> dict[str, float]:
    """By how much the outputs of each layer differ between two states of a network: the root mean square over entries.

    Layers are the modules without children that have a parameter with at least two axes: pre-activations, not what
    follows from them. Units: those of the outputs.

    Args:
        before: the network before some steps.
        after: the same one after them.
        inputs: what both are given, one batch.

    Raises:
        BadInput: networks without such layers, or with different ones.

    Example:
        >>> before, after = nn.Sequential(nn.Linear(1, 1)), nn.Sequential(nn.Linear(1, 1))
        >>> after.load_state_dict({name: value + 1 for name, value in before.state_dict().items()})
        <All keys matched successfully>
        >>> round(layer_changes(before, after, torch.ones(1, 1))["0"], 4)
        2.0
    """
    first, last = _outputs(before, inputs), _outputs(after, inputs)
    if not first or first.keys() != last.keys():
        raise BadInput(
            f"changes are of layers with weights that both networks have, got {sorted(first)} and {sorted(last)}."
        )
    return {name: float((last[name] - first[name]).square().mean().sqrt()) for name in first}


def coordinate_check(
    trained: Callable[[int, int], tuple[nn.Module, nn.Module]],
    widths: Sequence[int],
    inputs: Tensor,
    *,
    seeds: Sequence[int] = (0, 1, 2, 3, 4),
    level: float = 0.95,
) -> CoordinateCheck:
    r"""The exponent with which the change of each layer over a few steps grows with the width, and its interval.

    Under the maximal update parametrisation it is 0 for every layer; in the NTK parametrisation -1/2 for the hidden
    layers and 0 for the outputs; in the standard one, at a fixed rate, changes grow with the width. Sources: Yang
    and Hu 2020, arXiv:2011.14522; Yang et al. 2022, arXiv:2203.03466. A few steps only: what is asked is whether the
    scaling is right, not what is learned.

    Args:
        trained: gives, for a width and a seed, the network before and after some steps.
        widths: at least 2.
        inputs: the batch that changes are seen on.
        seeds: of networks, at least 2.
        level: of the intervals.

    Returns:
        `CoordinateCheck`: changes of each network, slopes of each layer with their ends.

    Raises:
        BadInput: fewer widths or seeds, or a layer that does not change at all or not finitely.

    Example:
        >>> def grown(width, seed):
        ...     before, after = nn.Sequential(nn.Linear(1, 1)), nn.Sequential(nn.Linear(1, 1))
        ...     after.load_state_dict({name: value + width for name, value in before.state_dict().items()})
        ...     return before, after
        >>> print(coordinate_check(grown, (2, 4, 8), torch.ones(1, 1), seeds=(0, 1)).slopes.round(3))
        [1.]
    """
    if len(set(widths)) < 2 or len(set(seeds)) < 2 or not 0 < level < 1:
        raise BadInput(
            f"a coordinate check needs 2 widths, 2 seeds and a level between 0 and 1, got {tuple(widths)}, "
            f"{tuple(seeds)} and {level}."
        )
    found = [[layer_changes(*trained(width, seed), inputs) for width in widths] for seed in seeds]
    layers = tuple(found[0][0])
    if any(tuple(each) != layers for row in found for each in row):
        raise BadInput("the networks of a coordinate check must have the same layers at every width.")
    changes = np.array([[list(each.values()) for each in row] for row in found])
    still = ~(np.isfinite(changes) & (changes > 0)).all(axis=(0, 1))
    if still.any():
        raise BadInput(
            f"the layer {layers[int(still.argmax())]!r} does not change, or not finitely, in some network: it has no "
            "exponent. Take more steps, or a smaller rate."
        )
    logs = np.log(widths) - np.log(widths).mean()
    slopes = np.einsum("w,swl->sl", logs, np.log(changes)) / (logs**2).sum()
    half = stats.t.ppf((1 + level) / 2, len(seeds) - 1) * slopes.std(axis=0, ddof=1) / np.sqrt(len(seeds))
    mean = slopes.mean(axis=0)
    return CoordinateCheck(layers, tuple(widths), changes, mean, mean - half, mean + half, level)


def _outputs(model: nn.Module, inputs: Tensor) -> dict[str, Float[Tensor, "..."]]:
    """What each layer with weights gives; of one that runs several times, all of it."""
    seen: dict[str, list[Tensor]] = {}

    def look(name: str) -> Callable[..., None]:
        def note(module: nn.Module, given: object, made: object) -> None:
            if isinstance(made, Tensor):
                seen.setdefault(name, []).append(made.detach().double().flatten())

        return note

    leaves = [(n, m) for n, m in model.named_modules() if not list(m.children())]
    layers = [(name, leaf) for name, leaf in leaves if any(value.ndim > 1 for value in leaf.parameters())]
    handles = [layer.register_forward_hook(look(name)) for name, layer in layers]
    modes = [(module, module.training) for module in model.modules()]
    try:
        model.eval()
        with torch.no_grad():
            model(inputs)
    finally:
        for handle in handles:
            handle.remove()
        for module, mode in modes:
            module.training = mode
    return {name: torch.cat(parts) for name, parts in seen.items()}
