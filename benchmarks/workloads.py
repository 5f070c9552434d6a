"""The networks that speed is measured on, each trained a little on real data."""

import dataclasses
import functools
from collections.abc import Callable
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader, TensorDataset

from phenoscope import Objective
from phenoscope.core.seeds import stream
from phenoscope.data import dataset
from phenoscope.data.idx import IDX

BATCHES = 20
"""Into how many batches a loader cuts the data."""

SEQUENCES, TOKENS, VOCABULARY, WIDTH, HEADS, BLOCKS = 64, 64, 128, 128, 4, 4
TEXT = Path(__file__).parent.parent / "LICENSE"
"""Real text that every copy of the repository has; its characters are the transformer's tokens."""


@dataclasses.dataclass(frozen=True, eq=False)
class Workload:
    """A trained network and its data.

    Attributes:
        name: as in the tables.
        model: in evaluation mode; no benchmark changes it.
        inputs, targets: all examples.
        source: where the data come from.
        loss: of outputs and targets.
    """

    name: str
    model: nn.Module
    inputs: Tensor
    targets: Tensor
    source: str
    loss: nn.Module = dataclasses.field(default_factory=nn.CrossEntropyLoss)

    @property
    def size(self) -> int:
        """p, the number of parameters."""
        return sum(parameter.numel() for parameter in self.model.parameters())

    @property
    def data(self) -> tuple[Tensor, Tensor]:
        return self.inputs, self.targets

    def loader(self, batches: int = BATCHES) -> DataLoader[tuple[Tensor, ...]]:
        """The same examples in at most so many batches of one size, but for the last."""
        return DataLoader(TensorDataset(*self.data), batch_size=-(-len(self.inputs) // batches))

    def objective(self, *, batches: int = 1) -> Objective:
        """The loss of this network, made anew: making it is part of what a measurement costs."""
        return Objective(self.model, self.loss, self.data if batches == 1 else self.loader(batches))


@functools.cache
def workload(name: str) -> Workload:
    """One of `WORKLOADS` by name, trained when it is first asked for."""
    return WORKLOADS[name]()


def _mlp() -> Workload:
    inputs, targets, source = _images(2000)

    def build() -> nn.Module:
        return nn.Sequential(nn.Linear(784, 200), nn.Tanh(), nn.Linear(200, 200), nn.Tanh(), nn.Linear(200, 10))

    rule = functools.partial(torch.optim.SGD, lr=0.1)
    return _trained(Workload("MLP", _built(build), inputs.flatten(1), targets, source), rule, steps=100)


def _cnn() -> Workload:
    inputs, targets, source = _images(1000)

    def build() -> nn.Module:
        first = [nn.Conv2d(1, 16, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2)]
        second = [nn.Conv2d(16, 32, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2)]
        return nn.Sequential(*first, *second, nn.Flatten(), nn.Linear(1568, 60), nn.ReLU(), nn.Linear(60, 10))

    rule = functools.partial(torch.optim.SGD, lr=0.1)
    return _trained(Workload("CNN", _built(build), inputs[:, None], targets, source), rule, steps=50)


def _gpt() -> Workload:
    text = TEXT.read_text(encoding="utf-8")[: SEQUENCES * TOKENS + 1]
    codes = torch.tensor([ord(letter) % VOCABULARY for letter in text])
    inputs, targets = (part.reshape(SEQUENCES, TOKENS) for part in (codes[:-1], codes[1:]))
    rule = functools.partial(torch.optim.Adam, lr=1e-3)
    return _trained(Workload("GPT", _built(GPT), inputs, targets, "the licence, by character"), rule, steps=50)


WORKLOADS: dict[str, Callable[[], Workload]] = {"MLP": _mlp, "CNN": _cnn, "GPT": _gpt}


class GPT(nn.Module):
    """A transformer of plain PyTorch layers that predicts the next token: tokens (b, t) to logits (b, v, t)."""

    def __init__(self) -> None:
        super().__init__()
        self.tokens, self.places = nn.Embedding(VOCABULARY, WIDTH), nn.Embedding(TOKENS, WIDTH)
        self.blocks = nn.Sequential(*(_Block() for _ in range(BLOCKS)))
        self.norm, self.head = nn.LayerNorm(WIDTH), nn.Linear(WIDTH, VOCABULARY)

    def forward(self, tokens: Tensor) -> Tensor:
        hidden = self.tokens(tokens) + self.places(torch.arange(tokens.shape[1]))
        return self.head(self.norm(self.blocks(hidden))).transpose(1, 2)


class _Block(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.before, self.between = nn.LayerNorm(WIDTH), nn.LayerNorm(WIDTH)
        self.mix, self.out = nn.Linear(WIDTH, 3 * WIDTH), nn.Linear(WIDTH, WIDTH)
        self.dense = nn.Sequential(nn.Linear(WIDTH, 4 * WIDTH), nn.GELU(), nn.Linear(4 * WIDTH, WIDTH))

    def forward(self, hidden: Tensor) -> Tensor:
        parts = self.mix(self.before(hidden)).unflatten(2, (3, HEADS, -1)).permute(2, 0, 3, 1, 4)
        mixed = nn.functional.scaled_dot_product_attention(*parts.unbind(), is_causal=True)
        hidden = hidden + self.out(mixed.transpose(1, 2).flatten(2))
        return hidden + self.dense(self.between(hidden))


def _images(count: int) -> tuple[Tensor, Tensor, str]:
    """Fashion-MNIST where it is installed, else digits enlarged and repeated: (n, 28, 28), labels, and which."""
    found = IDX().find() is not None
    drawn = dataset("fashion_mnist" if found else "digits", train=count if found else 1700, test=0)
    examples = drawn.draw(stream(0, "data")).train
    if found:
        return examples.inputs, examples.targets, "Fashion-MNIST"
    chosen = torch.arange(count) % len(examples.inputs)
    images = nn.functional.interpolate(examples.inputs[chosen].reshape(count, 1, 8, 8), size=(28, 28), mode="bilinear")
    return images[:, 0], examples.targets[chosen], "digits, enlarged"


def _built(build: Callable[[], nn.Module]) -> nn.Module:
    """The network with the initialisation of seed 0; the global random state stays as it was."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return build()


def _trained(made: Workload, rule: Callable[..., torch.optim.Optimizer], *, steps: int) -> Workload:
    optimizer = rule(made.model.parameters())
    for _ in range(steps):
        optimizer.zero_grad()
        made.loss(made.model(made.inputs), made.targets).backward()
        optimizer.step()
    optimizer.zero_grad()
    made.model.eval()
    return made
