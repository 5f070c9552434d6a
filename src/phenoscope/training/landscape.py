"""What a cohort trains on: the loss of each row's network on its data, or the quadratic model of that loss."""

import copy
import dataclasses
import functools
from collections.abc import Iterator, Sequence
from typing import Literal

import torch
from jaxtyping import Float, Int
from torch import Tensor

from phenoscope.core.errors import BadInput
from phenoscope.core.points import Layout, point, write
from phenoscope.core.seeds import stream
from phenoscope.core.specs import canonical
from phenoscope.data import Draw, Examples
from phenoscope.models import CNN
from phenoscope.objective import Linearisation, Network, Objective, Operator
from phenoscope.objective.batches import Batch
from phenoscope.objective.evaluation.expanded import Linearised
from phenoscope.objective.evaluation.network import Rows
from phenoscope.objective.weighting import WHOLE
from phenoscope.training.recipe import Recipe


@dataclasses.dataclass(frozen=True)
class Landscape:
    """The losses of n networks as functions of their points.

    Attributes:
        network: model and loss.
        rows: one network, or many with shared or own data.
        draws: training and test data of each row (of all, where shared).
        origin: (n, p), where training starts.
        quadratic: the expansion that replaces the loss, if any.
    """

    network: Network
    rows: Rows
    draws: tuple[Draw, ...]
    origin: Float[Tensor, "n p"]
    quadratic: Linearisation | None = None

    @property
    def layout(self) -> Layout:
        """Where each parameter lies in a point; of a linearised network, those of the network that was expanded."""
        model = self.network.model
        return model.layout if isinstance(model, Linearised) else self.network.layout

    def around(self, points: Float[Tensor, "n p"], examples: Int[Tensor, "d b"] | None = None) -> "Around":
        """The loss around the points, on all training data or on the given examples of each draw."""
        if self.quadratic is not None:
            return Quadratic(self.quadratic, points)
        batch = self._train if examples is None else self._some(examples)

        def once() -> Iterator[Batch]:
            yield batch

        return Linearisation(self.network, points, once, WHOLE, rows=self.rows)

    def accuracy(self, points: Float[Tensor, "n p"], part: Literal["train", "test"]) -> Float[Tensor, " n"]:
        """The share of examples whose largest output is the right one."""
        if self.quadratic is not None:
            raise BadInput("the quadratic model has a loss but no outputs, so it has no accuracy.")
        batch = self._train if part == "train" else self._test
        with torch.no_grad(), self.network.evaluation():
            outputs, _ = self.network.forward(points, batch, self.rows)
        right = (outputs.argmax(dim=-1) == batch[1]).double()
        return right.mean(dim=-1).expand(len(points))

    def test_loss(self, points: Float[Tensor, "n p"]) -> Float[Tensor, " n"]:
        """The loss on the test examples."""

        def once() -> Iterator[Batch]:
            yield self._test

        return Linearisation(self.network, points, once, WHOLE, rows=self.rows).loss

    def objective(
        self, point: Float[Tensor, " p"], row: int, part: Literal["train", "test"] = "train"
    ) -> Objective | None:
        """The loss of one row on all its data of a part, at a point; the quadratic model of a loss has no network."""
        if self.quadratic is not None:
            return None
        whole = self.network.model
        model = whole.row(row) if isinstance(whole, Linearised) else copy.deepcopy(whole)
        write(point, model)
        examples: Examples = getattr(self.draws[row if self.rows == "own data" else 0], part)
        return Objective(model, self.network.loss, (examples.inputs, examples.targets)) if len(examples) else None

    @functools.cached_property
    def _train(self) -> Batch:
        return self._together([draw.train for draw in self.draws])

    @functools.cached_property
    def _test(self) -> Batch:
        return self._together([draw.test for draw in self.draws])

    def _together(self, parts: Sequence[Examples]) -> Batch:
        if self.rows == "own data":
            return torch.stack([part.inputs for part in parts]), torch.stack([part.targets for part in parts])
        return parts[0].inputs, parts[0].targets

    def _some(self, examples: Int[Tensor, "d b"]) -> Batch:
        inputs, targets = self._train
        if self.rows == "own data":
            row = torch.arange(len(examples), device=examples.device)[:, None]
            return inputs[row, examples], targets[row, examples]
        return inputs[examples[0]], targets[examples[0]]


class Quadratic:
    """L(θ₀) + g·d + ½ dᵀHd around θ₀, with d = θ - θ₀ and the true gradient and Hessian there."""

    def __init__(self, at: Linearisation, points: Float[Tensor, "n p"]) -> None:
        self._at, self._change = at, points - at.points
        self._curved = at.hessian().multiply(self._change[:, None])[:, 0]

    @property
    def loss(self) -> Float[Tensor, " n"]:
        slope = (self._at.gradient + self._curved / 2).double()
        return self._at.loss + (slope * self._change.double()).sum(dim=-1)

    @property
    def gradient(self) -> Float[Tensor, "n p"]:
        return self._at.gradient + self._curved

    def hessian(self) -> Operator:
        return self._at.hessian()

    def third(self, left: Float[Tensor, "n p"], right: Float[Tensor, "n p"]) -> tuple[Tensor, Tensor]:
        """The curvature along two directions, and its gradient, which is 0."""
        return (self.hessian().multiply(left[:, None])[:, 0] * right).sum(dim=1), torch.zeros_like(right)

    def operator(self, which: str) -> Operator:
        if which != "hessian":
            raise BadInput("the quadratic model of a loss has a Hessian, but no Gauss-Newton matrix.")
        return self.hessian()


Around = Linearisation | Quadratic
"""The loss around n points: shared by the trainer and the probes, computed once."""


@dataclasses.dataclass(frozen=True)
class Outlook:
    """What the rule of a step sees from some points (see `sight.Sight`).

    Attributes:
        landscape: the losses as functions.
        points: (n, p).
        examples: (d, b), those of the step, of each draw; `None` for all.
        around: the loss on all training data around the points.
        seeds: of each row, for rules that draw.
    """

    landscape: Landscape
    points: Float[Tensor, "n p"]
    examples: Int[Tensor, "d b"] | None
    around: Around
    seeds: tuple[int, ...]

    @functools.cached_property
    def local(self) -> Around:
        """The loss on the examples of the step around the points."""
        return self.around if self.examples is None else self.landscape.around(self.points, self.examples)

    @property
    def gradient(self) -> Float[Tensor, "n p"]:
        return self.local.gradient

    def whole(self) -> Float[Tensor, "n p"]:
        return self.around.gradient

    def hessian(self) -> Operator:
        return self.around.hessian()

    def third(self, left: Float[Tensor, "n p"], right: Float[Tensor, "n p"]) -> Float[Tensor, "n p"]:
        return self.around.third(left, right)[1]

    def at(self, points: Float[Tensor, "n p"]) -> "Outlook":
        return Outlook(self.landscape, points, self.examples, self.landscape.around(points), self.seeds)

    def normal(self, step: int) -> Float[Tensor, "n p"]:
        """Drawn in float64 on the CPU, so that every device and precision has the same."""
        streams = [stream(seed, "rule", step) for seed in self.seeds]
        rows = [torch.randn(self.points.shape[1], generator=one, dtype=torch.float64) for one in streams]
        return torch.stack(rows).to(self.points)


def landscape(recipes: Sequence[Recipe], starts: Float[Tensor, "n p"] | None, device: torch.device) -> Landscape:
    """Draw the data and build the networks of a cohort.

    Args:
        recipes: of one shape (see `cohorts.shape_of`).
        starts: points (n, p) to start from instead of fresh initialisations.
        device: where to put everything.
    """
    first = recipes[0]
    dtype = getattr(torch, first.dtype)
    shared = len({(recipe.seed, recipe.order, canonical(recipe.data)) for recipe in recipes}) == 1  # and one order
    rows: Rows = "one" if len(recipes) == 1 else ("shared data" if shared else "own data")
    draws = tuple(_drawn(recipe, dtype, device) for recipe in (recipes[:1] if shared else recipes))
    models = [_built(recipe, dtype).to(device) for recipe in recipes]
    origin = torch.stack([point(model) for model in models])
    if starts is not None:
        if starts.shape != origin.shape:
            raise BadInput(
                f"the points to start from must have shape {tuple(origin.shape)}, got {tuple(starts.shape)}."
            )
        origin = starts.to(device, dtype)
    model = models[0] if first.dynamics != "linearised" else _linearised(recipes, origin)
    made = Landscape(Network(model, first.loss, draws=False), rows, draws, origin)
    if first.dynamics != "quadratic":
        return made
    expansion = made.around(origin)
    expansion.hessian()
    return dataclasses.replace(made, quadratic=expansion)


def objective_of(recipe: Recipe, part: Literal["train", "test"] = "train") -> Objective:
    """The loss of a recipe's network, or of its linearisation, on its training or test examples, at its initialisation.

    Raises:
        BadInput: the quadratic model of a loss, which is no network, or no test examples.
    """
    if recipe.dynamics == "quadratic":
        raise BadInput(f"only networks have a loss apart from their training, got the dynamics {recipe.dynamics!r}.")
    dtype = getattr(torch, recipe.dtype)
    examples = getattr(_drawn(recipe, dtype, torch.device("cpu")), part)
    model = _built(recipe, dtype) if recipe.dynamics == "network" else _expanded(recipe)
    return Objective(model, recipe.loss, (examples.inputs, examples.targets))


def expanded_at(recipe: Recipe) -> Recipe | None:
    """The recipe at whose start a linearised one is expanded: its own, or that of the first linearised ancestor.

    A sparse network is another one than the dense network that it was cut from: it is expanded where it begins itself.
    """
    if recipe.dynamics != "linearised":
        return None
    return recipe if recipe.start is None or recipe.sparse else expanded_at(recipe.start.recipe) or recipe


def can_expand(recipe: Recipe) -> bool:
    """Whether the point at which a linearised recipe is expanded can be made: not another run's, nor under a mask."""
    root = expanded_at(recipe)
    return root is None or (root.start is None and not root.sparse)


def _linearised(recipes: Sequence[Recipe], origin: Float[Tensor, "n p"]) -> Linearised:
    """The expansions that these recipes train, each around a point of its own."""
    first, *others = (_around(recipe, start) for recipe, start in zip(recipes, origin, strict=True))
    return first.together(others) if others else first


def _around(recipe: Recipe, start: Float[Tensor, " p"]) -> Linearised:
    if expanded_at(recipe) is not recipe:
        return _expanded(recipe).to(start.device)
    model = _built(recipe, getattr(torch, recipe.dtype)).to(start.device)
    write(start, model)
    return Linearised(model)


def _expanded(recipe: Recipe) -> Linearised:
    """The expansion that a linearised recipe trains, found without the points of other members."""
    root = expanded_at(recipe)
    assert root is not None
    if not can_expand(recipe):
        raise BadInput(
            "this linearisation is around a point of another run, or under a mask, and neither is at hand here. It has "
            "no loss apart from its training."
        )
    return Linearised(_built(root, getattr(torch, root.dtype)))


def _drawn(recipe: Recipe, dtype: torch.dtype, device: torch.device) -> Draw:
    draw = recipe.data.draw(recipe.stream("data"))

    def moved(examples: Examples) -> Examples:
        targets = examples.targets.to(device)
        return Examples(examples.inputs.to(device, dtype), targets if examples.classified else targets.to(dtype))

    return dataclasses.replace(draw, train=moved(draw.train), test=moved(draw.test))


def _built(recipe: Recipe, dtype: torch.dtype) -> torch.nn.Module:
    if isinstance(recipe.model, CNN) and recipe.model.normalisation == "batch":
        raise BadInput(
            "recipes do not keep the running statistics of batch normalisation. Choose `normalisation='layer'`."
        )
    generator = recipe.stream("initialisation")
    return recipe.model.build(generator, inputs=recipe.data.shape, outputs=recipe.data.outputs, dtype=dtype)
