"""A task with two exact solutions that no order of the units brings together: the smallest barrier over all of them."""

import itertools
import math
from collections.abc import Iterator, Mapping

import torch
from jaxtyping import Float
from torch import Tensor

from phenoscope.core.errors import BadInput
from phenoscope.core.options import one_of
from phenoscope.core.seeds import stream
from phenoscope.core.specs import spec
from phenoscope.methods.computation import Found

PLACES = 21
"""On the line while scales are sought; the barrier is read at ten times as many."""
STARTS = 4
"""Of the scales, for every order: equal ones first, then random ones."""
RATE = 0.05


@spec
class TwoFeatures:
    """ReLU networks with one hidden layer on four inputs (±1, ±1) of target 1, which |x₁| solves, and |x₂| as well.

    A solution has half of its units on each side of its feature, with shares s drawn from the seed that sum to 1 on
    each side: it computes Σ vⱼ max(wⱼ·x, 0) with wⱼ = ±√sⱼ e and vⱼ = √sⱼ. The barrier on the line from one solution
    to another is made as small as can be over all orders of the units and all positive scales (cⱼ wⱼ, vⱼ / cⱼ): every
    order is tried, and for each the scales are sought by descent from several starts. The loss is the mean square
    error; it is 0 at both ends, so the barrier is the largest loss on the line.

    With two units it cannot be below 1/4, whatever the order and the scales: the first unit turns from one feature to
    the other, and on the way there is a place at which it is silent on both inputs with unlike signs (or with like
    ones, in the other order). There the second unit is silent on one of these two: an output of 0 where 1 is wanted.

    Attributes:
        hidden: units: 2, 4 or 6, so that all orders can be tried.
        other: the second solution is of the "other feature", or of the "same feature" with shares of its own.
        steps: of descent on the scales.
        seed: of shares and starts.
    """

    hidden: int = 2
    other: str = "other feature"
    steps: int = 200
    seed: int = 0

    def __post_init__(self) -> None:
        one_of("other", self.other, ("other feature", "same feature"))
        if self.hidden not in (2, 4, 6) or self.steps < 1:
            raise BadInput(f"two features need 2, 4 or 6 hidden units and at least 1 step, got {self}.")

    @property
    def units(self) -> Mapping[str, str]:
        return dict.fromkeys(("smallest barrier", "barrier as built", "loss at the ends"), "loss") | {"orders": "1"}

    def readings(self) -> Iterator[Found]:
        """The smallest barrier, at the last step."""
        first, second = self.solution(0, "first"), self.solution(int(self.other == "other feature"), "second")
        orders = list(itertools.permutations(range(self.hidden)))
        moved = torch.stack([second[list(order)] for order in orders])  # (orders, units, 3)
        smallest = self._smallest(first, moved)
        yield Found(
            self.steps,
            {
                "smallest barrier": smallest,
                "barrier as built": float(losses(first, second, _line(10 * PLACES)).max()),
                "loss at the ends": float(losses(first, second, _line(2)).max()),
                "orders": float(len(orders)),
            },
        )

    def solution(self, feature: int, name: str) -> Float[Tensor, "units 3"]:
        """The units of one solution: incoming weights for x₁ and x₂, and the outgoing one."""
        half = self.hidden // 2
        shares = -torch.rand(2, half, generator=stream(self.seed, name), dtype=torch.float64).log()  # Dirichlet
        roots = (shares / shares.sum(1, keepdim=True)).sqrt()
        made = torch.zeros(2, half, 3, dtype=torch.float64)
        made[..., feature] = roots * torch.tensor([[1.0], [-1.0]], dtype=torch.float64)
        made[..., 2] = roots
        return made.flatten(0, 1)

    def _smallest(self, first: Tensor, moved: Tensor) -> float:
        """Over all orders and, by descent with Adam on a soft maximum that hardens, over all scales."""
        drawn = torch.randn(STARTS, *moved.shape[:2], generator=stream(self.seed, "scales"), dtype=torch.float64)
        drawn[0] = 0
        logs = drawn.requires_grad_()
        optimizer, places = torch.optim.Adam([logs], lr=RATE), _line(PLACES)
        best = math.inf
        for step in range(self.steps):
            found = losses(first, _scaled(moved, logs), places)
            sharp = 10 * 100 ** (step / self.steps)
            optimizer.zero_grad()
            ((sharp * found).logsumexp(dim=-1) / sharp).sum().backward()
            optimizer.step()
        with torch.no_grad():
            ends = losses(first, _scaled(moved, logs), places).max(dim=-1).values.flatten()
            for place in ends.topk(min(10, len(ends)), largest=False).indices.tolist():
                one = _scaled(moved, logs).flatten(0, 1)[place]
                best = min(best, float(losses(first, one, _line(10 * PLACES)).max()))
        return best


def losses(
    first: Float[Tensor, "units 3"], second: Float[Tensor, "*n units 3"], places: Float[Tensor, " t"]
) -> Float[Tensor, "*n t"]:
    """The mean square error on the four inputs at places of the line between two networks."""
    inputs = torch.tensor([[1.0, 1.0], [1.0, -1.0], [-1.0, 1.0], [-1.0, -1.0]], dtype=first.dtype)
    between = first + places[:, None, None] * (second[..., None, :, :] - first)
    hidden = (between[..., :2] @ inputs.mT).clamp_min(0)
    outputs = (hidden * between[..., 2:]).sum(-2)
    return (outputs - 1).square().mean(-1)


def _scaled(units: Tensor, logs: Tensor) -> Tensor:
    """The same functions, incoming weights times c and outgoing ones divided by it."""
    factor = logs.exp()[..., None]
    return torch.cat((units[..., :2] * factor, units[..., 2:] / factor), dim=-1)


def _line(count: int) -> Tensor:
    return torch.linspace(0, 1, count, dtype=torch.float64)
