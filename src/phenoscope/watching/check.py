"""Do the steps follow the recognised rule on the full-batch gradient? Foretold before a step, compared after it."""

import dataclasses

import torch
from jaxtyping import Float
from torch import Tensor

from phenoscope.probes import Rows
from phenoscope.store import DEPARTURE
from phenoscope.watching.moments import OwnMoment


@dataclasses.dataclass(frozen=True, eq=False)
class Foretold:
    """Where a step should lead.

    Attributes:
        step: the one to come.
        start: (p,), the point before it.
        end: (p,), the point after it, if the recognised rule follows the gradient of the watch's loss.
    """

    step: int
    start: Float[Tensor, " p"]
    end: Float[Tensor, " p"]


def foretell(moment: OwnMoment) -> Foretold | None:
    """Where the coming step leads by the rule; `None` where none was recognised."""
    rule = moment.optimizer.rule
    if rule is None:
        return None
    end, _ = rule.update(moment.around.gradient, moment.points, moment.memory, moment.step)
    return Foretold(moment.step, moment.points[0], end[0])


def departure(foretold: Foretold, point: Float[Tensor, " p"]) -> list[Rows]:
    """‖θ' - foretold‖ / ‖foretold - θ‖: 0 where the step was the rule's on all data, of order 1 with mini-batches.

    The residual is what the rounding of the point alone can make of it. No reading where no step was foretold.
    """
    length = (foretold.end - foretold.start).double().norm()
    if not length > 0:
        return []
    off = (point - foretold.end).double().norm() / length
    rounding = torch.finfo(point.dtype).eps * point.double().norm() / length
    rows = [(DEPARTURE, off), (f"{DEPARTURE}.residual", rounding)]
    return [Rows(name, foretold.step, value[None]) for name, value in rows]
