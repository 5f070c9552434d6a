"""How many rectified units are dead: zero whatever the example, and so without a gradient?"""

import collections
import dataclasses
import functools
import math
from typing import Any

import torch
from torch import Tensor, nn

from phenoscope.instruments.reading import Reading
from phenoscope.objective import Objective


@dataclasses.dataclass(frozen=True)
class DeadUnits(Reading):
    """The share of rectified units that are zero on all data.

    Attributes:
        value: dead units over units; nan where there is none.
        dead, units: how many.
        layers: places at which a module rectifies; one that is used at two of them counts at each.
    """

    value: float
    dead: int
    units: int
    layers: int

    @property
    def evidence(self) -> str:
        if self.layers == 0:
            return "no module of the model rectifies its input"
        return f"{self.dead} of {self.units} units in {self.layers} rectifying layers, counted on all data"


def dead_units(objective: Objective) -> DeadUnits:
    """The share of rectified units that are zero on every example.

    Such a unit has no gradient and stays as it is under gradient descent. So a network can end with a small gradient
    because its units died, and not because it has learned. A unit is an entry of what a module gives for one example. A
    module counts as rectifying by what it does: it has no parameters, gives max(x, 0), and met some x below 0.
    Dimensionless; rectification that is written into a forward pass, without a module, is not seen.

    Args:
        objective: the loss; only model and data matter.

    Example:
        >>> model = torch.nn.Sequential(torch.nn.Linear(1, 2), torch.nn.ReLU(), torch.nn.Linear(2, 1))
        >>> _ = torch.nn.init.zeros_(model[0].weight), model[0].bias.data.copy_(torch.tensor([1.0, -1.0]))
        >>> dead_units(Objective(model, torch.nn.MSELoss(), (torch.ones(3, 1), torch.zeros(3, 1)))).value
        0.5
    """
    sight = _Sight()
    leaves = [m for m in objective.model.modules() if not any(True for _ in m.parameters()) and not list(m.children())]
    handles = [objective.model.register_forward_pre_hook(sight.begin)]
    handles += [leaf.register_forward_pre_hook(sight.before) for leaf in leaves]
    handles += [leaf.register_forward_hook(sight.after) for leaf in leaves]
    try:
        objective.outputs()
    finally:
        for handle in handles:
            handle.remove()
    everywhere = zip(*objective.processes.gather([*sight.places.values()]), strict=True)
    places = [functools.reduce(_Place.joined, parts) for parts in everywhere]
    lit = [place.lit for place in places if place.rectifies and place.below]
    units, dead = sum(map(len, lit)), sum(int((~each).sum()) for each in lit)
    return DeadUnits(dead / units if units else math.nan, dead, units, len(lit))


@dataclasses.dataclass(frozen=True, eq=False)
class _Place:
    """What was seen at one place: max(x, 0) each time, of some x below 0; and which units were ever above 0, (u,)."""

    rectifies: bool
    below: bool
    lit: Tensor

    def joined(self, other: "_Place") -> "_Place":
        if not (self.rectifies and other.rectifies):
            return ELSEWHERE
        return _Place(True, self.below or other.below, self.lit | other.lit)


ELSEWHERE = _Place(False, False, torch.zeros(0, dtype=torch.bool))


class _Sight:
    """Hooks that watch modules: each call of a module within a pass of the model is a place of its own."""

    def __init__(self) -> None:
        self.places: dict[tuple[nn.Module, int], _Place] = {}
        self._calls: collections.Counter[nn.Module] = collections.Counter()
        self._rectified: Tensor | None = None
        self._below = False

    def begin(self, model: nn.Module, given: tuple[Any, ...]) -> None:
        """A pass begins."""
        self._calls.clear()

    def before(self, module: nn.Module, given: tuple[Any, ...]) -> None:
        """Keep what a module would give if it rectified, before it may overwrite its input."""
        single = len(given) == 1 and isinstance(given[0], Tensor) and given[0].ndim > 1
        self._rectified = given[0].clamp_min(0) if single else None
        self._below = single and bool((given[0] < 0).any())

    def after(self, module: nn.Module, given: tuple[Any, ...], out: object) -> None:
        """Compare it with what the module gave."""
        key = module, self._calls[module]
        self._calls[module] += 1
        found, expected = ELSEWHERE, self._rectified
        if expected is not None and isinstance(out, Tensor) and torch.equal(out, expected):
            found = _Place(True, self._below, (out > 0).flatten(1).any(dim=0).cpu())
        self.places[key] = self.places[key].joined(found) if key in self.places else found
