"""Attention learns to go on as the last time: with heads that can move, and with frozen features."""

import copy
import dataclasses
import math
from collections.abc import Iterator, Mapping

import torch
from jaxtyping import Float
from torch import Generator, Tensor, nn
from torch.nn import functional

from phenoscope.core.errors import BadInput
from phenoscope.core.options import one_of
from phenoscope.core.seeds import stream
from phenoscope.core.specs import spec
from phenoscope.methods.attention import AttentionOnly, induction_score, previous_score
from phenoscope.methods.computation import Found
from phenoscope.methods.repeated_tokens import Repeated, repeated
from phenoscope.objective.evaluation.expanded import Linearised


@spec
class InductionHeads:
    """Attention alone, trained by Adam to predict the tokens that the context determines, on fresh sequences.

    A sequence is a random segment of different tokens, repeated; the segment's length, the period, differs from
    sequence to sequence. From the second copy on the next token is known: it is the one that came after the last
    occurrence of this one. Nothing can be known by heart, as all orders of tokens are as likely, and little by the
    place, as the period is not known. Two heads in a row can find it (Elhage et al. 2021): the first tells each place
    which token stands before it, and the second, the induction head, looks for the place that was told its own token.
    The outputs are α(f(θ) - f(θ₀)), so that training begins with the zero function, and the rate of Adam is divided by
    α: outputs move as fast at any α, and the features the less the larger it is.

    Series, on test sequences: "test loss", the cross-entropy in nats of the tokens that are determined, and "fall of
    the test loss" since the last reading; "test accuracy"; "induction score", the weight that the head where it is
    largest puts on places after an earlier copy of its token, and "rise of the induction score" since the last
    reading; "previous-token score", the weight that a head of the first layer puts on the place before. At the end
    "test accuracy at longer periods", of which training had none. Of the linearisation the weights are those of its
    start.

    Sources: Olsson et al. 2022, arXiv:2209.11895; Singh et al. 2024, arXiv:2404.07129.

    Attributes:
        seed: of the network and of the sequences.
        steps: of Adam.
        layers: of attention.
        width: of the stream.
        heads: a layer.
        lr: the rate of Adam, before it is divided by α.
        alpha: α.
        previous: whether the first head of the first layer is given, and looks at the place before.
        known: whether all segments are stretches of one order of the tokens, which can be learned by heart.
        dynamics: "network", or "linearised" for the Taylor expansion at its start.
        every: how many steps there are between readings.
        vocabulary: of tokens.
        length: of a sequence.
        shortest: the shortest period that is trained on.
        longest: the longest one; those tested beyond are up to half as long again, as far as there are tokens.
        batch: sequences a step.
        tested: sequences.
    """

    seed: int = 0
    steps: int = 600
    layers: int = 2
    width: int = 32
    heads: int = 1
    lr: float = 3e-3
    alpha: float = 1.0
    previous: bool = False
    known: bool = False
    dynamics: str = "network"
    every: int = 10
    vocabulary: int = 32
    length: int = 32
    shortest: int = 8
    longest: int = 15
    batch: int = 32
    tested: int = 256

    def __post_init__(self) -> None:
        one_of("dynamics", self.dynamics, ("network", "linearised"))
        counts = (self.steps, self.layers, self.heads, self.every, self.batch, self.tested)
        if min(counts) < 1 or self.width % max(self.heads, 1) or not (self.lr > 0 and self.alpha > 0):
            raise BadInput(
                "induction heads need a step, a layer, a head, sequences to train and to test on, a width that the "
                f"heads divide, and a positive lr and alpha, got {self}."
            )
        if not 2 <= self.shortest <= self.longest < min(self.vocabulary, self.length - 1):
            raise BadInput(
                "a segment has 2 different tokens at least, and less than there are and than fit before the end: use "
                f"2 <= shortest <= longest < min(vocabulary, length - 1), got {self}."
            )

    def frozen(self) -> "InductionHeads":
        """The twin with frozen features."""
        return dataclasses.replace(self, dynamics="linearised")

    @property
    def units(self) -> Mapping[str, str]:
        scores = ("test accuracy", "test accuracy at longer periods", "induction score", "previous-token score")
        return {"test loss": "nats", "fall of the test loss": "nats"} | dict.fromkeys(
            (*scores, "rise of the induction score"), "1"
        )

    @property
    def longer(self) -> tuple[int, int]:
        """Periods that are not trained on."""
        most = min(self.longest + self.longest // 2, self.vocabulary, self.length - 2)
        return min(self.longest + 1, most), most

    def readings(self) -> Iterator[Found]:
        """What is found every few steps."""
        model = self._started()
        test = self._drawn(self.tested, (self.shortest, self.longest), stream(self.seed, "test"))
        order = stream(self.seed, "order")
        rule = torch.optim.Adam(model.parameters(), lr=self.lr / self.alpha)
        last: dict[str, float] = {}
        for step in range(self.steps + 1):
            if step > 0:
                batch = self._drawn(self.batch, (self.shortest, self.longest), order)
                rule.zero_grad()
                _loss(model(batch.inputs), batch).backward()
                rule.step()
            if step % self.every == 0 or step == self.steps:
                found = _read(model, test)
                if not math.isfinite(found["test loss"]):
                    yield Found(step, {}, diverged=True)
                    return
                moved = _moved(last, found) if last else {}
                yield Found(step, found | moved)
                last = found
        longer = self._drawn(self.tested, self.longer, stream(self.seed, "longer"))
        yield Found(self.steps, {"test accuracy at longer periods": _accuracy(model, longer)})

    def _started(self) -> "_FromZero":
        network = AttentionOnly(
            self.vocabulary, self.length, self.width, heads=self.heads, layers=self.layers, previous=self.previous,
            generator=stream(self.seed, "initialisation"),
        )  # fmt: skip
        return _FromZero(network, self.alpha, frozen=self.dynamics == "linearised")

    def _drawn(self, sequences: int, periods: tuple[int, int], generator: Generator) -> Repeated:
        return repeated(sequences, self.vocabulary, self.length, periods, known=self.known, generator=generator)


class _FromZero(nn.Module):
    """α times a network, or its expansion, less what the network gives at its start."""

    def __init__(self, network: AttentionOnly, alpha: float, *, frozen: bool) -> None:
        super().__init__()
        self.start = copy.deepcopy(network).requires_grad_(False)
        self.network: nn.Module = Linearised(network) if frozen else network
        self.alpha = alpha

    @property
    def attention(self) -> AttentionOnly:
        """The network whose weights are looked at: of an expansion, that at its start."""
        return self.network if isinstance(self.network, AttentionOnly) else self.start

    def forward(self, tokens: Tensor) -> Float[Tensor, "n t v"]:
        return self.alpha * (self.network(tokens) - self.start(tokens))


def _loss(outputs: Float[Tensor, "n t v"], sequences: Repeated) -> Float[Tensor, ""]:
    return functional.cross_entropy(outputs[sequences.asked], sequences.answers)


def _accuracy(model: _FromZero, sequences: Repeated) -> float:
    with torch.no_grad():
        right = model(sequences.inputs)[sequences.asked].argmax(-1) == sequences.answers
    return float(right.double().mean())


def _read(model: _FromZero, test: Repeated) -> dict[str, float]:
    with torch.no_grad():
        outputs = model(test.inputs)
        weights = model.attention.attended(test.inputs)[1]
    right = outputs[test.asked].argmax(-1) == test.answers
    return {
        "test loss": float(_loss(outputs, test)),
        "test accuracy": float(right.double().mean()),
        "induction score": induction_score(weights, test.inputs, test.asked),
        "previous-token score": previous_score(weights[0]),
    }


def _moved(last: Mapping[str, float], found: Mapping[str, float]) -> dict[str, float]:
    return {
        "fall of the test loss": last["test loss"] - found["test loss"],
        "rise of the induction score": found["induction score"] - last["induction score"],
    }
