"""Data sets by name."""

import functools
from collections.abc import Callable
from typing import Any

from phenoscope.core.errors import BadInput
from phenoscope.core.options import one_of
from phenoscope.data.clusters import GaussianClusters
from phenoscope.data.dataset import Dataset
from phenoscope.data.digits import Digits
from phenoscope.data.idx import IDX
from phenoscope.data.mnist1d import MNIST1D


def gaussian_clusters(
    *, classes: int = 2, dimensions: int = 20, separation: float = 3.0, examples: int = 1000, **options: Any
) -> Dataset:
    """Gaussian clusters as a data set; `classes` is their number, the other options are those of `Dataset`."""
    return Dataset(GaussianClusters(classes, dimensions, separation, examples), **options)


DATASETS: dict[str, Callable[..., Dataset]] = {
    "digits": functools.partial(Dataset, Digits()),
    "mnist1d": functools.partial(Dataset, MNIST1D()),
    "fashion_mnist": functools.partial(Dataset, IDX("fashion_mnist")),
    "mnist": functools.partial(Dataset, IDX("mnist")),
    "gaussian_clusters": gaussian_clusters,
}
"""What makes each data set, given the options of `Dataset`."""


def dataset(name: str, /, **options: Any) -> Dataset:
    """The data set of this name with the options of `Dataset`; nothing is loaded yet.

    Example:
        >>> dataset("mnist1d", train=1000).shape
        (40,)
    """
    one_of("the name of a data set", name, DATASETS)
    try:
        return DATASETS[name](**options)
    except TypeError as problem:
        raise BadInput(
            f"the data set {name!r} cannot be made from the options {sorted(options)}: {problem}."
        ) from problem
