"""What can be read from a kernel: how far it is from another, whether it fits the targets, and along what it learns."""

import dataclasses
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn

from phenoscope.core.errors import BadInput
from phenoscope.instruments.networks.features import last_inputs
from phenoscope.objective import Network
from phenoscope.objective.batches import length


def kernel_distance(one: Tensor, other: Tensor, *, centred: bool = False) -> float:
    r"""$1 - ⟨K, K'⟩ / ‖K‖ ‖K'‖$ with Frobenius norms: 0 for multiples of each other, 1 where nothing is shared.

    Without units. Used along training by Fort et al. 2020, arXiv:2010.15110.

    Args:
        one: a kernel, of any shape.
        other: another, of the same shape.
        centred: whether rows and columns have their means taken out first; for (n, n).

    Example:
        >>> kernel_distance(torch.eye(2), 3 * torch.eye(2))
        0.0
    """
    a, b = (centred_kernel(side) if centred else side.double() for side in _alike(one, other))
    distance = 1.0 - _cosine(a, b)
    return 0.0 if distance < 0 else distance  # by rounding; nan stays nan


def kernel_change(start: Tensor, now: Tensor) -> float:
    """‖K - K₀‖ / ‖K₀‖: the change of a kernel relative to its start, which sees a change of size, too.

    Args:
        start: K₀, of any shape.
        now: K, of the same shape.

    Example:
        >>> kernel_change(torch.eye(2), 3 * torch.eye(2))
        2.0
    """
    a, b = (side.double() for side in _alike(start, now))
    return float((b - a).norm() / a.norm())


def kernel_alignment(kernel: Tensor, targets: Tensor, *, centred: bool = True) -> float:
    r"""Cosine between a kernel and the Gram matrix of the targets: 1 where all it knows is the targets.

    Without units; with the means of rows and columns taken out of both, as a kernel that is one number everywhere
    would else seem aligned (Cortes, Mohri, Rostamizadeh 2012, Algorithms for learning kernels based on centered
    alignment, JMLR 13).

    Args:
        kernel: (n, n), of the examples, summed over outputs.
        targets: class labels (n,), numbers (n,) or vectors (n, k); labels count as unit vectors.
        centred: see above.

    Example:
        >>> kernel_alignment(torch.eye(2), torch.tensor([0, 1]))
        1.0
    """
    if kernel.ndim != 2 or kernel.shape[0] != kernel.shape[1] or len(targets) != len(kernel):
        raise BadInput(
            f"an alignment needs a kernel (n, n) and n targets, got {tuple(kernel.shape)} and {tuple(targets.shape)}. "
            'Ask `empirical_ntk` for outputs="trace".'
        )
    if not targets.is_floating_point():
        targets = torch.nn.functional.one_hot(targets.long())
    columns = targets.double().reshape(len(targets), -1)
    a, b = kernel.double(), columns @ columns.mT
    return _cosine(centred_kernel(a), centred_kernel(b)) if centred else _cosine(a, b)


def effective_rank(kernel: Tensor) -> float:
    """(Σ λ)² / Σ λ² of the eigenvalues: how many directions it has, where equal ones count as one each.

    The participation ratio; unit: dimensions, from 1 to n, for a positive semi-definite kernel.

    Example:
        >>> effective_rank(torch.diag(torch.tensor([1.0, 1.0, 0.0])))
        2.0
    """
    if kernel.ndim != 2 or kernel.shape[0] != kernel.shape[1]:
        raise BadInput(f"an effective rank needs a square kernel, got shape {tuple(kernel.shape)}.")
    own = kernel.double()
    return float(own.trace().square() / own.square().sum())


@dataclasses.dataclass(frozen=True, eq=False)
class KernelModes:
    """The eigenvectors of a kernel, and what of some targets or residuals lies along each.

    Attributes:
        eigenvalues: (n,), falling.
        vectors: (n, n), columns.
        projections: (n, k), of what was given.
        residual: ‖K V - V Λ‖ / ‖K‖, the rounding.
    """

    eigenvalues: Float[Tensor, " n"]
    vectors: Float[Tensor, "n n"]
    projections: Float[Tensor, "n k"]
    residual: float


def kernel_modes(kernel: Tensor, given: Tensor) -> KernelModes:
    """Eigenmodes of a kernel and the projections of targets, or of the residual, on them.

    Along mode k gradient flow on ½ ‖f - y‖²/N shrinks the residual at the rate λ_k/N (`phenoscope.theory.mode_decay`).

    Args:
        kernel: (n, n), symmetric.
        given: (n,) or (n, k).

    Returns:
        `KernelModes`: eigenvalues, vectors, projections, residual, in float64.
    """
    if kernel.ndim != 2 or kernel.shape[0] != kernel.shape[1] or len(given) != len(kernel):
        raise BadInput(
            f"modes need a kernel (n, n) and n rows, got shapes {tuple(kernel.shape)} and {tuple(given.shape)}."
        )
    own = kernel.double()
    values, vectors = (part.flip(-1) for part in torch.linalg.eigh(own))
    residual = float((own @ vectors - vectors * values).norm() / own.norm().clamp_min(torch.finfo(own.dtype).tiny))
    return KernelModes(values, vectors, vectors.mT @ given.double().reshape(len(given), -1), residual)


def conjugate_kernel(model: nn.Module, x1: Any, x2: Any = None) -> Float[Tensor, "n m"]:
    r"""Gram matrix of the last hidden layer, $⟨φ(x), φ(x')⟩$: the kernel if only the readout were trained.

    Unit: squared activation, summed over units, not averaged. φ is what goes into the last module with parameters that
    runs. It is the readout's own part of the tangent kernel, of one output and without its bias.

    Args:
        model: any that has such a module.
        x1: inputs, as the model takes them.
        x2: other inputs; x1 unless given.
    """
    network = Network(model, lambda outputs, targets: outputs.sum())
    parameters = {name: model.get_parameter(name) for name in network.layout.names}

    def features(inputs: Any) -> Tensor:
        with torch.no_grad(), network.evaluation():
            found = last_inputs(model, lambda: network.outputs(parameters, inputs))[1]
        if len(found) != length((inputs, None)):
            raise BadInput(f"the last layer sees {len(found)} rows for {length((inputs, None))} examples.")
        return found

    one = features(x1)
    return one @ (one if x2 is None else features(x2)).mT


def centred_kernel(kernel: Float[Tensor, "n n"]) -> Float[Tensor, "n n"]:
    """With the means of rows and columns taken out, in float64: the kernel of centred features."""
    own = kernel.double()
    return own - own.mean(0, keepdim=True) - own.mean(1, keepdim=True) + own.mean()


def _cosine(a: Tensor, b: Tensor) -> float:
    scale = float(a.norm() * b.norm())
    return float((a * b).sum()) / scale if scale != 0 else 0.0


def _alike(one: Tensor, other: Tensor) -> tuple[Tensor, Tensor]:
    if one.shape != other.shape:
        raise BadInput(f"two kernels are compared entry by entry, got {tuple(one.shape)} and {tuple(other.shape)}.")
    return one, other
