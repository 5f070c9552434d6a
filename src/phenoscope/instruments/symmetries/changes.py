"""Which changes of the parameters leave the function of a network as it is?

Found in a network by what its layers do: layers that run one after the other, each on what the one before gave, and
between two affine ones only layers that commute with the change. A residual connection or a function between layers can
hide from this, so whoever uses a change checks it on the data: `deviation` says what it did to the outputs.
"""

import copy
import dataclasses
import itertools
from collections.abc import Callable, Iterator

import torch
from torch import Tensor, nn

from phenoscope.core.seeds import seeded
from phenoscope.objective import Objective

PRESERVED = 1e-5
"""Outputs that change by less, relative to the largest, are the same function's."""
NORMALISATIONS = (nn.modules.batchnorm._NormBase, nn.LayerNorm, nn.GroupNorm, nn.RMSNorm)

Change = Callable[[nn.Module], None]
"""Changes a model in place."""


@dataclasses.dataclass(frozen=True)
class Symmetry:
    """A change of the parameters that ought to leave the function as it is.

    Attributes:
        name: of its kind: "layer rescaling", "permutation", "normalisation scale".
        says: what is done, to which layers.
        change: does it to a model in place.
    """

    name: str
    says: str
    change: Change

    def of(self, objective: Objective) -> Objective:
        """The same loss on the same data for a changed copy of the model."""
        model = copy.deepcopy(objective.model)
        with torch.no_grad():
            self.change(model)
        return objective.of(model)


@dataclasses.dataclass(frozen=True)
class Absent:
    """A kind of symmetry that was not found, and why."""

    name: str
    why: str


@dataclasses.dataclass(frozen=True, eq=False)
class _Layer:
    """A layer as it ran: its name, itself, one input and what came of it."""

    name: str
    module: nn.Module
    seen: Tensor
    gave: Tensor

    @property
    def affine(self) -> bool:
        """A dense layer or a convolution: its output is linear in its weight and bias."""
        own = dict(self.module.named_parameters())
        weight = own.get("weight")
        if (
            weight is None
            or own.keys() - {"weight", "bias"}
            or isinstance(self.module, (*NORMALISATIONS, nn.Embedding))
        ):
            return False
        axis = self.axis
        return weight.ndim > 1 and weight.shape[0] == self.gave.shape[axis] and weight.shape[1] == self.seen.shape[axis]

    @property
    def axis(self) -> int:
        """Where the features lie: last for dense layers, second for those with axes of space."""
        return -1 if self.module.get_parameter("weight").ndim == 2 else 1

    @property
    def normal(self) -> bool:
        return isinstance(self.module, NORMALISATIONS)

    @property
    def plain(self) -> bool:
        return next(self.module.parameters(), None) is None

    def homogeneous(self) -> bool:
        """Whether four times the input gives four times the output."""
        return self.plain and torch.allclose(self.module(4 * self.seen), 4 * self.gave)

    def commutes(self) -> bool:
        """Whether turning the order of the features around turns that of the outputs around, block by block."""
        if not self.plain or self.gave.shape[1] % self.seen.shape[1]:
            return False
        turned = _blocks(self.gave, self.seen.shape[1]).flip(1).reshape(self.gave.shape)
        return torch.allclose(self.module(self.seen.flip(1)), turned)


def symmetries(
    objective: Objective, *, factor: float = 4.0, generator: torch.Generator | None = None
) -> tuple[tuple[Symmetry, ...], tuple[Absent, ...]]:
    """The symmetries found in the network of an objective, one a kind, and why the others were not.

    Args:
        objective: the loss; its first batch is run through a copy of the model.
        factor: by which layers are scaled; a power of two changes no digit of a dense network's outputs.
        generator: of the permutations; seeded with 0 unless given.
    """
    chains = _chains(objective)
    tried = {
        "layer rescaling": _rescaling(chains, factor),
        "permutation": _permutation(chains, seeded(generator)),
        "normalisation scale": _normalisation(chains, factor),
    }
    found = tuple(Symmetry(name, *made) for name, made in tried.items() if not isinstance(made, str))
    return found, tuple(Absent(name, why) for name, why in tried.items() if isinstance(why, str))


def deviation(before: Tensor, after: Tensor) -> float:
    """The largest change of an output, relative to the largest output; 0 where every bit is the same."""
    if torch.equal(before, after):
        return 0.0
    return float((after - before).abs().max() / before.abs().max().clamp_min(torch.finfo(before.dtype).tiny))


def _rescaling(chains: list[list[_Layer]], factor: float) -> tuple[str, Change] | str:
    for first, between, second in _pairs(chains):
        scaled = next((layer for layer in reversed(between) if layer.normal and not layer.plain), first)
        after = between[between.index(scaled) + 1 :] if scaled in between else between
        if all(layer.homogeneous() for layer in after):

            def change(model: nn.Module, up: str = scaled.name, down: str = second.name) -> None:
                for part in model.get_submodule(up).parameters():
                    part.mul_(factor)
                model.get_submodule(down).get_parameter("weight").div_(factor)

            return f"{scaled.name} times {factor:g}, {second.name} divided by it", change
    return "between no two layers lies only what is positively homogeneous (tanh is not, ReLU is)"


def _permutation(chains: list[list[_Layer]], generator: torch.Generator) -> tuple[str, Change] | str:
    spots = []
    for first, between, second in _pairs(chains):
        if all(layer.commutes() or _by_channel(layer) for layer in between):
            count = first.module.get_parameter("weight").shape[0]
            order = torch.randperm(count, generator=generator, device=generator.device)
            normal = [layer.name for layer in between if layer.normal]
            spots.append((first.name, normal, second.name, order))
    if not spots:
        return "between no two layers can the order of the units be changed"

    def change(model: nn.Module) -> None:
        for first, normal, second, order in spots:
            for name in (first, *normal):
                module = model.get_submodule(name)
                for part in (*module.parameters(), *(part for part in module.buffers() if part.ndim)):
                    part.copy_(part[order.to(part.device)])
            weight = model.get_submodule(second).get_parameter("weight")
            columns = _blocks(weight, len(order))[:, order.to(weight.device)]
            weight.copy_(columns.reshape(weight.shape))

    return f"the units of {', '.join(first for first, *_ in spots)} in another order", change


def _normalisation(chains: list[list[_Layer]], factor: float) -> tuple[str, Change] | str:
    spots = [
        (first.name, second.name)
        for chain in chains
        for first, second in itertools.pairwise(chain)
        if first.affine and second.normal
    ]
    if not spots:
        return "no layer is followed by a normalisation layer"

    def change(model: nn.Module) -> None:
        for before, after in spots:
            for part in model.get_submodule(before).parameters():
                part.mul_(factor)
            _follow(model.get_submodule(after), factor)

    return (
        f"{', '.join(before for before, _ in spots)} times {factor:g}, and so what normalises it (with its ε)",
        change,
    )


def _follow(module: nn.Module, factor: float) -> None:
    """What a normalisation layer has in units of its inputs, scaled with them: running statistics and ε."""
    mean, variance, epsilon = (getattr(module, name, None) for name in ("running_mean", "running_var", "eps"))
    if isinstance(mean, Tensor) and isinstance(variance, Tensor):
        mean.mul_(factor)
        variance.mul_(factor**2)
    if isinstance(epsilon, float):
        module.eps = epsilon * factor**2  # type: ignore[assignment] (a number on every normalisation layer)


def _pairs(chains: list[list[_Layer]]) -> Iterator[tuple[_Layer, list[_Layer], _Layer]]:
    """Affine layers that follow each other, and what lies between."""
    for chain in chains:
        places = [place for place, layer in enumerate(chain) if layer.affine]
        for one, other in itertools.pairwise(places):
            yield chain[one], chain[one + 1 : other], chain[other]


def _by_channel(layer: _Layer) -> bool:
    """Whether it normalises every channel by itself, or all of them together, with numbers of each channel's own."""
    if isinstance(layer.module, nn.GroupNorm):
        return layer.module.num_groups in (1, layer.module.num_channels)
    if isinstance(layer.module, nn.LayerNorm | nn.RMSNorm):
        return len(layer.module.normalized_shape) == 1
    return layer.normal


def _blocks(values: Tensor, count: int) -> Tensor:
    """The second axis as `count` blocks: the entries that came of each of so many features."""
    return values.unflatten(1, (count, -1))


def _chains(objective: Objective) -> list[list[_Layer]]:
    """The layers of the model that ran one after the other, each on the very tensor that the one before gave."""
    model = copy.deepcopy(objective.model)
    ran: list[_Layer] = []
    runs: dict[str, int] = {}

    def note(name: str) -> Callable[..., None]:
        def hook(module: nn.Module, inputs: tuple[object, ...], output: object) -> None:
            runs[name] = runs.get(name, 0) + 1
            if runs[name] == 1 and len(inputs) == 1 and isinstance(inputs[0], Tensor) and isinstance(output, Tensor):
                ran.append(_Layer(name, module, inputs[0], output))

        return hook

    for name, module in model.named_modules():
        if next(module.children(), None) is None:
            module.register_forward_hook(note(name))
    objective.of(model).outputs()
    chains: list[list[_Layer]] = []
    for layer in ran:
        following = chains and (chains[-1][-1].gave is layer.seen)
        chains[-1].append(layer) if following else chains.append([layer])
    return chains
