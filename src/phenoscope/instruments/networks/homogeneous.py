"""Is a homogeneous network at a KKT point of the largest margin? Its margin, and how far it is off."""

import dataclasses

import numpy as np
import torch
from scipy.optimize import nnls
from torch import Tensor, nn
from torch.func import functional_call

from phenoscope.core.errors import BadInput
from phenoscope.core.points import layout
from phenoscope.instruments.reading import Reading


@dataclasses.dataclass(frozen=True, eq=False)
class MarginConditions(Reading):
    """How far a network is from a KKT point of the largest margin.

    Attributes:
        value: the root of the sum of the squares of the next two, at the weights λ >= 0 that make it least.
        stationarity: what lacks of it, ‖θ - Σ λᵢ∇qᵢ‖ / ‖θ‖.
        slackness: L Σ λᵢ (qᵢ - q) / ‖θ‖² of the margins qᵢ and the smallest one q: the share of θ that comes from
            examples that do not hold the margin.
        margin: q / ‖θ‖^L, negative where an example is on the wrong side.
        order: L, the mean of ⟨θ, ∇qᵢ⟩ / qᵢ.
        inhomogeneity: the largest |⟨θ, ∇qᵢ⟩ - L qᵢ| over the largest L |qᵢ|: 0 for a homogeneous network, of which all
            else is meant.
        weights: λ, (n,).
    """

    value: float
    stationarity: float
    slackness: float
    margin: float
    order: float
    inhomogeneity: float
    weights: Tensor

    @property
    def evidence(self) -> str:
        held = int((self.weights > 0).sum())
        return (
            f"stationarity {self.stationarity:.2g}, slackness {self.slackness:.2g}, {held} of {len(self.weights)} "
            f"examples pull; order {self.order:.3g}, "
            f"homogeneous to {self.inhomogeneity:.1g}"
        )


def margin_conditions(model: nn.Module, inputs: Tensor, targets: Tensor) -> MarginConditions:
    """The normalised margin of a network of two classes, and its distance from the KKT conditions of the largest one.

    A network is homogeneous of order L where f(x; cθ) = c^L f(x; θ) for c > 0, as ReLU networks without biases are.
    Gradient flow on a loss with an exponential tail raises its margin once all examples are right, and the direction of
    θ goes to a KKT point of: the smallest ‖θ‖ with all margins at least 1. There θ is a combination of the gradients of
    those margins that are smallest, with weights that are not negative. Whether f is homogeneous is checked by Euler's
    identity ⟨θ, ∇f⟩ = L f. A KKT point need not have the largest margin, not even nearby. Sources: Lyu and Li 2019,
    arXiv:1906.05890; Ji and Telgarsky 2020, arXiv:2006.06657. The model is left as it is; float64 is advised. One
    backward pass an example.

    Args:
        model: with one output an example.
        inputs: (n, ...).
        targets: yᵢ, 1 or -1, (n,) or (n, 1); qᵢ = yᵢ f(xᵢ).

    Raises:
        BadInput: other outputs or targets, or a network that is 0.

    Example:
        >>> model = torch.nn.Linear(2, 1, bias=False).double()
        >>> _ = model.weight.data.copy_(torch.tensor([[1.0, 1.0]]))
        >>> found = margin_conditions(model, torch.eye(2).double(), torch.ones(2))
        >>> round(found.value, 6), round(found.margin, 6), found.order
        (0.0, 0.707107, 1.0)
    """
    signs = targets.reshape(-1).to(inputs.dtype if inputs.is_floating_point() else torch.get_default_dtype())
    if len(signs) != len(inputs) or not len(signs) or not bool((signs.abs() == 1).all()):
        raise BadInput(f"margin conditions need a target of 1 or -1 for each of {len(inputs)} inputs, got {targets}.")
    margins, gradients, point = _gradients(model, inputs, signs)
    size = float(np.linalg.norm(point))
    along = gradients @ point
    largest = float(np.abs(margins).max())
    if size == 0 or largest == 0:
        raise BadInput("the network or all of its outputs are 0, so it has no direction. Train it, or start elsewhere.")
    order = float((along @ margins) / (margins @ margins))
    away = float(np.abs(along - order * margins).max()) / (abs(order) * largest or 1.0)
    least = float(margins.min())
    # both conditions at once: with as many examples as parameters either alone can always be met
    slack = abs(order) * (margins - least) / size**2
    system = np.vstack([gradients.T / size, slack])
    scale = float(np.linalg.norm(system)) or 1.0
    weights, missing = nnls(system / scale, np.append(point / size, 0.0), maxiter=100 * len(margins))
    weights = weights / scale
    return MarginConditions(
        value=float(missing), stationarity=float(np.linalg.norm(point / size - system[:-1] @ weights)),
        slackness=float(slack @ weights), margin=least / size**order, order=order, inhomogeneity=away,
        weights=torch.from_numpy(weights),
    )  # fmt: skip


def _gradients(model: nn.Module, inputs: Tensor, signs: Tensor) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """qᵢ (n,), ∇qᵢ (n, p) and θ (p,), in float64; through copies of the parameters, so that nothing is left behind."""
    places = layout(model)
    copies = {name: model.get_parameter(name).detach().clone().requires_grad_() for name in places.names}
    buffers = {name: value.clone() for name, value in model.named_buffers()}
    with torch.enable_grad():
        outputs = functional_call(model, (copies, buffers), (inputs,))
        if not isinstance(outputs, Tensor) or outputs.numel() != len(inputs):
            raise BadInput("margin conditions are for networks with one output an example.")
        margins = outputs.reshape(-1) * signs
        rows = []
        for each in margins:
            parts = torch.autograd.grad(each, tuple(copies.values()), retain_graph=True, materialize_grads=True)
            rows.append(places.ravel(dict(zip(copies, parts, strict=True))))
    point = places.ravel({name: value.detach() for name, value in copies.items()})
    found = (margins.detach(), torch.stack(rows), point)
    first, second, third = (part.double().cpu().numpy() for part in found)
    return first, second, third
