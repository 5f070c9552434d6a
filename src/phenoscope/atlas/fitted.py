"""Networks measured where they first fit their data: trained to one loss, then forked for a single step."""

import dataclasses

from phenoscope.data import dataset
from phenoscope.models import UniformMLP
from phenoscope.objective import CrossEntropy
from phenoscope.phenomenon import Arm
from phenoscope.probes import Loss, Mark
from phenoscope.training import Point, Recipe, Rule

FITTED = "fitted"


def small_network(examples: int, width: int, rule: Rule, *, steps: int, batch: int, **options: str) -> Recipe:
    """A ReLU network with one hidden layer on digits, a fifth of whose labels are wrong, so that there is a gap."""
    return Recipe(
        data=dataset("digits", train=examples, flat=True, label_noise=0.2),
        model=UniformMLP(width, depth=1, activation="relu", init="he"),
        loss=CrossEntropy(),
        rule=rule,
        steps=steps,
        batch=batch,
        **options,  # type: ignore[arg-type]  # such as its dtype
    )


def training(trained: Recipe, sweep: dict[str, tuple[float, ...]], level: float) -> Arm:
    """The arm that trains until the loss on all examples is at the level."""
    says = f"mini-batches until the loss on all examples is {level:g}, read at every twentieth step"
    return Arm("training", trained, (Loss(every=20),), sweep, (fitted(level),), says=says)


def fitted(level: float) -> Mark:
    """The first reading of the loss at the level or below."""
    return Mark(FITTED, "loss", at_most=level)


def there(trained: Recipe) -> Recipe:
    """A fork of one step from where it fits, so that each network is measured once."""
    return dataclasses.replace(trained, steps=1, start=Point(trained, FITTED))
