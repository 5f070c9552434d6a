"""Which examples of a source a network is trained and tested on, and how they are prepared."""

import dataclasses
import math

import torch
from jaxtyping import Int
from torch import Generator, Tensor

from phenoscope.core.errors import BadInput
from phenoscope.core.options import one_of
from phenoscope.core.seeds import stream
from phenoscope.core.specs import spec
from phenoscope.data.examples import Draw, Examples, Pool, Source

SCALINGS = ("standardise", "centre", "entrywise", "none")


@spec
class Dataset:
    """A source, how many of its examples to draw, and what is done to them.

    The draw has separate random streams for the source, the choice of examples and the label noise. So changing
    `label_noise` never changes which examples are chosen; a larger `train` contains the smaller one; a larger
    `label_noise` corrupts the same labels in the same way and some more; and `train` does not affect which examples
    test. To know which labels are corrupted, draw once more with `label_noise=0` and an equal generator.

    Attributes:
        source: where the examples come from.
        train: number of training examples; `None` takes all that `test` leaves.
        test: number of test examples, from the official test part if there is one, else from the examples not
            trained on. `None` takes the whole official part; without one it takes the rest that an explicit `train`
            leaves, or nothing.
        label_noise: this fraction of the training labels, rounded to a whole number of labels, is replaced, each by
            a uniformly drawn *other* class. Test labels stay as they are.
        scaling: "centre" subtracts one mean, "standardise" also divides by one standard deviation. Both are scalars
            over all entries of the drawn training inputs, and are applied to the test inputs unchanged. "entrywise"
            subtracts the mean of each entry over those inputs instead, then divides by one standard deviation.
        classes: keep only these classes, relabelled 0, 1, ... in this order; a number keeps the first so many; `None`
            keeps all.
        flat: whether inputs become vectors.
        wrong: so many further training examples come after the `train` first ones, each with a uniformly drawn other
            class for its label. The first ones, their scaling and the test part stay as they are without them.

    Example:
        >>> from phenoscope.core.seeds import stream
        >>> from phenoscope.data import Digits
        >>> drawn = Dataset(Digits(), train=100, classes=(3, 8)).draw(stream(0, "data"))
        >>> tuple(drawn.train.inputs.shape), len(drawn.test), drawn.classes
        ((100, 64), 257, 2)
    """

    source: Source
    train: int | None = None
    test: int | None = None
    label_noise: float = 0.0
    scaling: str = "standardise"
    classes: tuple[int, ...] | int | None = None
    flat: bool = False
    wrong: int = 0

    later = ("wrong",)

    def __post_init__(self) -> None:
        one_of("scaling", self.scaling, SCALINGS)
        if not 0 <= self.label_noise <= 1:
            raise BadInput(f"label_noise is a fraction of the training labels, from 0 to 1, got {self.label_noise}.")
        for part, fewest in (("train", 1), ("test", 0)):
            count = getattr(self, part)
            if count is not None and (type(count) is not int or count < fewest):
                raise BadInput(f"{part} is a number of examples, at least {fewest}, or None; got {count!r}.")
        if self.classes is not None:
            _check_classes(self.classes, self.source.classes)
        if self.wrong and (type(self.wrong) is not int or self.wrong < 0 or self.train is None or self.outputs < 2):
            raise BadInput(
                f"`wrong` is a number of examples beyond an explicit `train`, of 2 classes or more; got {self.wrong!r} "
                f"with train={self.train} and {self.outputs} classes."
            )
        if self.label_noise > 0 and self.outputs < 2:
            raise BadInput("label_noise replaces labels by another class, but there is only one. Keep more classes.")

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of one input, known without loading."""
        return (math.prod(self.source.shape),) if self.flat else self.source.shape

    @property
    def outputs(self) -> int:
        """Number of classes, known without loading."""
        return self.source.classes if self.classes is None else len(_listed(self.classes))

    def draw(self, generator: Generator) -> Draw:
        """Draw the training and test examples, in random order: float32 inputs (n, *shape), int64 targets (n,).

        The targets of a regression are float32.

        Equal generators give equal draws. One number is taken from the generator, whatever the options.
        """
        seed = int(torch.randint(2**62, (), generator=generator, device=generator.device))
        pool = self.source.load(stream(seed, "source"))
        if self.classes is not None:
            pool = _keep(pool, _listed(self.classes))
        train, test = self._split(pool, seed)
        train = dataclasses.replace(train, targets=self._labels(train.targets, seed))
        train, test = (Examples(part.inputs.reshape(-1, *self.shape), part.targets) for part in (train, test))
        mean, deviation = self._scale(train.inputs[: len(train) - self.wrong])
        train, test = (Examples((part.inputs - mean) / deviation, part.targets) for part in (train, test))
        return Draw(train, test, self.outputs)

    def _labels(self, targets: Tensor, seed: int) -> Tensor:
        """The labels that are trained on: a share of them noisy, and all of the examples beyond `train` wrong."""
        first, beyond = targets[: len(targets) - self.wrong], targets[len(targets) - self.wrong :]
        if self.label_noise > 0:
            noise = stream(seed, "label noise")
            first = noisy_labels(first, classes=self.outputs, fraction=self.label_noise, generator=noise)
        if self.wrong:
            beyond = noisy_labels(beyond, classes=self.outputs, fraction=1.0, generator=stream(seed, "wrong"))
        return torch.cat([first, beyond])

    def _split(self, pool: Pool, seed: int) -> tuple[Examples, Examples]:
        there, asked = len(pool.train), None if self.train is None else self.train + self.wrong
        order = torch.randperm(there, generator=stream(seed, "train"))
        if pool.test is not None:
            test_order = torch.randperm(len(pool.test), generator=stream(seed, "test"))
            test = pool.test.take(test_order[: self._at_most("test", self.test, len(pool.test))])
            return pool.train.take(order[: self._at_most("train", asked, there)]), test
        rest = 0 if asked is None else there - self._at_most("train", asked, there)
        held_out = rest if self.test is None else self._at_most("test", self.test, there)
        trained = there - held_out if asked is None else asked
        if trained + held_out > there or trained < 1:
            raise BadInput(
                f"train={asked} and test={self.test} ask for more examples than there are: {there}, and there is "
                "no official test part. Ask for fewer."
            )
        # Tests come from the end of the order, so that they stay the same while `train` grows.
        return pool.train.take(order[:trained]), pool.train.take(order[there - held_out :])

    def _at_most(self, part: str, asked: int | None, there: int) -> int:
        if asked is not None and asked > there:
            raise BadInput(f"{part}={asked} asks for more examples than there are: {there}. Ask for fewer.")
        return there if asked is None else asked

    def _scale(self, inputs: Tensor) -> tuple[float | Tensor, float]:
        """The mean (of each entry, or of all) and the standard deviation to take out, summed in float64."""
        if self.scaling == "none":
            return 0.0, 1.0
        mean = inputs.mean(dtype=torch.float64).item()
        if self.scaling == "centre":
            return mean, 1.0
        if self.scaling == "entrywise":
            mean = inputs.mean(dim=0, dtype=torch.float64).to(inputs.dtype)
        deviation = math.sqrt((inputs - mean).square().mean(dtype=torch.float64).item())
        if deviation == 0:
            raise BadInput('all training inputs are one number, so they cannot be standardised. Use scaling="centre".')
        return mean, deviation


def noisy_labels(
    targets: Int[Tensor, " n"], *, classes: int, fraction: float, generator: Generator
) -> Int[Tensor, " n"]:
    """The labels with `round(fraction * n)` of them replaced, each by a uniformly drawn other class."""
    count = round(fraction * len(targets))
    if count == 0:
        return targets
    # Drawn for all labels, so that a larger fraction extends a smaller one.
    chosen = torch.randperm(len(targets), generator=generator)[:count]
    shifts = torch.randint(1, classes, (len(targets),), generator=generator)[:count]
    return targets.index_copy(0, chosen, (targets[chosen] + shifts) % classes)


def _keep(pool: Pool, classes: tuple[int, ...]) -> Pool:
    """Only the examples of these classes, relabelled by their place among them."""
    if not pool.train.classified:
        raise BadInput("`classes` chooses among class labels, and this is a regression. Leave it out.")
    label = torch.full((pool.classes,), -1)
    label[list(classes)] = torch.arange(len(classes))

    def kept(examples: Examples) -> Examples:
        relabelled = dataclasses.replace(examples, targets=label[examples.targets])
        return relabelled.take(relabelled.targets >= 0)

    return Pool(kept(pool.train), None if pool.test is None else kept(pool.test), len(classes))


def _listed(classes: tuple[int, ...] | int) -> tuple[int, ...]:
    return tuple(range(classes)) if isinstance(classes, int) else classes


def _check_classes(classes: tuple[int, ...] | int, there: int) -> None:
    if type(classes) is int and 1 <= classes <= there:
        return
    listed = classes if isinstance(classes, tuple) else ()
    ok = listed and all(type(label) is int and 0 <= label < there for label in listed)
    if not ok or len(set(listed)) < len(listed):
        raise BadInput(
            f"classes is a tuple of different labels from 0 to {there - 1}, a number of them from 1 to {there}, or "
            f"None; got {classes!r}."
        )
