"""A network of attention alone, and what its heads look at."""

import math

import torch
from jaxtyping import Bool, Float, Int
from torch import Generator, Tensor, nn


class AttentionOnly(nn.Module):
    """Causal attention in layers that add to a stream, with no normalisation and nothing between them.

    A token at a place begins as the sum of two vectors that are learned, one of the token and one of the place. Each
    head takes a mean of what stands at the places up to its own, with weights softmax(q·k/√(d/h)), and adds a linear
    map of it. All parameters are normal, of variances such that the stream, queries, keys, values and outputs have
    entries of order one: ½ for tokens and places, one over the width for the rest.

    Args:
        vocabulary: v, of tokens; the outputs are their scores as the next one.
        length: of the sequences, at most.
        width: d, of the stream; the heads divide it.
        heads: h, of each layer.
        layers: of attention.
        previous: whether the first head of the first layer is given: it looks at the place before its own, whatever
            stands there; the first place at itself.
        generator: draws the parameters.
    """

    later: Tensor
    before: Tensor

    def __init__(
        self, vocabulary: int, length: int, width: int, *, heads: int, layers: int, previous: bool = False,
        generator: Generator,
    ) -> None:  # fmt: skip
        super().__init__()

        def drawn(variance: float, *shape: int) -> nn.Parameter:
            return nn.Parameter(math.sqrt(variance) * torch.randn(*shape, generator=generator))

        self.tokens, self.places = drawn(0.5, vocabulary, width), drawn(0.5, length, width)
        self.looks = nn.ParameterList([drawn(1 / width, width, 3 * width) for _ in range(layers)])
        self.writes = nn.ParameterList([drawn(1 / width, width, width) for _ in range(layers)])
        self.scores = drawn(1 / width, width, vocabulary)
        self.heads, self.previous = heads, previous
        later = torch.ones(length, length, dtype=torch.bool).triu(1)
        self.register_buffer("later", later, persistent=False)
        before = torch.ones(length - 1).diag(-1)
        before[0, 0] = 1.0
        self.register_buffer("before", before, persistent=False)

    def forward(self, tokens: Int[Tensor, "n t"]) -> Float[Tensor, "n t v"]:
        return self.attended(tokens)[0]

    def attended(self, tokens: Int[Tensor, "n t"]) -> tuple[Float[Tensor, "n t v"], list[Float[Tensor, "n h t t"]]]:
        """The outputs, and the weights of every layer's heads: of a place (row) on those up to it (columns)."""
        length = tokens.shape[1]
        stream, weights = self.tokens[tokens] + self.places[:length], []
        for number, (look, write) in enumerate(zip(self.looks, self.writes, strict=True)):
            parts = (stream @ look).unflatten(2, (3, self.heads, -1))  # (n, t, 3, h, d/h)
            queries, keys, values = parts.permute(2, 0, 3, 1, 4)
            alike = queries @ keys.mT / math.sqrt(values.shape[-1])
            weight = alike.masked_fill(self.later[:length, :length], -math.inf).softmax(-1)
            if self.previous and number == 0:
                given = self.before[:length, :length].expand_as(weight[:, :1])
                weight = torch.cat([given, weight[:, 1:]], dim=1)
            stream = stream + (weight @ values).transpose(1, 2).flatten(2) @ write
            weights.append(weight)
        return stream @ self.scores, weights


def previous_score(weights: Float[Tensor, "n h t t"]) -> float:
    """The weight of the place before, averaged over places but the first, of the head where that is largest."""
    return float(weights.detach().diagonal(-1, -2, -1).mean((0, 2)).max())


def induction_score(
    weights: list[Float[Tensor, "n h t t"]], tokens: Int[Tensor, "n t"], determined: Bool[Tensor, "n t"]
) -> float:
    """The weight of places right after an earlier copy of the token that stands at a place.

    Averaged over the places that are `determined`, of the head of any layer where that is largest. Weights that are
    equal give the share of such places among those up to its own.
    """
    after = torch.zeros(*tokens.shape, tokens.shape[1], dtype=torch.bool)  # (n, t, t)
    after[:, :, 1:] = tokens[:, :, None] == tokens[:, None, :-1]
    seen = [(weight * after[:, None]).sum(-1).transpose(1, 2)[determined].mean(0) for weight in weights]  # (h,)
    return float(torch.cat(seen).detach().max())
