"""Kernel machines that learn features: ridge regression with a metric that is the predictor's own sensitivity."""

import dataclasses
from collections.abc import Iterator, Mapping

import torch
from jaxtyping import Float
from torch import Tensor

from phenoscope.core.errors import BadInput
from phenoscope.core.options import one_of
from phenoscope.core.seeds import stream
from phenoscope.core.specs import spec
from phenoscope.methods.computation import Found


@dataclasses.dataclass(frozen=True, eq=False)
class LaplacePredictor:
    """Ridge regression with the Laplace kernel exp(-‖x - x'‖_M / bandwidth), ‖v‖²_M = vᵀMv; a function of inputs.

    Attributes:
        metric: M, (d, d).
        root: its symmetric square root.
        centres: the inputs that were learned from, (n, d).
        weights: of the kernel at each of these, (n, k).
        offset: the mean of the targets, (k,), which is taken off before the regression.
        bandwidth: in the units of ‖·‖_M.
    """

    metric: Float[Tensor, "d d"]
    root: Float[Tensor, "d d"]
    centres: Float[Tensor, "n d"]
    weights: Float[Tensor, "n k"]
    offset: Float[Tensor, " k"]
    bandwidth: float

    def __call__(self, inputs: Float[Tensor, "m d"]) -> Float[Tensor, "m k"]:
        """Predictions."""
        return self.kernel(inputs) @ self.weights + self.offset

    def kernel(self, inputs: Float[Tensor, "m d"]) -> Float[Tensor, "m n"]:
        """Between inputs and centres."""
        return torch.exp(-self._distances(inputs.double()) / self.bandwidth)

    def gradient_outer_product(self, inputs: Float[Tensor, "m d"]) -> Float[Tensor, "d d"]:
        """The mean over inputs of Σ_c ∇f_c ∇f_cᵀ; at its own centre a kernel, which has a cusp there, has slope 0."""
        x = inputs.double()
        distances = self._distances(x)
        pull = torch.where(distances > 0, torch.exp(-distances / self.bandwidth) / distances, 0.0)
        total = torch.zeros_like(self.metric)
        for own in self.weights.mT:
            each = pull * own  # (m, n)
            slopes = (each @ self.centres - each.sum(1, keepdim=True) * x) @ self.metric / self.bandwidth
            total += slopes.mT @ slopes
        return total / len(x)

    def _distances(self, inputs: Tensor) -> Tensor:
        here, there = inputs.double() @ self.root, self.centres @ self.root
        return torch.cdist(here, there, compute_mode="donot_use_mm_for_euclid_dist")  # exactly 0 between equal inputs


def recursive_features(
    inputs: Float[Tensor, "n d"],
    targets: Float[Tensor, " n *outputs"],
    *,
    rounds: int = 5,
    bandwidth: float = 10.0,
    ridge: float = 1e-3,
) -> tuple[LaplacePredictor, ...]:
    r"""Recursive feature machine: alternate kernel ridge regression and its average gradient outer product.

    Round 0 has the metric M = I. Every further one has for its metric the mean over the examples of
    $\sum_c ∇f_c ∇f_c^⊤$ of the predictor f before, divided by its mean diagonal entry, so that typical distances stay
    as they are where inputs vary alike in all directions. A direction in which the predictor does not change is one
    that the next kernel hardly sees: features are learned without a network (Radhakrishnan, Beaglehole, Pandit, Belkin
    2022, arXiv:2212.13881). All in float64; takes n²d operations and n² numbers a round.

    Args:
        inputs: (n, d).
        targets: numbers (n,) or (n, k).
        rounds: after round 0.
        bandwidth: of the Laplace kernel.
        ridge: added to the kernel's diagonal, which is 1.

    Returns:
        The predictors of all rounds, the one with M = I first.

    Raises:
        BadInput: shapes that do not fit, settings that are not positive, numbers that are not finite.

    Example:
        >>> x = torch.linspace(-2, 2, 40).reshape(20, 2)
        >>> first, last = recursive_features(x, x[:, 0] ** 2, rounds=1)
        >>> first.metric.trace().item(), round(last.metric.trace().item(), 6)
        (2.0, 2.0)
    """
    fits = inputs.ndim == 2 and len(inputs) == len(targets) > 0 and targets.ndim in (1, 2)
    if not fits or not bool(torch.isfinite(inputs).all() & torch.isfinite(targets).all()):
        raise BadInput(
            "recursive features need finite inputs (n, d) and targets (n,) or (n, k), got the shapes "
            f"{tuple(inputs.shape)} and {tuple(targets.shape)}."
        )
    if rounds < 0 or not bandwidth > 0 or not ridge > 0:
        raise BadInput(
            f"recursive features need rounds of at least 0 and a positive bandwidth and ridge, got {rounds}, "
            f"{bandwidth} and {ridge}."
        )
    x, y = inputs.double(), targets.double().reshape(len(targets), -1)
    metric = torch.eye(x.shape[1], dtype=torch.float64, device=x.device)
    found = []
    for _ in range(rounds + 1):
        found.append(_fitted(x, y, metric, bandwidth, ridge))
        outer = found[-1].gradient_outer_product(x)
        size = outer.diagonal().mean()
        metric = outer / size if size > 0 else metric  # a constant predictor has no directions
    return tuple(found)


def _fitted(x: Tensor, y: Tensor, metric: Tensor, bandwidth: float, ridge: float) -> LaplacePredictor:
    values, vectors = torch.linalg.eigh(metric)
    root = (vectors * values.clamp_min(0).sqrt()) @ vectors.mT
    offset = y.mean(0)
    made = LaplacePredictor(metric, root, x, y, offset, bandwidth)
    kernel = made.kernel(x)
    kernel.diagonal().add_(ridge)
    return dataclasses.replace(made, weights=torch.cholesky_solve(y - offset, torch.linalg.cholesky(kernel)))


TARGETS = ("product", "length")


@spec
class RecursiveFeatures:
    """Recursive features on standard normal inputs, where it is known which directions matter.

    Series, one reading a round: "test error", the mean squared error on as many new examples over the variance of their
    targets; "share of the metric", what the first two inputs have of the trace of M.

    Attributes:
        target: "product", x₁x₂, of two inputs only; "length", ‖x‖, in which no direction is better than another.
        dimensions: d, at least 3.
        examples: n.
        steps: rounds.
        bandwidth, ridge: as in `recursive_features`.
        seed: of the examples.
    """

    target: str = "product"
    dimensions: int = 50
    examples: int = 1000
    steps: int = 5
    bandwidth: float = 10.0
    ridge: float = 1e-3
    seed: int = 0

    def __post_init__(self) -> None:
        one_of("target", self.target, TARGETS)
        if self.dimensions < 3 or self.examples < 2 or self.steps < 1 or min(self.bandwidth, self.ridge) <= 0:
            raise BadInput(
                "recursive features need at least 3 dimensions, 2 examples and 1 round, and a positive bandwidth and "
                f"ridge, got {self}."
            )

    @property
    def units(self) -> Mapping[str, str]:
        return {"test error": "1", "share of the metric": "1"}

    def readings(self) -> Iterator[Found]:
        """Of every round, all at the end, since a round is not worth waiting for."""
        generator = stream(self.seed, "data")
        inputs = torch.randn(2 * self.examples, self.dimensions, generator=generator, dtype=torch.float64)
        targets = inputs[:, 0] * inputs[:, 1] if self.target == "product" else inputs.norm(dim=1)
        (x, others), (y, truth) = inputs.split(self.examples), targets.split(self.examples)
        found = recursive_features(x, y, rounds=self.steps, bandwidth=self.bandwidth, ridge=self.ridge)
        for step, predictor in enumerate(found):
            error = (predictor(others)[:, 0] - truth).square().mean() / truth.var()
            share = predictor.metric[:2, :2].trace() / predictor.metric.trace()
            yield Found(step, {"test error": float(error), "share of the metric": float(share)})
