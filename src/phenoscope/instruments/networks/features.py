"""How rich are the features that a network hands to its last layer: how many directions, and how many active units?"""

import dataclasses
from collections.abc import Callable

import torch
from jaxtyping import Float
from torch import Tensor, nn

from phenoscope.core.errors import BadInput
from phenoscope.instruments.reading import Reading
from phenoscope.objective import Objective

VARIANCE = 0.99


@dataclasses.dataclass(frozen=True)
class FeatureRank(Reading):
    """The effective rank of the features, with what it rests on.

    Attributes:
        value: the fewest principal components that hold the asked share of the variance.
        active: the share of entries that are not 0.
        units: entries of one example's features.
        examples: how many.
        variance: the share asked for.
        layer: the name of the last layer, whose inputs the features are.
    """

    value: float
    active: float
    units: int
    examples: int
    variance: float
    layer: str

    @property
    def evidence(self) -> str:
        return (
            f"{self.variance:.0%} of the variance of {self.units} inputs of {self.layer} on {self.examples} examples; "
            f"{self.active:.1%} of them are not 0"
        )


def feature_rank(objective: Objective, variance: float = VARIANCE) -> FeatureRank:
    r"""Principal components that hold 99 % of the variance of the features, over all data.

    The features are what goes into the last module with parameters that runs, one row an example, centred. With
    singular values s of that matrix it is the least k with Σ_{i≤k} sᵢ² ≥ `variance` · Σ sᵢ²; 0 where nothing varies.
    Used as by Andriushchenko et al. 2023 (Sharpness-aware minimization leads to low-rank features, arXiv:2305.16292).
    Unit: dimensions. Beside it stands the share of entries that are not 0, which for ReLU are the active units.

    Args:
        objective: the loss; only model and data matter.
        variance: the share, above 0 and at most 1.

    Raises:
        BadInput: a model without parameters in its last layers, or another share.

    Example:
        >>> model = torch.nn.Sequential(torch.nn.ReLU(), torch.nn.Linear(2, 1))
        >>> data = torch.tensor([[1.0, 0.0], [3.0, 0.0], [2.0, -1.0]]), torch.zeros(3, 1)
        >>> found = feature_rank(Objective(model, torch.nn.MSELoss(), data))
        >>> found.value, found.active
        (1.0, 0.5)
    """
    if not 0 < variance <= 1:
        raise BadInput(f"`variance` is a share, above 0 and at most 1, got {variance}.")
    layer, own = last_inputs(objective.model, objective.outputs)
    features = objective.processes.stack(own)
    centred = (features - features.mean(dim=0)).double()
    squares = torch.linalg.svdvals(centred).square()
    held, rank = squares.cumsum(0), 0.0
    if held[-1] > 0:
        # the rounding of a sum of equal parts must not ask for one more
        rank = float((held < variance * held[-1] * (1 - 1e-12)).sum() + 1)
    active = float((features != 0).double().mean())
    return FeatureRank(rank, active, features.shape[1], len(features), variance, layer)


def last_inputs(model: nn.Module, run: Callable[[], object]) -> tuple[str, Float[Tensor, "n u"]]:
    """The name of the last module with parameters that runs, and its inputs, one row an example.

    Each module's inputs take the place of those before, so that of every pass the last ones alone are kept.
    """
    latest: dict[str, Tensor] = {}
    kept: list[tuple[str, Tensor]] = []

    def note(name: str, given: tuple[object, ...]) -> None:
        if len(given) == 1 and isinstance(given[0], Tensor) and given[0].ndim > 1:
            latest.clear()
            latest[name] = given[0].detach().flatten(1)

    def look(name: str) -> object:
        return lambda module, given: note(name, given)

    def end(*_: object) -> None:
        kept.extend(latest.items())
        latest.clear()

    leaves = [(n, m) for n, m in model.named_modules() if not list(m.children()) and list(m.parameters())]
    handles = [leaf.register_forward_pre_hook(look(name)) for name, leaf in leaves]  # type: ignore[arg-type]
    handles.append(model.register_forward_hook(end))
    try:
        run()
    finally:
        for handle in handles:
            handle.remove()
    if not kept:
        raise BadInput("the model has no layer with parameters that takes one tensor, so it has no features.")
    last = kept[-1][0]
    return last, torch.cat([inputs for name, inputs in kept if name == last])
