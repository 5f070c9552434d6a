"""Alignment: which of the networks that compute the same as this one lies nearest to another?"""

import dataclasses
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Literal

import torch
from jaxtyping import Float
from torch import Tensor, nn

from phenoscope.core.errors import BadInput
from phenoscope.core.options import one_of
from phenoscope.core.points import point
from phenoscope.core.seeds import seeded
from phenoscope.instruments.outcome import Outcome
from phenoscope.instruments.reading import Reading
from phenoscope.instruments.symmetries.aligning import Pair, distance, pair
from phenoscope.instruments.symmetries.correlating import correlations
from phenoscope.instruments.symmetries.deriving import doubled
from phenoscope.instruments.symmetries.matching import Match
from phenoscope.instruments.symmetries.running import loaded
from phenoscope.instruments.symmetries.searching import matched, matched_on
from phenoscope.instruments.symmetries.structure import PermutationStructure
from phenoscope.instruments.symmetries.tracing import tensors_of
from phenoscope.methods.learned_orders import relaxed, straight_through
from phenoscope.objective import Objective
from phenoscope.objective.batches import batches_of

Method = Literal["weights", "activations", "straight-through", "sinkhorn"]
METHODS: tuple[str, ...] = ("weights", "activations", "straight-through", "sinkhorn")
SMALL = 128
"""Units of the largest group up to which a search is started several times unless told otherwise."""
RESTARTS = 4
EXACT = 1e-12
"""A squared distance, relative to the squared norms, at which no other start can do better."""


@dataclasses.dataclass(frozen=True)
class Alignment(Reading):
    """A network brought next to another one by what leaves its function as it is.

    Attributes:
        value: the distance that is left, relative to the norm of the reference's parameters.
        before: the same before alignment.
        model: a copy of the model, aligned; it computes what the model computes.
        permutations: by group, which unit of the model stands at each place, (n,); units inside of heads have a row a
            head, (m, n).
        signs: by group, the signs that its units were multiplied by, where some function between layers is odd.
        scales: by group, the factors that its units were multiplied by, where functions are positively homogeneous;
            neither has an entry where orders alone make a copy of the reference.
        structure: the groups, where they stand, and the evidence that they are right.
        method: how the order was found.
        objective: what was maximised, at the order found: the sum of products of the balanced parameters of both, the
            mean correlation of units that stand at one place, or minus the loss halfway.
        objectives: that of each start, or of each step; starts end at different local optima.
        sweeps: of the best start over all groups.
        outcome: whether a last sweep moved nothing any more.
    """

    value: float
    before: float
    model: nn.Module
    permutations: Mapping[str, Tensor]
    signs: Mapping[str, Tensor]
    scales: Mapping[str, Tensor]
    structure: PermutationStructure
    method: str
    objective: float
    objectives: tuple[float, ...]
    sweeps: int
    outcome: Outcome

    @property
    def point(self) -> Float[Tensor, " p"]:
        """The trainable parameters of the aligned model, as one flat vector."""
        return point(self.model)

    @property
    def evidence(self) -> str:
        starts = f"best of {len(self.objectives)} starts" if len(self.objectives) > 1 else "one start"
        kept = f"; in place: {'; '.join(self.structure.kept)}" if self.structure.kept else ""
        return (
            f"relative distance, {self.before:.4g} before; {len(self.structure.groups)} groups matched on "
            f"{self.method}, {starts}; {self.outcome}; outputs under random orders off by "
            f"{self.structure.deviation:.1g}{kept}"
        )


def align(
    model: nn.Module,
    reference: nn.Module,
    method: Method = "weights",
    data: Any = None,
    *,
    loss: Callable[[Tensor, Any], Tensor] | None = None,
    rescale: bool = True,
    restarts: int | None = None,
    sweeps: int = 100,
    steps: int = 100,
    rate: float = 0.05,
    generator: torch.Generator | None = None,
) -> Alignment:
    """A copy of a model, its units in the order (and scale and sign) in which it is nearest to a reference.

    Which units may be exchanged is derived from the model itself and checked on its outputs, see
    `permutation_structure`. Four methods find an order:

    - `"weights"`: the order that maximises the sum of products of both networks' parameters, so minimises their
      distance; coordinate descent over groups of units, one assignment problem each (Ainsworth, Hayase, Srinivasa
      2022, Git Re-Basin, arXiv:2209.04836). It needs no data and has local optima: it begins from the inputs and
      outputs inwards, so that a permuted copy is found again, then from random orders.
    - `"activations"`: for each group the order in which units correlate most on the data (Li et al. 2015, Convergent
      learning, arXiv:1511.07543; Tatro et al. 2020, arXiv:2009.02439); exact for each group by itself.
    - `"straight-through"` and `"sinkhorn"`: from the order that weights give, towards one at which the loss halfway to
      the reference is smaller, by descent on a latent point or on soft orders (`learned_orders`); the order that is
      best halfway is kept, so they end no worse than they begin.

    Units are compared at equal scale: where a function between layers is positively homogeneous (ReLU), both networks
    are balanced first, as much before each unit as behind it, which undoes any rescaling; then the copy gets the
    reference's scales. Where it is odd (tanh), signs are matched too.

    Args:
        model: what is brought over; it is left as it was.
        reference: of the same architecture; it stays.
        method: `"weights"`, `"activations"`, `"straight-through"` or `"sinkhorn"`.
        data: for all but weights, a pair of tensors, a DataLoader or any re-iterable of (input, target); else only one
            batch is used, to run the model. Inputs alone will do. An input is guessed unless given.
        loss: (outputs, targets) -> scalar, of what is learned from the loss halfway.
        rescale: whether scales and signs may change too.
        restarts: further starts from random orders; four for networks with at most 128 units in a layer unless given.
        sweeps: over all groups, at most.
        steps: of what is learned.
        rate: of its steps.
        generator: of starts and of the order in which groups are visited; seeded with 0 unless given.

    Returns:
        `Alignment`: `.model`, `.permutations` by group, the distance left, the objective of each start.

    Raises:
        BadInput: other architectures, no units that may be exchanged, a model that cannot be run or whose structure is
            not what its operations show, or activations without data.

    Example:
        >>> reference = nn.Sequential(nn.Linear(4, 16), nn.ReLU(), nn.Linear(16, 3))
        >>> model = nn.Sequential(nn.Linear(4, 16), nn.ReLU(), nn.Linear(16, 3))
        >>> order = torch.randperm(16)
        >>> with torch.no_grad():
        ...     _ = model[0].weight.copy_(reference[0].weight[order]), model[0].bias.copy_(reference[0].bias[order])
        ...     _ = model[2].weight.copy_(reference[2].weight[:, order]), model[2].bias.copy_(reference[2].bias)
        >>> found = align(model, reference)
        >>> found.value, torch.equal(order[found.permutations["0"]], torch.arange(16))
        (0.0, True)
    """
    one_of("`method` of alignment", method, METHODS)
    if method != "weights" and data is None:
        raise BadInput(f"{method} is matching on data, and none came. Pass `data=`, such as the training data.")
    if method in ("straight-through", "sinkhorn") and (loss is None or isinstance(data, Tensor)):
        raise BadInput(f"{method} lowers the loss halfway: pass `loss=`, and `data=` with inputs and targets.")
    batches = None if data is None else _batches(data, model)
    both = pair(model, reference, None if batches is None else batches[0])
    drawing = seeded(generator)
    if rescale and method == "weights" and both.of_one_norm:  # it may be a copy, which is cheaply told
        first = next(_starts(both, 0, sweeps, drawing))
        if _same(both, first):
            return _reading(both, method, [first])
    both = both.rescalable() if rescale else both
    if method == "activations":
        assert batches is not None
        found = [matched_on(both.scales, _correlations(both, batches), both.fixed, both.moved)]
    else:
        found = list(_starts(both, restarts, sweeps, drawing))
    if method in ("straight-through", "sinkhorn"):
        assert loss is not None
        best = max(found, key=lambda match: match.objective)
        learn = straight_through if method == "straight-through" else relaxed
        found = learn(both, best, Objective(loaded(reference, tensors_of(reference)).eval(), loss, data), steps, rate)
    return _reading(both, method, found)


def _correlations(both: Pair, batches: list[Any]) -> dict[int, Tensor]:
    """Of the units of both networks, by group."""
    one, other = loaded(both.reference, both.fixed).eval(), loaded(both.model, both.moved).eval()
    if not both.exact:
        return correlations(both.scales, one, other, batches)
    # some operations are others in single precision
    return correlations(both.scales, one.double(), other.double(), map(doubled, batches))


def _starts(both: Pair, restarts: int | None, sweeps: int, generator: torch.Generator) -> Iterator[Match]:
    """Searches from the inputs and outputs inwards, then from random orders, until nothing is left to gain."""
    largest = max(group.size for group in both.structure.groups)
    count = (RESTARTS if largest <= SMALL else 0) if restarts is None else restarts
    for number in range(count + 1):
        start = both.structure.random(generator) if number else None
        found = matched(both.scales, both.fixed, both.moved, start=start, generator=generator, sweeps=sweeps)
        yield found
        if _same(both, found):
            return


def _same(both: Pair, match: Match) -> bool:
    """Whether everything that can be ordered is as in the reference."""
    names = {block.tensor for block in both.structure.blocks}
    counted = {name: value for name, value in both.fixed.items() if name in names}
    scale = sum(float(v.double().square().sum()) for v in counted.values() if v.is_floating_point())
    return distance(match.tensors, counted) ** 2 <= EXACT * scale


def _reading(both: Pair, method: str, found: list[Match]) -> Alignment:
    best = max(found, key=lambda match: match.objective)
    tensors, factors = both.aligned(best)
    aligned = loaded(both.model, tensors)
    kept, own, made = (_parameters(each) for each in (both.reference, both.model, aligned))
    size = distance({n: torch.zeros_like(v) for n, v in kept.items()}, kept) or 1.0
    flips, scalings = both.scales.flips, both.scales.scalings
    return Alignment(
        value=distance(made, kept) / size,
        before=distance(own, kept) / size,
        model=aligned,
        permutations=best.orders,
        signs=_by_group(both.structure, [flip.group for flip in flips], best.signs),
        scales=_by_group(both.structure, [scaling.group for scaling in scalings], factors),
        structure=both.structure,
        method=method,
        objective=best.objective,
        objectives=tuple(match.objective for match in found),
        sweeps=best.sweeps,
        outcome=Outcome.CONVERGED if best.converged else Outcome.NOT_CONVERGED,
    )


def _parameters(model: nn.Module) -> dict[str, Tensor]:
    return {name: value.detach() for name, value in model.named_parameters()}


def _by_group(structure: PermutationStructure, groups: list[int], values: list[Tensor]) -> dict[str, Tensor]:
    """Values by the name of their group; further ones of one group are numbered."""
    found: dict[str, Tensor] = {}
    for group, value in zip(groups, values, strict=True):
        name = structure.groups[group].name
        again = sum(other == name or other.startswith(f"{name}, ") for other in found)
        found[name if not again else f"{name}, {again + 1}"] = value
    return found


def _batches(data: Any, model: nn.Module) -> list[Any]:
    """Arguments of calls of the model."""
    device = next((value.device for value in tensors_of(model).values()), torch.device("cpu"))
    if isinstance(data, Tensor):
        return [(data.to(device),)]
    inputs = [batch[0] for batch in batches_of(data, None, device)()]
    return [
        each if isinstance(each, dict) else tuple(each) if isinstance(each, list | tuple) else (each,)
        for each in inputs
    ]
