"""Merging: one network from the average of several networks' weights, beside its parts and beside their ensemble."""

import copy
import dataclasses
import math
from collections.abc import Mapping, Sequence
from typing import Any, Literal

import torch
from jaxtyping import Float
from torch import Tensor, nn

from phenoscope.core import points
from phenoscope.core.errors import BadInput
from phenoscope.core.options import one_of
from phenoscope.instruments import Reading
from phenoscope.methods.alignment import Method
from phenoscope.methods.alignment import align as alignment
from phenoscope.methods.ensembles import Combined, Ensemble
from phenoscope.methods.weights import State, average, recompute_statistics, states
from phenoscope.objective import Objective

How = Literal["uniform", "greedy"]
Score = Literal["loss", "accuracy"]
Part = nn.Module | Mapping[str, Tensor] | Tensor
"""A network, its state dictionary, or its trainable parameters as one flat vector."""


@dataclasses.dataclass(frozen=True, eq=False)
class Merge(Reading):
    """A merged network, and what it loses or gains against its parts and against the ensemble of their predictions.

    Attributes:
        value: its loss on the objective's data; nan where no objective was given, and so for all that is measured.
        model: it, a new network; none of the parts is changed.
        weights: the share of each part, (n,), summing to 1; 0 for those that a greedy soup left out.
        losses: of the parts, (n,).
        ensemble: the loss of the average prediction of those that are in it, by the same shares.
        accuracy, accuracies, ensemble_accuracy: the same as shares of right answers; `None` where targets are no
            classes.
        combined: what was averaged in the ensemble, "probabilities" or "outputs".
        statistics: what normalisation layers of the merge use, in words.
        aligned: how the parts were brought next to the first one before, or "" where they were taken as they are.
    """

    value: float
    model: nn.Module
    weights: Float[Tensor, " n"]
    losses: Float[Tensor, " n"]
    ensemble: float
    accuracy: float | None
    accuracies: Float[Tensor, " n"] | None
    ensemble_accuracy: float | None
    combined: Combined
    statistics: str
    aligned: str = ""

    @property
    def point(self) -> Float[Tensor, " p"]:
        """The trainable parameters of the merge."""
        return points.point(self.model)

    @property
    def excess(self) -> float:
        """Its loss less the mean of its parts', by their shares: below 0 where averaging helps."""
        return self.value - float((self.weights * self.losses).sum())

    @property
    def evidence(self) -> str:
        taken, said = int((self.weights > 0).sum()), self.statistics
        said += f"; aligned to the first by {self.aligned}" if self.aligned else ""
        if math.isnan(self.value):
            return f"of {taken} parts, not measured; {said}"
        low, high = float(self.losses.min()), float(self.losses.max())
        right = (
            "" if self.accuracy is None else f"; accuracy {self.accuracy:.2%}, ensemble {self.ensemble_accuracy:.2%}"
        )
        return (
            f"of {taken} of {len(self.losses)} parts with losses {low:.4g} to {high:.4g}; ensemble of "
            f"{self.combined} {self.ensemble:.4g}{right}; {said}"
        )


def merge(
    parts: Sequence[Part],
    objective: Objective | None = None,
    *,
    weights: Sequence[float] | None = None,
    how: How = "uniform",
    validation: Objective | None = None,
    by: Score = "loss",
    align: Method | None = None,
    data: Any = None,
) -> Merge:
    """Average the weights of networks of one architecture, and lay the result beside its parts and their ensemble.

    A *soup* of fine-tuned networks, an average along a run, two aligned networks (Izmailov et al. 2018,
    arXiv:1803.05407; Wortsman et al. 2022, arXiv:2203.05482). It helps where the parts lie in one region of low loss;
    independent networks do not, or only once they are aligned. Every parameter and floating-point buffer is averaged in
    float64, frozen ones too; buffers of whole numbers must agree, but for counts of batches, of which the largest is
    taken.

    Args:
        parts: networks, state dictionaries or flat points, at least one; points and dictionaries are those of the first
            network among them, or else of the objective's model.
        objective: what is measured on: merge, parts and ensemble; without it nothing is.
        weights: the share of each part, not negative; equal ones unless given.
        how: "greedy" takes the parts in the order of their scores on `validation`, best first, and keeps each that does
            not make the score of the average worse: a greedy soup.
        validation: for a greedy soup; other data than those of `objective`, or what is reported is chosen too well.
        by: the score of a greedy soup.
        align: "weights" or "activations": bring the units of each part into the order in which it is nearest to the
            first part, see `align`; the functions of the parts stay as they are.
        data: (input, target) in any form, on which the running statistics of normalisation layers are recomputed, and
            activations compared. Unless given, the parts' statistics are averaged, and are then those of no network.

    Returns:
        `Merge`: value (the loss), model, weights, losses, ensemble, accuracies, combined, statistics, aligned.

    Raises:
        BadInput: parts of different architectures, weights that are no shares, a greedy soup without validation.

    Example:
        >>> one, other = nn.Linear(1, 1, bias=False), nn.Linear(1, 1, bias=False)
        >>> objective = Objective(one, nn.MSELoss(), (torch.ones(1, 1), torch.zeros(1, 1)))
        >>> found = merge([torch.tensor([1.0]), torch.tensor([2.0])], objective)
        >>> found.value, found.losses.tolist(), found.ensemble  # of a linear model merge and ensemble are one
        (2.25, [1.0, 4.0], 2.25)
    """
    one_of("`how`", how, ("uniform", "greedy"))
    one_of("`by`", by, ("loss", "accuracy"))
    base = next((part for part in parts if isinstance(part, nn.Module)), None if objective is None else objective.model)
    if base is None or not parts:
        raise BadInput(f"a merge needs at least one part and a network, got {len(parts)} parts. Give the objective.")
    read = states(parts, base)
    if align is not None:
        read = _aligned(read, base, align, data)
    if how == "greedy":
        if validation is None or weights is not None:
            raise BadInput(
                "a greedy soup chooses its own weights, by `validation`: give that, and leave `weights` out."
            )
        shares = _greedy(read, base, validation, by, data)
    else:
        shares = _shares(weights, len(read))
    return dataclasses.replace(_measured(read, shares, base, objective, data), aligned=align or "")


def _aligned(read: list[State], base: nn.Module, method: Method, data: Any) -> list[State]:
    """The parts in the order of units in which each is nearest to the first."""
    reference, *others = [_network(base, state) for state in read]
    return [read[0], *(alignment(other, reference, method, data).model.state_dict() for other in others)]


def _network(base: nn.Module, state: State) -> nn.Module:
    """A copy of the base network with the weights of a part."""
    model = copy.deepcopy(base)
    model.load_state_dict(state)
    return model


def _shares(weights: Sequence[float] | None, count: int) -> Float[Tensor, " n"]:
    given = torch.ones(count) if weights is None else torch.as_tensor(weights, dtype=torch.float64)
    found = given.detach().double().cpu()
    if found.shape != (count,) or not bool((found >= 0).all()) or not 0 < float(found.sum()) < math.inf:
        raise BadInput(
            f"`weights` are one share for each of the {count} parts, none negative and not all 0, got {weights}."
        )
    return found / found.sum()


def _made(read: list[State], shares: Tensor, base: nn.Module, data: Any) -> tuple[nn.Module, str]:
    """The merged network, and what its normalisation layers use."""
    model = _network(base, average(read, shares, base))
    if data is None:
        tracked = any(getattr(module, "running_mean", None) is not None for module in model.modules())
        return model, "statistics averaged, as weights are" if tracked else "no layer keeps statistics"
    count = recompute_statistics(model, data)
    return model, f"statistics recomputed on {count} examples" if count else "no layer keeps statistics"


def _greedy(read: list[State], base: nn.Module, validation: Objective, by: Score, data: Any) -> Float[Tensor, " n"]:
    """Equal shares of those that a greedy soup takes."""

    def score(taken: list[int]) -> float:
        shares = torch.zeros(len(read), dtype=torch.float64)
        shares[taken] = 1 / len(taken)
        return _score(validation.of(_made(read, shares, base, data)[0]), by)

    alone = [score([part]) for part in range(len(read))]
    first, *others = sorted(range(len(read)), key=lambda part: -alone[part])  # stable: of equals the earlier one
    taken, best = [first], alone[first]
    for part in others:
        found = score([*taken, part])
        if found >= best:
            taken, best = [*taken, part], found
    shares = torch.zeros(len(read), dtype=torch.float64)
    shares[taken] = 1 / len(taken)
    return shares


def _score(objective: Objective, by: Score) -> float:
    """Larger is better."""
    if by == "loss":
        return -objective.loss().item()
    right = objective.accuracy()
    if right is None:
        raise BadInput("a soup by accuracy needs classes (n,) as the targets of `validation`. Choose by='loss'.")
    return right.item()


def _measured(read: list[State], shares: Tensor, base: nn.Module, objective: Objective | None, data: Any) -> Merge:
    model, said = _made(read, shares, base, data)
    if objective is None:
        losses = torch.full((len(read),), math.nan, dtype=torch.float64)
        return Merge(math.nan, model, shares, losses, math.nan, None, None, None, "outputs", said)
    combined: Combined = "outputs"
    if objective.loss_kind in ("cross-entropy", "binary cross-entropy"):
        combined = "probabilities"
    networks = [_network(base, state) for state in read]
    inside = [place for place, share in enumerate(shares.tolist()) if share > 0]
    binary = objective.loss_kind == "binary cross-entropy"
    together = Ensemble([networks[place] for place in inside], shares[inside], combined, binary=binary)
    seen = [objective.of(network) for network in (model, *networks)] + [objective.of(together, resized=True)]
    losses = [one.loss().item() for one in seen]
    right = [one.accuracy() for one in seen]
    shown = [value.item() for value in right if value is not None]
    found = (shown[0], torch.tensor(shown[1:-1], dtype=torch.float64), shown[-1]) if shown else (None, None, None)
    parts_losses = torch.tensor(losses[1:-1], dtype=torch.float64)
    return Merge(losses[0], model, shares, parts_losses, losses[-1], *found, combined, said)
