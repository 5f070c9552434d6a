"""Does it matter which weights a method keeps? Controls that take apart what a mask carries, for every pruner alike."""

import copy
import dataclasses
from collections.abc import Mapping
from typing import Any

import torch
from torch import Generator, Tensor, nn

from phenoscope.core.errors import BadInput
from phenoscope.core.options import one_of
from phenoscope.core.seeds import seeded
from phenoscope.instruments.pruning.pruning import Pruner, prune
from phenoscope.instruments.pruning.scores import SCORES
from phenoscope.instruments.pruning.weights import prunable
from phenoscope.objective import freeze
from phenoscope.objective.batches import Batch

CORRUPTIONS = ("labels", "inputs")


def shuffled(masks: Mapping[str, Tensor], *, generator: Generator | None = None) -> dict[str, Tensor]:
    """Masks with the entries of each layer in a random order: the layers keep as many weights, but other ones.

    Source: Frankle et al. 2020, arXiv:2009.08576; Su et al. 2020, arXiv:2009.11094.
    """
    generator = seeded(generator)
    return {name: _reordered(mask, generator) for name, mask in masks.items()}


def reinitialised(model: nn.Module, *, leave: tuple[str, ...] = (), generator: Generator | None = None) -> nn.Module:
    """A copy whose weights are drawn anew: those of each layer in a random order.

    That is a draw from the same distribution, whatever it was, where entries were drawn independently; the
    orthogonality of a matrix is lost. Biases and gains stay.

    Args:
        model: at its initialisation.
        leave: names or patterns of weights that stay as they are.
        generator: of the order.
    """
    generator, twin = seeded(generator), copy.deepcopy(model)
    with torch.no_grad():
        for value in prunable(twin, leave).values():
            value.copy_(_reordered(value.detach(), generator))
    return twin


def corrupted(data: Any, kind: str = "labels", *, generator: Generator | None = None) -> tuple[Batch, ...]:
    """Data that say nothing of the task.

    Args:
        data: a pair of tensors, or any iterable of (input, target).
        kind: "labels", the targets in a random order; or "inputs", normal noise with each batch's mean and deviation.
        generator: of order or noise.

    Returns:
        The batches, as many examples in each as they had.
    """
    one_of("what is corrupted", kind, CORRUPTIONS)
    generator = seeded(generator)
    pair = isinstance(data, tuple | list) and len(data) == 2 and all(isinstance(part, Tensor) for part in data)
    batches = freeze([tuple(data)]) if pair else freeze(data)
    if kind == "inputs":
        return tuple((_noise(inputs, generator), targets) for inputs, targets in batches)
    if not all(isinstance(targets, Tensor) for _, targets in batches):
        raise BadInput("labels can be put in a random order where the targets of a batch are one tensor.")
    every = torch.cat([targets for _, targets in batches])
    order = torch.randperm(len(every), generator=generator).to(every.device)
    parts = every[order].split([len(targets) for _, targets in batches])
    return tuple((inputs, part) for (inputs, _), part in zip(batches, parts, strict=True))


@dataclasses.dataclass(frozen=True, eq=False)
class Ticket:
    """A network to be trained under masks.

    Attributes:
        model: at its start; the masks have not been applied to it.
        masks: which of its weights are trained; the others are 0.
    """

    model: nn.Module
    masks: dict[str, Tensor]


def sanity_checks(
    model: nn.Module,
    *,
    method: str | Pruner,
    sparsity: float | Mapping[str, float],
    data: Any = None,
    loss: Any = None,
    batch_size: int | None = None,
    inputs: Any = None,
    generator: Generator | None = None,
) -> dict[str, Ticket]:
    """What a pruner makes of a network, and what it should not be as good as if its choice of weights matters.

    Under "as is" stands the pruned network itself. "shuffled" has its masks with each layer in a random order,
    "reinitialised" its masks on other weights, "inverted" the weights with the lowest scores, "random in layers" as
    many weights by chance; and where the score uses data, "random labels" and "noise inputs" were scored on those. A
    method whose tickets train equally well in all of these has found how many weights each layer needs, and no
    more (Frankle et al. 2020, Pruning neural networks at initialization: why are we missing the mark?,
    arXiv:2009.08576).

    Args:
        model: at its start.
        method: as in `prune`, as are the next ones.
        sparsity: the share that is removed.
        data: for scores that use it.
        loss: (outputs, targets) -> scalar, for those.
        batch_size: examples a batch.
        inputs: for paths.
        generator: for what is drawn.
    """
    pruner = method if isinstance(method, Pruner) else Pruner(method)
    generator = seeded(generator)

    def found(pruner: Pruner, on: Any = data, share: Any = sparsity) -> dict[str, Tensor]:
        pruned = prune(
            model, method=pruner, sparsity=share, data=on, loss=loss, batch_size=batch_size, inputs=inputs,
            generator=generator,
        )  # fmt: skip
        return pruned.masks

    masks = found(pruner)
    layers = {name: 1 - float(mask.double().mean()) for name, mask in masks.items()}
    tickets = {
        "as is": Ticket(model, masks),
        "shuffled": Ticket(model, shuffled(masks, generator=generator)),
        "reinitialised": Ticket(reinitialised(model, generator=generator), masks),
        "inverted": Ticket(model, found(dataclasses.replace(pruner, inverted=not pruner.inverted))),
        "random in layers": Ticket(model, found(Pruner("random", leave=pruner.leave), share=layers)),
    }
    if SCORES[pruner.score].data:
        tickets["random labels"] = Ticket(model, found(pruner, corrupted(data, "labels", generator=generator)))
        tickets["noise inputs"] = Ticket(model, found(pruner, corrupted(data, "inputs", generator=generator)))
    return tickets


def _reordered(value: Tensor, generator: Generator) -> Tensor:
    order = torch.randperm(value.numel(), generator=generator).to(value.device)
    return value.flatten()[order].reshape(value.shape)


def _noise(inputs: Any, generator: Generator) -> Any:
    if isinstance(inputs, Tensor) and inputs.is_floating_point():
        drawn = torch.randn(inputs.shape, generator=generator, dtype=torch.float64).to(inputs)
        return inputs.mean() + inputs.std() * drawn
    raise BadInput("noise can take the place of inputs that are one tensor of fractions; corrupt the labels instead.")
