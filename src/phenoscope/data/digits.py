"""Handwritten digits, 8 by 8: small, real, and installed with scikit-learn."""

import torch
from torch import Generator

from phenoscope.core.specs import spec
from phenoscope.data.examples import Examples, Pool


@spec
class Digits:
    """The 1797 scans of handwritten digits that come with scikit-learn, as vectors of 64 grey values in [0, 1].

    The scans hold 0 to 16 (the number of black pixels in each 4 by 4 block) and are divided by 16. There is no
    official test part. Source: Alpaydin & Kaynak 1998, "Optical Recognition of Handwritten Digits", UCI Machine
    Learning Repository (the test part of that set).
    """

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of one input."""
        return (64,)

    @property
    def classes(self) -> int:
        """Number of classes."""
        return 10

    def load(self, generator: Generator) -> Pool:
        """All scans, in their published order; the generator is not used."""
        from sklearn.datasets import load_digits

        inputs, targets = load_digits(return_X_y=True)
        return Pool(
            Examples(torch.as_tensor(inputs / 16, dtype=torch.float32), torch.as_tensor(targets, dtype=torch.int64)),
            None,
            self.classes,
        )
