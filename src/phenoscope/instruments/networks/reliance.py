"""Which inputs do a classifier's answers rest on? Those whose shuffling destroys them."""

import dataclasses

import numpy as np
import torch
from scipy.stats import rankdata
from torch import Generator, Tensor

from phenoscope.core.errors import BadInput
from phenoscope.core.seeds import seeded
from phenoscope.instruments.reading import Reading
from phenoscope.objective import Objective
from phenoscope.objective.parts import everything


@dataclasses.dataclass(frozen=True)
class ShuffledAuc(Reading):
    """How well two classes are told apart when some entries of the inputs are shuffled among the examples.

    Attributes:
        value: the area under the curve of true against false positives, the mean over the shuffles; ½ is chance.
        standard_error: of that mean, over the shuffles; the examples are given.
        given: the area with the inputs as they are.
        accuracy: the share of right answers, the mean over the shuffles.
        shuffles, examples, entries: how many.
    """

    value: float
    standard_error: float
    given: float
    accuracy: float
    shuffles: int
    examples: int
    entries: int

    @property
    def evidence(self) -> str:
        return (
            f"standard error {self.standard_error:.2g} over {self.shuffles} shuffles of {self.entries} entries among "
            f"{self.examples} examples; {self.given:.6g} as given"
        )


def shuffled_auc(
    objective: Objective, entries: Tensor, *, shuffles: int = 8, generator: Generator | None = None
) -> ShuffledAuc:
    r"""The area under the ROC curve after a block of input entries is dealt out anew among the examples.

    One random order of the examples a shuffle, the same for all entries of the block: what they say of each other
    stays, what they say of the class and of the other entries is lost. An answer that rests on the block alone falls to
    chance, ½; one that does not look at it stays as it is. Without units.

    The area is the probability that an example of class 1 scores higher than one of class 0, ties counting one half;
    the score is the difference of the two outputs. Sources: Breiman 2001, Random forests, Machine Learning 45:5
    (shuffling); Shah et al. 2020, arXiv:2006.07710 (of blocks, and the area).

    Args:
        objective: a classifier of two classes with two outputs, on the examples that are shuffled.
        entries: which entries, a mask of the shape of one input.
        shuffles: how many, at least 2.
        generator: of the orders; seeded with 0 unless given.

    Raises:
        BadInput: other classes, another shape, or fewer shuffles.

    Example:
        >>> data = torch.tensor([[-1.0, 0.0], [1.0, 0.0], [2.0, 0.0]]), torch.tensor([0, 1, 1])
        >>> model = torch.nn.Linear(2, 2, bias=False)
        >>> _ = model.weight.data.copy_(torch.tensor([[0.0, 0.0], [1.0, 0.0]]))
        >>> objective = Objective(model, torch.nn.functional.cross_entropy, data)
        >>> shuffled_auc(objective, torch.tensor([False, True])).value
        1.0
    """
    inputs, labels = everything(objective.terms.passes(), objective.processes)
    outputs = objective.outputs()
    _check(inputs, labels, outputs, entries, shuffles)
    generator = seeded(generator)
    found = []
    for _ in range(shuffles):
        order = torch.randperm(len(inputs), generator=generator).to(inputs.device)
        mixed = torch.where(entries.to(inputs.device), inputs[order], inputs)
        seen = _with(objective, mixed, labels).outputs()
        found.append((_area(seen, labels), float((seen.argmax(dim=1) == labels).double().mean())))
    areas, right = np.array(found).T
    error = float(areas.std(ddof=1) / shuffles**0.5)
    return ShuffledAuc(
        float(areas.mean()), error, _area(outputs, labels), float(right.mean()), shuffles, len(inputs),
        int(entries.sum()),
    )  # fmt: skip


def _with(objective: Objective, inputs: Tensor, labels: Tensor) -> Objective:
    """The same network on other data."""
    return Objective(objective.model, objective.terms.network.loss, (inputs, labels), buffers=objective.buffers)


def _area(outputs: Tensor, labels: Tensor) -> float:
    """By ranks (Mann and Whitney), which are exact with ties."""
    score, positive = (outputs[:, 1] - outputs[:, 0]).double().cpu().numpy(), labels.bool().cpu().numpy()
    ones, zeros = int(positive.sum()), int((~positive).sum())
    ranks = rankdata(score)[positive].sum()
    return float((ranks - ones * (ones + 1) / 2) / (ones * zeros))


def _check(inputs: Tensor, labels: Tensor, outputs: Tensor, entries: Tensor, shuffles: int) -> None:
    if outputs.ndim != 2 or outputs.shape[1] != 2 or labels.ndim != 1 or set(labels.tolist()) != {0, 1}:
        raise BadInput(
            f"the area is of two classes, 0 and 1, both there, with two outputs; got outputs {tuple(outputs.shape)} "
            f"and the labels {sorted(set(labels.flatten().tolist()))[:5]}."
        )
    if tuple(entries.shape) != tuple(inputs.shape[1:]) or entries.dtype != torch.bool:
        raise BadInput(
            f"`entries` is a mask (bool) of the shape of one input, {tuple(inputs.shape[1:])}; got {entries.dtype} of "
            f"shape {tuple(entries.shape)}."
        )
    if shuffles < 2:
        raise BadInput(f"a standard error needs at least 2 shuffles, got {shuffles}.")
