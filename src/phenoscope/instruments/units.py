"""How many rectified units are dead: zero whatever the example, and so without a gradient?"""

import dataclasses
import functools
import math

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
        layers: modules that rectify, in which they were counted.
    """

    value: float
    dead: int
    units: int
    layers: int

    @property
    def evidence(self) -> str:
        if self.layers == 0:
            return "no module of the model rectifies its input"
        return f"{self.dead} of {self.units} units in {self.layers} rectifying modules, counted on all data"


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
    leaves = [m for m in objective.model.modules() if not any(True for _ in m.parameters()) and not list(m.children())]
    found: dict[nn.Module, _Seen] = {}
    handles = [leaf.register_forward_hook(lambda m, given, out: _look(found, m, given, out)) for leaf in leaves]
    try:
        objective.outputs()
    finally:
        for handle in handles:
            handle.remove()
    everywhere = zip(*objective.processes.gather([*found.values()]), strict=True)
    lit = [
        seen.lit for seen in (functools.reduce(_both, parts) for parts in everywhere) if seen.rectifies and seen.below
    ]
    units, dead = sum(map(len, lit)), sum(int((~each).sum()) for each in lit)
    return DeadUnits(dead / units if units else math.nan, dead, units, len(lit))


@dataclasses.dataclass(frozen=True)
class _Seen:
    """What one module did so far: max(x, 0) each time, of some x below 0; and which units were ever above 0, (u,)."""

    rectifies: bool
    below: bool
    lit: Tensor


def _look(found: dict[nn.Module, _Seen], module: nn.Module, given: tuple, out: object) -> None:
    before = found.get(module)
    if (before is not None and not before.rectifies) or len(given) != 1 or not isinstance(out, Tensor):
        return
    (inputs,) = given
    alike = isinstance(inputs, Tensor) and inputs.shape == out.shape and out.ndim > 1
    if not alike or not torch.equal(out, inputs.clamp_min(0)):
        found[module] = _Seen(False, False, torch.zeros(0, dtype=torch.bool))
        return
    seen = _Seen(True, bool((inputs < 0).any()), (out > 0).flatten(1).any(dim=0).cpu())
    found[module] = seen if before is None else _both(before, seen)


def _both(one: _Seen, other: _Seen) -> _Seen:
    """What a module did on the data of both."""
    if not one.rectifies or not other.rectifies:
        return other if one.rectifies else one
    return _Seen(True, one.below or other.below, one.lit | other.lit)
