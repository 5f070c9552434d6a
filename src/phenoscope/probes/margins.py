"""Is a network on its way to a KKT point of the largest margin, and do its layers stay balanced?"""

import dataclasses
import math
from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

from phenoscope.core.errors import BadInput
from phenoscope.core.specs import spec
from phenoscope.instruments import MarginConditions, UnitBalance, margin_conditions, unit_balance
from phenoscope.objective import Objective
from phenoscope.objective.parts import everything
from phenoscope.probes.probe import Moment, Reading, Regular, Rows

READ = {"stationarity": "stationarity", "slackness": "slackness", "margin": "normalised margin", "order": "order",
        "inhomogeneity": "inhomogeneity"}  # fmt: skip
"""The series of each field of a reading."""


@spec
class Margins(Regular):
    """The normalised margin, and how far the weights are from a KKT point of the largest one, on the training examples.

    Series: `normalised margin` (q / ‖θ‖^L), `stationarity` and `slackness`, `order` (L) and `inhomogeneity`, each as
    `instruments.margin_conditions` says; nan where there is no network, and where it or its outputs are 0. One backward
    pass an example. Networks have one output and targets 1 and -1, such as those of `phenoscope.data.Sides`.
    """

    every: int = 100

    @property
    def units(self) -> Mapping[str, str]:
        return dict.fromkeys(READ.values(), "1")

    def update(self, moment: Moment, memory: None) -> Reading:
        alive = zip(range(len(moment.alive)), moment.alive.tolist(), strict=True)
        found = [_conditions(moment.objective(row)) if living else None for row, living in alive]
        return _rows(moment, {series: [_of(each, field) for each in found] for field, series in READ.items()}), memory


def _conditions(objective: Objective | None) -> MarginConditions | None:
    if objective is None:
        return None
    inputs, targets = everything(objective.terms.passes(), objective.processes)
    if not targets.is_floating_point() or not bool((targets.abs() == 1).all()):
        raise BadInput("margins are read of two classes with the targets 1 and -1. Take `phenoscope.data.Sides`.")
    if not bool(objective.point.any()) or not bool(objective.outputs().any()):
        return None
    return margin_conditions(objective.model, inputs, targets)


@spec
class LayerBalance(Regular):
    """How balanced the weights before and behind each hidden unit are, and how far that has moved in training.

    Series: `imbalance`, and `balance drift`, Σ |c - c₀| over the sum of the squares at the first reading (see
    `instruments.unit_balance`); nan where no layers follow each other.
    """

    every: int = 50

    @property
    def units(self) -> Mapping[str, str]:
        return {"imbalance": "1", "balance drift": "1"}

    def update(self, moment: Moment, memory: Mapping[str, Tensor] | None) -> Reading:
        networks = [moment.objective(row) for row in range(len(moment.alive))]
        if any(network is None for network in networks):
            return [], memory
        found = [unit_balance(network.model) for network in networks if network is not None]
        first = memory or {
            "charges": torch.stack([each.charges for each in found]),
            "total": torch.tensor([each.total for each in found], dtype=torch.float64),
        }
        starts = zip(found, first["charges"], first["total"].tolist(), strict=True)
        drifts = [now.drift(dataclasses.replace(now, charges=charges, total=total)) for now, charges, total in starts]
        return _rows(moment, {"imbalance": [each.value for each in found], "balance drift": drifts}), first


def _of(found: MarginConditions | UnitBalance | None, field: str) -> float:
    return math.nan if found is None else getattr(found, field)


def _rows(moment: Moment, columns: Mapping[str, Sequence[Any]]) -> list[Rows]:
    return [Rows(name, moment.step, torch.tensor(each, dtype=torch.float64)) for name, each in columns.items()]
