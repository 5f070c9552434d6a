"""Fusion: one network from two whose layers differ in width, by optimal transport between their units."""

import dataclasses
import math
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import torch
from jaxtyping import Float
from scipy import sparse
from scipy.optimize import linear_sum_assignment, linprog
from torch import Tensor, nn

from phenoscope.core.errors import BadInput
from phenoscope.instruments import Block, PermutationStructure, Reading, permutation_structure
from phenoscope.instruments.symmetries.running import loaded
from phenoscope.instruments.symmetries.tracing import tensors_of
from phenoscope.methods.merging import Merge, merge
from phenoscope.objective import Objective

COPIES = 4096
"""Of all units of a layer, so that both have as many, up to which transport is an assignment problem."""
CONVOLUTIONS = (nn.Conv1d, nn.Conv2d, nn.Conv3d)
PLAIN = (nn.Linear, nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d)


@dataclasses.dataclass(frozen=True, eq=False)
class Fusion(Reading):
    """A network brought to the widths of another one, and the average of both.

    Attributes:
        value: the mean squared distance of units that are brought together, over the mean squared length of the
            reference's units; 0 for a copy.
        model: the average, of the reference's architecture.
        transported: the first network at the reference's widths; it computes what that computed where units were only
            copied, split or put in another order.
        plans: by group, how much of each unit of the model goes to each of the reference, (n, m), summing to 1.
        merge: the average beside its parts and their ensemble.
    """

    value: float
    model: nn.Module
    transported: nn.Module
    plans: Mapping[str, Float[Tensor, "n m"]]
    merge: Merge

    @property
    def evidence(self) -> str:
        widths = ", ".join(f"{n} to {m}" for n, m in (plan.shape for plan in self.plans.values()))
        return f"relative squared distance of matched units; {widths} units, exact plans; {self.merge.evidence}"


def fuse(
    model: nn.Module,
    reference: nn.Module,
    objective: Objective | None = None,
    *,
    share: float = 0.5,
    inputs: Any = None,
    data: Any = None,
) -> Fusion:
    """Average two networks of one kind whose layers may differ in width, in the widths of the reference.

    Layer by layer, an exact optimal transport plan T with equal masses says which units of the model go to which of the
    reference: it minimises the squared distance of what comes into them, once the layer before is in place (Singh and
    Jaggi 2020, Model fusion via optimal transport, arXiv:1910.05653). A unit of the result is the mean of those that go
    to it, and what a unit gives is shared out among those it goes to; so a unit that is split, or copies that are put
    together, leave the function as it was. (The paper takes means on both sides, which is the same at equal widths.)
    At equal widths the plan is a permutation, and fusion is alignment on weights from the inputs on, without scales.

    Args:
        model: of dense layers, convolutions and batch normalisation, with any functions of single units between.
        reference: of the same modules, of any widths.
        objective: what the average is measured on, with the reference's architecture; not measured without.
        share: of the reference in the average.
        inputs: one batch as both take it; guessed unless given.
        data: (input, target) in any form, on which the running statistics of the average are recomputed.

    Returns:
        `Fusion`: `.model`, `.transported`, `.plans`, `.merge`.

    Raises:
        BadInput: layers of another kind, or networks of other modules.

    Example:
        >>> wide, narrow = (nn.Sequential(nn.Linear(3, n), nn.Tanh(), nn.Linear(n, 2)) for n in (8, 4))
        >>> with torch.no_grad():  # every unit of the narrow one twice, with half of what it gave
        ...     _ = wide[0].weight.copy_(narrow[0].weight.repeat(2, 1)), wide[0].bias.copy_(narrow[0].bias.repeat(2))
        ...     _ = wide[2].weight.copy_(narrow[2].weight.repeat(1, 2) / 2), wide[2].bias.copy_(narrow[2].bias)
        >>> found = fuse(wide, narrow)
        >>> found.value, torch.allclose(found.model[0].weight, narrow[0].weight)
        (0.0, True)
    """
    if not 0 <= share <= 1:
        raise BadInput(f"`share` of the reference lies between 0 and 1, got {share}.")
    structures = [permutation_structure(each, inputs) for each in (model, reference)]
    names = [[group.name for group in structure.groups] for structure in structures]
    own, fixed = tensors_of(model), tensors_of(reference)
    if names[0] != names[1] or own.keys() != fixed.keys():
        raise BadInput(
            "fusion needs two networks of the same modules, whose layers may differ in width; the units found are "
            f"{', '.join(names[0])} and {', '.join(names[1])}."
        )
    ways = [_Way(each, structure) for each, structure in zip((model, reference), structures, strict=True)]
    plans, distance, length = _plans(ways[0], ways[1], own, fixed)
    transported = loaded(reference, _carried(ways[0], fixed, own, plans))
    merged = merge([transported, reference], objective, weights=[1 - share, share], data=data)
    told = {names[0][group]: plan for group, plan in sorted(plans.items())}
    return Fusion(distance / length if length else 0.0, merged.model, transported, told, merged)


def transport(cost: Float[Tensor, "n m"]) -> Float[Tensor, "n m"]:
    """The plan T >= 0 with rows that sum to 1/n and columns that sum to 1/m and the smallest Σ Tᵢⱼ cᵢⱼ, exactly.

    Equal masses make it an assignment problem between copies, as many on both sides; where those are too many, it is
    solved as a linear program.

    Example:
        >>> transport(torch.tensor([[0.0, 1.0], [0.0, 1.0], [1.0, 0.0], [1.0, 0.0]])) * 4
        tensor([[1., 0.],
                [1., 0.],
                [0., 1.],
                [0., 1.]], dtype=torch.float64)
    """
    costs = cost.detach().cpu().double().numpy()
    n, m = costs.shape
    common = math.lcm(n, m)
    plan = np.zeros((n, m))
    if common <= COPIES:
        rows, columns = linear_sum_assignment(np.repeat(np.repeat(costs, common // n, 0), common // m, 1))
        np.add.at(plan, (rows * n // common, columns * m // common), 1 / common)
    else:
        sums = sparse.vstack([sparse.kron(sparse.eye(n), np.ones((1, m))), sparse.kron(np.ones((1, n)), sparse.eye(m))])
        masses = np.concatenate([np.full(n, 1 / n), np.full(m, 1 / m)])
        plan = linprog(costs.ravel(), A_eq=sums.tocsr(), b_eq=masses, method="highs").x.reshape(n, m)
    return torch.from_numpy(plan)


class _Way:
    """Where the units of a network are made, and where they are used.

    Args:
        model: of layers that are known.
        structure: its groups.
    """

    def __init__(self, model: nn.Module, structure: PermutationStructure) -> None:
        self.structure = structure
        names = [block.tensor for block in structure.blocks]
        for name in names:
            _check(model, name, alone=names.count(name) == 1)
        self.parameters = {name for name, _ in model.named_parameters(remove_duplicate=False)}

    def factors(self, block: Block) -> Iterator[tuple[int, int, bool]]:
        """Of a block read in its factors: the axis, its group, and whether its units are made there."""
        axis, left = 0, block.lengths[0]
        for place, (group, size) in enumerate(zip(block.groups, block.sizes, strict=True)):
            while left == 1 and size > 1:
                axis, left = axis + 1, block.lengths[axis + 1]
            if group is not None:
                yield place, group, axis == 0
            left //= size

    def making(self, group: int) -> list[Block]:
        """The parameters in which its units are made."""
        blocks = [block for block in self.structure.blocks if block.tensor in self.parameters]
        return [b for b in blocks if any(g == group and made for _, g, made in self.factors(b))]


def _check(model: nn.Module, tensor: str, *, alone: bool) -> None:
    """Refuses a layer of which splitting a unit would change the function, or of which that is not known."""
    name = tensor.rpartition(".")[0]
    layer = model.get_submodule(name)
    plain = isinstance(layer, PLAIN) or (isinstance(layer, CONVOLUTIONS) and layer.groups == 1)
    if not plain:
        raise BadInput(
            f"fusion knows dense layers, plain convolutions and batch normalisation; {name or 'the model'!r} is a "
            f"{type(layer).__name__}. `align` brings networks of equal widths together, whatever their layers."
        )
    if not alone:
        raise BadInput(f"{tensor!r} takes in units of several layers side by side, which fusion does not know.")


def _plans(
    way: _Way, other: _Way, own: Mapping[str, Tensor], fixed: Mapping[str, Tensor]
) -> tuple[dict[int, Tensor], float, float]:
    """The plan of every group, from the inputs on, with the squared distances and lengths of matched units."""
    plans: dict[int, Tensor] = {}
    distance = length = 0.0
    blocks = dict(zip(other.structure.blocks, way.structure.blocks, strict=True))
    waiting = list(range(len(way.structure.groups)))
    while waiting:
        known = {group: [b for b in other.making(group) if _ready(other, b, group, plans)] for group in waiting}
        group = next((g for g in waiting if any(len(b.lengths) > 1 for b in known[g])), waiting[0])
        rows = [_rows(other, b, b.of(fixed), group) for b in known[group]]
        mine = [_rows(way, blocks[b], _moved(way, blocks[b], own, plans), group) for b in known[group]]
        costs = torch.cdist(torch.cat(mine, dim=1).double(), torch.cat(rows, dim=1).double()).square()
        plans[group] = transport(costs)
        distance += float((plans[group] * costs).sum())
        length += float(torch.cat(rows, dim=1).double().square().sum(dim=1).mean())
        waiting.remove(group)
    return plans, distance, length


def _ready(way: _Way, block: Block, group: int, plans: Mapping[int, Tensor]) -> bool:
    """Whether all that a block uses is in place."""
    return all(used in plans for _, used, made in way.factors(block) if not (made and used == group))


def _rows(way: _Way, block: Block, value: Tensor, group: int) -> Float[Tensor, "n d"]:
    """What comes into each unit."""
    place = next(place for place, g, made in way.factors(block) if made and g == group)
    return value.movedim(place, 0).flatten(1) if value.ndim > 1 else value[:, None]


def _moved(way: _Way, block: Block, own: Mapping[str, Tensor], plans: Mapping[int, Tensor]) -> Tensor:
    """A block of the model at the reference's widths, as far as plans are known: means where units are made, sums where
    they are used.
    """
    value = block.of(own).double()
    for place, group, made in way.factors(block):
        if group in plans:
            plan = plans[group].to(value)
            matrix = plan * (plan.shape[1] if made else plan.shape[0])
            value = (value.movedim(place, -1) @ matrix).movedim(-1, place)
    return value


def _carried(
    way: _Way, fixed: Mapping[str, Tensor], own: Mapping[str, Tensor], plans: Mapping[int, Tensor]
) -> dict[str, Tensor]:
    """The model's parameters and buffers at the reference's widths."""
    made = {}
    for name, like in fixed.items():
        block = next((b for b in way.structure.blocks if b.tensor == name), None)
        value = own[name] if block is None else _moved(way, block, own, plans)
        if value.numel() != like.numel():
            raise BadInput(
                f"the networks differ in {name!r}, {tuple(own[name].shape)} and {tuple(like.shape)}, by more than the "
                "number of units between layers: inputs and outputs must agree."
            )
        made[name] = value.reshape(like.shape).to(like.dtype)
    return made
