"""A network's outputs as a function of its parameters, and what is known of their derivatives beforehand."""

import contextlib
import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.func import jvp, vjp, vmap
from torch.utils.flop_counter import FlopCounterMode

from phenoscope.core.errors import BadInput
from phenoscope.objective import Network, refusals
from phenoscope.objective.batches import Batch, by_example, length, rebuilt, split, take, tensors
from phenoscope.objective.layers.checks import EXAMPLES, FAILURES, candidates, entangled, verified
from phenoscope.objective.layers.displaced import Displaced, Layer
from phenoscope.objective.trial import reached
from phenoscope.objective.weighting import WHOLE

Named = dict[str, Tensor]


@dataclasses.dataclass(frozen=True, eq=False)
class Subject:
    """The outputs of a network at its own parameters; made by `subject`.

    Attributes:
        network: the model.
        parameters: all trainable ones, by name.
        chosen: the names of those whose derivatives count.
        layers: that have a rule, tried out on a few examples; all their parameters are chosen.
        rest: the chosen names that no layer covers.
        entries: k, outputs of an example.
        forward: multiplications and additions of one example's outputs, as PyTorch counts them (matrix products only).
    """

    network: Network
    parameters: Named
    chosen: tuple[str, ...]
    layers: tuple[Layer, ...]
    rest: tuple[str, ...]
    entries: int
    forward: float

    @property
    def size(self) -> int:
        """p, the number of chosen parameters."""
        return sum(self.parameters[name].numel() for name in self.chosen)

    def outputs(self, changed: Mapping[str, Tensor], inputs: Any) -> Tensor:
        """The outputs (b, k) with some parameters replaced."""
        found = self.network.outputs({**self.parameters, **changed}, inputs)
        return found.reshape(len(found), -1)

    def rows(self, batch: Batch, seeds: Tensor, names: Sequence[str]) -> Named:
        """The derivatives of `seeds` (s, k) times the outputs of each example, by name: (s, b, *shape) each."""
        own = {name: self.parameters[name] for name in names}
        each = by_example(batch)

        def single(*parts: Tensor) -> Named:
            inputs = rebuilt(batch, [p[None] if mine else p for p, mine in zip(parts, each, strict=True)])[0]
            _, back, *_ = vjp(lambda values: self.outputs(values, inputs)[0], own)
            return vmap(lambda seed: back(seed)[0])(seeds)

        with contextlib.suppress(*FAILURES):  # what cannot be mapped over examples, such as a look at values
            # Examples come first, and are moved behind the seeds: PyTorch (2.13) puts them in a wrong place, or fails,
            # where it is told to do that for a derivative that is the same for all examples.
            found = vmap(single, in_dims=tuple(0 if mine else None for mine in each))(*tensors(batch))
            return {name: rows.transpose(0, 1) for name, rows in found.items()}
        leaves = {name: value.detach().requires_grad_() for name, value in own.items()}
        singles: list[list[tuple[Tensor, ...]]] = []
        for one in split(batch, 1):
            outputs = self.outputs(leaves, one[0])[0]
            singles.append([_derivatives((outputs * seed).sum(), leaves) for seed in seeds])
        return {
            name: torch.stack([torch.stack([example[s][i] for example in singles]) for s in range(len(seeds))])
            for i, name in enumerate(names)
        }

    def pushed(self, batch: Batch, directions: Mapping[str, Tensor]) -> Tensor:
        """J v of each direction (v, *shape), by name, and each example: (v, b, k)."""
        own = {name: self.parameters[name] for name in directions}

        def one(direction: Named) -> Tensor:
            return jvp(lambda values: self.outputs(values, batch[0]), (own,), (direction,))[1]  # type: ignore[return-value]

        with contextlib.suppress(*FAILURES):
            return vmap(one)(dict(directions))
        count = len(next(iter(directions.values())))
        return torch.stack([one({name: value[i] for name, value in directions.items()}) for i in range(count)])

    def pulled(self, batch: Batch, seeds: Tensor) -> Named:
        """Jᵀ u of seeds u (b, k), summed over the examples, by name."""
        leaves = {name: self.parameters[name].detach().requires_grad_() for name in self.chosen}
        outputs = self.outputs(leaves, batch[0])
        return dict(zip(leaves, _derivatives((outputs * seeds).sum(), leaves), strict=True))

    def displaced(self, batch: Batch) -> Displaced:
        """The graph from displacements of the layers' outputs to the network's."""
        return Displaced(self.network, self.parameters, self.layers, batch, WHOLE)


def subject(model: nn.Module, inputs: Any, patterns: Sequence[str] | None) -> Subject:
    """Look at a model: which parameters, which layers, how large.

    Args:
        model: as it is; it is evaluated in the mode that it is in, normalisation by its running statistics.
        inputs: some examples.
        patterns: of the parameters' names, as in a shell; all of them unless given.

    Raises:
        BadInput: no parameters, some that are read past the forward pass, outputs that are random, or that examples
            share.
    """
    network = Network(model, _no_loss)
    if not any(part.ndim for part in tensors(inputs)):
        raise BadInput("a kernel needs tensors with examples along the first axis, and none came as inputs.")
    layout = network.layout
    chosen = layout.names
    if patterns is not None:
        picked = layout.unravel(layout.chosen(tuple(patterns)).double())
        chosen = tuple(name for name, part in picked.items() if bool(part.any()))
    parameters = {name: model.get_parameter(name).detach() for name in layout.names}
    few = take((inputs, None), 0, EXAMPLES)
    with network.evaluation():
        refusals.reached(reached(network.outputs(parameters, few[0]), model))
        with torch.no_grad():
            reason, outputs, _ = entangled(network, parameters, few)
            with FlopCounterMode(display=False) as counter:
                again = network.outputs(parameters, few[0])
            _refuse(reason, outputs, again)
        layers = verified(network, parameters, WHOLE, few, candidates(network, parameters, few, chosen))
    covered = {name for layer in layers for name in layer.names.values()}
    rest = tuple(name for name in chosen if name not in covered)
    forward = counter.get_total_flops() / 2 / length(few)
    return Subject(network, parameters, chosen, layers, rest, outputs.numel() // length(few), forward)


def _refuse(reason: str, outputs: Tensor, again: Tensor) -> None:
    if not torch.equal(outputs, again):
        raise BadInput(
            "the outputs differ between two evaluations, so they have no one kernel. Call `model.eval()` if the model "
            "draws at random (dropout)."
        )
    if reason:
        raise BadInput(f"a tangent kernel is between examples, and here {reason}. Pass a model of single examples.")


def _no_loss(outputs: Tensor, targets: Any) -> Tensor:
    return outputs.sum()


def _derivatives(value: Tensor, leaves: Named) -> tuple[Tensor, ...]:
    if not value.requires_grad:
        return tuple(torch.zeros_like(leaf) for leaf in leaves.values())
    return torch.autograd.grad(value, list(leaves.values()), retain_graph=True, materialize_grads=True)
