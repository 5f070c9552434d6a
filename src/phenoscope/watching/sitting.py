"""What a watch reads, without a disk: probes, their memories and costs, and the check of each foretold step."""

import math
import time
from collections.abc import Sequence

import torch
from torch.optim import Optimizer

from phenoscope.core.errors import BadInput
from phenoscope.core.points import layout
from phenoscope.objective import Objective
from phenoscope.probes import Probe, Rows, due, heavy, read
from phenoscope.store import RATE
from phenoscope.training import DIVERGED, Rule
from phenoscope.watching.check import Foretold, departure, foretell
from phenoscope.watching.moments import OwnMoment, at_rest, moment
from phenoscope.watching.optimizers import Recognised, rates_of


class Sitting:
    """The readings of one training, in the order of its steps.

    Args:
        objective: the loss on the data of the watch.
        optimizer: that is listened to.
        probes: what to read.

    Attributes:
        diverged_at: the first step at which the loss was not finite, or a million times what it was; `None` before.
        costs: for each probe how often it was read and its seconds; what several share counts for the first.
    """

    def __init__(self, objective: Objective, optimizer: Optimizer, probes: Sequence[Probe]) -> None:
        self._objective, self._optimizer, self._probes = objective, optimizer, tuple(probes)
        self._layout = layout(objective.model)
        self._memories: list[object] = [None] * len(self._probes)
        self._foretold: Foretold | None = None
        self._rates: tuple[float, ...] = ()
        self._seen: list[Recognised] = []
        self._first_loss: float | None = None
        self.diverged_at: int | None = None
        self.costs = [(0, 0.0) for _ in self._probes]

    def idle(self, step: int) -> bool:
        """Whether there is nothing to read at a step: no probe is due, no rate has changed, no step to be checked."""
        if self.diverged_at is not None:
            return True
        if self._foretold is not None or due(self._probes, step):
            return False
        return rates_of(self._optimizer) == self._rates

    def look(self, step: int) -> list[Rows]:
        """The readings of the model as it stands, before the update from `step` to `step + 1`."""
        self._refuse_other_parameters()
        with at_rest(self._objective.model):
            rows = self._new_rates(step) + self._checked()
            return rows + (self._measured(step) if due(self._probes, step) else [])

    @property
    def optimizer(self) -> Recognised | None:
        """What the optimizer was last seen to be, as a rule if it ever was one; `None` before the first look.

        A rate that has fallen to nothing at the end of a schedule makes no rule, and is no other one either.
        """
        ruled = [seen for seen in self._seen if seen.rule is not None]
        return (ruled or self._seen or [None])[-1]

    @property
    def rule(self) -> Rule | None:
        """The rule that it followed all along with the same numbers, if it did."""
        return self._seen[0].rule if len({seen.rule for seen in self._seen}) == 1 else None

    def _measured(self, step: int) -> list[Rows]:
        now = moment(self._objective, self._optimizer, step)
        if not self._seen or self._seen[-1] != now.optimizer:
            self._seen.append(now.optimizer)
        deep = heavy(self._probes, step)
        last = time.perf_counter()

        def spent(index: int) -> None:
            nonlocal last
            count, seconds = self.costs[index]
            until = time.perf_counter()
            self.costs[index] = (count + 1, seconds + until - last)
            last = until

        if deep and self._lost(now):
            self.diverged_at = step
            return []
        rows, self._memories = read(self._probes, now, self._memories, spent)
        finite = all(bool(torch.isfinite(row.values).all()) for row in rows)
        if not finite and not self._sound(now):
            self.diverged_at = step
        self._foretold = foretell(now) if deep else None
        return rows

    def _refuse_other_parameters(self) -> None:
        now = layout(self._objective.model)
        if now != self._layout:
            raise BadInput(
                f"the model's trainable parameters have changed since the watch began ({self._layout.size} numbers "
                f"then, {now.size} now). Begin another watch where layers are frozen or unfrozen."
            )

    def _lost(self, now: OwnMoment) -> bool:
        """Whether there is no curvature worth asking for any more."""
        now.around.hessian()  # first, so that the loss comes from its graph
        loss = float(now.around.loss)
        self._first_loss = max(loss, 1.0) if self._first_loss is None else self._first_loss
        return not (math.isfinite(loss) and loss <= DIVERGED * self._first_loss)

    def _sound(self, now: OwnMoment) -> bool:
        """Whether loss and parameters are finite: then a reading that is not had nothing to read."""
        return math.isfinite(float(now.around.loss)) and bool(torch.isfinite(self._objective.point).all())

    def _checked(self) -> list[Rows]:
        """What the last step did, where it was foretold."""
        foretold, self._foretold = self._foretold, None
        return [] if foretold is None else departure(foretold, self._objective.point)

    def _new_rates(self, step: int) -> list[Rows]:
        """The learning rates, where they have changed."""
        rates = rates_of(self._optimizer)
        if rates == self._rates:
            return []
        self._rates = rates
        names = [RATE] if len(set(rates)) == 1 else [f"{RATE} of group {i}" for i in range(1, len(rates) + 1)]
        return [
            Rows(name, step, torch.tensor([rate], dtype=torch.float64))
            for name, rate in zip(names, rates, strict=False)
        ]
