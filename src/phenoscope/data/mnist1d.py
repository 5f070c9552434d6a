"""MNIST-1D: digits as signals of 40 values, hard enough to tell networks apart, small enough to train in seconds."""

import functools
import random
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import torch
from torch import Generator

from phenoscope.core.specs import spec
from phenoscope.data.examples import Examples, Pool


@spec
class MNIST1D:
    """MNIST-1D as its authors' generator makes it with its default arguments and seed 42: 4000 train, 1000 test.

    Over the 5000 examples together the inputs have mean 0 and standard deviation 1, and each class occurs 500
    times. Source: Greydanus & Kobak 2020, "Scaling down deep learning with MNIST-1D", arXiv:2011.14439.
    """

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of one input."""
        return (40,)

    @property
    def classes(self) -> int:
        """Number of classes."""
        return 10

    def load(self, generator: Generator) -> Pool:
        """The data set, generated once a process; the generator is not used, since the set is a fixed one."""
        arrays = _generated()

        def part(inputs: str, targets: str) -> Examples:
            return Examples(
                torch.tensor(arrays[inputs], dtype=torch.float32), torch.tensor(arrays[targets], dtype=torch.int64)
            )

        return Pool(part("x", "y"), part("x_test", "y_test"), self.classes)


@functools.cache
def _generated() -> dict[str, np.ndarray]:
    from mnist1d.data import get_dataset_args, make_dataset

    with _global_randomness_restored():
        made = make_dataset(get_dataset_args())
    return {name: made[name] for name in ("x", "y", "x_test", "y_test")}


@contextmanager
def _global_randomness_restored() -> Iterator[None]:
    # The package seeds and draws from the global streams of `random` and of numpy.
    python, legacy = random.getstate(), np.random.get_state()  # noqa: NPY002
    try:
        yield
    finally:
        random.setstate(python)
        np.random.set_state(legacy)  # noqa: NPY002
