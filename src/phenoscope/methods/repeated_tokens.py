"""Sequences in which a random segment is repeated: what comes next is known from what came after the last time."""

import dataclasses

import torch
from jaxtyping import Bool, Int
from torch import Generator, Tensor


@dataclasses.dataclass(frozen=True)
class Repeated:
    """Sequences of tokens.

    Attributes:
        tokens: of n sequences.
        determined: where the token of a place has come before, so that the next one, if there is one, is known.
    """

    tokens: Int[Tensor, "n t"]
    determined: Bool[Tensor, "n t"]

    @property
    def inputs(self) -> Int[Tensor, "n t-1"]:
        """All but the last token, after which nothing is asked."""
        return self.tokens[:, :-1]

    @property
    def asked(self) -> Bool[Tensor, "n t-1"]:
        """The places of `inputs` whose next token is determined."""
        return self.determined[:, :-1]

    @property
    def answers(self) -> Int[Tensor, " m"]:
        """The next tokens of all places that are asked."""
        return self.tokens[:, 1:][self.asked]


def repeated(
    sequences: int, vocabulary: int, length: int, periods: tuple[int, int], *, known: bool = False, generator: Generator
) -> Repeated:
    """Segments of different tokens, each of a random length, repeated until the sequence is full.

    Args:
        sequences: n.
        vocabulary: of which the segments take their tokens, without replacement, all orders being as likely.
        length: of a sequence.
        periods: the shortest and the longest segment; all lengths between them are as likely.
        known: whether all segments are stretches of one and the same order, in a circle, so that inside of a segment
            the next token is known from this one alone.
        generator: draws.
    """
    shortest, longest = periods
    period = torch.randint(shortest, longest + 1, (sequences, 1), generator=generator)
    segment = torch.rand(sequences, vocabulary, generator=generator).argsort(1)
    if known:
        segment = (segment[:, :1] + torch.arange(vocabulary)) % vocabulary
    places = torch.arange(length)
    return Repeated(segment.gather(1, places % period), places >= period)


def guessed_by_place(length: int, periods: tuple[int, int]) -> float:
    """The accuracy of the best guess that repeats the token of some places ago, and knows only its own place.

    At place t (from 0) all periods up to t are as likely; to repeat what stood some places before the next one is right
    where these are a multiple of the period. Averaged over the places that are asked.

    Args:
        length: of a sequence.
        periods: the shortest and the longest.

    Example:
        >>> guessed_by_place(5, (2, 3))  # at place 2 the period is 2; at place 3 it is 2 or 3
        0.6666666666666666
    """
    shortest, longest = periods
    right = asked = 0
    for place in range(shortest, length - 1):
        possible = range(shortest, min(place, longest) + 1)
        asked += len(possible)
        right += max(sum(ago % period == 0 for period in possible) for ago in range(1, place + 2))
    return right / asked
