"""Gaussian clusters: the classification problem whose every property has a formula."""

import torch
from jaxtyping import Float
from torch import Generator, Tensor

from phenoscope.core.errors import BadInput
from phenoscope.core.specs import spec
from phenoscope.data.examples import Examples, Pool


@spec
class GaussianClusters:
    """A mixture of Gaussians with unit covariance, one a class, as many examples of each (within one).

    The means have norm `separation` and lie in orthogonal directions, drawn uniformly, where there are no more
    classes than dimensions; two means are then `separation * sqrt(2)` apart. With more classes the directions are
    uniform and independent. Means and examples are drawn anew by each `load`. There is no official test part.

    Attributes:
        classes: number of classes, at least 2.
        dimensions: entries of one input.
        separation: norm of each mean, in standard deviations of a cluster.
        examples: number of examples in all.
    """

    classes: int
    dimensions: int
    separation: float
    examples: int

    def __post_init__(self) -> None:
        if self.classes < 2 or self.dimensions < 1 or self.separation < 0 or self.examples < self.classes:
            raise BadInput(
                "Gaussian clusters need at least 2 classes, 1 dimension, a separation of at least 0 and one example "
                f"a class, got {self}."
            )

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of one input: (dimensions,)."""
        return (self.dimensions,)

    def load(self, generator: Generator) -> Pool:
        """Draw the means, then the examples; labels run 0, 1, 2, ..., 0, 1, 2, ..."""
        means = self.separation * _directions(self.classes, self.dimensions, generator)
        targets = torch.arange(self.examples) % self.classes
        noise = torch.randn(self.examples, self.dimensions, generator=generator, dtype=torch.float64)
        return Pool(Examples((means[targets] + noise).float(), targets), None, self.classes)


def _directions(count: int, dimensions: int, generator: Generator) -> Float[Tensor, "count dimensions"]:
    gaussian = torch.randn(dimensions, count, generator=generator, dtype=torch.float64)
    if count > dimensions:
        return (gaussian / gaussian.norm(dim=0)).T
    orthogonal, triangular = torch.linalg.qr(gaussian)
    # Uniform over frames only with the signs of R's diagonal taken out (Mezzadri 2007, arXiv:math-ph/0609050).
    return (orthogonal * triangular.diagonal().sign()).T
