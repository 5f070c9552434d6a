"""Networks that grow in width from too small for their data to far too large, all of them trained alike."""

from phenoscope.atlas.size import Size
from phenoscope.data import Dataset, dataset
from phenoscope.models import UniformMLP
from phenoscope.objective import CrossEntropy
from phenoscope.phenomenon import Scale
from phenoscope.training import Adam, Recipe

WIDTHS = (2, 3, 4, 5, 6, 7, 8, 10, 12, 14, 17, 20, 24, 30, 40, 56)
GROWING: dict[Scale, Size] = {
    "smoke": Size(60, (2, 3, 4, 6, 8, 16, 32), 200, 50),
    "laptop": Size(300, WIDTHS, 1000, 100),
    "paper": Size(1000, (*WIDTHS, 80, 112, 160, 256), 10_000, 500),
}
WRONG = 0.2


def noisy(scale: Scale, data: str, examples: int) -> Dataset:
    """So many training examples, a fifth of them with wrong labels, and test examples with right ones."""
    return dataset(data, train=examples, test=200 if scale == "smoke" else 1000, flat=True, label_noise=WRONG)


def growing(scale: Scale, data: str) -> Recipe:
    """Tanh networks with one hidden layer on full batches, a fifth of whose training labels are wrong.

    Tanh, since small ReLU networks lose units, and no two lose as many: their losses jump from width to width.
    """
    size = GROWING[scale]
    return Recipe(
        data=noisy(scale, data, size.examples),
        model=UniformMLP(size.widths[0], depth=1, activation="tanh"),
        loss=CrossEntropy(),
        rule=Adam(0.01),
        steps=size.steps,
    )
