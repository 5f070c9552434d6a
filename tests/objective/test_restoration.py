"""Measuring leaves everything as it was found, also where it fails."""

import copy
import random

import numpy as np
import pytest
import torch
from torch import nn
from torch.testing import assert_close
from torch.utils.data import DataLoader, Dataset

from oracles import CE, PROBLEMS, dense_hessian, drawn, labels, mlp, normal
from phenoscope.core.errors import BadInput
from phenoscope.objective import Objective


class Drawing(Dataset):
    """A data set that draws from all three global random states but gives fixed examples."""

    def __len__(self):
        return 6

    def __getitem__(self, index):
        random.random()
        np.random.rand()  # noqa: NPY002
        torch.rand(1)
        return normal(1, 4, 4, seed=index), index % 3


def network():
    """Modules in mixed modes, with statistics, gradients and a frozen parameter."""
    layers = nn.Sequential(
        nn.Conv2d(1, 2, 2),
        nn.BatchNorm2d(2),
        nn.InstanceNorm2d(2, track_running_stats=True),
        nn.Flatten(),
        nn.Linear(18, 3),
    ).double()
    layers.train()
    layers[1].eval()
    layers[0].bias.requires_grad_(False)
    layers[4].weight.grad = torch.ones_like(layers[4].weight)
    return layers


def found(model, generator):
    """Everything that measuring might change."""
    return {
        "modes": [module.training for module in model.modules()],
        "state": copy.deepcopy(model.state_dict()),
        "identity": [(name, id(value)) for name, value in [*model.named_parameters(), *model.named_buffers()]],
        "frozen": [parameter.requires_grad for parameter in model.parameters()],
        "grad": [None if p.grad is None else p.grad.clone() for p in model.parameters()],
        "torch": torch.get_rng_state(),
        "numpy": np.random.get_state()[1].copy(),  # noqa: NPY002
        "place": np.random.get_state()[2],  # noqa: NPY002
        "random": random.getstate(),
        "own": generator.get_state(),
        "fastpath": torch.backends.mha.get_fastpath_enabled(),
        "kernels": (
            torch.backends.cuda.flash_sdp_enabled(),
            torch.backends.cuda.math_sdp_enabled(),
            torch.backends.cuda.mem_efficient_sdp_enabled(),
            torch.backends.cuda.cudnn_sdp_enabled(),
        ),
        "grad mode": torch.is_grad_enabled(),
    }


def assert_same(before, after):
    for name, value in before.items():
        torch.testing.assert_close(after[name], value, rtol=0, atol=0, msg=name) if name in ("state", "grad") else None
        if isinstance(value, torch.Tensor):
            assert torch.equal(value, after[name]), name
        elif isinstance(value, np.ndarray):
            assert np.array_equal(value, after[name]), name
        elif name not in ("state", "grad"):
            assert value == after[name], name


@pytest.mark.parametrize("buffers", ["running", "batch"])
@pytest.mark.parametrize("memory", [2**30, 1])
def test_everything_is_as_before(buffers, memory):
    model, generator = network(), torch.Generator().manual_seed(3)
    loader = DataLoader(Drawing(), 6, shuffle=True, generator=generator)
    before = found(model, generator)
    objective = Objective(model, nn.CrossEntropyLoss(), loader, buffers=buffers, memory=memory)
    vector = normal(len(objective.point))
    objective.loss()
    objective.gradient()
    objective.outputs()
    objective.hessian() @ vector
    objective.gauss_newton() @ vector
    assert objective.at().loss > 0
    assert_same(before, found(model, generator))


@pytest.mark.parametrize("calls", [0, 1, 2, 3])
def test_also_after_an_exception_inside(calls):
    model, generator = network(), torch.Generator().manual_seed(3)
    loader = DataLoader(Drawing(), 6, shuffle=True, generator=generator)
    left = [calls]

    def fails(outputs, targets):
        torch.rand(1)
        left[0] -= 1
        if left[0] < 0:
            raise RuntimeError("on purpose")
        return nn.functional.cross_entropy(outputs, targets)

    before = found(model, generator)
    with pytest.raises(RuntimeError, match="on purpose"):
        Objective(model, fails, loader, buffers="batch", denominator="examples").hessian()
    assert_same(before, found(model, generator))


@pytest.mark.parametrize("own", [False, True])
def test_a_pass_looks_as_if_nothing_were_drawn_even_if_it_is_left_half_way(own):
    generator = torch.Generator().manual_seed(3)
    loader = DataLoader(Drawing(), 2, shuffle=True, generator=generator if own else None)
    model = network().eval()
    objective = Objective(model, nn.CrossEntropyLoss(), loader)
    before = found(model, generator)
    first = next(objective.terms.passes())[0]
    for _ in objective.example_gradients():
        assert_same(before, found(model, generator))
    objective.example_losses()
    assert_same(before, found(model, generator))
    assert torch.equal(first, next(objective.terms.passes())[0])
    torch.rand(1, generator=generator if own else None)
    assert not torch.equal(first, next(objective.terms.passes())[0])  # another order, as the user's own would be


def test_batch_statistics_may_be_refused():
    with pytest.raises(BadInput, match="buffers='refuse'"):
        Objective(network(), nn.CrossEntropyLoss(), (normal(3, 1, 4, 4), labels(3, 3)), buffers="refuse")
    model = nn.Sequential(nn.Flatten(), nn.BatchNorm1d(16, track_running_stats=False), nn.Linear(16, 3)).double()
    data = (normal(6, 1, 4, 4), labels(3, 6))
    with pytest.raises(BadInput, match="keep no running statistics"):
        Objective(model, nn.CrossEntropyLoss(), data)
    assert Objective(model, nn.CrossEntropyLoss(), data, 3, buffers="batch").partition == (3, 3)


def test_a_model_in_training_mode_is_measured_with_running_statistics_all_the_same():
    model, data = network(), (normal(6, 1, 4, 4), labels(3, 6))
    training = Objective(model, nn.CrossEntropyLoss(), data).loss()
    assert training == Objective(model.eval(), nn.CrossEntropyLoss(), data).loss()
    assert training != Objective(model, nn.CrossEntropyLoss(), data, buffers="batch").loss()


def test_no_graph_outlives_its_operator():
    """Measuring again and again must not fill the memory: nothing may hold on to a graph in a cycle."""
    import gc
    import weakref

    model, data = network(), (normal(6, 1, 4, 4), labels(3, 6))
    objective = Objective(model, nn.CrossEntropyLoss(), data)
    gc.collect()
    gc.disable()
    try:
        for name in ("hessian", "gauss_newton"):
            around = objective.at()
            operator = around.operator(name)
            operator @ objective.point
            watched = [weakref.ref(around), weakref.ref(operator), weakref.ref(operator.gradient)]
            del around, operator
            assert [ref() for ref in watched] == [None, None, None]
    finally:
        gc.enable()


@pytest.mark.parametrize("training", [False, True])
def test_a_module_that_stands_in_the_model_twice_keeps_its_parameters_and_buffers(training):
    """Under two names it is one place: put back twice, it would be left with what replaced it."""
    shared, normalised = nn.Linear(4, 4), nn.BatchNorm1d(4)
    model = nn.Sequential(shared, normalised, nn.Tanh(), shared, normalised, nn.Linear(4, 3)).train(training)
    parts = [*model.parameters(), *model.buffers()]
    before = copy.deepcopy(model.state_dict())
    objective = Objective(model, nn.CrossEntropyLoss(), (torch.randn(8, 4), torch.randint(3, (8,))))
    objective.hessian() @ objective.point
    assert all(a is b for a, b in zip(parts, [*model.parameters(), *model.buffers()], strict=True))
    assert isinstance(shared.weight, nn.Parameter)
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())


def test_modules_act_in_the_modes_they_had_when_the_objective_was_made():
    """As in a training loop, which goes back to training mode between two measurements."""
    model, (x, y) = (
        drawn(nn.Sequential(nn.Linear(4, 5), nn.Dropout(0.5), nn.Linear(5, 3))).eval(),
        (normal(8, 4), labels(3, 8)),
    )
    expected = dense_hessian(lambda: CE(model(x), y), model)
    objective, vector = Objective(model, CE, (x, y)), normal(len(expected))
    right = (model(x).argmax(1) == y).double().mean()
    model.train()
    twins = (
        objective,
        objective.of(copy.deepcopy(model)),
        objective.with_batch_statistics(),
        *objective.parts([torch.arange(8)]),
    )
    for twin in twins:
        assert_close(twin.hessian() @ vector, expected @ vector, rtol=1e-10, atol=1e-13)
        assert all(module.training for module in twin.model.modules())
    assert_close(objective.of_errors().loss(), 1 - right)


class Counting(nn.Module):
    """Counts its calls in a buffer, in place or anew, and shows the count in its outputs."""

    def __init__(self, *, anew):
        super().__init__()
        self.body, self.anew = mlp(), anew
        self.register_buffer("calls", torch.zeros((), dtype=torch.float64))

    def forward(self, x):
        if self.anew:
            self.calls = self.calls + 1
        else:
            self.calls += 1
        return self.body(x) * self.calls


@pytest.mark.parametrize("anew", [False, True])
@pytest.mark.parametrize("training", [False, True])
def test_buffers_that_the_forward_pass_writes_to_are_as_before(training, anew):
    model, x, y = Counting(anew=anew).train(training), normal(6, 4), labels(3, 6)
    kept = model.calls
    objective = Objective(model, CE, (x, y), 3)
    objective.hessian() @ objective.point
    objective.of(model).losses(torch.zeros(2, 1).double(), objective.point[None])
    assert model.calls is kept
    assert model.calls == 0
    assert_close(objective.loss(), CE(model.body(x), y).detach())  # each batch by the first call


def test_buffers_that_nothing_writes_to_are_copied_once():
    model = drawn(nn.Sequential(nn.Linear(4, 3), nn.BatchNorm1d(3))).eval()
    copied, objective = [], Objective(model, CE, (normal(6, 4), labels(3, 6)))
    model[1].running_mean.clone = lambda: copied.append(1)
    objective.loss()
    assert copied == []


def test_inference_mode_has_no_derivatives():
    """They would all be zero, and said to be converged."""
    problem = PROBLEMS["tanh perceptron"]()
    objective = Objective(problem.model, problem.loss, problem.data)
    with torch.inference_mode():
        for measure in (objective.hessian, lambda: Objective(problem.model, problem.loss, problem.data)):
            with pytest.raises(BadInput, match="inference_mode"):
                measure()
        data = tuple(part * 1 for part in problem.data)
    assert_close(Objective(problem.model, problem.loss, data).gradient(), objective.gradient())


def test_a_forward_pass_without_a_graph_is_refused():
    class Frozen(nn.Linear):
        @torch.no_grad()
        def forward(self, input):
            return super().forward(input)

    objective = Objective(Frozen(2, 3), nn.CrossEntropyLoss(), (torch.ones(4, 2), torch.tensor([0, 1, 2, 0])))
    for measure in (objective.hessian, objective.gauss_newton, objective.gradient, objective.gradient_covariance):
        with pytest.raises(BadInput, match="no derivatives in the parameters"):
            measure()
