"""Networks of many kinds, small, each with inputs that it takes: what symmetries are derived from."""

import torch
from torch import Tensor, nn
from torch.nn import functional

from phenoscope.core.seeds import stream
from phenoscope.models import CNN, MLP


class Residual(nn.Module):
    """A convolutional residual network: one stream, depthwise convolution, flatten before the dense layer."""

    def __init__(self) -> None:
        super().__init__()
        self.stem, self.norm = nn.Conv2d(3, 8, 3, padding=1), nn.BatchNorm2d(8)
        self.wide, self.wide_norm = nn.Conv2d(8, 6, 3, padding=1), nn.BatchNorm2d(6)
        self.deep = nn.Conv2d(6, 6, 3, groups=6, padding=1)
        self.back, self.head = nn.Conv2d(6, 8, 1), nn.Linear(8 * 16, 5)

    def forward(self, x: Tensor) -> Tensor:
        x = self.norm(self.stem(x)).relu()
        x = (x + self.back(self.deep(self.wide_norm(self.wide(x)).relu()))).relu()
        return self.head(functional.max_pool2d(x, 2).flatten(1))


class Language(nn.Module):
    """A causal transformer with tied embeddings and one matrix for queries, keys and values."""

    def __init__(self) -> None:
        super().__init__()
        self.token, self.place = nn.Embedding(11, 12), nn.Embedding(16, 12)
        self.norms = nn.ModuleList([nn.LayerNorm(12) for _ in range(3)])
        self.qkv, self.out = nn.Linear(12, 36), nn.Linear(12, 12)
        self.up, self.down = nn.Linear(12, 20), nn.Linear(20, 12)
        self.head = nn.Linear(12, 11, bias=False)
        self.head.weight = self.token.weight
        self.register_buffer("mask", torch.ones(16, 16).tril())

    def forward(self, tokens: Tensor) -> Tensor:
        count, steps = tokens.shape
        x = self.token(tokens) + self.place(torch.arange(steps))
        parts = self.qkv(self.norms[0](x)).split(12, dim=2)
        q, k, v = (part.view(count, steps, 3, 4).transpose(1, 2) for part in parts)
        scores = (q @ k.transpose(-2, -1) / 2).masked_fill(self.mask[:steps, :steps] == 0, -torch.inf)
        x = x + self.out((scores.softmax(-1) @ v).transpose(1, 2).reshape(count, steps, 12))
        x = x + self.down(functional.gelu(self.up(self.norms[1](x))))
        return self.head(self.norms[2](x))


class Vision(nn.Module):
    """Patches, a class token, learned places, and torch's own encoder layers."""

    def __init__(self) -> None:
        super().__init__()
        self.patch = nn.Conv2d(3, 12, 4, 4)
        self.token, self.places = nn.Parameter(torch.zeros(1, 1, 12)), nn.Parameter(torch.zeros(1, 5, 12))
        self.block = nn.TransformerEncoderLayer(12, 3, 10, batch_first=True, norm_first=True, activation="gelu")
        self.head = nn.Linear(12, 3)

    def forward(self, x: Tensor) -> Tensor:
        x = self.patch(x).flatten(2).transpose(1, 2)
        x = torch.cat([self.token.expand(len(x), -1, -1), x], dim=1) + self.places
        return self.head(self.block(x)[:, 0])


class Recurrent(nn.Module):
    """The last output of recurrent layers."""

    def __init__(self, kind: type[nn.Module]) -> None:
        super().__init__()
        self.layers, self.head = kind(4, 6, 2, batch_first=True), nn.Linear(6, 3)

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.layers(x)[0][:, -1])


class Dense(nn.Module):
    """Every layer sees all before it, side by side."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.second = nn.Conv2d(3, 4, 3, padding=1), nn.Conv2d(7, 5, 3, padding=1)
        self.norm, self.head = nn.BatchNorm2d(12), nn.Linear(12 * 16, 2)

    def forward(self, x: Tensor) -> Tensor:
        x = torch.cat([x, self.first(x).relu()], dim=1)
        x = torch.cat([x, self.second(x).relu()], dim=1)
        return self.head(self.norm(x).flatten(1))


class Gated(nn.Module):
    """A gate and what it lets through, from one matrix."""

    def __init__(self) -> None:
        super().__init__()
        self.up, self.down = nn.Linear(4, 16), nn.Linear(8, 2)

    def forward(self, x: Tensor) -> Tensor:
        gate, value = self.up(x).chunk(2, dim=-1)
        return self.down(functional.silu(gate) * value)


class Shared(nn.Module):
    """Queries of four heads on keys and values of two."""

    def __init__(self) -> None:
        super().__init__()
        self.into, self.norm = nn.Linear(5, 12), nn.RMSNorm(12)
        self.query, self.key = nn.Linear(12, 12, bias=False), nn.Linear(12, 6, bias=False)
        self.value, self.out = nn.Linear(12, 6, bias=False), nn.Linear(12, 12, bias=False)
        self.head = nn.Linear(12, 2)

    def forward(self, x: Tensor) -> Tensor:
        count, steps, _ = x.shape
        x = self.into(x)
        seen = self.norm(x)
        q = self.query(seen).view(count, steps, 4, 3).transpose(1, 2)
        pair = (each(seen).view(count, steps, 2, 3).transpose(1, 2) for each in (self.key, self.value))
        k, v = (each.repeat_interleave(2, dim=1) for each in pair)
        mixed = functional.scaled_dot_product_attention(q, k, v, is_causal=True).transpose(1, 2)
        return self.head(x + self.out(mixed.reshape(count, steps, 12)))


def _grouped() -> nn.Module:
    return nn.Sequential(
        nn.Conv2d(3, 8, 1), nn.BatchNorm2d(8), nn.ReLU(), nn.Conv2d(8, 8, 3, groups=4), nn.GroupNorm(2, 8),
        nn.ReLU(inplace=True), nn.ConvTranspose2d(8, 6, 3, groups=2), nn.ReLU(), nn.Conv2d(6, 3, 1),
    )  # fmt: skip


ARCHITECTURES = {
    "perceptron": (lambda: MLP((7, 9)).build(stream(0, "init"), inputs=(8, 8), outputs=5), (8, 8)),
    "rectified": (lambda: MLP((7, 9), "relu").build(stream(0, "init"), inputs=(6,), outputs=5), (6,)),
    "images": (
        lambda: CNN((4, 6), normalisation="batch").build(stream(0, "init"), inputs=(8, 8), outputs=5), (8, 8)
    ),
    "sequences": (
        lambda: CNN((4, 6), normalisation="layer").build(stream(0, "init"), inputs=(40,), outputs=5), (40,)
    ),
    "residual": (Residual, (3, 8, 8)),
    "grouped": (_grouped, (3, 5, 5)),
    "dense": (Dense, (3, 4, 4)),
    "language": (Language, None),
    "vision": (Vision, (3, 8, 8)),
    "shared keys": (Shared, (4, 5)),
    "gated": (Gated, (4,)),
    "long memory": (lambda: Recurrent(nn.LSTM), (3, 4)),
    "recurrent": (lambda: Recurrent(nn.RNN), (3, 4)),
    "normed weights": (
        lambda: nn.Sequential(
            nn.utils.parametrizations.weight_norm(nn.Linear(4, 6)), nn.Tanh(),
            nn.utils.parametrizations.spectral_norm(nn.Linear(6, 7)), nn.ELU(), nn.Linear(7, 2),
        ),
        (4,),
    ),
}  # fmt: skip
"""By name, what makes one, and the shape of one input; `None` for tokens."""


def architecture(name: str, seed: int = 0) -> tuple[nn.Module, Tensor]:
    """The network in float64 and evaluation mode, all its numbers drawn, and 40 inputs."""
    make, shape = ARCHITECTURES[name]
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        model = make().double().eval()
        with torch.no_grad():
            for key, value in (*model.named_parameters(), *model.named_buffers()):
                if key.endswith("running_var"):
                    value.copy_(torch.rand_like(value) + 0.5)
                elif value.is_floating_point() and key != "mask":
                    value.add_(0.3 * torch.randn_like(value))
        inputs = torch.randint(11, (40, 8)) if shape is None else torch.randn(40, *shape, dtype=torch.float64)
    return model, inputs
