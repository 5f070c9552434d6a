"""What cannot be done for many vectors, examples or points at once is tried once, and then done one by one."""

import torch
from torch import Tensor, nn
from torch.testing import assert_close

from oracles import dense_hessian, labels, normal
from phenoscope.objective import Objective, terms
from phenoscope.objective.terms import Terms


class Sine(torch.autograd.Function):
    """Has every derivative, and no rule for mapping; it counts how often somebody tries to."""

    @staticmethod
    def forward(ctx, x: Tensor) -> Tensor:
        ctx.save_for_backward(x)
        return x.sin()

    @staticmethod
    def backward(ctx, *slopes: Tensor) -> Tensor:
        (x,) = ctx.saved_tensors
        return slopes[0] * x.cos()


class Model(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.first, self.last = nn.Linear(4, 5).double(), nn.Linear(5, 3).double()

    def forward(self, inputs: Tensor) -> Tensor:
        return self.last(Sine.apply(self.first(inputs)))


class Once(nn.Module):
    """A linear layer whose second derivative looks at values, which no batch of vectors allows."""

    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Linear(4, 3).double()

    def forward(self, inputs: Tensor) -> Tensor:
        return Looking.apply(self.layer(inputs))


class Looking(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x: Tensor) -> Tensor:
        ctx.save_for_backward(x)
        return x.square()

    @staticmethod
    def backward(ctx, *slopes: Tensor) -> Tensor:
        (x,) = ctx.saved_tensors
        return Twice.apply(slopes[0], x)


class Twice(torch.autograd.Function):
    tried = 0

    @staticmethod
    def forward(ctx, slope: Tensor, x: Tensor) -> Tensor:
        ctx.save_for_backward(slope, x)
        return 2 * slope * x

    @staticmethod
    def backward(ctx, *slopes: Tensor) -> tuple[Tensor, Tensor]:
        slope, x = ctx.saved_tensors
        Twice.tried += 1
        float(slopes[0].abs().amax())  # a value in Python: mapping refuses it
        return 2 * slopes[0] * x, 2 * slopes[0] * slope


INPUTS, CLASSES = normal(9, 4), labels(3, 9)


def test_products_of_several_vectors():
    model = Once()
    objective = Objective(model, nn.CrossEntropyLoss(), (INPUTS, CLASSES))
    block = normal(len(objective.point), 3, seed=5)
    expected = dense_hessian(lambda: nn.CrossEntropyLoss()(model(INPUTS), CLASSES), model) @ block
    hessian, counts = objective.hessian(), []
    for _ in range(2):
        Twice.tried = 0
        assert_close(hessian @ block, expected, rtol=1e-9, atol=1e-12)
        counts.append(Twice.tried)
    assert counts[0] > counts[1] == 3


def test_gradients_of_several_examples(monkeypatch):
    objective = Objective(Model(), nn.CrossEntropyLoss(), (INPUTS, CLASSES))
    tried = []
    mapped = torch.func.vmap
    monkeypatch.setattr(
        "phenoscope.objective.singles.vmap", lambda *args, **options: tried.append(1) or mapped(*args, **options)
    )
    found = torch.cat([chunk.gradients for chunk in objective.example_gradients(chunk=3)])
    assert_close(found.mean(0), objective.gradient(), rtol=1e-9, atol=1e-12)
    assert len(tried) == 1


def test_losses_at_several_points(monkeypatch):
    objective = Objective(Model(), nn.CrossEntropyLoss(), (INPUTS, CLASSES), 3)
    tried = []
    mapped = torch.func.vmap
    monkeypatch.setattr(torch.func, "vmap", lambda *args, **options: tried.append(1) or mapped(*args, **options))
    places, axis = torch.linspace(0, 1, 4, dtype=torch.float64)[:, None], torch.ones(1, len(objective.point)).double()
    found = objective.losses(places, axis)
    assert_close(found, torch.stack([objective.loss(objective.point + t * axis[0]) for t in places]), rtol=1e-9, atol=0)
    assert len(tried) == 1


def test_whether_a_batch_may_be_cut(monkeypatch):
    monkeypatch.setattr(terms, "AT_ONCE", 2**10)
    tried, plain = [], Terms.separable
    monkeypatch.setattr(Terms, "separable", lambda *args: tried.append(1) or plain(*args))
    objective = Objective(nn.Linear(4, 3).double(), nn.CrossEntropyLoss(), (normal(300, 4), labels(3, 300)))
    for _ in range(3):
        objective.hessian()
    assert len(tried) == 1
