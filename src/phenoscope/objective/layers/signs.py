"""Random signs of single examples, which are the same in whatever batches and processes the examples come.

They are a function of the example's number among all data, and of no state that another example would have moved
(Salmon, Moraes, Dror, Shaw 2011, "Parallel random numbers: as easy as 1, 2, 3"): counters, mixed as in SplitMix64
(Steele, Lea, Flood 2014, "Fast splittable pseudorandom number generators"). A word of 64 bits holds 64 signs.
"""

import math

import torch
from jaxtyping import Int64
from torch import Tensor

GOLDEN = 0x9E3779B97F4A7C15 - 2**64
MIXING = ((30, 0xBF58476D1CE4E5B9 - 2**64), (27, 0x94D049BB133111EB - 2**64), (31, 1))
ALL = -1
"""The number under which what all examples share is drawn."""


class Signs:
    """Random signs for consecutive examples; a draw gives others each time.

    Args:
        seed: of all draws.
        first: the number of the first of these examples, in the data of all processes.
        count: b, how many they are.
        dtype: of the signs.
        device: where they are made.
    """

    def __init__(self, seed: int, first: int, count: int, dtype: torch.dtype, device: torch.device) -> None:
        self._draws, self._seed = 0, torch.tensor(seed, device=device)
        self._examples = torch.arange(first, first + count, device=device)
        bits = torch.arange(256, device=device)[:, None] >> torch.arange(8, device=device) & 1
        self._of_byte = 2 * bits.to(dtype) - 1  # (256, 8)

    def each(self, *shape: int) -> Tensor:
        """For each example signs of its own, (b, *shape)."""
        return self._drawn(self._examples, math.prod(shape)).reshape(-1, *shape)

    def shared(self, *shape: int) -> Tensor:
        """The same signs for all examples, those elsewhere too."""
        return self._drawn(torch.full_like(self._examples[:1], ALL), math.prod(shape)).reshape(shape)

    def _drawn(self, examples: Int64[Tensor, " b"], size: int) -> Tensor:
        self._draws += 1
        own = _mixed(_mixed(self._seed, torch.full_like(examples, self._draws)), examples)
        words = _mixed(own[:, None], torch.arange(-(-size // 64), device=examples.device))
        octets = words.view(torch.uint8)[:, : -(-size // 8)]
        return self._of_byte.index_select(0, octets.flatten().int()).view(len(examples), -1)[:, :size]


def _mixed(key: Tensor, counter: Tensor) -> Tensor:
    """Words of 64 random bits, from a word and a counter; products wrap around."""
    word = key + GOLDEN * counter
    for shift, factor in MIXING:
        low = (1 << 64 - shift) - 1  # without it the sign would be shifted in
        word = (word ^ (word >> shift & low)) * factor
    return word
