"""Losses that are specs: a recipe can name them, and their denominators are known."""

import torch
from jaxtyping import Float, Int, Shaped
from torch import Tensor

from phenoscope.core.errors import BadInput
from phenoscope.core.specs import spec

NEVER = -(2**31)
"""A label that no example has."""


def cross_entropy(outputs: Tensor, labels: Tensor, reduction: str = "mean") -> Tensor:
    """PyTorch's cross-entropy, without its label -100 that is left out: here every example counts."""
    return torch.nn.functional.cross_entropy(outputs, labels, ignore_index=NEVER, reduction=reduction)


@spec
class SquaredError:
    """½ ‖f(x) - e_y‖², summed over the outputs and averaged over the examples; e_y is the one-hot label.

    In a regression the targets are numbers (n,), and it is ½ (f(x) - y)² of the one output.

    With this factor the Hessian of a linear model is the mean of x xᵀ for each output, and gradient descent
    with rate η is stable below curvature 2/η.
    """

    denominator = "examples"
    output_curvature = "constant"

    def __call__(self, outputs: Float[Tensor, "n c"], labels: Shaped[Tensor, " n"]) -> Float[Tensor, ""]:
        if labels.is_floating_point():
            return (outputs - _beside(outputs, labels)).square().sum() / (2 * outputs.shape[0])
        targets = torch.nn.functional.one_hot(labels, outputs.shape[-1]).to(outputs.dtype)
        return (outputs - targets).square().sum() / (2 * outputs.shape[0])

    def each(self, outputs: Float[Tensor, "m n c"], labels: Shaped[Tensor, "m n"]) -> Float[Tensor, " m"]:
        """The loss of each of m networks on its own examples."""
        if labels.is_floating_point():
            targets = _beside(outputs, labels)
        else:
            targets = torch.nn.functional.one_hot(labels, outputs.shape[-1]).to(outputs.dtype)
        return (outputs - targets).square().sum(dim=(1, 2)) / (2 * outputs.shape[1])


@spec
class CrossEntropy:
    """-log softmax(f(x))_y, averaged over the examples, in nats."""

    denominator = "examples"
    output_curvature = "varying"

    def __call__(self, outputs: Float[Tensor, "n c"], labels: Int[Tensor, " n"]) -> Float[Tensor, ""]:
        return cross_entropy(outputs, labels)

    def each(self, outputs: Float[Tensor, "m n c"], labels: Int[Tensor, "m n"]) -> Float[Tensor, " m"]:
        """The loss of each of m networks on its own examples."""
        # Classes along the second axis: along the last one, ten at a time, the softmax takes twenty times as long.
        losses = cross_entropy(outputs.transpose(1, 2), labels, reduction="none")
        return losses.mean(dim=1)

    def slopes(
        self, outputs: Float[Tensor, "m n c"], labels: Int[Tensor, "m n"]
    ) -> tuple[Float[Tensor, " m"], Float[Tensor, "m n c"]]:
        """The loss of each of m networks on its own examples, and its derivative in that network's outputs."""
        logs, right = outputs.transpose(1, 2).log_softmax(dim=1), labels[:, None]
        losses = -logs.gather(1, right).mean(dim=(1, 2))
        slopes = logs.exp_().scatter_add_(1, right, -torch.ones_like(logs[:, :1]))
        return losses, slopes.div_(labels.shape[1]).transpose(1, 2)


@spec
class PenalisedCrossEntropy:
    """The cross-entropy plus ½ `penalty` ‖f(x)‖², averaged over the examples: outputs are kept small, not weights.

    Source: Pezeshki et al. 2020, Gradient starvation, arXiv:2011.09468, who call it spectral decoupling.

    Attributes:
        penalty: how much, at least 0.
    """

    penalty: float

    denominator = "examples"
    output_curvature = "varying"

    def __post_init__(self) -> None:
        if not self.penalty >= 0:
            raise BadInput(f"the penalty on the outputs is at least 0, got {self.penalty}.")

    def __call__(self, outputs: Float[Tensor, "n c"], labels: Int[Tensor, " n"]) -> Float[Tensor, ""]:
        plain = cross_entropy(outputs, labels)
        return plain + self.penalty * outputs.square().sum() / (2 * outputs.shape[0])


def _beside(outputs: Float[Tensor, "*n c"], targets: Float[Tensor, " *n"]) -> Float[Tensor, "*n 1"]:
    """The targets of a regression beside its one output; several would be compared with one number each."""
    if outputs.shape[-1] != 1:
        raise BadInput(f"targets that are numbers need one output, got {outputs.shape[-1]}. Pass class labels instead.")
    return targets[..., None]
