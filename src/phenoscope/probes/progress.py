"""How far has training come? Loss, gradient, rate, progress and accuracy: readings that need no curvature."""

from collections.abc import Mapping
from typing import Literal

import torch
from torch import Tensor

from phenoscope.core.specs import spec
from phenoscope.probes.probe import Moment, Reading, Regular, Rows


@spec
class Loss(Regular):
    """The full-batch training loss, `loss`."""

    every: int = 1

    @property
    def units(self) -> Mapping[str, str]:
        return {"loss": "loss"}

    def update(self, moment: Moment, memory: None) -> Reading:
        return [Rows("loss", moment.step, moment.around.loss)], None


@spec
class HeldOutLoss(Regular):
    """The loss on the test examples, `test loss`; not read where there are none."""

    every: int = 50

    @property
    def units(self) -> Mapping[str, str]:
        return {"test loss": "loss"}

    def update(self, moment: Moment, memory: None) -> Reading:
        loss = moment.test_loss()
        return ([] if loss is None else [Rows("test loss", moment.step, loss)]), None


@spec
class GradientNorm(Regular):
    """The Euclidean norm of the full-batch gradient, `gradient norm`."""

    every: int = 1

    @property
    def units(self) -> Mapping[str, str]:
        return {"gradient norm": "loss / parameter"}

    def update(self, moment: Moment, memory: None) -> Reading:
        return [Rows("gradient norm", moment.step, moment.around.gradient.double().norm(dim=1))], None


@spec
class LearningRate(Regular):
    """The learning rate of the coming update, `learning rate`: a schedule's, or what a rate per sharpness came to."""

    every: int = 1

    @property
    def units(self) -> Mapping[str, str]:
        return {"learning rate": "parameter² / loss"}

    def update(self, moment: Moment, memory: None) -> Reading:
        rates = moment.rates
        return [] if rates is None else [Rows("learning rate", moment.step, rates)], None


@spec
class RelativeProgress:
    """(L(θ_{t+1}) - L(θ_t)) / (η ‖∇L(θ_t)‖²) of every step, `relative progress`; known one step later.

    Where a row has several learning rates there is no such number, and nothing is read. The rounding of the two
    losses relative to the denominator is `relative progress.residual`.
    """

    @property
    def units(self) -> Mapping[str, str]:
        return {"relative progress": "1"}

    def due(self, step: int) -> bool:
        return True

    def needs_curvature(self, step: int) -> bool:
        return False

    def update(self, moment: Moment, memory: tuple[Tensor, Tensor] | None) -> Reading:
        if moment.rates is None:
            return [], None
        loss = moment.around.loss
        promised = moment.rates.double() * moment.around.gradient.double().square().sum(dim=1)
        if memory is None:
            return [], (loss, promised)
        before, promised_before = memory
        floor = torch.finfo(moment.points.dtype).eps * torch.maximum(before.abs(), loss.abs()) / promised_before
        rows = [
            Rows("relative progress", moment.step - 1, (loss - before) / promised_before),
            Rows("relative progress.residual", moment.step - 1, floor),
        ]
        return rows, (loss, promised)


@spec
class Accuracy(Regular):
    """The share of right answers on the training and the test examples, `train accuracy` and `test accuracy`."""

    every: int = 50

    @property
    def units(self) -> Mapping[str, str]:
        return {"train accuracy": "1", "test accuracy": "1"}

    def update(self, moment: Moment, memory: None) -> Reading:
        both: tuple[Literal["train", "test"], ...] = ("train", "test")
        rows = []
        for part in both:
            right = moment.accuracy(part)
            if right is not None:
                rows.append(Rows(f"{part} accuracy", moment.step, right))
        return rows, None
