"""Problems small enough for dense matrices, and these matrices by a route that shares no line with the library.

The oracle differentiates a loss in the model's own parameters, entry by entry; the library never touches those.
"""

import dataclasses
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.attention import SDPBackend, sdpa_kernel


@dataclasses.dataclass(frozen=True)
class Problem:
    """A model, a loss and data (float64), and how an `Objective` is to be made of them."""

    model: nn.Module
    loss: Callable[..., Tensor]
    inputs: Any
    targets: Any
    options: dict[str, Any] = dataclasses.field(default_factory=dict)

    @property
    def data(self) -> tuple[Any, Any]:
        return self.inputs, self.targets

    def outputs(self) -> Tensor:
        inputs = self.inputs
        if isinstance(inputs, dict):
            found = self.model(**inputs)
        else:
            found = self.model(*inputs) if isinstance(inputs, tuple) else self.model(inputs)
        return getattr(found, "logits", found)

    def total(self) -> Tensor:
        """The loss of all data in one go."""
        return self.loss(self.outputs(), self.targets)


def trainable(model: nn.Module) -> list[nn.Parameter]:
    return [parameter for parameter in model.parameters() if parameter.requires_grad]


def flat(parts: Any, like: list[nn.Parameter]) -> Tensor:
    """One vector, zeros where a part is missing."""
    return torch.cat(
        [
            torch.zeros(p.numel(), dtype=p.dtype) if g is None else g.reshape(-1)
            for g, p in zip(parts, like, strict=True)
        ]
    )


def dense_gradient(value: Tensor, model: nn.Module, *, graph: bool = False) -> Tensor:
    own = trainable(model)
    return flat(torch.autograd.grad(value, own, create_graph=graph, allow_unused=True), own)


def dense_rows(values: Tensor, model: nn.Module) -> Tensor:
    """The derivative of each entry of a vector."""
    own = trainable(model)
    rows = []
    for entry in values:
        if entry.requires_grad:
            rows.append(flat(torch.autograd.grad(entry, own, retain_graph=True, allow_unused=True), own))
        else:
            rows.append(torch.zeros(sum(p.numel() for p in own), dtype=values.dtype))
    return torch.stack(rows)


def dense_hessian(total: Callable[[], Tensor], model: nn.Module) -> Tensor:
    with sdpa_kernel(SDPBackend.MATH):
        return dense_rows(dense_gradient(total(), model, graph=True), model).detach()


def dense_gauss_newton(problem: Problem) -> Tensor:
    with sdpa_kernel(SDPBackend.MATH):
        outputs = problem.outputs()
        jacobian = dense_rows(outputs.reshape(-1), problem.model)  # (outputs, p)

    def of(flat_outputs: Tensor) -> Tensor:
        return problem.loss(flat_outputs.reshape(outputs.shape), problem.targets)

    curvature = torch.autograd.functional.hessian(of, outputs.detach().reshape(-1))
    return jacobian.T @ curvature @ jacobian


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def normal(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(*shape, generator=seeded(seed), dtype=torch.float64)


def labels(classes: int, *shape: int, seed: int = 1) -> Tensor:
    return torch.randint(classes, shape, generator=seeded(seed))


def drawn(model: nn.Module, seed: int = 2) -> nn.Module:
    """The model in float64 with normal parameters from a seed: nothing depends on the global random state."""
    generator = seeded(seed)
    model = model.double()
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.copy_(torch.randn(parameter.shape, generator=generator, dtype=torch.float64) / 2)
    return model


class Twice(nn.Module):
    """A layer that is used twice."""

    def __init__(self) -> None:
        super().__init__()
        self.mix, self.head = nn.Linear(4, 4), nn.Linear(4, 3)

    def forward(self, x):
        return self.head(self.mix(self.mix(x).tanh()).tanh())


class Routed(nn.Module):
    """A layer that is called for some batches only."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.second = nn.Linear(4, 3), nn.Linear(4, 3)

    def forward(self, x):
        return self.second(x) if bool(x[0, 0] > 5) else self.first(x)


class Attention(nn.Module):
    """A token model around any layer (batch, time, width) -> same, its head tied to its embedding."""

    def __init__(self, layer: nn.Module, tokens: int = 5, width: int = 4) -> None:
        super().__init__()
        self.embedding = nn.Embedding(tokens, width)
        self.layer = layer
        self.head = nn.Linear(width, tokens, bias=False)
        self.head.weight = self.embedding.weight

    def forward(self, tokens: Tensor) -> Tensor:
        return self.head(self.layer(self.embedding(tokens))).transpose(1, 2)


class SelfAttention(nn.Module):
    """nn.MultiheadAttention of a sequence with itself."""

    def __init__(self) -> None:
        super().__init__()
        self.attend = nn.MultiheadAttention(4, 2, batch_first=True)

    def forward(self, hidden: Tensor) -> Tensor:
        return self.attend(hidden, hidden, hidden, need_weights=False)[0]


class Scaled(nn.Module):
    """Bare scaled dot-product attention with a causal mask."""

    def __init__(self) -> None:
        super().__init__()
        self.mix = nn.Linear(4, 12, bias=False)

    def forward(self, hidden: Tensor) -> Tensor:
        query, key, value = self.mix(hidden).chunk(3, dim=-1)
        return functional.scaled_dot_product_attention(query, key, value, is_causal=True)


class Unused(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.used, self.unused = nn.Linear(3, 2), nn.Linear(4, 2)

    def forward(self, x: Tensor) -> Tensor:
        return self.used(x).tanh()


class TwoInputs(nn.Module):
    def __init__(self, *, wrapped: bool = False) -> None:
        super().__init__()
        self.one, self.two, self.wrapped = nn.Linear(3, 4), nn.Linear(2, 4), wrapped

    def forward(self, a: Tensor, b: Tensor) -> Any:
        outputs = (self.one(a) * self.two(b).tanh())[:, :3]
        return SimpleNamespace(logits=outputs) if self.wrapped else outputs


class Gain(nn.Module):
    """A single number for all: a parameter without an axis."""

    def __init__(self) -> None:
        super().__init__()
        self.gain = nn.Parameter(torch.tensor(1.3))

    def forward(self, x: Tensor) -> Tensor:
        return self.gain * x


class Recurrent(nn.Module):
    """The last state of an LSTM, whose sequences are the rows of images."""

    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.LSTM(3, 2, batch_first=True)
        self.head = nn.Linear(2, 3)

    def forward(self, images: Tensor) -> Tensor:
        return self.head(self.layer(images[:, 0])[0][:, -1])


def gained() -> nn.Module:
    """Convolutions of single channels and transposed ones, groups that are normalised, and one gain."""
    parts = (nn.Conv2d(1, 2, 2), nn.GroupNorm(2, 2), Gain(), nn.ConvTranspose2d(2, 2, 2, groups=2), nn.Mish())
    return drawn(nn.Sequential(*parts, nn.Flatten(), nn.Linear(18, 3)))


def mlp(*, seed: int = 2) -> nn.Module:
    return drawn(nn.Sequential(nn.Linear(4, 5), nn.Tanh(), nn.Linear(5, 3)), seed)


def frozen() -> nn.Module:
    model = mlp()
    model[0].weight.requires_grad_(False)  # type: ignore[union-attr]
    return model


def normalised() -> nn.Module:
    """Convolution with batch normalisation whose running statistics are not the fresh ones."""
    model = drawn(nn.Sequential(nn.Conv2d(1, 2, 2), nn.BatchNorm2d(2), nn.Tanh(), nn.Flatten(), nn.Linear(8, 3)))
    model.train()
    model(normal(20, 1, 3, 3, seed=9))
    return model.eval()


def ignoring() -> Tensor:
    targets = labels(5, 10, 3)
    targets[0], targets[3, 1:], targets[9, :2] = -100, -100, -100
    return targets


def encoder(*, training: bool) -> nn.Module:
    layer = nn.TransformerEncoderLayer(4, 2, 3, dropout=0.0, batch_first=True)
    return drawn(Attention(layer, tokens=3)).train(training)


N = 10
TOKENS = labels(5, N, 3, seed=3)
IMAGES = normal(N, 1, 3, 3)
POINTS, CLASSES = normal(N, 4), labels(3, N)
PAIR = (normal(N, 3), normal(N, 2, seed=4))
CE = nn.CrossEntropyLoss()
MSE = nn.MSELoss()

PROBLEMS: dict[str, Callable[[], Problem]] = {
    "tanh perceptron": lambda: Problem(mlp(), CE, POINTS, CLASSES),
    "batch normalisation, running": lambda: Problem(normalised(), CE, IMAGES, CLASSES),
    "convolution": lambda: Problem(
        drawn(nn.Sequential(nn.Conv2d(1, 2, 2), nn.GELU(), nn.AvgPool2d(2), nn.Flatten(), nn.Linear(2, 3))),
        CE,
        IMAGES,
        CLASSES,
    ),
    "one gain": lambda: Problem(gained(), CE, IMAGES, CLASSES),
    "recurrent": lambda: Problem(drawn(Recurrent()), CE, IMAGES, CLASSES),
    "layer normalisation": lambda: Problem(
        drawn(nn.Sequential(nn.Linear(4, 3), nn.LayerNorm(3), nn.Tanh(), nn.Linear(3, 3))), CE, POINTS, CLASSES
    ),
    "multi-head attention": lambda: Problem(drawn(Attention(SelfAttention())), CE, TOKENS, TOKENS.flip(1)),
    "encoder layer, training": lambda: Problem(encoder(training=True), CE, TOKENS % 3, TOKENS.flip(1) % 3),
    "encoder layer, evaluation": lambda: Problem(encoder(training=False), CE, TOKENS % 3, TOKENS.flip(1) % 3),
    "scaled dot product": lambda: Problem(drawn(Attention(Scaled())), CE, TOKENS, TOKENS.flip(1)),
    "tied, ignoring targets": lambda: Problem(drawn(Attention(nn.Tanh())), CE, TOKENS, ignoring()),
    "unused": lambda: Problem(drawn(Unused()), MSE, normal(N, 3), normal(N, 2, seed=4)),
    "frozen": lambda: Problem(frozen(), CE, POINTS, CLASSES),
    "linear": lambda: Problem(drawn(nn.Linear(4, 2)), MSE, POINTS, normal(N, 2, seed=5)),
    "class weights": lambda: Problem(
        mlp(), nn.CrossEntropyLoss(weight=torch.tensor([0.2, 1.0, 3.0], dtype=torch.float64)), POINTS, CLASSES
    ),
    "label smoothing": lambda: Problem(mlp(), nn.CrossEntropyLoss(label_smoothing=0.2), POINTS, CLASSES),
    "class probabilities": lambda: Problem(mlp(), CE, POINTS, normal(N, 3, seed=6).softmax(1)),
    "sum": lambda: Problem(mlp(), nn.CrossEntropyLoss(reduction="sum"), POINTS, CLASSES),
    "binary": lambda: Problem(mlp(), nn.BCEWithLogitsLoss(), POINTS, labels(2, N, 3).double()),
    "found: mean": lambda: Problem(mlp(), lambda o, t: 1.0 * functional.cross_entropy(o, t), POINTS, CLASSES),
    "found: sum": lambda: Problem(mlp(), lambda o, t: (o.logsumexp(1) - o[:, 0] * t).sum(), POINTS, normal(N, seed=7)),
    "found: targets": lambda: Problem(
        drawn(Attention(nn.Tanh())), lambda o, t: 1.0 * functional.cross_entropy(o, t), TOKENS, ignoring()
    ),
    "found: elements": lambda: Problem(mlp(), lambda o, t: (o - t).square().mean(), POINTS, normal(N, 3, seed=8)),
    "tuple": lambda: Problem(drawn(TwoInputs()), CE, PAIR, CLASSES),
    "mapping": lambda: Problem(drawn(TwoInputs()), CE, dict(zip("ab", PAIR, strict=True)), CLASSES),
    "logits": lambda: Problem(drawn(TwoInputs(wrapped=True)), CE, PAIR, CLASSES),
    "one number an example": lambda: Problem(
        drawn(nn.Sequential(nn.Linear(4, 3), nn.Tanh(), nn.Linear(3, 1), nn.Flatten(0))),
        nn.BCEWithLogitsLoss(),
        POINTS,
        labels(2, N).double(),
    ),
}
"""Whose total loss is that of all data at once, however they are cut into batches."""
