"""How many weights each layer keeps, where that is decided before any score: by the shapes of the layers alone."""

import math
from collections.abc import Callable, Mapping, Sequence

from phenoscope.core.errors import BadInput
from phenoscope.core.options import one_of

Shapes = Mapping[str, Sequence[int]]

DENSITIES: dict[str, Callable[[Sequence[int]], float]] = {
    "uniform": math.prod,
    "erdos_renyi": lambda shape: float((shape[0] + shape[1]) * math.prod(shape[2:])),
    "erdos_renyi_kernel": sum,
    "balanced": lambda shape: 1.0,
}
"""What each layer keeps in proportion to, by its shape (outputs, inputs, *kernel), at most all it has.

The same share of every layer; the sum of its units (Mocanu et al. 2018, arXiv:1707.04780); that with the sides of the
kernel (Evci et al. 2019, arXiv:1911.11134); or the same number of weights.
"""


def budgets(shapes: Shapes, kept: int, rule: str) -> dict[str, int]:
    """The weights that each layer keeps: `kept` in all, in proportion to what the rule says, none above its size.

    Layers that would keep more than they have keep all; the others share the rest. Parts of a weight go to the layers
    whose parts are largest.

    Args:
        shapes: of the layers by name.
        kept: in all, at most as many as there are.
        rule: a name in `DENSITIES`.

    Example:
        >>> budgets({"wide": (100, 64), "narrow": (10, 100)}, 740, "erdos_renyi")
        {'wide': 443, 'narrow': 297}
    """
    one_of("the rule of the layers' densities", rule, DENSITIES)
    sizes = {name: math.prod(shape) for name, shape in shapes.items()}
    if not 0 <= kept <= sum(sizes.values()):
        raise BadInput(f"{kept} weights cannot be kept of {sum(sizes.values())}.")
    shares = {name: float(DENSITIES[rule](shape)) for name, shape in shapes.items()}
    full: set[str] = set()
    while True:
        rest = kept - sum(sizes[name] for name in full)
        scale = rest / max(sum(shares[name] for name in shapes if name not in full), 1e-300)
        wanted = {name: sizes[name] if name in full else scale * shares[name] for name in shapes}
        over = {name for name in shapes if name not in full and wanted[name] > sizes[name]}
        if not over:
            return _whole(wanted, kept)
        full |= over


def _whole(wanted: Mapping[str, float], kept: int) -> dict[str, int]:
    """Whole numbers with the same sum: rounded down, what is missing added where most was cut off."""
    down = {name: int(value + 1e-9) for name, value in wanted.items()}
    first = sorted(wanted, key=lambda name: down[name] - wanted[name])
    for name in first[: kept - sum(down.values())]:
        down[name] += 1
    return down
