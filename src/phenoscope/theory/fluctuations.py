"""How networks of finite width fluctuate at their start, from one draw of the weights to the next."""

import math
from collections.abc import Sequence

from phenoscope.core.errors import BadInput


def relu_excess_kurtosis(widths: Sequence[int]) -> float:
    r"""Excess kurtosis of an output of a random ReLU network: 3 (∏ (1 + 5/n_l) - 1) for hidden layers of n_l units.

    Weights are independent and normal, with mean 0 and one variance a layer, and there are no biases. Given a layer,
    the units of the next one are independent normal numbers of one variance; the square of max(z, 0) has mean 1/2 and
    second moment 3/2, so that the mean square of n units, in parts of its own mean, has second moment 1 + 5/n. An
    output is normal with the last such mean square for its variance. Exact at any width and depth; for wide networks it
    is 15 Σ 1/n_l, depth over width (Hanin and Nica 2018, arXiv:1812.05994). Without units; 0 for a normal law.

    Args:
        widths: of the hidden layers, from the first to the last.

    Raises:
        BadInput: no hidden layers, or one without units.

    Example:
        >>> round(relu_excess_kurtosis([100]), 12), round(relu_excess_kurtosis([100, 100]), 12)
        (0.15, 0.3075)
    """
    if len(widths) == 0 or min(widths) < 1:
        raise BadInput(f"a network has hidden layers of at least one unit, got widths {list(widths)}.")
    return 3 * (math.prod(1 + 5 / width for width in widths) - 1)
