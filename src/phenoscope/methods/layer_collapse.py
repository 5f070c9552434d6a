"""Pruning at initialisation as far as it goes: where does a network lose its last path?"""

import math
from collections.abc import Iterator, Mapping

import torch
from torch import Tensor

from phenoscope.core.errors import BadInput
from phenoscope.core.seeds import stream
from phenoscope.core.specs import spec
from phenoscope.data import Dataset
from phenoscope.instruments import Pruner, Pruning, prune
from phenoscope.methods.computation import Found
from phenoscope.models import UniformMLP
from phenoscope.objective import CrossEntropy


@spec
class LayerCollapse:
    """A rectified perceptron without biases, pruned before any training to one weight of so many.

    Series, once: "reach", log(compression)/log(most) if a path is left from inputs to outputs, and 0 if none is, `most`
    being the compression that leaves one weight a layer; "live share", the part of the kept weights that lies on a
    path; "log compression", of base 10; "score spread", how far apart the layers' totals of the score are in the last
    round, (largest - smallest)/largest of their sizes; "emptiest layer", the fewest weights that a layer keeps.

    Attributes:
        data: what scores may look at.
        pruner: how weights are chosen.
        compression: weights over weights kept; more than `most` is taken for `most`.
        width, depth: of the hidden layers.
        seed: of data, initialisation and ties.
        steps: 1.
    """

    data: Dataset
    pruner: Pruner
    compression: float = 10.0
    width: int = 100
    depth: int = 3
    seed: int = 0
    steps: int = 1

    def __post_init__(self) -> None:
        if self.compression < 1 or self.depth < 1 or self.steps != 1:
            raise BadInput(f"pruning takes one step, a hidden layer and a compression of at least 1, got {self}.")

    @property
    def units(self) -> Mapping[str, str]:
        shares = {"reach": "1", "live share": "share of kept weights", "log compression": "1", "score spread": "1"}
        return shares | {"emptiest layer": "weights"}

    def readings(self) -> Iterator[Found]:
        """One finding."""
        examples = self.data.draw(stream(self.seed, "data")).train
        network = UniformMLP(self.width, self.depth, "relu", bias=False, init="he")
        model = network.build(
            stream(self.seed, "initialisation"), inputs=self.data.shape, outputs=self.data.outputs, dtype=torch.float64
        )
        total = sum(value.numel() for value in model.parameters())
        most = total / (self.depth + 1)
        compression = min(self.compression, most)
        found = prune(
            model, method=self.pruner, sparsity=1 - 1 / compression, data=(examples.inputs.double(), examples.targets),
            loss=CrossEntropy(), inputs=self.data.shape, generator=stream(self.seed, "mask"),
        )  # fmt: skip
        reach = 0.0 if found.collapsed else math.log(compression) / math.log(most)
        live = sum(int(mask.sum()) for mask in found.effective.live.values()) / found.effective.kept
        values = reach, live, math.log10(compression), _spread(found), min(found.kept.values())
        yield Found(1, dict(zip(self.units, map(float, values), strict=True)))


def _spread(found: Pruning) -> float:
    totals: list[Tensor] = [score.double().sum().abs() for score in found.scores.values()]
    return float((max(totals) - min(totals)) / max(totals))
