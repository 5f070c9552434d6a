"""One clock for a training's early events: the edge, the peak of curvature, stable forks, and tickets that match."""

import dataclasses
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations

import numpy as np
import torch
from jaxtyping import Bool, Float
from torch import Tensor

from phenoscope.core.errors import BadInput
from phenoscope.core.options import one_of
from phenoscope.core.specs import spec
from phenoscope.data import Dataset, dataset
from phenoscope.instruments import barrier, sharpness
from phenoscope.methods.computation import Found
from phenoscope.models import MLP
from phenoscope.objective import CrossEntropy, Objective
from phenoscope.training import (
    Drop,
    GradientDescent,
    Inherited,
    Point,
    Recipe,
    Rounds,
    Start,
    State,
    objective_of,
    train,
)

EARLIEST, LATEST = 0.005, 0.5
"""The first fork after the start, and the last one, in parts of the steps."""
DROPPED, LOWER = 0.7, 10
"""After which part of the steps the rate falls, and by what factor: copies end where they settle."""
LATE = tuple(0.75 + 0.0125 * number for number in range(21))
"""When accuracies are read that are called late, in parts of the steps."""
COPIES = {"dense": 3, "found": 2, "shuffled": 1}
"""What leaves at each fork: under which mask, and how many, each of which meets the data in an order of its own."""


@spec
class EarlyClock:
    """A network trained by SGD, with all that it takes to date early events of the training.

    Series along its steps: "loss"; "sharpness", the largest Hessian eigenvalue of the full loss; and "sharpness /
    threshold", that times η/2, which full-batch descent on a quadratic bears up to 1 (Cohen et al. 2021,
    arXiv:2103.00065). Series by the step at which copies leave it, each trained from there for as many steps as the
    network itself: "barrier", in nats of training loss, the mean over three pairs that meet the data in different
    orders (Frankle et al. 2019, arXiv:1912.05671); "ticket lead", by how much copies under the mask that pruning in
    rounds has found are more accurate on test examples, late in training, than those dense ones; and "shuffled lead",
    the same for as many weights in each layer at random places. At the end: "accuracy", late, of the network, and
    "density" of the mask.

    Steps are read in geometric progression, so that all events are dated to one relative accuracy.

    Attributes:
        seed: of the data, the initialisation and the order.
        steps: of each training.
        lr: η.
        initialisation: which of the seed's initialisations.
        data: what is learned from.
        widths: of the hidden layers, of ReLU units.
        init_scale: of the weights, against LeCun's; small, so that the sharpness begins below 2/η.
        batch: examples a step.
        looks: readings of loss and curvature, after those at the start.
        forks: steps at which copies leave, after those at the start.
        rounds: of pruning, each of which goes back to a twentieth of the steps.
        share: of the weights that are left, how many go after each round.
        dynamics: "network", or "linearised" for its Taylor expansion.
    """

    seed: int = 0
    steps: int = 800
    lr: float = 0.8
    initialisation: int = 0
    data: Dataset = dataset("mnist1d", train=4000, flat=True)
    widths: tuple[int, ...] = (32, 32)
    init_scale: float = 0.5
    batch: int = 64
    looks: int = 20
    forks: int = 8
    rounds: int = 3
    share: float = 0.4
    dynamics: str = "network"

    def __post_init__(self) -> None:
        one_of("dynamics", self.dynamics, ("network", "linearised"))
        if min(self.steps // 20, self.looks, self.forks, self.rounds, self.batch) < 1:
            raise BadInput(f"an early clock needs 20 steps, and a look, a fork, a round and a batch, got {self}.")
        _ = self.search  # refuses what it cannot use

    def frozen(self) -> "EarlyClock":
        """The twin with frozen features."""
        return dataclasses.replace(self, dynamics="linearised")

    @property
    def recipe(self) -> Recipe:
        """The training whose events are dated."""
        return Recipe(
            data=self.data,
            model=MLP(self.widths, activation="relu", init_scale=self.init_scale),
            loss=CrossEntropy(),
            rule=GradientDescent(Drop(self.lr, self.dropped, self.lr / LOWER)),
            steps=self.steps,
            seed=self.seed,
            batch=self.batch,
            dynamics=self.dynamics,  # type: ignore[arg-type]  # one of the two
            initialisation=self.initialisation,
        )

    @property
    def search(self) -> Recipe:
        """The same training, followed by rounds of pruning, up to the moment at which the last mask is found."""
        rounds = Rounds(self.steps, self.steps, self.share, back=self.steps // 20)
        return dataclasses.replace(self.recipe, steps=self.rounds * self.steps + 1, pruning=rounds)

    @property
    def dropped(self) -> int:
        """The step from which on the rate is lower; events are looked for before."""
        return round(DROPPED * self.steps)

    @property
    def looking(self) -> tuple[int, ...]:
        """The steps at which loss and curvature are read."""
        return 0, *_whole(np.geomspace(1, self.dropped - 1, self.looks))

    @property
    def leaving(self) -> tuple[int, ...]:
        """The steps at which copies leave."""
        first, last = (max(1.0, share * self.steps) for share in (EARLIEST, LATEST))
        return 0, *_whole(np.geomspace(first, last, self.forks))

    @property
    def units(self) -> Mapping[str, str]:
        shares = dict.fromkeys(("ticket lead", "shuffled lead", "accuracy", "density"), "1")
        losses = {"loss": "nats", "sharpness": "loss / parameter²", "sharpness / threshold": "1", "barrier": "nats"}
        return losses | shares

    def readings(self) -> Iterator[Found]:
        """What is found along the training, and of the copies by the step at which they leave; all once it is known."""
        network = _trained(self)
        if network is None:
            yield Found(self.steps, {}, diverged=True)
            return
        found: dict[int, dict[str, float]] = defaultdict(dict)
        for values in (network.read, _compared(self, network)):
            for step, said in values.items():
                found[step] |= said
        yield from (Found(step, found[step]) for step in sorted(found))


@dataclasses.dataclass(frozen=True)
class _Trained:
    """The network at the end of its training, and the mask that was found.

    Attributes:
        read: what was read, by step.
        points: those at which copies leave, (1, p) each.
        mask: (1, p).
    """

    read: Mapping[int, dict[str, float]]
    points: Mapping[int, Tensor]
    mask: Bool[Tensor, "1 p"]


def _trained(clock: EarlyClock) -> _Trained | None:
    """The network, trained and read, and then pruned in rounds; `None` where it diverges."""
    read: dict[int, dict[str, float]] = defaultdict(dict)
    points, late, mask = {}, [], None
    for state in train([clock.search]):
        if not bool(state.alive.all()):
            return None
        mask = state.mask
        if state.step in clock.leaving:
            points[state.step] = state.points.clone()
        if state.step in clock.looking:
            read[state.step] |= _read(state)
        if state.step in _ends(clock):
            late.append(_right(state))
    assert mask is not None  # it prunes
    read[clock.steps] |= {"accuracy": float(torch.stack(late).mean()), "density": float(mask.double().mean())}
    return _Trained(read, points, mask)


def _read(state: State) -> dict[str, float]:
    """Loss and curvature of a network alone."""
    objective, limit = state.objective(0), state.thresholds
    assert objective is not None  # a network
    assert limit is not None  # under gradient descent
    found = sharpness(objective, generator=torch.Generator().manual_seed(state.step))
    value, residual, bears = float(found.value), float(found.residual), float(limit[0])
    named = {"sharpness": value, "sharpness.residual": residual}
    against = {"sharpness / threshold": value / bears, "sharpness / threshold.residual": residual / bears}
    return {"loss": float(state.around.loss[0]), **named, **against}


Row = tuple[int, str, int]
"""A copy: the step at which it leaves, its mask, and which order of the data it meets."""


def _compared(clock: EarlyClock, network: _Trained) -> dict[int, dict[str, float]]:
    """Barriers and leads by the step at which copies leave."""
    kinds = [(kind, order) for kind, count in COPIES.items() for order in range(1, count + 1)]
    rows = [(at, *kind) for at in clock.leaving for kind in kinds]
    ends, accuracies = _copies(clock, network, rows)
    objective, found = objective_of(clock.recipe), {}
    for at in clock.leaving:
        places = {kind: [place for place, row in enumerate(rows) if row[:2] == (at, kind)] for kind in COPIES}
        right = {kind: float(accuracies[those].mean()) for kind, those in places.items()}
        leads = {"ticket lead": right["found"] - right["dense"], "shuffled lead": right["shuffled"] - right["dense"]}
        found[at] = _between(objective, ends[places["dense"]]) | leads
    return found


def _between(objective: Objective, ends: Float[Tensor, "n p"]) -> dict[str, float]:
    """The barrier between points, the mean over all pairs."""
    found = [barrier(objective, one, two, points=11, tol=0.02) for one, two in combinations(ends, 2)]
    errors = [each.grid_error for each in found]
    return {"barrier": float(np.mean([each.value for each in found])), "barrier.residual": float(np.mean(errors))}


def _copies(
    clock: EarlyClock, network: _Trained, rows: Sequence[Row]
) -> tuple[Float[Tensor, "n p"], Float[Tensor, " n"]]:
    """Where copies end, and how accurate they are late.

    They advance together, whatever the step at which they leave: each begins at its own point.
    """
    recipes = [_copy(clock, kind, order) for _, kind, order in rows]
    points = torch.cat([network.points[at] for at, _, _ in rows])
    whole = torch.ones_like(network.mask)
    masks = torch.cat([whole if kind == "dense" else network.mask for _, kind, _ in rows])
    return _advanced(clock, recipes, Start(points, None, masks))


def _copy(clock: EarlyClock, kind: str, order: int) -> Recipe:
    mask = Inherited(clock.search, clock.search.steps, "shuffled" if kind == "shuffled" else "as found")
    return dataclasses.replace(clock.recipe, start=Point(clock.recipe, 0), mask=mask, order=order)


def _advanced(
    clock: EarlyClock, recipes: Sequence[Recipe], start: Start
) -> tuple[Float[Tensor, "n p"], Float[Tensor, " n"]]:
    """The same for recipes that advance together."""
    late, last = [], None
    for state in train(recipes, start=start):
        last = state
        if state.step in _ends(clock):
            late.append(_right(state))
    assert last is not None
    return last.points, torch.stack(late).mean(dim=0)


def _right(state: State) -> Float[Tensor, " n"]:
    right = state.accuracy("test")
    assert right is not None
    return right


def _ends(clock: EarlyClock) -> set[int]:
    return {round(share * clock.steps) for share in LATE}


def _whole(steps: np.ndarray) -> list[int]:
    """Rounded, each once."""
    return np.unique(np.round(steps).astype(int)).tolist()
