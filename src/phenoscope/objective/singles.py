"""The gradients of single examples: each example's own loss, differentiated by itself, many at once."""

import contextlib
import dataclasses
from collections.abc import Iterator, Mapping

import torch
from jaxtyping import Float
from torch import Tensor
from torch.func import grad, vmap

from phenoscope.objective.batches import Batch, by_example, length, rebuilt, take, tensors
from phenoscope.objective.evaluation.network import Network
from phenoscope.objective.weighting import Weighting

CHUNK_BYTES = 2**27
"""Of the gradients that are made at once, unless a number of examples is given: 128 MiB."""


MAPPED = "gradients of several examples"
"""What is noted of a network for which they cannot be made together."""


@dataclasses.dataclass(frozen=True, eq=False)
class ExampleGradients:
    """The gradients of some examples, one a row.

    Over all data, Σᵢ wᵢ gᵢ / Σᵢ wᵢ is the gradient of the loss; of a loss that is a sum, Σᵢ gᵢ is.

    Attributes:
        gradients: (b, p), of each example's own loss; zeros where its weight is 0.
        weights: (b,), what each counts in the loss, in float64: its share of what the loss divides by (its targets
            that are not ignored, say).
    """

    gradients: Float[Tensor, "b p"]
    weights: Float[Tensor, " b"]


def example_gradients(
    network: Network, point: Float[Tensor, " p"], by: Weighting, batches: Iterator[Batch], chunk: int | None
) -> Iterator[ExampleGradients]:
    """The gradients of all examples, a chunk at a time, in the order of the data.

    They are made by vmap(grad), and one after the other where the model or the loss cannot be mapped over examples
    (control flow that looks at values, say).
    """
    size = chunk or max(1, CHUNK_BYTES // (len(point) * point.element_size()))
    for batch in batches:
        for start in range(0, length(batch), size):
            stop = min(start + size, length(batch))
            with network.evaluation():
                gradients, outputs = _together(network, point, batch, start, stop)
            targets = [take(batch, i, i + 1)[1] for i in range(start, stop)]
            weights = [by.of(*seen) for seen in zip(outputs, targets, strict=True)]
            shares = torch.tensor(weights, dtype=torch.float64, device=gradients.device)
            yield ExampleGradients(gradients.masked_fill((shares == 0)[:, None], 0.0), shares)


def example_losses(network: Network, point: Float[Tensor, " p"], batches: Iterator[Batch]) -> Float[Tensor, " b"]:
    """The loss of each example by itself, in float64, in the order of the data."""
    parameters, found = network.layout.unravel(point), []
    with torch.no_grad(), network.evaluation():
        for batch in batches:
            outputs = network.outputs(parameters, batch[0])
            with contextlib.suppress(RuntimeError):  # a loss that cannot be mapped over examples
                if isinstance(batch[1], Tensor):
                    each = vmap(lambda own, target: network.value(own[None], target[None]))(outputs, batch[1])
                    found.append(each.double())
                    continue
            singles = [(outputs[i : i + 1], take(batch, i, i + 1)[1]) for i in range(length(batch))]
            found.append(torch.stack([network.value(*single).double() for single in singles]))
    return torch.cat(found)


def _together(
    network: Network, point: Tensor, batch: Batch, start: int, stop: int
) -> tuple[Float[Tensor, "b p"], list[Tensor]]:
    """Gradients and outputs, each as of a batch of one, of the examples from `start` up to `stop`."""
    each = by_example(batch)
    leaves = [part[start:stop] if own else part for part, own in zip(tensors(batch), each, strict=True)]

    def single(parameters: Mapping[str, Tensor], *parts: Tensor) -> tuple[Tensor, Tensor]:
        inputs, targets = rebuilt(batch, [part[None] if own else part for part, own in zip(parts, each, strict=True)])
        outputs = network.outputs(parameters, inputs)
        return network.value(outputs, targets), outputs

    slopes = grad(single, has_aux=True)
    if MAPPED not in network.failed:
        try:
            axes = (None, *(0 if own else None for own in each))
            found, outputs = vmap(slopes, in_dims=axes)(network.layout.unravel(point), *leaves)
            return network.layout.ravel(found, rows=1).detach(), list(outputs.detach())
        except RuntimeError:  # something that cannot be mapped over examples
            network.failed.add(MAPPED)
    singles = [_alone(network, point, take(batch, i, i + 1)) for i in range(start, stop)]
    return torch.stack([gradient for gradient, _ in singles]), [outputs for _, outputs in singles]


def _alone(network: Network, point: Tensor, example: Batch) -> tuple[Float[Tensor, " p"], Tensor]:
    leaf = point.detach().requires_grad_()
    outputs = network.outputs(network.layout.unravel(leaf), example[0])
    value = network.value(outputs, example[1])
    if not value.requires_grad:
        return torch.zeros_like(leaf), outputs.detach()
    (slope,) = torch.autograd.grad(value, leaf, materialize_grads=True)
    return slope.detach(), outputs.detach()
