"""How strongly does training swing from side to side, and how strongly does the central flow say that it would?"""

from collections.abc import Mapping

from torch import Tensor

from phenoscope.core.specs import spec
from phenoscope.probes.probe import Moment, Reading, Rows

MEASURED, FORETOLD, AVERAGE = "oscillation variance", "foretold oscillation variance", "foretold loss"


@spec
class Oscillation:
    """‖δ‖² of every step, `oscillation variance`, with δ = (θ_t - (θ_{t-1} + θ_{t+1})/2)/2; known one step later.

    A point that swings from side to side with each step, θ_t = m_t + (-1)^t x_t around a path m that moves slowly, has
    δ = (-1)^t x_t; averaged over a time in which x changes its size it is the trace of the covariance of the swing.
    A path that does not swing has a quarter of its second difference there, which is small beside it.
    """

    @property
    def units(self) -> Mapping[str, str]:
        return {MEASURED: "parameter²"}

    def due(self, step: int) -> bool:
        return True

    def needs_curvature(self, step: int) -> bool:
        return False

    def update(self, moment: Moment, memory: tuple[Tensor, ...] | None) -> Reading:
        last = () if memory is None else memory
        if len(last) < 2:
            return [], (*last, moment.points)
        swing = (last[1] - (last[0] + moment.points) / 2) / 2
        rows = [Rows(MEASURED, moment.step - 1, swing.double().square().sum(dim=1))]
        return rows, (last[1], moment.points)


@spec
class CentralOscillation:
    """What the rule `training.CentralFlow` says of gradient descent's oscillation around it, of every step.

    `foretold oscillation variance` is tr Σ, to be laid beside the `oscillation variance` of a run; `foretold loss` is
    L + ½⟨H, Σ⟩, its loss on average. Nothing is read along other rules. Source: Cohen et al. 2024, arXiv:2410.24206.
    """

    @property
    def units(self) -> Mapping[str, str]:
        return {FORETOLD: "parameter²", AVERAGE: "loss"}

    def due(self, step: int) -> bool:
        return True

    def needs_curvature(self, step: int) -> bool:
        return False

    def update(self, moment: Moment, memory: None) -> Reading:
        variance, raised = (moment.memory.get(name) for name in ("oscillation variance", "oscillation loss"))
        if variance is None or raised is None:
            return [], None
        loss = moment.around.loss.double() + raised[:, 0]
        rows = [Rows(FORETOLD, moment.step, variance[:, 0]), Rows(AVERAGE, moment.step, loss)]
        return rows, None
