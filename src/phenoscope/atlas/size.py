"""How large a scale of a phenomenon is, where it has no more to say of it than this."""

import dataclasses


@dataclasses.dataclass(frozen=True)
class Size:
    """How large each scale is: examples, widths, updates, and updates from one reading to the next."""

    examples: int
    widths: tuple[int, ...]
    steps: int
    every: int


@dataclasses.dataclass(frozen=True)
class AveragedSize:
    """How large each scale is where findings are means over networks: examples, updates, networks, widths."""

    examples: int
    steps: int
    networks: int
    widths: tuple[int, ...]


@dataclasses.dataclass(frozen=True)
class PrunedSize:
    """How large each scale is where weights go in rounds: examples, widths, updates of one training, rounds, share.

    The share is that of the weights that are left which go after each round.
    """

    examples: int
    widths: tuple[int, ...]
    steps: int
    rounds: int
    share: float
